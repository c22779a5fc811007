/** What is said of an error, and the exit code that it ends the command with. */
import {
  AlreadyMade,
  Conflict,
  Forbidden,
  NotFound,
  RateLimited,
  SignedOut,
  StrongroomError,
  Unauthorized,
  Unavailable,
  UnexpectedAnswer,
  Unreachable,
} from '../client/errors.ts'
import { codeOf } from '../error-code.ts'
import { type Code, Refusal } from '../errors.ts'
import { complain, exitCodes, Fault, tell } from './output.ts'
import { ofSystem } from './system.ts'

/**
 * Says what went wrong, in words for the person who typed the command.
 *
 * @returns the exit code
 */
export function fail(error: unknown): number {
  if (isOfCommander(error)) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
  if (error instanceof Error && 'faults' in error && Array.isArray(error.faults)) {
    for (const fault of error.faults) complain(String(fault))
    return exitCodes.usage
  }
  if (error instanceof Fault) {
    complain(error.message)
    if (error.usage !== undefined) tell(error.usage)
    return exitCodes[error.kind]
  }
  if (error instanceof StrongroomError) return failOfServer(error)
  if (error instanceof Refusal) {
    complain(error.message)
    const { cause } = error
    if (cause instanceof Error && !error.message.includes(cause.message)) complain(`  because: ${cause.message}`)
    // Other refusals of that code are of the state that things are in.
    if (error.code === 'invalid' && error.fields.length > 0) return exitCodes.usage
    return exitCodes[refusalKinds[error.code] ?? 'failure']
  }
  complain(ofSystem(error) ?? (error instanceof Error ? `${error.name}: ${error.message}` : 'an unknown error'))
  return exitCodes.failure
}

/** It has said what is wrong already. */
function isOfCommander(error: unknown): error is Error & { readonly exitCode: number } {
  return error instanceof Error && 'exitCode' in error && codeOf(error)?.startsWith('commander.') === true
}

/** Of what a command on the host is refused. */
const refusalKinds: Partial<Record<Code, keyof typeof exitCodes>> = {
  not_found: 'notFound',
  unauthenticated: 'denied',
  forbidden: 'denied',
  name_taken: 'conflict',
  stale_version: 'conflict',
  // The database is away, or does not take the record.
  audit_unavailable: 'unreachable',
  overloaded: 'unreachable',
}

/** In the place of those of the server, which speak of HTTP. */
const texts: Readonly<Record<string, string>> = {
  unauthenticated: 'The server does not take this API key: unknown, expired, revoked, or not to be used from here.',
  stale_version: 'The secret is at another version than the one that this was to change. Nothing was done.',
}

function failOfServer(error: StrongroomError): number {
  const { code, errors, requestId, mayHaveActed } = error
  const message = texts[code] ?? error.message
  const faults = errors.map(({ field, detail }) => `${field}: ${detail}`)
  const [only = '', another] = faults
  // The message may be that of the only fault: cut off, or without the field.
  const isSame = another === undefined && only.includes(message)
  complain(isSame ? only : message)
  for (const { field, detail } of isSame ? [] : errors) {
    if (!message.includes(detail)) complain(`  ${field}: ${detail}`)
  }
  const hint = hintOf(error)
  if (hint !== undefined) complain(`  ${hint}`)
  // That one was, for certain.
  if (mayHaveActed && !(error instanceof AlreadyMade))
    complain('  It may have been carried out all the same: look before you repeat it.')
  if (code === 'internal' || code === 'integrity_failure') complain(`  Its log tells more of request ${requestId}.`)
  return exitCodes[kindOf(error)]
}

function kindOf(error: StrongroomError): keyof typeof exitCodes {
  if (error instanceof NotFound || error.code === 'unresolved_references') return 'notFound'
  if (error instanceof Unauthorized || error instanceof Forbidden || error instanceof SignedOut) return 'denied'
  if (error instanceof Conflict) return 'conflict'
  if (error.code === 'invalid') return 'usage'
  const isAway = [Unreachable, Unavailable, RateLimited, UnexpectedAnswer].some((kind) => error instanceof kind)
  return isAway ? 'unreachable' : 'failure'
}

function hintOf(error: StrongroomError): string | undefined {
  if (error.code === 'invalid_credentials' || error instanceof SignedOut) {
    return 'Is there a trust rule for this job ("strongroom trust list")? A token is for one audience, and mostly good once.'
  }
  if (error instanceof Unauthorized) return 'Store another key with "strongroom login", or set STRONGROOM_API_KEY.'
  if (error.code === 'account_key_unavailable') {
    return 'An owner finds out why with "strongroom settings customer-key". Names, keys and the audit log can be read meanwhile.'
  }
  if (error instanceof Forbidden) return 'Ask for a key with the scope that is missing.'
  if (error instanceof UnexpectedAnswer) return '"strongroom status" shows which server is asked.'
  if (error instanceof Unreachable && /alert certificate required/.test(error.message)) {
    return 'It asks for a client certificate: set STRONGROOM_CLIENT_CERT and STRONGROOM_CLIENT_KEY.'
  }
  if (error instanceof Unreachable && /wrong version number|packet length too long/.test(error.message)) {
    return 'Nothing speaks TLS there: does the URL begin with http:// and not https://?'
  }
  if (error instanceof Unreachable && /Parse Error/.test(error.message)) {
    return 'What answers there does not speak HTTP: does the URL begin with https:// and not http://, and is the port right?'
  }
  if (error instanceof Unreachable) return 'Is the server running? "strongroom status" shows which one is asked.'
  if (error.code === 'too_large' && error.errors.length === 0) {
    return 'A value may have 65,536 bytes, unless the server is set to another length (STRONGROOM_MAX_VALUE_BYTES).'
  }
  if (error.code === 'stale_version') return 'Look at what is there now ("strongroom secrets diff"), then try again.'
  if (error instanceof RateLimited || error instanceof Unavailable) return 'Try again later.'
  return undefined
}
