/**
 * Texts with references that are no documents: secrets of type `template`. What is put in is not held against a meaning of the
 * text, as that of a document is: it has the filters of its reference, and nothing else.
 */
import { type Budget, fill, outputOf, type Value } from './fill.ts'
import { type Piece, type Reference, split } from './grammar.ts'
import { defaultLimits } from './limits.ts'

export interface Text {
  /** In the order of the text. */
  readonly references: readonly Reference[]
  readonly pieces: readonly Piece[]
}

/**
 * Reads a text, in time linear in its length.
 *
 * @param field what a refusal calls it
 * @throws Refusal `invalid` with line and column; `too_large`
 */
export function parseText(text: string, field: string): Text {
  const pieces = split(text, { field }, defaultLimits)
  return { pieces, references: pieces.filter((piece) => typeof piece !== 'string') }
}

/** Why a reference cannot become what it stands for. */
export interface Misfit {
  readonly reference: Reference
  readonly detail: string
}

/**
 * The text with each reference replaced: values are put in as they are, so that a reference in one stays text.
 *
 * @param values has all that are referred to
 * @throws Refusal `too_large`
 */
export function fillText(
  { pieces, references }: Text,
  values: ReadonlyMap<string, Value>,
  budget: Budget,
): string | readonly Misfit[] {
  const misfits: Misfit[] = []
  const outputs = references.map((reference) => {
    const output = outputOf(reference, values.get(reference.name) ?? '', budget)
    if ('text' in output) return output.text
    misfits.push({ reference, detail: output.fault })
    return ''
  })
  return misfits.length > 0 ? misfits : fill(pieces, outputs)
}
