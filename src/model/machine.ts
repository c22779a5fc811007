/** A machine: what asks from its addresses may read without a key, while the account's switch `vm_auth` is on. */
import { isIP } from 'node:net'
import { invalid } from '../errors.ts'
import { maxNetworks, parseNetworks } from './network.ts'
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
  readonly mac: Uint8Array
}

/** An account's own settings. Without a row, every one has its default. */
export interface AccountSettings {
  readonly accountId: number
  /** Whether machines may read without a key. */
  readonly vmAuth: boolean
  readonly mac: Uint8Array
}

/** Addresses from the first to the last, each 16 bytes in hexadecimal; IPv4 as IPv4-mapped IPv6 (RFC 4291, 2.5.5.2). */
export interface AddressRange {
  readonly first: string
  readonly last: string
}

/** What a machine may do unless it is said otherwise. */
export const machineScopes = ['secrets:list', 'secrets:read'] as const

/** What the row MAC of a machine covers: everything that decides who may read what. */
export function machineToAuthenticate({
  accountId,
  uid,
  name,
  addresses,
  scopes,
  createdAt,
}: Omit<Machine, 'id' | 'mac'>) {
  return JSON.stringify(['machine', accountId, uid, name, addresses, scopes, createdAt])
}

export function settingsToAuthenticate({ accountId, vmAuth }: Omit<AccountSettings, 'mac'>): string {
  return JSON.stringify(['settings', accountId, vmAuth])
}

/** Both rows as one text: the store acts upon those that the vault has verified, and upon no others. */
export function machineEvidence(machine: Machine, settings: AccountSettings): string {
  const macs = [machine.mac, settings.mac].map((mac) => Buffer.from(mac).toString('hex'))
  return `${machineToAuthenticate(machine)} ${settingsToAuthenticate(settings)} ${macs.join(' ')}`
}

/** @throws Refusal `invalid` naming `addresses` */
export function parseAddresses(texts: readonly string[]): readonly string[] {
  if (texts.length === 0) throw invalid('addresses', 'Name at least one address.')
  try {
    const addresses = parseNetworks(texts)
    const ranges = addresses.map(rangeOf).sort((a, b) => (a.first < b.first ? -1 : 1))
    if (ranges.some(({ first }, at) => first <= (ranges[at - 1]?.last ?? ''))) {
      throw invalid('addresses', 'No address may lie in two of them.')
    }
    return addresses
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('addresses')) throw error
    throw invalid('addresses', `At most ${maxNetworks} addresses or networks, such as 10.0.0.7 or 2001:db8::/64.`)
  }
}

/** @throws Refusal `invalid` naming `scopes` */
export function parseMachineScopes(texts: readonly string[]): readonly string[] {
  const scopes = parseScopes(texts)
  if (!scopes.every(({ right }) => (machineScopes as readonly string[]).includes(right))) {
    throw invalid('scopes', 'A machine without a key may only list and read: secrets:list, secrets:read.')
  }
  return scopes.map(formatScope)
}

/** The addresses of a network as `parseAddresses` gives it. */
export function rangeOf(network: string): AddressRange {
  const [address = '', prefix = ''] = network.split('/')
  const bits = isIP(address) === 4 ? Number(prefix) + 96 : Number(prefix)
  const rest = (1n << BigInt(128 - bits)) - 1n
  const number = BigInt(`0x${addressHex(address) ?? '0'}`)
  return { first: hexOf(number & ~rest), last: hexOf(number | rest) }
}

/** An address as it is compared, or `undefined` when the text is none. */
export function addressHex(text: string): string | undefined {
  const version = text.includes('%') ? 0 : isIP(text)
  if (version === 0) return undefined
  if (version === 4) return `${'0'.repeat(20)}ffff${hexOfIPv4(text)}`
  const [, before = '', dotted = ''] = /^(.*?)(\d+\.\d+\.\d+\.\d+)?$/.exec(text) ?? []
  const tail = dotted === '' ? '' : hexOfIPv4(dotted).replace(/^(....)/, '$1:')
  const [head = '', end] = (before + tail).split('::')
  const words = (part: string | undefined) => (part === undefined || part === '' ? [] : part.split(':'))
  const missing = 8 - words(head).length - words(end).length
  const filled = end === undefined ? words(head) : [...words(head), ...Array(missing).fill('0'), ...words(end)]
  return filled.map((word) => word.padStart(4, '0').toLowerCase()).join('')
}

function hexOfIPv4(text: string): string {
  return text
    .split('.')
    .map((part) => Number(part).toString(16).padStart(2, '0'))
    .join('')
}

function hexOf(number: bigint): string {
  return number.toString(16).padStart(32, '0')
}
