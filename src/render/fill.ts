/** Puts values into the places of their references. */
import { Refusal } from '../errors.ts'
import { indentLines, quoteOf, runFilter } from './filters.ts'
import type { Piece, Reference } from './grammar.ts'

/** A secret's value: text, or bytes that are no text. */
export type Value = string | Uint8Array

/** What a reference becomes. */
export interface Output {
  readonly text: string
  /** What it says where a document takes off the quotes that a filter put around it. */
  readonly inner: string
}

/** A value with the filters of its reference done, or why that cannot be. */
export function outputOf(
  { filters, indentation }: Reference,
  value: Value,
  budget: Budget,
): Output | { readonly fault: string } {
  budget.take(value.length)
  const [first] = filters
  if (typeof value !== 'string' && first?.kind !== 'base64')
    return { fault: 'The value is binary. Put "| base64" behind its name.' }
  let text = typeof value === 'string' ? value : Buffer.from(value).toString('base64')
  let inner: string | undefined
  for (const filter of typeof value === 'string' ? filters : filters.slice(1)) {
    if (filter.kind === 'shell' && text.includes('\0'))
      return { fault: 'The value holds a NUL, which no shell takes. Use "| base64".' }
    if (quoteOf(filter) !== '') inner = text
    if (filter.kind === 'base64') inner = undefined
    if (filter.kind === 'indent') budget.check(text.length + growth(text, filter.blanks))
    text = runFilter(filter, text)
    budget.check(text.length)
  }
  budget.take(text.length + growth(text, indentation.length))
  return { text, inner: inner ?? text }
}

/** How much longer indenting makes a text at most: to be known before it is done. */
function growth(text: string, blanks: number): number {
  if (blanks === 0) return 0
  let breaks = 0
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) breaks++
  return breaks * blanks
}

/** The text with each reference replaced; lines of a value alone on an indented line follow its indentation. */
export function fill(pieces: readonly Piece[], outputs: readonly string[]): string {
  let next = 0
  return pieces.map((piece) => (typeof piece === 'string' ? piece : align(piece, outputs[next++] ?? ''))).join('')
}

export function align({ indentation, filters }: Reference, output: string): string {
  return filters.some(({ kind }) => kind === 'indent') ? output : indentLines(output, indentation)
}

/** Counts what is taken in and given out, so that a small template cannot ask for a huge text. */
export class Budget {
  readonly #most: number
  #left: number

  constructor(most: number) {
    this.#most = most
    this.#left = most
  }

  /** @throws Refusal `too_large` */
  take(amount: number): void {
    this.check(amount)
    this.#left -= amount
  }

  /** @throws Refusal `too_large` */
  check(amount: number): void {
    if (amount > this.#left)
      throw new Refusal('too_large', `Values and what they become must not take more than ${this.#most} characters.`)
  }
}
