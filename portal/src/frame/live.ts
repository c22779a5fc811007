/**
 * What is shown is asked for anew when somebody else has changed it: one stream of events for a tab, while it is in sight.
 * Whoever may not listen, or whose stream breaks, sees what they ask for, as without it.
 */
import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useSyncExternalStore } from 'react'
import { isActing } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { useSessionState } from '../api/session.ts'
import { useRights } from '../session/rights.ts'
import { changeActions, isLive, makesOld } from './changes.ts'

/** What comes at once is asked for at once. */
const leastMs = 300
/** Where changes do not end, it is asked more and more seldom, as each asking is recorded. */
const mostMs = 10_000
/** Changes that are further apart come one by one. */
const calmMs = 3_000
/** An answer that was asked for so long before the stream began may be old already. */
const slackMs = 1_000

/** What ends the stream of this tab. */
let listener: AbortController | undefined
/** As long as a server takes to see that nobody listens any more. */
const hangUpMs = 50

/** Before somebody signs out: a stream that ends with its session is refused, which is recorded. */
export async function stopListening(): Promise<void> {
  if (listener === undefined || listener.signal.aborted) return
  listener.abort()
  await new Promise((resolve) => setTimeout(resolve, hangUpMs))
}

export function useLive(): void {
  const cache = useQueryClient()
  const state = useSessionState()
  const { has } = useRights()
  const mayListen = has('secrets:list') || has('secrets:read') || has('audit:read')
  const isVisible = useIsVisible()
  const place = useRef<Place>({ last: undefined, isUnknown: false })
  const isOn = mayListen && isVisible && state.kind === 'in' && !state.hasEnded
  const me = state.kind === 'in' ? state.session.user.id : undefined
  useEffect(() => {
    if (!isOn) return undefined
    const stop = new AbortController()
    listener = stop
    const refreshing = new Refreshing(cache, stop.signal)
    // Why it ended is not said: whoever is signed out, or may not see a page any more, is told by what they ask next.
    void listen(refreshing, stop.signal, me, place.current).catch(() => {})
    return () => {
      place.current.isUnknown = place.current.last === undefined
      stop.abort()
    }
  }, [isOn, me, cache])
}

/** Where a tab is in the trail. */
interface Place {
  /** The last event, from where it goes on when the tab is in sight again. */
  last: number | undefined
  /** Whether it listened, and stopped before it knew where it was: it cannot go on from there. */
  isUnknown: boolean
}

async function listen(
  refreshing: Refreshing,
  signal: AbortSignal,
  me: number | undefined,
  place: Place,
): Promise<void> {
  const onPosition = ({ position, missed }: { readonly position: number; readonly missed: boolean }) => {
    if (missed || place.isUnknown) refreshing.add(({ queryKey }) => isLive(queryKey), Date.now())
    else if (place.last === undefined) refreshing.add(({ queryKey }) => isLive(queryKey), Date.now() - slackMs)
    place.last ??= position
    place.isUnknown = false
  }
  const from = place.last === undefined ? {} : { after: place.last }
  for await (const event of strongroom.events({ actions: changeActions, signal, onPosition, ...from })) {
    place.last = event.id
    // What this tab did, its dialog has asked for anew.
    const isOurs = isActing() && event.principal?.kind === 'user' && event.principal.id === me
    refreshing.add((query) => makesOld(event, query.queryKey) && !(isOurs && query.isActive()), Date.now())
  }
}

type Affected = (query: Query) => boolean

/** Has the answers asked for anew that events have made old: several events' together. */
class Refreshing {
  readonly #cache: QueryClient
  readonly #signal: AbortSignal
  /** When each answer was asked for last. */
  readonly #asked = new WeakMap<Query, number>()
  #affected: readonly (readonly [isAffected: Affected, since: number])[] = []
  #pauseMs = 0
  #lastAt = Number.NEGATIVE_INFINITY
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(cache: QueryClient, signal: AbortSignal) {
    this.#cache = cache
    this.#signal = signal
    for (const query of cache.getQueryCache().getAll()) {
      const { fetchStatus, dataUpdatedAt } = query.state
      this.#asked.set(query, fetchStatus === 'idle' ? dataUpdatedAt : Date.now())
    }
    const unsubscribe = cache.getQueryCache().subscribe((event) => {
      if (event.type === 'updated' && event.action.type === 'fetch') this.#asked.set(event.query, Date.now())
    })
    signal.addEventListener('abort', () => {
      unsubscribe()
      clearTimeout(this.#timer)
      // What was told and not done yet is old all the same.
      this.#refresh()
    })
  }

  /** @param since what was asked for later knows of it already */
  add(isAffected: Affected, since: number): void {
    if (this.#signal.aborted) return
    this.#affected = [...this.#affected, [isAffected, since]]
    if (this.#timer !== undefined) return
    const isCalm = Date.now() - this.#lastAt > calmMs + 2 * this.#pauseMs
    this.#pauseMs = isCalm ? leastMs : Math.min(this.#pauseMs * 2, mostMs)
    this.#timer = setTimeout(() => this.#refresh(), this.#pauseMs)
  }

  #refresh(): void {
    const affected = this.#affected
    this.#affected = []
    this.#timer = undefined
    this.#lastAt = Date.now()
    const isOld = (query: Query) => {
      const at = this.#asked.get(query) ?? Number.NEGATIVE_INFINITY
      return affected.some(([isAffected, since]) => at < since && isAffected(query))
    }
    void this.#cache.invalidateQueries({ predicate: isOld })
  }
}

function useIsVisible(): boolean {
  return useSyncExternalStore(
    (listener) => {
      document.addEventListener('visibilitychange', listener)
      return () => document.removeEventListener('visibilitychange', listener)
    },
    () => document.visibilityState === 'visible',
  )
}
