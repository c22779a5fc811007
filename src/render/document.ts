/**
 * Whether values change more of a document than their own places.
 *
 * The template is read with harmless words in the places of its references, the result as it is. Both must say the same,
 * with each word replaced by its value.
 */
import { align, fill, type Output } from './fill.ts'
import { quoteOf } from './filters.ts'
import type { Piece, Reference } from './grammar.ts'
import { archive, cloudConfig, isYaml, jinja, kindOf } from './kind.ts'
import { type Limits, tooLarge } from './limits.ts'
import type { Steps } from './steps.ts'
import { isMisread, isPrintable, type Node, type Outline, outlineOf } from './yaml.ts'

/** A template as it is meant, to compare results with. */
export interface Meaning {
  /** The content type of the part that it is. */
  readonly type: string | undefined
  readonly kind: string
  readonly references: readonly Reference[]
  /** What was put in the place of each reference. */
  readonly words: readonly string[]
  /** What every word begins with, and nothing else in the template has. */
  readonly beginning: string
  /** Finds a word, in quotes if it is, with the number of its reference. */
  readonly pattern: RegExp
  /** Of documents that are YAML. */
  readonly outline: Outline | undefined
}

/**
 * @param type the content type of the part that the template is, if it is one
 * @throws Refusal `too_large`
 */
export function* meaningOf(pieces: readonly Piece[], type: string | undefined, limits: Limits): Steps<Meaning> {
  const references = pieces.filter((piece) => typeof piece !== 'string')
  const mark = markFor(pieces)
  const words = references.map((reference, at) => {
    const quote = quoteAround(reference)
    return `${quote}x${mark}q${at}x${quote}`
  })
  const text = fill(pieces, words)
  const kind = kindOf(text, type)
  return {
    type,
    kind,
    references,
    words,
    beginning: `x${mark}q`,
    pattern: new RegExp(`(["']?)x${mark}q([0-9]+)x\\1`, 'g'),
    outline: references.length === 0 ? undefined : yield* meantOutline(text, { kind, type, limits }),
  }
}

/** A number so that no word is in the template by itself. */
function markFor(pieces: readonly Piece[]): number {
  const taken = new Set<number>()
  for (const piece of pieces) {
    if (typeof piece === 'string') for (const [, digits] of piece.matchAll(/x([0-9]{1,6})q/g)) taken.add(Number(digits))
  }
  let mark = 0
  while (taken.has(mark)) mark++
  return mark
}

/** The last quotes that filters put around a value. */
function quoteAround({ filters }: Reference): string {
  const last = filters.findLast(({ kind }) => kind !== 'trim' && kind !== 'indent')
  return last === undefined ? '' : quoteOf(last)
}

/** What jinja has yet to change need not be YAML; then nobody can compare it. */
function* meantOutline(text: string, { kind, type, limits }: Meant): Steps<Outline | undefined> {
  if (isYaml(kind)) return yield* readMeant(text, kind, limits)
  if (kind !== jinja || !isYaml(kindOf(withoutFirstLine(text), type))) return undefined
  const outline = yield* readMeant(text, cloudConfig, limits)
  return outline.faultyLine === undefined ? outline : undefined
}

interface Meant {
  readonly kind: string
  readonly type: string | undefined
  readonly limits: Limits
}

function* readMeant(text: string, kind: string, { lexemes }: Limits): Steps<Outline> {
  const outline = yield* read(text, kind, lexemes)
  if (outline === undefined) throw tooLarge('A template that is YAML', lexemes, 'words and signs')
  return outline
}

function withoutFirstLine(text: string): string {
  return text.trimStart().replace(/^.*\n/, '')
}

/** Documents in an archive are a part of what it says. @returns `undefined` when there are more lexemes */
function* read(text: string, kind: string, mostLexemes: number): Steps<Outline | undefined> {
  const outline = yield* outlineOf(text, mostLexemes)
  if (outline === undefined || kind !== archive) return outline
  const nodes = [outline.nodes]
  let { lexemes, faultyLine } = outline
  for (const { content } of documentsIn(outline.nodes).filter(isInnerYaml)) {
    const inner = yield* outlineOf(content, mostLexemes - lexemes)
    if (inner === undefined) return undefined
    nodes.push(inner.nodes)
    lexemes += inner.lexemes
    faultyLine ??= inner.faultyLine
  }
  return { nodes: nodes.flat(), lexemes, faultyLine }
}

