/** The shape of every answer of the Secret Lists API, and what a refusal looks like in it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type FieldFault, Refusal } from '../../errors.ts'
import { headersOf, NoSuchPath, statusOf, toRefusal } from '../problem.ts'

export type Fields = Readonly<Record<string, readonly string[]>>

export function success<Data>(data: Data) {
  return { result: 'success', message: null, code: 200, data } as const
}

/** What of a request is at fault, under the names that the clients know. */
const fieldNames: Record<string, string> = { value: 'secret_value' }

/** Names of secrets are words of somebody, which clients may take for something else: they are left out. */
const unresolved =
  'This value is a template that refers to what is absent, may not be read, leads back to itself or does not fit. Read it over /v3 to see where.'

function messageOf({ code, message }: Refusal): string {
  return code === 'unresolved_references' || code === 'unsafe_rendering' ? unresolved : message
}

/** Together with the status, what every client takes for absence. */
const absentList: Fields = { secret_list_id: ['The secret list id must be a valid secret list.'] }
const absentValue: Fields = { secret_list_value_id: ['The secret list value id must be a valid secret list value.'] }

/** 422 that names its fields: without any, the Go client takes it for success. */
export class Unprocessable extends Refusal {
  readonly byField: Fields

  constructor(byField: Fields) {
    super('invalid', Object.values(byField).flat().join(' '))
    this.byField = byField
  }
}

/**
 * @param nameField what the request calls a name: that of a list, or the key of a value
 * @param answer writes the answer's log line, as for every other API
 */
export function answerInEnvelope(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  nameField: string,
): FastifyReply {
  const refusal = toRefusal(error)
  const { code, fields } = clientsView(refusal, nameField)
  if (code >= 500) request.log.error({ requestId: request.id, code: refusal.code }, 'request failed')
  return reply
    .code(code)
    .headers(headersOf(refusal))
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send({
      result: 'error',
      message: messageOf(refusal),
      code,
      data: null,
      ...(fields === undefined ? {} : { fields }),
    })
}

function clientsView(refusal: Refusal, nameField: string): { code: number; fields?: Fields } {
  if (refusal instanceof Unprocessable) return { code: 422, fields: refusal.byField }
  // To most clients 404 alone means that the value is gone, which they then make anew or forget.
  if (refusal instanceof NoSuchPath) return { code: 400 }
  const { code, message, fields } = refusal
  switch (code) {
    case 'not_found':
      return { code: 404, fields: fields.some(({ field }) => field === 'list') ? absentList : absentValue }
    case 'idempotency_mismatch':
      return { code: 422, fields: { idempotency_key: [message] } }
    case 'name_taken':
      return { code: 422, fields: { [nameField]: [message] } }
    case 'unresolved_references':
    case 'unsafe_rendering':
      return { code: 422, fields: { secret_value: [unresolved] } }
    case 'invalid':
    case 'too_large':
      if (fields.length === 0 && code === 'too_large') return { code: 413 }
      return { code: 422, fields: byName(fields, message, nameField) }
    default:
      return { code: statusOf[code] }
  }
}

function byName(fields: readonly FieldFault[], message: string, nameField: string): Fields {
  const named = fields.map(({ field, detail }) => [
    field === 'name' ? nameField : (fieldNames[field] ?? field),
    [detail],
  ])
  return named.length === 0 ? { request: [message] } : Object.fromEntries(named)
}
