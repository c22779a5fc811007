/** Networks in CIDR notation: where an API key may be used from. */
import { BlockList, isIP } from 'node:net'
import { invalid } from '../errors.ts'

/** The most networks that one key may carry. */
export const maxNetworks = 32

interface Network {
  readonly address: string
  readonly prefix: number
  readonly family: 'ipv4' | 'ipv6'
}

/**
 * Reads networks such as `10.0.0.0/8`, `2001:db8::/32` or a single address.
 *
 * @throws Refusal `invalid` naming `networks`
 */
export function parseNetworks(texts: readonly string[]): readonly string[] {
  if (texts.length > maxNetworks) throw invalid('networks', `At most ${maxNetworks} networks.`)
  return [...new Set(texts.map((text) => format(parse(text))))].sort()
}

/** Whether an address lies in one of the networks; no networks means anywhere. */
export function inNetworks(networks: readonly string[], address: string): boolean {
  if (networks.length === 0) return true
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const family = isIP(plain)
  if (family === 0) return false
  return blockList(networks).check(plain, family === 4 ? 'ipv4' : 'ipv6')
}

/** Whether every address of `wanted` lies in `own`; no networks means all addresses. */
export function withinNetworks(wanted: readonly string[], own: readonly string[]): boolean {
  if (own.length === 0) return true
  if (wanted.length === 0) return false
  return wanted
    .map(parse)
    .every((want) =>
      own
        .map(parse)
        .some((has) => has.prefix <= want.prefix && blockList([format(has)]).check(want.address, want.family)),
    )
}

function parse(text: string): Network {
  const [address = '', prefixText, ...rest] = text.split('/')
  const version = isIP(address)
  const widest = version === 4 ? 32 : 128
  const prefix = prefixText === undefined ? widest : Number(prefixText)
  const isPrefix = prefixText === undefined || /^(0|[1-9][0-9]{0,2})$/.test(prefixText)
  if (version === 0 || address.includes('%') || !isPrefix || prefix > widest || rest.length > 0) {
    throw invalid('networks', 'Each must be an address or a network such as 10.0.0.0/8 or 2001:db8::/32.')
  }
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' }
}

function format({ address, prefix }: Network): string {
  return `${address}/${prefix}`
}

const blockLists = new Map<string, BlockList>()

/** Compiled once for each set of networks: the text never changes its meaning. */
function blockList(networks: readonly string[]): BlockList {
  const text = networks.join(' ')
  const known = blockLists.get(text)
  if (known !== undefined) return known
  const list = new BlockList()
  for (const { address, prefix, family } of networks.map(parse)) list.addSubnet(address, prefix, family)
  if (blockLists.size >= 1000) blockLists.clear()
  blockLists.set(text, list)
  return list
}
