/** One request and its answer, read with suspicion: whatever fails is a `Failure` in words that give nothing away. */
import type { Failure, FieldFault } from './errors.ts'
import type { AnswerHeaders, Fetch, FetchAnswer } from './options.ts'
import { readRetryAfter } from './retry.ts'
import { fields, integer, list, type Shape, text } from './shape.ts'

export interface HttpRequest {
  readonly url: string
  readonly method: string
  /** By their names in small letters. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  /** What no message may hold, whatever is answered. */
  readonly secrets: readonly string[]
}

export interface Received<T> {
  readonly body: T
  readonly headers: AnswerHeaders
}

export type Exchanged<T> =
  | { readonly answer: Received<T> }
  | { readonly failure: Failure }
  /** What the request names as known is still what is there. */
  | { readonly unchanged: true }

const maxMessageLength = 500
/** A shorter value is a word or a digit, which a message may hold by chance. */
const leastTellingLength = 8

/** @throws the reason of the caller's signal, and nothing else */
export async function exchange<T>(fetch: Fetch, request: HttpRequest, shape: Shape<T>): Promise<Exchanged<T>> {
  const { signal, timeoutMs } = request
  signal?.throwIfAborted()
  const controller = new AbortController()
  const giveUp = () => controller.abort()
  const timer = setTimeout(giveUp, timeoutMs)
  signal?.addEventListener('abort', giveUp, { once: true })
  try {
    // A fetch that does not heed its signal is not waited for.
    return await Promise.race([ask(fetch, request, controller.signal, shape), whenAborted(controller.signal)])
  } catch (error) {
    signal?.throwIfAborted()
    if (!controller.signal.aborted) return { failure: unreachable(request, error) }
    return { failure: { code: 'timed_out', message: `No answer from ${originOf(request)} in ${timeoutMs} ms.` } }
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', giveUp)
  }
}

/**
 * The same of an answer that goes on: its body as it comes.
 *
 * @param signal ends it
 */
export async function openStream(
  fetch: Fetch,
  request: HttpRequest,
  signal: AbortSignal,
): Promise<{ readonly body: ReadableStream<Uint8Array> } | { readonly failure: Failure }> {
  try {
    const { url, method, headers } = request
    const response = await fetch(url, { method, headers: { ...headers }, redirect: 'manual', signal })
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    if (response.ok && isStream && response.body !== null) return { body: response.body }
    if (response.ok || response.status < 400) {
      await response.body?.cancel()
      return { failure: unexpected(request, response, 'something else than a stream of events') }
    }
    return { failure: failureOf(request, response, parse(await response.arrayBuffer())) }
  } catch (error) {
    request.signal?.throwIfAborted()
    return { failure: unreachable(request, error) }
  }
}

/** Of a read on condition: whether the server says that nothing has changed. */
function isUnchanged({ headers }: HttpRequest, { status }: FetchAnswer): boolean {
  return status === 304 && headers['if-none-match'] !== undefined
}

