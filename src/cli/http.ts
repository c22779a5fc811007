/**
 * Requests of the command, in place of the global `fetch`: that loads a client of its own of HTTP, which takes longer than all
 * else that one command does. As there, connections are kept, and `NODE_EXTRA_CA_CERTS` and `NODE_USE_ENV_PROXY` are heeded.
 */
import http from 'node:http'
import { Readable } from 'node:stream'
import type { FetchAnswer, FetchInit } from '../client/options.ts'
import type { PemPair } from '../pem.ts'

/**
 * Sends one request, and resolves once the head of its answer is there. Follows nothing.
 *
 * @param shown what is shown to a server that asks for a certificate; another one is shown on a connection of its own
 */
export async function fetch(
  address: string,
  { method, headers, body, signal }: FetchInit,
  shown?: PemPair,
): Promise<FetchAnswer> {
  const url = new URL(address)
  const { request } = url.protocol === 'https:' ? (await import('node:https')).default : http
  const sent = { ...headers, 'accept-encoding': 'identity', ...lengthOf(body) }
  const certificate = shown === undefined ? {} : { cert: shown.cert, key: shown.key }
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, headers: sent, signal, ...certificate }, (answer) => resolve(answerOf(answer)))
    asked.on('error', reject)
    asked.end(body)
  })
}

function lengthOf(body: string | undefined): { readonly 'content-length'?: number } {
  return body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
}

function answerOf(answer: http.IncomingMessage): FetchAnswer {
  const { statusCode: status = 0, headers } = answer
  const isBare = status === 204 || status === 304
  // Its connection is free for the next request, though nobody reads it.
  if (isBare) answer.resume()
  return {
    status,
    ok: status >= 200 && status < 300,
    type: 'basic',
    headers: { get: (name) => textOf(headers[name.toLowerCase()]) },
    // A stream of the web is made for whoever reads one.
    get body() {
      return isBare ? null : Readable.toWeb(answer)
    },
    arrayBuffer: async () => (isBare ? new ArrayBuffer(0) : bytesOf(answer)),
  }
}

function textOf(value: string | readonly string[] | undefined): string | null {
  return value === undefined ? null : [value].flat().join(', ')
}

/** @throws Error when the answer breaks off */
async function bytesOf(answer: http.IncomingMessage): Promise<ArrayBuffer> {
  const parts: Uint8Array[] = []
  for await (const part of answer) parts.push(part)
  const bytes = Buffer.concat(parts)
  return new Uint8Array(bytes).buffer
}
