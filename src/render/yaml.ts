/**
 * What a YAML document says, as far as it matters whether a value has changed it. cloud-init reads it with PyYAML, which
 * is YAML 1.1; what that takes for something other than text is written down here.
 */
import { Composer, type CST, isAlias, isMap, isPair, isScalar, isSeq, Lexer, Parser } from 'yaml'
import type { Steps } from './steps.ts'

/** A document in the order it is written in: two with the same nodes say the same. */
export interface Outline {
  readonly nodes: readonly Node[]
  /** How much there was to read. */
  readonly lexemes: number
  /** The line of the first fault, if it is not valid YAML. */
  readonly faultyLine: number | undefined
}

export interface Node {
  /** The style of a scalar, or which collection. */
  readonly form: string
  /** How many things a collection has, and how many different keys. */
  readonly size: string | undefined
  /** A scalar's or an alias's text, before anything is read as a number. */
  readonly text: string
  /** The tag, a blank, and the anchor. */
  readonly properties: string
  /** Whether it is a bare word, and one between brackets. */
  readonly isPlain: boolean
  readonly isInFlow: boolean
  /** How deep in the document: 0 for its root. */
  readonly depth: number
}

const options = {
  // Every scalar is text; what PyYAML makes of it is the matter of `isMisread`.
  schema: 'failsafe',
  resolveKnownTags: false,
  // Compares every key with every other, which takes quadratic time.
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
} as const

const stepLexemes = 256

/**
 * Reads a document; of several, the first.
 *
 * @param mostLexemes how many words, signs and blanks it may have: each takes time, and the shortest two bytes
 * @returns `undefined` when it has more
 */
export function* outlineOf(text: string, mostLexemes: number): Steps<Outline | undefined> {
  const parser = new Parser()
  const tokens: CST.Token[] = []
  let lexemes = 0
  try {
    for (const lexeme of new Lexer().lex(text)) {
      if (++lexemes > mostLexemes) return undefined
      if (lexemes % stepLexemes === 0) yield
      for (const token of parser.next(lexeme)) tokens.push(token)
      // One fault is enough: a document may have one in each of its lines.
      if (tokens.at(-1)?.type === 'error') break
    }
    if (tokens.at(-1)?.type !== 'error') tokens.push(...parser.end())
    const [document] = new Composer(options).compose(tokens, true, text.length)
    const [fault] = document?.errors ?? []
    const nodes: Node[] = []
    write(document?.contents, 0, false, nodes)
    return { nodes, lexemes, faultyLine: fault && lineOf(text, fault.pos[0]) }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    // Nested deeper than the parser's stack.
    return { nodes: [], lexemes, faultyLine: 1 }
  }
}

function lineOf(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

function write(node: unknown, depth: number, isInFlow: boolean, nodes: Node[]): void {
  const leaf = { size: undefined, text: '', properties: '', isPlain: false, isInFlow, depth }
  if (isPair(node)) {
    write(node.key, depth, isInFlow, nodes)
    write(node.value, depth, isInFlow, nodes)
  } else if (isAlias(node)) {
    nodes.push({ ...leaf, form: 'alias', text: node.source })
  } else if (isScalar(node)) {
    const isPlain = node.type === 'PLAIN'
    nodes.push({ ...leaf, form: `${node.type}`, text: String(node.value), properties: propertiesOf(node), isPlain })
  } else if (isMap(node) || isSeq(node)) {
    const form = isMap(node) ? 'mapping' : 'sequence'
    const size = isMap(node) ? `${node.items.length} ${countKeys(node.items)}` : `${node.items.length}`
    nodes.push({ ...leaf, form, size, properties: propertiesOf(node) })
    for (const item of node.items) write(item, depth + 1, isInFlow || node.flow === true, nodes)
  } else {
    nodes.push({ ...leaf, form: 'nothing' })
  }
}

function propertiesOf({ tag, anchor }: { tag?: string; anchor?: string }): string {
  return `${tag ?? ''} ${anchor ?? ''}`
}

/** PyYAML lets a key that comes again replace the first one. */
function countKeys(pairs: readonly { readonly key: unknown }[]): number {
  return new Set(pairs.map(({ key }) => (isScalar(key) ? String(key.value) : key))).size
}

/** Whether PyYAML refuses a bare word, or takes it for no text and may not give it back as it was written. */
export function isMisread({ text, properties, isInFlow }: Node): boolean {
  if (text.includes('\t') || (isInFlow && /^:|\?/.test(text))) return true
  if (!properties.startsWith(' ')) return false
  return notText.some((pattern) => pattern.test(text)) && !/^(?:0|-?[1-9][0-9]{0,14}|true|false)$/.test(text)
}

/** PyYAML's implicit resolvers. */
const notText: readonly RegExp[] = [
  /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/,
  /^(?:~|null|Null|NULL|)$/,
  /^(?:<<|=)$/,
  /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/,
  /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|\.(?:inf|Inf|INF))$/,
  /^(?:\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|\.(?:nan|NaN|NAN))$/,
  /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/,
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?$/,
]

/** What PyYAML refuses, reads as the end of a line, or does not give back: everything but plain text and its \n. */
export function isPrintable(text: string): boolean {
  return !/[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u.test(text)
}
