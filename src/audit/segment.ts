/**
 * Segments: records of one account that left the database for a file. A segment is an export with what it has beside:
 *
 *   {"format":"strongroom audit export 1","store_id":"…","account_id":1,"after":0,
 *    "segment":{"format":"strongroom audit segment 1","first":1,"last":10000,"head_before":"…","head":"…","asides":{"decoy.read":[7]}}}
 *   <canonical text of each record>
 *   {"checkpoint":"<signed note of the chain after the last record>"}
 *
 * What records are besides is no part of their text: the header says it, where there is anything. Who reads exports passes over it.
 */
import { hash } from 'node:crypto'
import type { Principal } from '../model/principal.ts'
import { nextHeadOf } from './chain.ts'
import { openNote } from './checkpoint.ts'
import { exportHeader, readCheckpointLine, readHeader } from './export.ts'
import {
  type Action,
  type Aside,
  type AuditObject,
  type AuditRecord,
  asides,
  encodeRecord,
  formatOf,
} from './record.ts'
import type { StoredRecord } from './verify.ts'

export interface SegmentHeader {
  /** Hexadecimal, as the heads are. */
  readonly storeId: string
  readonly accountId: number
  readonly firstSeq: number
  readonly lastSeq: number
  readonly headBefore: string
  readonly head: string
  readonly asides: Asides
}

/** What records are besides to who manages the account, by their numbers: of most of them nothing. */
export type Asides = ReadonlyMap<number, Aside>

/** A segment that was read to its end, and is whole. */
export interface WholeSegment extends SegmentHeader {
  readonly firstAt: number
  readonly lastAt: number
}

/** The files of an archive. */
export interface SegmentFiles {
  /** The name of the longest file of an account that begins with a record and ends with another at most, if there is one. */
  find(accountId: number, firstSeq: number, lastSeq: number): Promise<string | undefined>
  /**
   * All of it; nothing where there is no such file.
   *
   * @param signal ends it before its time, as far as the storage can be told
   */
  open(file: string, signal?: AbortSignal): Promise<SegmentSource | undefined>
  /**
   * Makes a file that is on disk when this resolves, whole or not at all, and replaces none.
   *
   * @throws when it cannot be written, as where it is there already
   */
  make(file: string, lines: AsyncIterable<string>): Promise<void>
}

export interface SegmentSource {
  readonly lines: Iterable<string>
  /** SHA-256 of its bytes, hexadecimal. */
  readonly hash: string
}

/** What is wrong with a segment, or its place in the trail. */
export class SegmentFault extends Error {
  override readonly name = 'SegmentFault'
  /** The first record of which it is. */
  readonly seq: number

  constructor(seq: number, reason: string) {
    super(reason)
    this.seq = seq
  }
}

const format = 'strongroom audit segment 1'
/** Records that are read before whoever takes them is given them: some ten milliseconds. */
export const segmentPage = 1000
const hexHead = /^[0-9a-f]{64}$/

/** So that files stand in the order of their records. */
export function segmentFile({
  accountId,
  firstSeq,
  lastSeq,
}: Pick<SegmentHeader, 'accountId' | 'firstSeq' | 'lastSeq'>) {
  return `${accountId}/${beginningOf(firstSeq)}${String(lastSeq).padStart(12, '0')}.jsonl`
}

/** Of names of files, that of the longest which begins with a record and ends with another at most. */
export function longestAmong(
  names: readonly string[],
  segment: Pick<SegmentHeader, 'accountId' | 'firstSeq' | 'lastSeq'>,
): string | undefined {
  const most = segmentFile(segment)
  const beginning = `${segment.accountId}/${beginningOf(segment.firstSeq)}`
  return names
    .filter((name) => name.startsWith(beginning) && name.endsWith('.jsonl') && name <= most)
    .sort()
    .at(-1)
}

/** What the name of a file begins with, in the folder of its account. */
export function beginningOf(firstSeq: number): string {
  return `${String(firstSeq).padStart(12, '0')}-`
}

export function segmentHeader({
  storeId,
  accountId,
  firstSeq,
  lastSeq,
  headBefore,
  head,
  ...of
}: SegmentHeader): string {
  const range = { format, first: firstSeq, last: lastSeq, head_before: headBefore, head }
  const segment = of.asides.size === 0 ? range : { ...range, asides: writtenAsides(of.asides) }
  return `${exportHeader({ storeId, accountId, after: firstSeq - 1 }).slice(0, -1)},"segment":${JSON.stringify(segment)}}`
}

/** What the first line of a segment says, or nothing where it is none. */
export function readSegmentHeader(line: string): SegmentHeader | undefined {
  const header = readHeader(line)
  const stated = fieldsOf(fieldsOf(parsed(line))['segment'])
  const { first, last, head_before: headBefore, head } = stated
  if (header === undefined || stated['format'] !== format) return undefined
  if (first !== header.after + 1 || !Number.isSafeInteger(last) || Number(last) < Number(first)) return undefined
  if (typeof headBefore !== 'string' || typeof head !== 'string') return undefined
  if (!hexHead.test(headBefore) || !hexHead.test(head)) return undefined
  const found = readAsides(stated['asides'], { first: Number(first), last: Number(last) })
  if (found === undefined) return undefined
  const { storeId, accountId } = header
  return { storeId, accountId, firstSeq: Number(first), lastSeq: Number(last), headBefore, head, asides: found }
}

/** The numbers of the records, by what they are. */
function writtenAsides(of: Asides): Readonly<Record<string, readonly number[]>> {
  const words = asides.filter((word) => [...of.values()].includes(word))
  return Object.fromEntries(words.map((word) => [word, [...of].flatMap(([seq, one]) => (one === word ? [seq] : []))]))
}

