/** Sends operations to the server: addresses, keys, and as many tries as are safe. */
import { errorOf, type Failure } from './errors.ts'
import { type Exchanged, exchange, type HttpRequest, type Received } from './exchange.ts'
import { type AnswerOf, type Operation, type Operations, operations, type Rule } from './operations.ts'
import {
  type CallOptions,
  checkedApiKey,
  type KeyedOptions,
  type MatchOptions,
  retriesOf,
  type Settings,
  timeoutOf,
} from './options.ts'
import { leavesOpen, mayRepeat, pauseMs, wait } from './retry.ts'

type Given<O extends Operation, Part extends string> =
  Operations[O] extends Record<Part, infer Type>
    ? { readonly [Name in Part]: Type }
    : { readonly [Name in Part]?: never }

type Ids = { readonly id?: number; readonly version?: number; readonly secret?: number }

export type Sent<O extends Operation> = Given<O, 'body'> & Given<O, 'query'> & Ids

export class Connection {
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** @throws StrongroomError; the reason of the signal; TypeError for what cannot be sent */
  async send<O extends Operation>(
    operation: O,
    sent: Sent<O>,
    options: CallOptions & KeyedOptions & MatchOptions = {},
  ): Promise<Received<AnswerOf<O>>> {
    const rule: Rule<AnswerOf<O>> = operations[operation]
    const request = await this.#requestOf(operation, rule, sent, options)
    const retries = retriesOf(options, this.#settings.retries)
    for (let tries = 0, mayHaveActed = false; ; tries++) {
      const exchanged: Exchanged<AnswerOf<O>> = await exchange(this.#settings.fetch, request, rule.answer)
      if ('answer' in exchanged) return exchanged.answer
      const { failure } = exchanged
      mayHaveActed ||= request.method !== 'GET' && leavesOpen(failure)
      const pause = tries < retries ? pauseBefore(rule, failure, tries) : undefined
      if (pause === undefined) throw errorOf(failure, mayHaveActed)
      await wait(pause, request.signal)
    }
  }

  async #requestOf<O extends Operation>(
    operation: O,
    { repeat }: Rule<AnswerOf<O>>,
    sent: Sent<O>,
    options: CallOptions & KeyedOptions & MatchOptions,
  ): Promise<HttpRequest> {
    const [method = '', path = ''] = operation.split(' ')
    const url = this.#settings.url + addressOf(path, sent) + queryOf(sent.query)
    const body = sent.body === undefined ? undefined : JSON.stringify(sent.body)
    const timeoutMs = timeoutOf(options, this.#settings.timeoutMs)
    // Once for all tries: an idempotency key belongs to the API key that it was sent with.
    const apiKey = await this.#settings.apiKey?.()
    const headers = new Headers({ accept: 'application/json' })
    if (this.#settings.apiKey === undefined) headers.set('strongroom-portal', '1')
    else if (operation !== 'POST /v3/auth/oidc') {
      headers.set('authorization', `Bearer ${checkedApiKey(apiKey)}`)
    }
    if (body !== undefined) headers.set('content-type', 'application/json')
    if (options.ifMatch !== undefined) headers.set('if-match', [options.ifMatch].flat().join(', '))
    if (repeat === 'keyed') headers.set('idempotency-key', options.idempotencyKey ?? newIdempotencyKey())
    const secrets = [...(apiKey === undefined ? [] : [apiKey]), ...valueIn(sent.body)]
    return { url, method, headers, body, timeoutMs, signal: options.signal, secrets }
  }
}

function pauseBefore({ repeat }: Pick<Rule<unknown>, 'repeat'>, failure: Failure, tries: number): number | undefined {
  if (!mayRepeat(failure, repeat !== 'never')) return undefined
  return pauseMs(tries, failure.retryAfterMs, Math.random())
}

/** @throws TypeError for an id that is none, which could lead to another path */
function addressOf(path: string, ids: Ids): string {
  return path.replaceAll(/\{(id|version|secret)\}/g, (_, name: keyof Ids) => {
    const id = ids[name]
    if (id === undefined || !Number.isSafeInteger(id) || id < 1) {
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

function valueIn(body: unknown): readonly string[] {
  if (typeof body !== 'object' || body === null) return []
  const { value, token }: { value?: unknown; token?: unknown } = body
  return [value, token].filter((one) => typeof one === 'string')
}

/** Not `randomUUID`, which pages without TLS do not have. */
function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
