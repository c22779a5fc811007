/** `strongroom import netactuate`: brings lists and their values over, and says of each that clashes that it does. */
import { versionTag } from '../client/answer.ts'
import { Conflict, Forbidden } from '../client/errors.ts'
import type { Metadata, NewSecret } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { isListName, listNameRule } from '../model/list.ts'
import { isSecretName, secretNameRule } from '../model/name.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { existingOf } from './entries.ts'
import { listOf } from './find.ts'
import { valuesOf } from './import-secrets.ts'
import { carryOut, explaining } from './import-steps.ts'
import { readInputFile, readStandardInput } from './input.ts'
import { readVendor, type VendorAccount, type VendorValue } from './netactuate.ts'
import { countedAre, Fault, print, printJson, printTable, shown, tell } from './output.ts'
import { variable } from './process-env.ts'
import { progress } from './progress.ts'
import { confirm } from './prompt.ts'

interface Options extends RemoteOptions {
  readonly url: string
  readonly apiKey?: string
  readonly apiKeyFile?: string
  readonly onClash: OnClash
  readonly dryRun?: boolean
  readonly yes?: boolean
}

type OnClash = 'fail' | 'skip' | 'replace'

/** What is to happen with one value. */
interface Step {
  readonly from: VendorValue
  readonly action: 'new' | 'replace' | 'same' | 'left out'
  /** What is wrong with it, or what it clashes with. */
  readonly clash: string | undefined
  /** Whether it is not what is here with this name that is in its way: then `replace` cannot help. */
  readonly isBeyondHelp: boolean
  readonly existing: Metadata | undefined
}

interface Plan {
  readonly steps: readonly Step[]
  /** Lists to be made. */
  readonly lists: readonly string[]
  /** Lists that cannot be made, as they are called. */
  readonly unusable: readonly string[]
}

export function importNetactuate(options: Options): Promise<void> {
  return explaining(() => importAll(options))
}

async function importAll(options: Options): Promise<void> {
  const { onClash } = options
  const source = { url: options.url, apiKey: await apiKeyOf(options) }
  const client = await connect(options)
  const plan = await planOf(client, await readVendor(source), onClash, options)
  if (!options.json) show(plan)
  const clashes = plan.steps.filter(({ clash }) => clash !== undefined)
  if (onClash === 'fail' && clashes.length + plan.unusable.length > 0) {
    report(plan, [], options)
    const count = clashes.length + plan.unusable.length
    throw new Fault('conflict', `${count} clash, and nothing was stored. Choose: --on-clash skip, or replace.`)
  }
  const work = plan.steps.filter(({ action }) => action === 'new' || action === 'replace')
  const isNothing = work.length + plan.lists.length === 0
  if (!isNothing && !options.dryRun && options.yes !== true) await ask(plan, work)
  const written = isNothing || options.dryRun ? [] : await storeAll(client, plan, work, options)
  report(plan, written, options)
  // What was asked to be put in the place of others, and could not be.
  const isShort = plan.unusable.length > 0 || plan.steps.some(({ isBeyondHelp }) => isBeyondHelp)
  if (onClash === 'replace' && isShort) throw new Fault('conflict', 'What was left out could not be stored.')
}

/** @throws Fault `usage` when there is none, or more than one */
async function apiKeyOf({ apiKey, apiKeyFile }: Options): Promise<string> {
  if (apiKey !== undefined && apiKeyFile !== undefined) {
    throw new Fault('usage', 'Say one of --api-key and --api-key-file.')
  }
  if (apiKeyFile === '-') return (await readStandardInput()).toString().trim()
  if (apiKeyFile !== undefined) return readInputFile(apiKeyFile).toString().trim()
  const found = apiKey ?? variable('NETACTUATE_API_KEY')
  if (found !== undefined) return found
  throw new Fault('usage', 'Set NETACTUATE_API_KEY to the API key of NetActuate, or say --api-key-file FILE.')
}

async function planOf(
  client: Strongroom,
  { lists, values }: VendorAccount,
  onClash: OnClash,
  { json }: Options,
): Promise<Plan> {
  const existing = await existingOf(client, new Set(values.map(({ name }) => name)))
  const there = new Set((await Array.fromAsync(client.lists.list())).map(({ name }) => name))
  const bar = progress('secrets compared', existing.size, !json)
  const here = await valuesOf(client, [...existing.values()], bar.at).finally(bar.end)
  const longest = await longestOf(client)
  const first = new Map<string, VendorValue>()
  const steps = values.map((from) => {
    const earlier = first.get(from.name)
    if (earlier === undefined) first.set(from.name, from)
    const fault = faultOf(from, longest) ?? (earlier && `is in the list ${earlier.list} there, too`)
    if (fault !== undefined) return leftOut(from, fault)
    return stepOf(from, existing.get(from.name), here?.get(from.name), onClash)
  })
  const absent = [...new Set(lists)].filter((name) => !there.has(name))
  return { steps, lists: absent.filter(isListName), unusable: absent.filter((name) => !isListName(name)) }
}

