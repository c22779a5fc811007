/** An API key: a named bearer of scopes in one account. Times are milliseconds since 1970. */
import type { Account } from './account.ts'
import { inNetworks } from './network.ts'
import type { Principal } from './principal.ts'
import { parseScope, type Scope, withinScopes } from './scope.ts'
import { scopesOfUser, type User } from './user.ts'

/** The APIs that a key may be used through: `/v3`, the Secret Lists API, and Vault's. */
export const apiNames = ['v3', 'lists', 'vault'] as const
export type ApiName = (typeof apiNames)[number]

export interface ApiKey {
  readonly accountId: number
  readonly id: number
  /** Random and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  readonly name: string
  /** Hexadecimal, 32 bytes. */
  readonly tokenHash: string
  /** Canonical texts, as `formatScope` writes them. */
  readonly scopes: readonly string[]
  readonly networks: readonly string[]
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  /** Whose session this is, in the form of a key; `null` for an API key. */
  readonly userId: number | null
  /** When the user of a session last proved who they are. */
  readonly confirmedAt: number | null
  /** The trust rule that it came from; `null` for a key that somebody made. */
  readonly ruleId: number | null
  /** Who made it; `null` for a session, and for a key from before this was kept. */
  readonly maker: Principal | null
  /**
   * Of a key that a person's login gave: which generation of theirs (`User.generation`) made it. It stands as long as they do.
   * `null` for a key that goes on without its maker.
   */
  readonly makerGeneration: number | null
  /** Whether it was given what is an owner's alone. Not of a session: its user's role says so. */
  readonly isOwner: boolean
  /** Of a session: where it was begun, as JSON. */
  readonly agent: string
  /** Coarse: written at most once a minute. Not authenticated. */
  readonly lastUsedAt: number | null
  /** The API that it was used through then; `null` where that was not kept. Not authenticated. */
  readonly lastUsedApi: ApiName | null
  readonly mac: Uint8Array
}

/**
 * Whether a key may do what is an owner's alone. The first key of an account comes with it from the host, and is the only
 * one of those from before this was kept.
 */
export function mayDoAsOwner({ isOwner, maker, id, userId, ruleId }: ApiKey): boolean {
  return isOwner || (id === 1 && maker === null && userId === null && ruleId === null)
}

/** Nobody has worked with a session for this long: it has ended. */
const idleMs = 30 * 60 * 1000

/** When a session ends, unless it is used before; to the minute. */
export function idleEndOf({ lastUsedAt, createdAt }: Pick<ApiKey, 'lastUsedAt' | 'createdAt'>): number {
  return Math.max(lastUsedAt ?? 0, createdAt) + idleMs
}

/** Why a key of the account may not be used now from this address, or `undefined` when it may. */
export function whyUnusable(
  key: ApiKey,
  account: Pick<Account, 'networks'>,
  now: number,
  address: string,
): string | undefined {
  if (key.revokedAt !== null) return 'revoked'
  if (key.expiresAt !== null && key.expiresAt <= now) return 'expired'
  if (!inNetworks(key.networks, address) || !inNetworks(account.networks, address)) return 'network'
  if (key.userId !== null && now >= idleEndOf(key)) return 'idle'
  return undefined
}

/** The person as whom it acts: of a session, and of a key that their login gave. */
export function personOf({ userId, maker, makerGeneration }: ApiKey): number | null {
  return userId ?? (makerGeneration === null ? null : (maker?.id ?? 0))
}

/** Whether the person as whom it acts may still do all that it was given, and nothing has ended since what they gave. */
export function isBackedBy(key: ApiKey, user: User | undefined): boolean {
  if (user === undefined || user.isDisabled || !withinScopes(scopesOf(key), scopesOfUser(user))) return false
  return key.makerGeneration === null || key.makerGeneration === user.generation
}

const compiled = new Map<string, readonly Scope[]>()

/** The key's scopes, parsed once for each distinct list of texts. */
export function scopesOf(key: Pick<ApiKey, 'scopes'>): readonly Scope[] {
  const text = key.scopes.join(' ')
  const known = compiled.get(text)
  if (known !== undefined) return known
  const scopes = key.scopes.map((one) => parseScope(one))
  if (compiled.size >= 1000) compiled.clear()
  compiled.set(text, scopes)
  return scopes
}
