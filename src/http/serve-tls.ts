/** The server as one that speaks TLS: how it is made, and what is said of the certificates that it takes. */
import type { RequestListener, ServerOptions } from 'node:http'
import { createServer } from 'node:https'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { TlsFiles } from '../listen.ts'
import type { Metrics } from './metrics.ts'
import { isOutOfTime, ServedTls, type TlsPair, tlsOptions } from './tls.ts'

export { readTls, type TlsPair } from './tls.ts'

/** As Fastify makes its own server of plain HTTP. */
export function tlsServer(pair: TlsPair, options: ServerOptions) {
  return (handler: RequestListener) => createServer({ ...options, ...tlsOptions(pair) }, handler)
}

/** @returns what takes the files as they are now, and logs what became of it */
export function reloaderOf(
  app: FastifyInstance,
  files: TlsFiles,
  pair: TlsPair,
  { logger, metrics, now }: { readonly logger: Logger; readonly metrics: Metrics; readonly now: () => number },
): (reason: string) => void {
  const served = new ServedTls(files, pair, app.server)
  const note = (taken: TlsPair) => {
    const { validTo, validToDate } = taken.certificate
    metrics.certificateEnd.set(validToDate.getTime() / 1000)
    if (taken.isKeyOpen) logger.warn('everybody on this machine may read the file in STRONGROOM_TLS_KEY')
    if (isOutOfTime(taken, now())) logger.warn({ validTo }, 'the time of the certificate is over, or has not begun')
  }
  note(pair)
  return (reason) => {
    const found = served.reload(now())
    if (found.kind === 'taken') {
      note(found.pair)
      logger.info({ reason, validTo: found.pair.certificate.validTo }, 'new connections get another certificate')
    } else if (found.kind === 'kept' && (found.isNew || reason !== 'changed')) {
      logger.error(
        { reason: found.reason },
        'the files of TLS cannot be used: the certificate of before is still served',
      )
    }
  }
}
