/**
 * What is shown is asked for anew when somebody else has changed it: one stream of events for a tab, while it is in sight.
 * Whoever may not listen, or whose stream breaks, sees what they ask for, as without it.
 */
import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { isActing } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { useSessionState } from '../api/session.ts'
import { begin, Pace, useIsLooking } from '../session/listening.ts'
import { useRights } from '../session/rights.ts'
import { changeActions, isLive, makesOld } from './changes.ts'

/** An answer that was asked for so long before the stream began may be old already. */
const slackMs = 1_000

export function useLive(): void {
  const cache = useQueryClient()
  const state = useSessionState()
  const { has } = useRights()
  const mayListen = has('secrets:list') || has('secrets:read') || has('audit:read')
  const place = useRef<Place>({ last: undefined, isUnknown: false })
  const isOn = useIsLooking() && mayListen
  const me = state.kind === 'in' ? state.session.user.id : undefined
  useEffect(() => {
    if (!isOn) return undefined
    const { signal, end } = begin()
    const refreshing = new Refreshing(cache, signal)
    // Why it ended is not said: whoever is signed out, or may not see a page any more, is told by what they ask next.
    void listen(refreshing, signal, me, place.current).catch(() => {})
    return () => {
      place.current.isUnknown = place.current.last === undefined
      end()
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
  readonly #pace = new Pace(() => this.#refresh())
  readonly #signal: AbortSignal
  /** When each answer was asked for last. */
  readonly #asked = new WeakMap<Query, number>()
  #affected: readonly (readonly [isAffected: Affected, since: number])[] = []

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
      // What was told and not done yet is old all the same.
      this.#pace.now()
    })
  }

  /** @param since what was asked for later knows of it already */
  add(isAffected: Affected, since: number): void {
    if (this.#signal.aborted) return
    this.#affected = [...this.#affected, [isAffected, since]]
    this.#pace.soon()
  }

  #refresh(): void {
    const affected = this.#affected
    this.#affected = []
    const isOld = (query: Query) => {
      const at = this.#asked.get(query) ?? Number.NEGATIVE_INFINITY
      return affected.some(([isAffected, since]) => at < since && isAffected(query))
    }
    void this.#cache.invalidateQueries({ predicate: isOld })
  }
}
