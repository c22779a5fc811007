/** Which addresses are one client's, where somebody is slowed down: whoever has an IPv6 address has its whole /64. */
import { isIP } from 'node:net'
import { addressHex } from './address.ts'

/** Of an address in hexadecimal: the half that a provider hands out, and the rest, which its holder chooses. */
const networkDigits = 16
const mappedIPv4 = /^0{20}ffff(..)(..)(..)(..)$/

/**
 * The client behind an address: an IPv4 address, in whatever spelling, stands for itself, one of IPv6 for its network of 64
 * bits (RFC 6177). What is no address stands for itself.
 */
export function clientNetwork(address: string): string {
  if (isIP(address) === 4) return address
  const [plain = '', zone] = address.split('%')
  const hex = addressHex(plain)
  if (hex === undefined) return address
  const mapped = mappedIPv4.exec(hex)
  if (mapped !== null) {
    return mapped
      .slice(1)
      .map((byte) => Number.parseInt(byte, 16))
      .join('.')
  }
  return `${hex.slice(0, networkDigits)}/64${zone === undefined ? '' : `%${zone}`}`
}
