/** When a connection is there for requests: over TLS, once the handshake is done. */
import type { Server } from 'node:http'
import type { Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'

/** By what it can do: `node:https` is loaded by servers alone that speak TLS. */
export function speaksTls(server: Server): server is TlsServer {
  return 'setSecureContext' in server
}

/** Calls with the socket that requests come on. */
export function onArrival(server: Server, listener: (socket: Socket) => void): void {
  server.on(speaksTls(server) ? 'secureConnection' : 'connection', listener)
}
