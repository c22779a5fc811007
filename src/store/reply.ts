/** What is answered for a change, and kept for a day to be answered again. */
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
