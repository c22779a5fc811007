/** A secret: a named value of an account, kept as versions. Times are milliseconds since 1970. */
import { hash } from 'node:crypto'

export interface Secret extends Details {
  readonly accountId: number
  readonly id: number
  /** Random and immutable; sealing binds to it, where `id` is only the API's handle. Hexadecimal, 16 bytes. */
  readonly uid: string
  readonly name: string
  /** The current version, from 1. */
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
  /** The list that it is in. */
  readonly listId: number
  /** The environment that it is in, for ever. */
  readonly environmentId: number
  /** What becomes of who reads it, where it is there only to be found by those who should not look; known to who manages the account. */
  readonly decoy: Decoy | null
  /** When the value of its current version was destroyed, if it was: then it has none until the next one is stored. */
  readonly destroyedAt: number | null
  readonly mac: Uint8Array
}

/** Nothing can be read of one whose current version was destroyed. */
export function isDestroyed({ destroyedAt }: Pick<Secret, 'destroyedAt'>): boolean {
  return destroyedAt !== null
}

/** What is said of one that has none. */
export const noValue = 'The value of its current version was destroyed. Store a new one, or restore an older version.'

/** A decoy's read is told of at once; `revoke` ends the key that read it, too. */
export type Decoy = 'tell' | 'revoke'

export const secretTypes = ['text', 'file', 'template'] as const
export type SecretType = (typeof secretTypes)[number]

/** What is known of a secret beside its value. */
export interface Details {
  /**
   * `text` is well-formed Unicode, `file` any bytes; `template` is a text with references to other secrets, which are put in
   * whenever its value is read.
   */
  readonly type: SecretType
  readonly filename: string | null
  readonly description: string
  readonly tags: readonly string[]
  /** From when on the value should not be relied upon; it can still be read. */
  readonly expiresAt: number | null
}

/** Of one secret. */
export const maxTags = 32
export const maxDescription = 1024

export function isTag(text: string): boolean {
  return /^[A-Za-z0-9_.:/=-]{1,64}$/.test(text)
}

export function isDescription(text: string): boolean {
  return text.length <= maxDescription && text.isWellFormed() && !/[^\P{C}\n\t]/u.test(text)
}

export const plainDetails: Details = { type: 'text', filename: null, description: '', tags: [], expiresAt: null }

/** A secret's own key, sealed under a version of its account's key. */
export interface SecretKey {
  readonly keyVersion: number
  readonly wrapped: Uint8Array
}

/**
 * What tells one state of what is known of a secret from another: its details, its name, its list. Not the value, nor its
 * version: those are kept apart, and no version looks like it.
 */
export function metadataTag({
  name,
  listId,
  type,
  filename,
  description,
  tags,
  expiresAt,
}: Pick<Secret, 'name' | 'listId' | keyof Details>): string {
  const text = JSON.stringify([name, listId, type, filename, description, tags, expiresAt])
  return `m${hash('sha256', text, 'base64url').slice(0, 22)}`
}

/** The SHA-256, hexadecimal, of all that is known of a secret beside its value, as the audit trail has it. */
export function detailsHash({ type, filename, description, tags, expiresAt }: Details): string {
  return hash('sha256', JSON.stringify([type, filename, description, tags, expiresAt]), 'hex')
}

/** Which secrets a listing or a count is about: those that pass every part that is given. */
export interface SecretSearch {
  /** A name, or a pattern with `*`. */
  readonly name?: string | undefined
  /** The folder that they are directly in, with the `/` at its end; nothing for those in none. */
  readonly folder?: string | undefined
  /** Patterns, of which one must match the name. */
  readonly names?: readonly string[] | undefined
  /** In lower case: each must be in the name, the description or a tag. */
  readonly words: readonly string[]
  readonly listId?: number | undefined
  /** The environment that they are in. */
  readonly environmentId: number
  readonly tag?: string | undefined
  readonly type?: Secret['type'] | undefined
  /** Milliseconds since 1970. */
  readonly expiresBefore?: number | undefined
  readonly updatedBefore?: number | undefined
  /** Whether a deployment must hold it, in any version, or in an older one. */
  readonly isHeld?: boolean | undefined
  readonly isHeldOld?: boolean | undefined
}
