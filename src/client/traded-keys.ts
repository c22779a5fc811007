/** API keys for whoever has tokens in place of one: traded for before the last one ends, and anew when it is refused. */
import { Connection } from './connection.ts'
import { SignedOut, StrongroomError, Unauthorized } from './errors.ts'
import type { JobKey } from './model.ts'
import { amountOf, type KeySource, keylessSettingsOf, type StrongroomOptions, settingsOf } from './options.ts'
import { isPassing, pauseMs, wait } from './retry.ts'

/** The clocks and the chance that keys are renewed by. */
export interface Clock {
  /** Milliseconds since 1970, as the system has them: they may go back. */
  now(): number
  /** Milliseconds that never go back, and may stand still while the machine sleeps. */
  elapsed(): number
  /** Works once, later. Keeps no process alive. @returns what calls it off */
  after(milliseconds: number, work: () => void): () => void
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>
  /** From 0 to below 1. */
  random(): number
}

export interface TradedKeysOptions extends Omit<StrongroomOptions, 'apiKey' | 'environment' | 'signal'> {
  /** Gets the token that is traded: asked anew at each trade, as tokens are replaced. */
  readonly token: (signal: AbortSignal) => string | Promise<string>
  /** The account that the trust rule is in. `default` unless said otherwise. */
  readonly account?: string
  /** The trust rule. The first that the token fits unless said otherwise. */
  readonly rule?: string
  /** How long a refused trade is tried again before `SignedOut`. 5 minutes unless said otherwise. */
  readonly refusedMs?: number
  readonly clock?: Clock
}

interface Held {
  readonly apiKey: string
  /** When it was asked for, by both clocks. */
  readonly at: number
  readonly atElapsed: number
  /** How long it may be used, and after which time it is renewed. */
  readonly lifeMs: number
  readonly renewAfterMs: number
  /** Whether a request was made under it. */
  isUsed: boolean
  isRefused: boolean
}

/** What a key may be used less than it lives: for the rounding of the server's clock, and for a request under way. */
const marginMs = 3000
const maxPauseMs = 30_000
const usualRefusedMs = 5 * 60 * 1000
const maxRefusedMs = 7 * 24 * 60 * 60 * 1000
/** Of giving a key back. */
const farewellMs = 5000

/** Keeps a `Strongroom` signed in that has it as its `apiKey`. Close it when no request will follow. */
export class TradedKeys implements KeySource {
  /** Aborted with a `SignedOut` once the server has refused every trade for too long. */
  readonly signedOut: AbortSignal

  readonly #options: TradedKeysOptions
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #retries: number
  readonly #refusedMs: number
  readonly #over = new AbortController()
  readonly #closed = new AbortController()
  /** The newest last. Earlier ones may be under way in requests. */
  #held: readonly Held[] = []
  #flight: Promise<Held> | undefined
  #callOff: (() => void) | undefined
  #faults = 0
  /** Before which no trade is tried, and since when all were refused, by the clock that never goes back. */
  #notBefore = Number.NEGATIVE_INFINITY
  #refusedSince: number | undefined
  #fault: unknown

  /** @throws TypeError for options that cannot be right */
  constructor(options: TradedKeysOptions) {
    const settings = keylessSettingsOf(options)
    this.#options = options
    this.#connection = new Connection(settings)
    this.#clock = options.clock ?? systemClock
    this.#retries = settings.retries
    this.#refusedMs = amountOf('refusedMs', options.refusedMs, usualRefusedMs, 0, maxRefusedMs)
    this.signedOut = this.#over.signal
  }

