/**
 * An answer that is kept, sealed, until it is opened: once, with a token of its own, for a short time (response wrapping, of the
 * Vault API). Times are milliseconds since 1970.
 */

export interface Wrapping {
  readonly accountId: number
  readonly id: number
  /** Random and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  /** The look-up hash of the wrapping token; hexadecimal. */
  readonly tokenHash: string
  /** What was asked for: the path of the API. */
  readonly path: string
  /** The answer; nothing once it was opened. */
  readonly sealed: Uint8Array
  /** The API key that had it wrapped: without that, nobody opens it. */
  readonly keyId: number
  readonly lifetimeSeconds: number
  readonly createdAt: number
  readonly expiresAt: number
  /** When it was opened: whoever comes after that is told nothing, and recorded. */
  readonly openedAt: number | null
  readonly mac: Uint8Array
}

/** As long as a token of OpenBao lives at most, as it comes. */
export const maxWrappingSeconds = 768 * 60 * 60

/** What a path is cut to that is longer than any that leads to something. */
export const maxWrappingPath = 512

/** Whether its answer can be had. */
export function isOpenWrapping({ openedAt, expiresAt }: Wrapping, now: number): boolean {
  return openedAt === null && expiresAt > now
}
