/** What happens to accounts as a whole: making one, reading its audit trail. */
import { emptyHead } from '../../audit/chain.ts'
import type { AuditObject } from '../../audit/record.ts'
import type { Account } from '../../model/account.ts'
import { allows, allowsSome } from '../../model/scope.ts'
import type { Op, Outcome, Request } from '../operation.ts'
import { addKey } from './keys.ts'
import { type Call, done, forbid, putAccount, putRules, putSettings, refused, type Work } from './work.ts'

/** A new account has no principal yet: the host makes it, and that is the first record of its chain. */
export function createAccount(
  work: Work,
  request: Request,
  { id, name, accountKey, key }: Op<'create_account'>,
): Outcome<'create_account'> {
  const { world, changes } = work
  if (request.caller.kind !== 'host') return refused('forbidden', 'Accounts are made on the host.')
  if (world.accountNames.has(name)) {
    return refused('name_taken', 'An account of this name exists already. Choose another name.')
  }
  if (world.nextAccountId !== id || world.accounts.has(id)) return { kind: 'outdated' }
  putAccount(work, {
    id,
    name,
    createdAt: world.now,
    nextSecretId: 1,
    nextKeyId: 1,
    nextListId: 1,
    nextMachineId: 1,
    nextUserId: 1,
    nextDeploymentId: 1,
    nextSeedId: 1,
    nextTrustRuleId: 1,
    auditSize: 0,
    auditHead: emptyHead(world.storeId, id),
    auditAt: 0,
    networks: [],
    machineNetworks: [],
  })
  // From the beginning, so that one which is missing is missed.
  putSettings(work, { accountId: id, vmAuth: false })
  putRules(work, { accountId: id, isSecondFactorRequired: false, sso: null })
  const account = accountOf(work, id)
  changes.accountKeys.push(accountKey)
  const principal = { kind: 'host', id: 0, name: request.caller.name } as const
  const call: Call = { work, request, account, principal, key: undefined, scopes: [], action: 'account.create' }
  const firstKey = addKey(call, key)
  const object: AuditObject = { kind: 'account', id, uid: null, name, version: null, hash: null }
  return done(call, object, { account, key: firstKey })
}

function accountOf({ world }: Work, id: number): Account {
  const account = world.accounts.get(id)
  if (account === undefined) throw new Error('The account was just put.')
  return account
}

export function readAudit(call: Call): Outcome<'read_audit'> {
  if (!allowsSome(call.scopes, 'audit:read')) return forbid(call, null, 'audit:read')
  return done(call, null, { accountId: call.account.id, scopes: call.scopes })
}

/** Whoever sees a part of the trail alone cannot be told of the whole. */
export function verifyAudit(call: Call): Outcome<'verify_audit'> {
  if (!allows(call.scopes, 'audit:read')) return forbid(call, null, 'audit:read')
  return done(call, null, call.account)
}

export function readAccount(call: Call): Outcome<'read_account'> {
  if (!allows(call.scopes, 'account:manage')) return forbid(call, null, 'account:manage')
  return done(call, null, call.account)
}
