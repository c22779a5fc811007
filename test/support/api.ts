/** A small caller of the API for tests: real HTTP, answers as they came. */
import { setImmediate, setTimeout } from 'node:timers/promises'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came back
  readonly body: any
}

export class Api {
  readonly url: string
  readonly key: string

  constructor(url: string, key: string) {
    this.url = url
    this.key = key
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', path, undefined, headers)
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, body, headers)
  }

  put(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('PUT', path, body, headers)
  }

  delete(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('DELETE', path, undefined, headers)
  }

  /** Makes many secrets. A few at a time: a thousand at once would keep a server in this very process from answering. */
  async fill(names: readonly string[], makeValue: (name: string) => string = () => 'v'): Promise<void> {
    for (let at = 0; at < names.length; at += 100) {
      await Promise.all(names.slice(at, at + 100).map((name) => this.#make(name, makeValue(name))))
    }
  }

  /** A server on a busy machine sheds some of a hundred requests at once: they are sent again, as it says. */
  async #make(name: string, value: string): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const { status, body, text } = await this.post('/v3/secrets', { name, value })
      if (status === 201) return
      if (body.code !== 'overloaded' || attempt === 20) throw new Error(`A secret was not made: ${text}`)
      await setTimeout(500)
    }
  }

  /** @param body sent as JSON; a string or bytes go as they are */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    // A connection that the server closed while this process was busy with a command is taken note of first.
    for (let turn = 0; turn < 3; turn++) await setImmediate()
    const isRaw = typeof body === 'string' || body instanceof Uint8Array
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined
        ? {}
        : { body: isRaw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, body: parse(text) }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
