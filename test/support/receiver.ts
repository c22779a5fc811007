/** A receiver of webhooks that behaves as a test wants it to, and checks signatures as Standard Webhooks describes them. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { Lasting } from './server.ts'

export interface Message {
  readonly id: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly event: Readonly<Record<string, unknown>> & { readonly id: number; readonly action: string }
}

export type Behaviour = (answer: ServerResponse, message: Message) => void

/** Answers with a status. */
export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (answer) =>
    answer.writeHead(code, headers).end()

export class Receiver {
  readonly messages: Message[] = []
  behave: Behaviour = status(204)
  #server: Server | undefined
  #port = 0

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook?token=kept-from-logs`
  }

  async start(): Promise<void> {
    const server = createServer((request, answer) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        const { headers } = request
        const message = { id: String(headers['webhook-id']), headers, body, event: JSON.parse(body) }
        this.messages.push(message)
        this.behave(answer, message)
      })
    })
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    if (server !== undefined) await new Promise((resolve) => server.close(resolve))
  }

  /** Messages about an action. */
  of(action: string): Message[] {
    return this.messages.filter(({ event }) => event.action === action)
  }
}

export async function startReceiver(t: Lasting): Promise<Receiver> {
  const receiver = new Receiver()
  await receiver.start()
  t.after(() => receiver.stop())
  return receiver
}

/**
 * Whether a message is signed with a secret, by the specification alone: https://github.com/standard-webhooks/standard-webhooks,
 * "Verifying webhook authenticity".
 */
export function isSigned({ headers, body }: Message, secret: string): boolean {
  assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const expected = createHmac('sha256', key).update(content).digest('base64')
  const signatures = String(headers['webhook-signature']).split(' ')
  return signatures.some((one) => one === `v1,${expected}`)
}

/** Waits for a condition. */
export async function until(isSo: () => boolean | Promise<boolean>, what = 'it did not come'): Promise<void> {
  const end = performance.now() + 30_000
  while (!(await isSo())) {
    assert.ok(performance.now() < end, what)
    await setTimeout(10)
  }
}
