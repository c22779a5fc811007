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
let waiting: ((isBack: boolean) => void)[] = []
let confirming: ((isConfirmed: boolean) => void)[] = []

/** Who asks for something, and in which of their sessions. */
export interface Asker {
  readonly person: number
  readonly session: number
}

let asker: Asker = { person: 0, session: 0 }

/** Whoever is there: what is asked now is theirs. */
export function currentAsker(): Asker {
  return asker
}

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
  asker = { person: asker.person + (isOther ? 1 : 0), session: asker.session + 1 }
  set({ kind: 'in', session, hasEnded: false, isConfirming: false })
  answerAll(!isOther)
  return isOther
}

/** Those that wait for somebody: what another person asked for is not gone on with. */
function answerAll(isSame: boolean): void {
  const answers = [...waiting, ...confirming]
  waiting = []
  confirming = []
  for (const answer of answers) answer(isSame)
}

/** Users are counted in each account. */
export function isSamePerson(a: Session, b: Session): boolean {
  return a.account.id === b.account.id && a.user.id === b.user.id
}

export function signedOut(): void {
  wipe()
  asker = { person: asker.person + 1, session: asker.session }
  set({ kind: 'out' })
  answerAll(false)
}

/**
 * Asks for a sign-in in place, unless there has been one since.
 *
 * @param from who asked for what was refused
 * @returns whether they are back, after it
 */
export async function endSession(from: Asker): Promise<boolean> {
  if (from.person !== asker.person) return false
  if (from.session !== asker.session) return true
  wipe()
  if (state.kind !== 'in') set({ kind: 'out' })
  else if (!state.hasEnded) set({ ...state, hasEnded: true })
  return new Promise((resolve) => waiting.push(resolve))
}

/** Asks for the password once more; resolves to whether it was given. @param from who asked for what needs it */
export async function confirmAction(from: Asker): Promise<boolean> {
  if (from.person !== asker.person) return false
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
