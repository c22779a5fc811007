/**
 * What identity providers say of themselves (OpenID Connect Discovery 1.0): read when it is needed, once for all who wait,
 * and kept for a while. However many strangers begin to sign in, a provider is asked no more often than that.
 */
import type * as oidc from 'openid-client'
import { invalid } from '../errors.ts'
import type { SsoSettings } from '../model/sign-in.ts'

/** A start does not wait for it. */
export const oidcClient = () => import('openid-client')

/** Fetches from a provider, and reaches nothing else. */
export type FetchIssuer = (url: string, init: oidc.CustomFetchOptions) => Promise<Response>

const freshMs = 10 * 60 * 1000
/** So long a provider that does not answer is taken at its word. */
const maxAgeMs = 60 * 60 * 1000
/** One that does not answer is asked no more often. */
const retryMs = 30 * 1000
const maxProviders = 1000

interface Entry {
  metadata: oidc.ServerMetadata | undefined
  /** When it was fetched, and when that was last tried; milliseconds since 1970. */
  fetchedAt: number
  triedAt: number
  fetching: Promise<void> | undefined
  cause: unknown
}

export class Providers {
  readonly #fetch: FetchIssuer
  readonly #now: () => number
  readonly #entries = new Map<string, Entry>()

  /** @param now milliseconds since 1970 */
  constructor(fetchIssuer: FetchIssuer, now: () => number) {
    this.#fetch = fetchIssuer
    this.#now = now
  }

  /** Whether a provider can be used at all: it is asked now. @throws Refusal `invalid` saying why not */
  async check(issuer: string): Promise<void> {
    if (!URL.canParse(issuer)) throw invalid('issuer', 'Must be a URL, such as https://login.example.com.')
    const metadata = await this.#discover(issuer).catch(() => {
      throw invalid(
        'issuer',
        'Its OpenID configuration cannot be read. Is it the exact issuer, and reachable by https?',
      )
    })
    const fault = faultOf(metadata)
    if (fault !== undefined) throw invalid('issuer', `In its OpenID configuration, ${fault}`)
  }

  /** For a flow. @throws when the provider does not answer as it should */
  async configuration(
    { issuer, clientId }: Pick<SsoSettings, 'issuer' | 'clientId'>,
    clientSecret: string,
  ): Promise<oidc.Configuration> {
    const metadata = await this.#metadata(issuer)
    const client = await oidcClient()
    const configuration = new client.Configuration(metadata, clientId, clientSecret)
    configuration[client.customFetch] = this.#fetch
    // Whether it may be http at all, the fetch decides.
    if (isHttp(issuer)) client.allowInsecureRequests(configuration)
    client.enableNonRepudiationChecks(configuration)
    return configuration
  }

  async #metadata(issuer: string): Promise<oidc.ServerMetadata> {
    const entry = this.#entry(issuer)
    if (this.#now() - entry.fetchedAt >= freshMs) await this.#refresh(issuer, entry)
    if (entry.metadata === undefined || this.#now() - entry.fetchedAt >= maxAgeMs) {
      throw new Error('The provider does not answer as it should.', { cause: entry.cause })
    }
    return entry.metadata
  }

  #entry(issuer: string): Entry {
    const found = this.#entries.get(issuer)
    const none = { metadata: undefined, fetchedAt: Number.NEGATIVE_INFINITY, triedAt: Number.NEGATIVE_INFINITY }
    const entry = found ?? { ...none, fetching: undefined, cause: undefined }
    // The one that was asked for least lately is forgotten first.
    this.#entries.delete(issuer)
    this.#entries.set(issuer, entry)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > maxProviders && oldest !== undefined) this.#entries.delete(oldest)
    return entry
  }

  /** Once for all who wait for it; a failure leaves what there is. */
  async #refresh(issuer: string, entry: Entry): Promise<void> {
    if (entry.fetching === undefined && this.#now() - entry.triedAt < retryMs) return
    entry.fetching ??= this.#load(issuer, entry).finally(() => {
      entry.fetching = undefined
    })
    await entry.fetching
  }

  async #load(issuer: string, entry: Entry): Promise<void> {
    entry.triedAt = this.#now()
    try {
      const metadata = await this.#discover(issuer)
      const fault = faultOf(metadata)
      if (fault !== undefined) throw new Error(fault)
      entry.metadata = metadata
      entry.fetchedAt = this.#now()
      entry.cause = undefined
    } catch (error) {
      entry.cause = error
    }
  }

  async #discover(issuer: string): Promise<oidc.ServerMetadata> {
    const { allowInsecureRequests, customFetch, discovery } = await oidcClient()
    const insecure = isHttp(issuer) ? [allowInsecureRequests] : []
    const options = { [customFetch]: this.#fetch, execute: insecure }
    return (await discovery(new URL(issuer), 'any', undefined, undefined, options)).serverMetadata()
  }
}

/** Where browsers and requests are sent. */
const endpoints = ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint'] as const
const needed: ReadonlySet<string> = new Set(['authorization_endpoint', 'token_endpoint', 'jwks_uri'])

/** Why nobody can be sent where the provider says; `undefined` when all is well. */
function faultOf(metadata: oidc.ServerMetadata): string | undefined {
  const bad = endpoints.find((name) => {
    const url = metadata[name]
    return url === undefined ? needed.has(name) : !isSafe(url, metadata.issuer)
  })
  if (bad === undefined) return undefined
  return `${bad} must be an https URL without credentials (or on the issuer's own host, where that is http).`
}

function isSafe(text: string, issuer: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (isHttp(issuer) && url.protocol === 'http:' && isSameHost(url, new URL(issuer)))
}

function isSameHost(one: URL, other: URL): boolean {
  return one.hostname === other.hostname
}

function isHttp(issuer: string): boolean {
  return URL.canParse(issuer) && new URL(issuer).protocol === 'http:'
}
