/**
 * The shares of one root key that people have given to this process, until so many are there that it is whole. Which share is
 * wrong cannot be seen from it alone, by design; when enough right ones are there, those which do not fit to them are.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { Refusal } from '../../errors.ts'
import { randomBytes } from '../random.ts'
import { split, valueAt } from '../shamir.ts'
import { readShare, type Share, writeShare } from './share.ts'

/** By which way a share came: who is on the host, or anybody. The one cannot take the other's room. */
export type Way = 'host' | 'network'

export interface Progress {
  readonly isOpen: boolean
  /** So many are needed, */
  readonly threshold: number
  /** of so many, */
  readonly count: number
  /** and so many different ones are here. */
  readonly have: number
  /** Which set is asked for: what stands on each of its shares. Empty until the store has been read. */
  readonly set: string
}

export interface Given extends Progress {
  readonly outcome: 'kept' | 'same' | 'open' | 'mismatch'
  /** Numbers of those that were found to be wrong. */
  readonly wrong: readonly number[]
}

interface Held {
  readonly share: Share
  readonly way: Way
}

const keyBytes = 32
const idBytes = 8
/** So much of a set's id stands on its shares, in hexadecimal. */
const setDigits = 8

export class Shares {
  readonly threshold: number
  readonly count: number
  /** Ids of the sets that open the store, the newest last. */
  readonly #wanted: string[] = []
  readonly #keys = new Map<string, KeyObject>()
  readonly #listeners = new Set<() => void>()
  #opened: string | undefined
  #held: Held[] = []
  #ask: ((shares: Shares) => Promise<void>) | undefined

  constructor(threshold: number, count: number) {
    this.threshold = threshold
    this.count = count
  }

