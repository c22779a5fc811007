/**
 * A root key in the transit engine of OpenBao or Vault: it wraps and unwraps there, and does not come out.
 *
 * Three calls: encrypt, decrypt, and whatever gives a token. The context goes along as associated data.
 */
import { readFileSync } from 'node:fs'
import { codeOrName } from '../../error-code.ts'
import { ProviderTrouble, patienceMs, type RootKeyProvider, type RootKeySource, type TransitLogin } from './provider.ts'

export type TransitSource = Extract<RootKeySource, { readonly kind: 'transit' }>

const maxAnswer = 65_536
/** What the engine says of what another key, or another context, has wrapped. */
const notOfThisKey = /message authentication failed|invalid ciphertext|no prefix|could not be decoded/i

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Which key, on which server. */
export type TransitPlace = Pick<TransitSource, 'origin' | 'namespace' | 'mount' | 'name'>

/** How a server is told who asks, with what is secret. Read each time: whoever rotates it need tell nobody. */
export type TransitAccess =
  | { readonly kind: 'token'; readonly token: () => string }
  | { readonly kind: 'approle'; readonly mount: string; readonly roleId: string; readonly secretId: () => string }
  | { readonly kind: 'kubernetes'; readonly mount: string; readonly role: string; readonly jwt: () => string }

/** @throws ProviderTrouble `away` when nothing was answered */
export type TransitPost = (
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
) => Promise<{ readonly status: number; readonly bytes: Buffer }>

/** How a server is reached, and who asks it. */
export interface TransitDoor {
  readonly access: TransitAccess
  readonly post: TransitPost
}

interface Token {
  readonly text: string
  /** When it is to be renewed, by `performance.now`; never where it does not end. */
  readonly renewAt: number
}

export function transitKey(source: TransitSource, now?: () => number): RootKeyProvider {
  return transitKeyThrough(source, { access: accessOf(source.login), post: postTo(source.caPath) }, now)
}

/** The same through a door of somebody else's. */
export function transitKeyThrough(
  place: TransitPlace,
  door: TransitDoor,
  now: () => number = () => performance.now(),
): RootKeyProvider {
  const id = transitIdOf(place)
  const server = new TransitServer(place, door, now)
  return {
    kind: 'transit',
    id,
    shown: `transit:${id}`,
    wrap: async (plain, context) => {
      const { status, body } = await server.use('encrypt', {
        plaintext: base64Of(plain),
        associated_data: base64Of(context),
      })
      const ciphertext = partOf(body, 'data', 'ciphertext')
      if (status === 200 && ciphertext !== '') return Buffer.from(ciphertext)
      throw refused(status)
    },
    unwrap: async (wrapped, context) => {
      const ciphertext = Buffer.from(wrapped).toString()
      const { status, body } = await server.use('decrypt', { ciphertext, associated_data: base64Of(context) })
      const plaintext = partOf(body, 'data', 'plaintext')
      if (status === 200 && plaintext !== '') return Buffer.from(plaintext, 'base64')
      if (status === 400 && notOfThisKey.test(errorsOf(body))) return undefined
      throw refused(status)
    },
  }
}

/** Which key it is: nothing of how its server is spoken to. */
export function transitIdOf({ origin, namespace, mount, name }: TransitPlace): string {
  return [origin, ...(namespace === undefined ? [] : [namespace]), mount, name].join('/')
}

function accessOf(login: TransitLogin): TransitAccess {
  switch (login.kind) {
    case 'token':
      return { kind: 'token', token: () => readSecret(login.path) }
    case 'approle':
      return { ...login, secretId: () => readSecret(login.secretIdPath) }
    case 'kubernetes':
      return { ...login, jwt: () => readSecret(login.jwtPath) }
  }
}

class TransitServer {
  readonly #place: TransitPlace
  readonly #access: TransitAccess
  readonly #post: TransitPost
  readonly #now: () => number
  #token: Token | undefined
  #getting: Promise<Token> | undefined

  constructor(place: TransitPlace, { access, post }: TransitDoor, now: () => number) {
    this.#place = place
    this.#access = access
    this.#post = post
    this.#now = now
  }

