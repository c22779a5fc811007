/**
 * HMAC-SHA-256 (RFC 2104) of texts under one key, with Node's hash of one call: less than half of what a `Hmac` object
 * takes, which is most of what it costs to check a row. Held against that in the tests.
 */
import { hash, type KeyObject, timingSafeEqual } from 'node:crypto'

const blockBytes = 64
const hashBytes = 32
/** Of UTF-8, for one unit of a string. */
const maxBytesOfUnit = 3

export class Hmac {
  /** The key, and behind it the text: written anew for each, and read before anything else runs. */
  #inner: Buffer
  /** The key, and behind it the inner hash. */
  readonly #outer: Buffer
  readonly #textAt: number
  readonly #found = Buffer.alloc(hashBytes)

  /**
   * @param key of no more than 64 bytes
   * @param prefix stands before each text
   */
  constructor(key: KeyObject, prefix: string) {
    const bytes = key.export()
    if (bytes.length > blockBytes) throw new RangeError('A longer key is hashed first.')
    const before = Buffer.from(prefix)
    this.#textAt = blockBytes + before.length
    this.#inner = Buffer.alloc(this.#textAt + 1024, 0x36, 'latin1')
    this.#outer = Buffer.alloc(blockBytes + hashBytes, 0x5c, 'latin1')
    for (const [at, byte] of bytes.entries()) {
      this.#inner[at] = byte ^ 0x36
      this.#outer[at] = byte ^ 0x5c
    }
    before.copy(this.#inner, blockBytes)
    bytes.fill(0)
  }

  /** 32 bytes. */
  of(text: string): Buffer {
    return Buffer.from(this.#hash(text), 'latin1')
  }

  /** Whether this is the HMAC of the text. */
  isOf(text: string, mac: Uint8Array): boolean {
    this.#found.write(this.#hash(text), 'latin1')
    return mac.length === hashBytes && timingSafeEqual(this.#found, mac)
  }

  /** As latin1, a byte a character: Node makes that in half the time of a buffer. */
  #hash(text: string): string {
    this.#makeRoom(text.length * maxBytesOfUnit)
    const end = this.#textAt + this.#inner.write(text, this.#textAt)
    this.#outer.write(hash('sha256', this.#inner.subarray(0, end), 'latin1'), blockBytes, 'latin1')
    return hash('sha256', this.#outer, 'latin1')
  }

  #makeRoom(bytes: number): void {
    if (this.#inner.length - this.#textAt >= bytes) return
    const longer = Buffer.alloc(this.#textAt + 2 * bytes)
    this.#inner.copy(longer, 0, 0, this.#textAt)
    this.#inner.fill(0)
    this.#inner = longer
  }
}
