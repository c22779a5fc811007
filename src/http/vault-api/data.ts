/** A secret's value as Vault's clients have it, a map of names to JSON, and as it is stored: a text. */
import { exactNumbers } from '../../json.ts'
import type { Secret } from '../../model/secret.ts'
import { VaultRefusal } from './answers.ts'

export type Data = Readonly<Record<string, unknown>>

/** The one field of what is no map. */
const field = 'value'

/** A value of any secret as a map. @param value UTF-8, or the bytes of a file, which become base64 */
export function dataOf({ type }: Pick<Secret, 'type'>, value: Buffer): Data {
  if (type === 'file') return { [field]: value.toString('base64') }
  const text = value.toString('utf8')
  return mapOf(text) ?? { [field]: text }
}

/** A map as it is stored. A text that would be read as another map than it was in goes in its map. */
export function textOf(data: Data): string {
  const [only, ...others] = Object.entries(data)
  const text = others.length === 0 && only?.[0] === field ? only[1] : undefined
  const isPlain = typeof text === 'string' && text !== '' && mapOf(text) === undefined
  return isPlain ? text : JSON.stringify(data)
}

/** The data of a request's body. @throws VaultRefusal in the words of the real server */
export function sentData(body: unknown): Data {
  const data = isMap(body) ? body['data'] : undefined
  if (data === undefined || data === null) throw new VaultRefusal(400, 'no data provided')
  if (!isMap(data))
    throw new VaultRefusal(400, 'Field validation failed: error converting input for field "data": expected a map')
  return data
}

/** `options.cas` of a body: the version that must be there, 0 where none may be. */
export function casOf(body: unknown): number | undefined {
  const options = isMap(body) ? body['options'] : undefined
  const sent = isMap(options) ? options['cas'] : undefined
  if (sent === undefined || sent === null) return undefined
  const cas = Number(typeof sent === 'string' ? sent : JSON.stringify(sent))
  if (!Number.isSafeInteger(cas) || cas < 0) throw new VaultRefusal(400, 'error parsing check-and-set parameter')
  return cas
}

/** A merge patch (RFC 7396). */
export function merged(into: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch
  const result = new Map(Object.entries(isMap(into) ? into : {}))
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) result.delete(name)
    else result.set(name, merged(result.get(name), change))
  }
  return Object.fromEntries(result)
}

export function isMap(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value)
}

function mapOf(text: string): Data | undefined {
  if (!/^\s*\{/.test(text)) return undefined
  try {
    const read: unknown = JSON.parse(text, exactNumbers)
    return isMap(read) ? read : undefined
  } catch {
    return undefined
  }
}
