/** A secret: a named value of an account, kept as versions. Times are milliseconds since 1970. */

export interface Secret {
  readonly accountId: number
  readonly id: number
  /** Random and immutable; sealing binds to it, where `id` is only the API's handle. Hexadecimal, 16 bytes. */
  readonly uid: string
  readonly name: string
  /** The current version, from 1. */
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly mac: Uint8Array
}

/** A secret's own key, sealed under a version of its account's key. */
export interface SecretKey {
  readonly keyVersion: number
  readonly wrapped: Uint8Array
}

/** What the row MAC of a secret covers: everything that decides which value is handed out under which name. */
export function secretToAuthenticate(secret: Pick<Secret, 'accountId' | 'uid' | 'name' | 'version'>): string {
  return JSON.stringify(['secret', secret.accountId, secret.uid, secret.name, secret.version])
}
