/**
 * A share of a root key as people keep and type it: 68 characters of Crockford's base32, in groups of four.
 *
 *   version u4 = 1 | index u4 | threshold u4 | count u4 | set 4 bytes | part 32 bytes | CRC-32 of all before
 *
 * The checksum finds what was mistyped before anything is done with it: each single character, and each two beside each other
 * that changed places, for certain.
 */
import { crc32 } from 'node:zlib'
import { Refusal } from '../../errors.ts'
import { offHeap } from '../off-heap.ts'

export interface Share {
  /** Of which set it is: the beginning of the set's id, hexadecimal. */
  readonly set: string
  /** So many of the set open. */
  readonly threshold: number
  readonly count: number
  /** Counted from 1. */
  readonly index: number
  /** To be wiped. */
  readonly bytes: Buffer
}

export const maxShares = 10
/** What is given as one may have blanks, and a name before it. */
export const maxShareText = 256
const version = 1
const setAt = 2
const partAt = 6
const checksumAt = 38
const shareBytes = 42
const characters = 68
const groups = /.{4}/g
/** Without I, L, O and U. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

export function writeShare({ set, threshold, count, index, bytes: part }: Share): string {
  const bytes = offHeap(shareBytes)
  bytes[0] = (version << 4) | index
  bytes[1] = (threshold << 4) | count
  Buffer.from(set, 'hex').copy(bytes, setAt)
  part.copy(bytes, partAt)
  bytes.writeUInt32BE(crc32(bytes.subarray(0, checksumAt)), checksumAt)
  let text = ''
  // 336 bits are 67 characters and a bit: the last one has four bits that are zero.
  for (let at = 0; at < characters; at++) text += alphabet[bitsAt(bytes, at * 5)]
  bytes.fill(0)
  return (text.match(groups) ?? []).join('-')
}

/**
 * Case, blanks and hyphens do not matter, and letters that are in no share are read as the digits that they look like.
 *
 * @throws Refusal `invalid`, which repeats nothing of it
 */
export function readShare(text: Uint8Array): Share {
  const bytes = offHeap(shareBytes)
  try {
    const found = readCharacters(text, bytes)
    if (found !== characters) {
      throw notOne(`It has ${found} characters, and a share has ${characters}, without blanks and hyphens.`)
    }
    if (bytes.readUInt32BE(checksumAt) !== crc32(bytes.subarray(0, checksumAt))) {
      throw notOne('It is mistyped: its checksum is wrong. Compare it character by character.')
    }
    const [first = 0, second = 0] = bytes
    if (first >> 4 !== version) throw notOne('A newer version of Strongroom made it.')
    const [index, threshold, count] = [first & 0xf, second >> 4, second & 0xf]
    if (index < 1 || index > count || threshold < 2 || threshold > count || count > maxShares) {
      throw notOne('It is none that Strongroom made.')
    }
    const part = offHeap(checksumAt - partAt)
    bytes.copy(part, 0, partAt, checksumAt)
    return { set: bytes.subarray(setAt, partAt).toString('hex'), threshold, count, index, bytes: part }
  } finally {
    bytes.fill(0)
  }
}

/** @returns how many there were; those beyond are not kept */
function readCharacters(text: Uint8Array, bytes: Buffer): number {
  let found = 0
  for (const byte of text.subarray(0, maxShareText + 1)) {
    if (isBetween(byte)) continue
    const value = digitOf(byte)
    if (value === undefined) throw notOne('Something in it is no letter or digit of a share.')
    for (let bit = 0; bit < 5; bit++) {
      const at = found * 5 + bit
      const isSet = ((value >> (4 - bit)) & 1) === 1
      if (at < shareBytes * 8) bytes[at >> 3] = (bytes[at >> 3] ?? 0) | (Number(isSet) << (7 - (at & 7)))
      // No two texts are the same share.
      else if (isSet && found < characters) throw notOne('It is mistyped: its last character is wrong.')
    }
    found++
  }
  return found
}

function isBetween(byte: number): boolean {
  return byte === 0x20 || byte === 0x2d || (byte >= 0x09 && byte <= 0x0d)
}

function digitOf(byte: number): number | undefined {
  const character = String.fromCharCode(byte).toUpperCase().replace('O', '0').replace(/[IL]/, '1')
  const value = alphabet.indexOf(character)
  return value === -1 ? undefined : value
}

/** Five of them. */
function bitsAt(bytes: Buffer, at: number): number {
  const two = ((bytes[at >> 3] ?? 0) << 8) | (bytes[(at >> 3) + 1] ?? 0)
  return (two >> (11 - (at & 7))) & 0x1f
}

function notOne(why: string): Refusal {
  return new Refusal('invalid', `This is no share. ${why}`)
}
