/** What the plugins of all APIs share. */

import type { Providers } from '../vault/identity-providers.ts'
import type { Vault } from '../vault/vault.ts'
import type { RateLimiter } from './limits.ts'
import type { Metrics } from './metrics.ts'

export interface Context {
  readonly vault: Vault
  readonly metrics: Metrics
  /** Whether an API key may arrive as the query parameter `key`. */
  readonly isQueryKeyAccepted: boolean
  /** The longest file, in bytes. */
  readonly maxFileBytes: number
  /** What the server is set to allow, for whoever asks. */
  readonly limits: ServerLimits
  /** The origin that people reach the server at; without it, as they ask. */
  readonly publicUrl: string | undefined
  /** Identity providers of accounts: what they say of themselves. */
  readonly providers: Providers
  /** Requests per second of one API key; `undefined` when no limiter runs. */
  readonly keyLimiter: RateLimiter | undefined
  /** Requests per second of one address without a usable key, before they are put off. */
  readonly failureLimiter: RateLimiter | undefined
}

export interface ServerLimits {
  /** How many versions of a secret are kept. */
  readonly keepVersions: number
  /** The longest value, and the longest file, in bytes. */
  readonly maxValueBytes: number
  readonly maxFileBytes: number
  /** Requests per second of one API key, and of one address; `undefined` without a limit. */
  readonly rateLimit: number | undefined
}
