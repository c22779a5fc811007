/** What a request of the Secret Lists API names and carries: lists and values by id or name, and the fields of a form. */
import type { FastifyRequest } from 'fastify'
import { isLabel, isSecretName, parseId } from '../../model/name.ts'
import type { IdOrName } from '../../store/operation.ts'
import { Unprocessable } from './envelope.ts'

interface ListParams {
  readonly list: string
}

interface ValueParams extends ListParams {
  readonly value: string
}

/** The fields of a form or of a JSON object that are given. */
export function textsOf<Name extends string>(
  request: Pick<FastifyRequest, 'body'>,
  ...names: Name[]
): Partial<Record<Name, string>> {
  const { body } = request
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body))
    throw new Unprocessable({ body: ['Must be an object of fields.'] })
  const given = names.flatMap((name) => {
    const value = (body as Record<string, unknown>)[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const wrong = given.filter(([, value]) => typeof value !== 'string')
  if (wrong.length > 0) {
    throw new Unprocessable(Object.fromEntries(wrong.map(([name]) => [name, ['Must be a text, given once.']])))
  }
  return Object.fromEntries(given) as Partial<Record<Name, string>>
}

export function required(text: string | undefined, field: string): string {
  if (text === undefined) throw new Unprocessable({ [field]: ['Is required.'] })
  return text
}

/** All digits are an id, anything else is an exact name. What can be neither is the id of nothing. */
export function listOf({ list }: ListParams): IdOrName {
  if (/^\d+$/.test(list)) return parseId(list) ?? 0
  return isLabel(list) ? list : 0
}

export function placeOf(params: ValueParams): { id: IdOrName; list: IdOrName } {
  const { value } = params
  if (/^\d+$/.test(value)) return { id: parseId(value) ?? 0, list: listOf(params) }
  return { id: isSecretName(value) ? value : 0, list: listOf(params) }
}
