/** `/v3/session`, `/v3/sessions` and `/v3/invitations`: people sign in, confirm who they are, and sign out. */
import { Type } from 'typebox'
import { invalid, Refusal } from '../../errors.ts'
import { type Role, roles } from '../../model/user.ts'
import { provePasskey, signInWithPasskey } from '../../vault/passkeys.ts'
import {
  acceptLink,
  changePassword,
  confirmSession,
  endSession,
  listSessions,
  type OwnSession,
  provePassword,
  readSession,
  signIn,
} from '../../vault/sessions.ts'
import { userOfLink } from '../../vault/users.ts'
import { askerOf } from '../asker.ts'
import { answerListing, PageQuery } from '../listing.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, IdParams, idOf, Message, NoQuery, Time, withoutNul } from '../schema.ts'
import { AccountName, accountName, agentOf, begun, Session, shown, strangerOf } from '../session-answer.ts'
import { clearCookie, setCookie } from '../session-cookie.ts'
import { siteOf } from '../site.ts'

const Text = Type.String({ maxLength: 300, pattern: withoutNul, description: 'a text of at most 300 characters' })
const Code = Type.String({ maxLength: 64, pattern: withoutNul, description: 'a code' })
const Password = Type.String({ maxLength: 1000, description: 'a password' })
const Base64 = Type.String({ maxLength: 4096, pattern: '^[A-Za-z0-9_-]*$', description: 'bytes in base64url' })
/** As a browser gives it; what else it says is not looked at. */
const Passkey = Type.Object(
  {
    id: Base64,
    rawId: Base64,
    type: Type.Literal('public-key', { description: '"public-key"' }),
    response: Type.Object({
      clientDataJSON: Base64,
      authenticatorData: Base64,
      signature: Base64,
      userHandle: Type.Optional(Base64),
    }),
    clientExtensionResults: Type.Object({}, { additionalProperties: true }),
  },
  { title: 'PasskeyAnswer', description: 'the answer of an authenticator' },
)
const OpenSession = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    created_at: Time,
    last_used_at: Time,
    expires_at: Time,
    address: Type.String(),
    user_agent: Type.String(),
    current: Type.Boolean(),
  },
  { title: 'OpenSession', description: 'One of the sessions of whoever asks.' },
)
/** Of strangers. */
const bodyLimit = 8 * 1024
const passkeyExample = {
  id: 'AQID',
  rawId: 'AQID',
  type: 'public-key',
  response: { clientDataJSON: 'e30', authenticatorData: 'AQID', signature: 'AQID' },
  clientExtensionResults: {},
}
const body = { additionalProperties: false, description: 'a JSON object' }

/** Answered without a key: who signs in has none yet. Only the portal may ask. */
export const signInRoutes: readonly Route[] = [
  defineRoute({
    method: 'POST',
    path: '/v3/session',
    operationId: 'signIn',
    tag: 'Sessions',
    summary: 'Sign in',
    description:
      'Sets a cookie that is accepted in place of an API key, with the header `Strongroom-Portal: 1`. `account` is the name of the account, where the server has several. Where the user has a second factor, `code` is one of the authenticator app or a recovery code.',
    scope: 'portal',
    repeat: { never: 'It begins a session, whose cookie is given out once: sign in again.' },
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { account: Type.Optional(AccountName), email: Text, password: Password, code: Type.Optional(Code) },
          { ...body, examples: [{ email: 'grace@example.com', password: 'correct horse battery staple' }] },
        ),
        bodyLimit,
      ),
      answers: { 201: Session },
      refusals: [401],
    },
    headers: { takes: [], gives: ['Set-Cookie'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const opened = await signIn(vault, strangerOf(request), request.body, agentOf(request))
        return begun(vault, request, reply, opened)
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/session/passkey',
    operationId: 'signInWithPasskey',
    tag: 'Sessions',
    summary: 'Sign in with a passkey',
    description: 'With the answer to `POST /v3/session/passkey/challenge`. It counts as two factors.',
    scope: 'portal',
    repeat: { never: 'The answer of an authenticator is good once: begin again.' },
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(Type.Object({ passkey: Passkey }, { ...body, examples: [{ passkey: passkeyExample }] }), bodyLimit),
      answers: { 201: Session },
      refusals: [401],
    },
    headers: { takes: [], gives: ['Set-Cookie'] },
    use: (context) => async (request, reply) => {
      const given = { site: siteOf(context, request), response: request.body.passkey }
      const opened = await signInWithPasskey(context.vault, strangerOf(request), given, agentOf(request))
      return begun(context.vault, request, reply, opened)
    },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/invitations/check',
    operationId: 'checkInvitation',
    tag: 'Sessions',
    summary: 'Look at a one-time link',
    description: '',
    scope: 'portal',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(Type.Object({ token: Text }, { ...body, examples: [{ token: 'sr_…' }] }), bodyLimit),
      answers: {
        200: Type.Object(
          {
            kind: Type.String({ enum: ['setup', 'invitation', 'reset'] }),
            account: Type.String(),
            email: Type.Union([Type.String(), Type.Null()]),
            name: Type.Union([Type.String(), Type.Null()]),
            role: Type.Unsafe<Role>(Type.String({ enum: [...roles] })),
          },
          { title: 'Invitation', description: 'What a one-time link is for.' },
        ),
      },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const asker = { ...strangerOf(request), caller: nobody }
        const user = await userOfLink(vault, asker, request.body.token)
        const kind = user.password !== null ? 'reset' : user.email === null ? 'setup' : 'invitation'
        const { email, role } = user
        return {
          kind,
          account: await accountName(vault, request, user),
          email,
          name: email === null ? null : user.name,
          role,
        }
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/invitations/accept',
    operationId: 'acceptInvitation',
    tag: 'Sessions',
    summary: 'Accept a one-time link',
    description:
      'Sets the password and signs in; every other session of the user ends. 200 without a session where the user has a second factor, or must sign in through a provider.',
    scope: 'portal',
    repeat: { never: 'A link is good once: whoever accepted it signs in with the new password.' },
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { token: Text, password: Password, name: Type.Optional(Text), email: Type.Optional(Text) },
          { ...body, examples: [{ token: 'sr_…', password: 'correct horse battery staple' }] },
        ),
        bodyLimit,
      ),
      answers: { 201: Session, 200: Message },
      refusals: [404, 409, 422],
    },
    headers: { takes: [], gives: ['Set-Cookie'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const opened = await acceptLink(vault, strangerOf(request), request.body, agentOf(request))
        if (opened === undefined) return { message: 'The password is set. Sign in.' }
        return begun(vault, request, reply, opened)
      },
  }),
]

