/** Where an API key may be used from, and whatever else is bound to networks: lists of them, and the one comparison. */
import { invalid } from '../errors.ts'
import { contains, formatNetwork, isWithin, type Network, parseNetwork } from './address.ts'

/** The most networks that one key may carry. */
export const maxNetworks = 32

/**
 * Reads networks such as `10.0.0.0/8`, `2001:db8::/32` or a single address.
 *
 * @returns their canonical texts, sorted, each once
 * @throws Refusal `invalid` naming `field`
 */
export function parseNetworks(texts: readonly string[], field = 'networks'): readonly string[] {
  if (texts.length > maxNetworks) throw invalid(field, `At most ${maxNetworks} networks.`)
  return [...new Set(texts.map((text) => formatNetwork(parse(text, field))))].sort()
}

/** Whether an address lies in one of the networks; no networks means anywhere. */
export function inNetworks(networks: readonly string[], address: string): boolean {
  return networks.length === 0 || compiled(networks).some((network) => contains(network, address))
}

/** Whether every address of `wanted` lies in one of `own`; no networks means all addresses. */
export function withinNetworks(wanted: readonly string[], own: readonly string[]): boolean {
  if (own.length === 0) return true
  if (wanted.length === 0) return false
  const outer = compiled(own)
  // A text that is no network holds no address, but whoever hands it on may mean one.
  const inner = wanted.map(parseNetwork)
  return inner.every((want) => want !== undefined && outer.some((has) => isWithin(has, want)))
}

function parse(text: string, field: string): Network {
  const network = parseNetwork(text)
  if (network !== undefined) return network
  throw invalid(field, 'Each must be an address or a network such as 10.0.0.0/8 or 2001:db8::/32.')
}

const lists = new Map<string, readonly Network[]>()

/** Read once for each set of networks: the text never changes its meaning. What is no network any more holds nothing. */
function compiled(networks: readonly string[]): readonly Network[] {
  const text = networks.join(' ')
  const known = lists.get(text)
  if (known !== undefined) return known
  const list = networks.map(parseNetwork).filter((network) => network !== undefined)
  if (lists.size >= 1000) lists.clear()
  lists.set(text, list)
  return list
}
