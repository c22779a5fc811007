/** What is typed and not saved: leaving the page asks first, by a link, by the keys of the browser, or by closing the window. */
import { useEffect, useId, useSyncExternalStore } from 'react'

/** What is lost with the page that it is on. */
const unsaved = new Set<string>()
/** What stays while one goes from page to page, and is lost with the document. */
const held = new Set<string>()
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

/** While it is so, leaving the document asks. @param what tells it from others */
export function holdDocument(what: string, isUnsaved: boolean): void {
  if (isUnsaved) held.add(what)
  else held.delete(what)
}

/** Goes to another page at once, or once somebody has said that what they typed may go. */
export function leave(go: () => void): void {
  askFirst(unsaved.size > 0, () => {
    pageSaved()
    go()
  })
}

/** The same, where another document comes. */
export function leaveDocument(go: () => void): void {
  askFirst(unsaved.size + held.size > 0, () => {
    forget()
    go()
  })
}

function askFirst(isUnsaved: boolean, go: () => void): void {
  if (!isUnsaved) go()
  else {
    waiting = go
    tell()
  }
}

/** What is typed on this page is saved, or is nobody's: nothing asks for it. */
export function pageSaved(): void {
  unsaved.clear()
}

/** Nothing that was typed is asked for any more. */
export function forget(): void {
  unsaved.clear()
  held.clear()
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
  if (mayGo) go?.()
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
    if (unsaved.size + held.size > 0) event.preventDefault()
  })
}
