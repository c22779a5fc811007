/** Work that waits: so much at once, one for each name, and those that came first before the others. */
import { Refusal } from '../errors.ts'

interface Waiting {
  readonly name: string
  readonly begin: () => void
}

export class Turns {
  readonly #most: number
  readonly #mostWaiting: number
  readonly #running = new Set<string>()
  #waiting: readonly Waiting[] = []

  /**
   * @param most works at once
   * @param mostWaiting of one name, beside the one that is at work
   */
  constructor(most: number, mostWaiting: number) {
    this.#most = most
    this.#mostWaiting = mostWaiting
  }

  /**
   * @param signal ends the waiting, and not the work: it is then rejected as aborted
   * @throws Refusal `overloaded` when too many wait
   */
  async take<T>(name: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#waiting.filter((one) => one.name === name).length >= this.#mostWaiting) {
      throw new Refusal('overloaded', 'Too many requests of this kind wait already. Try again.', {
        headers: { 'retry-after': '1' },
      })
    }
    await this.#turn(name, signal)
    try {
      return await work()
    } finally {
      this.#running.delete(name)
      this.#next()
    }
  }

  #turn(name: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = { name, begin: resolve }
      this.#waiting = [...this.#waiting, waiting]
      signal.addEventListener('abort', () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting)
        reject(signal.reason)
      })
      this.#next()
    })
  }

  #next(): void {
    while (this.#running.size < this.#most) {
      const next = this.#waiting.find(({ name }) => !this.#running.has(name))
      if (next === undefined) return
      this.#waiting = this.#waiting.filter((one) => one !== next)
      this.#running.add(next.name)
      next.begin()
    }
  }
}
