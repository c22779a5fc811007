/**
 * Internet addresses and networks in the one form in which they are compared and shown.
 *
 * An IPv4 address and the same address mapped into IPv6 (`::ffff:10.0.0.7`, RFC 4291, 2.5.5.2) are one address, of
 * family `ipv4`. Everything else of IPv6 is of family `ipv6`, and no network has addresses of both.
 */
import { isIP, SocketAddress } from 'node:net'

export type Family = 'ipv4' | 'ipv6'

/** Addresses from the first to the last, each 16 bytes in hexadecimal, IPv4 as mapped into IPv6: text order is theirs. */
export interface AddressRange {
  readonly first: string
  readonly last: string
}

export interface Network extends AddressRange {
  readonly family: Family
  /** Bits that all its addresses share: 0 to 32 of IPv4, 0 to 128 of IPv6. */
  readonly prefix: number
}

const mapped = `${'0'.repeat(20)}ffff`
/** Bits of the prefix under which IPv4 is mapped. */
const mappedBits = 96

/**
 * Reads `10.0.0.0/8`, `2001:db8::/32`, `::ffff:10.0.0.0/104` or a single address. Bits behind the prefix are dropped.
 *
 * @returns `undefined` when the text is none of these, or would be a network of mapped and other addresses
 */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', prefixText, ...rest] = text.split('/')
  const hex = addressHex(address)
  if (hex === undefined || rest.length > 0) return undefined
  const widest = isIP(address) === 4 ? 32 : 128
  if (prefixText !== undefined && !/^(0|[1-9][0-9]{0,2})$/.test(prefixText)) return undefined
  const prefix = prefixText === undefined ? widest : Number(prefixText)
  if (prefix > widest) return undefined
  const bits = widest === 32 ? prefix + mappedBits : prefix
  const network = { ...rangeOf(hex, bits), ...familyOf(hex, bits) }
  return network.family === 'ipv6' && isMixed(hex, network) ? undefined : network
}

/** The canonical text of a network: IPv4 in four decimals, IPv6 as RFC 5952 writes it, always with the prefix. */
export function formatNetwork({ first, prefix }: Network): string {
  return `${addressText(first)}/${prefix}`
}

/** The canonical text of an address, or `undefined` when the text is none. A zone (`fe80::1%eth0`) stays. */
export function canonicalAddress(text: string): string | undefined {
  const [plain = '', zone] = splitZone(text)
  const hex = addressHex(plain)
  // Behind the sign may stand no more than the name of an interface: it is shown and counted by.
  if (hex === undefined || isIP(text) === 0) return undefined
  return zone === undefined || hex.startsWith(mapped) ? addressText(hex) : `${addressText(hex)}%${zone}`
}

/** Whether an address lies in a network. A zone is not looked at; what is no address lies in none. */
export function contains(network: Network, address: string): boolean {
  const hex = addressHex(splitZone(address)[0] ?? '')
  return hex !== undefined && isWithin(network, { first: hex, last: hex, ...familyOf(hex, 128) })
}

/** Whether every address of `inner` lies in `outer`. */
export function isWithin(outer: Network, inner: AddressRange & Pick<Network, 'family'>): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last
}

/** Whether two ranges have an address in common. */
export function overlap(one: AddressRange, other: AddressRange): boolean {
  return one.first <= other.last && other.first <= one.last
}

/** An address as it is compared, or `undefined` when the text is none, or has a zone. */
export function addressHex(text: string): string | undefined {
  const version = text.includes('%') ? 0 : isIP(text)
  if (version === 0) return undefined
  if (version === 4) return `${mapped}${hexOfIPv4(text)}`
  const [, before = '', dotted = ''] = /^(.*?)(\d+\.\d+\.\d+\.\d+)?$/.exec(text) ?? []
  const tail = dotted === '' ? '' : hexOfIPv4(dotted).replace(/^(....)/, '$1:')
  const [head = '', end] = (before + tail).split('::')
  const words = (part: string | undefined) => (part === undefined || part === '' ? [] : part.split(':'))
  const missing = 8 - words(head).length - words(end).length
  const filled = end === undefined ? words(head) : [...words(head), ...Array(missing).fill('0'), ...words(end)]
  return filled.map((word) => word.padStart(4, '0').toLowerCase()).join('')
}

/** The canonical text of an address that `addressHex` gave. */
function addressText(hex: string): string {
  if (hex.startsWith(mapped)) {
    const bytes = hex.slice(mapped.length).match(/../g) ?? []
    return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
  }
  const words = hex.match(/..../g) ?? []
  return new SocketAddress({ address: words.join(':'), family: 'ipv6' }).address
}

function splitZone(text: string): readonly string[] {
  const at = text.indexOf('%')
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}

function familyOf(hex: string, bits: number): Pick<Network, 'family' | 'prefix'> {
  const isIPv4 = bits >= mappedBits && hex.startsWith(mapped)
  return isIPv4 ? { family: 'ipv4', prefix: bits - mappedBits } : { family: 'ipv6', prefix: bits }
}

/** All of IPv6 (`::/0`) means what it says; any other network around the mapped addresses is a slip or a trick. */
function isMixed(hex: string, { first, last, prefix }: Network): boolean {
  if (hex.startsWith(mapped)) return true
  return prefix > 0 && overlap({ first, last }, { first: `${mapped}00000000`, last: `${mapped}ffffffff` })
}

function rangeOf(hex: string, bits: number): AddressRange {
  const rest = (1n << BigInt(128 - bits)) - 1n
  const number = BigInt(`0x${hex}`)
  return { first: hexOf(number & ~rest), last: hexOf(number | rest) }
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
