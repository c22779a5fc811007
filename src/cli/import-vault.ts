/** `strongroom import vault`: brings a key/value engine over, each secret with its versions in their order, and says what could not come. */
import { join } from 'node:path'
import { versionTag } from '../client/answer.ts'
import { Forbidden, NotFound, StrongroomError, Unauthorized } from '../client/errors.ts'
import type { Metadata } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { isSecretName, secretNameRule } from '../model/name.ts'
import { isDescription, isTag, maxTags } from '../model/secret.ts'
import { textOf } from '../vault-map.ts'
import { ifAllowed } from './allowed.ts'
import { connectToStore } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { existingOf } from './entries.ts'
import { ImportState } from './import-state.ts'
import { askToStore, carryOut, explaining } from './import-steps.ts'
import { readInputFile, readStandardInput } from './input.ts'
import { countedAre, countOf, Fault, print, printJson, printTable, shown, tell } from './output.ts'
import { variable } from './process-env.ts'
import { progress } from './progress.ts'
import { forbidden, type VaultMetadata, type VaultPlace, VaultSource } from './vault-source.ts'

interface Options extends RemoteOptions {
  readonly addr?: string
  readonly vaultTokenFile?: string
  readonly namespace?: string
  readonly mount: string
  readonly kvVersion?: '1' | '2'
  readonly path: string
  readonly prefix: string
  readonly rename?: readonly string[]
  readonly list?: string
  readonly versions: 'all' | 'newest'
  readonly onClash: 'skip' | 'replace'
  readonly state?: string
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** A secret there, and what it is to be called here. */
interface Item {
  readonly path: string
  readonly name: string
  /** Those to be stored, oldest first; the newest alone, where it may not be known which there are. */
  readonly versions: readonly number[] | undefined
  readonly details: { readonly description?: string; readonly tags?: readonly string[] }
  /** What does not come, in words. */
  readonly notes: readonly string[]
}

interface Work {
  readonly item: Item
  readonly action: 'new' | 'continued' | 'replaced'
  /** What is stored already, of those of the item. */
  readonly stored: number
  /** The value that the first of those to be stored follows. */
  readonly last: string | undefined
  readonly existing: Metadata | undefined
}

interface LeftOut {
  readonly path: string
  readonly reason: string
}

interface Plan {
  readonly work: readonly Work[]
  readonly same: readonly Item[]
  readonly leftOut: readonly LeftOut[]
  /** Deleted there by their newest version. */
  readonly deleted: readonly string[]
}

/** What was found there, before it is compared with what is here. */
interface Found {
  readonly items: readonly Item[]
  readonly leftOut: readonly LeftOut[]
  readonly deleted: readonly string[]
}

/** What became of the work. */
interface Outcome {
  readonly stored: string[]
  readonly leftOut: LeftOut[]
  /** Deleted or destroyed between the plan and their turn. */
  readonly gone: { readonly path: string; readonly version: number }[]
  versions: number
}

export function importVault(options: Options): Promise<void> {
  return explaining(() => importAll(options))
}

async function importAll(options: Options): Promise<void> {
  const source = await VaultSource.open(await placeOf(options))
  const client = await connectToStore(options)
  const state = stateOf(options)
  const found = await find(source, options)
  const plan = await planOf({ source, client, state }, found, options)
  if (!options.json) show(plan)
  const outcome: Outcome = { stored: [], leftOut: [], gone: [], versions: 0 }
  if (plan.work.length > 0 && !options.dryRun) {
    if (options.yes !== true) await askToStore(plan.work)
    await store({ source, client, state }, plan.work, options, outcome)
  }
  report(plan, outcome, options)
  const left = plan.leftOut.length + outcome.leftOut.length
  if (left > 0) throw new Fault('conflict', `${left} ${left === 1 ? 'is' : 'are'} left out, as said above.`)
}

interface Ends {
  readonly source: VaultSource
  readonly client: Strongroom
  readonly state: ImportState | undefined
}

/** As the command line of Vault finds it. @throws Fault `usage` */
async function placeOf({ addr, vaultTokenFile, namespace, mount, kvVersion }: Options): Promise<VaultPlace> {
  const found = addr ?? variable('BAO_ADDR') ?? variable('VAULT_ADDR')
  if (found === undefined) throw new Fault('usage', 'Say --addr, or set VAULT_ADDR to the address of Vault.')
  const given = namespace ?? variable('BAO_NAMESPACE') ?? variable('VAULT_NAMESPACE')
  return { addr: found, token: await tokenOf(vaultTokenFile), namespace: given, mount, kvVersion }
}

/** Never from the command line, which others see and shells keep. */
async function tokenOf(file: string | undefined): Promise<string> {
  if (file === '-') return (await readStandardInput()).toString().trim()
  if (file !== undefined) return readInputFile(file).toString().trim()
  const found = variable('BAO_TOKEN') ?? variable('VAULT_TOKEN')
  if (found !== undefined) return found
  const home = variable('HOME')
  const kept = home === undefined ? undefined : tokenIn(join(home, '.vault-token'))
  if (kept !== undefined) return kept
  throw new Fault('usage', 'Log in with "vault login", set VAULT_TOKEN, or say --vault-token-file FILE.')
}

function tokenIn(path: string): string | undefined {
  try {
    return readInputFile(path).toString().trim()
  } catch {
    return undefined
  }
}

function stateOf({ state, addr, mount, environment = '', profile = '' }: Options): ImportState | undefined {
  if (state === undefined) return undefined
  const from = addr ?? variable('BAO_ADDR') ?? variable('VAULT_ADDR') ?? ''
  return ImportState.open(state, { from, mount, to: variable('STRONGROOM_URL') ?? '', profile, environment })
}

/** All that is below the path, folder by folder, with what is known of each. */
async function find(source: VaultSource, options: Options): Promise<Found> {
  const bar = progress('secrets found', undefined, !options.json)
  const rename = renaming(options)
  const found = { items: [] as Item[], leftOut: [] as LeftOut[], deleted: [] as string[] }
  const names = new Map<string, string>()
  try {
    for await (const path of pathsOf(source, options.path, found.leftOut)) {
      const name = rename(path)
      const earlier = names.get(name)
      if (!isSecretName(name)) {
        const renamed = name === path ? '' : `, as ${name},`
        found.leftOut.push({
          path,
          reason: `is${renamed} no name of a secret, which has ${secretNameRule}: --rename it`,
        })
      } else if (earlier !== undefined) {
        found.leftOut.push({ path, reason: `would be called ${name}, as ${earlier} is` })
      } else {
        names.set(name, path)
        const item = await itemOf(source, path, name, options.versions)
        if (item === 'deleted') found.deleted.push(path)
        else if (item !== undefined) found.items.push(item)
      }
      bar.at(found.items.length)
    }
    return found
  } finally {
    bar.end()
  }
}

/** In the order of their paths. A folder that may not be listed is left out. */
async function* pathsOf(source: VaultSource, given: string, leftOut: LeftOut[]): AsyncGenerator<string> {
  const from = given.replace(/^\/+/, '')
  const folders = [from === '' || from.endsWith('/') ? from : `${from}/`]
  const isOne = from !== '' && !from.endsWith('/')
  let isFirst = true
  if (isOne && (source.isVersioned || (await source.read(from)) !== undefined)) yield from
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const keys = await source.list(folder)
    if (keys === forbidden && isFirst && !isOne) {
      const hint = 'Name a folder that it may list with --path.'
      throw new Fault('denied', `The token may not list ${source.mount}/${folder}. ${hint}`)
    }
    isFirst = false
    if (keys === forbidden) {
      if (!(isOne && folder === `${from}/`))
        leftOut.push({ path: folder, reason: 'is a folder that the token may not list' })
      continue
    }
    for (const key of keys) if (!key.endsWith('/')) yield folder + key
    folders.push(
      ...keys
        .filter((key) => key.endsWith('/'))
        .map((key) => folder + key)
        .reverse(),
    )
  }
}