interface Inner {
  readonly type: string
  readonly content: string
}

/** Of a sequence of texts, or mappings with `content` and `type`. */
function documentsIn(nodes: readonly Node[]): readonly Inner[] {
  const found: Inner[] = []
  let fields: Node[] = []
  const finish = () => {
    const field = (name: string) => fields[fields.findLastIndex(({ text }, at) => at % 2 === 0 && text === name) + 1]
    const [single] = fields
    if (single?.depth === 1) found.push({ type: '', content: single.text })
    else if (single !== undefined)
      found.push({ type: field('type')?.text ?? '', content: field('content')?.text ?? '' })
    fields = []
  }
  for (const node of nodes) {
    if (node.depth === 1) finish()
    if (node.depth === 2 || (node.depth === 1 && node.size === undefined)) fields.push(node)
  }
  finish()
  return found
}

function isInnerYaml({ type, content }: Inner): boolean {
  return type === '' ? isYaml(kindOf(content) || cloudConfig) : isYaml(kindOf(content, type))
}

/** What the holder of a value can do when it is unsafe in a document of this kind. */
export function adviceFor({ kind }: Meaning): string {
  if (kind === jinja) return 'Use "| base64": jinja would act upon the value.'
  return 'Use "| yaml", or put the reference alone on a line of a block scalar ("|").'
}

/** The number of the first reference whose value changes more than its own place; `undefined` when none does. */
export function* findUnsafe(
  meaning: Meaning,
  pieces: readonly Piece[],
  outputs: readonly Output[],
): Steps<number | undefined> {
  if (outputs.length === 0 || isOneReference(pieces)) return undefined
  const strange = findStrange(meaning, outputs)
  if (strange >= 0) return strange
  const found = yield* compare(meaning, pieces, outputs)
  if (found.isFaithful) return undefined
  // With the values of all references before it, and then with its own too.
  let good = 0
  let bad = outputs.length
  const guesses = found.suspect === undefined ? [] : [found.suspect, found.suspect + 1]
  while (bad - good > 1) {
    const guess = guesses.shift() ?? (good + bad) >> 1
    if (guess <= good || guess >= bad) continue
    const { isFaithful } = yield* compare(meaning, pieces, outputs.slice(0, guess))
    if (isFaithful) good = guess
    else bad = guess
  }
  return bad - 1
}

/** What PyYAML does not take, however it is placed: strange characters, and more than one line in a comment. */
function findStrange({ outline, pattern }: Meaning, outputs: readonly Output[]): number {
  if (outline === undefined) return -1
  const isLong = outputs.some(({ text }) => text.includes('\n'))
  const read = isLong ? outline.nodes.map(({ text, properties }) => `${text} ${properties}`).join('\n') : ''
  const inNodes = new Set([...read.matchAll(pattern)].map(([, , digits]) => Number(digits)))
  return outputs.findIndex(({ text }, at) => !isPrintable(text) || (text.includes('\n') && !inNodes.has(at)))
}

interface Comparison {
  readonly isFaithful: boolean
  /** The reference that stands where the result begins to say something else. */
  readonly suspect?: number | undefined
}

/** With outputs in the first places, and words in those that are left. */
function* compare(meaning: Meaning, pieces: readonly Piece[], outputs: readonly Output[]): Steps<Comparison> {
  const { type, kind, words, outline } = meaning
  const result = fill(
    pieces,
    words.map((word, at) => outputs[at]?.text ?? word),
  )
  if (kindOf(result, type) !== kind) return { isFaithful: false }
  if (kind === jinja && countMarks(result) !== countMarks(fill(pieces, words))) return { isFaithful: false }
  if (outline === undefined) return { isFaithful: true }
  const found = yield* read(result, kind, outline.lexemes * lexemesPerLexeme)
  // A value that stays in its place adds none.
  if (found === undefined) return { isFaithful: false }
  const expand = expansion(meaning, outputs)
  const isFaithful =
    found.faultyLine === undefined &&
    found.nodes.length === outline.nodes.length &&
    outline.nodes.every((node, at) => isSame(node, found.nodes[at], expand))
  return isFaithful ? { isFaithful } : { isFaithful, suspect: suspectIn(meaning, found.nodes, expand) }
}

