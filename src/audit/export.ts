/**
 * Exports: one account's records as JSON lines, to be verified without the store.
 *
 *   {"format":"strongroom audit export 1","store_id":"…","account_id":1,"after":0}
 *   <canonical text of record after+1>
 *   …
 *
 * An export that was broken off is continued with one that begins after its last record; put together they are one. So is
 * what a sink of the trail has left: of several accounts, each with a header before its first record, and with records that come
 * again, after a header that goes back. A line that was torn off is passed over where a header follows it. So are segments
 * of an archive (`segment.ts`), whose headers say the head before them, and which end with a checkpoint.
 */
import { hash } from 'node:crypto'
import { nextHeadOf } from './chain.ts'
import type { Checkpoint } from './checkpoint.ts'
import { isKnownFormat } from './record.ts'
import { type Anchor, unknownFormat } from './verify.ts'

export interface ExportHeader {
  /** Hexadecimal, 16 bytes. */
  readonly storeId: string
  readonly accountId: number
  /** Records before the first one. */
  readonly after: number
  /** The head there, hexadecimal, where the header is a segment's, and says it. */
  readonly headBefore?: string
}

const format = 'strongroom audit export 1'

export function exportHeader({ storeId, accountId, after }: ExportHeader): string {
  return JSON.stringify({ format, store_id: storeId, account_id: accountId, after })
}

/** What the first line says, or `undefined` when it is no header. */
export function readHeader(line: string): ExportHeader | undefined {
  const { format: stated, store_id: storeId, account_id: accountId, after } = fieldsOf(line) ?? {}
  if (stated !== format || typeof storeId !== 'string') return undefined
  if (!Number.isSafeInteger(accountId) || !Number.isSafeInteger(after)) return undefined
  const before = headBeforeIn(line)
  return {
    storeId,
    accountId: Number(accountId),
    after: Number(after),
    ...(before === undefined ? {} : { headBefore: before }),
  }
}

function headBeforeIn(line: string): string | undefined {
  const { segment } = fieldsOf(line) ?? {}
  const stated = typeof segment === 'object' && segment !== null && 'head_before' in segment ? segment.head_before : ''
  return typeof stated === 'string' && /^[0-9a-f]{64}$/.test(stated) ? stated : undefined
}

export function checkpointLine(note: string): string {
  return JSON.stringify({ checkpoint: note })
}

/** The signed note of a line, or nothing where it is a record or a header. */
export function readCheckpointLine(line: string): string | undefined {
  if (!line.startsWith('{"checkpoint":')) return undefined
  const { checkpoint } = fieldsOf(line) ?? {}
  return typeof checkpoint === 'string' ? checkpoint : undefined
}

/** How far the records of an account lead, and what does not hold. */
export interface ExportVerdict extends Anchor {
  readonly accountId: number
  readonly fault: { readonly seq: number; readonly reason: string } | undefined
}

/** What is known of an account before its first record. */
export interface ExportStart {
  /** What the chain is known to be there. */
  readonly start: Anchor
  /** What others say that it was, each at its size. */
  readonly anchors: readonly Anchor[]
}

/** Of so many records before, it is known whether one that comes again is the same. */
const rememberedRecords = 20_000

/**
 * Follows the records of an export.
 *
 * @param lines what comes after the first header
 * @param startOf what is known of an account, by its first header; `undefined` for one that has no place here
 * @param openCheckpoint opens the note at the end of a segment, and gives nothing for one that is not signed; without it they are passed over
 * @returns a verdict for each account, by the order of their first headers; it ends at the first that does not hold
 */
export async function followExport(
  lines: AsyncIterable<string>,
  first: ExportHeader,
  startOf: (header: ExportHeader) => ExportStart | undefined,
  openCheckpoint?: (note: string) => Checkpoint | undefined,
): Promise<readonly ExportVerdict[]> {
  const known = startOf(first)
  if (known === undefined) return []
  const chains = new Map([[first.accountId, new ExportChain(first.accountId, known)]])
  let current = chains.get(first.accountId)
  let isTorn = false
  for await (const line of lines) {
    const header = readHeader(line)
    if (header !== undefined) {
      isTorn = false
      current = header.storeId === first.storeId ? chainOf(header, chains, startOf) : undefined
      if (current?.goTo(header.after) !== true) return verdicts(chains, header.accountId, notNext)
      continue
    }
    if (isTorn) return verdicts(chains, current?.accountId, noRecord)
    const note = readCheckpointLine(line)
    if (note !== undefined) {
      if (openCheckpoint === undefined || current?.meets(openCheckpoint(note), first.storeId) === true) continue
      return verdicts(chains, current?.accountId, noCheckpoint)
    }
    const record = fieldsOf(line)
    isTorn = record === undefined
    if (record === undefined) continue
    const chain = chains.get(Number(record['account_id']))
    if (chain === undefined) return verdicts(chains, current?.accountId, noRecord)
    current = chain
    if (!chain.take(record, line)) break
  }
  if (isTorn) return verdicts(chains, current?.accountId, noRecord)
  return verdicts(chains)
}

