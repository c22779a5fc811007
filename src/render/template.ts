/**
 * Templates with references to secrets: read, then rendered with values that the caller has fetched meanwhile.
 * Refusals name secrets and places, never a value.
 */
import type { Position, Refusal } from '../errors.ts'
import { adviceFor, findUnsafe, type Meaning, meaningOf } from './document.ts'
import { Budget, fill, type Output, outputOf, type Value } from './fill.ts'
import { absentDetail, type Origin, type Piece, type Reference, refuseAt, split } from './grammar.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { atOnce, type Steps } from './steps.ts'

/** A template that was read. Its text cannot be malformed any more; its values still can. */
export interface Template {
  /** In the order of the text. */
  readonly references: readonly Reference[]
  readonly pieces: readonly Piece[]
  readonly meaning: Meaning
  readonly origin: Origin
}

export interface ParseOptions extends Partial<Origin> {
  /** The content type of the part that the template is, in small letters. */
  readonly type?: string | undefined
  readonly limits?: Limits
}

/**
 * Reads a template. One that begins with `#cloud-config` must be YAML.
 *
 * @throws Refusal `invalid` with line and column
 * @throws Refusal `too_large`
 */
export function parse(text: string, options: ParseOptions = {}): Template {
  return atOnce(parsing(text, options))
}

/** As `parse`, in steps. */
export function* parsing(
  text: string,
  { field = 'template', part, type, limits = defaultLimits }: ParseOptions = {},
): Steps<Template> {
  const origin = { field, ...(part === undefined ? {} : { part }) }
  const pieces = split(text, origin, limits)
  const meaning = yield* meaningOf(pieces, type, limits)
  if (meaning.outline?.faultyLine !== undefined) {
    const place = { ...origin, line: meaning.outline.faultyLine, column: 1 }
    throw refuseAt('invalid', field, [{ ...place, detail: 'The template is not valid YAML.' }])
  }
  return { references: meaning.references, pieces, meaning, origin }
}

/** The names that templates refer to, each once, in the order of the text: what to fetch. */
export function namesIn(templates: readonly Template[]): readonly string[] {
  return [...new Set(templates.flatMap(({ references }) => references.map(({ name }) => name)))]
}

/**
 * Renders a template whole, or not at all. Values are put in as they are: a reference in a value stays text.
 *
 * @throws Refusal `unresolved_references` with each reference that has no value
 * @throws Refusal `unsafe_rendering` when a value is binary, or would change the document
 * @throws Refusal `too_large`
 */
export function render(template: Template, values: ReadonlyMap<string, Value>, limits = defaultLimits): string {
  return atOnce(renderingAll([template], values, limits)).join('')
}

/** Renders the templates of one document, in steps. Throws as `render` does, for all of them together. */
export function* renderingAll(
  templates: readonly Template[],
  values: ReadonlyMap<string, Value>,
  limits: Limits,
): Steps<readonly string[]> {
  refuseUnresolved(templates, values)
  const budget = new Budget(limits.renderedUnits)
  const faults: Fault[] = []
  const outputs = templates.map(({ references, origin }) =>
    references.map((reference) => {
      const output = outputOf(reference, values.get(reference.name) ?? '', budget)
      if ('text' in output) return output
      faults.push(faultOf(origin, reference, output.fault))
      return { text: '', inner: '' }
    }),
  )
  if (faults.length > 0) throw refuse('unsafe_rendering', faults)
  const rendered: string[] = []
  for (const [at, template] of templates.entries()) rendered.push(yield* renderingChecked(template, outputs[at] ?? []))
  return rendered
}

type Fault = Position & { readonly field: string; readonly name: string; readonly detail: string }

function faultOf({ field }: Origin, { name, line, column, part }: Reference, detail: string): Fault {
  return { field, name, line, column, detail, ...(part === undefined ? {} : { part }) }
}

function refuse(code: 'unresolved_references' | 'unsafe_rendering', faults: readonly Fault[]): Refusal {
  return refuseAt(code, 'template', faults)
}

/** @throws Refusal `unresolved_references` with each reference whose name is not among these, and why it is not */
export function refuseUnresolved(
  templates: readonly Template[],
  values: Pick<ReadonlyMap<string, Value>, 'has'>,
  whyOf: (name: string) => string = absentDetail,
): void {
  const missing = templates.flatMap(({ references, origin }) =>
    references
      .filter(({ name }) => !values.has(name))
      .map((reference) => faultOf(origin, reference, whyOf(reference.name))),
  )
  if (missing.length > 0) throw refuse('unresolved_references', missing)
}

function* renderingChecked(template: Template, outputs: readonly Output[]): Steps<string> {
  const { pieces, meaning, references, origin } = template
  const unsafe = references[(yield* findUnsafe(meaning, pieces, outputs)) ?? -1]
  if (unsafe !== undefined) {
    const detail = `The value would change the document, or not be read as it is. ${adviceFor(meaning)}`
    throw refuse('unsafe_rendering', [faultOf(origin, unsafe, detail)])
  }
  return fill(
    pieces,
    outputs.map(({ text }) => text),
  )
}
