/** What the routes for people share: strangers, their browsers, and the session that an answer shows. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { idleEndOf } from '../model/api-key.ts'
import { type Role, roles, type User } from '../model/user.ts'
import { accountOf } from '../vault/accounts.ts'
import type { Opened } from '../vault/sessions.ts'
import type { Vault } from '../vault/vault.ts'
import { addressOf } from './peer.ts'
import { formatTime, Time, withoutNul } from './schema.ts'
import { setCookie } from './session-cookie.ts'

const confirmedMs = 15 * 60 * 1000

export const Session = Type.Object(
  {
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
    enrolment_required: Type.Boolean({ description: 'whether a second factor must be set up before anything else' }),
    confirm_with: Type.Array(Type.String({ enum: ['password', 'passkey', 'sso'] })),
  },
  { title: 'Session', description: 'Who is signed in, with which rights, and for how long.' },
)

/** Of whoever is not signed in, or not yet. */
export const AccountName = Type.String({
  maxLength: 255,
  pattern: withoutNul,
  description: 'the name of an account',
})

export function strangerOf(request: FastifyRequest) {
  return { requestId: request.id, address: addressOf(request) }
}

export function agentOf(request: FastifyRequest) {
  return { address: addressOf(request), userAgent: request.headers['user-agent'] ?? '' }
}

/** Gives the browser the session's cookie, and shows the session. */
export async function begun(vault: Vault, request: FastifyRequest, reply: FastifyReply, opened: Opened) {
  setCookie(request, reply, opened.token, (opened.session.expiresAt ?? 0) - vault.now())
  reply.code(201)
  return shown(vault, request, opened)
}

export async function shown(vault: Vault, request: FastifyRequest, { user, session }: Omit<Opened, 'token'>) {
  const { id, name, email, role, patterns } = user
  return {
    user: { id, name, email: email ?? '', role },
    account: { id: user.accountId, name: await accountName(vault, request, user) },
    scopes: [...session.scopes],
    name_patterns: patterns.includes('*') ? null : [...patterns],
    created_at: formatTime(session.createdAt),
    expires_at: formatTime(session.expiresAt ?? 0),
    idle_expires_at: formatTime(idleEndOf(session)),
    confirmed_until: formatTime((session.confirmedAt ?? 0) + confirmedMs),
    enrolment_required: session.scopes.length === 0,
    confirm_with: await proofsOf(vault, user),
  }
}

/** By which means somebody can prove once more who they are. */
async function proofsOf(vault: Vault, { accountId, id, password }: User): Promise<string[]> {
  const kinds = (await vault.store.factorsOf(accountId, id)).map(({ kind }) => kind)
  return [
    ...(password === null ? [] : ['password']),
    ...(kinds.includes('passkey') ? ['passkey'] : []),
    ...(kinds.includes('subject') ? ['sso'] : []),
  ]
}

export async function accountName(
  vault: Vault,
  request: FastifyRequest,
  { accountId }: Pick<User, 'accountId'>,
): Promise<string> {
  return (await accountOf(vault, strangerOf(request), accountId))?.name ?? ''
}
