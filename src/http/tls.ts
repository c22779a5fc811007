/** TLS in the server itself: the certificate, its key, and the authority of clients' certificates, read anew as they change. */
import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import type { Server } from 'node:http'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import { Refusal } from '../errors.ts'
import type { TlsFiles } from '../listen.ts'
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
const certificateForm = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** @throws Refusal `invalid`, which names the setting and quotes nothing of a file */
export function readTls({ certPath, keyPath, clientCaPath }: TlsFiles): TlsPair {
  const cert = readAs('STRONGROOM_TLS_CERT', certPath)
  const key = readAs('STRONGROOM_TLS_KEY', keyPath)
  const ca = clientCaPath === undefined ? undefined : readAs('STRONGROOM_TLS_CLIENT_CA', clientCaPath)
  const [certificate] = certificatesIn('STRONGROOM_TLS_CERT', cert)
  if (ca !== undefined) certificatesIn('STRONGROOM_TLS_CLIENT_CA', ca)
  if (key.includes('ENCRYPTED')) {
    throw wrong('STRONGROOM_TLS_KEY', 'is encrypted: nobody is there to type its passphrase. Decrypt it')
  }
  const context = { cert, key, ...(ca === undefined ? {} : { ca }) }
  try {
    createSecureContext(context)
  } catch (error) {
    const isMismatch = error instanceof Error && /KEY_VALUES_MISMATCH|KEY_TYPE_MISMATCH/.test(codeOf(error))
    if (isMismatch) throw wrong('STRONGROOM_TLS_KEY', 'is not the key of the certificate in STRONGROOM_TLS_CERT')
    throw wrong('STRONGROOM_TLS_KEY', 'must be an RSA or EC private key in PEM')
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
        throw wrong('STRONGROOM_TLS_CERT', 'has a certificate whose time is over, or has not begun')
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

function readAs(setting: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = codeOf(error)
    const why = code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`
    throw wrong(setting, `names a file that ${why}`)
  }
}

/** @throws Refusal `invalid` unless there is one at least: without an authority of its own, Node believes all known ones. */
function certificatesIn(setting: string, text: string): readonly [X509Certificate, ...X509Certificate[]] {
  try {
    const [first, ...rest] = (text.match(certificateForm) ?? []).map((one) => new X509Certificate(one))
    if (first !== undefined) return [first, ...rest]
  } catch {
    // Said below.
  }
  throw wrong(setting, 'must be a file with certificates in PEM')
}

function wrong(setting: string, text: string): Refusal {
  return new Refusal('invalid', `${setting} ${text}.`)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown'
}