  /** Notes that the store has something that this set opens. */
  want(id: string): void {
    if (!this.#wanted.includes(id)) this.#wanted.push(id)
  }

  /** The set that is whole; else the newest that is wanted. */
  get id(): string | undefined {
    return this.#opened ?? this.newest
  }

  get newest(): string | undefined {
    return this.#wanted.at(-1)
  }

  keyOf(id: string): KeyObject | undefined {
    return this.#keys.get(id)
  }

  get progress(): Progress {
    const { threshold, count } = this
    const have = Math.max(0, ...this.#wanted.map((id) => indexesOf(this.#heldOf(id)).length))
    return { isOpen: this.#opened !== undefined, threshold, count, have, set: setOf(this.id ?? '') }
  }

  /**
   * Tells when the root key is whole.
   *
   * @returns what ends it
   */
  onOpen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** On the host of a command, whoever typed it is asked for shares when they are needed. */
  askWith(ask: (shares: Shares) => Promise<void>): void {
    this.#ask = ask
  }

  /** @returns whether there was somebody to ask, and the root key is whole */
  async ask(): Promise<boolean> {
    if (this.#opened !== undefined || this.#ask === undefined) return false
    await this.#ask(this)
    return this.#opened !== undefined
  }

  /**
   * Makes a new root key, and its shares, which are kept nowhere.
   *
   * @returns each as it is typed
   */
  make(): readonly string[] {
    const { threshold, count } = this
    const bytes = randomBytes(keyBytes)
    const id = idOf(createSecretKey(bytes))
    const parts = split(bytes, threshold, count)
    try {
      for (const some of chosen(parts, threshold)) {
        const again = valueAt(0, some)
        const isSame = again.equals(bytes)
        again.fill(0)
        if (!isSame) throw new Error('Shares that were made do not give what was split.')
      }
      this.#keys.set(id, createSecretKey(bytes))
      this.#opened = id
      this.want(id)
      return parts.map(({ index, bytes: part }) =>
        writeShare({
          set: setOf(id),
          threshold,
          count,
          index,
          bytes: Buffer.from(part.buffer, part.byteOffset, part.length),
        }),
      )
    } finally {
      bytes.fill(0)
      for (const part of parts) part.bytes.fill(0)
    }
  }

  /**
   * Takes a share as it was typed.
   *
   * @throws Refusal `invalid` for what is no share, or none of this root key; `sealed` when it is not known yet which is wanted
   */
  give(text: Uint8Array, way: Way): Given {
    const share = readShare(text)
    if (this.#opened !== undefined) {
      share.bytes.fill(0)
      return this.#given('open')
    }
    try {
      this.#check(share, way)
    } catch (error) {
      share.bytes.fill(0)
      throw error
    }
    if (this.#held.some((one) => isSame(one.share, share))) {
      share.bytes.fill(0)
      return this.#given('same')
    }
    this.#held.push({ share, way })
    return this.#tryWith(share)
  }

  /** Forgets those that are here. */
  forget(): void {
    for (const { share } of this.#held) share.bytes.fill(0)
    this.#held = []
  }

  #check({ set, threshold, count }: Share, way: Way): void {
    if (this.newest === undefined) {
      throw new Refusal(
        'sealed',
        'The store has not been read yet, and with it which shares open it. Try again shortly.',
      )
    }
    if (threshold !== this.threshold || count !== this.count) {
      const wanted = `shamir:${this.threshold}/${this.count}`
      throw new Refusal(
        'invalid',
        `This is a share of another root key, shamir:${threshold}/${count}; asked for is ${wanted}.`,
      )
    }
    if (!this.#wanted.some((id) => setOf(id) === set)) {
      const wanted = this.#wanted.map(setOf).join(' or ')
      throw new Refusal('invalid', `This is a share of another set, ${set}. The store is opened by the set ${wanted}.`)
    }
    if (this.#held.filter((one) => one.way === way).length < this.count) return
    throw new Refusal(
      'invalid',
      'So many shares are here that do not fit together that no more are taken. Begin anew, on the host: "strongroom unseal --reset".',
    )
  }

  /** What was there before has been tried. */
  #tryWith(share: Share): Given {
    for (const id of this.#wanted.filter((one) => setOf(one) === share.set)) {
      const others = this.#heldOf(id).filter(({ index }) => index !== share.index)
      for (const some of chosen(others, this.threshold - 1)) {
        if (indexesOf(some).length === some.length && this.#open(id, [...some, share]))
          return this.#end(id, [...some, share])
      }
      if (indexesOf(this.#heldOf(id)).length >= this.threshold) return this.#given('mismatch')
    }
    return this.#given('kept')
  }

  #open(id: string, some: readonly Share[]): boolean {
    const bytes = valueAt(0, some)
    const key = createSecretKey(bytes)
    bytes.fill(0)
    if (idOf(key) !== id) return false
    this.#keys.set(id, key)
    this.#opened = id
    return true
  }

  #end(id: string, right: readonly Share[]): Given {
    const wrong = this.#heldOf(id).filter(({ index, bytes }) => {
      const expected = valueAt(index, right)
      const isWrong = !expected.equals(bytes)
      expected.fill(0)
      return isWrong
    })
    const given = { ...this.#given('open'), wrong: indexesOf(wrong) }
    this.forget()
    for (const listener of this.#listeners) listener()
    return given
  }

  #given(outcome: Given['outcome']): Given {
    return { ...this.progress, outcome, wrong: [] }
  }

  #heldOf(id: string): readonly Share[] {
    return this.#held.flatMap(({ share }) => (share.set === setOf(id) ? [share] : []))
  }
}

/** What a set is called on its shares. */
export function setOf(id: string): string {
  return id.slice(0, setDigits)
}

/** Tells sets apart, and nothing about the key, which is random. With it the parts of a set are proven to give its key. */
function idOf(key: KeyObject): string {
  return createHmac('sha256', key).update('strongroom shamir set').digest().subarray(0, idBytes).toString('hex')
}

function isSame(one: Share, other: Share): boolean {
  return one.set === other.set && one.index === other.index && one.bytes.equals(other.bytes)
}

function indexesOf(shares: readonly Share[]): readonly number[] {
  return [...new Set(shares.map(({ index }) => index))].toSorted((one, other) => one - other)
}

/** Each choice of so many. */
function* chosen<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  if (size === 0) {
    yield []
    return
  }
  for (let at = 0; at <= all.length - size; at++) {
    for (const rest of chosen(all.slice(at + 1), size - 1)) yield [...all.slice(at, at + 1), ...rest]
  }
}
