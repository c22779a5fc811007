/** `/v3/session`, `/v3/sessions` and `/v3/invitations`: people sign in, confirm who they are, and sign out. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Refusal } from '../../errors.ts'
import { type ApiKey, idleEndOf } from '../../model/api-key.ts'
import { type Role, roles, type User } from '../../model/user.ts'
import {
  acceptLink,
  changePassword,
  confirmSession,
  endSession,
  listSessions,
  type Opened,
  readSession,
  signIn,
} from '../../vault/sessions.ts'
import { userOfLink } from '../../vault/users.ts'
import type { Vault } from '../../vault/vault.ts'
import { askerOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { addressOf } from '../peer.ts'
import { clearCookie, isFromPortal, setCookie } from '../session-cookie.ts'
import { formatTime, IdParams, idOf, NoQuery, responses, Time, withoutNul } from './schema.ts'
import type { V3 } from './typed.ts'

const confirmedMs = 15 * 60 * 1000

const Text = Type.String({ maxLength: 300, pattern: withoutNul, description: 'a text of at most 300 characters' })
const Password = Type.String({ maxLength: 1000, description: 'a password' })
const Session = Type.Object({
  user: Type.Object({
    id: Type.Integer({ minimum: 1 }),
    name: Type.String(),
    email: Type.String(),
    role: Type.Unsafe<Role>(Type.String({ enum: [...roles] })),
  }),
  account: Type.Object({ id: Type.Integer({ minimum: 1 }), name: Type.String() }),
  scopes: Type.Array(Type.String()),
  name_patterns: Type.Union([Type.Array(Type.String()), Type.Null()]),
  created_at: Time,
  expires_at: Time,
  idle_expires_at: Time,
  confirmed_until: Time,
})
const OpenSession = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  created_at: Time,
  last_used_at: Time,
  expires_at: Time,
  address: Type.String(),
  user_agent: Type.String(),
  current: Type.Boolean(),
})
const Message = Type.Object({ message: Type.String() })
/** Of strangers. */
const bodyLimit = 8 * 1024
const body = { additionalProperties: false, description: 'a JSON object' }

/** Answered without a key: who signs in has none yet. Only the portal may ask. */
export function signInRoutes(app: V3, { vault }: Context): void {
  const tags = ['Sessions']
  const config = { isOpen: true }
  const onRequest = refuseOtherSites

  app.post(
    '/session',
    {
      config,
      onRequest,
      bodyLimit,
      schema: {
        tags,
        summary: 'Sign in',
        description: 'Sets a cookie that is accepted in place of an API key, with the header `Strongroom-Portal: 1`.',
        querystring: NoQuery,
        body: Type.Object({ email: Text, password: Password }, body),
        response: responses(201, Session, 400, 401, 403, 413, 415, 429),
      },
    },
    async (request, reply) => {
      const opened = await signIn(vault, strangerOf(request), request.body, agentOf(request))
      return begun(vault, request, reply, opened)
    },
  )

  app.post(
    '/invitations/check',
    {
      config,
      onRequest,
      bodyLimit,
      schema: {
        tags,
        summary: 'Look at a one-time link',
        querystring: NoQuery,
        body: Type.Object({ token: Text }, body),
        response: responses(
          200,
          Type.Object({
            kind: Type.String({ enum: ['setup', 'invitation', 'reset'] }),
            account: Type.String(),
            email: Type.Union([Type.String(), Type.Null()]),
            name: Type.Union([Type.String(), Type.Null()]),
            role: Type.Unsafe<Role>(Type.String({ enum: [...roles] })),
          }),
          ...[400, 403, 404, 413, 415],
        ),
      },
    },
    async (request) => {
      const asker = { ...strangerOf(request), caller: nobody }
      const user = await userOfLink(vault, asker, request.body.token)
      const kind = user.password !== null ? 'reset' : user.email === null ? 'setup' : 'invitation'
      const { email, role } = user
      return { kind, account: await accountName(vault, user), email, name: email === null ? null : user.name, role }
    },
  )

  app.post(
    '/invitations/accept',
    {
      config,
      onRequest,
      bodyLimit,
      schema: {
        tags,
        summary: 'Accept a one-time link',
        description: 'Sets the password and signs in; every other session of the user ends.',
        querystring: NoQuery,
        body: Type.Object(
          { token: Text, password: Password, name: Type.Optional(Text), email: Type.Optional(Text) },
          body,
        ),
        response: responses(201, Session, 400, 403, 404, 409, 413, 415, 422),
      },
    },
    async (request, reply) => {
      const opened = await acceptLink(vault, strangerOf(request), request.body, agentOf(request))
      return begun(vault, request, reply, opened)
    },
  )
}