  /** A token that is not good any more is got anew, once. */
  async use(operation: 'encrypt' | 'decrypt', body: object): Promise<Answer> {
    const { mount, name } = this.#place
    const path = `${mount}/${operation}/${name}`
    const token = await this.#current()
    const answer = await this.#ask(path, body, token.text)
    if (answer.status !== 403 && answer.status !== 401) return answer
    // Another who asked at the same time may have got a new one already.
    if (this.#token?.text === token.text) this.#token = undefined
    const other = await this.#current()
    return this.#access.kind === 'token' && other.text === token.text ? answer : this.#ask(path, body, other.text)
  }

  /** Whoever asks at the same time shares what is got: a secret id may be good for one login. */
  #current(): Promise<Token> {
    this.#getting ??= this.#get().finally(() => {
      this.#getting = undefined
    })
    return this.#getting
  }

  async #get(): Promise<Token> {
    const access = this.#access
    // Whoever renews the file puts another token there.
    const isOther = access.kind === 'token' && this.#token !== undefined && this.#token.text !== access.token()
    if (this.#token === undefined || isOther) this.#token = await this.#logIn()
    else if (this.#now() >= this.#token.renewAt) this.#token = await this.#renew(this.#token)
    return this.#token
  }

  async #logIn(): Promise<Token> {
    const access = this.#access
    if (access.kind === 'token') return this.#renew({ text: access.token(), renewAt: Number.POSITIVE_INFINITY })
    const body =
      access.kind === 'approle'
        ? { role_id: access.roleId, secret_id: access.secretId() }
        : { role: access.role, jwt: access.jwt() }
    const { status, body: answer } = await this.#ask(`auth/${access.mount}/login`, body)
    const text = partOf(answer, 'auth', 'client_token')
    if (status !== 200 || text === '') throw refused(status, 'The login is refused')
    return { text, renewAt: this.#renewAtOf(answer) }
  }

  /** One that cannot be renewed is used as long as it lasts; then a new one is got. */
  async #renew(token: Token): Promise<Token> {
    const { status, body } = await this.#ask('auth/token/renew-self', {}, token.text)
    if (status === 200) return { text: token.text, renewAt: this.#renewAtOf(body) }
    if (this.#access.kind === 'token') return { text: token.text, renewAt: Number.POSITIVE_INFINITY }
    return this.#logIn()
  }

  /** At half of its life. */
  #renewAtOf(body: Answer['body']): number {
    const auth = body['auth']
    const seconds = isObject(auth) ? Number(auth['lease_duration']) : 0
    return seconds > 0 ? this.#now() + seconds * 500 : Number.POSITIVE_INFINITY
  }

  async #ask(path: string, body: object, token?: string): Promise<Answer> {
    const { origin, namespace } = this.#place
    const headers = {
      'content-type': 'application/json',
      // What tells a request from a page's: servers may ask for it.
      'x-vault-request': 'true',
      ...(token === undefined ? {} : { 'x-vault-token': token }),
      ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
    }
    const { status, bytes } = await this.#post(`${origin}/v1/${path}`, headers, JSON.stringify(body))
    return { status, body: parse(bytes) }
  }
}

/** Straight to where the operator says. */
function postTo(caPath: string | undefined): TransitPost {
  return async (url, headers, body) => {
    const { request } = url.startsWith('https:') ? await import('node:https') : await import('node:http')
    const ca = caPath === undefined ? {} : { ca: readSecret(caPath) }
    const signal = AbortSignal.timeout(patienceMs)
    const all = { ...headers, 'content-length': Buffer.byteLength(body) }
    return new Promise((resolve, reject) => {
      const fail = (error: unknown) =>
        reject(new ProviderTrouble('away', `The server cannot be reached (${codeOrName(error)}).`))
      const asked = request(url, { method: 'POST', headers: all, signal, ...ca }, (answer) => {
        const parts: Buffer[] = []
        let size = 0
        answer.on('data', (part: Buffer) => {
          parts.push(part)
          size += part.length
          if (size > maxAnswer) answer.destroy(new Error('too long'))
        })
        answer.on('error', fail)
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, bytes: Buffer.concat(parts) }))
      })
      asked.on('error', fail)
      asked.end(body)
    })
  }
}

/** Read each time: whoever rotates what is there need tell nobody. */
function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new ProviderTrouble('away', `The file ${path} cannot be read (${codeOrName(error)}).`)
  }
}

function refused(status: number, what = 'The server refuses'): ProviderTrouble {
  const isAway = status === 429 || status >= 500 || (status >= 472 && status <= 473)
  if (isAway) return new ProviderTrouble('away', `The server answers with ${status}.`)
  return new ProviderTrouble('denied', `${what} (${status}): see whether the key is there, and what the token may.`)
}

function parse(bytes: Buffer): Answer['body'] {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return isObject(value) ? value : {}
  } catch {
    // A proxy in its place, or a server that answers with nothing: its status says enough.
    return {}
  } finally {
    bytes.fill(0)
  }
}

function partOf(body: Answer['body'], part: string, name: string): string {
  const found = body[part]
  const text = isObject(found) ? found[name] : undefined
  return typeof text === 'string' ? text : ''
}

function errorsOf({ errors }: Answer['body']): string {
  return Array.isArray(errors) ? errors.map(String).join(' ') : ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