/** @throws Fault `usage` for a rule that is none */
function renaming({ rename = [], prefix }: Options): (path: string) => string {
  const rules = rename.map((rule) => {
    const [, from, to] = /^([^=]+)=(.*)$/s.exec(rule) ?? []
    if (from !== undefined && to !== undefined) return { from, to }
    throw new Fault(
      'usage',
      '--rename must be such as "old folder/=old-folder/": what a path begins with, and what in its place.',
    )
  })
  rules.sort((one, other) => other.from.length - one.from.length)
  return (path) => {
    const rule = rules.find(({ from }) => path.startsWith(from))
    return prefix + (rule === undefined ? path : rule.to + path.slice(rule.from.length))
  }
}

/** @returns nothing where it went meanwhile */
async function itemOf(
  source: VaultSource,
  path: string,
  name: string,
  wanted: Options['versions'],
): Promise<Item | 'deleted' | undefined> {
  const plain = { path, name, details: {}, versions: undefined }
  if (!source.isVersioned) return { ...plain, notes: [] }
  const known = await source.metadata(path)
  if (known === undefined) return undefined
  if (known === forbidden) return { ...plain, notes: ['its metadata may not be read: its newest version alone'] }
  // What is deleted there is not to come to life here, as an older value.
  if (known.versions.at(-1) !== known.newest || known.newest === 0) return 'deleted'
  const versions = wanted === 'newest' ? known.versions.slice(-1) : known.versions
  const { details, notes } = detailsOf(known)
  return { path, name, versions, details, notes: [...gone(known), ...notes] }
}

