/** The cookie of a session, and whether a request that carries it comes from the portal itself. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isToken } from '../crypto/token.ts'
import { Refusal } from '../errors.ts'
import { unauthenticated } from './authenticate.ts'
import { isSecure, originOf } from './site.ts'

/** Over TLS the browser sends it to this very host alone, whatever else the site has. */
const secureName = '__Host-strongroom'
const plainName = 'strongroom_session'

/**
 * The token of the session that the request carries, if it carries one.
 *
 * @throws Refusal `cross_site_request` when another site may have made the browser send it
 */
export function sessionTokenOf(request: FastifyRequest): string | undefined {
  const name = nameFor(request)
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const values = pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1))
  const [token] = values
  if (token === undefined) return undefined
  if (values.length > 1 || !isToken(token)) throw unauthenticated()
  checkFromPortal(request)
  return token
}

/** Whether the request carries the cookie of a session, whatever is in it. */
export function hasSessionCookie(request: FastifyRequest): boolean {
  const name = nameFor(request)
  return (request.headers.cookie ?? '').split(';').some((pair) => pair.trim().startsWith(`${name}=`))
}

export function setCookie(request: FastifyRequest, reply: FastifyReply, token: string, maxAgeMs: number): void {
  const rest = `Max-Age=${Math.max(0, Math.floor(maxAgeMs / 1000))}`
  reply.header('set-cookie', `${nameFor(request)}=${token}; ${attributes(request)}; ${rest}`)
}

export function clearCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('set-cookie', `${nameFor(request)}=; ${attributes(request)}; Max-Age=0`)
}

/** Of a browser that is on its way to an identity provider and back: the way back is from another site. */
export function setFlowCookie(request: FastifyRequest, reply: FastifyReply, ticket: string): void {
  reply.header('set-cookie', `${flowNameFor(request)}=${ticket}; ${flowAttributes(request)}; Max-Age=600`)
}

export function clearFlowCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.header('set-cookie', `${flowNameFor(request)}=; ${flowAttributes(request)}; Max-Age=0`)
}

/** The ticket of the flow that the browser is in, if it is in one. */
export function flowTicketOf(request: FastifyRequest): string | undefined {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim())
  const name = `${flowNameFor(request)}=`
  const values = pairs.filter((pair) => pair.startsWith(name)).map((pair) => pair.slice(name.length))
  return values.length === 1 ? values[0] : undefined
}

/**
 * A header of ours cannot be sent by another site without a preflight, which is not answered; and where the browser says
 * from where a request comes, it must be from here.
 *
 * @throws Refusal `cross_site_request` saying what is missing
 */
export function checkFromPortal(request: FastifyRequest): void {
  const { origin, 'sec-fetch-site': site, 'strongroom-portal': portal } = request.headers
  if (portal !== '1') {
    throw crossSite(
      'The header "Strongroom-Portal: 1" is missing. Sessions are for the portal; scripts use an API key.',
    )
  }
  if (origin !== undefined && origin !== originOf(request)) throw crossSite(whereToGo(request))
  if (site !== undefined && site !== 'same-origin') throw crossSite('Another site made the browser send this.')
}

function whereToGo({ server: { publicUrl } }: FastifyRequest): string {
  if (publicUrl !== undefined) return `The portal is at ${publicUrl} (STRONGROOM_PUBLIC_URL). Open it there.`
  return 'The header "Origin" names another address than the request came to. Behind a proxy, set STRONGROOM_PUBLIC_URL to the address that people use. Without it, the proxy must be in STRONGROOM_TRUSTED_PROXIES and send "X-Forwarded-Proto" and "Host".'
}

function crossSite(message: string): Refusal {
  return new Refusal('cross_site_request', message)
}

function nameFor(request: FastifyRequest): string {
  return isSecure(request) ? secureName : plainName
}

function flowNameFor(request: FastifyRequest): string {
  return `${nameFor(request)}_sso`
}

function flowAttributes(request: FastifyRequest): string {
  return attributes(request).replace('SameSite=Strict', 'SameSite=Lax')
}

function attributes(request: FastifyRequest): string {
  return `Path=/; HttpOnly; SameSite=Strict${isSecure(request) ? '; Secure' : ''}`
}
