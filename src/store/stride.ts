/** How far a search goes in one statement: as long as others can wait, and not too short for its way there. */
import { performance } from 'node:perf_hooks'

/** Rows that one statement looks at: at first, at least and at most; and the milliseconds that it is to take. */
const stretch = { first: 512, least: 64, most: 16_384, ms: 4 }

/** One search's. */
export class Stride {
  rows = stretch.first

  /** What was as quick may be ten times as slow from the next row on, where nobody has read it yet: the one after it is as much shorter. */
  async taken<T>(ask: (rows: number) => Promise<T>): Promise<T> {
    const began = performance.now()
    const answer = await ask(this.rows)
    const fitting = Math.floor((this.rows * stretch.ms) / (performance.now() - began))
    this.rows = Math.max(stretch.least, Math.min(fitting, 2 * this.rows, stretch.most))
    return answer
  }
}