/** Nothing for what is not written so. */
function readAsides(stated: unknown, { first, last }: { readonly first: number; readonly last: number }) {
  const found = new Map<number, Aside>()
  for (const [named, numbers] of Object.entries(stated === undefined ? {} : fieldsOf(stated))) {
    const word = asides.find((one) => one === named)
    if (word === undefined || !Array.isArray(numbers)) return undefined
    for (const seq of numbers) {
      if (!Number.isSafeInteger(seq) || seq < first || seq > last || found.has(seq)) return undefined
      found.set(seq, word)
    }
  }
  return found
}

/** Whether the same is said of the same records. */
export function isSameAsides(one: Asides, other: Asides): boolean {
  return one.size === other.size && [...one].every(([seq, word]) => other.get(seq) === word)
}

/**
 * Reads a segment, many records at a time, and checks all that it says of itself.
 *
 * @param key what checkpoints are verified with
 * @param expectedFirst the number of the record that a fault is said to be at, where the file does not say
 * @param pageRecords records that are given at once
 * @returns at its end, what it is
 * @throws SegmentFault for whatever does not hold, at the latest at its end
 */
export async function* readSegment(
  lines: Iterable<string>,
  key: string,
  expectedFirst = 1,
  pageRecords = segmentPage,
): AsyncGenerator<readonly StoredRecord[], WholeSegment> {
  let header: SegmentHeader | undefined
  let head: Uint8Array = Buffer.alloc(0)
  let seq = 0
  let note: string | undefined
  let firstAt = 0
  let lastAt = Number.NEGATIVE_INFINITY
  let page: StoredRecord[] = []
  for (const line of lines) {
    if (header === undefined) {
      header = readSegmentHeader(line)
      if (header === undefined) throw new SegmentFault(expectedFirst, 'The file does not begin as a segment does.')
      head = Buffer.from(header.headBefore, 'hex')
      seq = header.firstSeq - 1
      continue
    }
    if (note !== undefined) throw new SegmentFault(seq + 1, 'Something comes after the checkpoint of the segment.')
    note = readCheckpointLine(line)
    if (note !== undefined) continue
    const record = parseRecord(line)
    if (record?.accountId !== header.accountId || record.seq !== seq + 1) {
      throw new SegmentFault(seq + 1, 'The record is missing, or was changed.')
    }
    if (record.time < lastAt) throw new SegmentFault(seq + 1, 'The record is older than the one before it.')
    seq = record.seq
    if (seq === header.firstSeq) firstAt = record.time
    lastAt = record.time
    head = nextHeadOf(head, line)
    const aside = header.asides.get(seq)
    page.push(aside === undefined ? { record, head } : { record, head, aside })
    if (page.length === pageRecords) {
      yield page
      page = []
    }
  }
  if (page.length > 0) yield page
  if (header === undefined) throw new SegmentFault(expectedFirst, 'The file is empty.')
  const whole = { ...header, firstAt, lastAt }
  check(whole, { seq, head, note, key })
  return whole
}

interface End {
  readonly seq: number
  readonly head: Uint8Array
  readonly note: string | undefined
  readonly key: string
}

function check(header: SegmentHeader, { seq, head, note, key }: End): void {
  const { storeId, accountId, lastSeq } = header
  if (seq !== lastSeq) throw new SegmentFault(seq + 1, `The record is missing: the segment goes up to ${lastSeq}.`)
  if (Buffer.from(head).toString('hex') !== header.head) {
    throw new SegmentFault(header.firstSeq, 'The records do not lead to the head that the segment states.')
  }
  if (note === undefined) throw new SegmentFault(lastSeq, 'The checkpoint at the end of the segment is missing.')
  const signed = openNote(note, key)
  const isOfIt = signed?.storeId === storeId && signed.accountId === accountId && signed.size === lastSeq
  if (!isOfIt || !Buffer.from(head).equals(signed.head)) {
    throw new SegmentFault(
      lastSeq,
      'The checkpoint at the end of the segment is not of this store, or not of its records.',
    )
  }
}

/** The bytes of a file, as its lines. */
export function sourceOf(bytes: Buffer): SegmentSource {
  return { hash: hash('sha256', bytes, 'hex'), lines: linesOf(bytes) }
}

function* linesOf(bytes: Buffer): Generator<string> {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0x0a, at)
    // What is not ended was not written to its end.
    if (end === -1) return
    yield bytes.toString('utf8', at, end)
    at = end + 1
  }
}

/** A record of which the text is what is written of it; nothing for any other text. */
export function parseRecord(line: string): AuditRecord | undefined {
  const fields = fieldsOf(parsed(line))
  const { account_id: accountId, seq, time, action, outcome, request_id: requestId, address } = fields
  const environmentId = fields['environment'] ?? null
  // What is of another type is written as another text, which the end of this finds.
  const record = {
    accountId: Number(accountId),
    seq: Number(seq),
    time: Date.parse(String(time)),
    principal: fieldsOf(fields['principal']) as unknown as Principal,
    action: action as Action,
    object: (fields['object'] ?? null) as AuditObject | null,
    outcome: String(outcome),
    requestId: String(requestId),
    address: String(address),
    format: Number(fields['format'] ?? formatOf({ environmentId: null })),
    environmentId: environmentId === null ? null : Number(environmentId),
  }
  try {
    return encodeRecord(record) === line ? record : undefined
  } catch {
    // Neither a time nor a format that is known.
    return undefined
  }
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
