/** How far long work is: a line that is written over and over, on a terminal alone. */
import { styleText } from 'node:util'

export interface Progress {
  /** How much is done now. */
  at(done: number): void
  /** Takes the line away. */
  end(): void
}

const width = 24

/** @param what such as "secrets" */
export function progress(what: string, total: number): Progress {
  const { stderr } = process
  if (!stderr.isTTY) return { at: () => {}, end: () => {} }
  return {
    at: (done) => {
      const filled = total === 0 ? width : Math.round((width * done) / total)
      const bar = styleText('green', '█'.repeat(filled), { stream: stderr }) + '░'.repeat(width - filled)
      stderr.write(`\r\u001b[K${bar} ${done}/${total} ${what}`)
    },
    end: () => void stderr.write('\r\u001b[K'),
  }
}
