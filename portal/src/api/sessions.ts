/** Signing in and out, where one is signed in, and the one-time links that lead there. */
import { once, type Sent } from './client.ts'

/** As the server asks for; it says itself what is too easy. */
export const minPassword = 10

export const sessions = {
  current: () => once('GET /v3/session', {}),
  signIn: (body: Sent<'POST /v3/session'>['body']) => once('POST /v3/session', { body }),
  signOut: () => once('DELETE /v3/session', {}),
  confirm: (password: string) => once('POST /v3/session/confirm', { body: { password } }),
  list: async () => (await once('GET /v3/sessions', {})).sessions,
  end: (id: number) => once('DELETE /v3/sessions/{id}', { id }),
  changePassword: (currentPassword: string, password: string) =>
    once('PUT /v3/session/password', { body: { current_password: currentPassword, password } }),
}

export const invitations = {
  check: (token: string) => once('POST /v3/invitations/check', { body: { token } }),
  accept: (body: Sent<'POST /v3/invitations/accept'>['body']) => once('POST /v3/invitations/accept', { body }),
}

/** The account's provider, as whoever signs in meets it. */
export const provider = {
  waysIn: (account: string) => once('GET /v3/session/sso', account === '' ? {} : { query: { account } }),
  begin: (account: string, isFresh: boolean, path: string) =>
    once('POST /v3/session/sso', { body: { account, fresh: isFresh, return: path } }),
  link: (path: string) => once('POST /v3/session/sso/link', { body: { return: path } }),
}
