/** Coalesces: everything that arrives while the store is busy goes into the next batch. */
import { performance } from 'node:perf_hooks'
import { Refusal } from '../errors.ts'
import type { Outcome, Request } from './operation.ts'
import type { Backlog } from './store.ts'
import { weightOf } from './weight.ts'

export interface BatcherOptions {
  /**
   * Carries out one batch, with one outcome per request in the order given.
   *
   * @param waitingSince when the first of them came, as `performance.now()` counts
   */
  readonly run: (requests: readonly Request[], waitingSince: number) => Promise<readonly Outcome[]>
  /** Batches on their way at once. */
  readonly inFlight: number
  /** Who has waited so long behind a batch to which the store did not answer is let go with it. */
  readonly maxWaitMs?: number
}

interface Waiting {
  readonly request: Request
  readonly since: number
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

/** Fewer that wait are not divided. */
const minBatch = 32
/** Enough to spread one commit over many requests, and small enough that nobody waits long for the whole of it. */
const maxBatch = 256
/** Beyond this, an answer would come too late to be of use. */
const maxWaiting = 20_000
/** Of the ten seconds or so that a request waits for the store in all. */
const maxWaitMs = 2_000

export class Batcher {
  readonly #options: BatcherOptions
  #waiting: Waiting[] = []
  #running = 0
  #sent = 0
  /** In the order in which they were sent. */
  readonly #runningSince = new Set<{ readonly at: number }>()
  #isScheduled = false
  readonly #whenIdle: (() => void)[] = []

  constructor(options: BatcherOptions) {
    this.#options = options
  }

  /** @throws Refusal `overloaded` when too much waits already */
  submit(request: Request): Promise<Outcome> {
    if (this.#waiting.length >= maxWaiting) {
      const message = 'The server has more requests than it can answer. Try again shortly.'
      return Promise.reject(new Refusal('overloaded', message, { headers: { 'retry-after': '1' } }))
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, since: performance.now(), resolve, reject })
      this.#schedule()
    })
  }

  /** Requests that have no durable record yet. */
  get backlog(): Backlog {
    const [oldest] = this.#runningSince
    const oldestMs = oldest === undefined ? 0 : performance.now() - oldest.at
    return { waiting: this.#waiting.length, sent: this.#sent, oldestMs }
  }

  /** Resolves when nothing waits and nothing runs. */
  async idle(): Promise<void> {
    if (this.#running === 0 && this.#waiting.length === 0) return
    await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  /** At the end of this turn of the event loop, so that requests which were read together go together. */
  #schedule(): void {
    if (this.#isScheduled || this.#running >= this.#options.inFlight) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#start()
    })
  }

  #start(): void {
    if (this.#waiting.length === 0 || this.#running >= this.#options.inFlight) return
    const share = Math.ceil(this.#waiting.length / this.#options.inFlight)
    const size = withinWeight(this.#waiting, Math.min(Math.max(share, minBatch), maxBatch))
    const batch = this.#waiting.slice(0, size)
    this.#waiting = this.#waiting.slice(size)
    this.#running++
    this.#sent += batch.length
    const running = { at: performance.now() }
    this.#runningSince.add(running)
    void this.#run(batch).finally(() => {
      this.#runningSince.delete(running)
      this.#running--
      this.#sent -= batch.length
      if (this.#waiting.length > 0) this.#start()
      else if (this.#running === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
    })
    if (this.#waiting.length > 0) this.#schedule()
  }

  async #run(batch: readonly Waiting[]): Promise<void> {
    try {
      const requests = batch.map(({ request }) => request)
      const outcomes = await this.#options.run(requests, batch[0]?.since ?? performance.now())
      batch.forEach(({ resolve, reject }, at) => {
        const outcome = outcomes[at]
        if (outcome === undefined) reject(new Error('A batch came back shorter than it went.'))
        else resolve(outcome)
      })
    } catch (error) {
      if (batch.length > 1 && isOfOne(error)) return this.#runApart(batch)
      for (const { reject } of batch) reject(error)
      if (isOfStore(error)) this.#letGo()
    }
  }

  /** Whoever would have waited twice, for this batch and for the next, which fares no better for all that is known. */
  #letGo(): void {
    const since = performance.now() - (this.#options.maxWaitMs ?? maxWaitMs)
    const isLate = (one: Waiting) => one.since < since
    const late = this.#waiting.filter(isLate)
    this.#waiting = this.#waiting.filter((one) => !isLate(one))
    for (const { reject } of late) reject(notAsked())
  }

  /** In halves, until the one at fault is alone. */
  async #runApart(batch: readonly Waiting[]): Promise<void> {
    const middle = batch.length >> 1
    await this.#run(batch.slice(0, middle))
    await this.#run(batch.slice(middle))
  }
}

/** How many of so many go together: as much work as the largest batch of small requests, or one. */
function withinWeight(waiting: readonly Waiting[], most: number): number {
  let weight = 0
  for (let at = 0; at < most; at++) {
    const next = waiting[at]
    if (next === undefined) return at
    weight += weightOf(next.request.operation)
    if (weight > maxBatch) return Math.max(1, at)
  }
  return most
}

/** Whether the store did not answer, or not in time. */
function isOfStore(error: unknown): boolean {
  return error instanceof Refusal && (error.code === 'audit_unavailable' || error.code === 'outcome_unknown')
}

function notAsked(): Refusal {
  const message = 'The database did not answer in time: nothing was changed. Try again shortly.'
  return new Refusal('audit_unavailable', message, { headers: { 'retry-after': '1' } })
}

/** Whether nothing of a batch was done because of what one of its requests holds, or rests upon. */
function isOfOne(error: unknown): boolean {
  return error instanceof Refusal && (error.code === 'invalid' || error.code === 'integrity_failure')
}
