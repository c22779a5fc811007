/** An account with people in it: the owner, and whoever is invited. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import type { TestContext } from 'node:test'
import { inviteOwner } from '../../src/vault/users.ts'
import type { TestEngine } from './engines.ts'
import { Person } from './person.ts'
import { startServer, type TestOptions } from './server.ts'

export const password = 'seven orange tractors sing'
export const host = {
  caller: { kind: 'host', accountId: 1, name: 'test' },
  requestId: 'test',
  address: 'host',
} as const

/** A server with an owner who is signed in. */
export async function startWithOwner(t: TestContext, engine: TestEngine, options: TestOptions = {}) {
  const server = await startServer(t, engine, options)
  const { token } = await inviteOwner(server.vault, host, 1)
  const owner = new Person(server.url)
  const accepted = await owner.accept(`#${token}`, { name: 'Ada', email: 'Ada@Example.com', password })
  assert.equal(accepted.status, 201, accepted.text)
  const invite = async (role: string, more: object = {}) => {
    const email = `${role}-${Math.random().toString(36).slice(2)}@example.com`
    const { body, status, text } = await owner.post('/v3/users', { email, role, ...more })
    assert.equal(status, 201, text)
    const person = new Person(server.url)
    assert.equal((await person.accept(body.invitation_url, { password })).status, 201)
    return { person, email, id: body.id as number }
  }
  return { ...server, owner, invite, token, accepted }
}

/** The code that an authenticator app shows, by another way than the server's own. */
export function codeOf(secret: string, now: number): string {
  const bits = [...secret].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  )
  const bytes = bits.join('').match(/.{8}/g) ?? []
  const counter = Buffer.from(
    Math.floor(now / 30_000)
      .toString(16)
      .padStart(16, '0'),
    'hex',
  )
  const key = Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) % 16
  return String((mac.readUInt32BE(offset) % 2 ** 31) % 1_000_000).padStart(6, '0')
}

/** Sets up an authenticator app. */
export async function enrolTotp(person: Person, now: number) {
  const begun = await person.post('/v3/session/totp')
  assert.equal(begun.status, 200, begun.text)
  const { enrolment, secret } = begun.body
  const done = await person.send('PUT', '/v3/session/totp', { enrolment, code: codeOf(secret, now) })
  assert.equal(done.status, 200, done.text)
  return { secret: secret as string, codes: done.body.recovery_codes as string[] }
}
