/**
 * Fetches from where somebody else chose, such as the issuer of a token, without reaching inside: the name is resolved
 * once, every address that it has is checked, and the connection goes to those and to no others.
 */
import { lookup } from 'node:dns/promises'
import type http from 'node:http'
import type https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { type Allowance, type Barrier, barrierTo } from './addresses.ts'

export interface FetchLimits {
  /** What may be reached beyond public addresses by https. */
  readonly allowances: readonly Allowance[]
  /** The longest body that is taken. */
  readonly maxBytes: number
  /** Whether a body is taken at all: else the answer is its status and headers, as soon as they are there. Taken, unless said otherwise. */
  readonly isBodyWanted?: boolean
  /** From the look-up of the name to the last byte. */
  readonly timeoutMs: number
  /** Finds a name's addresses; without it the host's own resolver does. */
  readonly resolve?: ((name: string) => Promise<readonly string[]>) | undefined
}

/** The part of `RequestInit` that clients of OpenID Connect use. */
export interface FetchInit {
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | URLSearchParams | Uint8Array | ArrayBuffer | null | undefined
  readonly signal?: AbortSignal | null | undefined
}

export type FetchReason =
  | Barrier
  | 'url'
  | 'unresolved'
  | 'connection'
  | 'timeout'
  | 'redirect'
  | 'encoding'
  | 'too_large'

/** Why nothing came back. The message names no address: who chose the URL is not told what the name resolves to. */
export class FetchFailure extends Error {
  override readonly name = 'FetchFailure'
  readonly reason: FetchReason

