/** Long scans give way: a server that looks at every row of an account answers others in between. */
import { setImmediate } from 'node:timers/promises'

/** A row costs some tens of microseconds at worst: a name of the longest kind, held against all the scopes of a key. */
const rowsInTurn = 100

/** One scan. */
export class Pace {
  #rows = 0

  /** Lets others have their turn once enough was looked at. There is nothing to wait for in between. */
  after(rows: number): Promise<void> | undefined {
    this.#rows += rows
    if (this.#rows < rowsInTurn) return undefined
    this.#rows = 0
    return setImmediate()
  }
}

/** As `filter`, in turns with others. */
export async function filterInTurns<T>(
  rows: readonly T[],
  isWanted: (row: T) => boolean,
  pace = new Pace(),
): Promise<readonly T[]> {
  const wanted: T[] = []
  for (const row of rows) {
    if (isWanted(row)) wanted.push(row)
    const others = pace.after(1)
    if (others !== undefined) await others
  }
  return wanted
}
