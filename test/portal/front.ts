/**
 * Before a server without people: signs in with a password, and asks the server with the API key of whoever is signed
 * in. It does what docs/portal.md asks of sessions, and keeps them in memory.
 */
import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { Api } from '../support/api.ts'

export interface Person {
  readonly email: string
  readonly name: string
  readonly role: string
  readonly password: string
  readonly scopes: readonly string[]
  readonly api: Api
}

export interface Front {
  readonly url: string
  /** A one-time link that makes the owner. */
  readonly setupToken: string
  /** Ends every session. */
  endSessions(): void
  /** From now on sensitive actions ask for the password. */
  forgetConfirmations(): void
}

interface Session {
  readonly person: Person
  confirmedUntil: number
}

const sensitive = /^(POST|DELETE) \/v3\/keys|^DELETE \/v3\/lists\/\d+$|^PUT \/v3\/settings/
const time = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`

export async function startFront(t: TestContext, people: readonly Person[]): Promise<Front> {
  const sessions = new Map<string, Session>()
  const setupToken = randomBytes(32).toString('base64url')
  let isSetUp = false

  const begin = (response: ServerResponse, person: Person) => {
    const token = randomBytes(32).toString('base64url')
    const session = { person, confirmedUntil: Date.now() + 900_000 }
    sessions.set(token, session)
    const cookie = `strongroom_session=${token}; Path=/; HttpOnly; SameSite=Strict`
    send(response, 201, shown(session), { 'set-cookie': cookie })
  }

  const server = createServer((message, response) => {
    const chunks: Buffer[] = []
    message.on('data', (chunk: Buffer) => chunks.push(chunk))
    message.on('end', () => answer(message, response, Buffer.concat(chunks)))
  })

  function answer(message: IncomingMessage, response: ServerResponse, body: Buffer): unknown {
    const path = (message.url ?? '').split('?')[0] ?? ''
    const call = `${message.method} ${path}`
    const token = /strongroom_session=([\w-]+)/.exec(message.headers.cookie ?? '')?.[1] ?? ''
    const session = sessions.get(token)
    const input = () => JSON.parse(body.toString()) as Record<string, string>
    const [owner] = people
    if (!path.startsWith('/v3/')) return pass(message, response, body, undefined)
    if (message.headers['strongroom-portal'] !== '1') {
      return refuse(response, 403, 'cross_site_request', 'Only the portal may use a session.')
    }
    if (call === 'POST /v3/invitations/check' || call === 'POST /v3/invitations/accept') {
      const { token: sent, password = '' } = input()
      if (sent !== setupToken || isSetUp || owner === undefined) {
        return refuse(response, 404, 'not_found', 'This link was used, has expired, or never was one.')
      }
      if (path.endsWith('check')) {
        return send(response, 200, { kind: 'setup', account: 'default', email: null, name: null, role: 'owner' })
      }
      if (password !== owner.password) return refuse(response, 422, 'weak_password', 'This is easily guessed.')
      isSetUp = true
      return begin(response, owner)
    }
    if (call === 'POST /v3/session') {
      const { email, password } = input()
      const person = people.find((one) => one.email === email && one.password === password)
      if (person === undefined) {
        return refuse(response, 401, 'invalid_credentials', 'The email or the password is wrong.')
      }
      return begin(response, person)
    }
    if (session === undefined) return refuse(response, 401, 'unauthenticated', 'Nobody is signed in.')
    if (call === 'GET /v3/session') return send(response, 200, shown(session))
    if (call === 'DELETE /v3/session') {
      sessions.delete(token)
      return send(response, 200, {})
    }
    if (call === 'POST /v3/session/confirm') {
      if (input()['password'] !== session.person.password) {
        return refuse(response, 401, 'invalid_credentials', 'The password is wrong.')
      }
      session.confirmedUntil = Date.now() + 900_000
      return send(response, 200, shown(session))
    }
    if (call === 'GET /v3/sessions') {
      const list = [...sessions.keys()].map((key, at) => ({
        id: at + 1,
        created_at: time(Date.now()),
        last_used_at: time(Date.now()),
        expires_at: time(Date.now() + 1e7),
        address: '127.0.0.1',
        user_agent: message.headers['user-agent'] ?? null,
        current: key === token,
      }))
      return send(response, 200, { sessions: list })
    }
    if (call === 'GET /v3/session/passkeys') return send(response, 200, { passkeys: [] })
    if (call === 'GET /v3/users') {
      const users = people.map(({ email, name, role }, at) => ({
        id: at + 1,
        ...{ email, name, role, name_patterns: null, state: 'active', second_factor: [] },
        created_at: time(Date.now()),
        last_sign_in_at: null,
      }))
      return send(response, 200, { users })
    }
    if (sensitive.test(call) && session.confirmedUntil < Date.now()) {
      return refuse(response, 403, 'confirmation_required', 'Confirm with your password.')
    }
    return pass(message, response, body, session.person.api.key)
  }

  function pass(message: IncomingMessage, response: ServerResponse, body: Buffer, key: string | undefined): unknown {
    const { cookie: _, 'strongroom-portal': __, ...headers } = message.headers
    const target = new URL(message.url ?? '/', people[0]?.api.url)
    const passed = request(target, {
      method: message.method,
      headers: { ...headers, ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
    })
    passed.on('response', (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers)
      answered.pipe(response)
    })
    passed.on('error', () => response.destroy())
    return passed.end(body)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setupToken,
    endSessions: () => sessions.clear(),
    forgetConfirmations: () => {
      for (const session of sessions.values()) session.confirmedUntil = 0
    },
  }
}

function shown({ person, confirmedUntil }: Session) {
  const { email, name, role, scopes } = person
  return {
    user: { id: email.length, name, email, role },
    account: { id: 1, name: 'default' },
    scopes,
    name_patterns: null,
    created_at: time(Date.now()),
    expires_at: time(Date.now() + 28_800_000),
    idle_expires_at: time(Date.now() + 900_000),
    confirmed_until: time(confirmedUntil),
  }
}

function send(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): unknown {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  return response.end(JSON.stringify(body))
}

function refuse(response: ServerResponse, status: number, code: string, message: string): unknown {
  const problem = { type: `urn:strongroom:problem:${code}`, title: code, status, detail: message, code, message }
  response.writeHead(status, { 'content-type': 'application/problem+json' })
  return response.end(JSON.stringify({ ...problem, request_id: 'front' }))
}
