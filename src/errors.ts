/** Every way Strongroom refuses, as one class with a closed set of codes. */

/** Clients and dashboards switch on these: add, never rename. */
export type Code =
  | 'invalid'
  | 'unauthenticated'
  | 'invalid_credentials'
  | 'second_factor_required'
  | 'forbidden'
  | 'confirmation_required'
  | 'cross_site_request'
  | 'enrolment_required'
  | 'sso_required'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'request_timeout'
  | 'name_taken'
  | 'last_owner'
  | 'not_empty'
  | 'place_gone'
  | 'stale_version'
  | 'too_large'
  | 'uri_too_long'
  | 'expectation_failed'
  | 'unsupported_media_type'
  | 'idempotency_mismatch'
  | 'weak_password'
  | 'unresolved_references'
  | 'unsafe_rendering'
  | 'rate_limited'
  | 'headers_too_large'
  | 'integrity_failure'
  | 'internal'
  | 'audit_unavailable'
  | 'outcome_unknown'
  | 'overloaded'
  | 'storage_full'
  | 'key_exhausted'
  | 'sealed'
  | 'account_key_unavailable'

/** One faulty field of a request, as the caller sees it. Never holds the value that was sent. */
export interface FieldFault extends Partial<Position> {
  readonly field: string
  readonly detail: string
  /** The secret that a template refers to. */
  readonly name?: string
}

/** Where in a template, counted from 1; the column in UTF-16 units, as editors count. */
export interface Position {
  readonly line: number
  readonly column: number
  /** Which part of a multipart document; the line is then one of that part's decoded text. */
  readonly part?: number
}

export interface RefusalOptions extends ErrorOptions {
  readonly fields?: readonly FieldFault[]
  /** Headers that belong to this refusal, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A refusal the caller may read. Anything else that is thrown is a bug: 500, text only in the log. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: Code
  readonly fields: readonly FieldFault[]
  readonly headers: Readonly<Record<string, string>>

  constructor(code: Code, message: string, options: RefusalOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.fields = options.fields ?? []
    this.headers = options.headers ?? {}
  }
}

/** Refuses one field of a request: 400 with the field named. */
export function invalid(field: string, detail: string): Refusal {
  return new Refusal('invalid', `${field}: ${detail}`, { fields: [{ field, detail }] })
}

/** Closes a `switch` over a union: a new member does not compile until it is handled. */
export function unreachable(value: never): never {
  throw new Error(`Unhandled kind: ${JSON.stringify((value as { kind?: unknown })?.kind)}`)
}
