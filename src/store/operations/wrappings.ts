/** Wrapped answers (response wrapping): kept, looked at, opened once, given another token. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { whyUnusable } from '../../model/api-key.ts'
import { isOpenWrapping, type Wrapping } from '../../model/wrapping.ts'
import type { Unsealed } from '../coverage.ts'
import { hasPerson, noWrapping } from '../decide/caller.ts'
import { type Call, done, forbid, put, putAccount, refuse } from '../decide/work.ts'
import type { Ended } from '../outcome.ts'
import { accounts, newestAccountKeys } from '../tables/account.ts'
import { apiKeys } from '../tables/api-key.ts'
import { overWrappings, wrappings, wrappingsByToken } from '../tables/wrapping.ts'
import { defineOperation, free } from './define.ts'

/** An answer as it is to be kept. */
type NewWrapping = Pick<Wrapping, 'accountId' | 'uid' | 'tokenHash' | 'path' | 'sealed' | 'lifetimeSeconds'>

interface Wrap {
  readonly wrapping: NewWrapping
  /** The guard of the account's key when it was sealed, which it was sealed under as well. */
  readonly guard: string
}

/** By whoever got the answer: that was recorded as what it is. Nothing is handed on that they may not have. */
const wrapAnswer = defineOperation<Wrap, Wrapping>()({
  kind: 'wrap_answer',
  action: 'wrapping.create',
  scope: free,
  environment: 'none',
  delicate: false,
  // Whoever has the token gets what the key had: no longer than the key lives, and from where it may be used.
  grants: 'nothing',
  needs: (needs) => needs.accountKey(),
  decide: (call, { wrapping, guard }) => {
    const { key, account, work } = call
    const { now } = work.world
    if (key === undefined || key.userId !== null) return forbid(call, null, 'secrets:read')
    if (wrapping.accountId !== account.id) return { kind: 'outdated' }
    // Its customer's key was set or withdrawn since: under the one before nobody opens it, or somebody does without the one of now.
    if (work.world.find(newestAccountKeys, account.id)?.guard !== guard) return { kind: 'outdated' }
    work.world.changes.drop(overWrappings, { accountId: account.id, expiresAt: now })
    const current = work.world.get(accounts, account.id) ?? account
    putAccount(work, { ...current, nextKeyId: current.nextKeyId + 1 })
    const made = put(work, wrappings, {
      ...wrapping,
      ...{ id: current.nextKeyId, keyId: key.id, createdAt: now, openedAt: null },
      expiresAt: endOf(now, wrapping.lifetimeSeconds, key.expiresAt),
    })
    return done(call, objectOf(made), made)
  },
})

interface WithToken {
  /** The look-up hash of the wrapping token. */
  readonly tokenHash: string
}

/** The one whose token was sent; nothing where nobody may open it any more. */
const anOpenOne = {
  right: 'none',
  unfinished: false,
  subject: (call: Call, { tokenHash }: WithToken): Wrapping | Ended => {
    const found = call.work.world.find(wrappingsByToken, tokenHash)
    if (found === undefined || found.accountId !== call.account.id) return refuse(call, null, 'not_found', noWrapping)
    if (isOpenWrapping(found, call.work.world.now) && isBacked(call, found)) return found
    return refuse(call, objectOf(found), 'not_found', noWrapping)
  },
} as const

const readWrapping = defineOperation<WithToken, Wrapping, Wrapping>()({
  kind: 'read_wrapping',
  action: 'wrapping.read',
  scope: anOpenOne,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call, _operation, wrapping) => done(call, objectOf(wrapping), wrapping),
})

interface Finding extends WithToken {
  /** That the account has another customer's key since: nobody opens it any more. */
  readonly isLost?: boolean
}

/** The same before it is opened. Recorded when it is refused. */
const findWrapping = defineOperation<Finding, Wrapping, Wrapping>()({
  kind: 'find_wrapping',
  action: 'wrapping.open',
  scope: anOpenOne,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call, { isLost = false }, wrapping) =>
    isLost ? refuse(call, objectOf(wrapping), 'not_found', noWrapping) : { kind: 'done', result: wrapping },
})

/** Gives out the answer, and keeps it no longer. */
const openWrapping = defineOperation<WithToken, Wrapping, Wrapping>()({
  kind: 'open_wrapping',
  action: 'wrapping.open',
  scope: anOpenOne,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call, _operation, wrapping) => {
    const opened = { ...wrapping, sealed: new Uint8Array(), openedAt: call.work.world.now }
    return done(call, objectOf(put(call.work, wrappings, opened)), wrapping)
  },
})

/** The same answer under another token, from now on, for as long again. */
const rotateWrapping = defineOperation<WithToken & { readonly nextHash: string }, Wrapping, Wrapping>()({
  kind: 'rotate_wrapping',
  action: 'wrapping.rotate',
  scope: anOpenOne,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call, { nextHash }, wrapping) => {
    const { now } = call.work.world
    const key = call.work.world.get(apiKeys, wrapping.accountId, wrapping.keyId)
    const rotated = put(call.work, wrappings, {
      ...wrapping,
      ...{ tokenHash: nextHash, createdAt: now },
      expiresAt: endOf(now, wrapping.lifetimeSeconds, key?.expiresAt ?? null),
    })
    return done(call, objectOf(rotated), rotated)
  },
})

export const wrappingOperations = {
  [wrapAnswer.kind]: wrapAnswer,
  [readWrapping.kind]: readWrapping,
  [findWrapping.kind]: findWrapping,
  [openWrapping.kind]: openWrapping,
  [rotateWrapping.kind]: rotateWrapping,
}

/** It ends with the key at the latest. */
function endOf(now: number, lifetimeSeconds: number, keyEnd: number | null): number {
  return Math.min(now + lifetimeSeconds * 1000, keyEnd ?? Number.POSITIVE_INFINITY)
}

/** Whether the key that had it wrapped could be used itself, now and from here. */
function isBacked({ work, account, request }: Call, { accountId, keyId }: Wrapping): boolean {
  const key = work.world.get(apiKeys, accountId, keyId)
  if (key === undefined || !hasPerson(work, key)) return false
  return whyUnusable(key, account, work.world.now, request.address) === undefined
}

function objectOf({ id, uid, path, mac }: Unsealed<Wrapping> & { readonly mac: Uint8Array }): AuditObject {
  return { kind: 'wrapping', id, uid, name: path, version: null, hash: hash('sha256', mac, 'hex') }
}
