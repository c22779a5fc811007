/** `/v3/session/…`: passkeys, the authenticator app and recovery codes of whoever is signed in. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Factor } from '../../model/factor.ts'
import {
  beginTotp,
  type Enrolled,
  finishTotp,
  removeFactor,
  renamePasskey,
  replaceRecoveryCodes,
  standingOf,
} from '../../vault/factors.ts'
import { beginPasskey, challenge, finishPasskey } from '../../vault/passkeys.ts'
import { dataOf, isOfKind } from '../../vault/proofs.ts'
import { askerOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { setCookie } from '../session-cookie.ts'
import { siteOf } from '../site.ts'
import { agentOf, forPortal } from './people.ts'
import { formatTime, IdParams, idOf, Message, NoQuery, responses, Time } from './schema.ts'
import type { V3 } from './typed.ts'

const OrNull = (one: typeof Time) => Type.Union([one, Type.Null()])
const Used = { created_at: Time, last_used_at: OrNull(Time) }
const Id = Type.Integer({ minimum: 1 })
const Passkey = Type.Object({ id: Id, name: Type.String(), ...Used }, { title: 'Passkey' })
const PasskeyName = Type.String({ maxLength: 128, description: 'a name' })
const Factors = Type.Object(
  {
    passkeys: Type.Array(Passkey),
    authenticator: Type.Union([Type.Object({ id: Id, ...Used }), Type.Null()]),
    recovery_codes_left: Type.Integer(),
    sso: Type.Array(Type.Object({ issuer: Type.String(), ...Used })),
  },
  { title: 'Factors' },
)
const Codes = Type.Union([Type.Array(Type.String()), Type.Null()], {
  description: 'recovery codes, shown this once; null where there are some already',
})
const RecoveryCodes = Type.Object({ recovery_codes: Codes }, { title: 'RecoveryCodes' })
const Base64 = Type.String({ maxLength: 16_384, pattern: '^[A-Za-z0-9_-]*$', description: 'bytes in base64url' })
const Options = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  description: 'as the browser takes it',
})
const body = { additionalProperties: false, description: 'a JSON object' }

/** As a browser gives it; what else it says is not looked at. */
const NewCredential = Type.Object(
  {
    id: Base64,
    rawId: Base64,
    type: Type.Literal('public-key', { description: '"public-key"' }),
    response: Type.Object({
      clientDataJSON: Base64,
      attestationObject: Base64,
      transports: Type.Optional(Type.Array(Type.String({ maxLength: 32 }), { maxItems: 16 })),
    }),
    clientExtensionResults: Type.Object({}, { additionalProperties: true }),
  },
  { title: 'NewCredential' },
)

/** For signing in and for confirming alike. */
export function challengeRoute(app: V3, context: Context): void {
  app.post(
    '/session/passkey/challenge',
    {
      ...forPortal,
      schema: {
        tags: ['Sessions'],
        operationId: 'beginPasskeySignIn',
        summary: 'Begin to sign in or to confirm with a passkey',
        description: 'Options for `navigator.credentials.get`, good once within five minutes.',
        querystring: NoQuery,
        response: responses(200, Options),
      },
    },
    async (request) => ({ ...(await challenge(context.vault, siteOf(context, request))) }),
  )
}

