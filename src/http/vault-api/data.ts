/** A secret's value as Vault's clients have it, and what their requests say of one. */
import type { Secret } from '../../model/secret.ts'
import { type Data, dataField, isMap, mapOf } from '../../vault-map.ts'
import { VaultRefusal } from './answers.ts'

/** A value of any secret as a map. @param value UTF-8, or the bytes of a file, which become base64 */
export function dataOf({ type }: Pick<Secret, 'type'>, value: Buffer): Data {
  if (type === 'file') return { [dataField]: value.toString('base64') }
  const text = value.toString('utf8')
  return mapOf(text) ?? { [dataField]: text }
}

/** The data of a request's body. @throws VaultRefusal in the words of the real server */
export function sentData(body: unknown): Data {
  const data = isMap(body) ? body['data'] : undefined
  if (data === undefined || data === null) throw new VaultRefusal(400, 'no data provided')
  if (!isMap(data)) throw invalidField('data', 'expected a map')
  return data
}

/** A field of the wrong type, in the words of the real server. */
export function invalidField(name: string, why: string): VaultRefusal {
  return new VaultRefusal(400, `Field validation failed: error converting input for field "${name}": ${why}`)
}

/** `options.cas` of a body: the version that must be there, 0 where none may be. */
export function casOf(body: unknown): number | undefined {
  const options = isMap(body) ? (body['options'] ?? {}) : {}
  if (!isMap(options)) throw invalidField('options', 'expected a map')
  const sent = options['cas']
  if (sent === undefined) return undefined
  if (sent === null) return 0
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
