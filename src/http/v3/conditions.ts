/** The request headers that make a change conditional or repeatable: `If-Match` and `Idempotency-Key`. */
import type { IncomingHttpHeaders } from 'node:http'
import { invalid } from '../../errors.ts'
import type { Match } from '../../store/operation.ts'

const maxTags = 32

/** A secret's version as an entity tag. */
export function etagOf(version: number): string {
  return `"${version}"`
}

/**
 * Reads `If-Match` (RFC 9110, section 13.1.1). A weak tag, or one that no version of ours has, matches nothing.
 *
 * @throws Refusal `invalid` when it is malformed
 */
export function matchOf(headers: IncomingHttpHeaders): Match | undefined {
  const text = headers['if-match']?.trim()
  if (text === undefined) return undefined
  if (text === '*') return '*'
  const tags = text.split(',').map((tag) => tag.trim())
  if (tags.length > maxTags || !tags.every((tag) => /^(W\/)?"[\x21\x23-\x7e]*"$/.test(tag))) {
    throw invalid('If-Match', 'Must be * or entity tags in double quotes, as the ETag header of an answer has them.')
  }
  return tags.flatMap((tag) => {
    const version = /^"([1-9][0-9]{0,14})"$/.exec(tag)?.[1]
    return version === undefined ? [] : [Number(version)]
  })
}

/** @throws Refusal `invalid` when it is malformed */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw invalid('Idempotency-Key', 'Must be 1 to 255 printable ASCII characters without blanks.')
  }
  return key
}
