/**
 * Where issuers keep their keys (OpenID Connect Discovery 1.0), fetched when they are needed and kept for an hour at
 * most: a token of a key that is known is checked through an outage of its issuer, one of any other key is not.
 */
import { parseJson } from '../json.ts'
import { keyFor, type PublicKey, readKeySet } from './keys.ts'
import { type Token, TokenRefused } from './token.ts'

/** Fetches a document by its URL; never follows it anywhere else. */
export type FetchDocument = (url: string) => Promise<Pick<Response, 'status' | 'arrayBuffer'>>

/** What an issuer's documents may have at most. */
export const documentLimits = { maxBytes: 256 * 1024, timeoutMs: 5000 }

const freshMs = 10 * 60 * 1000
const maxAgeMs = 60 * 60 * 1000
/** However many tokens of unknown keys there are, an issuer is asked no more often. */
const retryMs = 30 * 1000
const maxIssuers = 1000
const maxKeys = 100
const maxFields = 256

export interface Source {
  readonly issuer: string
  /** Where its keys are; `null` to look for them at the issuer. */
  readonly jwksUrl: string | null
}

interface Entry {
  keys: readonly PublicKey[] | undefined
  /** When they were fetched, and when that was last tried; milliseconds since 1970. */
  fetchedAt: number
  triedAt: number
  fetching: Promise<void> | undefined
  cause: unknown
}

export class Issuers {
  readonly #fetch: FetchDocument
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()

  /** @param now milliseconds since 1970 */
  constructor(fetchDocument: FetchDocument, now: () => number) {
    this.#fetch = fetchDocument
    this.#now = now
  }

  /** @throws TokenRefused `issuer_unreachable`, `unknown_key` */
  async keyFor(source: Source, token: Token): Promise<PublicKey> {
    const entry = this.#entry(source)
    const known = entry.keys && keyFor(entry.keys, token)
    if (known === undefined || this.#now() - entry.fetchedAt >= freshMs) await this.#refresh(source, entry)
    if (entry.keys === undefined || this.#now() - entry.fetchedAt >= maxAgeMs) {
      throw new TokenRefused('issuer_unreachable', { cause: entry.cause })
    }
    const found = keyFor(entry.keys, token)
    if (found === undefined) throw new TokenRefused('unknown_key', { cause: entry.cause })
    return found
  }

  #entry({ issuer, jwksUrl }: Source): Entry {
    const name = `${issuer} ${jwksUrl ?? ''}`
    const found = this.#entries.get(name)
    const entry = found ?? { keys: undefined, fetchedAt: 0, triedAt: 0, fetching: undefined, cause: undefined }
    // The one that was asked for least lately is forgotten first.
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > maxIssuers && oldest !== undefined) this.#entries.delete(oldest)
    return entry
  }

  /** Once for all who wait for it; a failure leaves the keys that there are. */
  async #refresh(source: Source, entry: Entry): Promise<void> {
    if (entry.fetching === undefined && this.#now() - entry.triedAt < retryMs) return
    entry.fetching ??= this.#load(source, entry).finally(() => {
      entry.fetching = undefined
    })
    await entry.fetching
  }

  async #load(source: Source, entry: Entry): Promise<void> {
    entry.triedAt = this.#now()
    try {
      const url = source.jwksUrl ?? (await this.#discover(source.issuer))
      const keys = readKeySet(await this.#document(url), maxKeys)
      if (keys === undefined) throw new Error('The issuer does not give a set of public keys.')
      entry.keys = keys
      entry.fetchedAt = this.#now()
      entry.cause = undefined
    } catch (error) {
      entry.cause = error
    }
  }

  async #discover(issuer: string): Promise<string> {
    const document = await this.#document(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    const { issuer: stated, jwks_uri: url } = document as Readonly<Record<string, unknown>>
    if (stated !== issuer) throw new Error('The issuer calls itself something else.')
    if (typeof url !== 'string') throw new Error('The issuer does not say where its keys are.')
    return url
  }

  async #document(url: string): Promise<object> {
    const answer = await this.#fetch(url)
    if (answer.status !== 200) throw new Error(`The issuer answers ${answer.status}.`)
    const document = parseJson(new Uint8Array(await answer.arrayBuffer()), maxFields)
    if (typeof document !== 'object' || document === null) throw new Error('The issuer answers no JSON object.')
    return document
  }
}
