/** What is typed, once somebody pauses: not every letter is a question. */
import { useEffect, useState } from 'react'

const pauseMs = 150

/** The text as it was when it last stayed the same for a moment; at once when it is emptied. */
export function useLater(text: string): string {
  const [late, setLate] = useState(text)
  useEffect(() => {
    const timer = setTimeout(() => setLate(text), text === '' ? 0 : pauseMs)
    return () => clearTimeout(timer)
  }, [text])
  return text === '' ? text : late
}

/** Of a form that is filled in, for questions that are recorded each time. */
const settledMs = 700

/** What there is once it has stayed the same for a while; what is there from the beginning, at once. */
export function useSettled<T>(value: T): T {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), settledMs)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
