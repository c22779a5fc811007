/** Reads files of secrets: .env, JSON, YAML and what other managers print. In a file of its own, loaded when it is needed. */
import type { Entry } from '../../../src/formats/entry.ts'
import { guessFormat, readEntries } from '../../../src/formats/read.ts'

/** @throws Error that says what is wrong, and shows nothing of a value */
export function entriesIn(text: string, filename: string): readonly Entry[] {
  return readEntries(text, guessFormat(filename, text))
}
