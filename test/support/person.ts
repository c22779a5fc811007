/** A person at the portal: a browser's cookie jar for one, over real HTTP. */
import { type Answer, ask } from './api.ts'

export class Person {
  readonly #url: string
  cookie = ''

  constructor(url: string) {
    this.#url = url
  }

  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const sent = {
      'strongroom-portal': '1',
      ...(this.cookie === '' ? {} : { cookie: this.cookie }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    }
    const answer = await ask(this.#url + path, method, sent, body === undefined ? undefined : JSON.stringify(body))
    const [set] = answer.headers.getSetCookie()
    if (set !== undefined) this.cookie = set.includes('Max-Age=0') ? '' : (set.split(';')[0] ?? '')
    return { ...answer, body: JSON.parse(answer.text || 'null') }
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path)
  }

  post(path: string, body?: unknown): Promise<Answer> {
    return this.send('POST', path, body)
  }

  /** Accepts a one-time link. */
  accept(url: string, rest: { readonly name?: string; readonly email?: string; readonly password: string }) {
    return this.post('/v3/invitations/accept', { token: url.slice(url.indexOf('#') + 1), ...rest })
  }

  /** @param account its name, where there are several */
  signIn(email: string, password: string, account?: string): Promise<Answer> {
    return this.post('/v3/session', { ...(account === undefined ? {} : { account }), email, password })
  }
}
