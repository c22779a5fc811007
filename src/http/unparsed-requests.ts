/** Answers, in our shape, to what never became a request. */
import type { Socket } from 'node:net'
import { Refusal } from '../errors.ts'
import { endWithCare } from './linger.ts'
import { headersOf, problemOf } from './problem.ts'

/** Far below Node's own limit: an API of small requests needs no more. */
export const maxHeaderBytes = 16 * 1024

export const unknownExpectation = new Refusal('expectation_failed', 'Expect may be 100-continue only.')
const notHttp = new Refusal('invalid', 'This is not a valid HTTP/1.1 request.')
export const tooLate = new Refusal('request_timeout', 'The request did not arrive in time. Send it again.')
const refusalsByCode: Record<string, Refusal> = {
  ERR_HTTP_REQUEST_TIMEOUT: tooLate,
  HPE_HEADER_OVERFLOW: new Refusal('headers_too_large', `The headers must be at most ${maxHeaderBytes} bytes.`),
}

/** What is not even HTTP gets the same shape of answer. */
export function answerUnparsedRequest(error: Error & { code?: string }, socket: Socket): void {
  // Of a handshake that failed, or of broken TLS: nothing that is written would arrive.
  const isTls = /^ERR_(SSL|TLS|OSSL)_/.test(error.code ?? '')
  if (error.code === 'ECONNRESET' || isTls || !socket.writable) return void socket.destroy()
  answerByHand(socket, refusalsByCode[error.code ?? ''] ?? notHttp)
}

/** For want of a request to reply to. */
export function answerByHand(socket: Socket, refusal: Refusal): void {
  const problem = problemOf(refusal, 'none')
  const body = JSON.stringify(problem)
  const headers = {
    ...headersOf(refusal),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-type': 'application/problem+json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  endWithCare(socket, `HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines.join('')}\r\n${body}`)
}
