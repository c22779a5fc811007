/** Something that a person asked for and that may fail: whether it is on its way, and what became of it. */
import { useState } from 'react'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { useIsHere } from './here.ts'
import { toast } from './toast.tsx'

/** @returns whether it was done; `trouble` is the sentence of the last failure, `error` the failure itself */
export function useAttempt() {
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const isHere = useIsHere()
  const attempt = async (what: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true)
    setError(undefined)
    try {
      await act(what)
      return true
    } catch (failure) {
      if (failure instanceof Cancelled) return false
      // Where nobody sees the form any more, it is said in the corner.
      if (isHere.current) setError(failure)
      else toast(sentenceOf(failure), true)
      return false
    } finally {
      setBusy(false)
    }
  }
  return { attempt, isBusy, error, trouble: error === undefined ? undefined : sentenceOf(error) }
}

/** The same for a button: what went wrong is said in the corner. */
export async function attempt(what: () => Promise<unknown>): Promise<void> {
  try {
    await act(what)
  } catch (failure) {
    if (!(failure instanceof Cancelled)) toast(sentenceOf(failure), true)
  }
}