  /**
   * A key that is good now, traded for if there is none.
   *
   * @throws Unauthorized if the server refuses the token; SignedOut once it has for too long; what `token` throws
   */
  async key(signal?: AbortSignal): Promise<string> {
    for (let tries = 0; ; tries++) {
      const held = this.#living()
      if (held !== undefined) return this.#use(held)
      try {
        return this.#use(await orAborted(this.#traded(), signal))
      } catch (error) {
        signal?.throwIfAborted()
        const isLast = tries >= this.#retries || !isPassing(error) || asksTooMuch(error)
        if (isLast || this.#closed.signal.aborted) throw error
      }
    }
  }

  /** Why the last trade failed, if it did. */
  get fault(): unknown {
    return this.#fault
  }

  isGood(apiKey: string): boolean {
    return this.#held.some((held) => held.apiKey === apiKey && !held.isRefused && !this.#hasEnded(held))
  }

  refused(apiKey: string): void {
    for (const held of this.#held) if (held.apiKey === apiKey) held.isRefused = true
  }

  /** Trades no more, and gives the keys back that have not ended. It fails at nothing: a key ends by itself, too. */
  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(closedError())
    this.#callOff?.()
    const living = this.#held.filter(({ apiKey }) => this.isGood(apiKey))
    this.#held = []
    await Promise.all(living.map(({ apiKey }) => this.#giveBack(apiKey).catch(() => {})))
  }

  async #giveBack(apiKey: string): Promise<void> {
    const connection = new Connection(settingsOf({ ...this.#options, apiKey, retries: 0, timeoutMs: farewellMs }))
    await connection.send('DELETE /v3/keys/self', {})
  }

  #living(): Held | undefined {
    const newest = this.#held.at(-1)
    return newest !== undefined && this.isGood(newest.apiKey) ? newest : undefined
  }

  #use(held: Held): string {
    held.isUsed = true
    if (this.#ageOf(held) >= held.renewAfterMs) this.#renew()
    return held.apiKey
  }

  /** By the clock that says more: one stops while the machine sleeps, the other can be set. */
  #ageOf({ at, atElapsed }: Held): number {
    return Math.max(this.#clock.now() - at, this.#clock.elapsed() - atElapsed)
  }

  #hasEnded(held: Held): boolean {
    return this.#ageOf(held) >= held.lifeMs
  }

  /** One trade at a time, for whoever asks meanwhile. */
  #traded(): Promise<Held> {
    this.#flight ??= this.#trade().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  /** In the background: whoever needs a key meanwhile has the old one, or is told why there is none. */
  #renew(): void {
    this.#traded().catch(() => {})
  }

  async #trade(): Promise<Held> {
    const closed = this.#closed.signal
    this.#callOff?.()
    const pause = this.#notBefore - this.#clock.elapsed()
    if (pause > 0) await this.#clock.wait(pause, closed)
    closed.throwIfAborted()
    this.signedOut.throwIfAborted()
    try {
      return this.#take(await this.#ask(closed))
    } catch (error) {
      closed.throwIfAborted()
      throw this.#afterFault(error)
    }
  }

  async #ask(signal: AbortSignal): Promise<Held> {
    const { account, rule } = this.#options
    const token = await this.#options.token(signal)
    const input = { token, ...(account === undefined ? {} : { account }), ...(rule === undefined ? {} : { rule }) }
    // From before it is asked for, whenever the server makes it.
    const [at, atElapsed] = [this.#clock.now(), this.#clock.elapsed()]
    const { body } = await this.#connection.send('POST /v3/auth/oidc', { body: input }, { retries: 0, signal })
    return { at, atElapsed, ...this.#spanOf(body), apiKey: body.api_key, isUsed: false, isRefused: false }
  }

  #spanOf({ expires_in }: JobKey) {
    const lifeMs = expires_in * 1000 - marginMs
    // About two thirds, so that many that began together do not renew together.
    return { lifeMs, renewAfterMs: lifeMs * (0.6 + 0.13 * this.#clock.random()) }
  }

  #take(held: Held): Held {
    this.#held = [...this.#held.filter(({ apiKey }) => this.isGood(apiKey)), held]
    this.#faults = 0
    this.#refusedSince = undefined
    this.#fault = undefined
    this.#notBefore = Number.NEGATIVE_INFINITY
    this.#later(held.renewAfterMs, () => {
      // Nobody needs another one as long as nobody asked under this one.
      if (held.isUsed) this.#renew()
    })
    return held
  }

  /** @returns what is thrown in the place of it */
  #afterFault(error: unknown): unknown {
    this.#fault = error
    const now = this.#clock.elapsed()
    const isRefusal = error instanceof StrongroomError && !isPassing(error)
    const retryAfterMs = error instanceof StrongroomError ? error.retryAfterMs : undefined
    const jitter = pauseMs(this.#faults++, undefined, this.#clock.random(), maxPauseMs) ?? 0
    let pause = (retryAfterMs ?? 0) + jitter
    if (isRefusal) {
      this.#refusedSince ??= now
      const left = this.#refusedSince + this.#refusedMs - now
      // A key that is still good does its work to its end.
      if (left <= 0 && this.#living() === undefined) return this.#giveUp(error)
      if (left > 0) pause = Math.min(pause, left)
    } else {
      // Away is not refused: only refusals one after another count.
      this.#refusedSince = undefined
    }
    this.#notBefore = now + pause
    this.#later(pause, () => this.#renew())
    return error
  }

  #giveUp(last: StrongroomError): SignedOut {
    const seconds = Math.round(this.#refusedMs / 1000)
    const message = `No key was given for the token of this job for ${seconds} seconds: ${last.message}`
    const error = new SignedOut({ code: 'signed_out', message, status: last.status, requestId: last.requestId })
    this.#over.abort(error)
    return error
  }

  #later(milliseconds: number, work: () => void): void {
    this.#callOff?.()
    this.#callOff = this.#clock.after(milliseconds, work)
  }
}

function closedError(): Unauthorized {
  return new Unauthorized({ code: 'signed_out', message: 'This client was closed.' })
}

/** What is asked for is longer than anybody who wants a key now would wait. */
function asksTooMuch(error: unknown): boolean {
  return error instanceof StrongroomError && pauseMs(0, error.retryAfterMs, 0) === undefined
}

function orAborted<T>(flight: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return flight
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason)
    if (signal.aborted) give()
    signal.addEventListener('abort', give, { once: true })
    flight.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}

const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (milliseconds, work) => {
    const timer = setTimeout(work, milliseconds)
    letEnd(timer)
    return () => clearTimeout(timer)
  },
  wait: (milliseconds, signal) => wait(milliseconds, signal),
  random: () => Math.random(),
}

/** Where timers keep a process alive, this one does not. */
function letEnd(timer: unknown): void {
  if (typeof timer === 'object' && timer !== null && 'unref' in timer && typeof timer.unref === 'function')
    timer.unref()
}
