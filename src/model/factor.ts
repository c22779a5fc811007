/** What a user can prove who they are with, beside the password: passkeys, an authenticator app, recovery codes, SSO. */
import type { User } from './user.ts'

/** `subject`: somebody whom the account's identity provider knows. */
export type FactorKind = 'passkey' | 'totp' | 'recovery_codes' | 'subject'

/** Times are milliseconds since 1970. */
export interface Factor {
  readonly accountId: number
  /** Counted with the account's API keys and sessions. */
  readonly id: number
  /** Random and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  readonly userId: number
  readonly kind: FactorKind
  readonly name: string
  /** What it is found by when nobody has said who they are, of no other factor of any account. */
  readonly lookup: string | null
  /** JSON of the shape that the kind has. */
  readonly data: string
  readonly createdAt: number
  /** Not authenticated. */
  readonly usedAt: number | null
  readonly mac: Uint8Array
}

export interface PasskeyData {
  /** COSE, base64url. */
  readonly publicKey: string
  /** Signatures as the authenticator counts them; 0 for one that does not. */
  readonly counter: number
  readonly transports: readonly string[]
}

export interface TotpData {
  /** The shared secret, sealed; base64. */
  readonly sealed: string
  /** The time step of the last code that was taken: none of this step or before is taken again. */
  readonly step: number
}

export interface RecoveryData {
  /** Of the codes that are left, in no order. */
  readonly hashes: readonly string[]
}

export interface SubjectData {
  readonly issuer: string
  readonly subject: string
}

/** What the trail calls it: its kind, and what the person calls it. */
export function factorName({ kind, name }: Pick<Factor, 'kind' | 'name'>): string {
  return name === '' ? kind : `${kind} ${name}`
}

/** Whether it makes a password alone too little. */
export function isSecondFactor({ kind }: Pick<Factor, 'kind'>): boolean {
  return kind === 'passkey' || kind === 'totp'
}

/** How a passkey is found. */
export function passkeyLookup(credentialId: string): string {
  return `passkey ${credentialId}`
}

/** How somebody whom an identity provider knows is found: of one account, as each chooses its own provider. */
export function subjectLookup(accountId: number, issuer: string, subject: string): string {
  return `subject ${JSON.stringify([accountId, issuer, subject])}`
}

/** Whether these are all factors of a user, and no others. */
export function hasFactors({ factorIds }: Pick<User, 'factorIds'>, factors: readonly Pick<Factor, 'id'>[]): boolean {
  const found = factors.map(({ id }) => id).sort((a, b) => a - b)
  return found.length === factorIds.length && found.every((id, at) => id === factorIds[at])
}
