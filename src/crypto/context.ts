/**
 * The context that a sealed message is bound to, as canonical binary (all numbers big-endian):
 *
 *   "SR1" | purpose u8 | store id 16 | account id u64 | secret uid 16 | version u64 | key version u32 | algorithm u8
 *   | length of the name u32 | name in UTF-8
 *
 * Parts that a purpose does not have are zero. No two places of a store share a context.
 */
import { sealAlgorithm } from './aead.ts'

const purposes = {
  masterKey: 1,
  accountKey: 2,
  secretKey: 3,
  value: 4,
  canary: 5,
  seed: 6,
  factor: 7,
  webhook: 8,
  wrapping: 9,
  customerKey: 10,
  guardedAccountKey: 11,
  customerCredentials: 12,
} as const

export interface SealContext {
  readonly purpose: keyof typeof purposes
  /** Hexadecimal, 16 bytes. */
  readonly storeId: string
  readonly accountId?: number
  /** Hexadecimal, 16 bytes. */
  readonly uid?: string
  readonly version?: number
  readonly keyVersion: number
  readonly name?: string
}

const fixedBytes = 61

export function contextOf(place: SealContext): Buffer {
  const name = place.name ?? ''
  const nameBytes = Buffer.byteLength(name)
  const context = Buffer.alloc(fixedBytes + nameBytes)
  context.write('SR1', 0, 'latin1')
  context[3] = purposes[place.purpose]
  context.write(place.storeId, 4, 16, 'hex')
  writeU64(context, place.accountId ?? 0, 20)
  if (place.uid !== undefined) context.write(place.uid, 28, 16, 'hex')
  writeU64(context, place.version ?? 0, 44)
  context.writeUInt32BE(place.keyVersion, 52)
  context[56] = sealAlgorithm
  context.writeUInt32BE(nameBytes, 57)
  context.write(name, fixedBytes, 'utf8')
  return context
}

/** Without a BigInt: a safe integer in two halves. */
function writeU64(into: Buffer, value: number, at: number): void {
  into.writeUInt32BE(Math.floor(value / 2 ** 32), at)
  into.writeUInt32BE(value % 2 ** 32, at + 4)
}
