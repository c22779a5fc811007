/** Reads files of secrets: .env, JSON, YAML and what other managers print. In a file of its own, loaded when it is needed. */
import { encryptionOf } from '../../../src/formats/encrypted.ts'
import type { Entry } from '../../../src/formats/entry.ts'
import { guessFormat, readEntries } from '../../../src/formats/read.ts'
import { textOf } from './content.ts'

/**
 * @param filename nothing for what was pasted
 * @throws Error that says what is wrong, and shows nothing of a value
 */
export function entriesIn(bytes: Uint8Array<ArrayBuffer>, filename: string): readonly Entry[] {
  // What is in it would be stored for the values themselves.
  const encrypted = encryptionOf(filename === '' ? '-' : filename, bytes)
  if (encrypted !== undefined) throw new Error(`This is encrypted with ${encrypted.by}. ${encrypted.hint}`)
  const text = textOf(bytes)
  if (text === undefined) throw new Error('This file is not text.')
  return readEntries(text, guessFormat(filename, text))
}
