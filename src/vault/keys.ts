/** API keys: create, list, rotate, revoke. The token itself is given out once and never kept. */

import { newUid } from '../crypto/random.ts'
import { generateToken } from '../crypto/token.ts'
import { invalid, Refusal } from '../errors.ts'
import { type ApiKey, mayDoAsOwner, scopesOf } from '../model/api-key.ts'
import { checkLabel } from '../model/name.ts'
import { parseNetworks } from '../model/network.ts'
import type { Principal } from '../model/principal.ts'
import { formatScope, isWhole, mayManageKey, parseScopes } from '../model/scope.ts'
import { keyListing } from '../store/listings.ts'
import type { KeyChange, NewKey } from '../store/operations/keys.ts'
import { endBefore, type Made, together } from './made.ts'
import { type Found, find, type Wanted } from './pages.ts'
import {
  type Asker,
  ask,
  askOnce,
  authenticate,
  type Identity,
  type MadeOnce,
  outdated,
  tryAsk,
  tryAskOnce,
  unlessMissing,
  type Vault,
} from './vault.ts'

const maxTries = 20

export interface KeyInput {
  readonly name: string
  readonly scopes: readonly string[]
  readonly networks: readonly string[]
  /** Milliseconds since 1970; `null` for a key that does not expire. */
  readonly expiresAt: number | null
}

/** A key with where it comes from. */
interface MadeKey extends KeyInput {
  readonly maker: Principal
  /** Whether it may do what is an owner's alone. */
  readonly isOwner: boolean
  /** The trust rule that it comes from. */
  readonly ruleId?: number | null
}

export interface IssuedKey {
  readonly key: ApiKey
  /** The API key itself: shown now or never. `undefined` when an earlier request was given it. */
  readonly token: string | undefined
}

/** @throws Refusal `invalid`, `forbidden` */
export async function createKey(
  vault: Vault,
  asker: Asker,
  { accountId, maker, isOwner }: Identity,
  input: KeyInput,
): Promise<IssuedKey> {
  const token = generateToken()
  // All that an owner may do is an owner's.
  const made = { ...input, maker, isOwner: isOwner && isWhole(parseScopes(input.scopes)) }
  return issued(await askOnce(vault, asker, { kind: 'create_key', key: newKey(vault, accountId, token, made) }), token)
}

/** Lists the keys that the asker may manage, revoked ones too, by ascending id. */
export async function listKeys(vault: Vault, asker: Asker, wanted: Wanted): Promise<Found<ApiKey>> {
  const { accountId, scopes } = await ask(vault, asker, { kind: 'list_keys' })
  const isSeen = (key: ApiKey) => mayManageKey(scopes, scopesOf(key))
  return find(vault, asker, accountId, { table: 'api_keys', action: 'key.list', rows: keyListing, isSeen }, wanted)
}

/** @throws Refusal `not_found`, `forbidden` */
export function readKey(vault: Vault, asker: Asker, id: number): Promise<ApiKey> {
  return ask(vault, asker, { kind: 'read_key', id })
}

/**
 * The key that asks, which needs no scope for this.
 *
 * @throws Refusal `not_found` for whoever asks without a key
 */
export function readOwnKey(vault: Vault, asker: Asker): Promise<ApiKey> {
  return ask(vault, asker, { kind: 'read_own_key' })
}

export interface Rotation {
  /** For how long the old key stays good. */
  readonly overlapSeconds: number
  /** When the new key expires; `undefined` for as long a life as the old one was given. */
  readonly expiresAt: number | null | undefined
}

/**
 * Makes a key with the rights of an old one, which expires after the overlap.
 *
 * @throws Refusal `not_found`, `forbidden`, `invalid` for a revoked key
 */
export async function rotateKey(
  vault: Vault,
  asker: Asker,
  { maker }: Identity,
  id: number,
  rotation: Rotation,
): Promise<IssuedKey> {
  const token = generateToken()
  for (let tries = 0; tries < maxTries; tries++) {
    const old = await prepare(vault, asker, id)
    const now = vault.now()
    const until = now + rotation.overlapSeconds * 1000
    const change = old && changeOf(old, { ...old, expiresAt: Math.min(old.expiresAt ?? until, until) })
    const expiresAt = old && nextExpiry(old, rotation, now)
    const key =
      old &&
      newKey(vault, old.accountId, token, {
        ...old,
        ...{ maker, isOwner: mayDoAsOwner(old), expiresAt: expiresAt ?? null },
      })
    const made = await tryAskOnce(vault, asker, { kind: 'rotate_key', id, change, key })
    if (made !== outdated) return issued(made, token)
  }
  throw keepsChanging()
}

