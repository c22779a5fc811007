/** Values in the memory of an application that reads them often, and must live through a short outage. */
import type { Secret, Tagged } from './model.ts'
import { amountOf, type CallOptions } from './options.ts'
import { isPassing } from './retry.ts'

export interface CacheOptions {
  /** How long a value is given out before the server is asked again: as late as this, a change or a revocation shows. */
  readonly ttlMs: number
  /** How much longer the last value stands in while the server cannot be asked. 5 minutes unless said otherwise. */
  readonly maxStaleMs?: number
}

/** @param known what was read before: nothing comes when it is still what is there */
type Read = (options: CallOptions, known: (Secret & Tagged) | undefined) => Promise<(Secret & Tagged) | undefined>

/** What is read of secrets without a cache. */
interface Reader {
  get(id: number, options?: CallOptions): Promise<Secret & Tagged>
  getByName(name: string, options?: CallOptions): Promise<Secret & Tagged>
  getIfChanged(known: Secret & Tagged, options?: CallOptions): Promise<(Secret & Tagged) | undefined>
  getByNameIfChanged(known: Secret & Tagged, options?: CallOptions): Promise<(Secret & Tagged) | undefined>
}

interface Entry {
  readonly secret: Secret & Tagged
  /** When the server was asked for it, in milliseconds since 1970. */
  readonly readAt: number
  /** When the server was last asked, in vain or not. */
  readonly askedAt: number
}

const maxTimeMs = 7 * 24 * 60 * 60 * 1000
const usualMaxStaleMs = 5 * 60 * 1000
/** The one that was asked for longest ago makes room. */
const maxEntries = 1000

/**
 * Reads secrets through the memory of this process. The server is asked again once it was not for `ttlMs`. If it cannot
 * be asked then, the last value stands in, until it is `ttlMs` and `maxStaleMs` old. A refusal (401, 403, 404 or any
 * other) is thrown, and the value forgotten. Reads from memory are in no audit trail.
 */
export class CachedSecrets {
  readonly #secrets: Reader
  readonly #ttlMs: number
  readonly #maxAgeMs: number
  #entries = new Map<string, Entry>()
  #flights = new Map<string, Promise<Secret & Tagged>>()

  constructor(secrets: Reader, options: CacheOptions) {
    this.#secrets = secrets
    this.#ttlMs = amountOf('ttlMs', options.ttlMs, 0, 1, maxTimeMs)
    this.#maxAgeMs = this.#ttlMs + amountOf('maxStaleMs', options.maxStaleMs, usualMaxStaleMs, 0, maxTimeMs)
  }

  get(id: number, options: Pick<CallOptions, 'signal'> = {}): Promise<Secret & Tagged> {
    return this.#read(`id ${id}`, options, (call, known) =>
      known === undefined ? this.#secrets.get(id, call) : this.#secrets.getIfChanged(known, call),
    )
  }

  getByName(name: string, options: Pick<CallOptions, 'signal'> = {}): Promise<Secret & Tagged> {
    return this.#read(`name ${name}`, options, (call, known) =>
      known === undefined || known.name !== name
        ? this.#secrets.getByName(name, call)
        : this.#secrets.getByNameIfChanged(known, call),
    )
  }

  /** Forgets all values. */
  clear(): void {
    this.#entries = new Map()
    this.#flights = new Map()
  }

  async #read(at: string, { signal }: Pick<CallOptions, 'signal'>, read: Read): Promise<Secret & Tagged> {
    signal?.throwIfAborted()
    const known = this.#entries.get(at)
    const now = Date.now()
    if (known !== undefined && isYounger(known.askedAt, now, this.#ttlMs) && this.#mayStandIn(known, now)) {
      return known.secret
    }
    return orAborted(this.#flights.get(at) ?? this.#take(at, known, read), signal)
  }

  /** Whoever asks meanwhile waits for the same answer. */
  #take(at: string, known: Entry | undefined, read: Read): Promise<Secret & Tagged> {
    const entries = this.#entries
    const flights = this.#flights
    const flight = this.#refresh(at, known, read, entries).finally(() => flights.delete(at))
    flights.set(at, flight)
    return flight
  }

  async #refresh(at: string, known: Entry | undefined, read: Read, entries: Map<string, Entry>) {
    const askedAt = Date.now()
    entries.delete(at)
    try {
      // Readers wait: with a value at hand, one try will do.
      const mayStandIn = known !== undefined && this.#mayStandIn(known, askedAt)
      const found = (await read(mayStandIn ? { retries: 0 } : {}, known?.secret)) ?? known?.secret
      if (found === undefined) throw new Error('Nothing is unchanged that was not known.')
      const secret = Object.freeze(found)
      this.#keep(entries, at, { secret, readAt: askedAt, askedAt })
      return secret
    } catch (error) {
      if (known === undefined || !isPassing(error) || !this.#mayStandIn(known, Date.now())) throw error
      this.#keep(entries, at, { ...known, askedAt })
      return known.secret
    }
  }

  #keep(entries: Map<string, Entry>, at: string, entry: Entry): void {
    for (const [oldest, kept] of entries) {
      if (entries.size < maxEntries && this.#mayStandIn(kept, entry.askedAt)) break
      entries.delete(oldest)
    }
    entries.set(at, entry)
  }

  #mayStandIn({ readAt }: Entry, now: number): boolean {
    return isYounger(readAt, now, this.#maxAgeMs)
  }
}

/** A clock that stepped back says nothing about age. */
function isYounger(then: number, now: number, ageMs: number): boolean {
  return now >= then && now - then < ageMs
}

function orAborted<T>(flight: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return flight
  return new Promise((resolve, reject) => {
    const give = () => reject(signal.reason)
    signal.addEventListener('abort', give, { once: true })
    flight.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}
