/** An account: a tenant with its own secrets, keys and audit chain. */
import { hash } from 'node:crypto'
import type { AccountSettings } from './machine.ts'

export interface Account {
  readonly id: number
  readonly name: string
  readonly createdAt: number
  readonly nextSecretId: number
  readonly nextKeyId: number
  readonly nextListId: number
  readonly nextMachineId: number
  readonly nextUserId: number
  readonly nextDeploymentId: number
  readonly nextSeedId: number
  readonly nextTrustRuleId: number
  readonly nextEnvironmentId: number
  /** The id of the next deletion that is kept. */
  readonly nextDeletedId: number
  readonly nextWebhookId: number
  /** Records in the account's audit chain, the chain's head, and the newest record's time. */
  readonly auditSize: number
  readonly auditHead: Uint8Array
  readonly auditAt: number
  /** Where its API keys, sessions, seeds and machines may be used from (none: anywhere). */
  readonly networks: readonly string[]
  /** What the host gave it: its machines have addresses of these alone. */
  readonly machineNetworks: readonly string[]
  readonly mac: Uint8Array
}

/** What the trail has of an account's settings: its row of them, and its networks where it has any. */
export function settingsHash({ mac }: AccountSettings, account: Pick<Account, 'networks' | 'machineNetworks'>): string {
  const { networks, machineNetworks } = account
  const isBare = networks.length === 0 && machineNetworks.length === 0
  const rest = isBare ? '' : JSON.stringify([networks, machineNetworks])
  return hash('sha256', Buffer.concat([mac, Buffer.from(rest)]), 'hex')
}

/**
 * How often one key may wrap others, and from when on it is to be replaced. AES-GCM with random nonces allows 2^32 for one
 * key (NIST SP 800-38D, section 8.3); as each wrap here has a key derived from a salt of its own, this is far on the safe
 * side.
 */
export const maxWraps = 2 ** 30
export const manyWraps = 2 ** 28

/** An account key, sealed under the master key, and within that under the guard of its customer if there is one. */
export interface AccountKey {
  readonly accountId: number
  readonly version: number
  readonly wrapped: Uint8Array
  /** How many keys it has wrapped. */
  readonly uses: number
  /** Which guard it is sealed under, by its uid (`CustomerKey`); empty where there is none. */
  readonly guard: string
}
