/** Where a request comes from: the caller's address, and which peers are believed about it. */
import type { FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { isSocketPath, unixPeers } from '../listen.ts'
import { canonicalAddress } from '../model/address.ts'
import { clientNetwork } from '../model/client-network.ts'
import { inNetworks, parseNetworks } from '../model/network.ts'

/** Stands for the address of whoever has none. No network holds it, and no machine. */
const noAddress = 'none'

/** Longer than any address with its zone. */
const maxAddressLength = 64

/** What addresses are in their canonical form: of one connection, it is asked several times for each request. */
const known = new Map<string, string>()
const maxKnown = 1000

/**
 * The caller's address in its canonical form: on a socket of both families, IPv4 arrives mapped into IPv6. A Unix socket has none, nor has a connection that is already gone, and what a trusted proxy
 * passed on may be no address at all.
 */
export function addressOf({ ip }: Pick<FastifyRequest, 'ip'>): string {
  const text: string | undefined = ip
  if (text === undefined || text.length > maxAddressLength) return noAddress
  return known.get(text) ?? learn(text)
}

function learn(text: string): string {
  const address = canonicalAddress(text) ?? noAddress
  if (known.size >= maxKnown) known.clear()
  known.set(text, address)
  return address
}

/** Who is counted as one caller by the limits on an address: all of an IPv6 network. */
export function clientOf(request: Pick<FastifyRequest, 'ip'>): string {
  return clientNetwork(addressOf(request))
}

/** Whose `X-Forwarded-For` is believed: for each hop, from the connection on. `false` when nobody's is. */
export function trustOf({ listen, trustedProxies }: Pick<Config, 'listen' | 'trustedProxies'>) {
  if (trustedProxies.length === 0) return false
  const networks = parseNetworks(trustedProxies.filter((proxy) => proxy !== unixPeers))
  // On TCP a connection without an address is one that has just been closed, by whomever.
  const areUnixPeersTrusted = isSocketPath(listen) && trustedProxies.includes(unixPeers)
  return (address: string | undefined, hop: number): boolean => {
    if (address === undefined) return hop === 0 && areUnixPeersTrusted
    return networks.length > 0 && inNetworks(networks, address)
  }
}
