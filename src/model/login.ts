/**
 * A command that asks for an API key, until a person confirms or refuses it in the portal: device authorization as RFC 8628
 * has it, with what stands for a person's own key. Times are milliseconds since 1970.
 */
import { invalid } from '../errors.ts'
import { meet, type Scope } from './scope.ts'

/** `expired` is none of these: it follows from the time. */
export type LoginState = 'pending' | 'approved' | 'refused' | 'cancelled' | 'redeemed'

export interface Login {
  readonly accountId: number
  readonly id: number
  /** Random and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  /** The look-up hash of the device code, which the command alone has; hexadecimal. */
  readonly deviceHash: string
  /** The look-up hash of the user code, which a person types; hexadecimal. */
  readonly codeHash: string
  /** What the command says that its computer is called. */
  readonly host: string
  /** Where it asked from. */
  readonly address: string
  /** What it asks for, as canonical texts; none for all that the person may do with secrets. */
  readonly scopes: readonly string[]
  /** How long its key is to live. */
  readonly lifetimeSeconds: number
  /** Whether it asks for a key that is good from its own address alone. */
  readonly wantsNetwork: boolean
  readonly createdAt: number
  /** When its codes end. */
  readonly expiresAt: number
  readonly state: LoginState
  /** Who confirmed it, with the generation that they were of then. */
  readonly userId: number | null
  readonly userGeneration: number
  /** What the person gave it. */
  readonly granted: readonly string[]
  readonly networks: readonly string[]
  /** When the command last asked, and how long it has to wait between two questions. */
  readonly polledAt: number
  readonly intervalSeconds: number
  readonly mac: Uint8Array
}

/** Long enough to sign in first, short enough that a code in a mail is worthless (RFC 8628, 5.4). */
export const loginLifetimeMs = 10 * 60 * 1000
/** What is over is still told so, for as long. */
export const loginLingersMs = 60 * 60 * 1000

/** RFC 8628, 3.2 and 3.5: whoever asks faster waits five seconds more from then on. */
export const firstIntervalSeconds = 5
const slowerBySeconds = 5
const maxIntervalSeconds = 60
/** A question that was sent in time may arrive a little early. */
const earlyMs = 1000

export const defaultKeySeconds = 12 * 60 * 60
export const maxKeySeconds = 30 * 24 * 60 * 60
const minKeySeconds = 5 * 60

/** @throws Refusal `invalid` naming `expires_in` */
export function checkKeySeconds(seconds: number): number {
  if (Number.isInteger(seconds) && seconds >= minKeySeconds && seconds <= maxKeySeconds) return seconds
  throw invalid('expires_in', `Must be a whole number of seconds from ${minKeySeconds} to ${maxKeySeconds}.`)
}

/** Consonants that spell no word and are not mistaken for one another (RFC 8628, 6.1): 34 bits in eight of them. */
export const codeLetters = 'BCDFGHJKLMNPQRSTVWXZ'
export const codeLength = 8

/** As people read it out: in two groups. */
export function formatUserCode(code: string): string {
  return `${code.slice(0, codeLength / 2)}-${code.slice(codeLength / 2)}`
}

/** What somebody typed, whatever they put between; `undefined` for what no code can be. */
export function readUserCode(text: string): string | undefined {
  const code = text.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
  return code.length === codeLength && [...code].every((letter) => codeLetters.includes(letter)) ? code : undefined
}

/** Whether a person may still confirm it, or the command fetch what it was given. */
export function isOpenLogin({ state, expiresAt }: Login, now: number): boolean {
  return (state === 'pending' || state === 'approved') && expiresAt > now
}

/** The row after the command asked, and whether it asked too soon. */
export function polled(login: Login, now: number): { readonly next: Omit<Login, 'mac'>; readonly isTooSoon: boolean } {
  const isTooSoon = login.polledAt > 0 && now < login.polledAt + login.intervalSeconds * 1000 - earlyMs
  const slower = Math.min(maxIntervalSeconds, login.intervalSeconds + slowerBySeconds)
  const intervalSeconds = isTooSoon ? slower : login.intervalSeconds
  return { next: { ...login, polledAt: now, intervalSeconds }, isTooSoon }
}

/** All that somebody may do with secrets: what a command gets that asks for nothing in particular. */
export function secretScopes(own: readonly Scope[]): readonly Scope[] {
  const wanted = ['secrets:list', 'secrets:read', 'secrets:write', 'secrets:delete'] as const
  return meet(
    wanted.map((right) => ({ right, pattern: '*', environment: null })),
    own,
  )
}
