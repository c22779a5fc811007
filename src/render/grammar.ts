/** A template as text and references, with `$${{` for a literal `${{`, and the places of both. */
import { invalid, type Position, Refusal } from '../errors.ts'
import { type Limits, tooLarge } from './limits.ts'
import { type Filter, match, opening, readReference } from './reference.ts'

export interface Reference extends Position {
  readonly name: string
  readonly filters: readonly Filter[]
  /** What is before it when it stands alone on its line; the lines of its value follow suit. */
  readonly indentation: string
  /** It stands alone on its line. */
  readonly isAlone: boolean
}

/** Text to be copied, or a reference. */
export type Piece = string | Reference

/** What a template is called in a refusal. */
export interface Origin {
  /** The field of the request that it came in. */
  readonly field: string
  /** The part of a multipart document, counted from 1. */
  readonly part?: number
}

const restOfLine = /[ \t]*(?=\r?\n|$)/y
const blank = /^[ \t]*$/

/**
 * Splits a template, in time linear in its length.
 *
 * @throws Refusal `invalid` with the place of the first malformed reference
 * @throws Refusal `too_large`
 */
export function split(text: string, origin: Origin, limits: Limits): readonly Piece[] {
  if (Buffer.byteLength(text) > limits.templateBytes) throw tooLarge('A template', limits.templateBytes, 'bytes')
  const lines = new Lines(text, origin)
  const pieces: Piece[] = []
  let references = 0
  let done = 0
  let at = text.indexOf(opening)
  while (at >= 0) {
    if (text[at - 1] === '$') {
      pieces.push(text.slice(done, at - 1))
      done = at
      at = text.indexOf(opening, at + opening.length)
      continue
    }
    if (++references > limits.references) throw tooLarge('A template', limits.references, 'references')
    const { reference, end } = referenceAt(text, at, done, lines)
    pieces.push(text.slice(done, at), reference)
    done = end
    at = text.indexOf(opening, end)
  }
  pieces.push(text.slice(done))
  return pieces
}

/** @param done where the text that nobody has read yet begins */
function referenceAt(text: string, at: number, done: number, lines: Lines) {
  const place = lines.placeOf(at)
  const lineStart = lines.start
  const read = readReference(text, at)
  if ('detail' in read) {
    const { faultAt, detail } = read
    throw refuseAt('invalid', lines.origin.field, [{ ...lines.placeOf(faultAt), detail }])
  }
  const { name, filters, end } = read
  const before = lineStart >= done ? text.slice(lineStart, at) : undefined
  const isAlone = before !== undefined && blank.test(before) && match(restOfLine, text, end) !== undefined
  const reference: Reference = { ...place, name, filters, isAlone, indentation: isAlone ? before : '' }
  return { reference, end }
}

/** What is said of a reference to what is not there. */
export function absentDetail(name: string): string {
  return `There is no secret "${name}", or none that may be read.`
}

/** What is said of a reference to what has no value. */
export function destroyedDetail(name: string): string {
  return `The value of the current version of "${name}" was destroyed.`
}

/** A refusal that lists places, each in its own field or in the one that is given; its message tells the first. */
export function refuseAt(
  code: 'invalid' | 'unresolved_references' | 'unsafe_rendering',
  field: string,
  faults: readonly (Position & { readonly detail: string; readonly name?: string; readonly field?: string })[],
): Refusal {
  const [first] = faults
  if (first === undefined) return invalid(field, 'Is not acceptable.')
  const part = first.part === undefined ? '' : `part ${first.part}, `
  const where = `${part}line ${first.line}, column ${first.column}`
  return new Refusal(code, `${first.field ?? field}: ${where}: ${first.detail}`, {
    fields: faults.map(({ field: own = field, detail, name, line, column, part }) => ({
      field: own,
      detail,
      ...(name === undefined ? {} : { name }),
      line,
      column,
      ...(part === undefined ? {} : { part }),
    })),
  })
}

/** Counts lines while somebody reads on: places are asked for in order. */
class Lines {
  readonly origin: Origin
  readonly #text: string
  #line = 1
  /** Where the line of the last place begins. */
  start = 0
  #nextBreak: number

  constructor(text: string, origin: Origin) {
    this.#text = text
    this.origin = origin
    this.#nextBreak = text.indexOf('\n')
  }

  placeOf(at: number): Position {
    while (this.#nextBreak >= 0 && this.#nextBreak < at) {
      this.#line++
      this.start = this.#nextBreak + 1
      this.#nextBreak = this.#text.indexOf('\n', this.start)
    }
    const { part } = this.origin
    return { line: this.#line, column: at - this.start + 1, ...(part === undefined ? {} : { part }) }
  }
}
