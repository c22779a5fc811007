/**
 * The audit trail verified once more, from docs/formats.md alone: its own canonical JSON (RFC 8785), its own hashing of
 * leaves and heads, its own reading of checkpoints and exports. Shares no code with src.
 */
import { createHash, createPublicKey, verify as verifySignature } from 'node:crypto'

/** A row of the table `audit`, or the same fields of an export. */
export type RawRecord = Readonly<Record<string, unknown>>

export interface Finding {
  readonly size: number
  readonly head: string
  /** The first sequence number that does not hold. */
  readonly badSeq: number | undefined
}

const sha256 = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()

/** RFC 8785 for what records are made of: objects, strings, whole numbers, null. */
export function canonical(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return quoted(value)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value.toString(10)
  if (typeof value !== 'object') throw new TypeError('Not a part of a record.')
  const names = Object.keys(value).sort((a, b) => (a < b ? -1 : 1))
  const members = names.map((name) => `${quoted(name)}:${canonical((value as Record<string, unknown>)[name])}`)
  return `{${members.join(',')}}`
}

function quoted(text: string): string {
  const short: Record<string, string> = {
    '\b': '\\b',
    '\t': '\\t',
    '\n': '\\n',
    '\f': '\\f',
    '\r': '\\r',
    '"': '\\"',
    '\\': '\\\\',
  }
  const escaped = (character: string) =>
    short[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8785 escapes just these
  return `"${text.replaceAll(/[\u0000-\u001f"\\]/g, escaped)}"`
}

/** The time as records write it: UTC, to the millisecond. */
function timeOf(milliseconds: number): string {
  const whole = Math.floor(milliseconds / 86_400_000)
  const rest = milliseconds - whole * 86_400_000
  const [year, month, day] = dateOf(whole)
  const two = (number: number) => String(number).padStart(2, '0')
  const clock = `${two(Math.floor(rest / 3_600_000))}:${two(Math.floor(rest / 60_000) % 60)}:${two(Math.floor(rest / 1000) % 60)}`
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${clock}.${String(rest % 1000).padStart(3, '0')}Z`
}

/** Days since 1970 as a date of the Gregorian calendar. */
function dateOf(days: number): [number, number, number] {
  let [year, rest] = [1970, days]
  const isLeap = (one: number) => (one % 4 === 0 && one % 100 !== 0) || one % 400 === 0
  for (; rest >= (isLeap(year) ? 366 : 365); year++) rest -= isLeap(year) ? 366 : 365
  const months = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  let month = 0
  for (; rest >= (months[month] ?? 0); month++) rest -= months[month] ?? 0
  return [year, month + 1, rest + 1]
}

/** A row as the text that is hashed. */
export function textOf(row: RawRecord): string {
  const object =
    row['object_kind'] === null
      ? null
      : {
          kind: row['object_kind'],
          id: row['object_id'],
          uid: row['object_uid'],
          name: row['object_name'],
          version: row['object_version'],
          hash: row['object_hash'],
        }
  return canonical({
    account_id: row['account_id'],
    seq: row['seq'],
    time: timeOf(Number(row['ms'])),
    principal: { kind: row['principal_kind'], id: row['principal_id'], name: row['principal_name'] },
    action: row['action'],
    object,
    outcome: row['outcome'],
    request_id: row['request_id'],
    address: row['address'],
    ...(row['format'] === 2 ? { environment: row['environment_id'], format: 2 } : {}),
  })
}

/** @param rows one account's records in the order of their sequence numbers */
export function verify(
  storeId: string,
  accountId: number,
  rows: readonly RawRecord[],
  stated: { readonly size: number; readonly head: string },
): Finding {
  let head = sha256(Buffer.from(`strongroom audit chain 1\0${storeId}\0${accountId}`))
  let [size, time] = [0, 0]
  for (const row of rows) {
    const bad = { size, head: head.toString('hex'), badSeq: size + 1 }
    if (row['account_id'] !== accountId || row['seq'] !== size + 1 || Number(row['ms']) < time) return bad
    if (Number(row['ms']) > 8.64e15) return bad
    // How other formats are written, this verifier has not been told.
    if (row['format'] !== 1 && row['format'] !== 2) return bad
    if ((row['format'] === 1) !== (row['environment_id'] === null)) return bad
    let leaf: Buffer
    try {
      leaf = sha256(Uint8Array.of(0), Buffer.from(textOf(row)))
    } catch {
      return bad
    }
    head = sha256(Uint8Array.of(1), head, leaf)
    if (head.toString('hex') !== Buffer.from(row['head'] as Uint8Array).toString('hex')) return bad
    size++
    time = Number(row['ms'])
  }
  const isAsStated = size === stated.size && head.toString('hex') === stated.head
  return { size, head: head.toString('hex'), badSeq: isAsStated ? undefined : size + 1 }
}

/** What a checkpoint states of one account's chain. */
interface Stated {
  readonly storeId: string
  readonly accountId: number
  readonly size: number
  readonly head: string
}

/**
 * A signed note, read by https://c2sp.org/signed-note and docs/formats.md.
 *
 * @param key `<name>+<key hash>+<base64 of 0x01 and the public key>`
 * @returns `undefined` unless this key has signed just this text
 */
export function readCheckpoint(note: string, key: string): Stated | undefined {
  const [text = '', signatures = ''] = note.split('\n\n— ')
  const [name = '', keyHash = '', typed = ''] = key.split('+', 2).concat(key.split('+').slice(2).join('+'))
  const [signer, encoded = ''] = signatures.replace(/\n$/, '').split(' ')
  const [type, ...publicKey] = Buffer.from(typed, 'base64')
  const id = sha256(Buffer.from(`${name}\n`), Uint8Array.of(1), Uint8Array.from(publicKey)).subarray(0, 4)
  const signed = Buffer.from(encoded, 'base64')
  if (signed.toString('base64') !== encoded || Buffer.from(typed, 'base64').toString('base64') !== typed)
    return undefined
  if (type !== 1 || signer !== name || id.toString('hex') !== keyHash || signed.length !== 68) return undefined
  if (!signed.subarray(0, 4).equals(id)) return undefined
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') }
  const ed25519 = createPublicKey({ key: jwk, format: 'jwk' })
  if (!verifySignature(null, Buffer.from(`${text}\n`), ed25519, signed.subarray(4))) return undefined
  const [origin = '', size, head = ''] = text.split('\n')
  const [, storeId = '', accountId] = origin.split('/')
  return {
    storeId,
    accountId: Number(accountId),
    size: Number(size),
    head: Buffer.from(head, 'base64').toString('hex'),
  }
}

/** Whether an export from the first record on is the trail that a checkpoint states, up to where it states it. */
export function verifyExport(text: string, stated: Stated): boolean {
  const [first = '', ...lines] = text.replace(/\n$/, '').split('\n')
  const header = parse(first)
  const isOurs = header['format'] === 'strongroom audit export 1' && header['after'] === 0
  if (!isOurs || header['store_id'] !== stated.storeId || header['account_id'] !== stated.accountId) return false
  if (lines.length < stated.size) return false
  let head = sha256(Buffer.from(`strongroom audit chain 1\0${stated.storeId}\0${stated.accountId}`))
  let time = ''
  for (const [at, line] of lines.slice(0, stated.size).entries()) {
    const record = parse(line)
    if (canonicalOrNothing(record) !== line) return false
    if (record['account_id'] !== stated.accountId || record['seq'] !== at + 1 || String(record['time']) < time)
      return false
    time = String(record['time'])
    head = sha256(Uint8Array.of(1), head, sha256(Uint8Array.of(0), Buffer.from(line)))
  }
  return head.toString('hex') === stated.head
}

function parse(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function canonicalOrNothing(record: Record<string, unknown>): string | undefined {
  try {
    return canonical(record)
  } catch {
    return undefined
  }
}
