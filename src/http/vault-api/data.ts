/** A secret's value as Vault's clients have it, and what their requests say of one. */
import type { Secret } from '../../model/secret.ts'
import { type Data, dataField, isMap, mapOf } from '../../vault-map.ts'
import { mismatch, VaultRefusal } from './answers.ts'

/** A value of any secret as a map. @param value UTF-8, or the bytes of a file, which become base64 */
export function dataOf({ type }: Pick<Secret, 'type'>, value: Buffer): Data {
  if (type === 'file') return { [dataField]: value.toString('base64') }
  const text = value.toString('utf8')
  return mapOf(text) ?? { [dataField]: text }
}

/** What a request says beside its path. */
interface Sent {
  readonly method: string
  readonly body: unknown
}

/** The data of a request's body. @throws VaultRefusal in the words of the real server */
export function sentData(sent: Sent): Data {
  const data = mapField(sent, 'data')
  if (data === undefined) throw new VaultRefusal(400, 'no data provided')
  return data
}

/**
 * A field that is a map, as the real server takes one: null is an empty one, and maps in a list are one. Whether something is there,
 * it looks before it stores, and is short then of what it cannot read.
 *
 * @throws VaultRefusal
 */
export function mapField({ method, body }: Sent, name: string): Data | undefined {
  const sent = isMap(body) ? body[name] : undefined
  if (sent === undefined || isMap(sent)) return sent
  const list: readonly unknown[] = Array.isArray(sent) ? sent : [sent]
  const maps = list.map((one) => one ?? {})
  if (maps.every(isMap)) return Object.fromEntries(maps.flatMap((one) => Object.entries(one)))
  const said = wrongType(name, 'expected a map')
  throw method === 'PATCH' ? failed(said) : new VaultRefusal(400, said)
}

/** A field of the wrong type, in the words of the real server. */
export function invalidField(name: string, why: string): VaultRefusal {
  return failed(wrongType(name, why))
}

const wrongType = (name: string, why: string) => `error converting input for field "${name}": ${why}`
const failed = (said: string) => new VaultRefusal(400, `Field validation failed: ${said}`)

/** `options.cas` of a body: the version that must be there, 0 where none may be. */
export function casOf(sent: Sent): number | undefined {
  const cas = mapField(sent, 'options')?.['cas']
  if (cas === undefined) return undefined
  if (cas === null || cas === '' || cas === false) return 0
  const text = typeof cas === 'string' ? cas : JSON.stringify(cas === true ? 1 : cas)
  if (!/^[+-]?(0|[1-9]\d{0,17})$/.test(text)) throw new VaultRefusal(400, 'error parsing check-and-set parameter')
  if (Number(text) < 0) throw mismatch()
  return Number(text)
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
