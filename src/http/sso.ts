/** `/portal/sso/callback`: where an identity provider sends a browser back to. */
import type { FastifyRequest } from 'fastify'
import type { Allowance } from '../outbound/addresses.ts'
import { guardedFetch } from '../outbound/fetch.ts'
import { type FetchIssuer, Providers } from '../vault/identity-providers.ts'
import type { SsoPlace } from '../vault/sso.ts'
import type { Context } from './context.ts'
import { siteOf } from './site.ts'

/** Where a provider sends a browser back to. */
export const callbackPath = '/portal/sso/callback'

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
  return { providers: context.providers, redirectUri: siteOf(context, request).origin + callbackPath }
}
