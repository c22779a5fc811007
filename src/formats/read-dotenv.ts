/**
 * Reads dotenv files as the dotenv library of Node reads them, and Doppler's, which escapes more. What those would pass
 * over in silence, or what other readers take for something else, is refused with its line.
 */
import { checkNames, type Entry, faulty } from './entry.ts'

const head = /[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*=[ \t]*/y
const blank = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y
const rest = /([^\n]*)(?:\n|$)/y
const quoted = {
  "'": /'((?:\\'|[^'])*)'[ \t]*(?:#[^\n]*)?(?:\n|$)/y,
  '"': /"((?:\\"|[^"])*)"[ \t]*(?:#[^\n]*)?(?:\n|$)/y,
  '`': /`((?:\\`|[^`])*)`[ \t]*(?:#[^\n]*)?(?:\n|$)/y,
} as const
const escaped = /"((?:\\[\s\S]|[^"\\])*)"[ \t]*(?:#[^\n]*)?(?:\n|$)/y

/** @throws Refusal `invalid` with the line */
export function readDotenv(text: string, isDoppler = false): readonly Entry[] {
  const reader = new Reader(text.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n'))
  const entries: Entry[] = []
  while (!reader.isAtEnd) {
    if (reader.take(blank) !== undefined) continue
    const [, name = ''] = reader.take(head) ?? reader.fail('is not NAME=VALUE')
    entries.push({ name, value: isDoppler ? escapedValue(reader) : plainValue(reader) })
  }
  return checkNames(entries)
}

function plainValue(reader: Reader): string {
  const quote = reader.next
  if (quote === "'" || quote === '"' || quote === '`') {
    const [, inside = ''] = reader.take(quoted[quote]) ?? reader.fail('has a quote that does not end')
    return quote === '"' ? inside.replaceAll('\\n', '\n').replaceAll('\\r', '\r') : inside
  }
  const [, line = ''] = reader.take(rest) ?? []
  const value = line.replace(/(?:^|[ \t])#.*$/, '').trim()
  if (value.includes('#')) {
    reader.back()
    reader.fail('has a "#" without a blank before it, which some programs take for a comment: put the value in quotes')
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

  constructor(text: string) {
    this.#text = text
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

  /** To before what was taken last. */
  back(): void {
    this.#at = this.#before
  }

  fail(what: string): never {
    throw faulty(`Line ${this.#text.slice(0, this.#at).split('\n').length} ${what}.`)
  }
}