function gone({ deleted, destroyed }: VaultMetadata): readonly string[] {
  return [
    ...(deleted.length === 0 ? [] : [`deleted there: ${deleted.join(', ')}`]),
    ...(destroyed.length === 0 ? [] : [`destroyed there: ${destroyed.join(', ')}`]),
  ]
}

/** As the Vault API shows them; what else there is becomes tags such as `owner=web`, where they can be some. */
function detailsOf({ custom }: VaultMetadata): Pick<Item, 'details' | 'notes'> {
  const { description = '', tags = '', ...others } = custom
  const wanted = [
    ...tags.split(',').flatMap((tag) => (tag.trim() === '' ? [] : [{ tag: tag.trim(), of: 'tags' }])),
    ...Object.entries(others).map(([name, value]) => ({ tag: `${name}=${value}`, of: name })),
  ]
  const taken = wanted.filter(({ tag }) => isTag(tag)).slice(0, maxTags)
  const lost = new Set(wanted.filter((one) => !taken.includes(one)).map(({ of }) => of))
  const hasDescription = description !== '' && isDescription(description)
  if (description !== '' && !hasDescription) lost.add('description')
  return {
    details: {
      ...(hasDescription ? { description } : {}),
      ...(taken.length === 0 ? {} : { tags: taken.map(({ tag }) => tag) }),
    },
    notes: lost.size === 0 ? [] : [`custom metadata that does not fit: ${[...lost].join(', ')}`],
  }
}

async function planOf(ends: Ends, { items, leftOut, deleted }: Found, options: Options): Promise<Plan> {
  const existing = await existingOf(ends.client, new Set(items.map(({ name }) => name)))
  const bar = progress('secrets compared', existing.size, !options.json)
  const plan = { work: [] as Work[], same: [] as Item[], leftOut: [...leftOut], deleted }
  let compared = 0
  try {
    for (const item of items) {
      const here = existing.get(item.name)
      const step = here === undefined ? newWork(item) : await compare(ends, item, here, options)
      if (step === 'same') plan.same.push(item)
      else if (typeof step === 'string') plan.leftOut.push({ path: item.path, reason: step })
      else plan.work.push(step)
      if (here !== undefined) bar.at(++compared)
    }
    return plan
  } finally {
    bar.end()
  }
}

function newWork(item: Item): Work {
  return { item, action: 'new', stored: 0, last: undefined, existing: undefined }
}

/**
 * What is to happen with one that is here already: nothing, or what it lacks of the versions there.
 *
 * @returns why nothing can happen, where that is so
 */
