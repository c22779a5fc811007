/** `/v3/auth/oidc`: a job trades the token that its issuer signed for an API key that lives minutes. */
import { Type } from 'typebox'
import { defineRoute, json, noParams, type Route } from '../route.ts'
import { formatTime, NoQuery, Time } from '../schema.ts'
import { tradeToken } from '../token-trade.ts'

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
      const made = await tradeToken(context, request, { token, account, rule })
      return {
        api_key: made.token,
        key_id: made.key.id,
        rule: made.rule.name,
        scopes: [...made.key.scopes],
        expires_at: formatTime(made.key.expiresAt ?? 0),
        expires_in: made.rule.keyTtlSeconds,
      }
    },
  }),
]
