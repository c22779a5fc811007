/** Watches how much room a folder's disk has, so that changes end before the room for their records does. */
import { statfs } from 'node:fs/promises'

const intervalMs = 1000

export class DiskWatch {
  readonly #folder: string
  readonly #reserveBytes: number
  readonly #timer: NodeJS.Timeout
  readonly #ask: typeof statfs
  #isLow = false
  #looking: Promise<void> | undefined

  /**
   * @param reserveBytes how much is to stay free; 0 for none
   * @param ask asks the system, which tests do otherwise
   */
  constructor(folder: string, reserveBytes: number, ask = statfs) {
    this.#folder = folder
    this.#reserveBytes = reserveBytes
    this.#ask = ask
    this.#timer = setInterval(() => void this.look(), intervalMs).unref()
  }

  /** Whether less than the reserve was free at the last look. */
  get isLow(): boolean {
    return this.#isLow
  }

  /** One at a time: a disk that hangs keeps a thread of the process for each, of which there are few. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #look(): Promise<void> {
    try {
      const { bavail, bsize } = await this.#ask(this.#folder)
      this.#isLow = bavail * bsize < this.#reserveBytes
    } catch {
      // Not to be known: then the disk itself will say when it is full.
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
