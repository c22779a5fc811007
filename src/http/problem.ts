/** What a thrown value looks like to the caller (RFC 9457). The only place that knows a code's status. */
import { STATUS_CODES } from 'node:http'
import type { FastifyError } from 'fastify'
import { codeOf } from '../error-code.ts'
import { type Code, type FieldFault, Refusal } from '../errors.ts'

/** A code without a status does not compile. */
export const statusOf: Record<Code, number> = {
  invalid: 400,
  unauthenticated: 401,
  invalid_credentials: 401,
  second_factor_required: 401,
  forbidden: 403,
  confirmation_required: 403,
  cross_site_request: 403,
  // As others answer whose customers keep the key: asking again, or another node, is of no use, and no fault of the server's.
  account_key_unavailable: 403,
  enrolment_required: 403,
  sso_required: 403,
  not_found: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  request_timeout: 408,
  name_taken: 409,
  last_owner: 409,
  not_empty: 409,
  place_gone: 409,
  stale_version: 412,
  too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  expectation_failed: 417,
  idempotency_mismatch: 422,
  weak_password: 422,
  unresolved_references: 422,
  unsafe_rendering: 422,
  rate_limited: 429,
  headers_too_large: 431,
  integrity_failure: 500,
  internal: 500,
  audit_unavailable: 503,
  outcome_unknown: 503,
  overloaded: 503,
  storage_full: 507,
  key_exhausted: 503,
  sealed: 503,
}

export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: Code
  /** Equal to `detail`: clients of the vendor's API read it. */
  readonly message: string
  readonly request_id: string
  readonly errors?: readonly FieldFault[]
}

export function problemOf(refusal: Refusal, requestId: string): Problem {
  const { code, message, fields } = refusal
  const status = statusOf[code]
  return {
    type: `urn:strongroom:problem:${code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    code,
    message,
    request_id: requestId,
    ...(status === 400 || fields.length > 0 ? { errors: fields } : {}),
  }
}

/** Headers that belong to a refusal. */
export function headersOf({ code, headers }: Refusal): Record<string, string> {
  if (code === 'unauthenticated') return { 'www-authenticate': 'Bearer realm="strongroom"', ...headers }
  return { ...(statusOf[code] === 503 ? { 'retry-after': '1' } : {}), ...headers }
}

/** The refusal that any thrown value means. A stranger is a bug: the caller reads nothing of it. */
export function toRefusal(thrown: unknown): Refusal {
  if (thrown instanceof Refusal) return thrown
  if (isFrameworkError(thrown)) return fromFramework(thrown)
  return new Refusal('internal', 'An internal error happened. The log has the request id.', { cause: thrown })
}

/** What does not lead to anything, whatever there is: a client that goes the wrong way, not something that is absent. */
export class NoSuchPath extends Refusal {
  constructor() {
    super('not_found', 'Nothing is at this path. See /docs for the API.')
  }
}

/** 405, saying what the path does take. */
export function methodNotAllowed(allowed: readonly string[]): Refusal {
  const allow = allowed.join(', ')
  return new Refusal('method_not_allowed', `This path takes ${allow} only.`, { headers: { allow } })
}

/** Fastify's own refusals, by their documented codes. */
function fromFramework(error: FastifyError): Refusal {
  if (error.validation !== undefined) return fromValidation(error)
  switch (error.code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
    case 'FST_ERR_CTP_INVALID_TYPE':
      return new Refusal(
        'unsupported_media_type',
        'Send the body as "Content-Type: application/json" in UTF-8, not compressed.',
      )
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new Refusal('too_large', 'The body is longer than any valid request.')
    case 'FST_ERR_MAX_PARAM_LENGTH':
    case 'FST_ERR_BAD_URL':
      return new NoSuchPath()
    default:
      return new Refusal('internal', 'An internal error happened. The log has the request id.', { cause: error })
  }
}

interface SchemaFault {
  readonly keyword: string
  readonly instancePath: string
  readonly params: Record<string, unknown>
  readonly parentSchema?: { readonly description?: string; readonly type?: string }
}

/** From the validator's report, without anything that was sent but the names of fields. */
function fromValidation(error: FastifyError): Refusal {
  const where = error.validationContext ?? 'request'
  const fields = withoutRepeats((error.validation ?? []).map((fault) => toFieldFault(fault as SchemaFault, where)))
  const [first] = fields
  return new Refusal('invalid', first === undefined ? 'The request is not valid.' : `${first.field}: ${first.detail}`, {
    fields,
  })
}

/** What breaks several rules of a field is told once: the words for them are the same. */
function withoutRepeats(fields: readonly FieldFault[]): FieldFault[] {
  return [...new Map(fields.map((one) => [JSON.stringify([one.field, one.detail]), one])).values()]
}

function toFieldFault({ keyword, instancePath, params, parentSchema }: SchemaFault, where: string): FieldFault {
  const path = instancePath.slice(1).replaceAll('/', '.')
  switch (keyword) {
    case 'required':
      return { field: String(params['missingProperty']), detail: 'Is required.' }
    case 'additionalProperties':
      return { field: printable(String(params['additionalProperty'])), detail: 'Is not known here. Leave it out.' }
    case 'type':
      // A query is of texts; what is of another type in it was given several times.
      if (where === 'querystring') return { field: path || where, detail: 'Must be given once.' }
      return { field: path || where, detail: `Must be of type ${String(params['type'])}.` }
    default:
      return { field: path || where, detail: `Must be ${parentSchema?.description ?? 'as the API description says'}.` }
  }
}

/** A field name that the caller made up, short and without control characters. */
function printable(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64)
}

function isFrameworkError(thrown: unknown): thrown is FastifyError {
  return codeOf(thrown)?.startsWith('FST_') === true
}
