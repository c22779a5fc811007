/** Sends operations to the server: addresses, keys, and as many tries as are safe. */
import { errorOf, type Failure } from './errors.ts'
import { type Exchanged, exchange, type HttpRequest, openStream, type Received } from './exchange.ts'
import { type AnswerOf, type Operation, type Operations, operations, type Rule } from './operations.ts'
import {
  type CallOptions,
  checkedApiKey,
  environmentOf,
  type KeyedOptions,
  type KnownOptions,
  type PutOptions,
  retriesOf,
  type Settings,
  timeoutOf,
} from './options.ts'
import { leavesOpen, mayRepeat, pauseMs, wait } from './retry.ts'
import { anything } from './shape.ts'

type Body<O extends Operation> = Operations[O] extends { body: infer Type }
  ? { readonly body: Type }
  : { readonly body?: never }

type Query<O extends Operation> = Operations[O] extends { query: infer Type }
  ? { readonly query?: Type }
  : { readonly query?: never }

type Ids<O extends Operation> = Operations[O] extends { ids: infer Name extends string }
  ? { readonly [Id in Name]: number }
  : unknown

type Names<O extends Operation> = Operations[O] extends { names: infer Name extends string }
  ? { readonly [One in Name]: string }
  : unknown

/** What an operation is sent: the ids and names of its path, its query, its body. */
export type Sent<O extends Operation> = Body<O> & Query<O> & Ids<O> & Names<O>

interface KeyedRequest extends HttpRequest {
  readonly apiKey: string | undefined
}

