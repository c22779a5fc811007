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
import { isMisread, isPrintable, type Node, type Outline, outlineOf } from './yaml.ts'

/** A template as it is meant, to compare results with. */
export interface Meaning {
  /** The content type of the part that it is. */
  readonly type: string | undefined
  readonly kind: string
  readonly references: readonly Reference[]
  /** What was put in the place of each reference. */
  readonly words: readonly string[]
  /** Finds a word, in quotes if it is, with the number of its reference. */
  readonly pattern: RegExp
  /** Of documents that are YAML. */
  readonly outline: Outline | undefined
}

/** @param type the content type of the part that the template is, if it is one */
export function meaningOf(pieces: readonly Piece[], type: string | undefined): Meaning {
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
    pattern: new RegExp(`(["']?)x${mark}q([0-9]+)x\\1`, 'g'),
    outline: references.length === 0 ? undefined : meantOutline(text, kind, type),
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
function meantOutline(text: string, kind: string, type: string | undefined): Outline | undefined {
  if (isYaml(kind)) return read(text, kind)
  if (kind !== jinja || !isYaml(kindOf(withoutFirstLine(text), type))) return undefined
  const outline = read(text, cloudConfig)
  return outline.faultyLine === undefined ? outline : undefined
}

function withoutFirstLine(text: string): string {
  return text.trimStart().replace(/^.*\n/, '')
}

/** Documents in an archive are a part of what it says. */
function read(text: string, kind: string): Outline {
  const { nodes, faultyLine } = outlineOf(text)
  if (kind !== archive) return { nodes, faultyLine }
  const inner = documentsIn(nodes).filter(isInnerYaml)
  const outlines = inner.map(({ content }) => outlineOf(content))
  return {
    nodes: [nodes, ...outlines.map((outline) => outline.nodes)].flat(),
    faultyLine: faultyLine ?? outlines.find((outline) => outline.faultyLine !== undefined)?.faultyLine,
  }
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
export function findUnsafe(meaning: Meaning, pieces: readonly Piece[], outputs: readonly Output[]): number | undefined {
  if (outputs.length === 0 || isOneReference(pieces)) return undefined
  const strange = findStrange(meaning, outputs)
  if (strange >= 0) return strange
  if (isFaithful(meaning, pieces, outputs)) return undefined
  let good = 0
  let bad = outputs.length
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (isFaithful(meaning, pieces, outputs.slice(0, middle))) good = middle
    else bad = middle
  }
  return bad - 1
}

/** What PyYAML does not take, however it is placed: strange characters, and more than one line in a comment. */
function findStrange({ outline, pattern }: Meaning, outputs: readonly Output[]): number {
  if (outline === undefined) return -1
  const read = outline.nodes.map(({ text, properties }) => `${text} ${properties}`).join('\n')
  const inNodes = new Set([...read.matchAll(pattern)].map(([, , digits]) => Number(digits)))
  return outputs.findIndex(({ text }, at) => !isPrintable(text) || (text.includes('\n') && !inNodes.has(at)))
}

/** With outputs in the first places, and words in those that are left. */
function isFaithful(meaning: Meaning, pieces: readonly Piece[], outputs: readonly Output[]): boolean {
  const { type, kind, words, outline } = meaning
  const result = fill(
    pieces,
    words.map((word, at) => outputs[at]?.text ?? word),
  )
  if (kindOf(result, type) !== kind) return false
  if (kind === jinja && countMarks(result) !== countMarks(fill(pieces, words))) return false
  if (outline === undefined) return true
  const found = read(result, kind)
  if (found.faultyLine !== undefined || found.nodes.length !== outline.nodes.length) return false
  const expand = expansion(meaning, outputs)
  return outline.nodes.every((node, at) => isSame(node, found.nodes[at], expand))
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

/** A text of the template with its words replaced. */
function expansion({ references, words, pattern }: Meaning, outputs: readonly Output[]) {
  return (text: string): Expanded => {
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

function isSame(node: Node, found: Node | undefined, expand: (text: string) => Expanded): boolean {
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
