/** The request headers that make a change conditional or repeatable: `If-Match`, `If-None-Match` and `Idempotency-Key`. */
import type { IncomingHttpHeaders } from 'node:http'
import { invalid } from '../errors.ts'
import { metadataTag, type Secret } from '../model/secret.ts'
import type { Known, Match, MetadataMatch } from '../store/operation.ts'

const maxTags = 32

/** A secret's version as an entity tag. */
export function etagOf(version: number): string {
  return `"${version}"`
}

/** What is known of a secret as an entity tag, which is none of its value. */
export function metadataEtagOf(secret: Secret): string {
  return `"${metadataTag(secret)}"`
}

/**
 * Reads `If-Match` (RFC 9110, section 13.1.1). A weak tag, or one that no version of ours has, matches nothing.
 *
 * @throws Refusal `invalid` when it is malformed
 */
export function matchOf(headers: IncomingHttpHeaders): Match | undefined {
  const tags = tagsOf(headers)
  if (tags === undefined || tags === '*') return tags
  return tags.flatMap((tag) => {
    const version = /^"([1-9][0-9]{0,14})"$/.exec(tag)?.[1]
    return version === undefined ? [] : [Number(version)]
  })
}

/**
 * The same for what is known of a secret: here a version matches nothing.
 *
 * @throws Refusal `invalid` when it is malformed
 */
export function metadataMatchOf(headers: IncomingHttpHeaders): MetadataMatch | undefined {
  const tags = tagsOf(headers)
  if (tags === undefined || tags === '*') return tags
  return tags.flatMap((tag) => (tag.startsWith('"') ? [tag.slice(1, -1)] : []))
}

function tagsOf(
  headers: IncomingHttpHeaders,
  name: 'If-Match' | 'If-None-Match' = 'If-Match',
): readonly string[] | '*' | undefined {
  const text = headers[name === 'If-Match' ? 'if-match' : 'if-none-match']?.trim()
  if (text === undefined) return undefined
  if (text === '*') return '*'
  const tags = text.split(',').map((tag) => tag.trim())
  if (tags.length > maxTags || !tags.every((tag) => /^(W\/)?"[\x21\x23-\x7e]*"$/.test(tag))) {
    throw invalid(name, 'Must be * or entity tags in double quotes, as the ETag header of an answer has them.')
  }
  return tags
}

/**
 * Reads `If-None-Match` of a read (RFC 9110, section 13.1.2): versions that the caller has, `"3"`, or with the id of the secret,
 * `"3.17"`, where a name may lead to another one. Weak tags are as good as strong ones; what is no tag of ours matches nothing.
 *
 * @throws Refusal `invalid` when it is malformed
 */
export function knownOf(headers: IncomingHttpHeaders): Known | undefined {
  const tags = tagsOf(headers, 'If-None-Match')
  if (tags === undefined || tags === '*') return tags
  return tags.flatMap((tag) => {
    const [, version, id] = /^(?:W\/)?"([1-9][0-9]{0,14})(?:\.([1-9][0-9]{0,14}))?"$/.exec(tag) ?? []
    if (version === undefined) return []
    return [{ version: Number(version), ...(id === undefined ? {} : { id: Number(id) }) }]
  })
}

/**
 * Whether something must not be there yet (RFC 9110, section 13.1.2).
 *
 * @throws Refusal `invalid` for anything but `*`
 */
export function isNewOnly(headers: IncomingHttpHeaders): boolean {
  const text = headers['if-none-match']?.trim()
  if (text === undefined || text === '*') return text === '*'
  throw invalid('If-None-Match', 'Must be *: what is there already is left as it is.')
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
