/** Every way in which a request fails, as classes to catch and codes to switch on. */

/** The server's codes. They are added, never renamed: expect others from a newer server. */
export const serverCodes = [
  'invalid',
  'unauthenticated',
  'weak_password',
  'unresolved_references',
  'unsafe_rendering',
  'invalid_credentials',
  'second_factor_required',
  'forbidden',
  'confirmation_required',
  'cross_site_request',
  'enrolment_required',
  'sso_required',
  'not_empty',
  'place_gone',
  'not_found',
  'method_not_allowed',
  'not_acceptable',
  'request_timeout',
  'name_taken',
  'last_owner',
  'stale_version',
  'too_large',
  'uri_too_long',
  'unsupported_media_type',
  'expectation_failed',
  'idempotency_mismatch',
  'rate_limited',
  'headers_too_large',
  'integrity_failure',
  'internal',
  'audit_unavailable',
  'outcome_unknown',
  'overloaded',
  'storage_full',
  'key_exhausted',
  'sealed',
  'account_key_unavailable',
] as const

/** Given by the client, where the server gave no answer of its own. */
export const clientCodes = [
  'unreachable',
  'timed_out',
  'unavailable',
  'unexpected_answer',
  'already_made',
  'signed_out',
] as const

export type Code = (typeof serverCodes)[number] | (typeof clientCodes)[number]

/** One faulty field of a request. */
export interface FieldFault {
  readonly field: string
  readonly detail: string
}

/** What is known of a request that failed. */
export interface Failure {
  readonly message: string
  readonly code: string
  readonly status?: number | undefined
  readonly requestId?: string | undefined
  readonly errors?: readonly FieldFault[]
  readonly retryAfterMs?: number | undefined
  /** Of what an earlier request made. */
  readonly id?: number | undefined
}

/** A request that failed. It holds neither the API key nor a value, so it may be logged. */
export class StrongroomError extends Error {
  override readonly name: string = 'StrongroomError'
  /** Of HTTP; `undefined` when there was no answer. */
  readonly status: number | undefined
  /** One of `Code`, or one that a newer server has. */
  readonly code: Code | (string & {})
  /** Names the request in the server's log and in the audit trail. */
  readonly requestId: string | undefined
  /** Each faulty field, if the request was `invalid`. */
  readonly errors: readonly FieldFault[]
  /** How long the server asks to wait. */
  readonly retryAfterMs: number | undefined
  /** Whether a change may have been made all the same: read to find out. Never set for a read. */
  readonly mayHaveActed: boolean

  constructor(failure: Failure, mayHaveActed = false) {
    super(failure.message)
    this.status = failure.status
    this.code = failure.code
    this.requestId = failure.requestId
    this.errors = failure.errors ?? []
    this.retryAfterMs = failure.retryAfterMs
    this.mayHaveActed = mayHaveActed
  }
}

/** 400, 413: the request is at fault, and `errors` says where. */
export class Invalid extends StrongroomError {
  override readonly name = 'Invalid'
}

/** 401: no API key, or one that is unknown, expired, revoked or used from outside its networks. */
export class Unauthorized extends StrongroomError {
  override readonly name = 'Unauthorized'
}

/** Of `TradedKeys`: the server has refused the tokens of this job for too long, so that they are not tried any more. */
export class SignedOut extends StrongroomError {
  override readonly name = 'SignedOut'
}

/** 403: the API key lacks the scope. */
export class Forbidden extends StrongroomError {
  override readonly name = 'Forbidden'
}

/** 404: nothing there, or nothing that this API key may know of. */
export class NotFound extends StrongroomError {
  override readonly name = 'NotFound'
}

/** 409, 412, 422: the name is taken, the version is stale, or the idempotency key was used for something else. */
export class Conflict extends StrongroomError {
  override readonly name = 'Conflict'
}

/** 429: too many requests, even after waiting. */
export class RateLimited extends StrongroomError {
  override readonly name = 'RateLimited'
}

/** 408, 502, 503, 504, 507: the server cannot do it now. */
export class Unavailable extends StrongroomError {
  override readonly name = 'Unavailable'
}

/** 500: a fault of the server. `integrity_failure`: what is stored was not used. Tell the operator. */
export class ServerFault extends StrongroomError {
  override readonly name = 'ServerFault'
}

/** No answer: the connection failed. */
export class Unreachable extends StrongroomError {
  override readonly name: string = 'Unreachable'
}

/** No answer in time. */
export class TimedOut extends Unreachable {
  override readonly name = 'TimedOut'
}

/** An answer that is not Strongroom's: the URL is wrong, or something in between answered. */
export class UnexpectedAnswer extends StrongroomError {
  override readonly name = 'UnexpectedAnswer'
}

/**
 * An earlier request under the same `Idempotency-Key` made it, or an earlier try of this one whose answer was lost: what
 * was given out then is not given out again. The message says how to get one that can be used.
 */
export class AlreadyMade extends StrongroomError {
  override readonly name = 'AlreadyMade'
  /** Of what was made. */
  readonly id: number

  constructor(failure: Failure) {
    super(failure, true)
    this.id = failure.id ?? 0
  }
}

type ErrorClass = new (failure: Failure, mayHaveActed: boolean) => StrongroomError

const byClientCode: Readonly<Record<string, ErrorClass>> = {
  unreachable: Unreachable,
  timed_out: TimedOut,
  unexpected_answer: UnexpectedAnswer,
  already_made: AlreadyMade,
}

const byStatus: Readonly<Record<number, ErrorClass>> = {
  400: Invalid,
  401: Unauthorized,
  403: Forbidden,
  404: NotFound,
  408: Unavailable,
  409: Conflict,
  412: Conflict,
  413: Invalid,
  422: Conflict,
  429: RateLimited,
  500: ServerFault,
  502: Unavailable,
  503: Unavailable,
  504: Unavailable,
  507: Unavailable,
}

/** The error of the class that fits. */
export function errorOf(failure: Failure, mayHaveActed: boolean): StrongroomError {
  const ErrorClass = byClientCode[failure.code] ?? byStatus[failure.status ?? 0] ?? StrongroomError
  return new ErrorClass(failure, mayHaveActed)
}
