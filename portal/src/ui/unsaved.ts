/** What is typed and not saved: leaving the page asks first, by a link, by the keys of the browser, or by closing the window. */
import { useEffect, useId, useSyncExternalStore } from 'react'

const unsaved = new Set<string>()
let waiting: (() => void) | undefined
const listeners = new Set<() => void>()

function tell(): void {
  for (const listener of listeners) listener()
}

/** While it is so, leaving the page asks. */
export function useUnsaved(isUnsaved: boolean): void {
  const id = useId()
  useEffect(() => {
    if (!isUnsaved) return undefined
    unsaved.add(id)
    return () => {
      unsaved.delete(id)
    }
  }, [id, isUnsaved])
}

/** Goes at once, or once somebody has said that what they typed may go. */
export function leave(go: () => void): void {
  if (unsaved.size === 0) go()
  else {
    waiting = go
    tell()
  }
}

export function useAskedToLeave(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => waiting !== undefined,
  )
}

export function answerLeaving(mayGo: boolean): void {
  const go = waiting
  waiting = undefined
  if (mayGo) {
    unsaved.clear()
    go?.()
  }
  tell()
}

/** Before anything else hears of it: going back or forth in the history, and closing the window. */
export function guardLeaving(): void {
  let isOurs = false
  addEventListener('popstate', (event) => {
    if (isOurs) {
      // It is where it was.
      isOurs = false
      event.stopImmediatePropagation()
      leave(() => history.go(-1))
      return
    }
    if (unsaved.size === 0) return
    event.stopImmediatePropagation()
    isOurs = true
    history.go(1)
  })
  addEventListener('beforeunload', (event) => {
    if (unsaved.size > 0) event.preventDefault()
  })
}
