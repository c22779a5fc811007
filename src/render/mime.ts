/**
 * The MIME that cloud-init reads (RFC 2045, RFC 2046, as Python's email parser takes it), split so that parts can be
 * replaced and all the rest stays as it is, byte for byte. Messages are text here with one character for each byte.
 */
import { invalid } from '../errors.ts'
import { type Limits, tooLarge } from './limits.ts'

/** A part that is no multipart. */
export interface Part {
  /** All of it, as it was written. */
  readonly text: string
  /** The header fields, each with its line breaks, continued lines included. */
  readonly fields: readonly string[]
  /** In small letters, without parameters; `undefined` when it says none. */
  readonly type: string | undefined
  readonly encoding: string
  readonly body: string
  /** What must not be in a body that is written bare. */
  readonly delimiters: readonly string[]
}

/** Bytes to be copied, or a part. */
export type Section = string | Part

/** Also what Python passes over: the first line of a mailbox, and a continued line that continues nothing. */
const field = /(?:From |[!-9;-~]*:|[ \t])[^\r\n]*(?:\r\n|\r|\n|$)(?:[ \t][^\r\n]*(?:\r\n|\r|\n|$))*/y
const emptyLine = /\r\n|\r|\n/y

/** Whether cloud-init reads it as MIME. */
export function isMime(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, 4096).toLowerCase().includes('mime-version:')
}

/**
 * Splits a message into its parts, at any depth.
 *
 * @throws Refusal `invalid` when a multipart has no boundary
 * @throws Refusal `too_large`
 */
export function splitMessage(message: string, name: string, limits: Limits): readonly Section[] {
  let parts = 0
  const splitEntity = (text: string, delimiters: readonly string[]): readonly Section[] => {
    const { fields, body } = readHead(text, name)
    const type = typeOf(fields)
    if (!type?.startsWith('multipart/')) {
      if (++parts > limits.parts) throw tooLarge(name, limits.parts, 'parts')
      const encoding = fieldNamed(fields, 'content-transfer-encoding').toLowerCase()
      // The line break before a boundary is no part of the body (RFC 2046, 5.1.1).
      const lineBreak = delimiters.length === 0 ? '' : lineBreakAtEnd(body)
      const part = { fields, type, encoding, body: withoutEnd(body, lineBreak), delimiters }
      return [{ text: withoutEnd(text, lineBreak), ...part }, lineBreak]
    }
    if (delimiters.length >= limits.depth) throw tooLarge(name, limits.depth, 'levels of multiparts')
    const delimiter = delimiterOf(fields)
    if (delimiter === undefined) throw invalid(name, 'A multipart does not say its boundary.')
    const { start, entities } = splitBody(body, delimiter)
    if (entities.length === 0) throw invalid(name, 'A multipart never comes to its boundary.')
    const inner = entities.flatMap(({ entity, after }) => [...splitEntity(entity, [...delimiters, delimiter]), after])
    return [withoutEnd(text, body) + start, ...inner]
  }
  return splitEntity(message, [])
}

/** The header ends with an empty line, or before the first line that is no field. */
function readHead(text: string, name: string): { readonly fields: readonly string[]; readonly body: string } {
  const fields: string[] = []
  let at = 0
  field.lastIndex = 0
  for (let found = field.exec(text); found !== null; found = field.exec(text)) {
    fields.push(found[0])
    at = field.lastIndex
  }
  // Python takes some of these for a part of the body.
  if (fields.some((line, number) => number > 0 && line.startsWith('From '))) throw invalid(name, 'A header is broken.')
  emptyLine.lastIndex = at
  return { fields, body: text.slice(emptyLine.test(text) ? emptyLine.lastIndex : at) }
}

/** Of the first field of that name, with the blanks and line breaks that Python keeps. */
function fieldNamed(fields: readonly string[], name: string): string {
  const found = fields.find((text) => text.slice(0, text.indexOf(':')).toLowerCase() === name)
  return found === undefined
    ? ''
    : found
        .slice(found.indexOf(':') + 1)
        .replace(/^[ \t]+/, '')
        .replace(/[\r\n]+$/, '')
}

