/** Certificates and their private keys in PEM, read from files that settings name. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { codeOrName } from './error-code.ts'
import { Refusal } from './errors.ts'

export interface PemFile {
  /** What names the file, for messages: they begin with it. */
  readonly setting: string
  readonly path: string
}

/** A certificate with those of its issuers, and its key, as texts: they fit together. */
export interface PemPair {
  readonly cert: string
  readonly key: string
  readonly certificate: X509Certificate
}

const certificateForm = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** @throws Refusal `invalid`, which names the setting and quotes nothing of a file */
export function readPair(certFile: PemFile, keyFile: PemFile): PemPair {
  const cert = readPem(certFile)
  const key = readPem(keyFile)
  const [certificate] = certificatesIn(certFile, cert)
  if (key.includes('ENCRYPTED')) {
    throw wrongPem(keyFile, 'is encrypted: nobody is there to type its passphrase. Decrypt it')
  }
  if (!certificate.checkPrivateKey(privateKeyIn(keyFile, key))) {
    throw wrongPem(keyFile, `is not the key of the certificate in ${certFile.setting}`)
  }
  return { cert, key, certificate }
}

/** @throws Refusal `invalid` for a file that is not there, or may not be read */
export function readPem(file: PemFile): string {
  try {
    return readFileSync(file.path, 'utf8')
  } catch (error) {
    const code = codeOrName(error)
    throw wrongPem(file, `names a file that ${code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`}`)
  }
}

/** @throws Refusal `invalid` unless there is one at least: without an authority of its own, Node believes all known ones. */
export function certificatesIn(file: PemFile, text: string): readonly [X509Certificate, ...X509Certificate[]] {
  try {
    const [first, ...rest] = (text.match(certificateForm) ?? []).map((one) => new X509Certificate(one))
    if (first !== undefined) return [first, ...rest]
  } catch {
    // Said below.
  }
  throw wrongPem(file, 'must be a file with certificates in PEM')
}

export function wrongPem({ setting }: PemFile, text: string): Refusal {
  return new Refusal('invalid', `${setting} ${text}.`)
}

function privateKeyIn(file: PemFile, text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch {
    throw wrongPem(file, 'must be an RSA or EC private key in PEM')
  }
}