export class Connection {
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /**
   * Opens a stream of events.
   *
   * @param signal ends it
   * @throws StrongroomError; the reason of the caller's signal
   */
  async listen(
    query: Readonly<Record<string, string>>,
    options: Pick<CallOptions, 'signal' | 'environment'>,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    for (let isRenewed = false; ; isRenewed = true) {
      const rule = { repeat: 'safe', isOpen: false, answer: anything } as const
      const request = await this.#requestOf('GET /v3/events', rule, { query }, options)
      const headers = { ...request.headers, accept: 'text/event-stream' }
      const opened = await openStream(this.#settings.fetch, { ...request, headers }, signal)
      if ('body' in opened) return opened.body
      if (isRenewed || !this.#isKeyRefused(request, opened.failure)) throw errorOf(opened.failure, false)
    }
  }

  /** @throws StrongroomError; the reason of the signal; TypeError for what cannot be sent */
  async send<O extends Operation>(
    operation: O,
    sent: Sent<O>,
    options: CallOptions & KeyedOptions & PutOptions = {},
  ): Promise<Received<AnswerOf<O>>> {
    const received = await this.sendUnless(operation, sent, options)
    if (received === undefined) throw new Error('Only what is asked on condition is unchanged.')
    return received
  }

  /** The same on condition: nothing, where what is known is still what is there. */
  async sendUnless<O extends Operation>(
    operation: O,
    sent: Sent<O>,
    options: CallOptions & KeyedOptions & PutOptions & KnownOptions = {},
  ): Promise<Received<AnswerOf<O>> | undefined> {
    const rule: Rule<AnswerOf<O>> = operations[operation]
    let request = await this.#requestOf(operation, rule, sent, options)
    const retries = retriesOf(options, this.#settings.retries)
    for (let tries = 0, mayHaveActed = false, isRenewed = false; ; tries++) {
      const exchanged: Exchanged<AnswerOf<O>> = await exchange(this.#settings.fetch, request, rule.answer)
      if ('answer' in exchanged) return exchanged.answer
      if ('unchanged' in exchanged) return undefined
      const { failure } = exchanged
      mayHaveActed ||= request.method !== 'GET' && leavesOpen(failure)
      const isAnew: boolean = !isRenewed && this.#isKeyRefused(request, failure)
      isRenewed ||= isAnew
      const pause = isAnew ? 0 : tries < retries ? pauseBefore(rule, failure, tries) : undefined
      if (pause === undefined) throw errorOf(failure, mayHaveActed)
      if (pause > 0) await wait(pause, request.signal)
      // An idempotency key is of one API key: under another one it would be done once more.
      if (mayHaveActed && rule.repeat === 'keyed' && this.#isOver(request)) throw errorOf(failure, mayHaveActed)
      request = await this.#underGoodKey(request)
    }
  }

  /** Tells whoever the key is from, for whom the server may take another one. */
  #isKeyRefused({ apiKey }: KeyedRequest, { status, code }: Failure): boolean {
    if (apiKey === undefined || status !== 401 || code !== 'unauthenticated') return false
    this.#settings.keys?.refused(apiKey)
    return this.#settings.keys !== undefined
  }

  #isOver({ apiKey }: KeyedRequest): boolean {
    const { keys } = this.#settings
    return keys !== undefined && apiKey !== undefined && !keys.isGood(apiKey)
  }

  /** The same request, under another key where its own has ended. */
  async #underGoodKey(request: KeyedRequest): Promise<KeyedRequest> {
    if (!this.#isOver(request)) return request
    const apiKey = checkedApiKey(await this.#settings.apiKey?.(request.signal))
    const headers = { ...request.headers, authorization: `Bearer ${apiKey}` }
    return { ...request, headers, apiKey, secrets: [apiKey, ...request.secrets] }
  }

  async #requestOf(
    operation: string,
    { repeat, isOpen, names }: Rule<unknown>,
    sent: { readonly body?: unknown; readonly query?: unknown },
    options: CallOptions & KeyedOptions & PutOptions & KnownOptions,
  ): Promise<KeyedRequest> {
    const [method = '', path = ''] = operation.split(' ')
    const url = this.#settings.url + addressOf(path, sent, names) + queryOf(sent.query)
    const body = sent.body === undefined ? undefined : JSON.stringify(sent.body)
    const timeoutMs = timeoutOf(options, this.#settings.timeoutMs)
    // Once for all tries, while it is good: an idempotency key belongs to the API key that it was sent with.
    const signal = eitherOf(options.signal, this.#settings.signal)
    signal?.throwIfAborted()
    const apiKey = await this.#settings.apiKey?.(signal)
    const known = options.known ?? options.ifNoneMatch
    const headers = headersOf({
      accept: 'application/json',
      'strongroom-portal': this.#settings.apiKey === undefined ? '1' : undefined,
      authorization: this.#settings.apiKey === undefined || isOpen ? undefined : `Bearer ${checkedApiKey(apiKey)}`,
      'content-type': body === undefined ? undefined : 'application/json',
      'strongroom-environment': environmentOf(options, this.#settings.environment),
      'if-match': options.ifMatch === undefined ? undefined : [options.ifMatch].flat().join(', '),
      'if-none-match': known,
      'idempotency-key': repeat === 'keyed' ? (options.idempotencyKey ?? newIdempotencyKey()) : undefined,
    })
    const secrets = [...(apiKey === undefined ? [] : [apiKey]), ...valueIn(sent.body)]
    return { url, method, headers, body, timeoutMs, signal, secrets, apiKey }
  }
}

/**
 * Those that there are. Not a `Headers`: in Node.js that takes longer to load than all else that one command does.
 *
 * @throws TypeError for what no header can carry
 */
function headersOf(headers: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => {
      if (value === undefined) return []
      if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new TypeError(`${name}: must be what a header can carry.`)
      return [[name, value]]
    }),
  )
}

function eitherOf(one: AbortSignal | undefined, other: AbortSignal | undefined): AbortSignal | undefined {
  return one === undefined || other === undefined ? (one ?? other) : AbortSignal.any([one, other])
}

function pauseBefore({ repeat }: Pick<Rule<unknown>, 'repeat'>, failure: Failure, tries: number): number | undefined {
  if (!mayRepeat(failure, repeat !== 'never')) return undefined
  return pauseMs(tries, failure.retryAfterMs, Math.random())
}

/**
 * @param names which parts of the path are names
 * @throws TypeError for an id or a name that is none, which could lead to another path
 */
function addressOf(path: string, sent: object, names: readonly string[] = []): string {
  const ids = new Map<string, unknown>(Object.entries(sent))
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const id = ids.get(name)
    if (names.includes(name)) {
      if (typeof id !== 'string' || /^\.{0,2}$/.test(id) || /\p{Cs}/u.test(id)) {
        throw new TypeError(`${name}: must be a name.`)
      }
      return encodeURIComponent(id)
    }
    if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 1) {
      throw new TypeError(`${name}: must be a whole number from 1.`)
    }
    return String(id)
  })
}

function queryOf(query: unknown): string {
  const entries = Object.entries(query ?? {}).filter(([, value]) => value !== undefined)
  if (entries.length === 0) return ''
  return `?${new URLSearchParams(entries.map(([name, value]) => [name, String(value)]))}`
}

/** Of bodies: what no message may quote. */
const secretFields: ReadonlySet<string> = new Set([
  ...['value', 'token', 'password', 'current_password', 'code', 'client_secret', 'enrolment'],
])

function valueIn(body: unknown): readonly string[] {
  if (typeof body !== 'object' || body === null) return []
  return Object.entries(body).flatMap(([name, one]) => (secretFields.has(name) && typeof one === 'string' ? [one] : []))
}

/** Not `randomUUID`, which pages without TLS do not have. */
function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
