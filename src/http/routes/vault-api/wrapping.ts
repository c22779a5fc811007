/** `/v1/sys/wrapping/…`: answers that are handed on as a token, which opens them once. */

import type { FastifyRequest } from 'fastify'
import { isToken } from '../../../crypto/token.ts'
import { Refusal } from '../../../errors.ts'
import { exactNumbers } from '../../../json.ts'
import { type Opener, openWrapping, readWrapping, rotateWrapping } from '../../../vault/wrappings.ts'
import { isMap } from '../../../vault-map.ts'
import { unauthenticated } from '../../authenticate.ts'
import type { Context } from '../../context.ts'
import { addressOf } from '../../peer.ts'
import { putOff } from '../../put-off.ts'
import { formatTime } from '../../schema.ts'
import { answer, VaultRefusal } from '../../vault-api/answers.ts'
import type { VaultRequest, VaultRoute } from '../../vault-api/route.ts'
import { sentToken } from '../../vault-api/sent-token.ts'
import { shown, wrapSecondsOf } from '../../vault-api/wrapped.ts'

/** Whoever has the token needs no other; and what it leads to is not wrapped again. */
const byToken = { scope: 'open', isSentPlain: true } as const

const lookup = {
  path: '/sys/wrapping/lookup',
  summary: 'Read what is known of a wrapped answer, and leave it',
  ...byToken,
  use: (context: Context) => async (request: VaultRequest) => {
    const { path, createdAt, expiresAt } = await withToken(context, request, (opener) =>
      readWrapping(context.vault, opener),
    )
    const ttl = Math.ceil((expiresAt - createdAt) / 1000)
    const data = { creation_path: path, creation_time: formatTime(createdAt), creation_ttl: ttl }
    return answer(request, { data })
  },
} as const

export const wrappingRoutes: readonly VaultRoute[] = [
  {
    method: 'POST',
    path: '/sys/wrapping/wrap',
    summary: 'Wrap what is sent',
    scope: 'key',
    use: () => async (request) => {
      if (wrapSecondsOf(request) === 0) {
        throw new VaultRefusal(400, 'endpoint requires response wrapping to be used')
      }
      if (request.body !== undefined && !isMap(request.body)) throw new VaultRefusal(400, 'the body must be a map')
      return answer(request, { data: request.body ?? {} })
    },
  },
  {
    method: 'POST',
    path: '/sys/wrapping/unwrap',
    summary: 'Open a wrapped answer, once',
    ...byToken,
    use: (context) => async (request) => {
      const bytes = await withToken(context, request, (opener) => openWrapping(context.vault, opener))
      const opened: unknown = JSON.parse(bytes.toString('utf8'), exactNumbers)
      bytes.fill(0)
      if (!isMap(opened)) throw new Error('Every answer is a map.')
      return opened
    },
  },
  {
    method: 'POST',
    path: '/sys/wrapping/rewrap',
    summary: 'Get another token for a wrapped answer',
    ...byToken,
    use: (context) => async (request) => {
      const rotated = await withToken(context, request, (opener) => rotateWrapping(context.vault, opener))
      return { ...answer(request, {}), wrap_info: shown(rotated) }
    },
  },
  { method: 'POST', ...lookup },
  { method: 'GET', ...lookup },
]

/** Counts what leads nowhere, wherever it is sent: a token is not guessed. @throws VaultRefusal */
async function withToken<T>(context: Context, request: VaultRequest, work: (opener: Opener) => Promise<T>): Promise<T> {
  const opener = openerOf(context, request)
  try {
    return await work(opener)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (error.code === 'unauthenticated') throw putOff(context, request, error)
    if (error.code !== 'not_found') throw error
    throw putOff(context, request, new VaultRefusal(400, 'wrapping token is not valid or does not exist'))
  }
}

/** The wrapping token is in the body; or else it is the one that is asked with. */
function openerOf({ vault, keyLimiter }: Context, request: FastifyRequest): Opener {
  const own = sentToken(request)
  const inBody = isMap(request.body) ? (request.body['token'] ?? undefined) : undefined
  if (inBody !== undefined && typeof inBody !== 'string') throw invalidToken('could not decode token in request body')
  if (inBody === '') throw invalidToken('empty token in request body')
  const token = inBody ?? own ?? ''
  if (token === '') throw invalidToken('token is empty')
  const from = { token, requestId: request.id, address: addressOf(request) }
  if (own === undefined || own === token) return { ...from, by: undefined }
  if (!isToken(own)) throw unauthenticated()
  const by = vault.keyring.tokenHash(own)
  keyLimiter?.take(by, performance.now())
  return { ...from, by }
}

function invalidToken(why: string): VaultRefusal {
  return new VaultRefusal(403, `error validating wrapping token: ${why}`)
}
