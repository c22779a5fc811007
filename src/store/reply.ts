/** What is answered for a change, and kept for a day to be answered again; and versions by their heads. */
import type { Secret } from '../model/secret.ts'

/** What is answered for a change: never anything sealed. */
export type SecretHead = Pick<Secret, 'id' | 'name' | 'version' | 'createdAt' | 'updatedAt' | 'listId'>

/** The answer to an earlier request under the same idempotency key. */
export interface Reply {
  readonly accountId: number
  readonly keyId: number
  readonly hash: string
  readonly fingerprint: string
  readonly secret: SecretHead
  readonly createdAt: number
  readonly mac: Uint8Array
}

/** A version's row, as far as its MAC speaks of it. */
export interface VersionRowHead {
  readonly accountId: number
  readonly secretId: number
  readonly version: number
  readonly createdAt: number
  /** The name that it was sealed under. */
  readonly name: string
  readonly mac: Uint8Array
}
