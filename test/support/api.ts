/**
 * A small caller of the API for tests: real HTTP, answers as they came. Not by `fetch`, which takes two to three times the
 * processor time, and the suites send a hundred thousand requests.
 */
import http from 'node:http'
import https from 'node:https'
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

  /** @param body sent as JSON; a string or bytes go as they are */
  async send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    // A connection that the server closed while this process was busy with a command is taken note of first.
    for (let turn = 0; turn < 3; turn++) await setImmediate()
    const isRaw = typeof body === 'string' || body instanceof Uint8Array
    const sent = {
      authorization: `Bearer ${this.key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    }
    return ask(this.url + path, method, sent, body === undefined || isRaw ? body : JSON.stringify(body))
  }
}

/** As a client that repeats what was answered with 503: a server that has too much to do for the moment has lost nothing. */
export async function getPatiently(api: Api, path: string): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await api.get(path)
    if (answer.status !== 503 || tries === 40) return answer
    await setTimeout(250)
  }
}

const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) }

/** As somebody who says of themselves what the headers say, and nothing else. */
export function ask(
  url: string,
  method: string,
  headers: Record<string, string>,
  body?: string | Uint8Array,
): Promise<Answer> {
  const isTls = url.startsWith('https:')
  const agent = isTls ? agents.https : agents.http
  // Of a method that seldom has a body, Node.js would not say how long it is.
  const sent = body === undefined ? headers : { 'content-length': String(Buffer.byteLength(body)), ...headers }
  return new Promise((resolve, reject) => {
    const request = (isTls ? https : http).request(url, { method, headers: sent, agent }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(parts).toString()
        resolve({ status: response.statusCode ?? 0, headers: headersOf(response), text, body: parse(text) })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

function headersOf({ rawHeaders }: http.IncomingMessage): Headers {
  const headers = new Headers()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
  return headers
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
