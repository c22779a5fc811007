/** Real certificates, made with openssl: an authority of the test's own, and what it signs. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Lasting } from './server.ts'

export interface Pair {
  readonly cert: string
  readonly key: string
}

export class Authority {
  readonly folder: string
  /** The file with its certificate. */
  readonly cert: string
  readonly #key: string
  #count = 0

  constructor(t: Lasting, name = 'Test authority') {
    this.folder = mkdtempSync(join(tmpdir(), 'sr-tls-'))
    t.after(() => rmSync(this.folder, { recursive: true, force: true }))
    this.cert = join(this.folder, 'ca.pem')
    this.#key = join(this.folder, 'ca.key')
    const how = ['-x509', '-days', '2', '-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE']
    openssl('req', ...newKey, '-keyout', this.#key, '-out', this.cert, ...how)
  }

  get text(): string {
    return readFileSync(this.cert, 'utf8')
  }

  /** A certificate for `localhost` and the loopback, of a server or a client. */
  issue({ days = 2 } = {}): Pair {
    const stem = join(this.folder, `leaf-${++this.#count}`)
    const [key, request, cert, extensions] = ['key', 'csr', 'pem', 'ext'].map((end) => `${stem}.${end}`)
    if (key === undefined || request === undefined || cert === undefined || extensions === undefined) throw new Error()
    writeFileSync(extensions, 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n')
    openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=leaf-${this.#count}`)
    const signed = ['-CA', this.cert, '-CAkey', this.#key, '-CAcreateserial', '-extfile', extensions]
    openssl('x509', '-req', '-in', request, '-out', cert, ...signed, '-days', String(days))
    return { cert, key }
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** Puts files in the place of others, each whole. */
export function replacePair(to: Pair, from: Pair): void {
  for (const name of ['cert', 'key'] as const) {
    copyFileSync(from[name], `${to[name]}.new`)
    renameSync(`${to[name]}.new`, to[name])
  }
}

function openssl(...parameters: readonly string[]): void {
  execFileSync('openssl', parameters, { stdio: 'pipe' })
}