/** Python takes a type that is none for text. */
function typeOf(fields: readonly string[]): string | undefined {
  const [type = ''] = fieldNamed(fields, 'content-type').toLowerCase().split(';')
  return /^[^/]+\/[^/]+$/.test(type.trim()) ? type.trim() : undefined
}

function delimiterOf(fields: readonly string[]): string | undefined {
  const value = fieldNamed(fields, 'content-type')
  const [, quoted, bare] = /;\s*boundary\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(value) ?? []
  const boundary = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare ?? ''
  return boundary === '' ? undefined : `--${boundary.trimEnd()}`
}

interface Entity {
  readonly entity: string
  /** The boundary behind it, and what is behind the last. */
  readonly after: string
}

function splitBody(body: string, delimiter: string): { readonly start: string; readonly entities: readonly Entity[] } {
  const escaped = delimiter.replaceAll(/[^A-Za-z0-9]/g, (character) => `\\x${hexOf(character)}`)
  const lines = new RegExp(`(?<![^\\r\\n])${escaped}(--)?[ \\t]*(?:\\r\\n|\\r|\\n|$)`, 'g')
  const entities: Entity[] = []
  let start: number | undefined
  let begin = 0
  const cut = (until: number, next: number) => {
    entities.push({ entity: body.slice(begin, until), after: body.slice(until, next) })
    begin = next
  }
  for (const found of body.matchAll(lines)) {
    const isLast = found[1] !== undefined
    const after = isLast ? body.length : found.index + found[0].length
    if (start !== undefined) cut(found.index, after)
    else if (!isLast) begin = start = after
    if (isLast) return { start: body.slice(0, start ?? 0), entities }
  }
  // Python takes a part that nothing ends.
  if (start !== undefined) cut(body.length, body.length)
  return { start: body.slice(0, start ?? 0), entities }
}

function hexOf(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(2, '0')
}

function lineBreakAtEnd(text: string): string {
  return ['\r\n', '\r', '\n'].find((lineBreak) => text.endsWith(lineBreak)) ?? ''
}

function withoutEnd(text: string, end: string): string {
  return text.slice(0, text.length - end.length)
}

/** The bytes that a part's body stands for. */
export function decodeBody({ encoding, body }: Part, name: string, number: number): Buffer {
  switch (encoding) {
    case '':
    case '7bit':
    case '8bit':
    case 'binary':
      return Buffer.from(body, 'latin1')
    case 'quoted-printable':
      return Buffer.from(decodeQuotedPrintable(body), 'latin1')
    case 'base64':
      return decodeBase64(body, `${name}: part ${number}`)
    default:
      throw invalid(name, `Part ${number} has a Content-Transfer-Encoding that is not known here.`)
  }
}

/** As Python does, which takes `==` for `=`. */
function decodeQuotedPrintable(body: string): string {
  return body.replaceAll(/=(?:([0-9A-Fa-f]{2})|(=)|\n|\r[^\n]*(?:\n|$)|$)/g, (_, hex?: string, sign = '') =>
    hex === undefined ? sign : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

/** @throws Refusal `invalid` for anything but base64 and white space */
export function decodeBase64(text: string, name: string): Buffer {
  const packed = text.replaceAll(/[ \t\r\n]/g, '')
  if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed)) throw invalid(name, 'Must be base64.')
  return Buffer.from(packed, 'base64')
}

/**
 * A part with another body, its header as it was. The body is written as base64 when it would not survive bare: Python
 * spoils what is not ASCII, and a line could look like a boundary.
 */
export function encodePart({ fields, encoding, body, delimiters }: Part, bytes: Buffer): string {
  const text = bytes.toString('latin1')
  // A lone \r before would swallow a \n.
  const eol = /\r/.test(body + fields.join('')) ? '\r\n' : '\n'
  const isBare = encoding !== 'base64' && encoding !== 'quoted-printable'
  if (isBare && !/[^\t\r\n\x20-\x7e]|\r(?!\n)/.test(text) && !delimiters.some((delimiter) => text.includes(delimiter)))
    return [...fields, eol, text].join('')
  const kept = fields.filter((line) => !/^content-transfer-encoding:/i.test(line))
  const lines = bytes.toString('base64').match(/.{1,76}/g) ?? []
  return [...kept, `Content-Transfer-Encoding: base64${eol}`, eol, lines.join(eol)].join('')
}
