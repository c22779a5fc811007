/** What SQLite says of an error: https://www.sqlite.org/rescode.html */

export const sqliteBusy = 5
export const sqliteFull = 13
export const sqliteConstraint = 19

/** The primary result code, whatever else SQLite says; nothing for an error that is not of SQLite. */
export function resultCodeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
}
