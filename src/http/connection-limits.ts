/**
 * The limits on connections: how many there may be, and how slowly one may send or read. Whoever asks for nothing makes room
 * for whoever comes, so that thousands of slow sockets keep nobody out.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { clientNetwork } from '../model/client-network.ts'
import { speaksTls } from './arrivals.ts'

export interface ConnectionLimits {
  readonly maxConnections: number
  /** `undefined` when no limiter runs. */
  readonly maxPerAddress: number | undefined
  /** Whether a peer speaks for many, so that it is not counted as one. */
  readonly isProxy: (address: string) => boolean
  /** Told of each connection that was closed. */
  readonly onClose: (reason: Closing) => void
  /** Answers whose request did not arrive in time. */
  readonly answerLate: (socket: Socket) => void
}

/** Too many of one address, or of all; one that asked for nothing when there were too many; too slow; no TLS. */
export type Closing = 'address' | 'all' | 'replaced' | 'slow_sender' | 'slow_reader' | 'handshake'

const checkIntervalMs = 1000
/** Sending or reading, at least so much in a second, */
const minBytesPerSecond = 1024
/** counted over so many seconds, as a network may falter. */
const patienceSeconds = 5

type Phase = 'sending' | 'reading'

/** A connection, and what is going on on it. */
interface Visit {
  /** Whom it counts for; `undefined` when nobody counts. */
  readonly client: string | undefined
  /** Counts connections and requests: who has the lowest has asked for nothing longest. */
  turn: number
  /** Being received or answered. */
  asking: { readonly request: IncomingMessage; readonly response: ServerResponse } | undefined
  /** What is being transferred, how far it had come, and how many checks ago that was. */
  phase: Phase | undefined
  bytes: number
  seconds: number
}

export interface OpenConnections {
  /** How many there are now. */
  count(): number
}

/** Guards the server from now on, until it closes: then whoever has not asked for anything yet is sent away. */
export function limitConnections(app: FastifyInstance, settings: ConnectionLimits): OpenConnections {
  const { server } = app
  const { maxConnections, maxPerAddress, isProxy, onClose, answerLate } = settings
  const visits = new Map<Socket, Visit>()
  const counts = new Map<string, number>()
  const hasHandshakes = speaksTls(server)
  /** Those that connected, by where from: nothing else says which of them a secured socket is upon. */
  const handshakes = new Map<string, Socket>()
  let turns = 0
  let isClosing = false

  server.on('connection', (socket) => {
    const address = socket.remoteAddress
    const isCounted = address !== undefined && maxPerAddress !== undefined && !isProxy(address)
    const client = isCounted ? clientNetwork(address) : undefined
    if (client !== undefined && (counts.get(client) ?? 0) >= (maxPerAddress ?? 0) && !makeRoom(client)) {
      refuse(socket, 'address')
      return
    }
    if (visits.size >= maxConnections && !makeRoom()) {
      refuse(socket, 'all')
      return
    }
    const visit: Visit = { client, turn: ++turns, asking: undefined, phase: undefined, bytes: 0, seconds: 0 }
    visits.set(socket, visit)
    if (client !== undefined) counts.set(client, (counts.get(client) ?? 0) + 1)
    const peer = peerOf(socket)
    if (hasHandshakes && peer !== undefined) handshakes.set(peer, socket)
    socket.once('close', () => {
      if (peer !== undefined && handshakes.get(peer) === socket) handshakes.delete(peer)
      leave(socket, client)
    })
  })
  if (hasHandshakes) followHandshakes()

  server.on('request', (request, response) => {
    const visit = visits.get(request.socket)
    if (visit === undefined) return
    visit.asking = { request, response }
    visit.phase = undefined
    response.once('close', () => {
      if (visit.asking?.response !== response) return
      visit.asking = undefined
      visit.turn = ++turns
    })
  })

  const timer = setInterval(() => {
    for (const [socket, visit] of visits) check(socket, visit)
  }, checkIntervalMs)
  timer.unref()
  server.on('close', () => clearInterval(timer))
  // Node waits for a request that has begun to come, and no longer gives up on one that does not go on.
  app.addHook('preClose', (done) => {
    isClosing = true
    for (const [socket, visit] of visits) check(socket, visit)
    done()
  })
  return { count: () => visits.size }

  /** Over TLS requests come on another socket, upon the one that connected, which is counted from the first byte on. */
  function followHandshakes(): void {
    server.on('secureConnection', (secured: Socket) => {
      const peer = peerOf(secured)
      const plain = peer === undefined ? undefined : handshakes.get(peer)
      const visit = plain === undefined ? undefined : visits.get(plain)
      // Gone meanwhile, or closed to make room.
      if (plain === undefined || visit === undefined) return void secured.destroy()
      visits.delete(plain)
      visits.set(secured, visit)
      plain.once('close', () => visits.delete(secured))
    })
    server.on('tlsClientError', () => onClose('handshake'))
  }

  function leave(socket: Socket, client: string | undefined): void {
    visits.delete(socket)
    if (client === undefined) return
    const left = (counts.get(client) ?? 1) - 1
    if (left > 0) counts.set(client, left)
    else counts.delete(client)
  }

  /** Closes the connection that has asked for nothing longest: of a client, or of all. */
  function makeRoom(client?: string): boolean {
    let longest: Socket | undefined
    let turn = Number.POSITIVE_INFINITY
    for (const [socket, visit] of visits) {
      if (visit.asking !== undefined || visit.turn >= turn || socket.destroyed) continue
      if (client !== undefined && visit.client !== client) continue
      longest = socket
      turn = visit.turn
    }
    if (longest === undefined) return false
    refuse(longest, 'replaced')
    return true
  }

  function refuse(socket: Socket, reason: Closing): void {
    onClose(reason)
    socket.destroy()
  }

  function check(socket: Socket, visit: Visit): void {
    if (isClosing && visit.asking === undefined) return void socket.destroy()
    const phase = phaseOf(socket, visit)
    const bytes = phase === 'sending' ? socket.bytesRead : socket.bytesWritten - socket.writableLength
    if (phase !== visit.phase || bytes - visit.bytes >= minBytesPerSecond * patienceSeconds) {
      Object.assign(visit, { phase, bytes, seconds: 0 })
      return
    }
    if (phase === undefined || ++visit.seconds < patienceSeconds) return
    if (phase === 'sending' && visit.asking?.response.headersSent === false) answerLate(socket)
    refuse(socket, phase === 'sending' ? 'slow_sender' : 'slow_reader')
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress === undefined || remotePort === undefined ? undefined : `${remoteAddress} ${remotePort}`
}

/** What the other side has to go on with; `undefined` when it is our turn. */
function phaseOf(socket: Socket, { asking }: Visit): Phase | undefined {
  if (asking === undefined) return undefined
  const { request } = asking
  if (!request.complete && request.readableFlowing === true) return 'sending'
  // Nothing waits to be read: the answer is still being made.
  return socket.writableLength === 0 ? undefined : 'reading'
}
