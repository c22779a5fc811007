/** `/v3/auth/oidc`: a job trades the token that its issuer signed for an API key that lives minutes. */
import type { FastifyBaseLogger } from 'fastify'
import { Type } from 'typebox'
import type { Refusal } from '../../errors.ts'
import { clientNetwork } from '../../model/client-network.ts'
import { TokenRefused } from '../../oidc/token.ts'
import { exchangeToken } from '../../vault/workload.ts'
import type { Context } from '../context.ts'
import { addressOf } from '../peer.ts'
import { toRefusal } from '../problem.ts'
import { defineRoute, json, noParams, type Route } from '../route.ts'
import { formatTime, NoQuery, Time } from '../schema.ts'

/** Of strangers; longer than any token that is accepted. */
const bodyLimit = 64 * 1024

const Issued = Type.Object(
  {
    api_key: Type.String({ description: 'The API key. It is not shown again.' }),
    key_id: Type.Integer({ minimum: 1 }),
    rule: Type.String({ description: 'the trust rule that the token matched' }),
    scopes: Type.Array(Type.String()),
    expires_at: Time,
    expires_in: Type.Integer({
      minimum: 1,
      description: 'seconds that the key lives, for whoever has another clock than the server',
    }),
  },
  { title: 'JobKey', description: 'The API key that a job got for its token. It is not shown again.' },
)

/** Answered without a key: the token is the credential. */
export const authRoutes: readonly Route[] = [
  defineRoute({
    method: 'POST',
    path: '/v3/auth/oidc',
    operationId: 'tradeToken',
    tag: 'Trust rules',
    summary: 'Trade a token for an API key',
    description:
      'A signed token (JWT) of an issuer that a trust rule of the account names. Whatever is wrong with it: 401 `invalid_credentials`.',
    scope: 'open',
    repeat: {
      never: 'A token of an issuer is traded once, and the key is given out once: ask the issuer for another token.',
    },
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            token: Type.String({ minLength: 1, maxLength: bodyLimit, description: 'a signed token' }),
            account: Type.Optional(
              Type.String({
                maxLength: 255,
                description: 'the name of an account',
                'x-about': 'By name; `default` unless given.',
              }),
            ),
            rule: Type.Optional(
              Type.String({
                maxLength: 255,
                description: 'the name of a trust rule',
                'x-about': 'By name; the first that the token matches unless given.',
              }),
            ),
          },
          {
            title: 'JobToken',
            additionalProperties: false,
            description: 'A token of a job, and for which account it is.',
            examples: [{ token: 'eyJ…' }],
          },
        ),
        bodyLimit,
      ),
      answers: { 201: Issued },
      refusals: [401],
    },
    headers: { takes: [], gives: [] },
    use: (context) => async (request) => {
      const { token, account = 'default', rule } = request.body
      const stranger = { requestId: request.id, address: addressOf(request) }
      try {
        const made = await exchangeToken(context.vault, stranger, { token, account, rule })
        context.metrics.tokenExchanges.inc({ outcome: 'issued' })
        return {
          api_key: made.token,
          key_id: made.key.id,
          rule: made.rule.name,
          scopes: [...made.key.scopes],
          expires_at: formatTime(made.key.expiresAt ?? 0),
          expires_in: made.rule.keyTtlSeconds,
        }
      } catch (error) {
        throw refusalOf(context, error, stranger, request.log)
      }
    },
  }),
]

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
