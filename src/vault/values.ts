/** What may be stored as a value, and what may be said of it: limits, encodings, and the rules of the details. */
import { isUtf8 } from 'node:buffer'
import { invalid, Refusal } from '../errors.ts'
import { type Details, isDescription, isTag, maxDescription, maxTags } from '../model/secret.ts'
import { parseText } from '../render/text.ts'
import type { Vault } from './vault.ts'

/** A value as a request carries it. Without an encoding: base64 for a file, and text as it is. */
export type Value = { readonly text: string; readonly encoding?: Encoding | undefined } | { readonly bytes: Buffer }

export type Encoding = 'utf-8' | 'base64'

export type Limits = Pick<Vault, 'maxValueBytes' | 'maxFileBytes'>

const maxFilename = 255

/**
 * The bytes to seal, to be wiped after use.
 *
 * @throws Refusal `invalid`, `too_large`
 */
export function decodeValue(limits: Limits, value: Value, type: Details['type']): Buffer {
  // What was sent is kept: it is sealed again where another change came first.
  const bytes = 'bytes' in value ? Buffer.from(value.bytes) : decode(value.text, value.encoding ?? encodingOf(type))
  if (type !== 'file' && !('text' in value && value.encoding !== 'base64') && !isUtf8(bytes)) {
    throw invalid('value', 'Must be UTF-8: this secret is a text. Other bytes need a secret of type "file".')
  }
  const [max, what] = type === 'file' ? [limits.maxFileBytes, ''] : [limits.maxValueBytes, ' of UTF-8']
  if (bytes.length > max) {
    const detail = `Must be at most ${max} bytes${what}.`
    throw new Refusal('too_large', `value: ${detail}`, { fields: [{ field: 'value', detail }] })
  }
  // One that could never be resolved is not kept.
  if (type === 'template') parseText(bytes.toString(), 'value')
  return bytes
}

/** How a value travels in JSON. */
export function encodingOf(type: Details['type']): Encoding {
  return type === 'file' ? 'base64' : 'utf-8'
}

function decode(text: string, encoding: Encoding): Buffer {
  if (encoding === 'utf-8') {
    if (!text.isWellFormed()) throw invalid('value', 'Must be well-formed Unicode text.')
    return Buffer.from(text)
  }
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw invalid('value', 'Must be base64 with its padding, on one line.')
  return bytes
}

/** @throws Refusal `invalid` naming the field */
export function checkDetails(details: Details): Details {
  const { type, filename, description, tags, expiresAt } = details
  if (filename !== null && type !== 'file') throw invalid('filename', 'Only a secret of type "file" has one.')
  if (filename !== null && !isFilename(filename)) {
    throw invalid('filename', `Must be 1 to ${maxFilename} characters, without "/", "\\" or control characters.`)
  }
  if (!isDescription(description)) {
    throw invalid('description', `Must be at most ${maxDescription} characters of text.`)
  }
  if (tags.length > maxTags || !tags.every(isTag)) {
    throw invalid('tags', `Must be at most ${maxTags}, each of 1 to 64 letters, digits or any of "_.:/=-".`)
  }
  if (expiresAt !== null && !(expiresAt > 0)) throw invalid('expires_at', 'Must be a time after 1970.')
  return { type, filename, description, tags: [...new Set(tags)].sort(), expiresAt }
}

function isFilename(text: string): boolean {
  return text.length <= maxFilename && /^[^\p{C}/\\]+$/u.test(text) && text !== '.' && text !== '..'
}
