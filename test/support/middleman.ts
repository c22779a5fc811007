/** Stands between a client and a server: keeps what was sent, and misbehaves when told to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

/**
 * `drop`: the request is never carried out, and the line breaks. `lose`: it is carried out, and the answer never comes.
 * `hang`: nothing happens, for good. `cut`: half the answer comes. `pass`: nothing of that kind. Otherwise an answer in the server's place.
 */
export type Trick = 'drop' | 'lose' | 'hang' | 'cut' | 'pass' | Faked

export interface Faked {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON, a function is given the request first. */
  readonly body?: unknown
}

export interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export class Middleman {
  readonly url: string
  readonly seen: Seen[] = []
  /** What to do with the next requests; those after them pass. */
  readonly tricks: Trick[] = []
  /** What to do with all that have no trick of their own, or with each by what it asks. */
  always: Trick | ((seen: Seen) => Trick) | undefined
  /** Whether streams of events come through, as long as nothing else is to be done: without, nobody is told of anything. */
  passesEvents = false
  readonly #target: string

  private constructor(url: string, target: string) {
    this.url = url
    this.#target = target
  }

  /** It is stopped when the test ends. */
  static async start(t: Pick<TestContext, 'after'>, target: string): Promise<Middleman> {
    const server: Server = createServer((request, response) => {
      middleman.#handle(request, response).catch(() => response.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('No port.')
    const middleman = new Middleman(`http://127.0.0.1:${address.port}`, target)
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    return middleman
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request)
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
    )
    const seen = { method: request.method ?? '', path: request.url ?? '', headers, body: body.toString() }
    this.seen.push(seen)
    const trick = this.tricks.shift() ?? (typeof this.always === 'function' ? this.always(seen) : this.always)
    if (trick === 'hang') return
    if (trick === 'drop') return void response.destroy()
    if (typeof trick === 'object') return fake(response, seen, trick)
    const { host: _host, connection: _connection, 'content-length': _length, ...kept } = headers
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const answer = await fetch(this.#target + seen.path, {
      method: seen.method,
      headers: kept,
      signal: gone.signal,
      ...(body.length === 0 ? {} : { body: new Uint8Array(body) }),
    })
    if (this.passesEvents && trick === undefined && isEvents(answer)) return passOn(answer, response)
    const bytes = Buffer.from(await answer.arrayBuffer())
    if (trick === 'lose') return void response.destroy()
    const { 'transfer-encoding': _encoding, ...given } = Object.fromEntries(answer.headers)
    response.writeHead(answer.status, { ...given, 'content-length': bytes.length })
    if (trick !== 'cut') return void response.end(bytes)
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy())
  }
}

function isEvents({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true
}

/** What has no end is passed on as it comes. */
async function passOn(answer: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  for await (const part of answer.body ?? []) response.write(part)
  response.end()
}

function fake(response: ServerResponse, seen: Seen, { status, headers, body = '' }: Faked): void {
  const content = typeof body === 'function' ? body(seen) : body
  const isRaw = typeof content === 'string' || content instanceof Uint8Array
  response.writeHead(status, { ...(isRaw ? {} : { 'content-type': 'application/problem+json' }), ...headers })
  response.end(isRaw ? content : JSON.stringify(content))
}
