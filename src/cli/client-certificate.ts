/** The certificate that this computer shows to a server that asks for one (mutual TLS), in files that are read anew. */
import { resolve } from 'node:path'
import { Refusal } from '../errors.ts'
import { type PemFile, type PemPair, readPair } from '../pem.ts'
import { Fault } from './output.ts'
import { variable } from './process-env.ts'

/** Where it is, and its key. Nothing of it is secret. */
export interface ClientCertificate {
  readonly cert: PemFile
  readonly key: PemFile
}

/** @throws Fault `settings` when one is set without the other */
export function certificateOfVariables(): ClientCertificate | undefined {
  const [cert, key] = ['STRONGROOM_CLIENT_CERT', 'STRONGROOM_CLIENT_KEY'].map(fileOfVariable)
  return certificateOf('settings', cert, key)
}

/**
 * The same of what was typed.
 *
 * @throws Fault `usage`
 */
export function certificateTyped(certPath: string | undefined, keyPath: string | undefined) {
  const cert = { setting: '--client-cert', path: certPath }
  return certificateOf('usage', cert, { setting: '--client-key', path: keyPath })
}

interface Wanted {
  readonly setting: string
  readonly path: string | undefined
}

function fileOfVariable(setting: string): Wanted {
  return { setting, path: variable(setting) }
}

function certificateOf(kind: 'settings' | 'usage', cert?: Wanted, key?: Wanted): ClientCertificate | undefined {
  if (cert?.path === undefined && key?.path === undefined) return undefined
  if (cert?.path !== undefined && key?.path !== undefined) {
    return { cert: { ...cert, path: resolve(cert.path) }, key: { ...key, path: resolve(key.path) } }
  }
  const [given, missing] = cert?.path === undefined ? [key, cert] : [cert, key]
  throw new Fault(
    kind,
    `${given?.setting} needs ${missing?.setting} beside it: a certificate and its key, each in a file.`,
  )
}

/**
 * What gives the certificate as its files have it now: whatever renews it puts two files in the place of others, one after
 * the other, so that a pair that does not fit is not taken.
 *
 * @throws Fault `settings` if it cannot be shown to begin with
 */
export function certificateReader({ cert, key }: ClientCertificate): () => PemPair {
  let taken = readAtFirst(cert, key)
  return () => {
    try {
      taken = readPair(cert, key)
    } catch {
      // The one of before may be good for a while.
    }
    return taken
  }
}

function readAtFirst(cert: PemFile, key: PemFile): PemPair {
  try {
    return readPair(cert, key)
  } catch (error) {
    if (error instanceof Refusal) throw new Fault('settings', error.message)
    throw error
  }
}
