/** The grammar of templates: `${{secret.NAME | filter}}`, and `$${{` for a literal `${{`. */
import { invalid, type Place, Refusal } from '../errors.ts'
import { type Filter, filterNames, filterOf } from './filters.ts'
import { type Limits, tooLarge } from './limits.ts'

export interface Reference extends Place {
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

const opening = '${{'
const head = /\$\{\{[ \t]*secret\.([A-Za-z0-9_][A-Za-z0-9_.-]{0,254})[ \t]*/y
const pipe = /\|[ \t]*/y
const call = /([a-z0-9]+)(?:[ \t]+([0-9]{1,2}))?[ \t]*(?=[|}])/y
const closing = /\}\}/y
const restOfLine = /[ \t]*(?=\r?\n|$)/y
const blank = /^[ \t]*$/

/** More make no sense, and each may make the value longer. */
const maxFilters = 8

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
    const { reference, end } = readReference(text, at, done, lines)
    pieces.push(text.slice(done, at), reference)
    done = end
    at = text.indexOf(opening, end)
  }
  pieces.push(text.slice(done))
  return pieces
}

/** @param done where the text that nobody has read yet begins */
function readReference(text: string, at: number, done: number, lines: Lines) {
  const place = lines.placeOf(at)
  const start = match(head, text, at)
  if (start === undefined)
    throw malformed(place, lines.origin, `Expected \${{secret.NAME}}; write $\${{ for a literal \${{`)
  const filters: Filter[] = []
  let end = at + start[0].length
  for (let bar = match(pipe, text, end); bar !== undefined; bar = match(pipe, text, end)) {
    const from = end + bar[0].length
    const [whole, name = '', argument] = match(call, text, from) ?? []
    const filter = whole === undefined ? undefined : filterOf(name, argument)
    if (whole === undefined || filter === undefined)
      throw malformed(lines.placeOf(from), lines.origin, `Expected a filter: ${filterNames}`)
    if (filters.push(filter) > maxFilters)
      throw malformed(place, lines.origin, `A reference must not have more than ${maxFilters} filters`)
    end = from + whole.length
  }
  const close = match(closing, text, end)
  if (close === undefined) throw malformed(lines.placeOf(end), lines.origin, 'Expected }} or a filter')
  end += close[0].length
  const before = lines.start >= done ? text.slice(lines.start, at) : undefined
  const isAlone = before !== undefined && blank.test(before) && match(restOfLine, text, end) !== undefined
  const reference: Reference = {
    ...place,
    name: start[1] ?? '',
    filters,
    isAlone,
    indentation: isAlone ? before : '',
  }
  return { reference, end }
}

function match(sticky: RegExp, text: string, at: number): RegExpExecArray | undefined {
  sticky.lastIndex = at
  return sticky.exec(text) ?? undefined
}

function malformed(place: Place, { field }: Origin, detail: string): Refusal {
  return refuseAt('invalid', field, [{ ...place, detail: `${detail}.` }])
}

/** A refusal that lists places, each in its own field or in the one that is given; its message tells the first. */
export function refuseAt(
  code: 'invalid' | 'unresolved_references' | 'unsafe_rendering',
  field: string,
  faults: readonly (Place & { readonly detail: string; readonly name?: string; readonly field?: string })[],
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

  placeOf(at: number): Place {
    while (this.#nextBreak >= 0 && this.#nextBreak < at) {
      this.#line++
      this.start = this.#nextBreak + 1
      this.#nextBreak = this.#text.indexOf('\n', this.start)
    }
    const { part } = this.origin
    return { line: this.#line, column: at - this.start + 1, ...(part === undefined ? {} : { part }) }
  }
}
