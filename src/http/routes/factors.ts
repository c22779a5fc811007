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
import { dataOf, isOfKind } from '../../vault/sign-in-proofs.ts'
import type { Vault } from '../../vault/vault.ts'
import { askerOf } from '../asker.ts'
import { markReplayed } from '../once.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, IdParams, idOf, Message, NoQuery, Time } from '../schema.ts'
import { agentOf } from '../session-answer.ts'
import { setCookie } from '../session-cookie.ts'
import { siteOf } from '../site.ts'

const OrNull = (one: typeof Time) => Type.Union([one, Type.Null()])
const Used = { created_at: Time, last_used_at: OrNull(Time) }
const Id = Type.Integer({ minimum: 1 })
const Passkey = Type.Object(
  { id: Id, name: Type.String(), ...Used },
  { title: 'Passkey', description: 'A passkey of whoever is signed in.' },
)
const PasskeyName = Type.String({ maxLength: 128, description: 'a name' })
const Factors = Type.Object(
  {
    passkeys: Type.Array(Passkey),
    authenticator: Type.Union([Type.Object({ id: Id, ...Used }), Type.Null()]),
    recovery_codes_left: Type.Integer(),
    sso: Type.Array(Type.Object({ issuer: Type.String(), ...Used })),
  },
  { title: 'Factors', description: 'What somebody signs in with beside the password.' },
)
const Codes = Type.Union([Type.Array(Type.String()), Type.Null()], {
  description: 'recovery codes, shown this once; null where there are some already',
})
const RecoveryCodes = Type.Object(
  { recovery_codes: Codes },
  { title: 'RecoveryCodes', description: 'Codes that stand in for a second factor, each once.' },
)
const Base64 = Type.String({ maxLength: 16_384, pattern: '^[A-Za-z0-9_-]*$', description: 'bytes in base64url' })
const Options = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  additionalProperties: true,
  description: 'as the browser takes it',
})
const body = { additionalProperties: false, description: 'a JSON object' }

const credentialExample = {
  id: 'AQID',
  rawId: 'AQID',
  type: 'public-key',
  response: { clientDataJSON: 'e30', attestationObject: 'AQID' },
  clientExtensionResults: {},
}

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
  { title: 'NewCredential', description: 'What the browser gives for a new passkey.' },
)

export const factorRoutes: readonly Route[] = [
  defineRoute({
    method: 'POST',
    path: '/v3/session/passkey/challenge',
    operationId: 'beginPasskeySignIn',
    tag: 'Sessions',
    summary: 'Begin to sign in or to confirm with a passkey',
    description: 'Options for `navigator.credentials.get`, good once within five minutes.',
    scope: 'portal',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Options },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use: (context) => async (request) => ({ ...(await challenge(context.vault, siteOf(context, request))) }),
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/session/factors',
    operationId: 'getFactors',
    tag: 'Sessions',
    summary: 'What you sign in with',
    description: '',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Factors },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        shown((await standingOf(vault, askerOf(request))).factors),
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/session/totp',
    operationId: 'beginTotp',
    tag: 'Sessions',
    summary: 'Begin to set up an authenticator app',
    description: 'Nothing is kept until `PUT` brings back the enrolment with the first code.',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: {
        200: Type.Object(
          { enrolment: Type.String(), secret: Type.String(), uri: Type.String() },
          { title: 'Enrolment', description: 'An authenticator app that is being set up.' },
        ),
      },
      refusals: [404, 409],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        beginTotp(vault, await standingOf(vault, askerOf(request))),
  }),

  defineRoute({
    method: 'PUT',
    path: '/v3/session/totp',
    operationId: 'enrolTotp',
    tag: 'Sessions',
    summary: 'Set up an authenticator app',
    description: 'From now on a password alone is too little.',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { enrolment: Base64, code: Type.String({ maxLength: 32, description: 'a code' }) },
          { ...body, examples: [{ enrolment: 'AQID', code: '123456' }] },
        ),
      ),
      answers: { 200: RecoveryCodes },
      refusals: [404, 409],
    },
    headers: { takes: [], gives: ['Set-Cookie'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const asker = askerOf(request)
        const enrolled = await finishTotp(vault, asker, await standingOf(vault, asker), request.body, agentOf(request))
        return settled(vault, request, reply, enrolled)
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/session/passkeys/challenge',
    operationId: 'beginPasskey',
    tag: 'Sessions',
    summary: 'Begin to set up a passkey',
    description: 'Options for `navigator.credentials.create`, good once within five minutes.',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Options },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use: (context) => async (request) => {
      const standing = await standingOf(context.vault, askerOf(request))
      return { ...(await beginPasskey(context.vault, siteOf(context, request), standing)) }
    },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/session/passkeys',
    operationId: 'createPasskey',
    tag: 'Sessions',
    summary: 'Set up a passkey',
    description: '',
    scope: 'session',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { name: PasskeyName, credential: NewCredential },
          { ...body, examples: [{ name: 'laptop', credential: credentialExample }] },
        ),
      ),
      answers: { 201: Type.Object({ id: Id, recovery_codes: Codes }) },
      refusals: [404, 409],
    },
    headers: { takes: [], gives: ['Set-Cookie'] },
    use: (context) => async (request, reply) => {
      const asker = askerOf(request)
      const { name, credential: response } = request.body
      const given = { site: siteOf(context, request), name, response }
      const enrolled = await finishPasskey(
        context.vault,
        asker,
        await standingOf(context.vault, asker),
        given,
        agentOf(request),
      )
      return { id: enrolled.factor?.id ?? 0, ...settled(context.vault, request, reply, enrolled) }
    },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/session/recovery-codes',
    operationId: 'createRecoveryCodes',
    tag: 'Sessions',
    summary: 'Make new recovery codes',
    description: 'Those of before are good no more.',
    scope: 'session',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: RecoveryCodes },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const asker = askerOf(request)
        const codes = await replaceRecoveryCodes(vault, asker, await standingOf(vault, asker))
        markReplayed(reply, codes === undefined)
        return { recovery_codes: codes === undefined ? null : [...codes] }
      },
  }),

  defineRoute({
    method: 'PATCH',
    path: '/v3/session/factors/:id',
    operationId: 'renamePasskey',
    tag: 'Sessions',
    summary: 'Rename a passkey',
    description: '',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: json(Type.Object({ name: PasskeyName }, { ...body, examples: [{ name: 'laptop' }] })),
      answers: { 200: Passkey },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const asker = askerOf(request)
        const { params, body } = request
        return shownPasskey(await renamePasskey(vault, asker, await standingOf(vault, asker), idOf(params), body.name))
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/session/factors/:id',
    operationId: 'deleteFactor',
    tag: 'Sessions',
    summary: 'Remove a passkey, or the authenticator app',
    description: 'Recovery codes go with the last of them.',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Message },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const asker = askerOf(request)
        await removeFactor(vault, asker, await standingOf(vault, asker), idOf(request.params))
        return { message: 'Removed' }
      },
  }),
]

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

/** With a whole session, where the one that asked was not finished. */
function settled(vault: Vault, request: FastifyRequest, reply: FastifyReply, { codes, opened, isReplayed }: Enrolled) {
  markReplayed(reply, isReplayed)
  if (opened !== undefined) {
    setCookie(request, reply, opened.token, (opened.session.expiresAt ?? 0) - vault.now())
  }
  return { recovery_codes: codes === undefined ? null : [...codes] }
}
