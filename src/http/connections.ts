/** Connections: how many there may be, how they end, and what is answered on one that never brings a request. */
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { limitConnections, type OpenConnections } from './connection-limits.ts'
import { closeWithCare } from './linger.ts'
import { trustOf } from './peer.ts'
import { methodNotAllowed } from './problem.ts'
import { answerByHand, tooLate, unknownExpectation } from './unparsed-requests.ts'

type Settings = Pick<Config, 'listen' | 'trustedProxies' | 'maxConnections' | 'maxConnectionsPerAddress' | 'rateLimit'>

/** @param onClose told why a connection was closed from our side */
export function guardConnections(
  app: FastifyInstance,
  settings: Settings,
  onClose: Parameters<typeof limitConnections>[1]['onClose'],
): OpenConnections {
  closeWithCare(app)
  app.server.on('connect', ({ socket }) => answerByHand(socket, methodNotAllowed(['GET', 'POST', 'PUT', 'DELETE'])))
  app.server.on('checkExpectation', (request) => answerByHand(request.socket, unknownExpectation))
  const isTrusted = trustOf(settings)
  return limitConnections(app, {
    maxConnections: settings.maxConnections,
    maxPerAddress: settings.rateLimit === undefined ? undefined : settings.maxConnectionsPerAddress,
    isProxy: (address) => isTrusted !== false && isTrusted(address, 0),
    onClose,
    answerLate: (socket) => answerByHand(socket, tooLate),
  })
}