  constructor(reason: FetchReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

const maxHeaderBytes = 16 * 1024
const maxAddresses = 16

/**
 * Fetches as `fetch` does, but follows no redirect, goes through no proxy, reuses no connection, and takes the whole
 * body before it resolves.
 *
 * @throws FetchFailure
 */
export async function guardedFetch(url: string | URL, limits: FetchLimits, init: FetchInit = {}): Promise<Response> {
  const target = checkUrl(url)
  const deadline = AbortSignal.timeout(limits.timeoutMs)
  const signal = init.signal ? AbortSignal.any([deadline, init.signal]) : deadline
  try {
    const addresses = await within(signal, addressesOf(target, limits))
    return await exchange(target, addresses, limits, init, signal)
  } catch (error) {
    if (error instanceof FetchFailure) throw error
    if (deadline.aborted) throw new FetchFailure('timeout', `${target.host} took too long.`, { cause: error })
    throw new FetchFailure('connection', `${target.host} could not be reached.`, { cause: error })
  }
}

interface Posting {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

/** What was answered, or why nothing was. */
type Posted =
  | { readonly status: number; readonly retryAfter: string | null; readonly fault: null }
  | { readonly status: null; readonly retryAfter: null; readonly fault: FetchReason }

type Post = (posting: Posting) => Promise<Posted>

/** From the look-up of the name to the head of the answer. */
const postMs = 15_000

/**
 * Posts through the same door: what comes back is whether it was taken, and nothing of the answer's body.
 *
 * @param limits what may be reached; how long it may take, and how names are found, where that is another than usual
 */
export function postThrough(limits: Pick<FetchLimits, 'allowances'> & Partial<FetchLimits>): Post {
  return async ({ url, headers, body, signal }) => {
    try {
      const init = { method: 'POST', headers, body, signal }
      const answer = await guardedFetch(url, { timeoutMs: postMs, ...limits, maxBytes: 0, isBodyWanted: false }, init)
      return { status: answer.status, retryAfter: answer.headers.get('retry-after'), fault: null }
    } catch (error) {
      if (error instanceof FetchFailure) return { status: null, retryAfter: null, fault: error.reason }
      throw error
    }
  }
}

/** A look-up that takes longer says nothing about where a URL leads. */
const lookMs = 2_000

/**
 * Looks whether something would be sent to a URL through the same door, and sends nothing.
 *
 * @returns what tells why not, or `undefined` when it would be
 */
export function barrierThrough({
  allowances,
  resolve,
  timeoutMs = lookMs,
}: Pick<FetchLimits, 'allowances'> & Partial<FetchLimits>) {
  return async (url: string): Promise<{ readonly fault: FetchReason; readonly detail: string } | undefined> => {
    try {
      const looking = addressesOf(checkUrl(url), { allowances, resolve })
      await within(AbortSignal.timeout(timeoutMs), looking)
      return undefined
    } catch (error) {
      return error instanceof FetchFailure ? { fault: error.reason, detail: error.message } : undefined
    }
  }
}

/** The longest answer, and the longest time, of a server that does one small thing. */
const askLimits = { maxBytes: 65_536, timeoutMs: 10_000 }

/** Asks through the same door, and takes the whole answer. Rejects with `FetchFailure` where there is none. */
export function doorThrough(limits: Pick<FetchLimits, 'allowances'> & Partial<FetchLimits>) {
  return async (url: string, init: FetchInit) => {
    const answer = await guardedFetch(url, { ...askLimits, ...limits }, init)
    const bytes = Buffer.from(await answer.arrayBuffer())
    return { status: answer.status, headers: Object.fromEntries(answer.headers), bytes }
  }
}

/** @throws FetchFailure `url` unless it is one of http or https without credentials */
function checkUrl(text: string | URL): URL {
  const url = URL.canParse(String(text)) ? new URL(String(text)) : undefined
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  if (!isPlain || url.hostname === '' || url.hash !== '' || url.href.length > 2048) {
    throw new FetchFailure('url', 'Must be an https URL without credentials and fragment, at most 2048 characters.')
  }
  return url
}

/** @throws FetchFailure unless every address that the host has may be connected to */
async function addressesOf(
  url: URL,
  { allowances, resolve = resolveName }: Pick<FetchLimits, 'allowances' | 'resolve'>,
): Promise<readonly string[]> {
  const isTls = url.protocol === 'https:'
  const port = url.port === '' ? (isTls ? 443 : 80) : Number(url.port)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const addresses = isIP(host) === 0 ? await resolve(host).catch(() => []) : [host]
  if (addresses.length === 0) throw new FetchFailure('unresolved', `${url.hostname} has no address.`)
  for (const address of addresses) {
    const barrier = barrierTo(address, port, isTls, allowances)
    if (barrier !== undefined) throw new FetchFailure(barrier, `${url.host} ${barriers[barrier]}`)
  }
  return addresses.slice(0, maxAddresses)
}

const barriers: Record<Barrier, string> = {
  address: 'is not of the public internet, and the settings do not allow it.',
  scheme: 'must be reached by https.',
  port: 'must be reached at port 443 or 8443.',
}

async function resolveName(name: string): Promise<readonly string[]> {
  return (await lookup(name, { all: true })).map(({ address }) => address)
}

/** The name stays what the certificate and `Host` are about; only these addresses are connected to. */
async function exchange(
  url: URL,
  addresses: readonly string[],
  limits: FetchLimits,
  init: FetchInit,
  signal: AbortSignal,
): Promise<Response> {
  const body = bytesOf(init.body)
  const headers = { accept: 'application/json', ...init.headers, 'accept-encoding': 'identity', connection: 'close' }
  const options: https.RequestOptions = {
    method: init.method ?? 'GET',
    headers: body === undefined ? headers : { ...headers, 'content-length': body.length },
    // Neither a pool, whose connections were checked for others, nor a proxy, which would resolve the name anew.
    agent: false,
    lookup: pinned(addresses),
    maxHeaderSize: maxHeaderBytes,
    signal,
  }
  // TLS takes long to load, and most processes ask nobody.
  const { request } = url.protocol === 'https:' ? await import('node:https') : await import('node:http')
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (answer) => {
      take(answer, url, limits).then(resolve, (error) => {
        sent.destroy()
        reject(error)
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function pinned(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_name, options, callback) => {
    const [first] = all
    if (options.all === true) callback(null, all)
    else callback(null, first?.address ?? '', first?.family)
  }
}

async function take(
  answer: http.IncomingMessage,
  url: URL,
  { maxBytes, isBodyWanted = true }: FetchLimits,
): Promise<Response> {
  const { statusCode: status = 0, headers } = answer
  if (status >= 300 && status < 400) throw new FetchFailure('redirect', `${url.host} leads elsewhere.`)
  if (!isBodyWanted) {
    answer.destroy()
    return responseOf(null, status, headers)
  }
  if (!/^(identity)?$/i.test(headers['content-encoding'] ?? '')) {
    throw new FetchFailure('encoding', `${url.host} answers compressed, unasked.`)
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw new FetchFailure('too_large', `${url.host} answers with more than ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  const isBare = status === 204 || status === 205
  return responseOf(isBare ? null : Buffer.concat(chunks), status, headers)
}

function responseOf(body: Buffer<ArrayBuffer> | null, status: number, headers: http.IncomingHttpHeaders): Response {
  const pairs = Object.entries(headers).map(([name, value]) => [name, String(value)])
  return new Response(body, { status, headers: Object.fromEntries(pairs) })
}

function bytesOf(body: FetchInit['body']): Buffer | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof URLSearchParams) return Buffer.from(body.toString())
  return Buffer.from(body instanceof ArrayBuffer ? new Uint8Array(body) : body)
}

/** A look-up cannot be cancelled: it is no longer waited for. */
function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    work.then(resolve, reject)
  })
}
