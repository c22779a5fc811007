/**
 * The audit chain verified once more, from docs/formats.md alone: its own canonical JSON (RFC 8785), its own hashing of
 * leaves and heads. Shares no code with src.
 */
import { createHash } from 'node:crypto'

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
