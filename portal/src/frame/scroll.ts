/** How far a page was scrolled when somebody left it: kept with its entry in the history, so that Back leads there. */
import { type RefObject, useEffect } from 'react'

/** As long as a page may take to be as long again as it was. */
const patienceMs = 2000

/** To be called before another page comes. */
export function keepScroll(): void {
  const top = document.getElementById('main')?.scrollTop ?? 0
  const state: unknown = history.state
  if (top > 0) history.replaceState({ ...(isObject(state) ? state : {}), top }, '')
}

/** A new page begins at its top; one that is come back to, where it was left. */
export function useScroll(main: RefObject<HTMLElement | null>, location: string): void {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another place is another page
  useEffect(() => {
    const element = main.current
    if (element === null) return undefined
    const top = leftAt()
    const until = performance.now() + patienceMs
    let frame = 0
    const go = () => {
      element.scrollTo(0, top)
      // What it shows may be on its way.
      if (element.scrollTop < top && performance.now() < until) frame = requestAnimationFrame(go)
    }
    const stop = () => cancelAnimationFrame(frame)
    go()
    const byHand = ['wheel', 'touchmove', 'keydown', 'pointerdown'] as const
    for (const event of byHand) addEventListener(event, stop, { passive: true })
    return () => {
      stop()
      for (const event of byHand) removeEventListener(event, stop)
    }
  }, [main, location])
}

function leftAt(): number {
  const state: unknown = history.state
  return isObject(state) && 'top' in state && typeof state.top === 'number' ? state.top : 0
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
