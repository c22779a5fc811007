/** What secrets, accounts and API keys may be called. */
import { invalid } from '../errors.ts'

// With the hyphen escaped, as browsers want it in the `pattern` of a field.
const part = '[A-Za-z0-9_][A-Za-z0-9_.\\-]*'
const rule = '1 to 255 letters, digits, "_", "." or "-"'
export const maxName = 255

/** The name of a secret as a part of a regular expression, without its length: folders, and what is in them. */
export const secretNameText = `${part}(?:/${part})*`
/** The rule for names of secrets, as a JSON-Schema pattern. How long they may be is `maxName`. */
export const secretNamePattern = `^${secretNameText}$`
export const secretNameRule = `${rule}, with "/" behind each folder; every part begins with a letter, a digit or "_"`

/** The rule for a folder: the parts of a name before its last one, with or without the "/" at its end. Of none, nothing. */
export const folderPattern = `^(?:${secretNameText}/?)?$`
export const folderRule = 'a folder such as "web/db/", or nothing for what is in none'

/** A folder as names begin with it. */
export function folderStart(folder: string): string {
  return folder === '' || folder.endsWith('/') ? folder : `${folder}/`
}

/** The rule for names without folders: of accounts and trust rules. */
const nameRule = `${rule}, beginning with a letter, a digit or "_"`

/** The rule for the label of an API key: something people read, on one line. */
export const labelPattern = '^[^\\s\\p{C}](?:[^\\p{C}]{0,126}[^\\s\\p{C}])?$'
export const labelRule = '1 to 128 characters on one line, without blanks at either end'

const name = new RegExp(`^${part}$`)
const secretName = new RegExp(secretNamePattern)
const label = new RegExp(labelPattern, 'u')

export function isName(text: string): boolean {
  return text.length <= maxName && name.test(text)
}

export function isSecretName(text: string): boolean {
  return text.length <= maxName && secretName.test(text)
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
export function checkSecretName(text: string, field: string): string {
  if (!isSecretName(text)) throw invalid(field, `Must be ${secretNameRule}.`)
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
