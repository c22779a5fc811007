/** Watches how much room a folder's disk has, so that changes end before the room for their records does. */
import { statfs } from 'node:fs/promises'

const intervalMs = 1000

export class DiskWatch {
  readonly #folder: string
  readonly #reserveBytes: number
  readonly #timer: NodeJS.Timeout
  #isLow = false

  /** @param reserveBytes how much is to stay free; 0 for none */
  constructor(folder: string, reserveBytes: number) {
    this.#folder = folder
    this.#reserveBytes = reserveBytes
    this.#timer = setInterval(() => void this.look(), intervalMs).unref()
  }

  /** Whether less than the reserve was free at the last look. */
  get isLow(): boolean {
    return this.#isLow
  }

  async look(): Promise<void> {
    try {
      const { bavail, bsize } = await statfs(this.#folder)
      this.#isLow = bavail * bsize < this.#reserveBytes
    } catch {
      // Not to be known: then the disk itself will say when it is full.
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
