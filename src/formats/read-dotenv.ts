/**
 * Reads dotenv files as dotenv of Node and of Python, godotenv, Compose and Ruby's dotenv all read them, and Doppler's,
 * which escapes more. What these read differently, or pass over in silence, is refused with its line.
 */
import { checkNames, type Entry, faulty } from './entry.ts'

const head = /[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*/y
const blank = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y
const rest = /([^\n]*)(?:\n|$)/y
const quoted = {
  "'": /'((?:\\'|[^'])*)'[ \t]*(#[^\n]*)?(?:\n|$)/y,
  '"': /"((?:\\"|[^"])*)"[ \t]*(#[^\n]*)?(?:\n|$)/y,
} as const
const escaped = /"((?:\\[\s\S]|[^"\\])*)"[ \t]*(?:#[^\n]*)?(?:\n|$)/y

/** @throws Refusal `invalid` with the line */
export function readDotenv(text: string, isDoppler = false): readonly Entry[] {
  const reader = new Reader(text.replace(/^\uFEFF/, ''))
  reader.refuse(
    /\r(?!\n)/,
    'has a carriage return alone, which some readers take for a line end: put an escaped \\r in double quotes',
  )
  const entries: Entry[] = []
  while (!reader.isAtEnd) {
    if (reader.take(blank) !== undefined) continue
    const [, name = ''] = reader.take(head) ?? reader.fail('is not NAME=VALUE')
    if (name === 'export') reader.failBack('has "export" where a name must stand')
    entries.push({ name, value: isDoppler ? escapedValue(reader) : plainValue(reader) })
  }
  return checkNames(entries)
}

function plainValue(reader: Reader): string {
  const quote = reader.next
  if (quote === '`')
    reader.fail(`has backticks, which some readers take for quotes and others for a part of the value: ${quoteIt}`)
  if (quote === "'") return singleQuoted(reader)
  return quote === '"' ? doubleQuoted(reader) : unquoted(reader)
}

const quoteIt = 'put the value in single quotes'
const elsewhere = 'import it as JSON or YAML, or store it with "strongroom secrets set"'

function insideOf(reader: Reader, quote: keyof typeof quoted): string {
  const [, inside = '', after = ''] = reader.take(quoted[quote]) ?? reader.fail('has a quote that does not end')
  if (after.includes(quote)) {
    reader.failBack('has a quote in the comment after a value in such quotes, where some readers end the value')
  }
  if (!reader.isOfWindows || !inside.includes('\n')) return inside
  return reader.failBack(`has several lines that end as on Windows, which only some readers keep: ${elsewhere}`)
}

function singleQuoted(reader: Reader): string {
  const inside = insideOf(reader, "'")
  if (/\\(?:['\\]|$)/.test(inside)) {
    reader.failBack(`has a backslash before a quote or a backslash, which only some readers take away: ${elsewhere}`)
  }
  if (inside.includes('${')) {
    reader.failBack(`has "\${", which some readers fill in even within single quotes: ${elsewhere}`)
  }
  return inside
}

/** `\n` and `\r` are line ends for all but the newest of Ruby. */
function doubleQuoted(reader: Reader): string {
  const inside = insideOf(reader, '"')
  if (inside.includes('$')) {
    reader.failBack(`has "$" in double quotes, where most readers fill in variables: ${quoteIt}`)
  }
  if (/\\(?![nr])/.test(inside.replaceAll(/\\[nr]/g, '')) || inside.includes('\\\\')) {
    reader.failBack(`has a backslash in double quotes, which each reader takes differently: ${quoteIt}`)
  }
  return inside.replaceAll('\\n', '\n').replaceAll('\\r', '\r')
}

/** Up to a `#` with a blank before it. */
function unquoted(reader: Reader): string {
  const blanks = reader.before
  const [, line = ''] = reader.take(rest) ?? []
  const comment = line.search(/[ \t]#/)
  const value = (comment < 0 ? line : line.slice(0, comment)).replace(/[ \t]+$/, '')
  if (line.startsWith('#')) {
    const what = blanks
      ? 'only a comment after "=", which some readers take for the value'
      : 'a value that begins with "#"'
    reader.failBack(`has ${what}: write NAME='' for an empty value, or ${quoteIt}`)
  }
  const ambiguous: readonly (readonly [RegExp, string])[] = [
    [/#/, 'a "#" without a blank before it, which some readers take for a comment'],
    [/\$/, 'a "$", where most readers fill in variables'],
    [/\\/, 'a backslash, which some readers take away'],
    [/[\u2028\u2029]/, 'a line or paragraph separator of Unicode, which some readers take for a line end'],
    [
      /^[^\x21-\x7e\p{L}\p{N}\p{P}\p{S}]|[^\x21-\x7e\p{L}\p{M}\p{N}\p{P}\p{S}]$/u,
      'a blank that is no space at its beginning or end',
    ],
  ]
  for (const [pattern, what] of ambiguous) if (pattern.test(value)) reader.failBack(`has ${what}: ${quoteIt}`)
  if (comment >= 0 && (line[comment] === '\t' || /[ \t]#/.test(line.slice(comment + 2)))) {
    reader.failBack(`has a comment that readers begin at different places: ${quoteIt}`)
  }
  return value
}

function escapedValue(reader: Reader): string {
  if (reader.next !== '"') return plainValue(reader)
  const [, inside = ''] = reader.take(escaped) ?? reader.fail('has a quote that does not end')
  return inside.replaceAll(/\\(["\\])/g, '$1')
}

class Reader {
  readonly #text: string
  #at = 0
  #before = 0

  /** Whether lines end with a carriage return and a line feed, as on Windows. */
  readonly isOfWindows: boolean

  constructor(text: string) {
    this.#text = text.replaceAll('\r\n', '\n')
    this.isOfWindows = text.includes('\r\n')
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length
  }

  get next(): string {
    return this.#text.charAt(this.#at)
  }

  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text) ?? undefined
    if (found === undefined) return undefined
    this.#before = this.#at
    this.#at += found[0].length
    return found
  }

  /** Whether a blank stands before what comes next. */
  get before(): boolean {
    return /[ \t]/.test(this.#text.charAt(this.#at - 1))
  }

  /** Names the line of what comes next. */
  fail(what: string): never {
    return this.#failAt(this.#at, what)
  }

  /** Names the line where what was taken last begins. */
  failBack(what: string): never {
    return this.#failAt(this.#before, what)
  }

  /** Names the line of the first place that fits, if there is one. */
  refuse(pattern: RegExp, what: string): void {
    const at = this.#text.search(pattern)
    if (at >= 0) this.#failAt(at, what)
  }

  #failAt(at: number, what: string): never {
    throw faulty(`Line ${this.#text.slice(0, at).split('\n').length} ${what}.`)
  }
}
