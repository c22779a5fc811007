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
  const wanted = wholeNumberOf(cas)
  if (wanted === undefined) throw new VaultRefusal(400, 'error parsing check-and-set parameter')
  if (wanted < 0) throw mismatch()
  return wanted
}

/** What stands for a whole number in any form that the real server takes: null and an empty text are 0, and so on. */
export function wholeNumberOf(sent: unknown): number | undefined {
  if (sent === null || sent === '' || sent === false) return 0
  const text = typeof sent === 'string' ? sent : JSON.stringify(sent === true ? 1 : sent)
  const number = wholeNumber(text)
  return number === undefined ? undefined : Number(number)
}

const [least, most] = [-(2n ** 63n), 2n ** 63n - 1n]

/** As Go reads one in any base: `0x1f`, `0o17` or `017`, `0b11`, with `_` between digits. */
function wholeNumber(text: string): bigint | undefined {
  const [, sign, digits = ''] = /^([+-]?)(.{1,80})$/s.exec(text) ?? []
  if (!wholeForms.some((form) => form.test(digits))) return undefined
  const plain = digits.replaceAll('_', '')
  const size = BigInt(/^0[0-7]/.test(plain) ? `0o${plain}` : plain)
  const value = sign === '-' ? -size : size
  return value < least || value > most ? undefined : value
}

const wholeForms = [
  /^(0|[1-9](?:_?\d)*)$/,
  /^0(?:_?[0-7])+$/,
  /^0[xX](?:_?[\da-fA-F])+$/,
  /^0[oO](?:_?[0-7])+$/,
  /^0[bB](?:_?[01])+$/,
]

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
