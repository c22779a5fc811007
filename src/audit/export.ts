/**
 * Exports: one account's records as JSON lines, to be verified without the store.
 *
 *   {"format":"strongroom audit export 1","store_id":"…","account_id":1,"after":0}
 *   <canonical text of record after+1>
 *   …
 *
 * An export that was broken off is continued with one that begins after its last record; put together they are one.
 */
import { nextHeadOf } from './chain.ts'
import { isKnownFormat } from './record.ts'
import { type Anchor, unknownFormat } from './verify.ts'

export interface ExportHeader {
  /** Hexadecimal, 16 bytes. */
  readonly storeId: string
  readonly accountId: number
  /** Records before the first one. */
  readonly after: number
}

const format = 'strongroom audit export 1'

export function exportHeader({ storeId, accountId, after }: ExportHeader): string {
  return JSON.stringify({ format, store_id: storeId, account_id: accountId, after })
}

/** What the first line says, or `undefined` when it is no header. */
export function readHeader(line: string): ExportHeader | undefined {
  const { format: stated, store_id: storeId, account_id: accountId, after } = fieldsOf(line)
  if (stated !== format || typeof storeId !== 'string') return undefined
  if (!Number.isSafeInteger(accountId) || !Number.isSafeInteger(after)) return undefined
  return { storeId, accountId: Number(accountId), after: Number(after) }
}

/** How far an export leads, and what does not hold. */
export interface ExportVerdict extends Anchor {
  readonly fault: { readonly seq: number; readonly reason: string } | undefined
}

/**
 * Follows the records of an export.
 *
 * @param lines what comes after the first header; later headers are of exports that go on where the one before ended
 * @param start what the chain is known to be before the first record
 * @param anchors what others say that it was, each at its size
 */
export async function followExport(
  lines: AsyncIterable<string>,
  { storeId, accountId }: ExportHeader,
  start: Anchor,
  anchors: readonly Anchor[],
): Promise<ExportVerdict> {
  let { size, head }: Anchor = start
  let time = ''
  const bad = (seq: number, reason: string): ExportVerdict => ({ size, head, fault: { seq, reason } })
  const isContradicted = () => anchors.some((one) => one.size === size && !Buffer.from(one.head).equals(head))
  if (isContradicted()) return bad(size, 'The start is not the one of a checkpoint.')
  for await (const line of lines) {
    const header = readHeader(line)
    if (header !== undefined) {
      const isNext = header.storeId === storeId && header.accountId === accountId && header.after === size
      if (isNext) continue
      return bad(size + 1, 'The export that follows does not go on where this one ends.')
    }
    const record = fieldsOf(line)
    if (record['account_id'] !== accountId) return bad(size + 1, 'The record is none, or belongs to another account.')
    if (record['seq'] !== size + 1) return bad(size + 1, 'The record is missing.')
    // The first format does not name itself.
    const { format = 1 } = record
    if (!isKnownFormat(format)) return bad(size + 1, unknownFormat(format))
    if (typeof record['time'] !== 'string' || record['time'] < time)
      return bad(size + 1, 'The record is older than the one before it.')
    head = nextHeadOf(head, line)
    size++
    time = record['time']
    if (isContradicted()) return bad(size, 'The chain up to here is not the one of a checkpoint.')
  }
  const stated = Math.max(0, ...anchors.map((one) => one.size))
  return size < stated
    ? bad(size + 1, `The record is missing: a checkpoint states ${stated} records.`)
    : { size, head, fault: undefined }
}

function fieldsOf(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
