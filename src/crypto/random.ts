/**
 * Random bytes that are public once they are used: salts, nonces, ids. Drawn in blocks, because each draw from the
 * system's generator costs as much as sealing a short value. Keys and tokens are drawn one by one instead: the block
 * is ordinary memory.
 */
import { randomFillSync } from 'node:crypto'

const block = Buffer.alloc(4096)
let used = block.length

/** Fills the bytes; no byte of the generator is ever handed out twice. */
export function fillPublic(bytes: Uint8Array): void {
  if (bytes.length > block.length) throw new RangeError('Too much for one draw.')
  if (used + bytes.length > block.length) {
    randomFillSync(block)
    used = 0
  }
  block.copy(bytes, 0, used, used + bytes.length)
  block.fill(0, used, used + bytes.length)
  used += bytes.length
}

/** A new id that no other object has: 16 bytes, hexadecimal. */
export function newUid(): string {
  const bytes = Buffer.allocUnsafe(16)
  fillPublic(bytes)
  return bytes.toString('hex')
}