export function factorRoutes(app: V3, context: Context): void {
  const { vault } = context
  const tags = ['Sessions']

  app.get(
    '/session/factors',
    {
      schema: {
        tags,
        operationId: 'getFactors',
        summary: 'What you sign in with',
        querystring: NoQuery,
        response: responses(200, Factors, 404),
      },
    },
    async (request) => shown((await standingOf(vault, askerOf(request))).factors),
  )

  app.post(
    '/session/totp',
    {
      schema: {
        tags,
        operationId: 'beginTotp',
        summary: 'Begin to set up an authenticator app',
        description: 'Nothing is kept until `PUT` brings back the enrolment with the first code.',
        querystring: NoQuery,
        response: responses(
          200,
          Type.Object({ enrolment: Type.String(), secret: Type.String(), uri: Type.String() }, { title: 'Enrolment' }),
          404,
          409,
        ),
      },
    },
    async (request) => beginTotp(vault, await standingOf(vault, askerOf(request))),
  )

  app.put(
    '/session/totp',
    {
      schema: {
        tags,
        operationId: 'enrolTotp',
        gives: ['Set-Cookie'],
        summary: 'Set up an authenticator app',
        description: 'From now on a password alone is too little.',
        querystring: NoQuery,
        body: Type.Object({ enrolment: Base64, code: Type.String({ maxLength: 32, description: 'a code' }) }, body),
        response: responses(200, RecoveryCodes, 404, 409),
      },
    },
    async (request, reply) => {
      const asker = askerOf(request)
      const enrolled = await finishTotp(vault, asker, await standingOf(vault, asker), request.body, agentOf(request))
      return settled(request, reply, enrolled)
    },
  )

  app.post(
    '/session/passkeys/challenge',
    {
      schema: {
        tags,
        operationId: 'beginPasskey',
        summary: 'Begin to set up a passkey',
        description: 'Options for `navigator.credentials.create`, good once within five minutes.',
        querystring: NoQuery,
        response: responses(200, Options, 404),
      },
    },
    async (request) => {
      const standing = await standingOf(vault, askerOf(request))
      return { ...(await beginPasskey(vault, siteOf(context, request), standing)) }
    },
  )

  app.post(
    '/session/passkeys',
    {
      schema: {
        tags,
        operationId: 'createPasskey',
        gives: ['Set-Cookie'],
        summary: 'Set up a passkey',
        querystring: NoQuery,
        body: Type.Object({ name: PasskeyName, credential: NewCredential }, body),
        response: responses(201, Type.Object({ id: Id, recovery_codes: Codes }), 404, 409),
      },
    },
    async (request, reply) => {
      const asker = askerOf(request)
      const { name, credential: response } = request.body
      const given = { site: siteOf(context, request), name, response }
      const enrolled = await finishPasskey(vault, asker, await standingOf(vault, asker), given, agentOf(request))
      reply.code(201)
      return { id: enrolled.factor?.id ?? 0, ...settled(request, reply, enrolled) }
    },
  )

  app.post(
    '/session/recovery-codes',
    {
      schema: {
        tags,
        operationId: 'createRecoveryCodes',
        summary: 'Make new recovery codes',
        description: 'Those of before are good no more.',
        querystring: NoQuery,
        response: responses(200, RecoveryCodes, 404),
      },
    },
    async (request) => {
      const asker = askerOf(request)
      return { recovery_codes: [...(await replaceRecoveryCodes(vault, asker, await standingOf(vault, asker)))] }
    },
  )

  app.patch(
    '/session/factors/:id',
    {
      schema: {
        tags,
        operationId: 'renamePasskey',
        summary: 'Rename a passkey',
        params: IdParams,
        querystring: NoQuery,
        body: Type.Object({ name: PasskeyName }, body),
        response: responses(200, Passkey),
      },
    },
    async (request) => {
      const asker = askerOf(request)
      const { params, body } = request
      return shownPasskey(await renamePasskey(vault, asker, await standingOf(vault, asker), idOf(params), body.name))
    },
  )

  app.delete(
    '/session/factors/:id',
    {
      schema: {
        tags,
        operationId: 'deleteFactor',
        summary: 'Remove a passkey, or the authenticator app',
        description: 'Recovery codes go with the last of them.',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Message),
      },
    },
    async (request) => {
      const asker = askerOf(request)
      await removeFactor(vault, asker, await standingOf(vault, asker), idOf(request.params))
      return { message: 'Removed' }
    },
  )

  /** With a whole session, where the one that asked was not finished. */
  function settled(request: FastifyRequest, reply: FastifyReply, { codes, opened }: Enrolled) {
    if (opened !== undefined) {
      setCookie(request, reply, opened.token, (opened.session.expiresAt ?? 0) - vault.now())
    }
    return { recovery_codes: codes === undefined ? null : [...codes] }
  }
}

function used({ createdAt, usedAt }: Factor) {
  return { created_at: formatTime(createdAt), last_used_at: usedAt === null ? null : formatTime(usedAt) }
}

function shownPasskey(factor: Factor) {
  return { id: factor.id, name: factor.name, ...used(factor) }
}

function shown(factors: readonly Factor[]) {
  const [app] = factors.filter(isOfKind('totp'))
  const [codes] = factors.filter(isOfKind('recovery_codes'))
  return {
    passkeys: factors.filter(isOfKind('passkey')).map(shownPasskey),
    authenticator: app === undefined ? null : { id: app.id, ...used(app) },
    recovery_codes_left: codes === undefined ? 0 : dataOf(codes).hashes.length,
    sso: factors.filter(isOfKind('subject')).map((one) => ({ issuer: dataOf(one).issuer, ...used(one) })),
  }
}
