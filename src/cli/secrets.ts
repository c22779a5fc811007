/** `strongroom secrets list`, `get` and `delete`. */
import { StrongroomError } from '../client/errors.ts'
import type { Metadata } from '../client/model.ts'
import type { ReadOptions } from '../client/options.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { checkedName, findSecret, idIn, listOf } from './find.ts'
import { numberOf } from './input.ts'
import { fateOf, tellDeleted } from './keeping.ts'
import { Fault, printJson, printTable, tell } from './output.ts'
import { askText } from './prompt.ts'
import { readValues } from './values.ts'
import { showWhatIf } from './what-if.ts'
import { writeNew } from './write-new.ts'

interface ListOptions extends RemoteOptions {
  readonly folder?: string
  readonly list?: string
  readonly tag?: string
  readonly expired?: boolean
  readonly names?: boolean
  readonly inherited?: boolean
}

export async function list(pattern: string | undefined, options: ListOptions): Promise<void> {
  const { list: inList, tag, folder } = options
  if (folder !== undefined && (pattern ?? inList ?? tag ?? options.expired ?? options.inherited) !== undefined) {
    throw new Fault('usage', '--folder goes with no other filter.')
  }
  if (options.inherited && (inList !== undefined || tag !== undefined || options.expired)) {
    throw new Fault('usage', '--inherited goes with a name or a pattern, and with no other filter.')
  }
  const filter = {
    ...(pattern === undefined ? {} : { name: pattern }),
    ...(folder === undefined ? {} : { folder }),
    ...(inList === undefined ? {} : { list: inList }),
    ...(tag === undefined ? {} : { tag }),
    ...(options.expired ? { expired: 'first' as const } : {}),
    ...(options.inherited ? { effective: 'true' as const } : {}),
  }
  const { secrets } = await connect(options)
  const all = await Array.fromAsync(secrets.listMetadata(filter))
  const found = options.expired ? all.filter(hasExpired) : all
  const folders = folder === undefined ? [] : (await Array.fromAsync(secrets.folders(folder))).map(({ name }) => name)
  if (options.json) return printJson({ ...(folder === undefined ? {} : { folders }), secrets: found })
  if (options.names) {
    const names = [...folders, ...found.map(({ name }) => name)]
    return void process.stdout.write(names.map((name) => `${name}\n`).join(''))
  }
  if (found.length + folders.length === 0) {
    const isEverything = Object.keys(filter).length === 0
    if (!isEverything) return tell('There is no such secret, or none that this key may list.')
    return tell('There is no secret yet, or none that this key may list. Store one: strongroom secrets set db-password')
  }
  const rows = [...folders.map((name) => [name, '', '', '', '']), ...found.map(rowOf)]
  printTable(['NAME', 'LIST', 'VERSION', 'UPDATED', ''], rows)
}

function rowOf(secret: Metadata) {
  const { name, list: inList, version, updated_at, type } = secret
  const isExpired = hasExpired(secret)
  const from = secret.inherited ? [`inherited${secret.environment ? ` from ${secret.environment}` : ''}`] : []
  const marked = secret.decoy ? ['decoy'] : []
  const notes = [...(type === 'text' ? [] : [type]), ...(isExpired ? ['expired'] : []), ...from, ...marked].join(', ')
  return [
    name,
    inList?.name ?? '',
    String(version),
    updated_at,
    { text: notes, style: isExpired ? 'red' : 'dim' } as const,
  ]
}

function hasExpired({ expires_at }: Metadata): boolean {
  return expires_at !== null && Date.parse(expires_at) <= Date.now()
}

interface GetOptions extends RemoteOptions {
  readonly stored?: boolean
  readonly version?: string
  readonly output?: string
}

/** Prints a value, or writes it to a file. */
export async function get(ref: string, options: GetOptions): Promise<void> {
  const { output, json } = options
  const version = options.version === undefined ? undefined : numberOf('--version', options.version, 1, 1e15)
  const form = options.stored ? ({ resolve: false } as const) : {}
  const bytes = await readOne(await connect(options), ref, version, form)
  if (output !== undefined) {
    writeNew(output, bytes, 0o600, 'Remove it first, or choose another name.')
    if (json) return printJson({ secret: ref, output, bytes: bytes.length })
    return tell(`${output} has the value, for you alone.`)
  }
  if (json) return printJson({ secret: ref, ...encoded(bytes) })
  if (process.stdout.isTTY && !isText(bytes)) {
    throw new Fault('usage', 'The value is not text. Write it to a file with --output, or into a pipe.')
  }
  process.stdout.write(bytes)
  if (process.stdout.isTTY && bytes.at(-1) !== 0x0a) process.stdout.write('\n')
}

/** By name, with the right to read alone. */
async function readOne(
  client: Strongroom,
  ref: string,
  version: number | undefined,
  form: ReadOptions,
): Promise<Buffer> {
  if (version === undefined && idIn(ref) === undefined) {
    const name = checkedName(ref)
    const found = await readValues(client, [name], form).catch(whenTooLarge)
    if (found !== undefined) return found.get(name) ?? Buffer.alloc(0)
  }
  const { id, type } = await findSecret(client, ref)
  const { value } =
    version === undefined ? await client.secrets.get(id, form) : await client.secrets.version(id, version, form)
  return Buffer.from(value, type === 'file' ? 'base64' : 'utf8')
}

/** What is too long to be read with others is read alone. */
function whenTooLarge(error: unknown): undefined {
  if (error instanceof StrongroomError && error.code === 'too_large') return undefined
  throw error
}

export function isText(bytes: Buffer): boolean {
  try {
    return !new TextDecoder('utf-8', { fatal: true }).decode(bytes).includes('\0')
  } catch {
    return false
  }
}

function encoded(bytes: Buffer) {
  if (isText(bytes)) return { value: bytes.toString(), encoding: 'utf-8' }
  return { value: bytes.toString('base64'), encoding: 'base64' }
}

export async function remove(
  ref: string,
  options: RemoteOptions & { readonly yes?: boolean; readonly dryRun?: boolean },
): Promise<void> {
  const client = await connect(options)
  const { id, name, version, list: inList } = await findSecret(client, ref)
  if (options.dryRun) return showWhatIf(client, { kind: 'secret', id, change: 'remove' }, options.json)
  if (!options.yes) {
    const fate = await fateOf(client)
    tell(`${name}, in ${listOf({ list: inList })}, with all of its versions up to ${version}, ${fate}.`)
    const typed = await askText('Type the name to delete it', 'Say --yes to delete it without being asked.')
    if (typed !== name) throw new Fault('failure', 'That is not its name: nothing is deleted.')
  }
  await tellDeleted(client, { id, name }, name, await client.secrets.delete(id), options.json)
}

/** The version that an `ETag` of the server is. */
export function versionOfTag(etag: string): number {
  return Number(etag.replaceAll('"', ''))
}
