/** The envelope of every answer of the Vault API, and what a refusal looks like in it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Refusal } from '../../errors.ts'
import { headersOf, NoSuchPath, statusOf, toRefusal } from '../problem.ts'

/** What a token was given for, in place of data. */
export type Auth = Readonly<Record<string, unknown>>

interface Envelope {
  readonly data?: unknown
  readonly auth?: Auth
  readonly warnings?: readonly string[]
}

/** A success: clients look for every field. */
export function answer(request: FastifyRequest, { data = null, auth, warnings = [] }: Envelope) {
  return {
    request_id: request.id,
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data,
    wrap_info: null,
    warnings: warnings.length === 0 ? null : warnings,
    auth: auth ?? null,
  }
}

/** A refusal whose words the clients know, and compare. */
export class VaultRefusal extends Refusal {
  readonly status: number
  readonly errors: readonly string[]

  constructor(status: number, ...errors: readonly string[]) {
    super(status === 404 ? 'not_found' : 'invalid', errors.join(' '))
    this.status = status
    this.errors = errors
  }
}

/** Nothing is there: no words, as the clients take it. */
export function absent(): VaultRefusal {
  return new VaultRefusal(404)
}

/** 404 with what is known of something whose value is gone, in the envelope of an answer, as the real server has it. */
export class VaultGone extends VaultRefusal {
  readonly body: object

  constructor(body: object) {
    super(404)
    this.body = body
  }
}

/** Another version is there than the one that a change was to be made upon. */
export function mismatch(): VaultRefusal {
  return new VaultRefusal(400, 'check-and-set parameter did not match the current version')
}

/** What does not lead to anything, whatever there is. */
export function noHandler(path: string): VaultRefusal {
  return new VaultRefusal(404, `no handler for route "${path}". route entry not found.`)
}

/** What nobody does at a path. */
function unsupported(): VaultRefusal {
  return new VaultRefusal(405, listed('unsupported operation'))
}

/** As the real server lists what went wrong. */
export function listed(text: string): string {
  return `1 error occurred:\n\t* ${text}\n\n`
}

export function answerVaultError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = toRefusal(error)
  const { status, errors } = clientsView(refusal, request)
  if (status >= 500) request.log.error({ requestId: request.id, code: refusal.code }, 'request failed')
  return reply
    .code(status)
    .headers(headersOf(refusal))
    .type('application/json')
    .serializer(JSON.stringify)
    .send(refusal instanceof VaultGone ? refusal.body : { errors })
}

function clientsView(
  refusal: Refusal,
  request: FastifyRequest,
): { readonly status: number; readonly errors: readonly string[] } {
  if (refusal instanceof VaultRefusal) return refusal
  if (refusal instanceof NoSuchPath) return noHandler(pathOf(request))
  const { code, message } = refusal
  switch (code) {
    case 'unauthenticated':
      return { status: 403, errors: ['permission denied'] }
    case 'forbidden':
      return { status: 403, errors: [listed('permission denied')] }
    case 'invalid_credentials':
      return { status: 400, errors: ['invalid role or token'] }
    case 'not_found':
      return { status: 404, errors: [] }
    case 'method_not_allowed':
      return isPlain(request) ? { status: 405, errors: [] } : unsupported()
    case 'stale_version':
    case 'name_taken':
      return mismatch()
    default:
      return { status: statusOf[code], errors: [message] }
  }
}

/** What the real server answers before there is an envelope. */
function isPlain(request: FastifyRequest): boolean {
  return /^sys\/(health|seal-status|init)$/.test(pathOf(request))
}

/** Below `/v1`, without what was asked of it; as it came. */
export function pathOf({ raw }: FastifyRequest): string {
  return (raw.url ?? '').replace(/^\/v1\//, '').replace(/\?.*$/s, '')
}
