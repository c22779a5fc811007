/** Sessions, users and own credentials: the part of v3 that only a portal needs. */
import { type MadeThings, StrongroomError } from '../../../src/client/index.ts'

export type Role = 'owner' | 'admin' | 'editor' | 'reader' | 'auditor'

export interface Session {
  readonly user: { readonly id: number; readonly name: string; readonly email: string; readonly role: Role }
  readonly account: { readonly id: number; readonly name: string }
  readonly scopes: readonly string[]
  readonly name_patterns: readonly string[] | null
  readonly created_at: string
  readonly expires_at: string
  readonly idle_expires_at: string
  readonly confirmed_until: string
  /** Whether a second factor must be set up before anything else. */
  readonly enrolment_required: boolean
  readonly confirm_with: readonly ('password' | 'passkey' | 'sso')[]
}

export interface OpenSession {
  readonly id: number | string
  readonly created_at: string
  readonly last_used_at: string
  readonly expires_at: string
  readonly address: string
  readonly user_agent: string | null
  readonly current: boolean
}

export interface Invitation {
  readonly kind: 'setup' | 'invitation' | 'reset'
  readonly account: string
  readonly email: string | null
  readonly name: string | null
  readonly role: Role
}

export interface User {
  readonly id: number
  readonly name: string
  /** Whoever sets up an account says it when they accept the link. */
  readonly email: string | null
  readonly role: Role
  readonly name_patterns: readonly string[] | null
  readonly state: 'active' | 'invited' | 'disabled'
  readonly second_factor: boolean
  readonly created_at: string
  readonly last_sign_in_at: string | null
}

type Json = Readonly<Record<string, unknown>>

/** @throws StrongroomError, which never holds what was sent */
export async function call<T>(method: string, path: string, body?: Json): Promise<T> {
  const response = await answerOf(path, {
    method,
    headers: {
      accept: 'application/json',
      'strongroom-portal': '1',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    credentials: 'same-origin',
    redirect: 'error',
    signal: AbortSignal.timeout(20_000),
  })
  const content: unknown = await response.json().catch(() => undefined)
  if (response.ok) return content as T
  throw problemOf(response, content)
}

async function answerOf(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init)
  } catch {
    throw new StrongroomError({ code: 'unreachable', message: 'The server does not answer. Check the connection.' })
  }
}

function problemOf(response: Response, content: unknown): StrongroomError {
  const problem = typeof content === 'object' && content !== null ? (content as Record<string, unknown>) : {}
  const textOf = (name: string) => (typeof problem[name] === 'string' ? problem[name] : undefined)
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new StrongroomError({
    status: response.status,
    code: textOf('code') ?? 'unexpected_answer',
    message: textOf('message') ?? `The server answered ${response.status}.`,
    requestId: textOf('request_id'),
    errors: Array.isArray(problem['errors']) ? problem['errors'] : [],
    retryAfterMs: Number.isFinite(retryAfter) ? retryAfter * 1000 : undefined,
  })
}

export interface SignIn {
  /** Its name, where the server has several. */
  readonly account?: string
  readonly email: string
  readonly password: string
  /** Of the authenticator app, or for recovery. */
  readonly code?: string
}

export const sessions = {
  current: () => call<Session>('GET', '/v3/session'),
  signIn: (input: SignIn) => call<Session>('POST', '/v3/session', { ...input }),
  signOut: () => call<unknown>('DELETE', '/v3/session'),
  confirm: (password: string) => call<Session>('POST', '/v3/session/confirm', { password }),
  list: async () => (await call<{ readonly sessions: readonly OpenSession[] }>('GET', '/v3/sessions')).sessions,
  end: (id: number | string) => call<unknown>('DELETE', `/v3/sessions/${encodeURIComponent(id)}`),
}

export const invitations = {
  check: (token: string) => call<Invitation>('POST', '/v3/invitations/check', { token }),
  accept: (input: {
    readonly token: string
    readonly name?: string
    readonly email?: string
    readonly password: string
  }) => call<Session | { readonly message: string }>('POST', '/v3/invitations/accept', input),
}

export interface NewUser {
  readonly email: string
  readonly name?: string
  readonly role: Role
  readonly name_patterns?: readonly string[]
}

export interface UserChange {
  readonly name?: string
  readonly role?: Role
  readonly name_patterns?: readonly string[] | null
  readonly disabled?: boolean
}

/** A one-time link, shown this once. */
export interface OneTimeLink {
  readonly invitation_url: string
  readonly invitation_expires_at: string
}

export const users = {
  list: async () => (await call<{ readonly users: readonly User[] }>('GET', '/v3/users')).users,
  create: (input: NewUser) => call<User & OneTimeLink>('POST', '/v3/users', { ...input }),
  update: (id: number, change: UserChange, cascade = false) =>
    call<User>('PATCH', `/v3/users/${id}${cascade ? '?cascade=true' : ''}`, { ...change }),
  made: (id: number) => call<MadeThings>('GET', `/v3/users/${id}/made`),
  reset: (id: number) => call<OneTimeLink>('POST', `/v3/users/${id}/reset`),
  resetFactors: (id: number) => call<unknown>('DELETE', `/v3/users/${id}/factors`),
  delete: (id: number, cascade = false) => call<unknown>('DELETE', `/v3/users/${id}${cascade ? '?cascade=true' : ''}`),
}

/** As the server asks for; it says itself what is too easy. */
export const minPassword = 10

export const credentials = {
  changePassword: (currentPassword: string, password: string) =>
    call<unknown>('PUT', '/v3/session/password', { current_password: currentPassword, password }),
}
