/** `/v1/auth/…`: an API key is a token; a job's own token is traded for one. */

import type { FastifyRequest } from 'fastify'
import { isToken } from '../../../crypto/token.ts'
import { Refusal } from '../../../errors.ts'
import type { ApiKey } from '../../../model/api-key.ts'
import { readOwnKey, revokeOwnKey } from '../../../vault/keys.ts'
import { isMap } from '../../../vault-map.ts'
import { askerOf } from '../../asker.ts'
import type { Context } from '../../context.ts'
import { addressOf } from '../../peer.ts'
import { putOff } from '../../put-off.ts'
import { formatTime } from '../../schema.ts'
import { tradeToken } from '../../token-trade.ts'
import { answer, VaultRefusal } from '../../vault-api/answers.ts'
import type { VaultRequest, VaultRoute } from '../../vault-api/route.ts'
import { sentToken } from '../../vault-api/sent-token.ts'

const accountOfJobs = 'default'

export const authRoutes: readonly VaultRoute[] = [
  {
    method: 'GET',
    path: '/auth/token/lookup-self',
    summary: 'Read what is known of the own token',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        const key = await readOwnKey(vault, askerOf(request))
        return answer(request, { data: tokenShown(key, request, vault.now()) })
      },
  },
  {
    method: 'POST',
    path: '/auth/token/renew-self',
    summary: 'Renew the own token: no API key can be',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        await readOwnKey(vault, askerOf(request))
        throw new VaultRefusal(400, 'lease is not renewable')
      },
  },
  {
    method: 'POST',
    path: '/auth/token/revoke-self',
    summary: 'Revoke the own token',
    scope: 'key',
    use:
      ({ vault }) =>
      async (request) => {
        await revokeOwnKey(vault, askerOf(request))
        return undefined
      },
  },
  {
    method: 'POST',
    path: '/auth/approle/login',
    summary: 'Log in with the id of an API key, and the key',
    scope: 'open',
    use: (context) => async (request) => {
      const [roleId, secretId] = [textIn(request, 'role_id'), textIn(request, 'secret_id')]
      const key = await keyOf(context, request, secretId)
      if (key === undefined || String(key.id) !== roleId) {
        throw putOff(context, request, new VaultRefusal(400, 'invalid role or secret ID'))
      }
      return answer(request, { auth: authShown(key, secretId, context.vault.now(), 'approle') })
    },
  },
  ...['jwt', 'kubernetes'].map(
    (method): VaultRoute => ({
      method: 'POST',
      path: `/auth/${method}/login`,
      summary: 'Log in with the token that an issuer signed, under a trust rule',
      scope: 'open',
      use: (context) => async (request) => {
        const rule = textIn(request, 'role')
        const input = { token: textIn(request, 'jwt'), account: accountOfJobs, rule: rule === '' ? undefined : rule }
        const { key, token } = await tradeToken(context, request, input)
        return answer(request, { auth: authShown(key, token, context.vault.now(), method) })
      },
    }),
  ),
]

/** The key that a secret id is, if it is good here and now. */
async function keyOf({ vault, keyLimiter }: Context, request: FastifyRequest, token: string) {
  if (!isToken(token)) return undefined
  const hash = vault.keyring.tokenHash(token)
  keyLimiter?.take(hash, performance.now())
  const asker = { caller: { kind: 'token', hash }, requestId: request.id, address: addressOf(request) } as const
  try {
    return await readOwnKey(vault, asker)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'unauthenticated') return undefined
    throw error
  }
}

function textIn({ body }: VaultRequest, field: string): string {
  const text = isMap(body) ? body[field] : undefined
  return typeof text === 'string' ? text : ''
}

const typeOf = { token_type: 'service', entity_id: '', orphan: true, num_uses: 0, mfa_requirement: null }

/** Seconds that a key still lives; 0 for one that does not expire, as of a root token. */
function leftOf({ expiresAt }: ApiKey, now: number): number {
  return expiresAt === null ? 0 : Math.max(1, Math.floor((expiresAt - now) / 1000))
}

function authShown(key: ApiKey, token: string, now: number, method: string) {
  return {
    client_token: token,
    accessor: String(key.id),
    policies: [...key.scopes],
    token_policies: [...key.scopes],
    metadata: { auth: method, name: key.name },
    lease_duration: leftOf(key, now),
    renewable: false,
    ...typeOf,
  }
}

function tokenShown(key: ApiKey, request: FastifyRequest, now: number) {
  return {
    accessor: String(key.id),
    creation_time: Math.floor(key.createdAt / 1000),
    creation_ttl: key.expiresAt === null ? 0 : Math.round((key.expiresAt - key.createdAt) / 1000),
    display_name: key.name,
    entity_id: '',
    expire_time: key.expiresAt === null ? null : formatTime(key.expiresAt),
    explicit_max_ttl: 0,
    id: sentToken(request),
    issue_time: formatTime(key.createdAt),
    meta: null,
    num_uses: 0,
    orphan: true,
    path: 'auth/token/create',
    policies: [...key.scopes],
    renewable: false,
    ttl: leftOf(key, now),
    type: 'service',
  }
}
