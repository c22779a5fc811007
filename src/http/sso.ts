/** `/portal/sso/callback`: where an identity provider sends a browser back to. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Allowance } from '../outbound/addresses.ts'
import { guardedFetch } from '../outbound/fetch.ts'
import { type FetchIssuer, Providers } from '../vault/providers.ts'
import { finishSso, returnOf, type SsoPlace } from '../vault/sso.ts'
import type { Context } from './context.ts'
import { addressOf } from './peer.ts'
import { toRefusal } from './problem.ts'
import { clearFlowCookie, flowTicketOf, setCookie } from './session-cookie.ts'
import { siteOf } from './site.ts'

const path = '/portal/sso/callback'
/** Where a window ends that was opened to sign in again: it tells the page that opened it how that went. */
const windowEnd = '/portal/signed-in'

/** Large enough for the keys and the description of any provider. */
const maxProviderBytes = 256 * 1024
const providerTimeoutMs = 10_000

/** Fetches from identity providers; those inside only where the settings allow it. */
function issuerFetch(allowances: readonly Allowance[]): FetchIssuer {
  const limits = { allowances, maxBytes: maxProviderBytes, timeoutMs: providerTimeoutMs }
  return (url, { method, headers, body, signal }) => {
    const isPlain = body === undefined || body === null || typeof body === 'string' || body instanceof URLSearchParams
    if (!isPlain) throw new TypeError('A request to a provider has a form or nothing.')
    return guardedFetch(url, limits, { method, headers, body, signal })
  }
}

/** @param now milliseconds since 1970 */
export function providersOf(allowances: readonly Allowance[], now: () => number): Providers {
  return new Providers(issuerFetch(allowances), now)
}

/** Of the server as people reach it. */
export function ssoPlace(context: Context, request: FastifyRequest): SsoPlace {
  return { providers: context.providers, redirectUri: siteOf(context, request).origin + path }
}

/** Answered without a key: the ticket in the browser's cookie says whose flow it is. */
export function ssoCallback(context: Context) {
  return async (app: FastifyInstance) => {
    const { vault } = context
    // A look would use the ticket up.
    app.get(path, { exposeHeadRoute: false }, async (request, reply) => {
      reply.header('referrer-policy', 'no-referrer')
      const stranger = { requestId: request.id, address: addressOf(request) }
      const agent = { address: stranger.address, userAgent: request.headers['user-agent'] ?? '' }
      const ticket = flowTicketOf(request) ?? ''
      try {
        const place = ssoPlace(context, request)
        const answer = new URL(request.raw.url ?? '', place.redirectUri)
        const { opened, returnTo } = await finishSso(vault, stranger, place, { ticket, answer }, agent)
        setCookie(request, reply, opened.token, (opened.session.expiresAt ?? 0) - vault.now())
        clearFlowCookie(request, reply)
        return reply.redirect(returnTo, 303)
      } catch (error) {
        const { code } = toRefusal(error)
        request.log.info({ code }, 'a sign-in through a provider failed')
        clearFlowCookie(request, reply)
        // A person is looking at this: the portal says what it means.
        const end = returnOf(vault, ticket) === windowEnd ? windowEnd : '/portal/'
        return reply.redirect(`${end}?trouble=${code}`, 303)
      }
    })
  }
}
