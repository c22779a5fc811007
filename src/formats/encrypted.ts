/** Files that somebody encrypted: they are recognized, as what is in them would be stored for the values themselves. */

/** What encrypted a file, and what prints it in the clear. */
export interface Encrypted {
  readonly by: string
  readonly hint: string
}

/**
 * @param path as it was typed; `-` for standard input
 * @returns `undefined` for a file that may be read as it is
 */
export function encryptionOf(path: string, bytes: Uint8Array): Encrypted | undefined {
  const file = path === '-' ? 'FILE' : quoted(path)
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 64))
  const whole = wholes.find(({ beginnings }) => beginnings.some((beginning) => head.startsWith(beginning)))
  if (whole !== undefined) return encrypted(whole.by, whole.decrypt(file))
  const text = new TextDecoder().decode(bytes)
  return ofSops(text, path, file) ?? ofDotenv(text, file) ?? ofBitwarden(text)
}

function encrypted(by: string, command: string): Encrypted {
  return { by, hint: `Decrypt it first: ${command}` }
}

const toImport = '| strongroom import -'

interface Whole {
  readonly by: string
  readonly beginnings: readonly string[]
  readonly decrypt: (file: string) => string
}

/** Whole files, known by how they begin. */
const wholes: readonly Whole[] = [
  {
    by: 'git-crypt',
    beginnings: ['\0GITCRYPT\0'],
    decrypt: (file) => `git-crypt unlock && strongroom import ${file}`,
  },
  {
    by: 'ansible-vault',
    beginnings: ['$ANSIBLE_VAULT;'],
    decrypt: (file) => `ansible-vault view ${file} ${toImport}`,
  },
  {
    by: 'age',
    beginnings: ['age-encryption.org/', '-----BEGIN AGE ENCRYPTED FILE-----'],
    decrypt: (file) => `age --decrypt -i KEY_FILE ${file} ${toImport}`,
  },
  {
    by: 'PGP',
    beginnings: ['-----BEGIN PGP MESSAGE-----'],
    decrypt: (file) => `gpg --decrypt ${file} ${toImport}`,
  },
  {
    by: 'openssl enc',
    beginnings: ['Salted__', 'U2FsdGVkX1'],
    decrypt: (file) => `openssl enc -d -in ${file} ${toImport}`,
  },
]

/** What it adds to each file, by which it knows its own. */
function ofSops(text: string, path: string, file: string): Encrypted | undefined {
  const isDotenv = /^sops_(?:mac|version)=/m.test(text)
  const isDocument = /"sops"\s*:\s*\{|^(?:sops:\s*|\[sops\])$/m.test(text) && /ENC\[AES256_GCM,data:/.test(text)
  if (!isDotenv && !isDocument) return undefined
  const format = isDotenv ? 'dotenv' : /^\s*\{/.test(text) ? 'json' : 'yaml'
  const types = path === '-' || isDotenv ? `--input-type ${format} --output-type ${format} ` : ''
  return encrypted('sops', `sops decrypt ${types}${file} ${toImport} --format ${format}`)
}

function ofDotenv(text: string, file: string): Encrypted | undefined {
  if (/^\s*(?:export\s+)?[\w.-]+\s*=\s*["']?encrypted:[A-Za-z0-9+/=]{16,}/m.test(text)) {
    return encrypted('dotenvx', `dotenvx decrypt --stdout -f ${file} ${toImport} --format dotenv`)
  }
  if (/^\s*DOTENV_VAULT(?:_[A-Z0-9]+)?=/m.test(text)) {
    return encrypted('dotenv-vault', `npx dotenv-vault decrypt DOTENV_KEY ${toImport} --format dotenv`)
  }
  return undefined
}

function ofBitwarden(text: string): Encrypted | undefined {
  const isExport = /^\uFEFF?\s*\{/.test(text) && /"encrypted"\s*:\s*true/.test(text.slice(0, 1024))
  if (!isExport || !/"(?:encKeyValidation_DO_NOT_EDIT|passwordProtected)"/.test(text)) return undefined
  const hint = 'Export it again as ".json" without a password, or with "bw export --format json --raw".'
  return { by: 'Bitwarden', hint }
}

/** It is shown within a command to type. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