export const sessionRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/session',
    operationId: 'getSession',
    tag: 'Sessions',
    summary: 'Who is signed in',
    description: '',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Session },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        shown(vault, request, await readSession(vault, askerOf(request))),
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/session',
    operationId: 'signOut',
    tag: 'Sessions',
    summary: 'Sign out',
    description: '',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Message },
      refusals: [404],
    },
    headers: { takes: [], gives: ['Set-Cookie'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        await endSession(vault, askerOf(request))
        clearCookie(request, reply)
        return { message: 'Signed out' }
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/session/confirm',
    operationId: 'confirmSession',
    tag: 'Sessions',
    summary: 'Prove again who is signed in',
    description:
      'What is delicate is refused with `confirmation_required` when the last proof is older than 15 minutes.',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { password: Type.Optional(Password), passkey: Type.Optional(Passkey) },
          { ...body, examples: [{ password: 'correct horse battery staple' }] },
        ),
      ),
      answers: { 200: Session },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use: (context) => async (request) => {
      const { password, passkey: response } = request.body
      const asker = askerOf(request)
      const confirmed = await confirmSession(context.vault, asker, async (user) => {
        if (response !== undefined) {
          const proven = await provePasskey(context.vault, asker, { site: siteOf(context, request), response })
          if (proven.user.uid === user.uid) return proven.proof
          throw new Refusal('invalid_credentials', 'This passkey is somebody else’s.')
        }
        if (password === undefined) throw invalid('password', 'Is required, or a passkey.')
        await provePassword(context.vault, asker, user, password)
        return {}
      })
      return shown(context.vault, request, confirmed)
    },
  }),

  defineRoute({
    method: 'PUT',
    path: '/v3/session/password',
    operationId: 'changePassword',
    tag: 'Sessions',
    summary: 'Change your password',
    description: 'Your sessions end. A new one takes the place of this one, with a cookie of its own.',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { current_password: Password, password: Password },
          {
            ...body,
            examples: [{ current_password: 'correct horse battery staple', password: 'a better horse battery staple' }],
          },
        ),
      ),
      answers: { 200: Message },
      refusals: [404, 422],
    },
    headers: { takes: [], gives: ['Set-Cookie'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { current_password: current, password } = request.body
        const opened = await changePassword(vault, askerOf(request), { current, password }, agentOf(request))
        setCookie(request, reply, opened.token, (opened.session.expiresAt ?? 0) - vault.now())
        return { message: 'Password changed' }
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/sessions',
    operationId: 'listSessions',
    tag: 'Sessions',
    summary: 'List your sessions',
    description: '',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: PageQuery,
      body: noBody,
      answers: { 200: Type.Object({ sessions: Type.Array(OpenSession) }) },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      (request, reply) =>
        answerListing(vault, request.query, reply, {
          listing: 'sessions',
          read: (wanted) => listSessions(vault, askerOf(request), wanted),
          shown: shownInList,
          answer: (sessions) => ({ sessions }),
        }),
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/sessions/:id',
    operationId: 'endSession',
    tag: 'Sessions',
    summary: 'End one of your sessions',
    description: '',
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
        await endSession(vault, askerOf(request), idOf(request.params))
        return { message: 'Session ended' }
      },
  }),
]

const nobody = { kind: 'user', accountId: 0, userId: 0, name: '' } as const

function shownInList(session: OwnSession) {
  const { address = '', user_agent = '' } = JSON.parse(session.agent || '{}') as Record<string, string>
  return {
    id: session.id,
    created_at: formatTime(session.createdAt),
    last_used_at: formatTime(session.lastUsedAt ?? session.createdAt),
    expires_at: formatTime(session.expiresAt ?? 0),
    address,
    user_agent,
    current: session.isCurrent,
  }
}
