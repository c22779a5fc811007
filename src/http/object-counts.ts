/** Counts what the store holds, seldom, however often it is asked. */

/** A count is good for this long, */
const minAgeMs = 30_000
/** and for so many times as long as it took: counting never takes more than a hundredth of the store's time. */
const restFactor = 100
/** Whoever scrapes has little patience; a later scrape gets what came too late for this one. */
const patienceMs = 2_000

export class ObjectCounter<Counts> {
  readonly #count: () => Promise<Counts>
  readonly #minAgeMs: number
  #known: { readonly objectCounts: Counts; readonly until: number } | undefined
  #counting: Promise<Counts> | undefined

  constructor(count: () => Promise<Counts>, leastMs = minAgeMs) {
    this.#count = count
    this.#minAgeMs = leastMs
  }

  /**
   * The last count, or a new one; `undefined` when the store does not answer in time.
   *
   * @param now milliseconds of a clock that never steps back
   */
  async take(now: () => number): Promise<Counts | undefined> {
    if (this.#known !== undefined && now() < this.#known.until) return this.#known.objectCounts
    this.#counting ??= this.#countAnew(now).finally(() => {
      this.#counting = undefined
    })
    const { promise: impatience, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(resolve, patienceMs, undefined)
    try {
      return await Promise.race([this.#counting, impatience])
    } catch {
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  async #countAnew(now: () => number): Promise<Counts> {
    const started = now()
    const objectCounts = await this.#count()
    const ended = now()
    this.#known = { objectCounts, until: ended + Math.max(this.#minAgeMs, restFactor * (ended - started)) }
    return objectCounts
  }
}
