/** A machine: what asks from its addresses may read without a key, while the account's switch `vm_auth` is on. */
import { invalid } from '../errors.ts'
import { type AddressRange, overlap, parseNetwork } from './address.ts'
import { parseNetworks } from './network.ts'
import type { Principal } from './principal.ts'
import { formatScope, parseScopes } from './scope.ts'

export interface Machine {
  readonly accountId: number
  readonly id: number
  /** Random and immutable. Hexadecimal, 16 bytes. */
  readonly uid: string
  readonly name: string
  /** In CIDR notation; never empty. */
  readonly addresses: readonly string[]
  /** Canonical texts; only the rights to list and to read. */
  readonly scopes: readonly string[]
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** `null` for one from before this was kept. */
  readonly maker: Principal | null
  readonly mac: Uint8Array
}

/** An account's own settings. Every account has a row of them from the beginning. */
export interface AccountSettings {
  readonly accountId: number
  /** Whether machines may read without a key. */
  readonly vmAuth: boolean
  /** For how many days what is deleted can be restored; 0: it is gone at once. */
  readonly recoveryDays: number
  readonly mac: Uint8Array
}

/** The widest networks that one machine may have: a pool, never a good part of the internet. */
const widestPrefix = { ipv4: 16, ipv6: 48 } as const

/** What a machine may do unless it is said otherwise. */
export const machineScopes = ['secrets:list', 'secrets:read'] as const

/** @throws Refusal `invalid` naming `addresses` */
export function parseAddresses(texts: readonly string[]): readonly string[] {
  if (texts.length === 0) throw invalid('addresses', 'Name at least one address.')
  const addresses = parseNetworks(texts, 'addresses')
  const networks = addresses.map(parseNetwork).filter((network) => network !== undefined)
  if (networks.some(({ family, prefix }) => prefix < widestPrefix[family])) {
    const { ipv4, ipv6 } = widestPrefix
    throw invalid('addresses', `A machine has networks of at most /${ipv4} of IPv4 and /${ipv6} of IPv6.`)
  }
  if (networks.some((one, at) => networks.slice(at + 1).some((other) => overlap(one, other)))) {
    throw invalid('addresses', 'No address may lie in two of them.')
  }
  return addresses
}

/** @throws Refusal `invalid` naming `scopes` */
export function parseMachineScopes(texts: readonly string[]): readonly string[] {
  const scopes = parseScopes(texts)
  if (!scopes.every(({ right }) => (machineScopes as readonly string[]).includes(right))) {
    throw invalid('scopes', 'A machine without a key may only list and read: secrets:list, secrets:read.')
  }
  return scopes.map(formatScope)
}

/** The addresses of a machine. What is no network any more holds none. */
export function rangesOf({ addresses }: Pick<Machine, 'addresses'>): readonly AddressRange[] {
  return addresses.map(parseNetwork).filter((network) => network !== undefined)
}
