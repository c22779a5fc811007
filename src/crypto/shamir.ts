/**
 * Shamir's secret sharing over GF(2^8), with the polynomial of AES (x^8 + x^4 + x^3 + x + 1): each byte of the secret is the
 * value at 0 of a random polynomial, and each part has its values at one other place. So many parts as the polynomial has
 * coefficients give the secret; one fewer says nothing of it at all.
 *
 * Nothing depends on secret bytes but what is computed: no tables, no branches.
 */
import { offHeap } from './off-heap.ts'
import { randomBytes } from './random.ts'

export interface Part {
  /** Where the polynomials were evaluated: 1 to 255. */
  readonly index: number
  readonly bytes: Uint8Array
}

/** Splits a secret into parts, of which `threshold` are needed. To be wiped by the caller, as the secret. */
export function split(secret: Uint8Array, threshold: number, count: number): readonly Part[] {
  if (threshold < 2 || count < threshold || count > 255) throw new RangeError('A secret cannot be split so.')
  // The coefficients behind the secret's own, byte by byte.
  const coefficients = randomBytes(secret.length * (threshold - 1))
  try {
    return Array.from({ length: count }, (_, at) => {
      const index = at + 1
      const bytes = offHeap(secret.length)
      secret.forEach((constant, place) => {
        let value = 0
        // Horner's rule: the highest coefficient first.
        for (let degree = threshold - 1; degree > 0; degree--) {
          value = multiply(value ^ (coefficients[place * (threshold - 1) + degree - 1] ?? 0), index)
        }
        bytes[place] = value ^ constant
      })
      return { index, bytes }
    })
  } finally {
    coefficients.fill(0)
  }
}

/**
 * What the polynomials through these parts have at a place: at 0 the secret. Whether the parts belong together is for the
 * caller to find out. To be wiped.
 */
export function valueAt(place: number, parts: readonly Part[]): Buffer {
  const length = parts[0]?.bytes.length ?? 0
  if (new Set(parts.map(({ index }) => index)).size < parts.length) throw new RangeError('A part is there twice.')
  const value = offHeap(length)
  for (const part of parts) {
    const weight = weightOf(part, place, parts)
    for (let at = 0; at < length; at++) value[at] = (value[at] ?? 0) ^ multiply(part.bytes[at] ?? 0, weight)
  }
  return value
}

/** Lagrange's: of a part at a place, beside the others. */
function weightOf(part: Part, place: number, parts: readonly Part[]): number {
  let weight = 1
  for (const other of parts) {
    if (other.index === part.index) continue
    weight = multiply(weight, multiply(place ^ other.index, inverse(part.index ^ other.index)))
  }
  return weight
}

/** Of two elements of the field, in eight steps that are the same for all. */
export function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    const doubled = (product << 1) ^ (-(product >> 7) & 0x11b)
    product = doubled ^ (-((b >> bit) & 1) & a)
  }
  return product
}

/** a^254, which is 1/a; of 0, 0. */
export function inverse(a: number): number {
  let power = a
  // 254 is 0b11111110: six times squared and multiplied, and squared once more.
  for (let step = 0; step < 6; step++) power = multiply(multiply(power, power), a)
  return multiply(power, power)
}
