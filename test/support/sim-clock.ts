/** Time that passes when a test says so, for a client and its server: real requests are waited for in between. */
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Clock } from '../../src/client/traded-keys.ts'

interface Timer {
  readonly at: number
  readonly work: () => void
}

export class SimClock implements Clock {
  /** Of the server, which all is measured by, in milliseconds since 1970. */
  time: number
  /** How much the client's own clock is ahead of it. */
  ahead = 0
  /** How long the client's machine has slept, which the clock that never goes back does not count. */
  slept = 0
  readonly #begin: number
  readonly #timers = new Set<Timer>()
  #busy = 0
  #seed = 7

  constructor(time = Date.now()) {
    this.time = time
    this.#begin = time
  }

  now = () => this.time + this.ahead
  elapsed = () => this.time - this.#begin - this.slept

  /** The same chance in each run (a linear congruential generator). */
  random = () => {
    this.#seed = (this.#seed * 1_103_515_245 + 12_345) % 2 ** 31
    return this.#seed / 2 ** 31
  }

  after(milliseconds: number, work: () => void): () => void {
    const timer = { at: this.elapsed() + Math.max(0, Math.ceil(milliseconds)), work }
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }

  wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const callOff = this.after(milliseconds, resolve)
      const give = () => {
        callOff()
        reject(signal?.reason)
      }
      if (signal?.aborted === true) give()
      else signal?.addEventListener('abort', give, { once: true })
    })
  }

  /** Work that takes real time, and none of this. */
  async real<T>(work: () => Promise<T>): Promise<T> {
    this.#busy++
    try {
      return await work()
    } finally {
      this.#busy--
    }
  }

  /** Lets time pass, and whatever it sets off come to its end. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds
    await this.#settle()
    for (;;) {
      const [next] = [...this.#timers].sort((one, other) => one.at - other.at)
      const due = next === undefined ? Number.POSITIVE_INFINITY : this.time + Math.max(0, next.at - this.elapsed())
      if (next === undefined || due > end) break
      this.time = due
      this.#timers.delete(next)
      next.work()
      await this.#settle()
    }
    this.time = end
  }

  /** The client's machine sleeps: nothing of it runs, and the server goes on. */
  sleep(milliseconds: number): void {
    this.time += milliseconds
    this.slept += milliseconds
  }

  async #settle(): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet = this.#busy > 0 ? 0 : quiet + 1) {
      await (this.#busy > 0 ? setTimeout(1) : setImmediate())
    }
  }
}
