/** Values that are shown: read when asked for, in the state of one component alone, and gone again soon. */
import { useCallback, useEffect, useState } from 'react'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { onWipe } from '../session/store.ts'

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
 *   when the session ends.
 */
export function useReveal(get: () => Promise<string>) {
  const [shown, setShown] = useState<Shown>(hidden)
  const hide = useCallback(() => setShown(hidden), [])
  const reveal = async () => {
    setShown({ kind: 'loading' })
    try {
      const value = await act(get)
      setShown((now) => (now.kind === 'loading' ? { kind: 'shown', value, until: Date.now() + shownMs } : now))
    } catch (error) {
      setShown(error instanceof Cancelled ? hidden : { kind: 'failed', message: sentenceOf(error) })
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
