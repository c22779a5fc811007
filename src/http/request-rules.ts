/** What is refused whoever asks: too many requests from one address, sloppy paths, headers that we do not take. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalid, Refusal } from '../errors.ts'
import type { RateLimiter } from './limits.ts'
import { clientOf } from './peer.ts'
import { NoSuchPath } from './problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered in JSON, whatever `Accept` says. */
    isAcceptIgnored?: boolean
  }
}

/** Far below Node's own limits: an API of small requests needs no more. */
const maxHeaders = 100
const maxUrlLength = 8192

const validHost =
  /^(?:[\w.~-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?:\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])?)?$/
const givenOnce: ReadonlyMap<string, string> = new Map(
  ['Host', 'Content-Type', 'Origin', 'Idempotency-Key', 'Strongroom-Portal'].map((name) => [name.toLowerCase(), name]),
)

export function checkRequests(app: FastifyInstance, limiter: RateLimiter | undefined): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    reply.header('strongroom-request-id', request.id)
    try {
      limiter?.take(clientOf(request), performance.now())
      checkUrl(request.raw.url ?? '')
      checkHeaders(request)
      done()
    } catch (error) {
      done(error as Error)
    }
  })
}

/** Between slashes nothing, or a step up, however they are written. An encoded slash may be part of a name. */
const sloppy = /\/\/|\/\.{1,2}(\/|$)|\\|^\/(v3|api|secrets|cloud)\/.*\/$/
const encoded: Readonly<Record<string, string>> = { '2e': '.', '2f': '/', '5c': '\\' }

function checkUrl(url: string): void {
  if (url.length > maxUrlLength)
    throw new Refusal('uri_too_long', `The URL must be at most ${maxUrlLength} characters.`)
  const end = url.indexOf('?')
  const path = end < 0 ? url : url.slice(0, end)
  if (sloppy.test(path.includes('%') ? decoded(path) : path)) throw new NoSuchPath()
}

function decoded(path: string): string {
  return path.replaceAll(/%(2e|2f|5c)/gi, (_, code: string) => encoded[code.toLowerCase()] ?? '')
}

function checkHeaders(request: FastifyRequest): void {
  const { headers, raw } = request
  if (raw.rawHeaders.length > 2 * maxHeaders) {
    throw new Refusal('headers_too_large', `A request may have at most ${maxHeaders} headers.`)
  }
  checkHost(headers.host, raw.httpVersion)
  checkDoubles(raw.rawHeaders)
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    throw new Refusal(
      'unsupported_media_type',
      'Send the body as "Content-Type: application/json" in UTF-8, not compressed.',
    )
  }
  if (isAcceptIgnored(request)) return
  if (headers.accept?.includes('q=0') && excludesJson(headers.accept)) {
    throw new Refusal('not_acceptable', 'Answers are JSON, which the Accept header excludes.')
  }
}

function isAcceptIgnored(request: FastifyRequest): boolean {
  if (request.routeOptions.config.isAcceptIgnored === true) return true
  return request.server.knownPathOf(request)?.allowed.length === 0
}

/** RFC 9112, section 3.2. */
function checkHost(host: string | undefined, version: string): void {
  if (host === undefined) {
    if (version === '1.1') throw invalid('Host', 'Is required.')
  } else if (!validHost.test(host)) throw invalid('Host', 'Must be a name or an address, with a port if need be.')
}

/** Of two, Node keeps the first in silence, or joins them; whatever stands between may have kept the other. */
function checkDoubles(rawHeaders: readonly string[]): void {
  const seen: string[] = []
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const given = givenOnce.get(rawHeaders[at]?.toLowerCase() ?? '')
    if (given === undefined) continue
    if (seen.includes(given)) throw invalid(given, 'Must be given once.')
    seen.push(given)
  }
}

/** By the most specific range that covers JSON (RFC 9110, section 12.5.1). */
function excludesJson(accept: string): boolean {
  const ranges = accept.split(',').map((range) => range.split(';').map((part) => part.trim().toLowerCase()))
  for (const wanted of ['application/json', 'application/*', '*/*']) {
    const range = ranges.find(([type]) => type === wanted)
    if (range !== undefined) return range.some((part) => /^q=0(\.0*)?$/.test(part))
  }
  return false
}
