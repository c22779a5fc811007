/** What somebody proves who they are with: taken in the transaction, and never again. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { type Factor, factorName } from '../../model/factor.ts'
import type { Needs } from '../needs.ts'
import type { Refused } from '../outcome.ts'
import type { FactorsChange, NewFactor, Proof } from '../proof.ts'
import type { Spent } from '../stored.ts'
import { accounts } from '../tables/account.ts'
import { factors, overSpent, spent } from '../tables/factor.ts'
import { type Call, put, putAccount, record, refuse } from './work.ts'

/** All factors of the user, and whoever has those that are to be given. */
export function needProof(needs: Needs, userId: number, { spend }: Proof, add: readonly NewFactor[]): void {
  needs.factors(userId)
  for (const { lookup } of add) needs.lookup(lookup)
  if (spend !== undefined) needs.spending(spend.hash)
}

/** Takes what was proven, so that it proves nothing again. Nothing is said of how it failed. */
export function prove(call: Call, { use, spend }: Proof): Refused | { readonly kind: 'outdated' } | undefined {
  const { world } = call.work
  const isForeign = [use?.factor, spend].some((part) => part !== undefined && part.accountId !== call.account.id)
  if (isForeign) return { kind: 'outdated' }
  // Before the factor, which the same proof has changed then: it is not looked at again, as if this were another one.
  if (spend !== undefined && isOver(call, spend)) {
    return refuse(call, null, 'invalid_credentials', 'This was used already, or took too long. Try again.')
  }
  const found = use === undefined ? undefined : world.get(factors, call.account.id, use.factor.id)
  if (use !== undefined && !isUpon(found?.mac, use.rowMac)) return { kind: 'outdated' }
  if (spend !== undefined) {
    // What would have expired goes, whenever something is used up.
    world.changes.drop(overSpent, { accountId: spend.accountId, expiresAt: world.now })
    world.put(spent, spend)
  }
  if (use !== undefined) {
    const used = put(call.work, factors, { ...use.factor, usedAt: world.now })
    record({ ...call, action: 'factor.use' }, objectOfFactor(used), 'ok')
  }
  return undefined
}

function isOver({ work: { world }, account }: Call, { hash: used, expiresAt }: Spent): boolean {
  return world.get(spent, account.id, used) !== undefined || expiresAt <= world.now
}

export function addFactor(call: Call, factor: NewFactor): Factor {
  const account = call.work.world.get(accounts, call.account.id) ?? call.account
  putAccount(call.work, { ...account, nextKeyId: account.nextKeyId + 1 })
  const made = put(call.work, factors, { ...factor, id: account.nextKeyId })
  record({ ...call, action: 'factor.add' }, objectOfFactor(made), 'ok')
  return made
}

/** With the user. */
export function takeAllFactors(call: Call, userId: number): void {
  for (const factor of factorsOf(call, userId)) takeAway(call, factor)
}

/** By ascending id. */
export function factorsOf({ work, account }: Call, userId: number): Factor[] {
  const all = [...work.world.all(factors)]
  return all.filter((one) => one.accountId === account.id && one.userId === userId).sort((a, b) => a.id - b.id)
}

/** @returns whether it was there as it was read */
export function renameFactor(
  call: Call,
  userId: number,
  { rowMac, factor }: NonNullable<FactorsChange['rename']>,
): boolean {
  const found = factorsOf(call, userId).find(({ id }) => id === factor.id)
  if (found === undefined || !isUpon(rowMac, found.mac)) return false
  // It may have been used since, which no MAC covers.
  const renamed = put(call.work, factors, { ...factor, usedAt: found.usedAt })
  record(call, objectOfFactor(renamed), 'ok')
  return true
}

export function takeAway(call: Call, factor: Factor): void {
  call.work.world.remove(factors, factor)
  record({ ...call, action: 'factor.remove' }, objectOfFactor(factor), 'ok')
}

function objectOfFactor(factor: Factor): AuditObject {
  const { id, uid, mac } = factor
  return { kind: 'factor', id, uid, name: factorName(factor), version: null, hash: hash('sha256', mac, 'hex') }
}

/** Whether a row is the one that a change was made upon. */
export function isUpon(was: Uint8Array | undefined, mac: Uint8Array): boolean {
  return was !== undefined && Buffer.compare(was, mac) === 0
}