export function sessionRoutes(app: V3, { vault }: Context): void {
  const tags = ['Sessions']

  app.get(
    '/session',
    {
      schema: {
        tags,
        summary: 'Who is signed in',
        querystring: NoQuery,
        response: responses(200, Session, 400, 401, 404),
      },
    },
    async (request) => shown(vault, await readSession(vault, askerOf(request))),
  )

  app.delete(
    '/session',
    { schema: { tags, summary: 'Sign out', querystring: NoQuery, response: responses(200, Message, 400, 401, 404) } },
    async (request, reply) => {
      await endSession(vault, askerOf(request))
      clearCookie(request, reply)
      return { message: 'Signed out' }
    },
  )

  app.post(
    '/session/confirm',
    {
      schema: {
        tags,
        summary: 'Prove again who is signed in',
        description:
          'What is delicate is refused with `confirmation_required` when the last proof is older than 15 minutes.',
        querystring: NoQuery,
        body: Type.Object({ password: Password }, body),
        response: responses(200, Session, 400, 401, 404, 413, 415, 429),
      },
    },
    async (request) => shown(vault, await confirmSession(vault, askerOf(request), request.body.password)),
  )

  app.put(
    '/session/password',
    {
      schema: {
        tags,
        summary: 'Change your password',
        description: 'Your other sessions end.',
        querystring: NoQuery,
        body: Type.Object({ current_password: Password, password: Password }, body),
        response: responses(200, Message, 400, 401, 404, 413, 415, 422, 429),
      },
    },
    async (request) => {
      const { current_password: current, password } = request.body
      await changePassword(vault, askerOf(request), { current, password })
      return { message: 'Password changed' }
    },
  )

  app.get(
    '/sessions',
    {
      schema: {
        tags,
        summary: 'List your sessions',
        querystring: NoQuery,
        response: responses(200, Type.Object({ sessions: Type.Array(OpenSession) }), 400, 401, 404),
      },
    },
    async (request) => {
      const { sessions, current } = await listSessions(vault, askerOf(request))
      return { sessions: sessions.map((session) => shownInList(session, session.id === current)) }
    },
  )

  app.delete(
    '/sessions/:id',
    {
      schema: {
        tags,
        summary: 'End one of your sessions',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Message, 400, 401, 404),
      },
    },
    async (request) => {
      await endSession(vault, askerOf(request), idOf(request.params))
      return { message: 'Session ended' }
    },
  )
}

const nobody = { kind: 'user', accountId: 0, userId: 0, name: '' } as const

function refuseOtherSites(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const message = 'People sign in through the portal. Scripts and tools use an API key.'
  done(isFromPortal(request) ? undefined : new Refusal('cross_site_request', message))
}

function strangerOf(request: FastifyRequest) {
  return { requestId: request.id, address: addressOf(request) }
}

function agentOf(request: FastifyRequest) {
  return { address: addressOf(request), userAgent: request.headers['user-agent'] ?? '' }
}

async function begun(vault: Vault, request: FastifyRequest, reply: FastifyReply, opened: Opened) {
  setCookie(request, reply, opened.token, (opened.session.expiresAt ?? 0) - vault.now())
  reply.code(201)
  return shown(vault, opened)
}

async function shown(vault: Vault, { user, session }: Omit<Opened, 'token'>) {
  const { id, name, email, role, patterns } = user
  return {
    user: { id, name, email: email ?? '', role },
    account: { id: user.accountId, name: await accountName(vault, user) },
    scopes: [...session.scopes],
    name_patterns: patterns.includes('*') ? null : [...patterns],
    created_at: formatTime(session.createdAt),
    expires_at: formatTime(session.expiresAt ?? 0),
    idle_expires_at: formatTime(idleEndOf(session)),
    confirmed_until: formatTime((session.confirmedAt ?? 0) + confirmedMs),
  }
}

function shownInList(session: ApiKey, current: boolean) {
  const { address = '', user_agent = '' } = JSON.parse(session.agent || '{}') as Record<string, string>
  return {
    id: session.id,
    created_at: formatTime(session.createdAt),
    last_used_at: formatTime(session.lastUsedAt ?? session.createdAt),
    expires_at: formatTime(session.expiresAt ?? 0),
    address,
    user_agent,
    current,
  }
}

async function accountName({ store }: Vault, { accountId }: User): Promise<string> {
  return (await store.accounts()).find(({ id }) => id === accountId)?.name ?? ''
}
