/** What a server does now and then: never twice at once, and no more once it stops. */

/** Work that is on its way when the server stops is waited for so long. */
const graceMs = 2_000

export interface Repeating {
  readonly everyMs: number
  /** Ends early, at a place where it can be gone on from, when the signal says so. */
  readonly work: (signal: AbortSignal) => Promise<void>
  /** Told of whatever it failed with; not once the server stops. */
  readonly onError: (error: unknown) => void
}

export class Repeated {
  readonly #stopping = new AbortController()
  readonly #timers: NodeJS.Timeout[] = []
  readonly #running = new Map<Repeating['work'], Promise<void>>()

  /** Begins at once, and again so long after; what takes longer is not begun a second time meanwhile. */
  begin({ everyMs, work, onError }: Repeating): void {
    const { signal } = this.#stopping
    if (signal.aborted) return
    const runOnce = async () => {
      try {
        await work(signal)
      } catch (error) {
        if (!signal.aborted) onError(error)
      }
    }
    const run = () => {
      if (this.#running.has(work)) return
      this.#running.set(
        work,
        runOnce().finally(() => this.#running.delete(work)),
      )
    }
    run()
    this.#timers.push(setInterval(run, everyMs).unref())
  }

  /** Resolves when nothing is on its way any more, or what is takes too long. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const timer of this.#timers) clearInterval(timer)
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, graceMs)
    await Promise.race([Promise.all(this.#running.values()), late.promise])
    clearTimeout(timer)
  }
}
