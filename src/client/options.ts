/** How a client is set up, and how one call of it can differ. */

/** In place of an API key: the cookie of whoever is signed in to the portal. */
export const session = Symbol('session')

/** What the client uses of `fetch`: whatever answers so will do in place of it. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>

/** One request: of `RequestInit`, what the client sets. */
export interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly body?: string
  /** Nothing is followed: a redirect would carry keys and values elsewhere. */
  readonly redirect: 'manual'
  readonly signal: AbortSignal
}

/** Of `Response`, what the client reads. */
export interface FetchAnswer {
  readonly status: number
  readonly ok: boolean
  readonly type: string
  readonly headers: AnswerHeaders
  readonly body: ReadableStream<Uint8Array> | null
  arrayBuffer(): Promise<ArrayBuffer>
}

export interface AnswerHeaders {
  /** Whatever the case of the name. */
  get(name: string): string | null
}

/** Where API keys come from that end while they are in use. */
export interface KeySource {
  /** A key that is good now. */
  key(signal?: AbortSignal): Promise<string>
  /** Whether a request may still be sent under it. */
  isGood(apiKey: string): boolean
  /** The server has refused this one: it is given to nobody any more. */
  refused(apiKey: string): void
}

export interface StrongroomOptions {
  /** Where the server is, such as `https://strongroom.example.com`. A path before `/v3` is kept. */
  readonly url: string
  /**
   * The API key, or where to get it: asked before each call, so that a key can be exchanged while in use. In a page of
   * the server itself `session`: whoever is signed in there asks. For a job that trades its token for keys, `TradedKeys`.
   */
  readonly apiKey: string | (() => string | Promise<string>) | typeof session | KeySource
  /** In place of the global `fetch`: for a proxy, a client certificate, a test. */
  readonly fetch?: Fetch
  /** How long one request may take, to the last byte of its answer. 10 seconds unless said otherwise. */
  readonly timeoutMs?: number
  /** How often a request is sent again that may be. 3 unless said otherwise; 0 for never. */
  readonly retries?: number
  /** The environment of every call that is in one, by its name. Without it, the one that the API key's scopes name, or `default`. */
  readonly environment?: string
  /** Gives up every call, waiting included; each then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

/** Of any call. */
export interface CallOptions {
  /** Gives up the call, waiting included; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  readonly retries?: number
  /** In place of the environment of the client. */
  readonly environment?: string
}

/** Of a call that the server carries out once, however often it is sent. */
export interface KeyedOptions extends CallOptions {
  /** 1 to 255 printable characters; made by the client unless given. Give one to repeat a call of an earlier process. */
  readonly idempotencyKey?: string
}

/** Of a call that reads a value. */
export interface ReadOptions extends CallOptions {
  /** `false`: templates as they were stored, without what they refer to. */
  readonly resolve?: false
}

/** Of a read on condition. */
export interface KnownOptions {
  /** The entity tag of what is known. */
  readonly known?: string | undefined
}

/** Of a call that can depend on what is there. */
export interface MatchOptions extends CallOptions {
  /** The `etag` of an earlier answer, several of them, or `*` for whatever is there: otherwise the call is a `Conflict`. */
  readonly ifMatch?: string | readonly string[]
}

/** Of a call that may make what is not there. */
export interface PutOptions extends MatchOptions {
  /** `*`: only if it is not there yet; otherwise the call is a `Conflict`. */
  readonly ifNoneMatch?: '*'
}

export interface Settings {
  /** Without a slash at the end. */
  readonly url: string
  /** `undefined` for a session; gives `undefined` where no key is needed. */
  readonly apiKey: ((signal?: AbortSignal) => string | undefined | Promise<string>) | undefined
  /** Who is told of what becomes of keys, if anybody. */
  readonly keys?: KeySource
  readonly fetch: Fetch
  readonly timeoutMs: number
  readonly retries: number
  readonly environment: string | undefined
  readonly signal: AbortSignal | undefined
}

/** Timers count in 31 bits of milliseconds. */
const maxTimeoutMs = 2 ** 31 - 1

/** @throws TypeError, which never quotes the API key */
export function settingsOf(options: StrongroomOptions): Settings {
  const { apiKey, fetch = (url, init) => globalThis.fetch(url, init) } = options
  const url = baseOf(options.url)
  if (typeof apiKey !== 'function' && typeof apiKey !== 'object' && apiKey !== session) checkedApiKey(apiKey)
  const environment = environmentOf(options)
  const limits = { timeoutMs: timeoutOf(options, 10_000), retries: retriesOf(options, 3) }
  const keys = typeof apiKey === 'object' ? { keys: apiKey } : {}
  return { url, apiKey: readerOf(apiKey), ...keys, fetch, environment, signal: options.signal, ...limits }
}

/** Of a call that needs no key. @throws TypeError */
export function keylessSettingsOf(options: Omit<StrongroomOptions, 'apiKey'>): Settings {
  return { ...settingsOf({ ...options, apiKey: session }), apiKey: () => undefined }
}

function readerOf(apiKey: StrongroomOptions['apiKey']): Settings['apiKey'] {
  if (apiKey === session) return undefined
  if (typeof apiKey === 'object') return (signal) => apiKey.key(signal)
  return typeof apiKey === 'function' ? apiKey : () => apiKey
}

/** `fetch` would quote a key that is no header's value. */
export function checkedApiKey(apiKey: unknown): string {
  if (typeof apiKey !== 'string' || !/^[\x21-\x7e]{1,1024}$/.test(apiKey)) {
    throw new TypeError('apiKey: must be printable characters without a blank or a line end.')
  }
  return apiKey
}

/** @throws TypeError for what no header can carry */
export function environmentOf({ environment }: { readonly environment?: string }, usual?: string): string | undefined {
  if (environment === undefined) return usual
  if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/.test(environment)) return environment
  throw new TypeError('environment: must be 1 to 63 letters, digits, "_", "." or "-".')
}

export function timeoutOf({ timeoutMs }: { readonly timeoutMs?: number }, usual: number): number {
  return amountOf('timeoutMs', timeoutMs, usual, 1, maxTimeoutMs)
}

export function retriesOf({ retries }: { readonly retries?: number }, usual: number): number {
  return amountOf('retries', retries, usual, 0, 100)
}

export function amountOf(name: string, given: number | undefined, usual: number, least: number, most: number): number {
  const amount = given ?? usual
  if (Number.isSafeInteger(amount) && amount >= least && amount <= most) return amount
  throw new TypeError(`${name}: must be a whole number from ${least} to ${most}.`)
}

/** The server prints its address with `/v3`, so that is taken too. */
function baseOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (url === undefined || !isHttp || url.username || url.password || url.search || url.hash) {
    throw new TypeError('url: must be such as https://strongroom.example.com, without a user, a query or a fragment.')
  }
  return url.href.replace(/\/+$/, '').replace(/\/v3$/, '')
}
