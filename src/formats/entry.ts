/** What files of secrets hold: names with their values. */
import { invalid, type Refusal } from '../errors.ts'

export interface Entry {
  readonly name: string
  /** A text, or the bytes of a file. */
  readonly value: string | Uint8Array
  /** What is said of it, in a file that has such. */
  readonly description?: string
}

/** A format cannot hold this one. Names the secret, and never shows the value. */
export function cannotHold(name: string, why: string, hint: string): Refusal {
  return invalid(name, `${why} ${hint}`)
}

/** What is wrong with a file, without a word of what it holds. */
export function faulty(detail: string): Refusal {
  return invalid('file', detail)
}

/** @throws Refusal `invalid` for a name that is there twice */
export function checkNames(entries: readonly Entry[]): readonly Entry[] {
  const seen = new Set<string>()
  for (const { name } of entries) {
    if (seen.has(name)) throw invalid(name, 'Is in the file twice.')
    seen.add(name)
  }
  return entries
}
