/** A server that answers as the transit engine of OpenBao and Vault does (their HTTP API, recorded by hand), with real encryption. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { open, seal } from '../../src/crypto/aead.ts'
import type { Lasting } from './server.ts'

type Answer = readonly [status: number, body: object]

/** What is decided of it from outside. */
interface State {
  /** Tokens that are good, with their lives in seconds. */
  readonly tokens: Map<string, number>
  /** Requests, as `path token`. */
  readonly asked: string[]
  key: Buffer | undefined
  /** An answer in place of every other. */
  instead: Answer | undefined
  secretId: string
  /** Until then nothing is answered. */
  hold: Promise<void> | undefined
  /** What the policy allows. */
  mayEncrypt: boolean
}

export async function startTransit(t: Lasting): Promise<State & { readonly origin: string }> {
  const state: State = {
    tokens: new Map(),
    asked: [],
    key: randomBytes(32),
    instead: undefined,
    secretId: 'good-secret-id',
    hold: undefined,
    mayEncrypt: true,
  }
  const server = createServer(async (request, reply) => {
    const asked = JSON.parse(await text(request))
    await state.hold
    const [status, body] = answerTo(state, request, asked)
    reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return Object.assign(state, { origin: `http://127.0.0.1:${port}` })
}

function answerTo(state: State, request: IncomingMessage, body: Record<string, unknown>): Answer {
  const token = String(request.headers['x-vault-token'] ?? '')
  state.asked.push(`${request.url} ${token}`)
  if (state.instead !== undefined) return state.instead
  const login = /^\/v1\/auth\/(approle|kubernetes)\/login$/.exec(request.url ?? '')?.[1]
  if (login !== undefined) {
    const isGood = login === 'approle' ? body['secret_id'] === state.secretId : body['jwt'] === 'good-jwt'
    return isGood ? logIn(state) : [400, { errors: ['invalid role or secret ID'] }]
  }
  const life = state.tokens.get(token)
  if (life === undefined) return [403, { errors: ['permission denied'] }]
  if (request.url === '/v1/auth/token/renew-self') {
    return life === 0
      ? [400, { errors: ['lease is not renewable'] }]
      : [200, { auth: { client_token: token, lease_duration: life } }]
  }
  const [, operation] = /^\/v1\/transit\/(encrypt|decrypt)\/strongroom$/.exec(request.url ?? '') ?? []
  if (operation === undefined) return [404, { errors: [] }]
  if (operation === 'encrypt' && !state.mayEncrypt) return [403, { errors: ['permission denied'] }]
  if (state.key === undefined) return [400, { errors: ['encryption key not found'] }]
  const context = Buffer.from(String(body['associated_data']), 'base64')
  return operation === 'encrypt'
    ? [200, { data: { ciphertext: encrypt(state.key, String(body['plaintext']), context), key_version: 1 } }]
    : decrypt(state.key, String(body['ciphertext']), context)
}

function logIn({ tokens }: State): Answer {
  const token = `s.${randomBytes(12).toString('hex')}`
  tokens.set(token, 3600)
  return [200, { auth: { client_token: token, lease_duration: 3600, renewable: true } }]
}

function encrypt(key: Buffer, plaintext: string, context: Buffer): string {
  const sealed = seal(createSecretKey(key), Buffer.from(plaintext, 'base64'), context, 1)
  return `vault:v1:${sealed.toString('base64')}`
}

function decrypt(key: Buffer, ciphertext: string, context: Buffer): Answer {
  const [, sealed] = /^vault:v1:(.+)$/.exec(ciphertext) ?? []
  if (sealed === undefined) return [400, { errors: ['invalid ciphertext: no prefix'] }]
  try {
    const plain = open(createSecretKey(key), Buffer.from(sealed, 'base64'), context, 1)
    return [200, { data: { plaintext: plain.toString('base64') } }]
  } catch {
    return [400, { errors: ['cipher: message authentication failed'] }]
  }
}
