/** Coalesces: everything that arrives while the store is busy goes into the next batch. */
import { performance } from 'node:perf_hooks'
import { Refusal } from '../errors.ts'
import { Conflicting } from './conflicting.ts'
import type { Outcome, Request } from './operation.ts'
import type { Backlog } from './store.ts'
import { tooLateBehind } from './too-late.ts'
import { weightOf } from './weight.ts'

export interface BatcherOptions {
  /** Requests of one lane go together; lanes do not wait for one another. */
  readonly laneOf: (request: Request) => Lane
  /** Where requests go whose batch was `Crowded`, and those that come as long as something is there. */
  readonly apartOf?: (request: Request) => Lane
  /**
   * Carries out one batch, with one outcome per request in the order given.
   *
   * @param waitingSince when the first of them came, as `performance.now()` counts
   * @param onDecided told when all is decided, and nothing is left but to make it durable
   * @throws Crowded when some of them would keep the others waiting: nothing happened
   */
  readonly run: (
    requests: readonly Request[],
    waitingSince: number,
    lane: Lane,
    onDecided: () => void,
  ) => Promise<readonly Outcome[]>
  /** Who has waited so long behind a batch to which the store did not answer is let go with it. */
  readonly maxWaitMs?: number
}

/** Nothing of a batch was done, as somebody is at what it needs for longer than all of it should wait. */
export class Crowded extends Error {
  override readonly name = 'Crowded'
}

export interface Lane {
  readonly name: string
  /** Whether it is for few who may have to wait: of an account that somebody else is at. */
  readonly isApart?: boolean
  /** Batches on their way at once. */
  readonly inFlight: number
  /** Of those, how many may be undecided: more would be smaller ones, which wait for the same. */
  readonly deciding: number
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

export class Batcher {
  readonly #options: BatcherOptions
  readonly #lanes = new Map<string, Queue>()
  #waiting = 0
  #sent = 0
  /** In the order in which they were sent. No set: each time one empties, it leaves a table that keeps what came after alive. */
  readonly #runningSince: { readonly at: number }[] = []
  readonly #whenIdle: (() => void)[] = []

  constructor(options: BatcherOptions) {
    this.#options = options
  }

  /** @throws Refusal `overloaded` when too much waits already */
  submit(request: Request): Promise<Outcome> {
    if (this.#waiting >= maxWaiting) {
      const message = 'The server has more requests than it can answer. Try again shortly.'
      return Promise.reject(new Refusal('overloaded', message, { headers: { 'retry-after': '1' } }))
    }
    const apart = this.#options.apartOf?.(request)
    const isCrowded = apart !== undefined && this.#lanes.has(apart.name)
    const queue = this.#queueOf(isCrowded ? apart : this.#options.laneOf(request))
    return new Promise((resolve, reject) => {
      this.#add(queue, { request, since: performance.now(), resolve, reject })
    })
  }

  #queueOf(lane: Lane): Queue {
    const queue = this.#lanes.get(lane.name) ?? new Queue(lane)
    this.#lanes.set(lane.name, queue)
    return queue
  }

