/** An account's audit trail: read, verified, and added to by the vault. */
import type { Action, AuditObject, RecordedOutcome } from '../../audit/record.ts'
import type { Account } from '../../model/account.ts'
import { authorizeListing, done, type Listing } from '../decide/work.ts'
import { defineOperation, free, overAll, overSome } from './define.ts'

const right = 'audit:read'

/** Authorizes a listing. */
const readAudit = defineOperation<object, Listing>()({
  kind: 'read_audit',
  action: 'audit.read',
  scope: overSome(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: authorizeListing,
})

/** Authorizes the verification of the whole trail. Whoever sees a part of it alone cannot be told of the whole. */
const verifyAudit = defineOperation<object, Account>()({
  kind: 'verify_audit',
  action: 'audit.verify',
  scope: overAll(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call) => done(call, null, call.account),
})

interface Entry {
  readonly action: Action
  readonly object: AuditObject | null
  readonly outcome: RecordedOutcome
}

/** Only leaves a record. */
const leaveRecord = defineOperation<Entry, null>()({
  kind: 'record',
  action: ({ action }) => action,
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: (call, { object, outcome }) => done(call, object, null, outcome),
})

export const auditOperations = {
  [readAudit.kind]: readAudit,
  [verifyAudit.kind]: verifyAudit,
  [leaveRecord.kind]: leaveRecord,
}
