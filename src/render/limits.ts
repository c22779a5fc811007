/** How much work a document may ask for. */
import { Refusal } from '../errors.ts'

export interface Limits {
  /** Of a template, and of all parts of a document together, after decompression. */
  readonly templateBytes: number
  /** Of all values taken in and all that they become, in UTF-16 units; indentation counts. */
  readonly renderedUnits: number
  readonly references: number
  /** Words, signs and blanks of a template that is YAML: what reading one takes its time for. */
  readonly lexemes: number
  /** Of a multipart document. */
  readonly parts: number
  /** Multiparts in multiparts. */
  readonly depth: number
}

export const defaultLimits: Limits = {
  templateBytes: 512 * 1024,
  renderedUnits: 2 * 1024 * 1024,
  references: 5000,
  lexemes: 120_000,
  parts: 100,
  depth: 4,
}

/** @throws Refusal `too_large` */
export function tooLarge(what: string, most: number, unit: string): Refusal {
  return new Refusal('too_large', `${what} must not have more than ${most} ${unit}.`)
}
