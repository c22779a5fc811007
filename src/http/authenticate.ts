/** Finds the API key of a request, before any of its body is read. */
import type { FastifyRequest } from 'fastify'
import { isToken } from '../crypto/token.ts'
import { Refusal } from '../errors.ts'
import type { Metrics } from './metrics.ts'

/** Why a request has no usable key, for the metrics. */
export type MissingReason = 'missing' | 'malformed'

/**
 * The API key as the caller sent it, its form and checksum right; `undefined` when none was sent at all.
 *
 * @param isQueryKeyAccepted whether `?key=` will do, as the vendor's clients send it
 * @throws Refusal `unauthenticated` for one that is none, the same for every reason
 */
export function tokenOf(request: FastifyRequest, isQueryKeyAccepted: boolean, metrics: Metrics): string | undefined {
  const { authorization } = request.headers
  if (authorization === undefined && (request.query as { key?: unknown }).key === undefined) return undefined
  const sent = authorization === undefined ? queryKey(request, isQueryKeyAccepted) : bearer(request, authorization)
  return checked(sent, metrics)
}

/** The same where nobody comes without one: as `X-Vault-Token`, or else as a bearer's. @throws Refusal `unauthenticated` */
export function onlyTokenOf(request: FastifyRequest, metrics: Metrics): string {
  const { authorization, 'x-vault-token': own } = request.headers
  const sent = own ?? (authorization === undefined ? undefined : bearer(request, authorization))
  return checked(typeof sent === 'string' ? sent : sent?.join(), metrics)
}

function checked(sent: string | undefined, metrics: Metrics): string {
  if (sent !== undefined && isToken(sent)) return sent
  metrics.refusedKeys.inc({ reason: sent === undefined ? 'missing' : 'malformed' })
  throw unauthenticated()
}

export function unauthenticated(): Refusal {
  return new Refusal('unauthenticated', 'The API key is missing or invalid. Send it as "Authorization: Bearer sr_...".')
}

/** Node keeps the first of several Authorization headers and drops the others in silence; two are a fault. */
function bearer({ raw }: FastifyRequest, authorization: string): string | undefined {
  let count = 0
  for (let at = 0; at < raw.rawHeaders.length; at += 2) {
    if (raw.rawHeaders[at]?.toLowerCase() === 'authorization') count++
  }
  if (count !== 1) return undefined
  return /^bearer +(\S+)$/i.exec(authorization)?.[1]
}

function queryKey(request: FastifyRequest, isQueryKeyAccepted: boolean): string | undefined {
  const key = (request.query as { key?: unknown }).key
  return isQueryKeyAccepted && typeof key === 'string' ? key : undefined
}