/** How many a result may have for one of its template: it may have a few more, such as a blank after a value. */
const lexemesPerLexeme = 2

/** Collections come before what is in them, and have another size when that has changed: so sizes do not count here. */
function suspectIn({ outline, pattern }: Meaning, found: readonly Node[], expand: Expand): number | undefined {
  const nodes = outline?.nodes ?? []
  const at = nodes.findIndex((node, at) => !isSame({ ...node, size: found[at]?.size }, found[at], expand))
  const { text, properties } =
    nodes.slice(at).find((node) => expand(node.text).isChanged || expand(node.properties).isChanged) ?? {}
  const [first] = `${text} ${properties}`.matchAll(pattern)
  return first === undefined ? undefined : Number(first[2])
}

/** A secret may be a whole document of any kind. */
function isOneReference(pieces: readonly Piece[]): boolean {
  const rest = pieces.filter((piece) => typeof piece !== 'string' || piece.trim() !== '')
  return rest.length === 1 && typeof rest[0] !== 'string'
}

/** What jinja acts upon, counted wherever it begins. */
function countMarks(text: string): number {
  return [...text.matchAll(/(?=\{[{%#]|[}%#]\})/g)].length
}

interface Expanded {
  readonly text: string
  /** It has a word in it. */
  readonly isChanged: boolean
  /** Its lines were indented by a filter, by how much the document does not matter. */
  readonly isIndented: boolean
}

type Expand = (text: string) => Expanded

/** A text of the template with its words replaced. */
function expansion({ references, words, beginning, pattern }: Meaning, outputs: readonly Output[]): Expand {
  return (text) => {
    if (!text.includes(beginning)) return { text, isChanged: false, isIndented: false }
    let isChanged = false
    let isIndented = false
    const expanded = text.replaceAll(pattern, (found, quote: string, digits: string, offset: number) => {
      isChanged = true
      const output = outputs[Number(digits)]
      const reference = references[Number(digits)]
      if (output === undefined || reference === undefined) return found
      if (reference.filters.some((filter) => filter.kind === 'indent')) isIndented = true
      const isQuoted = quote !== '' && words[Number(digits)]?.startsWith(quote)
      const indentation = reference.isAlone ? blanksBefore(text, offset) : ''
      const value = align({ ...reference, indentation }, isQuoted ? output.text : output.inner)
      return isQuoted ? value : `${quote}${value}${quote}`
    })
    return { text: expanded, isChanged, isIndented }
  }
}

/** From the beginning of the line, if nothing else is there. */
function blanksBefore(text: string, offset: number): string {
  let start = offset
  while (start > 0 && (text[start - 1] === ' ' || text[start - 1] === '\t')) start--
  return start === 0 || text[start - 1] === '\n' ? text.slice(start, offset) : ''
}

function isSame(node: Node, found: Node | undefined, expand: Expand): boolean {
  if (found === undefined || node.form !== found.form || node.size !== found.size || node.depth !== found.depth)
    return false
  if (expand(node.properties).text !== found.properties) return false
  const { text, isChanged, isIndented } = expand(node.text)
  if (!isChanged) return text === found.text
  if (found.isPlain && isMisread(found)) return false
  // A block scalar keeps one line break at its end or none, whatever the value has.
  return withoutEnd(isIndented ? unindent(text) : text) === withoutEnd(isIndented ? unindent(found.text) : found.text)
}

function unindent(text: string): string {
  return text.replaceAll(/(?<=^|\n) +/g, '')
}

function withoutEnd(text: string): string {
  let end = text.length
  while (text[end - 1] === '\n') end--
  return text.slice(0, end)
}
