/** What is refused whoever asks: too many requests from one address, sloppy paths, headers that we do not take. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { invalid, Refusal } from '../errors.ts'
import type { RateLimiter } from './limits.ts'
import { clientOf } from './peer.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered in JSON, whatever `Accept` says. */
    isAcceptIgnored?: boolean
  }
}

/** Far below Node's own limits: an API of small requests needs no more. */
const maxHeaders = 100
const maxUrlLength = 8192

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

function checkUrl(url: string): void {
  if (url.length > maxUrlLength)
    throw new Refusal('uri_too_long', `The URL must be at most ${maxUrlLength} characters.`)
  const end = url.indexOf('?')
  const path = end < 0 ? url : url.slice(0, end)
  if (/\/\/|\/\.{1,2}(\/|$)|%2e|%2f|%5c|\\|^\/v3\/.*\/$/i.test(path))
    throw new Refusal('not_found', 'Nothing is at this path. See /docs for the API.')
}

function checkHeaders({ headers, raw, routeOptions }: FastifyRequest): void {
  if (raw.rawHeaders.length > 2 * maxHeaders) {
    throw new Refusal('headers_too_large', `A request may have at most ${maxHeaders} headers.`)
  }
  if (headers.host === undefined && raw.httpVersion === '1.1') throw invalid('Host', 'Is required.')
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity') {
    throw new Refusal(
      'unsupported_media_type',
      'Send the body as "Content-Type: application/json" in UTF-8, not compressed.',
    )
  }
  if (routeOptions.config.isAcceptIgnored === true) return
  if (headers.accept?.includes('q=0') && excludesJson(headers.accept)) {
    throw new Refusal('not_acceptable', 'Answers are JSON, which the Accept header excludes.')
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
