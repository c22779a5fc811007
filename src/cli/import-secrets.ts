/** `strongroom import`: stores what a file of another program holds, after showing what that would change. */
import { isUtf8 } from 'node:buffer'
import { versionTag } from '../client/answer.ts'
import type { Metadata, NewSecret } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { encryptionOf } from '../formats/encrypted.ts'
import type { Entry } from '../formats/entry.ts'
import { guessFormat, importFormatOf, readImport } from '../formats/read.ts'
import { is1pux, read1pux } from '../formats/read-1pux.ts'
import type { Reading } from '../formats/reading.ts'
import { isSecretName, secretNameRule } from '../model/name.ts'
import { ifAllowed } from './allowed.ts'
import { connectToStore } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { existingOf, readMany } from './entries.ts'
import { askToStore, carryOut, explaining } from './import-steps.ts'
import { readInputFile, readStandardInput } from './input.ts'
import { countedAre, Fault, print, printJson, printTable, tell } from './output.ts'
import { progress } from './progress.ts'

interface Options extends RemoteOptions {
  readonly format?: string
  readonly list?: string
  readonly prefix: string
  readonly dryRun?: boolean
  readonly yes?: boolean
}

/** What is to happen with one entry. */
interface Step {
  readonly entry: Entry
  readonly action: 'new' | 'changed' | 'unread' | 'same'
  readonly existing: Metadata | undefined
}

const meanings = {
  new: 'new',
  changed: 'changed',
  unread: 'there (this key may not read it): a new version',
  same: 'same',
} as const

export async function importSecrets(path: string, options: Options): Promise<void> {
  const reading = named(await readFile(path, options), options.prefix)
  const client = await connectToStore(options)
  const plan = await planOf(client, reading.entries, options)
  const work = plan.filter(({ action }) => action !== 'same')
  if (!options.json) show(plan, reading)
  if (work.length === 0 || options.dryRun) return report(plan, [], reading, options)
  if (options.yes !== true) await askToStore(work)
  const written = await carryOut(
    work,
    {
      client,
      nameOf: ({ entry }) => entry.name,
      newOf: (step) => newOf(step, options.list),
      change: (step) => change(client, step),
    },
    options,
  )
  report(plan, written, reading, options)
}

async function readFile(path: string, { format }: Options): Promise<Reading> {
  const bytes = path === '-' ? await readStandardInput() : readInputFile(path)
  // First, as what is encrypted among its attachments says nothing of the archive.
  if (is1pux(bytes) && (format === undefined || format === '1password')) return read1pux(bytes)
  const encryption = encryptionOf(path, bytes)
  if (encryption !== undefined) {
    throw new Fault('settings', `${path} is encrypted by ${encryption.by}. ${encryption.hint}`)
  }
  if (!isUtf8(bytes) || bytes.includes(0)) {
    throw new Fault(
      'settings',
      `${path} is not text in UTF-8. If it is in UTF-16, as PowerShell writes files, save it as UTF-8.`,
    )
  }
  const text = bytes.toString()
  return readImport(text, format === undefined ? guessFormat(path, text) : importFormatOf(format))
}

/** @throws Fault `settings` naming all that cannot be names of secrets */
function named({ entries, renamed, leftOut }: Reading, prefix: string): Reading {
  const all = entries.map((entry) => ({ ...entry, name: prefix + entry.name }))
  const wrong = all.filter(
    ({ name, value }) => !isSecretName(name) || (typeof value === 'string' && !value.isWellFormed()),
  )
  if (wrong.length > 0) {
    const names = wrong.map(({ name }) => `"${name}"`).join(', ')
    throw new Fault(
      'settings',
      `No secrets can be made of ${names}: names have ${secretNameRule}, and texts are Unicode.`,
    )
  }
  return { entries: all, renamed: renamed.map(({ from, name }) => ({ from, name: prefix + name })), leftOut }
}

async function planOf(client: Strongroom, entries: readonly Entry[], { json }: Options): Promise<readonly Step[]> {
  const existing = await existingOf(client, new Set(entries.map(({ name }) => name)))
  const bar = progress('secrets compared', existing.size, !json)
  const values = await valuesOf(client, [...existing.values()], bar.at).finally(bar.end)
  return entries.map((entry) => {
    const secret = existing.get(entry.name)
    if (secret === undefined) return { entry, action: 'new', existing: undefined }
    if (secret.type !== 'file' && typeof entry.value !== 'string' && !isUtf8(entry.value)) {
      throw new Fault('conflict', `${entry.name} is a text, and the file has bytes for it that are none.`)
    }
    const value = values?.get(entry.name)
    if (value === undefined) return { entry, action: 'unread', existing: secret }
    return { entry, action: value.equals(bytesOf(entry)) ? 'same' : 'changed', existing: secret }
  })
}

/** Nothing for a key that may write and not read. */
export function valuesOf(client: Strongroom, secrets: readonly Metadata[], onProgress: (done: number) => void) {
  // What is stored of templates is compared, and not what becomes of it.
  return ifAllowed(() => readMany(client, secrets, onProgress, { resolve: false }))
}

function show(plan: readonly Step[], { renamed, leftOut }: Reading): void {
  const was = new Map(renamed.map(({ from, name }) => [name, from]))
  printTable(
    ['Secret', 'What', ...(was.size === 0 ? [] : ['Name in the file'])],
    plan.map(({ entry, action }) => {
      const cells = [entry.name, { text: meanings[action], style: styleOf(action) }] as const
      return was.size === 0 ? cells : [...cells, was.get(entry.name) ?? '']
    }),
  )
  for (const { what, why } of leftOut) tell(`Left out: ${what} (${why}).`)
}

function styleOf(action: Step['action']) {
  return action === 'new' ? 'green' : action === 'same' ? 'dim' : 'yellow'
}

function newOf({ entry, existing }: Step, list: string | undefined): NewSecret | undefined {
  if (existing !== undefined) return undefined
  const { name, value, description } = entry
  const place = { ...(list === undefined ? {} : { list }), ...(description === undefined ? {} : { description }) }
  if (typeof value === 'string') return { name, value, ...place }
  return { name, value: base64(value), type: 'file', ...place }
}

async function change(client: Strongroom, { entry, existing }: Step): Promise<void> {
  if (existing === undefined) return
  const { id, version } = existing
  // Whoever changed it since the plan was shown is not overruled.
  const ifMatch = versionTag(version)
  const value = base64(bytesOf(entry))
  await client.secrets.update(id, { value, encoding: 'base64', name: entry.name }, { ifMatch })
}

function report(
  plan: readonly Step[],
  written: readonly string[],
  { renamed, leftOut }: Reading,
  { json, dryRun }: Options,
): void {
  const of = (...actions: readonly Step['action'][]) =>
    plan.filter(({ action }) => actions.includes(action)).map(({ entry }) => entry.name)
  const stored = { new: of('new'), changed: of('changed', 'unread'), same: of('same'), stored: written }
  if (json) printJson({ ...stored, renamed, left_out: leftOut })
  else if (dryRun) tell('Nothing was stored: this was a dry run.')
  else print(written.length === 0 ? 'Everything is stored already.' : `${countedAre(written.length, 'secret')} stored.`)
}

/** As `importSecrets`, and explains where it stopped. */
export function importOrExplain(path: string, options: Options): Promise<void> {
  return explaining(() => importSecrets(path, options))
}

function bytesOf({ value }: Entry): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
