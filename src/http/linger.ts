/**
 * Closing with care (RFC 9112, section 9.6): an answer that comes before the end of a body is followed by the end of our
 * side alone, and what still comes is taken and thrown away for a while. A connection that is closed with something
 * unread is reset, and the reset takes the answer away from whoever reads it after they have sent everything.
 */
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { onArrival } from './arrivals.ts'
import { announcesBody } from './bodies.ts'

/** For so long, so much, and so many at once; whoever goes silent has read the answer, or never will. */
const maxMs = 15_000
const maxBytes = 128 * 2 ** 20
const maxAtOnce = 1024
const silenceMs = 3_000
/** A rest so short is waited for, as the connection is good for the next request then. */
const shortRest = 64 * 1024

const lingering = new WeakSet<Socket>()
/** The last request that was answered before it came to its end. */
const early = new WeakMap<Socket, IncomingMessage>()
let count = 0

/** Has every connection of the server closed with care. */
export function closeWithCare(app: FastifyInstance): void {
  const server: Server = app.server
  onArrival(server, (socket) => {
    // Node calls this, of its documented methods, behind an answer that is the last of its connection.
    const destroySoon = socket.destroySoon.bind(socket)
    socket.destroySoon = () => (isAnsweredEarly(socket) ? linger(socket) : destroySoon())
  })
  // Before the listener of Node's that calls the above.
  server.prependListener('request', (request, response) => {
    response.prependOnceListener('finish', () => {
      if (!request.complete) early.set(request.socket, request)
    })
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    if (isStillComing(request.raw)) reply.header('connection', 'close')
    done(null, payload)
  })
}

/** Sends a last text, if it can still be sent, and closes. */
export function endWithCare(socket: Socket, text: string): void {
  if (!socket.writable || isAnsweredEarly(socket)) return void socket.destroy()
  socket.write(text)
  linger(socket)
}

function isAnsweredEarly(socket: Socket): boolean {
  return early.get(socket)?.complete === false
}

/** Ends our side, and takes what comes until the other side ends too, or is at it for too long. */
function linger(socket: Socket): void {
  if (lingering.has(socket) || socket.destroyed) return
  if (count >= maxAtOnce) return void socket.destroy()
  lingering.add(socket)
  count++
  let bytes = 0
  takeOver(socket, (data) => {
    bytes += data.length
    if (bytes > maxBytes) socket.destroy()
  })
  socket.setTimeout(silenceMs, () => socket.destroy())
  const timer = setTimeout(() => socket.destroy(), maxMs)
  timer.unref()
  socket.once('close', () => {
    clearTimeout(timer)
    count--
  })
  socket.once('end', () => socket.destroy())
  socket.end()
}

/** What comes is no request any more: Node's parser, which reads past the socket's own events, lets go of it. */
function takeOver(socket: Socket, onData: (data: Buffer) => void): void {
  const take = () => {
    socket.removeAllListeners('data')
    socket.on('data', onData)
  }
  // A body that was not read has paused it: the parser must be the one to go on, as the socket thinks that it reads.
  if (socket.readableFlowing === false) socket.once('resume', take).resume()
  else take()
}

/** Whether more of the body is to come than is worth waiting for. */
function isStillComing(request: IncomingMessage): boolean {
  if (request.complete || !announcesBody(request)) return false
  return !(Number(request.headers['content-length'] ?? Number.NaN) <= shortRest)
}
