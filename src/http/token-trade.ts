/** A job's token is traded for an API key, over whichever API: counted, and whoever asks with bad ones too often is put off. */
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import type { Refusal } from '../errors.ts'
import { clientNetwork } from '../model/client-network.ts'
import { TokenRefused } from '../oidc/token.ts'
import { type Exchanged, type ExchangeInput, exchangeToken } from '../vault/workload.ts'
import type { Context } from './context.ts'
import { addressOf } from './peer.ts'
import { toRefusal } from './problem.ts'

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
    throw refusalOf(context, error, stranger, request.log)
  }
}

/** Who asks with bad tokens too often learns only that. Whoever has a good one is never put off by others. */
function refusalOf(
  { metrics, failureLimiter }: Context,
  error: unknown,
  { requestId, address }: { readonly requestId: string; readonly address: string },
  log: FastifyBaseLogger,
): Refusal {
  const refusal = toRefusal(error)
  const fault = refusal.cause instanceof TokenRefused ? refusal.cause : undefined
  metrics.tokenExchanges.inc({ outcome: fault?.fault ?? refusal.code })
  if (fault === undefined) return refusal
  const why = fault.cause instanceof Error ? fault.cause.message : undefined
  log.info({ requestId, fault: fault.fault, why }, 'token refused')
  try {
    failureLimiter?.take(clientNetwork(address), performance.now())
    return refusal
  } catch (limited) {
    return toRefusal(limited)
  }
}
