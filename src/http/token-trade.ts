/** A job's token is traded for an API key, over whichever API: counted, and whoever asks with bad ones too often is put off. */
import type { FastifyRequest } from 'fastify'
import type { Refusal } from '../errors.ts'
import { TokenRefused } from '../oidc/token.ts'
import { type Exchanged, type ExchangeInput, exchangeToken } from '../vault/workload.ts'
import type { Context } from './context.ts'
import { addressOf } from './peer.ts'
import { toRefusal } from './problem.ts'
import { putOff } from './put-off.ts'

/** @throws Refusal `invalid_credentials`, alike for whatever is wrong with the token; `rate_limited` */
export async function tradeToken(
  context: Context,
  request: Pick<FastifyRequest, 'id' | 'ip' | 'log'>,
  input: ExchangeInput,
): Promise<Exchanged> {
  const stranger = { requestId: request.id, address: addressOf(request) }
  try {
    const made = await exchangeToken(context.vault, stranger, input)
    context.metrics.tokenExchanges.inc({ outcome: 'issued' })
    return made
  } catch (error) {
    throw refusalOf(context, error, request)
  }
}

function refusalOf(context: Context, error: unknown, request: Pick<FastifyRequest, 'id' | 'ip' | 'log'>): Refusal {
  const refusal = toRefusal(error)
  const fault = refusal.cause instanceof TokenRefused ? refusal.cause : undefined
  context.metrics.tokenExchanges.inc({ outcome: fault?.fault ?? refusal.code })
  if (fault === undefined) return refusal
  const why = fault.cause instanceof Error ? fault.cause.message : undefined
  request.log.info({ requestId: request.id, fault: fault.fault, why }, 'token refused')
  return putOff(context, request, refusal)
}
