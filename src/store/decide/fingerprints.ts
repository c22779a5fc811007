/** What happens to fingerprints: made by whoever may scan, and recorded before they are handed out. */
import type { AuditObject } from '../../audit/record.ts'
import { allowsName, allowsSome, formatScope, type Scope } from '../../model/scope.ts'
import type { Op, Outcome } from '../operation.ts'
import { type Call, done, forbid } from './work.ts'

const right = 'secrets:scan'

export function listFingerprints(call: Call): Outcome<'list_fingerprints'> {
  if (!allowsSome(call.scopes, right)) return forbid(call, null, right)
  // Nothing is handed out yet; what is, is recorded.
  return { kind: 'done', result: { accountId: call.account.id, scopes: call.scopes } }
}

/** One record for all of them: how many there were, and a hash of which. */
export function handOutFingerprints(
  call: Call,
  { names, scopes, versions, hash }: Op<'hand_out_fingerprints'>,
): Outcome<'hand_out_fingerprints'> {
  const name = `${versions} values of ${names.length} secrets`
  const object: AuditObject = { kind: 'fingerprints', id: null, uid: null, name, version: null, hash }
  if (!allowsSome(call.scopes, right)) return forbid(call, object, right)
  // A user's role may have been narrowed since they were made. There may be very many names, all others wait meanwhile,
  // and nearly always nothing has changed.
  const isAsBefore = textOf(scopes) === textOf(call.scopes)
  if (!isAsBefore && !names.every((one) => allowsName(call.scopes, right, one))) return forbid(call, object, right)
  return done(call, object, null)
}

function textOf(scopes: readonly Scope[]): string {
  return scopes.map(formatScope).join(' ')
}