/** The bytes of the longest value here. A key that may not read its account learns of it when it stores one. */
async function longestOf(client: Strongroom): Promise<number> {
  try {
    return (await client.account.get()).limits.max_value_bytes
  } catch (error) {
    if (error instanceof Forbidden) return Number.POSITIVE_INFINITY
    throw error
  }
}

/** Why nothing of Strongroom can hold it. */
function faultOf({ list, name, value }: VendorValue, longest: number): string | undefined {
  if (!isSecretName(name)) return `is no name of a secret, which has ${secretNameRule}`
  if (!isListName(list)) return `is in a list that cannot be called so: ${listNameRule}`
  if (!value.isWellFormed()) return 'has a value that is no Unicode'
  return Buffer.byteLength(value) > longest ? `has a value longer than the ${longest} bytes of a value here` : undefined
}

function leftOut(from: VendorValue, clash: string): Step {
  return { from, action: 'left out', clash, isBeyondHelp: true, existing: undefined }
}

function stepOf(from: VendorValue, existing: Metadata | undefined, value: Buffer | undefined, onClash: OnClash): Step {
  const step = { from, existing, isBeyondHelp: false }
  if (existing === undefined) return { ...step, action: 'new', clash: undefined }
  const clash = clashOf(from, existing, value)
  if (clash === undefined) return { ...step, action: 'same', clash }
  return { ...step, action: onClash === 'replace' ? 'replace' : 'left out', clash }
}

function clashOf({ list, value }: VendorValue, existing: Metadata, here: Buffer | undefined): string | undefined {
  if (here === undefined) return 'is here, with a value that this key may not read'
  if (!here.equals(Buffer.from(value))) return 'has another value here'
  return existing.list?.name === list ? undefined : `is in ${listOf(existing)} here`
}

function show({ steps, lists, unusable }: Plan): void {
  printTable(
    ['List', 'Secret', 'What', 'Clash'],
    [
      ...lists.map((name) => [name, '', { text: 'new list', style: 'green' } as const, '']),
      ...unusable.map((name) => [name, '', { text: 'left out', style: 'yellow' } as const, `no list: ${listNameRule}`]),
      ...steps.map(({ from, action, clash }) => [
        ...[from.list, from.name],
        { text: action, style: action === 'new' ? 'green' : action === 'same' ? 'dim' : 'yellow' } as const,
        clash ?? '',
      ]),
    ],
  )
}

async function ask({ lists }: Plan, work: readonly Step[]): Promise<void> {
  const fresh = work.filter(({ action }) => action === 'new').length
  const question = `Make ${lists.length} lists, store ${fresh} new secrets, and new versions of ${work.length - fresh}?`
  if (await confirm(question, 'Say --yes to go on without being asked, or --dry-run to look.')) return
  throw new Fault('failure', 'Nothing was stored.')
}

async function storeAll(
  client: Strongroom,
  { lists }: Plan,
  work: readonly Step[],
  options: Options,
): Promise<readonly string[]> {
  for (const name of lists) await makeList(client, name)
  const ids = new Map((await Array.fromAsync(client.lists.list())).map(({ id, name }) => [name, id]))
  return carryOut(
    work,
    { client, nameOf: ({ from }) => from.name, newOf, change: (step) => change(client, step, ids) },
    options,
  )
}

/** Somebody may have been faster. */
async function makeList(client: Strongroom, name: string): Promise<void> {
  try {
    await client.lists.create({ name })
  } catch (error) {
    if (!(error instanceof Conflict)) throw error
  }
}

function newOf({ from: { list, name, value }, existing }: Step): NewSecret | undefined {
  return existing === undefined ? { name, value, list } : undefined
}

async function change(client: Strongroom, { from, existing }: Step, lists: ReadonlyMap<string, number>): Promise<void> {
  if (existing === undefined) return
  const { list, name, value } = from
  // Whoever changed it since the plan was shown is not overruled.
  const ifMatch = versionTag(existing.version)
  const bytes = Buffer.from(value).toString('base64')
  const id = lists.get(list)
  await client.secrets.update(existing.id, { value: bytes, encoding: 'base64', name }, { ifMatch })
  if (existing.list?.name !== list && id !== undefined) await client.lists.move(id, existing.id)
}

function report({ steps, lists, unusable }: Plan, written: readonly string[], { json, dryRun }: Options): void {
  const of = (action: Step['action']) => steps.filter((step) => step.action === action).map(({ from }) => from.name)
  if (json) {
    const clashes = steps.flatMap(({ from, clash }) =>
      clash === undefined ? [] : [{ list: from.list, name: from.name, reason: clash }],
    )
    const left = [...clashes, ...unusable.map((list) => ({ list, name: null, reason: `no list: ${listNameRule}` }))]
    const plan = { new_lists: lists, new: of('new'), replaced: of('replace'), same: of('same') }
    printJson({ ...plan, clashes: left, stored: written })
    return
  }
  const left = of('left out').length + unusable.length
  if (dryRun) {
    tell('Nothing was stored: this was a dry run.')
    return
  }
  print(`${countedAre(written.length, 'secret')} stored, ${of('same').length} were the same, ${left} are left out.`)
  if (left > 0) tell(`Left out: ${[...of('left out'), ...unusable].map(shown).join(', ')}.`)
}
