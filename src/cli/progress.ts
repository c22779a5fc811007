/** How far long work is: a line that is written over and over, on a terminal alone. */
import { performance } from 'node:perf_hooks'
import { styleText } from 'node:util'

export interface Progress {
  /** How much is done now, and what else there is to say of it. */
  at(done: number, more?: string): void
  /** Takes the line away. */
  end(): void
}

/** Of work in parts, which follow each other in the same line. */
export interface ProgressOfParts {
  /** Whether anybody sees it. */
  readonly isShown: boolean
  at(what: string, done: number, total: number): void
  end(): void
}

const width = 24
/** Faster than this nobody reads, and a terminal takes its time. */
const redrawMs = 50

/**
 * @param what such as "secrets"
 * @param total `undefined` when nobody knows it: then there is no bar, and the count alone
 * @param isWanted such as without --json
 */
export function progress(what: string, total: number | undefined, isWanted = true): Progress {
  const { stderr } = process
  if (!stderr.isTTY || !isWanted) return { at: () => {}, end: () => {} }
  let drawnAt = -redrawMs
  return {
    at: (done, more) => {
      const now = performance.now()
      if (done !== total && now - drawnAt < redrawMs) return
      drawnAt = now
      const count = total === undefined ? `${done}` : `${barOf(done, total)} ${done}/${total}`
      stderr.write(`\r\u001b[K${count} ${what}${more === undefined ? '' : `, ${more}`}`)
    },
    end: () => void stderr.write('\r\u001b[K'),
  }
}

export function progressOfParts(isWanted = true): ProgressOfParts {
  const isShown = process.stderr.isTTY && isWanted
  let current: { readonly what: string; readonly bar: Progress } | undefined
  return {
    isShown,
    at: (what, done, total) => {
      if (current?.what !== what) current = { what, bar: progress(what, total, isWanted) }
      current.bar.at(done)
    },
    end: () => current?.bar.end(),
  }
}

/** Full when more was done than was said to be there, as while others write. */
function barOf(done: number, total: number): string {
  const filled = total === 0 ? width : Math.min(width, Math.round((width * done) / total))
  return styleText('green', '█'.repeat(filled), { stream: process.stderr }) + '░'.repeat(width - filled)
}
