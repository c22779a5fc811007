/** What TLS to a receiver is spoken with: read for each connection, so that a file that was replaced is taken up. */
import { readFile } from 'node:fs/promises'
import { codeOrName } from '../error-code.ts'
import { NotTaken } from './receiver.ts'
import type { SinkTls } from './settings.ts'

export interface TlsMaterial {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

/** @throws NotTaken for a file that cannot be read */
export async function readTls({ caPath, certPath, keyPath }: SinkTls): Promise<TlsMaterial> {
  return {
    ...(caPath === undefined ? {} : { ca: await readSmall(caPath, 'ca') }),
    ...(certPath === undefined ? {} : { cert: await readSmall(certPath, 'cert') }),
    ...(keyPath === undefined ? {} : { key: await readSmall(keyPath, 'key') }),
  }
}

/**
 * A file of the settings.
 *
 * @param parameter what names it there
 * @throws NotTaken
 */
export async function readSmall(path: string, parameter: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new NotTaken(`The file of ${parameter} cannot be read (${codeOrName(error)}).`, { cause: error })
  }
}

/** Why a receiver could not be reached, or was lost. */
export function connectionFault(error: unknown): NotTaken {
  if (error instanceof NotTaken) return error
  return new NotTaken(`The receiver cannot be reached, or broke off (${codeOrName(error)}).`, { cause: error })
}
