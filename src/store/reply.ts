/** What is answered for what was made or changed, and kept for a day to be answered again. */
import type { Secret } from '../model/secret.ts'

/** What is answered for a change of a secret: never anything sealed. */
export type SecretHead = Pick<Secret, 'id' | 'name' | 'version' | 'createdAt' | 'updatedAt' | 'listId'>

/** What is kept of an answer: the head of a secret, or of anything else what its operation keeps, as JSON. */
export interface Kept {
  readonly secret: SecretHead
  readonly answer: string | null
}

/** In the place of a secret, where the answer is about something else. */
export const noSecret: SecretHead = { id: 0, name: '', version: 0, createdAt: 0, updatedAt: 0, listId: 0 }

/** The answer to an earlier request under the same idempotency key. */
export interface Reply extends Kept {
  readonly accountId: number
  readonly keyId: number
  readonly hash: string
  readonly fingerprint: string
  readonly createdAt: number
  readonly mac: Uint8Array
}
