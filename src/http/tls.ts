/** TLS in the server itself: the certificate, its key, and the authority of clients' certificates, read anew as they change. */
import { createHash, type X509Certificate } from 'node:crypto'
import { statSync } from 'node:fs'
import type { Server } from 'node:http'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { TlsFiles } from '../listen.ts'
import { certificatesIn, readPair, readPem, wrongPem } from '../pem.ts'
import { speaksTls } from './arrivals.ts'

/** What was read from the files: it fits together, and a server can be started with it. */
export interface TlsPair {
  readonly context: SecureContextOptions
  readonly certificate: X509Certificate
  readonly hasClientCa: boolean
  /** Whether others than the file's owner and group may read the key. */
  readonly isKeyOpen: boolean
  /** Tells these files from others. */
  readonly mark: string
}

/** As long as the headers of a request may take. */
const handshakeTimeoutMs = 5_000

/** @throws Refusal `invalid`, which names the setting and quotes nothing of a file */
export function readTls({ certPath, keyPath, clientCaPath }: TlsFiles): TlsPair {
  const [certFile, keyFile] = filesOf(certPath, keyPath)
  const { cert, key, certificate } = readPair(certFile, keyFile)
  const ca = clientCaPath === undefined ? undefined : readAuthorities(clientCaPath)
  const context = { cert, key, ...(ca === undefined ? {} : { ca }) }
  try {
    createSecureContext(context)
  } catch {
    throw wrongPem(keyFile, 'must be an RSA or EC private key in PEM')
  }
  return {
    context,
    certificate,
    hasClientCa: ca !== undefined,
    isKeyOpen: (statSync(keyPath).mode & 0o007) !== 0,
    mark: createHash('sha256')
      .update([cert, key, ca ?? ''].join('\0'))
      .digest('base64'),
  }
}

/** Whether its time has not begun, or is over. */
export function isOutOfTime({ certificate }: TlsPair, now: number): boolean {
  return now < certificate.validFromDate.getTime() || now > certificate.validToDate.getTime()
}

/** For `https.createServer`. TLS 1.2 is the least, with Node's choice of ciphers. */
export function tlsOptions({ context, hasClientCa }: TlsPair) {
  return {
    ...context,
    minVersion: 'TLSv1.2',
    handshakeTimeout: handshakeTimeoutMs,
    ALPNProtocols: ['http/1.1'],
    requestCert: hasClientCa,
    rejectUnauthorized: hasClientCa,
  } as const
}

export type Reloaded =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'taken'; readonly pair: TlsPair }
  | { readonly kind: 'kept'; readonly reason: string; readonly isNew: boolean }

/** The pair that a server serves with, which is replaced under its running connections. */
export class ServedTls {
  readonly #files: TlsFiles
  readonly #server: Server
  #pair: TlsPair
  #lastFault: string | undefined

  constructor(files: TlsFiles, pair: TlsPair, server: Server) {
    this.#files = files
    this.#pair = pair
    this.#server = server
  }

  /** Takes what the files hold now, if it can be served with; else what is served stays. */
  reload(now: number): Reloaded {
    try {
      const pair = readTls(this.#files)
      if (pair.mark === this.#pair.mark) {
        this.#lastFault = undefined
        return { kind: 'unchanged' }
      }
      if (isOutOfTime(pair, now) && !isOutOfTime(this.#pair, now)) {
        throw wrongPem(certFileOf(this.#files), 'has a certificate whose time is over, or has not begun')
      }
      this.#serve(pair)
      return { kind: 'taken', pair }
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown'
      const isNew = reason !== this.#lastFault
      this.#lastFault = reason
      return { kind: 'kept', reason, isNew }
    }
  }

  #serve(pair: TlsPair): void {
    if (!speaksTls(this.#server)) throw new Error('This server does not speak TLS.')
    // With ticket keys of its own: a session of before, whose client showed a certificate to another authority, is not taken up.
    this.#server.setSecureContext(tlsOptions(pair))
    this.#pair = pair
    this.#lastFault = undefined
  }
}

function filesOf(certPath: string, keyPath: string) {
  return [certFileOf({ certPath }), { setting: 'STRONGROOM_TLS_KEY', path: keyPath }] as const
}

function certFileOf({ certPath }: Pick<TlsFiles, 'certPath'>) {
  return { setting: 'STRONGROOM_TLS_CERT', path: certPath }
}

function readAuthorities(path: string): string {
  const file = { setting: 'STRONGROOM_TLS_CLIENT_CA', path }
  const text = readPem(file)
  certificatesIn(file, text)
  return text
}