const notNext = 'The export that follows does not go on where this one ends.'
const noCheckpoint = 'The checkpoint of the segment is not of these records, or the key has not signed it.'
const noRecord = 'The record is none, or belongs to another account.'

function chainOf(
  header: ExportHeader,
  chains: Map<number, ExportChain>,
  startOf: (header: ExportHeader) => ExportStart | undefined,
): ExportChain | undefined {
  const known = chains.get(header.accountId)
  if (known !== undefined) return known
  const start = startOf(header)
  if (start === undefined) return undefined
  const chain = new ExportChain(header.accountId, start)
  chains.set(header.accountId, chain)
  return chain
}

/** @param accountId whose fault it is; of an account that has no place, it is the first one's */
function verdicts(
  chains: ReadonlyMap<number, ExportChain>,
  accountId?: number,
  reason?: string,
): readonly ExportVerdict[] {
  const all = [...chains.values()]
  const at = all.find((one) => one.accountId === accountId) ?? all[0]
  if (reason !== undefined) at?.refuse(reason)
  const isHolding = all.every(({ fault }) => fault === undefined)
  return all.map((one) => one.verdict(isHolding))
}

/** The records of one account, as they come. */
class ExportChain {
  readonly accountId: number
  readonly #anchors: readonly Anchor[]
  #size: number
  #head: Uint8Array
  #time = ''
  /** The record that came last: others may have come after it before. */
  #at: number
  /** Of the newest records, the hash of each line. */
  readonly #lines = new Map<number, string>()
  fault: ExportVerdict['fault']

  constructor(accountId: number, { start, anchors }: ExportStart) {
    this.accountId = accountId
    this.#anchors = anchors
    this.#size = start.size
    this.#head = start.head
    this.#at = start.size
    if (this.#isContradicted()) this.refuse('The start is not the one of a checkpoint.', start.size)
  }

  refuse(reason: string, seq = this.#size + 1): false {
    this.fault ??= { seq, reason }
    return false
  }

  /** A header that goes on, or back. */
  goTo(after: number): boolean {
    if (after > this.#size) return false
    this.#at = after
    return true
  }

  /** @returns whether the checkpoint at the end of a segment is of the records that came before it */
  meets(checkpoint: Checkpoint | undefined, storeId: string): boolean {
    if (checkpoint?.accountId !== this.accountId || checkpoint.storeId !== storeId) return false
    if (checkpoint.size !== this.#at) return false
    // What comes again has been compared, line by line.
    return this.#at < this.#size || Buffer.from(checkpoint.head).equals(this.#head)
  }

  /** @returns whether it holds */
  take(record: Fields, line: string): boolean {
    const seq = this.#at + 1
    if (this.fault !== undefined) return false
    if (record['seq'] !== seq) return this.refuse('The record is missing.', seq)
    this.#at = seq
    return seq <= this.#size ? this.#takeAgain(seq, line) : this.#append(record, line)
  }

  /** Once all has come. @param isWhole whether nothing was refused, so that all has been looked at */
  verdict(isWhole: boolean): ExportVerdict {
    const stated = Math.max(0, ...this.#anchors.map((one) => one.size))
    if (isWhole && this.#size < stated) {
      this.refuse(`The record is missing: a checkpoint states ${stated} records.`)
    }
    return { accountId: this.accountId, size: this.#size, head: this.#head, fault: this.fault }
  }

  #append(record: Fields, line: string): boolean {
    // The first format does not name itself.
    const { format = 1, time } = record
    if (!isKnownFormat(format)) return this.refuse(unknownFormat(format))
    if (typeof time !== 'string' || time < this.#time) {
      return this.refuse('The record is older than the one before it.')
    }
    this.#head = nextHeadOf(this.#head, line)
    this.#size++
    this.#time = time
    this.#lines.set(this.#size, hash('sha256', line, 'latin1'))
    this.#lines.delete(this.#size - rememberedRecords)
    return !this.#isContradicted() || this.refuse('The chain up to here is not the one of a checkpoint.', this.#size)
  }

  #takeAgain(seq: number, line: string): boolean {
    const before = this.#lines.get(seq)
    if (before === undefined) return this.refuse('The record comes again too late to be compared.', seq)
    return before === hash('sha256', line, 'latin1') || this.refuse('The record comes again as another one.', seq)
  }

  #isContradicted(): boolean {
    return this.#anchors.some((one) => one.size === this.#size && !Buffer.from(one.head).equals(this.#head))
  }
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(line: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Fields) : {}
  } catch {
    return undefined
  }
}
