/** The root key: 32 bytes that wrap the master key, from the environment or a file; never in the database. */
import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { Refusal } from '../errors.ts'

const rootKeyBytes = 32

/** Where the root key comes from, as the configuration says. */
export type RootKeySource =
  | { readonly kind: 'environment'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string; readonly create: boolean }

/** @throws Refusal `invalid` with a sentence for the operator */
export function loadRootKey(source: RootKeySource): KeyObject {
  if (source.kind === 'environment') return decodeRootKey(source.text, 'STRONGROOM_ROOT_KEY')
  return decodeRootKey(source.create ? readOrCreate(source.path) : readNamed(source.path), source.path)
}

/** Reads 32 bytes from base64url text. */
export function decodeRootKey(text: string, origin: string): KeyObject {
  const trimmed = text.trim()
  const bytes = Buffer.from(trimmed, 'base64url')
  if (bytes.length !== rootKeyBytes || bytes.toString('base64url') !== trimmed.replace(/=+$/, '')) {
    throw new Refusal(
      'invalid',
      `The root key in ${origin} must be ${rootKeyBytes} bytes in base64url (43 characters).`,
    )
  }
  const key = createSecretKey(bytes)
  bytes.fill(0)
  return key
}

function readNamed(path: string): string {
  try {
    return read(path)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
    throw new Refusal(
      'invalid',
      `The root key file ${path} does not exist. Put the key of this store there; for a new store make one, 32 random bytes in base64url.`,
    )
  }
}

function readOrCreate(path: string): string {
  try {
    return read(path)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
  }
  try {
    create(path)
  } catch (error) {
    // Another process made it in between: theirs is the key.
    if (!isErrno(error, 'EEXIST')) throw error
  }
  return read(path)
}

/** Refuses a link and a file that others may read: either would hand the root key on. */
function read(path: string): string {
  const file = openForReading(path)
  try {
    const status = fstatSync(file)
    if (!status.isFile()) throw new Refusal('invalid', `The root key file ${path} must be a regular file.`)
    if ((status.mode & 0o077) !== 0) {
      throw new Refusal('invalid', `The root key file ${path} can be read by others. Run: chmod 600 ${path}`)
    }
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

function openForReading(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  } catch (error) {
    if (!isErrno(error, 'ELOOP')) throw error
    throw new Refusal('invalid', `The root key file ${path} must not be a link.`)
  }
}

/** Durable before use: a store sealed under a root key that a power cut took away would be lost. */
function create(path: string): void {
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600)
  try {
    writeSync(file, `${randomBytes(rootKeyBytes).toString('base64url')}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  const folder = openSync(dirname(path), constants.O_RDONLY)
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
