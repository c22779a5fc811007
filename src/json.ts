/**
 * A strict gate before `JSON.parse`, which would take all of this in silence: invalid UTF-8, double keys, lone
 * surrogates, and documents whose objects need many times their size in memory.
 */
import { Refusal } from './errors.ts'

const maxDepth = 16
const maxTokens = 4096
/** Fields of one object, in what clients send. */
const maxKeysOfBody = 64

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * @param type the Content-Type
 * @throws Refusal `unsupported_media_type` when it names another charset than UTF-8
 */
export function checkCharset(type: string | undefined): void {
  const charset = /;\s*charset="?([^";\s]+)/i.exec(type ?? '')?.[1]
  if (charset === undefined || /^utf-?8$/i.test(charset)) return
  throw new Refusal('unsupported_media_type', 'Send the body in UTF-8.')
}

declare global {
  /** What the types of the language lack yet: https://github.com/tc39/proposal-json-parse-with-source */
  interface JSON {
    rawJSON(text: string): object
    isRawJSON(value: unknown): boolean
  }
}

/** Keeps numbers as they are written, whatever their size: a reviver, which is handed the text of what is no object and no array. */
export function exactNumbers(_key: string, value: unknown, ...[context]: { readonly source?: string }[]): unknown {
  const source = context?.source
  return typeof value === 'number' && source !== undefined ? JSON.rawJSON(source) : value
}

/** @throws Refusal `invalid` saying what is wrong, and never what was sent */
export function parseJson(body: Uint8Array, maxKeys = maxKeysOfBody, reviver?: typeof exactNumbers): unknown {
  const text = decode(body)
  if (text.trim() === '') throw faulty('It must not be empty')
  scan(text, maxKeys)
  try {
    return reviver === undefined ? JSON.parse(text) : JSON.parse(text, reviver)
  } catch {
    // The parser's message quotes the body, which may hold a value.
    throw faulty('It must be one valid JSON document')
  }
}

function decode(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw faulty('It must be valid UTF-8')
  }
}

/** Walks over the tokens. What is not JSON at all is left for the parser to refuse. */
function scan(text: string, maxKeys: number): void {
  const open: (Set<string> | undefined)[] = []
  let tokens = 0
  let isKeyNext = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at)
        const keys = open.at(-1)
        const isKey = isKeyNext && keys !== undefined
        checkString(text.slice(at, end + 1), isKey ? keys : undefined, maxKeys)
        isKeyNext = false
        at = end
        tokens++
        break
      }
      case 0x7b:
      case 0x5b:
        isKeyNext = text[at] === '{'
        open.push(isKeyNext ? new Set() : undefined)
        if (open.length > maxDepth) throw faulty(`It must not nest deeper than ${maxDepth}`)
        tokens++
        break
      case 0x7d:
      case 0x5d:
        open.pop()
        break
      case 0x2c:
        isKeyNext = open.at(-1) !== undefined
        tokens++
        break
    }
    if (tokens > maxTokens) throw faulty(`It must not have more than ${maxTokens} parts`)
  }
}

/** The place of the closing quote: the first one behind an even number of backslashes. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text[end - 1 - backslashes] === '\\') backslashes++
    if (backslashes % 2 === 0) return end
  }
  throw faulty('It must be one valid JSON document')
}

function checkString(literal: string, keys: Set<string> | undefined, maxKeys: number): void {
  const isEscaped = literal.includes('\\')
  if (!isEscaped && keys === undefined) return
  const value = isEscaped ? unquote(literal) : literal.slice(1, -1)
  if (!value.isWellFormed()) throw faulty('It must not hold half of a surrogate pair')
  if (keys === undefined) return
  if (keys.has(value)) throw faulty('It must not give a field twice')
  keys.add(value)
  if (keys.size > maxKeys) throw faulty(`An object must not have more than ${maxKeys} fields`)
}

function unquote(literal: string): string {
  try {
    return String(JSON.parse(literal))
  } catch {
    throw faulty('It must be one valid JSON document')
  }
}

function faulty(rule: string): Refusal {
  const detail = `${rule}.`
  return new Refusal('invalid', `The body is not acceptable. ${detail}`, { fields: [{ field: 'body', detail }] })
}
