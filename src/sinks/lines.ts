/** Records as the lines of an export: put together, what a receiver has is one, and is verified as one. */
import { exportHeader } from '../audit/export.ts'
import { encodeRecord } from '../audit/record.ts'
import type { Piece } from './receiver.ts'

/** Each with its end. @param isGoingOn whether nothing has come between these records and those before them */
export function linesOf(storeId: string, { accountId, after, records }: Piece, isGoingOn: boolean): string[] {
  const lines = records.map(({ record }) => encodeRecord(record))
  return (isGoingOn ? lines : [exportHeader({ storeId, accountId, after }), ...lines]).map((line) => `${line}\n`)
}
