/** When to look whether something has changed: as soon as the server tells of it; where it cannot, from time to time. */
import { setTimeout } from 'node:timers/promises'
import { Forbidden, NotFound, StrongroomError, Unauthorized } from '../client/errors.ts'
import type { StrongroomEvent } from '../client/events.ts'
import type { Metadata } from '../client/model.ts'
import { pauseMs } from '../client/retry.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { matches } from '../model/pattern.ts'
import { keysOf } from './connection.ts'

/** What comes at once is looked at together. */
const debounceMs = 200
/** How long it is waited for the stream, before anything is read. */
const readyMs = 2_000
/** Between two tries to listen again. */
const maxPauseMs = 30_000

/** By which a value, or what a name leads to, becomes another. */
const actions = [
  ...['secret.create', 'secret.update', 'secret.delete', 'secret.move', 'secret.restore', 'secret.rollback'],
  ...['version.restore', 'list.rename', 'list.delete', 'list.restore', 'environment.update', 'environment.restore'],
]

type Listed = Pick<Metadata, 'id' | 'type'>

/** Whether some of it is made of others, whatever they are called: of their changes no version of its own tells. */
export function hasTemplate(found: readonly Pick<Metadata, 'type'>[]): boolean {
  return found.some(({ type }) => type === 'template')
}

export class Changes {
  readonly #intervalMs: number
  /** Names and patterns of what is watched; `undefined` for all that there is. */
  #patterns: readonly string[] | undefined
  /** Of what is watched, by whatever names it goes. */
  readonly #ids = new Set<number>()
  readonly #stop = new AbortController()
  /** Whether the server tells of changes. */
  #isTold = false
  #isDue = false
  /** Whether what was told of is still to be looked at. */
  #isBehind = false
  #isReady = false
  /** When the server was last heard. */
  #lostAt = 0
  #wake = () => {}
  readonly #first: Promise<void>

  /** @param intervalMs how often to look where nobody tells */
  constructor(client: Strongroom, intervalMs: number) {
    this.#intervalMs = intervalMs
    this.#first = new Promise((resolve) => void this.#listen(client, resolve))
  }

  /** Whether looking costs nothing as long as nothing is told. */
  get isTold(): boolean {
    return this.#isTold
  }

  /**
   * Tells of nothing but these from now on; before, of every secret. Called between listing and reading, no change is missed.
   *
   * @param patterns names and patterns of what is watched; `undefined` for all that there is
   */
  follow(patterns: readonly string[] | undefined, found: readonly Listed[]): void {
    for (const { id } of found) this.#ids.add(id)
    this.#patterns = hasTemplate(found) ? undefined : patterns
  }

  /** Resolves when all that comes from now on is told, or nothing will be. */
  async ready(): Promise<void> {
    const late = new AbortController()
    await Promise.race([this.#first, setTimeout(readyMs, undefined, { signal: late.signal }).catch(() => {})])
    late.abort()
    this.#isReady = true
  }

  /** Resolves when it is time to look, or the signal ends it. */
  async next(signal: AbortSignal): Promise<void> {
    const begun = performance.now()
    while (!signal.aborted) {
      if (this.#isDue) return this.#settle(signal)
      const isTold = this.#isTold && !this.#isBehind
      const left = Math.max(begun, this.#lostAt) + this.#intervalMs - performance.now()
      if (!isTold && left <= 0) return this.#begin()
      await this.#woken(isTold ? undefined : left, signal)
    }
  }

  /** What the last look was for is looked at again, after the interval: nobody tells of it twice. */
  lookFailed(): void {
    this.#isBehind = true
  }

  close(): void {
    this.#stop.abort()
  }

  async #settle(signal: AbortSignal): Promise<void> {
    await setTimeout(debounceMs, undefined, { signal }).catch(() => {})
    this.#begin()
  }

  #begin(): void {
    this.#isDue = false
    this.#isBehind = false
  }

  async #woken(ms: number | undefined, signal: AbortSignal): Promise<void> {
    const pause = new AbortController()
    const either = AbortSignal.any([signal, pause.signal])
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    // A timer in any case: without one nothing would keep the process going while the server is away.
    const over = setTimeout(ms ?? 2 ** 30, undefined, { signal: either }).catch(() => {})
    await Promise.race([woken, over])
    pause.abort()
  }

  async #listen(client: Strongroom, onFirst: () => void): Promise<void> {
    const { signal } = this.#stop
    for (let tries = 0; !signal.aborted; tries++) {
      if (await this.#listenOnce(client, onFirst)) return
      // Nobody is told while tokens are refused, and they may be taken again.
      const pause = pauseMs(tries, undefined, Math.random(), maxPauseMs) ?? maxPauseMs
      await setTimeout(pause, undefined, { signal, ref: false }).catch(() => {})
    }
  }

  /** @returns whether listening again would help nobody */
  async #listenOnce(client: Strongroom, onFirst: () => void): Promise<boolean> {
    let isFirst = true
    const { signal } = this.#stop
    const onPosition = ({ missed }: { readonly missed: boolean }) => {
      this.#isTold = true
      // Connected anew, it goes on where it was; for the first time, something may have been before.
      if (missed || (isFirst && this.#isReady)) this.#look()
      if (isFirst) onFirst()
      isFirst = false
      this.#wake()
    }
    const onDisconnect = () => {
      if (this.#isTold) this.#lostAt = performance.now()
      this.#isTold = false
      this.#wake()
    }
    try {
      for await (const event of client.events({ signal, actions, onPosition, onDisconnect })) {
        if (event.outcome === 'ok' && isAbout(event, this.#patterns, this.#ids)) this.#look()
      }
      return true
    } catch (error) {
      // An older server has no events; a key or a right that has ended is found by looking, and said then.
      const isKnown = error instanceof NotFound || error instanceof Forbidden || error instanceof StrongroomError
      if (!signal.aborted && !isKnown) throw error
      const keys = keysOf(client)
      return keys === undefined || keys.signedOut.aborted || !(error instanceof Unauthorized)
    } finally {
      this.#isTold = false
      onFirst()
      this.#wake()
      // Why it has ended, who looks is told.
      if (!signal.aborted && this.#isReady) this.#look()
    }
  }

  #look(): void {
    this.#isDue = true
    this.#wake()
  }
}

function isAbout(
  { object }: StrongroomEvent,
  patterns: readonly string[] | undefined,
  ids: ReadonlySet<number>,
): boolean {
  if (object?.kind !== 'secret' || patterns === undefined) return true
  const { id, name } = object
  return (id !== null && ids.has(id)) || (name !== null && patterns.some((pattern) => matches(pattern, name)))
}
