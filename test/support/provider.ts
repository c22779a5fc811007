/** An OpenID provider on loopback: the authorization code flow with PKCE, for one test. */
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'

export const clientId = 'strongroom'
export const clientSecret = 'planted-client-secret'

/** Whoever signs in at the provider, and how it is to go wrong. */
export interface Behaviour {
  claims: JWTPayload
  /** Signs with a key that it does not publish. */
  isForged: boolean
  /** Tells the address only at its userinfo endpoint. */
  isTerse: boolean
  /** Whom its tokens are for. */
  audience: string
  /** What it says of itself otherwise than it should. */
  description: object
  /** Answers nothing but failures. */
  isDown: boolean
}

interface Answer {
  readonly status: number
  readonly body: unknown
  /** Where a browser is sent. */
  readonly location?: string
}

export class Provider {
  readonly issuer: string
  readonly behaviour: Behaviour = {
    claims: { sub: 'one' },
    isForged: false,
    isTerse: false,
    audience: clientId,
    description: {},
    isDown: false,
  }
  /** What it was asked for, by path. */
  readonly asked: string[] = []
  /** The last authorization request. */
  lastRequest = new URLSearchParams()
  readonly #codes = new Map<string, URLSearchParams>()

  private constructor(issuer: string) {
    this.issuer = issuer
  }

  static async start(t: Pick<TestContext, 'after'>): Promise<Provider> {
    const [published, other] = [await generateKeyPair('ES256'), await generateKeyPair('ES256')]
    const jwk = { ...(await exportJWK(published.publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('No port.')
    const provider = new Provider(`http://127.0.0.1:${address.port}`)
    server.on('request', (request, response) => {
      const answer = ({ status, body, location }: Answer) => {
        const headers = { 'content-type': 'application/json', ...(location === undefined ? {} : { location }) }
        response.writeHead(status, headers).end(JSON.stringify(body))
      }
      provider
        .#answer(request, jwk, provider.behaviour.isForged ? other.privateKey : published.privateKey)
        .then(answer, () => answer({ status: 500, body: {} }))
    })
    t.after(() => new Promise<void>((resolve) => void server.close(() => resolve())))
    return provider
  }

  /** What a browser does there: the person signs in, and is sent back. */
  authorize(url: string): URL {
    const { searchParams } = new URL(url, this.issuer)
    this.lastRequest = searchParams
    const code = randomBytes(16).toString('hex')
    this.#codes.set(code, searchParams)
    const back = new URL(searchParams.get('redirect_uri') ?? '')
    back.searchParams.set('code', code)
    back.searchParams.set('state', searchParams.get('state') ?? '')
    back.searchParams.set('iss', this.issuer)
    return back
  }

  async #answer(request: IncomingMessage, jwk: object, key: CryptoKey): Promise<Answer> {
    const { pathname } = new URL(request.url ?? '', this.issuer)
    this.asked.push(pathname)
    const { issuer } = this
    if (this.behaviour.isDown) return { status: 503, body: {} }
    switch (pathname) {
      case '/.well-known/openid-configuration':
        return {
          status: 200,
          body: {
            issuer,
            authorization_endpoint: `${issuer}/authorize`,
            token_endpoint: `${issuer}/token`,
            jwks_uri: `${issuer}/keys`,
            userinfo_endpoint: `${issuer}/userinfo`,
            response_types_supported: ['code'],
            subject_types_supported: ['public'],
            id_token_signing_alg_values_supported: ['ES256'],
            token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
            code_challenge_methods_supported: ['S256'],
            authorization_response_iss_parameter_supported: true,
            ...this.behaviour.description,
          },
        }
      case '/authorize':
        return { status: 303, body: {}, location: this.authorize(request.url ?? '').href }
      case '/keys':
        return { status: 200, body: { keys: [jwk] } }
      case '/token':
        return this.#token(request, key)
      case '/userinfo':
        return { status: 200, body: this.behaviour.claims }
      default:
        return { status: 404, body: {} }
    }
  }

  async #token(request: IncomingMessage, key: CryptoKey): Promise<Answer> {
    const sent = new URLSearchParams(await text(request))
    const code = sent.get('code') ?? ''
    const asked = this.#codes.get(code)
    this.#codes.delete(code)
    const basic = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString()
    const isClient =
      (sent.get('client_id') === clientId && sent.get('client_secret') === clientSecret) ||
      basic === `${clientId}:${clientSecret}`
    const challenge = createHash('sha256')
      .update(sent.get('code_verifier') ?? '')
      .digest('base64url')
    const isRight =
      isClient &&
      asked?.get('code_challenge') === challenge &&
      asked.get('redirect_uri') === sent.get('redirect_uri') &&
      sent.get('grant_type') === 'authorization_code'
    if (!isRight) return { status: 400, body: { error: 'invalid_grant' } }
    const { email, email_verified: isVerified, ...rest } = this.behaviour.claims
    const claims = this.behaviour.isTerse ? rest : { ...rest, email, email_verified: isVerified }
    const token = await new SignJWT({ nonce: asked.get('nonce') ?? '', ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'k' })
      .setIssuer(this.issuer)
      .setAudience(this.behaviour.audience)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(key)
    return { status: 200, body: { access_token: 'a', token_type: 'Bearer', expires_in: 60, id_token: token } }
  }
}