  #add(queue: Queue, one: Waiting): void {
    queue.waiting.push(one)
    this.#waiting++
    this.#schedule(queue)
  }

  /** Requests that have no durable record yet. */
  get backlog(): Backlog {
    const [oldest] = this.#runningSince
    const oldestMs = oldest === undefined ? 0 : performance.now() - oldest.at
    return { waiting: this.#waiting, sent: this.#sent, oldestMs }
  }

  /** Resolves when nothing waits and nothing runs. */
  async idle(): Promise<void> {
    if (this.#sent === 0 && this.#waiting === 0) return
    await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  /** At the end of this turn of the event loop, so that requests which were read together go together. */
  #schedule(queue: Queue): void {
    if (queue.isScheduled || !queue.mayStart) return
    queue.isScheduled = true
    setImmediate(() => {
      queue.isScheduled = false
      this.#start(queue)
    })
  }

  #start(queue: Queue): void {
    if (!queue.mayStart) return
    const batch = queue.take()
    this.#waiting -= batch.length
    this.#sent += batch.length
    queue.sent += batch.length
    queue.running++
    queue.deciding++
    const running = { at: performance.now() }
    this.#runningSince.push(running)
    let isDeciding = true
    const onDecided = () => {
      if (!isDeciding) return
      isDeciding = false
      queue.deciding--
      this.#schedule(queue)
    }
    void this.#run(batch, queue, onDecided).finally(() => {
      if (isDeciding) queue.deciding--
      isDeciding = false
      this.#runningSince.splice(this.#runningSince.indexOf(running), 1)
      queue.running--
      queue.sent -= batch.length
      this.#sent -= batch.length
      if (queue.isOver) this.#lanes.delete(queue.lane.name)
      if (queue.waiting.length > 0) this.#start(queue)
      else if (this.#sent === 0 && this.#waiting === 0) for (const resolve of this.#whenIdle.splice(0)) resolve()
    })
    this.#schedule(queue)
  }

  async #run(batch: readonly Waiting[], queue: Queue, onDecided: () => void): Promise<void> {
    try {
      const requests = batch.map(({ request }) => request)
      const since = batch[0]?.since ?? performance.now()
      const outcomes = await this.#options.run(requests, since, queue.lane, onDecided)
      batch.forEach(({ resolve, reject }, at) => {
        const outcome = outcomes[at]
        if (outcome === undefined) reject(new Error('A batch came back shorter than it went.'))
        else resolve(outcome)
      })
    } catch (error) {
      const { apartOf } = this.#options
      if (error instanceof Crowded && apartOf !== undefined && queue.lane.isApart !== true) {
        for (const one of batch) this.#add(this.#queueOf(apartOf(one.request)), one)
        return
      }
      if (batch.length > 1 && isOfOne(error)) return this.#runApart(batch, queue)
      for (const { reject } of batch) reject(error)
      if (!isOfOne(error)) this.#letGo(queue, error)
    }
  }

  #letGo(queue: Queue, error: unknown): void {
    const now = performance.now()
    const stay: Waiting[] = []
    for (const one of queue.waiting) {
      const refusal = tooLateBehind(error, now - one.since, this.#options.maxWaitMs)
      if (refusal === undefined) stay.push(one)
      else one.reject(refusal)
    }
    this.#waiting -= queue.waiting.length - stay.length
    queue.waiting = stay
  }

  /** In halves, until the one at fault is alone. */
  async #runApart(batch: readonly Waiting[], queue: Queue): Promise<void> {
    const middle = batch.length >> 1
    await this.#run(batch.slice(0, middle), queue, () => {})
    await this.#run(batch.slice(middle), queue, () => {})
  }
}

/** What waits in a lane, and what is on its way. */
class Queue {
  readonly lane: Lane
  waiting: Waiting[] = []
  running = 0
  deciding = 0
  /** Requests on their way. */
  sent = 0
  isScheduled = false

  constructor(lane: Lane) {
    this.lane = lane
  }

  /** Whether nobody needs it any more, so that those who come go with all others again. */
  get isOver(): boolean {
    return this.lane.isApart === true && this.waiting.length === 0 && this.running === 0
  }

  /**
   * Whether a batch is to go now. Beside others that are decided it goes only once as many wait as are on their way: so
   * batches grow with the time that they take to be durable, and no crumbs go between them.
   */
  get mayStart(): boolean {
    const { inFlight, deciding } = this.lane
    if (this.waiting.length === 0 || this.running >= inFlight || this.deciding >= deciding) return false
    return this.running === this.deciding || this.waiting.length >= this.sent
  }

  /** As many as the undecided batches divide what waits among them. */
  take(): Waiting[] {
    const share = Math.ceil(this.waiting.length / this.lane.deciding)
    const size = withinWeight(this.waiting, Math.min(Math.max(share, minBatch), maxBatch))
    const batch = this.waiting.slice(0, size)
    this.waiting = this.waiting.slice(size)
    return batch
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

/** Whether nothing of a batch was done because of what one of its requests holds, or rests upon. */
function isOfOne(error: unknown): boolean {
  if (error instanceof Conflicting) return true
  return error instanceof Refusal && (error.code === 'invalid' || error.code === 'integrity_failure')
}
