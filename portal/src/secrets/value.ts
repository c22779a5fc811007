/** Values that are shown: read when asked for, in the state of one component alone, and gone again soon. */
import { useCallback, useEffect, useRef, useState } from 'react'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { onWipe } from '../api/session.ts'

export const shownMs = 30_000

export type Shown =
  | { readonly kind: 'hidden' }
  | { readonly kind: 'loading' }
  | { readonly kind: 'shown'; readonly value: string; readonly until: number }
  | { readonly kind: 'failed'; readonly message: string }

const hidden: Shown = { kind: 'hidden' }

/**
 * @param get reads the value; each call is one record in the audit trail
 * @returns what to show, and how to reveal and hide it. It hides itself after 30 seconds, when the window is left, and
 *   when the session ends; a value that comes after any of that is not shown.
 */
export function useReveal(get: () => Promise<string>) {
  const [shown, setShown] = useState<Shown>(hidden)
  /** Which asking is waited for. */
  const asking = useRef(0)
  const hide = useCallback(() => {
    asking.current++
    setShown(hidden)
  }, [])
  const reveal = async () => {
    const own = ++asking.current
    const answer = (next: Shown) => {
      if (own === asking.current) setShown(next)
    }
    setShown({ kind: 'loading' })
    try {
      const value = await act(get)
      // Nobody may be at a window that was left meanwhile.
      const isLeft = document.hidden || !document.hasFocus()
      answer(isLeft ? hidden : { kind: 'shown', value, until: Date.now() + shownMs })
    } catch (error) {
      answer(error instanceof Cancelled ? hidden : { kind: 'failed', message: sentenceOf(error) })
    }
  }
  const isShown = shown.kind === 'shown'
  useEffect(() => {
    if (!isShown) return undefined
    const timer = setTimeout(hide, shownMs)
    const hideIfHidden = () => document.hidden && hide()
    addEventListener('blur', hide)
    document.addEventListener('visibilitychange', hideIfHidden)
    return () => {
      clearTimeout(timer)
      removeEventListener('blur', hide)
      document.removeEventListener('visibilitychange', hideIfHidden)
    }
  }, [isShown, hide])
  useEffect(() => onWipe(hide), [hide])
  return { shown, reveal, hide }
}
