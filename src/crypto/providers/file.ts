/** A root key in a file that only its owner reads. */
import type { KeyObject } from 'node:crypto'
import { closeSync, constants, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from '../../error-code.ts'
import { Refusal } from '../../errors.ts'
import { randomBytes } from '../random.ts'
import { decodeKey, localKey, rootKeyBytes } from './local.ts'
import { ProviderTrouble, type RootKeyProvider } from './provider.ts'

/**
 * @param create whether the file is made, with a new key, when it is not there
 * @throws Refusal `invalid` for a file that is not there, is a link, may be read by others, or holds no key
 */
export function fileKey({ path, create }: { readonly path: string; readonly create: boolean }): RootKeyProvider {
  // A faulty one is found before it is needed.
  decodeKey(create ? readOrMake(path) : readNamed(path), path)
  return localKey(() => readAgain(path), `file:${path}`)
}

/** @throws Refusal `invalid` as `fileKey` */
export function readKeyFile(path: string): KeyObject {
  return decodeKey(readNamed(path), path)
}

/** Whoever has begun with it meets it again, unless somebody took it away meanwhile. */
function readAgain(path: string): KeyObject {
  try {
    return readKeyFile(path)
  } catch (error) {
    if (error instanceof Refusal) throw new ProviderTrouble('away', error.message)
    throw new ProviderTrouble('denied', `The root key file ${path} cannot be read.`, { cause: error })
  }
}

function readNamed(path: string): string {
  try {
    return read(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    throw new Refusal(
      'invalid',
      `The root key file ${path} does not exist. Put the key of this store there; for a new store make one, 32 random bytes in base64url.`,
    )
  }
}

function readOrMake(path: string): string {
  try {
    return read(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  try {
    make(path)
  } catch (error) {
    // Another process made it in between: theirs is the key.
    if (codeOf(error) !== 'EEXIST') throw error
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
    if (codeOf(error) !== 'ELOOP') throw error
    throw new Refusal('invalid', `The root key file ${path} must not be a link.`)
  }
}

/** Durable before use: a store sealed under a root key that a power cut took away would be lost. */
function make(path: string): void {
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
