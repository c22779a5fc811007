/** Whether a server can do what requests need, found out by doing it: seldom, and never for long. */
import { setTimeout } from 'node:timers/promises'
import type { Store } from '../store/store.ts'

export type Readiness = 'starting' | 'sealed' | 'ready' | 'draining' | 'store unavailable' | 'store behind'

/** A probe answers for whoever asks so soon after it. */
const freshMs = 1_000
/** Whoever asks is answered by then. */
const probeMs = 2_000
/** A batch takes a fraction of a second. One that takes so long waits for something that all behind it wait for, too. */
const longestBatchMs = 2_000

export class ReadinessProbe {
  readonly #store: Pick<Store, 'probe' | 'backlog'>
  /** The one that is on its way: where the store hangs, no more are sent after it. */
  #running: Promise<boolean> | undefined
  #last = { isReady: false, until: 0 }

  constructor(store: Pick<Store, 'probe' | 'backlog'>) {
    this.#store = store
  }

  async find(): Promise<Readiness> {
    if (this.#store.backlog().oldestMs > longestBatchMs) return 'store behind'
    return (await this.#canWrite()) ? 'ready' : 'store unavailable'
  }

  async #canWrite(): Promise<boolean> {
    if (performance.now() < this.#last.until) return this.#last.isReady
    this.#running ??= this.#probe()
    const tooLong = new AbortController()
    try {
      return await Promise.race([this.#running, setTimeout(probeMs, false, tooLong)])
    } finally {
      tooLong.abort()
    }
  }

  async #probe(): Promise<boolean> {
    const isReady = await this.#store.probe().then(
      () => true,
      () => false,
    )
    this.#last = { isReady, until: performance.now() + freshMs }
    this.#running = undefined
    return isReady
  }
}
