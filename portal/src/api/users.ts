/** The people of the account. */
import { type NewUser, once, type UserChange } from './client.ts'

const ending = (cascade: boolean) => (cascade ? { query: { cascade: 'true' } as const } : {})

export const users = {
  create: (body: NewUser) => once('POST /v3/users', { body }),
  update: (id: number, body: UserChange, cascade = false) =>
    once('PATCH /v3/users/{id}', { id, body, ...ending(cascade) }),
  made: (id: number) => once('GET /v3/users/{id}/made', { id }),
  reset: (id: number) => once('POST /v3/users/{id}/reset', { id }),
  resetFactors: (id: number) => once('DELETE /v3/users/{id}/factors', { id }),
  delete: (id: number, cascade = false) => once('DELETE /v3/users/{id}', { id, ...ending(cascade) }),
}
