/** Fingerprints of values: made by whoever may scan, and recorded before they are handed out. */
import type { AuditObject } from '../../audit/record.ts'
import { allowsName, formatScope, type Scope } from '../../model/scope.ts'
import { done, forbid, type Listing, listingOf } from '../decide/work.ts'
import { defineOperation, overSome } from './define.ts'
import { type Inherited, inheritedBy } from './secrets.ts'

const right = 'secrets:scan'

/** Authorizes the making of them. Recorded when it is refused. */
const listFingerprints = defineOperation<object, Listing & { readonly chain: readonly Inherited[] }>()({
  kind: 'list_fingerprints',
  action: 'secret.fingerprint',
  scope: overSome(right),
  environment: 'meant',
  delicate: true,
  grants: 'nothing',
  needs: 'nothing',
  // Nothing is handed out yet; what is, is recorded.
  sharing: true,
  decide: (call) => ({ kind: 'done', result: { ...listingOf(call), chain: inheritedBy(call) } }),
})

interface HandingOut {
  /** Of the secrets whose values they are of. */
  readonly names: readonly string[]
  /** Those that the names were held against. */
  readonly scopes: readonly Scope[]
  /** How many values. */
  readonly versions: number
  /** Of which versions of which secrets: SHA-256, hexadecimal. */
  readonly hash: string
}

/** One record for all of them: how many there were, and a hash of which. */
const handOutFingerprints = defineOperation<HandingOut, null>()({
  kind: 'hand_out_fingerprints',
  action: 'secret.fingerprint',
  scope: overSome(right, (_call, operation) => objectOf(operation)),
  environment: 'meant',
  // After the listing, which was proven.
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: (call, operation) => {
    const { names, scopes } = operation
    const object = objectOf(operation)
    // A user's role may have been narrowed since they were made. There may be very many names, all others wait meanwhile,
    // and nearly always nothing has changed.
    const isAsBefore = textOf(scopes) === textOf(call.scopes)
    if (!isAsBefore && !names.every((one) => allowsName(call.scopes, right, call.environment.name, one)))
      return forbid(call, object, right)
    return done(call, object, null)
  },
})

export const fingerprintOperations = {
  [listFingerprints.kind]: listFingerprints,
  [handOutFingerprints.kind]: handOutFingerprints,
}

function objectOf({ names, versions, hash }: HandingOut): AuditObject {
  const name = `${versions} values of ${names.length} secrets`
  return { kind: 'fingerprints', id: null, uid: null, name, version: null, hash }
}

function textOf(scopes: readonly Scope[]): string {
  return scopes.map(formatScope).join(' ')
}
