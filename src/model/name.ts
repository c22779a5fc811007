/** What secrets, accounts and API keys may be called. */
import { invalid } from '../errors.ts'

/** The rule for secret and account names, as a JSON-Schema pattern. */
export const namePattern = '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}$'
export const nameRule = '1 to 255 letters, digits, "_", "." or "-", beginning with a letter, a digit or "_"'

/** The rule for the label of an API key: something people read, on one line. */
export const labelPattern = '^[^\\s\\p{C}](?:[^\\p{C}]{0,126}[^\\s\\p{C}])?$'
export const labelRule = '1 to 128 characters on one line, without blanks at either end'

const name = new RegExp(namePattern)
const label = new RegExp(labelPattern, 'u')

export function isName(text: string): boolean {
  return name.test(text)
}

export function isLabel(text: string): boolean {
  return label.test(text) && text.normalize('NFC') === text
}

/** @throws Refusal `invalid` naming `field` */
export function checkName(text: string, field: string): string {
  if (!isName(text)) throw invalid(field, `Must be ${nameRule}.`)
  return text
}

/** @throws Refusal `invalid` naming `field` */
export function checkLabel(text: string, field: string): string {
  if (!isLabel(text)) throw invalid(field, `Must be ${labelRule}.`)
  return text
}

/** Reads a positive integer id from a path or a query; `undefined` when the text is anything else. */
export function parseId(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,15}$/.test(text)) return undefined
  const id = Number(text)
  return Number.isSafeInteger(id) ? id : undefined
}
