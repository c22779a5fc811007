/** `strongroom secrets history`, `restore`, `destroy` and `diff`. */
import type { Strongroom } from '../client/strongroom.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { findSecret, withInherited } from './find.ts'
import { numberOf } from './input.ts'
import { type Line, linesThatDiffer } from './lines.ts'
import { Fault, print, printJson, printTable, shown, styled } from './output.ts'
import { confirm } from './prompt.ts'
import { isText, versionOfTag } from './secrets.ts'
import { showNewValue } from './what-if.ts'

export async function history(ref: string, options: RemoteOptions): Promise<void> {
  const client = await connect(options)
  const { id, name } = await findSecret(client, ref, withInherited)
  const versions = await client.secrets.versions(id)
  if (options.json) return printJson({ id, name, versions })
  printTable(
    ['VERSION', 'STORED', 'DESTROYED'],
    versions.map(({ version, created_at, destroyed_at }) => [String(version), created_at, destroyed_at ?? '']),
  )
}

interface RestoreOptions extends RemoteOptions {
  readonly dryRun?: boolean
}

export async function restore(ref: string, versionText: string, options: RestoreOptions): Promise<void> {
  const version = versionOf(versionText)
  const client = await connect(options)
  const { id, name } = await findSecret(client, ref)
  if (options.dryRun) return showNewValue(client, name, { id }, options.json)
  const { etag } = await client.secrets.restore(id, version)
  const newest = versionOfTag(etag)
  if (options.json) return printJson({ id, name, restored: version, version: newest })
  print(`${name} has the value of version ${version} again, as version ${newest}.`)
}

export async function destroy(
  ref: string,
  versionText: string,
  options: RemoteOptions & { readonly yes?: boolean },
): Promise<void> {
  const version = versionOf(versionText)
  const client = await connect(options)
  const { id, name, version: newest } = await findSecret(client, ref)
  if (!options.yes) {
    const what = version === newest ? ', its current value: it has none until another is stored' : ''
    const question = `Destroy version ${version} of ${shown(name)}${what}?`
    if (!(await confirm(question, 'Say --yes to do it without being asked.'))) {
      throw new Fault('failure', 'Nothing was destroyed.')
    }
  }
  await client.secrets.destroyVersion(id, version)
  if (options.json) return printJson({ id, name, destroyed: version })
  print(`The value of version ${version} of ${shown(name)} is destroyed.`)
}

interface DiffOptions extends RemoteOptions {
  readonly values?: boolean
}

export async function diff(
  ref: string,
  fromText: string | undefined,
  toText: string | undefined,
  options: DiffOptions,
): Promise<void> {
  const client = await connect(options)
  const secret = await findSecret(client, ref, withInherited)
  const to = toText === undefined ? secret.version : versionOf(toText)
  const from = fromText === undefined ? await versionBefore(client, secret.id, to) : versionOf(fromText)
  const [older, newer] = await Promise.all([from, to].map((version) => bytesOf(client, secret, version)))
  if (older === undefined || newer === undefined) return
  const isSame = older.equals(newer)
  const lines = isText(older) && isText(newer) ? linesThatDiffer(older.toString(), newer.toString()) : undefined
  const counts = { added: countOf(lines, '+'), removed: countOf(lines, '-') }
  if (options.json) {
    const told = options.values && lines !== undefined ? { lines } : {}
    return printJson({ id: secret.id, name: secret.name, from, to, same: isSame, ...counts, ...told })
  }
  print(`${secret.name}: version ${from} and version ${to} ${isSame ? 'are the same.' : told(counts, older, newer)}`)
  if (options.values) printLines(lines)
}

function told({ added, removed }: { added: number; removed: number }, older: Buffer, newer: Buffer): string {
  const sizes = `${older.length} and ${newer.length} bytes`
  return added + removed === 0
    ? `differ: ${sizes}.`
    : `differ: ${added} lines added, ${removed} lines removed; ${sizes}.`
}

function countOf(lines: readonly Line[] | undefined, sign: Line['sign']): number {
  return lines?.filter((line) => line.sign === sign).length ?? 0
}

function printLines(lines: readonly Line[] | undefined): void {
  if (lines === undefined) throw new Fault('usage', 'The value is not text: its lines cannot be shown.')
  for (const { sign, text } of lines) print(styled(sign === '+' ? 'green' : 'red', `${sign}${shown(text)}`))
}

async function versionBefore(client: Strongroom, id: number, newest: number): Promise<number> {
  const versions = await client.secrets.versions(id)
  const found = versions.find(({ version, destroyed_at }) => version < newest && destroyed_at === undefined)
  if (found === undefined) throw new Fault('notFound', `No version before ${newest} is kept.`)
  return found.version
}

async function bytesOf(
  client: Strongroom,
  { id, type }: { readonly id: number; readonly type: string },
  version: number,
): Promise<Buffer> {
  const { value } = await client.secrets.version(id, version, { resolve: false })
  return Buffer.from(value, type === 'file' ? 'base64' : 'utf8')
}

function versionOf(text: string): number {
  return numberOf('The version', text, 1, 1e15)
}