function issued({ result, isReplayed }: MadeOnce<ApiKey>, token: string): IssuedKey {
  return { key: result, token: isReplayed ? undefined : token }
}

export interface Revoked {
  readonly key: ApiKey
  /** What ended with it. */
  readonly made: Made
}

/**
 * Revokes a key for good; once more is no fault. When this resolves, no node accepts the key any more.
 *
 * @param isWhole whether what it made ends with it
 * @throws Refusal `not_found`, `forbidden`
 */
export async function revokeKey(vault: Vault, asker: Asker, id: number, isWhole = false): Promise<Revoked> {
  const ended: Made[] = []
  for (let tries = 0; tries < maxTries; tries++) {
    const old = await prepare(vault, asker, id)
    const maker = { kind: 'key', id } as const
    const before = old && isWhole ? await endBefore(vault, asker, old.accountId, maker, ended) : undefined
    const change = old && changeOf(old, { ...old, revokedAt: vault.now() })
    const revoked = await tryAsk(vault, asker, { kind: 'revoke_key', id, change, isWhole, before })
    if (revoked !== outdated) return { ...revoked, made: together([...ended, revoked.made]) }
  }
  throw keepsChanging()
}

/**
 * Revokes the key that asks, which needs no scope for this.
 *
 * @param isWhole whether what it made ends with it
 * @throws Refusal `not_found` for whoever asks without a key
 */
export async function revokeOwnKey(vault: Vault, asker: Asker, isWhole = false): Promise<Revoked> {
  const ended: Made[] = []
  for (let tries = 0; tries < maxTries; tries++) {
    const { key, accountId } = await authenticate(vault, asker)
    const isKey = key !== undefined && key.userId === null
    const maker = isWhole && isKey ? ({ kind: 'key', id: key.id } as const) : undefined
    const before = maker && (await endBefore(vault, asker, accountId, maker, ended, true))
    const change = key && changeOf(key, { ...key, revokedAt: vault.now() })
    const revoked = await tryAsk(vault, asker, { kind: 'revoke_own_key', change, isWhole, before })
    if (revoked !== outdated) return { ...revoked, made: together([...ended, revoked.made]) }
  }
  throw keepsChanging()
}

/** A key's row, ready to be stored. */
export function newKey(
  vault: Pick<Vault, 'keyring' | 'now'>,
  accountId: number,
  token: string,
  input: MadeKey,
): NewKey {
  const now = vault.now()
  if (input.expiresAt !== null && input.expiresAt <= now) throw invalid('expires_at', 'Must be in the future.')
  return {
    accountId,
    uid: newUid(),
    name: checkLabel(input.name, 'name'),
    tokenHash: vault.keyring.tokenHash(token),
    scopes: parseScopes(input.scopes).map(formatScope),
    networks: parseNetworks(input.networks),
    createdAt: now,
    expiresAt: input.expiresAt,
    revokedAt: null,
    userId: null,
    confirmedAt: null,
    ruleId: input.ruleId ?? null,
    maker: input.maker,
    makerGeneration: null,
    isOwner: input.isOwner,
    agent: '',
  }
}

function nextExpiry(old: ApiKey, { expiresAt }: Rotation, now: number): number | null {
  if (expiresAt !== undefined) return expiresAt
  return old.expiresAt === null ? null : now + (old.expiresAt - old.createdAt)
}

function changeOf(old: ApiKey, { expiresAt, revokedAt }: ApiKey): KeyChange {
  return { rowMac: old.mac, expiresAt, revokedAt }
}

function prepare(vault: Vault, asker: Asker, id: number): Promise<ApiKey | undefined> {
  return unlessMissing(ask(vault, asker, { kind: 'prepare_key', id }))
}

function keepsChanging(): Refusal {
  return new Refusal('overloaded', 'The API key keeps changing. Try again.', { headers: { 'retry-after': '1' } })
}