async function compare(ends: Ends, item: Item, existing: Metadata, { onClash }: Options): Promise<Work | string> {
  const { source, client, state } = ends
  const done = state?.versionOf(item.path, item.name)
  const { versions } = item
  if (done !== undefined && versions !== undefined && versions.at(-1) === done) return 'same'
  if (existing.type !== 'text') return `is here as a ${existing.type}`
  const here = await ifAllowed(() => valuesOf(client, existing))
  if (here === undefined) {
    if (done === undefined || versions === undefined) return 'is here, with a value that this key may not read'
    return {
      item,
      action: 'continued',
      stored: versions.filter((one) => one <= done).length,
      last: undefined,
      existing,
    }
  }
  const there = await textsOf(source, item)
  if (there === forbidden) return 'may not be read with this token'
  const stored = storedOf(
    here,
    there.map(({ text }) => text),
  )
  const newest = there.at(-1)
  if (newest === undefined || stored === there.length) return 'same'
  const through = there[stored - 1]
  if (through !== undefined) {
    const count = versions === undefined ? 0 : versions.filter((one) => one <= through.version).length
    return { item, action: 'continued', stored: count, last: through.text, existing }
  }
  if (onClash === 'skip') return 'has another value here: --on-clash replace stores this one as the next version'
  const count = versions === undefined ? 0 : versions.length - 1
  return { item, action: 'replaced', stored: count, last: undefined, existing }
}

interface Here {
  /** Whether its first version is among them. */
  readonly isWhole: boolean
  /** Oldest first. */
  readonly texts: readonly string[]
}

async function valuesOf(client: Strongroom, { id }: Metadata): Promise<Here> {
  const heads = (await client.secrets.versions(id)).toReversed()
  const texts: string[] = []
  for (const { version } of heads) texts.push((await client.secrets.version(id, version, { resolve: false })).value)
  return { isWhole: heads[0]?.version === 1, texts }
}

/** The values there, oldest first; one that is as the one before is no step of its own. */
async function textsOf(source: VaultSource, { path, versions }: Item) {
  const found: { readonly version: number; readonly text: string }[] = []
  for (const version of versions ?? [undefined]) {
    const read = await source.read(path, version)
    if (read === forbidden) return forbidden
    const text = read === undefined ? undefined : textOf(read.data)
    if (read === undefined || text === undefined) continue
    if (text === found.at(-1)?.text) found.pop()
    found.push({ version: read.version, text })
  }
  return found
}

/** How many of those there are here already: an import that stopped goes on, and what came there since comes here. */
function storedOf({ isWhole, texts: all }: Here, there: readonly string[]): number {
  const texts = all.filter((text, at) => text !== all[at - 1])
  const isBeginning = isWhole && texts.length <= there.length && texts.every((text, at) => text === there[at])
  if (isBeginning) return texts.length
  if (texts.at(-1) === there.at(-1)) return there.length
  for (let count = Math.min(texts.length, there.length); count > 0; count--) {
    if (texts.slice(-count).every((text, at) => text === there[at])) return count
  }
  return 0
}

function show({ work, same, leftOut, deleted }: Plan): void {
  const rows = [
    ...work.map(({ item, action, stored }) => {
      const count = item.versions === undefined ? '1' : String(item.versions.length - stored)
      const style = action === 'new' ? 'green' : 'yellow'
      return [{ at: item }, { text: wordsOf[action], style } as const, count] as const
    }),
    ...same.map((item) => [{ at: item }, { text: 'same', style: 'dim' } as const, ''] as const),
  ]
  if (rows.length > 0) {
    printTable(
      ['Path', 'Secret', 'What', 'Versions', 'Does not come'],
      rows.map(([{ at }, what, count]) => [at.path, at.name, what, count, at.notes.join('; ')]),
    )
  }
  for (const path of deleted) tell(`Stays there: ${shown(path)} has no newest version, or it is deleted.`)
  sayLeftOut(leftOut)
}

const wordsOf = { new: 'new', continued: 'new versions', replaced: 'replaced' } as const

function sayLeftOut(leftOut: readonly LeftOut[]): void {
  for (const { path, reason } of leftOut) tell(`Left out: ${shown(path)} ${reason}.`)
}

async function store(ends: Ends, work: readonly Work[], options: Options, outcome: Outcome): Promise<void> {
  const { list } = options
  await carryOut(
    work,
    {
      client: ends.client,
      nameOf: ({ item }) => item.name,
      // Its values are read when it is its turn, so that no more than one is in memory.
      newOf: () => undefined,
      change: (step) => storeOne(ends, step, list, outcome),
    },
    options,
  )
}

