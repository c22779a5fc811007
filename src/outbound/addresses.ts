/** Which addresses the server may connect to when somebody else chose where: public ones, and those that are allowed. */
import { isIP } from 'node:net'
import { contains, type Network, parseNetwork } from '../model/address.ts'

/** What the settings allow beyond the public internet: a network, and a port if only that one. */
export interface Allowance {
  readonly network: Network
  readonly port: number | undefined
}

/** Why an address may not be connected to. */
export type Barrier = 'address' | 'scheme' | 'port'

/** Where https is served in public. */
const publicPorts: ReadonlySet<number> = new Set([443, 8443])

/**
 * What is not of the public internet (the IANA registries of special-purpose addresses, RFC 6890), multicast, and the
 * public address behind which a cloud answers its own machines.
 */
const internal4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32'],
]

/** Of IPv6 only global unicast is public: not IPv4-mapped, NAT64, unique local, link-local or multicast. */
const global6 = ['2000::/3']

/** And of that neither Teredo and its like, nor documentation, nor 6to4, which all may lead elsewhere. */
const internal6 = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']

/** Read when the first address is judged: most processes judge none. */
let known: Readonly<Record<'internal4' | 'global6' | 'internal6', readonly Network[]>> | undefined

/**
 * Reads `10.0.0.7`, `10.0.0.0/8`, `2001:db8::/32`, `10.0.0.7:8443` or `[2001:db8::7]:8443`.
 *
 * @returns `undefined` when the text is none of these
 */
export function parseAllowance(text: string): Allowance | undefined {
  const bracketed = /^\[([^\]]*)\](?::(\d{1,5}))?$/.exec(text)
  const plain = /^([\d.]+(?:\/\d{1,2})?)(?::(\d{1,5}))?$/.exec(text)
  const [, networkText = '', portText] = bracketed ?? plain ?? ['', text, undefined]
  const network = parseNetwork(networkText)
  const port = portText === undefined ? undefined : Number(portText)
  const isPort = port === undefined || (port >= 1 && port <= 65_535)
  // All addresses of a family would let everything in.
  if (network === undefined || network.prefix === 0 || !isPort) return undefined
  return { network, port }
}

/** Why an address may not be connected to at a port, or `undefined` when it may. */
export function barrierTo(
  address: string,
  port: number,
  isTls: boolean,
  allowances: readonly Allowance[],
): Barrier | undefined {
  if (allowances.some((allowance) => covers(allowance, address, port))) return undefined
  if (isInternal(address)) return 'address'
  if (!isTls) return 'scheme'
  return publicPorts.has(port) ? undefined : 'port'
}

/** Whether an address is not of the public internet. What is no address is not. */
export function isInternal(address: string): boolean {
  const version = address.includes('%') ? 0 : isIP(address)
  known ??= { internal4: networksOf(internal4), global6: networksOf(global6), internal6: networksOf(internal6) }
  if (version === 4) return isIn(known.internal4, address)
  return version === 0 || !isIn(known.global6, address) || isIn(known.internal6, address)
}

function covers({ network, port: only }: Allowance, address: string, port: number): boolean {
  if (address.includes('%') || (only !== undefined && only !== port)) return false
  // A name that leads to a mapped address hides something: nobody publishes such a one.
  return (isIP(address) === 4) === (network.family === 'ipv4') && contains(network, address)
}

function isIn(networks: readonly Network[], address: string): boolean {
  return networks.some((network) => contains(network, address))
}

function networksOf(texts: readonly string[]): readonly Network[] {
  return texts.map(parseNetwork).filter((network) => network !== undefined)
}