async function ask<T>(fetch: Fetch, request: HttpRequest, signal: AbortSignal, shape: Shape<T>): Promise<Exchanged<T>> {
  const { url, method, headers, body } = request
  const sent = { ...headers }
  const init = { method, headers: sent, redirect: 'manual', signal, ...(body === undefined ? {} : { body }) } as const
  const response = await fetch(url, init)
  if (isUnchanged(request, response)) return { unchanged: true }
  if (response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
    await response.body?.cancel()
    return { failure: unexpected(request, response, 'a redirect, which is not followed') }
  }
  const content = parse(await response.arrayBuffer())
  if (!response.ok) return { failure: failureOf(request, response, content) }
  if (response.headers.get('idempotent-replayed') !== null && !shape(content) && isMadeBefore(content)) {
    return { failure: madeBefore(request, response, content) }
  }
  if (!shape(content)) return { failure: unexpected(request, response, 'something else than the API describes') }
  return { answer: { body: content, headers: response.headers } }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

/** Invalid UTF-8 is not mended: a value comes as it was stored or not at all. */
function parse(bytes: ArrayBuffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch {
    return undefined
  }
}

interface Problem {
  readonly type: string
  readonly code: string
  readonly message: string
  readonly request_id: string
}

const isProblem = fields<Problem>({ type: text, code: text, message: text, request_id: text })
const isFaulty = fields<{ errors: readonly FieldFault[] }>({ errors: list(fields({ field: text, detail: text })) })

function failureOf(request: HttpRequest, response: FetchAnswer, content: unknown): Failure {
  const { status, headers } = response
  const retryAfterMs = readRetryAfter(headers.get('retry-after'), Date.now())
  if (!isProblem(content) || !isOurs(content)) return { ...foreign(request, response), retryAfterMs }
  const faults = isFaulty(content) ? content.errors : []
  const isTelling = tells(request, JSON.stringify([content.message, faults]))
  return {
    status,
    code: content.code,
    message: isTelling ? `The server answered ${status}.` : content.message.slice(0, maxMessageLength),
    requestId: requestIdOf(request, response),
    errors: isTelling ? [] : faults.map(({ field, detail }) => ({ field, detail })),
    retryAfterMs,
  }
}

/** In place of what is given out once. */
interface MadeBefore {
  readonly id: number
  readonly message: string
}

const isMadeBefore = fields<MadeBefore>({ id: integer, message: text })

function madeBefore(request: HttpRequest, response: FetchAnswer, { id, message }: MadeBefore): Failure {
  const words = tells(request, message) ? 'An earlier request made it.' : message.slice(0, maxMessageLength)
  return {
    code: 'already_made',
    status: response.status,
    message: words,
    id,
    requestId: requestIdOf(request, response),
  }
}

function isOurs({ type, code }: Problem): boolean {
  return /^[a-z_]{1,64}$/.test(code) && type === `urn:strongroom:problem:${code}`
}

/** What a proxy says of itself: that it is busy, or that it does not reach the server. */
function foreign(request: HttpRequest, response: FetchAnswer): Failure {
  const { status } = response
  if (status === 429) return { status, code: 'rate_limited', message: 'Something before the server limits requests.' }
  if ([408, 502, 503, 504].includes(status)) {
    return { status, code: 'unavailable', message: `Something before the server answered ${status}.` }
  }
  return unexpected(request, response, 'something else than Strongroom does')
}

function unexpected(request: HttpRequest, response: FetchAnswer, what: string): Failure {
  const message = `${originOf(request)} answered ${response.status} with ${what}. Is the URL right?`
  const requestId = requestIdOf(request, response)
  return { status: response.status, code: 'unexpected_answer', message, requestId }
}

function unreachable(request: HttpRequest, error: unknown): Failure {
  const reason = reasonsOf(error).join(': ')
  const why = reason === '' || tells(request, reason) ? '' : `: ${reason.slice(0, maxMessageLength)}`
  return { code: 'unreachable', message: `No answer from ${originOf(request)}${why}` }
}

/** The texts of an error and of what caused it. Not the error itself, which may hold the request, and so the key. */
function reasonsOf(error: unknown, depth = 0): readonly string[] {
  if (!(error instanceof Error) || depth > 3) return []
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const text = (error.message || code).replace(openssl, '$1').replaceAll(/\s+/g, ' ').trim()
  return [text, ...reasonsOf(error.cause, depth + 1)].filter((reason) => reason !== '')
}

/** Of a fault of TLS: its words, among where in the library it was found. */
const openssl = /(?:[0-9A-F]+:)?error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):[^\n]*/

function requestIdOf(request: HttpRequest, { headers }: FetchAnswer): string | undefined {
  const id = headers.get('strongroom-request-id') ?? ''
  return /^[\x21-\x7e]{1,128}$/.test(id) && !tells(request, id) ? id : undefined
}

function originOf({ url }: HttpRequest): string {
  return new URL(url).origin
}

function tells({ secrets }: HttpRequest, message: string): boolean {
  return secrets.some((secret) => {
    if (secret.length < leastTellingLength) return false
    return message.includes(secret) || message.includes(JSON.stringify(secret).slice(1, -1))
  })
}