/** What one cannot have for itself alone is said, and does not keep the others. */
async function storeOne(ends: Ends, step: Work, list: string | undefined, outcome: Outcome): Promise<void> {
  const { item } = step
  const before = outcome.versions
  try {
    for await (const version of storeVersions(ends, step, list)) {
      if (version === forbidden) {
        outcome.leftOut.push({ path: item.path, reason: 'may not be read with this token' })
        return
      }
      if (version.isGone) {
        outcome.gone.push({ path: item.path, version: version.version })
        continue
      }
      if (version.isStored) outcome.versions++
      ends.state?.note({ path: item.path, name: item.name, version: version.version })
    }
    if (outcome.versions > before || step.action !== 'new') outcome.stored.push(item.name)
    else outcome.leftOut.push({ path: item.path, reason: 'went there meanwhile' })
  } catch (error) {
    if (!(error instanceof StrongroomError) || !isOfOne(error)) throw error
    const count = outcome.versions - before
    const part = count === 0 ? '' : `after ${count} versions `
    outcome.leftOut.push({ path: item.path, reason: `${part}was refused: ${error.message.replace(/\.$/, '')}` })
  }
}

/** Refused for what it is, or changed by somebody else meanwhile; neither a key that ended nor a server that is busy. */
function isOfOne(error: StrongroomError): boolean {
  const { status = 0 } = error
  if (error instanceof Unauthorized || error.mayHaveActed) return false
  return error instanceof Forbidden || error instanceof NotFound || [400, 409, 412, 413].includes(status)
}

interface StoredVersion {
  readonly version: number
  /** Else it is as the one before. */
  readonly isStored: boolean
  readonly isGone: boolean
}

/** Gives each version there once it is stored here. */
async function* storeVersions(
  { source, client }: Ends,
  { item, stored, last, existing }: Work,
  list: string | undefined,
): AsyncGenerator<StoredVersion | typeof forbidden> {
  const { path, name, details, versions } = item
  let before = last
  let id = existing?.id
  let ifMatch = existing === undefined ? undefined : versionTag(existing.version)
  for (const version of versions?.slice(stored) ?? [undefined]) {
    const read = await source.read(path, version)
    if (read === forbidden) {
      yield forbidden
      return
    }
    if (read === undefined) {
      yield { version: version ?? 0, isStored: false, isGone: true }
      continue
    }
    const value = textOf(read.data)
    const isStored = value !== before
    if (isStored) {
      // Whoever changed it since the plan was shown is not overruled.
      const kept =
        id === undefined
          ? await client.secrets.create({ name, value, ...details, ...(list === undefined ? {} : { list }) })
          : await client.secrets.update(id, { name, value }, ifMatch === undefined ? {} : { ifMatch })
      id = kept.id
      ifMatch = kept.etag
      before = value
    }
    yield { version: read.version, isStored, isGone: false }
  }
}

function report(plan: Plan, outcome: Outcome, { json, dryRun }: Options): void {
  const { work, same, leftOut, deleted } = plan
  const left = [...leftOut, ...outcome.leftOut]
  if (json) {
    const of = (action: Work['action']) => work.filter((step) => step.action === action).map(({ item }) => item.name)
    const all = [...work.map(({ item }) => item), ...same]
    printJson({
      ...{ new: of('new'), continued: of('continued'), replaced: of('replaced'), same: same.map(({ name }) => name) },
      ...{ stored: outcome.stored, versions_stored: outcome.versions, deleted, left_out: left },
      renamed: all.filter(({ path, name }) => path !== name).map(({ path, name }) => ({ path, name })),
      notes: [
        ...all.flatMap(({ path, notes }) => notes.map((note) => ({ path, note }))),
        ...outcome.gone.map(({ path, version }) => ({ path, note: `went meanwhile: ${version}` })),
      ],
    })
    return
  }
  if (dryRun) {
    tell('Nothing was stored: this was a dry run.')
    return
  }
  for (const { path, version } of outcome.gone) tell(`${shown(path)}: version ${version} went there meanwhile.`)
  sayLeftOut(outcome.leftOut)
  const counts = `${countedAre(outcome.stored.length, 'secret')} stored with ${countOf(outcome.versions, 'version')}`
  print(`${counts}, ${same.length} were the same, ${deleted.length} are deleted there, ${left.length} are left out.`)
}
