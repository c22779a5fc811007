/** Whoever could ask, and how they would: with which key, from which address. */
import type { Account } from '../model/account.ts'
import { addressHex } from '../model/address.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { Machine } from '../model/machine.ts'
import { inNetworks } from '../model/network.ts'
import type { Seed } from '../model/seed.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import { scopeTextsOf, stateOf, type User } from '../model/user.ts'
import type { Caller } from './caller.ts'

/** Whoever could ask, with the rows that decide of it. */
export type Acting =
  | { readonly kind: 'key'; readonly key: ApiKey; readonly person: User | undefined }
  /** By a session that begins now. */
  | { readonly kind: 'user'; readonly user: User }
  | { readonly kind: 'machine'; readonly machine: Machine }
  /** By the key that a job is given now. */
  | { readonly kind: 'workload'; readonly rule: TrustRule }
  | {
      readonly kind: 'seed'
      readonly seed: Seed
      readonly makerKey: ApiKey | undefined
      /** The maker, or as whom the key acts that made it. */
      readonly person: User | undefined
    }

export interface Asking {
  readonly caller: Caller
  readonly address: string
  /** What it asks with, if that is a key. */
  readonly key?: ApiKey | undefined
}

/** Names what asks here; no token has such a hash. */
const hash = 'probe'

/** How it would ask; nothing for somebody who cannot. @param now milliseconds since 1970 */
export function askingOf(account: Account, acting: Acting, now: number): Asking | undefined {
  switch (acting.kind) {
    case 'key':
      return withKey(account, acting.key)
    case 'user':
      return stateOf(acting.user) === 'active' ? withKey(account, sessionOf(acting.user, now)) : undefined
    case 'workload':
      return withKey(account, keyGivenBy(acting.rule, now))
    case 'machine': {
      const address = addressIn(acting.machine.addresses, account.networks)
      const hex = addressHex(address)
      return hex === undefined ? undefined : { caller: { kind: 'machine', address: hex }, address }
    }
    case 'seed': {
      // What its maker is bound to, it is bound to.
      const address = addressIn(acting.makerKey?.networks ?? [], account.networks)
      return { caller: { kind: 'seed', hash: acting.seed.tokenHash }, address }
    }
  }
}

function withKey(account: Account, key: ApiKey): Asking {
  const asking = { ...key, tokenHash: hash }
  return { caller: { kind: 'token', hash }, address: addressIn(key.networks, account.networks), key: asking }
}

/** An address in both, if there is one: networks lie within one another, or apart. */
function addressIn(own: readonly string[], ofAccount: readonly string[]): string {
  const all = [...own, ...ofAccount].map((network) => network.split('/')[0] ?? '')
  return all.find((one) => inNetworks(own, one) && inNetworks(ofAccount, one)) ?? all[0] ?? '127.0.0.1'
}

/** A key that there is not yet. */
const unmade = {
  ...{ id: 0, uid: '', name: '', tokenHash: hash, networks: [], expiresAt: null, revokedAt: null },
  ...{ userId: null, confirmedAt: null, ruleId: null, maker: null, makerGeneration: null, isOwner: false },
  ...{ agent: '', lastUsedAt: null, lastUsedApi: null, mac: new Uint8Array() },
}

function sessionOf(user: User, now: number): ApiKey {
  const { accountId, id: userId } = user
  return { ...unmade, accountId, scopes: scopeTextsOf(user), createdAt: now, userId, confirmedAt: now }
}

function keyGivenBy({ accountId, id: ruleId, scopes, networks, keyTtlSeconds }: TrustRule, now: number): ApiKey {
  return { ...unmade, accountId, scopes, networks, createdAt: now, expiresAt: now + keyTtlSeconds * 1000, ruleId }
}
