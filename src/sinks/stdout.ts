/** Standard output, for containers whose runtime keeps what is printed. */
import { write } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import { codeOrName } from '../error-code.ts'
import { linesOf } from './lines.ts'
import { all, NotTaken, type Piece, type Receiver, type Taken } from './receiver.ts'

/** What a pipe takes in one piece (POSIX, `PIPE_BUF` on Linux): the log writes to it too, between two pieces. */
const pieceBytes = 4096
const pauseMs = 20

const writeTo = promisify<number, Uint8Array, number>((file, bytes, done) => write(file, bytes, done))

/** Not by the stream, which waits for whoever reads, and everybody with it. */
export class StdoutReceiver implements Receiver {
  readonly #storeId: string
  readonly #descriptor: number
  #last: Promise<unknown> = Promise.resolve()

  constructor(storeId: string, descriptor = 1) {
    this.#storeId = storeId
    this.#descriptor = descriptor
  }

  take(pieces: readonly Piece[], signal: AbortSignal): Promise<Taken> {
    const next = this.#last.then(() => this.#print(pieces, signal))
    this.#last = next.catch(() => {})
    return next
  }

  async close(): Promise<void> {}

  async #print(pieces: readonly Piece[], signal: AbortSignal): Promise<Taken> {
    const lines = pieces.flatMap((piece) => linesOf(this.#storeId, piece, false))
    for (const text of together(lines)) await this.#write(Buffer.from(text), signal)
    return all
  }

  async #write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      try {
        at += await writeTo(this.#descriptor, bytes.subarray(at))
      } catch (error) {
        const code = codeOrName(error)
        if (code !== 'EAGAIN') throw new NotTaken(`Standard output cannot be written (${code}).`, { cause: error })
        // Whoever was given up leaves no half of a line.
        if (at === 0) signal.throwIfAborted()
        await setTimeout(pauseMs)
      }
    }
  }
}

/** Whole lines, as many as a piece holds. */
function together(lines: readonly string[]): string[] {
  const texts: string[] = []
  let text = ''
  for (const line of lines) {
    if (text !== '' && Buffer.byteLength(text) + Buffer.byteLength(line) > pieceBytes) {
      texts.push(text)
      text = ''
    }
    text += line
  }
  return text === '' ? texts : [...texts, text]
}
