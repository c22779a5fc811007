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

/** What is answered after somebody else has signed in or out, or after another asking, is nobody's any more. */
export async function loadSession(): Promise<void> {
  const from = asker
  try {
    const session = await sessions.current()
    if (from === asker) signedIn(session)
  } catch (error) {
    if (from !== asker) return
    set(isOut(error) ? { kind: 'out' } : { kind: 'failed', error })
  }
}

/** @returns whether it is another person than before, so that nothing of the page may stay */
export function signedIn(session: Session): boolean {
  const isOther = state.kind === 'in' && !isSamePerson(state.session, session)
  keepAccount(session.account.name)
  asker = { person: asker.person + (isOther ? 1 : 0), session: asker.session + 1 }
  set({ kind: 'in', session, hasEnded: false, isConfirming: false })
  answerAll(!isOther)
  tabs.postMessage(session)
  return isOther
}

/** All tabs of a browser have one cookie: whoever signs in or out in one of them does so in all. */
const tabs = new BroadcastChannel('strongroom-session')
tabs.onmessage = ({ data }: MessageEvent<Session | null>) => meet(data)

/** Somebody else, or nobody any more: what this tab asks from now on would be in their name. */
function meet(session: Session | null): void {
  if (expecting === 0 && state.kind === 'in' && (session === null || !isSamePerson(state.session, session))) lock()
}

/** Questions of this tab that another window answers, whoever signs in there. */
let expecting = 0

/** Until what it gives is called, this tab asks itself who is signed in once that window is done. */
export function expectSignIn(): () => void {
  expecting++
  return () => {
    expecting--
  }
}

/** A page that comes out of the cache of the browser may be of a session that has ended, and of whoever was there before. */
addEventListener('pageshow', ({ persisted }) => {
  if (persisted && state.kind === 'in') void sessions.current().then(meet, (error) => isOut(error) && meet(null))
})

function isOut(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'status' in error && error.status === 401
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

/** The session has ended, by the person who was in it: in all tabs. */
export function signedOut(): void {
  tabs.postMessage(null)
  leave()
}

/** Whoever was here goes; somebody else may be signed in meanwhile, in another tab. What comes next is another document. */
export function leave(): void {
  wipe()
  asker = { person: asker.person + 1, session: asker.session }
  set({ kind: 'loading' })
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
  lock()
  return new Promise((resolve) => waiting.push(resolve))
}

/** Nothing is asked for before somebody has signed in. */
function lock(): void {
  wipe()
  if (state.kind !== 'in') set({ kind: 'out' })
  else if (!state.hasEnded) set({ ...state, hasEnded: true })
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
