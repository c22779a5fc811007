/** Finds in a stream of bytes what fingerprints were made of, at the pace of a rolling hash. */
import { type Fingerprint, filterBits, filterOf, type Keys, macOf } from './fingerprint.ts'
import { windowBytes } from './strength.ts'

/** What is looked for: a fingerprint, however its form is called. */
type Sought = Omit<Fingerprint, 'form'>

export interface Match<T> {
  /** Where it begins, in bytes from the beginning of the stream. */
  readonly at: number
  readonly length: number
  readonly of: readonly T[]
}

export class Matcher<T extends Sought> {
  readonly #keys: Keys
  readonly #seen = new Uint32Array(2 ** (filterBits - 5))
  readonly #byFilter = new Map<number, T[]>()
  /** What a byte that leaves the window had added. */
  readonly #leaving = new Int32Array(256)
  /** The most that must be known before a window, and from its beginning on. */
  readonly before: number
  readonly after: number

  constructor(keys: Keys, fingerprints: readonly T[]) {
    this.#keys = keys
    for (const one of fingerprints) {
      const { filter } = one
      this.#seen[filter >>> 5] = (this.#seen[filter >>> 5] ?? 0) | (1 << (filter & 31))
      const alike = this.#byFilter.get(filter)
      if (alike === undefined) this.#byFilter.set(filter, [one])
      else alike.push(one)
    }
    let power = 1
    for (let at = 1; at < windowBytes; at++) power = Math.imul(power, keys.base)
    for (let byte = 0; byte < 256; byte++) this.#leaving[byte] = Math.imul(byte + 1, power)
    this.before = fingerprints.reduce((most, { offset }) => Math.max(most, offset), 0)
    this.after = fingerprints.reduce((most, { offset, length }) => Math.max(most, length - offset), windowBytes)
  }

  /** Begins with a stream. */
  stream(): Scan<T> {
    return new Scan(this)
  }

  /** The places in `bytes` from `start` to before `stop` where a window may be that of a fingerprint. */
  candidates(bytes: Buffer, start: number, stop: number): readonly number[] {
    const { base, mix } = this.#keys
    const [seen, leaving, shift] = [this.#seen, this.#leaving, 32 - filterBits]
    const places: number[] = []
    if (start >= stop) return places
    let hash = 0
    for (let at = start; at < start + windowBytes - 1; at++) hash = (Math.imul(hash, base) + (bytes[at] ?? 0) + 1) | 0
    for (let at = start, last = start + windowBytes - 1; at < stop; at++, last++) {
      hash = (Math.imul(hash, base) + (bytes[last] ?? 0) + 1) | 0
      const filter = Math.imul(hash, mix) >>> shift
      if (((seen[filter >>> 5] ?? 0) & (1 << (filter & 31))) !== 0) places.push(at)
      hash = (hash - (leaving[bytes[at] ?? 0] ?? 0)) | 0
    }
    return places
  }

  /** The fingerprints that a window may be of. */
  at(bytes: Buffer, place: number): readonly T[] {
    return this.#byFilter.get(filterOf(bytes.subarray(place, place + windowBytes), this.#keys)) ?? []
  }

  /** Whether this is the text that the fingerprint was made of. */
  confirms(text: Uint8Array, { mac }: T): boolean {
    return macOf(text, this.#keys.mac).equals(mac)
  }
}

/** One stream, given piece by piece. */
export class Scan<T extends Sought> {
  readonly #matcher: Matcher<T>
  #held: Buffer = Buffer.alloc(0)
  /** Where what is held begins in the stream. */
  #from = 0
  /** The next window to look at, in what is held. */
  #next = 0

  constructor(matcher: Matcher<T>) {
    this.#matcher = matcher
  }

  /** @returns what ends within what was given so far */
  push(chunk: Buffer): readonly Match<T>[] {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    return this.#look(this.#held.length - this.#matcher.after + 1)
  }

  end(): readonly Match<T>[] {
    return this.#look(this.#held.length - windowBytes + 1)
  }

  #look(stop: number): readonly Match<T>[] {
    const matches: Match<T>[] = []
    for (const at of this.#matcher.candidates(this.#held, this.#next, stop)) {
      matches.push(...this.#confirmed(at, this.#matcher.at(this.#held, at)))
    }
    this.#next = Math.max(this.#next, stop)
    const done = this.#next - this.#matcher.before
    if (done > 0) {
      this.#held = this.#held.subarray(done)
      this.#from += done
      this.#next -= done
    }
    return matches
  }

  #confirmed(at: number, found: readonly T[]): readonly Match<T>[] {
    const places = Map.groupBy(found, ({ offset, length }) => `${at - offset} ${length}`)
    return [...places.values()].flatMap((alike) => {
      const [{ offset, length } = { offset: 0, length: 0 }] = alike
      const start = at - offset
      if (start < 0 || start + length > this.#held.length) return []
      const text = this.#held.subarray(start, start + length)
      const of = alike.filter((one) => this.#matcher.confirms(text, one))
      return of.length === 0 ? [] : [{ at: this.#from + start, length, of }]
    })
  }
}
