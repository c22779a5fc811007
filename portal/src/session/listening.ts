/** Streams of events that this tab listens to, while somebody is signed in and looks at it; and how often it acts upon what it is told. */
import { useSyncExternalStore } from 'react'
import { useSessionState } from '../api/session.ts'

/** What comes at once is asked for at once. */
const leastMs = 300
/** Where changes do not end, it is asked more and more seldom, as each asking is recorded. */
const mostMs = 10_000
/** Changes that are further apart come one by one. */
const calmMs = 3_000

/** What ends the streams of this tab. */
const listeners = new Set<AbortController>()
/** As long as a server takes to see that nobody listens any more. */
const hangUpMs = 50

/** Before somebody signs out: a stream that ends with its session is refused, which is recorded. */
export async function stopListening(): Promise<void> {
  if (listeners.size === 0) return
  for (const listener of listeners) listener.abort()
  listeners.clear()
  await new Promise((resolve) => setTimeout(resolve, hangUpMs))
}

/** A stream that begins: the signal that ends it, and what gives that. */
export function begin(): { readonly signal: AbortSignal; readonly end: () => void } {
  const stop = new AbortController()
  listeners.add(stop)
  const end = () => {
    listeners.delete(stop)
    stop.abort()
  }
  return { signal: stop.signal, end }
}

/** Whether somebody is signed in and looks at this tab. */
export function useIsLooking(): boolean {
  const state = useSessionState()
  return useIsVisible() && state.kind === 'in' && !state.hasEnded
}

/** Has something done soon after it is asked for, once for all that ask meanwhile, and more seldom where asking does not end. */
export class Pace {
  readonly #run: () => void
  #pauseMs = 0
  #lastAt = Number.NEGATIVE_INFINITY
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(run: () => void) {
    this.#run = run
  }

  soon(): void {
    if (this.#timer !== undefined) return
    const isCalm = Date.now() - this.#lastAt > calmMs + 2 * this.#pauseMs
    this.#pauseMs = isCalm ? leastMs : Math.min(this.#pauseMs * 2, mostMs)
    this.#timer = setTimeout(() => this.now(), this.#pauseMs)
  }

  now(): void {
    this.stop()
    this.#lastAt = Date.now()
    this.#run()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
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
