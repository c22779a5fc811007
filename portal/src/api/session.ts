/** Who is signed in, kept outside of React, so that a call that fails can ask for it. */
import { useSyncExternalStore } from 'react'
import type { Session } from './client.ts'
import { keepAccount } from './last-account.ts'
import { sessions } from './sessions.ts'

export type State =
  | { readonly kind: 'loading' }
  | { readonly kind: 'out' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'in'; readonly session: Session; readonly hasEnded: boolean; readonly isConfirming: boolean }

let state: State = { kind: 'loading' }
const listeners = new Set<() => void>()
/** Told when the session ends: whoever holds a value drops it. */
const wipers = new Set<() => void>()
let waiting: (() => void)[] = []
let confirming: ((isConfirmed: boolean) => void)[] = []

function set(next: State): void {
  state = next
  for (const tell of listeners) tell()
}

export function useSessionState(): State {
  return useSyncExternalStore(subscribe, () => state)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The session of a page that is only shown to whoever is signed in. */
export function useSession(): Session {
  const current = useSessionState()
  if (current.kind !== 'in') throw new Error('Nobody is signed in.')
  return current.session
}

export async function loadSession(): Promise<void> {
  try {
    signedIn(await sessions.current())
  } catch (error) {
    const isOut = typeof error === 'object' && error !== null && 'status' in error && error.status === 401
    set(isOut ? { kind: 'out' } : { kind: 'failed', error })
  }
}

/** @returns whether it is another person than before, so that nothing of the page may stay */
export function signedIn(session: Session): boolean {
  const isOther = state.kind === 'in' && !isSamePerson(state.session, session)
  keepAccount(session.account.name)
  set({ kind: 'in', session, hasEnded: false, isConfirming: false })
  const [called, answers] = [waiting, confirming]
  waiting = []
  confirming = []
  for (const go of called) go()
  for (const answer of answers) answer(true)
  return isOther
}

/** Users are counted in each account. */
export function isSamePerson(a: Session, b: Session): boolean {
  return a.account.id === b.account.id && a.user.id === b.user.id
}

export function signedOut(): void {
  wipe()
  set({ kind: 'out' })
}

/** Asks for a sign-in in place, and resolves after it. */
export function endSession(): Promise<void> {
  wipe()
  if (state.kind !== 'in') set({ kind: 'out' })
  else if (!state.hasEnded) set({ ...state, hasEnded: true })
  return new Promise((resolve) => waiting.push(resolve))
}

/** Asks for the password once more; resolves to whether it was given. */
export function confirmAction(): Promise<boolean> {
  if (state.kind === 'in' && !state.isConfirming) set({ ...state, isConfirming: true })
  return new Promise((resolve) => confirming.push(resolve))
}

export function cancelConfirmation(): void {
  if (state.kind === 'in') set({ ...state, isConfirming: false })
  const answers = confirming
  confirming = []
  for (const answer of answers) answer(false)
}

/** Calls `drop` whenever values must go. */
export function onWipe(drop: () => void): () => void {
  wipers.add(drop)
  return () => wipers.delete(drop)
}

function wipe(): void {
  for (const drop of wipers) drop()
}
