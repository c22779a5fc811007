/** An issuer of OpenID Connect on the loopback, with real keys: discovery, a set of keys, tokens, rotation, outages. */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

/** `undefined` leaves a claim out. */
type Claims = Readonly<Record<string, unknown>>

export interface SigningKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

export interface TestIssuer {
  readonly url: string
  /** What is published now. */
  keys: SigningKey[]
  /** Answers in the place of the issuer, where it is set; `true` when it has answered. */
  misbehave: ((request: IncomingMessage, answer: ServerResponse) => boolean) | undefined
  /** The paths that were asked for. */
  readonly asked: string[]
  /** Takes away all keys and publishes a new one. */
  rotate(): Promise<SigningKey>
  /** What a job of `acme/app` is given, signed with the newest key. */
  token(claims?: Claims, header?: object, key?: SigningKey): Promise<string>
  stop(): void
}

export async function makeKey(alg = 'ES256'): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const kid = randomUUID()
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export const audience = 'https://strongroom.example.com'

/** What GitHub says of a job, as far as it matters. */
export const jobClaims = {
  sub: 'repo:acme/app:ref:refs/heads/main',
  repository: 'acme/app',
  repository_id: '123',
  repository_owner: 'acme',
  repository_owner_id: '7',
  ref: 'refs/heads/main',
  event_name: 'push',
  run_id: '1',
}

/** @param now milliseconds since 1970 */
export async function startIssuer(
  t: { after(work: () => void): void },
  now: () => number = Date.now,
  alg = 'ES256',
): Promise<TestIssuer> {
  const asked: string[] = []
  const server = createServer((request, answer) => {
    asked.push(request.url ?? '')
    if (issuer.misbehave?.(request, answer) === true) return
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` },
      '/keys': { keys: issuer.keys.map(({ jwk }) => jwk) },
    }
    const found = documents[request.url ?? '']
    answer.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' })
    answer.end(JSON.stringify(found ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = () => {
    server.closeAllConnections()
    server.close()
  }
  t.after(stop)
  const issuer: TestIssuer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys: [await makeKey(alg)],
    misbehave: undefined,
    asked,
    stop,
    rotate: async () => {
      const key = await makeKey(alg)
      issuer.keys = [key]
      return key
    },
    token: async (claims = {}, header = {}, key = issuer.keys.at(-1)) => {
      if (key === undefined) throw new Error('The issuer has no key.')
      return sign(key, { ...timesAt(now()), iss: issuer.url, aud: audience, ...jobClaims, ...claims }, header)
    },
  }
  return issuer
}

/** Of a token that is made now. */
export function timesAt(now: number): { iat: number; nbf: number; exp: number; jti: string } {
  const second = Math.floor(now / 1000)
  return { iat: second, nbf: second, exp: second + 300, jti: randomUUID() }
}

export function sign(key: SigningKey, claims: Claims, header: object = {}): Promise<string> {
  const { alg, kid, privateKey } = key
  return new SignJWT(claims as JWTPayload).setProtectedHeader({ alg, kid, typ: 'JWT', ...header }).sign(privateKey)
}
