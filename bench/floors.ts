/** What both floors have before their thread: a bare node:http server that hands it what arrives, in batches as they come. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Worker } from 'node:worker_threads'

/** A request's last part of the path. */
export function idOf({ url }: IncomingMessage): number {
  return Number(url?.split('/').at(-1))
}

/**
 * @param read what the thread is asked for a request; its message is a batch of these, and its answer one for each
 * @param tell answers a request
 */
export function serveBatches<Asked, Found>(
  port: number,
  worker: Worker,
  read: (request: IncomingMessage) => Asked,
  tell: (answer: ServerResponse, found: Found | undefined) => void,
): void {
  let waiting: { readonly of: Asked; readonly answer: ServerResponse }[] = []
  let asked: typeof waiting = []
  const next = () => {
    if (asked.length > 0 || waiting.length === 0) return
    asked = waiting
    waiting = []
    worker.postMessage(asked.map(({ of }) => of))
  }
  worker.on('message', (found: readonly Found[]) => {
    const answered = asked
    asked = []
    next()
    for (const [at, { answer }] of answered.entries()) tell(answer, found[at])
  })
  createServer((request, answer) => {
    waiting.push({ of: read(request), answer })
    next()
  }).listen(port, '127.0.0.1')
}
