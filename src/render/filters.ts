/** Filters: what `| name` in a reference does to the value before it is put into the text. */
import type { Filter } from './reference.ts'

/** The quotes a filter puts around, which a document may take off again. */
export function quoteOf({ kind }: Filter): string {
  switch (kind) {
    case 'json':
    case 'yaml':
      return '"'
    case 'shell':
      return "'"
    default:
      return ''
  }
}

export function runFilter(filter: Filter, text: string): string {
  switch (filter.kind) {
    case 'base64':
      return Buffer.from(text).toString('base64')
    case 'json':
    case 'yaml':
      return quote(text)
    case 'shell':
      return `'${text.replaceAll("'", "'\\''")}'`
    case 'trim':
      return trim(text)
    case 'indent':
      return indentLines(text, ' '.repeat(filter.blanks))
  }
}

/** Puts `blanks` before every line but the first, which stands where it stands, and the empty ones. */
export function indentLines(text: string, blanks: string): string {
  if (blanks === '' || !text.includes('\n')) return text
  return text.replaceAll(/\n(?=[^\r\n])/g, () => `\n${blanks}`)
}

/**
 * A JSON string, which is a YAML scalar too: YAML 1.1, which cloud-init reads, takes some of what JSON leaves bare for
 * line breaks or for not printable.
 */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Without ASCII white space at the ends. A pattern for the end would take quadratic time. */
function trim(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isWhite(text.charCodeAt(start))) start++
  while (end > start && isWhite(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isWhite(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d)
}
