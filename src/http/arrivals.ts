/** When a connection is there for requests: over TLS, once the handshake is done. */
import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'

export function speaksTls(server: Server): boolean {
  return server instanceof TlsServer
}

/** Calls with the socket that requests come on. */
export function onArrival(server: Server, listener: (socket: Socket) => void): void {
  server.on(speaksTls(server) ? 'secureConnection' : 'connection', listener)
}
