/** What an account keeps its key with that has a provider of its own: named, changed and taken back by its owners. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import type { AccountKey } from '../../model/account.ts'
import type { ClosedReason, CustomerKey } from '../../model/customer-key.ts'
import { wholeReach } from '../../model/grant.ts'
import type { Unsealed } from '../coverage.ts'
import { isUpon } from '../decide/proof.ts'
import { type Call, done, put } from '../decide/work.ts'
import { accountKeys, newestAccountKeys } from '../tables/account.ts'
import { customerKeys } from '../tables/customer-key.ts'
import { defineOperation, free, overAll } from './define.ts'

const right = 'account:manage'
/** Whoever says what opens the values may take them from everybody: owners alone, and keys that may do everything. */
const ownersAlone = () => [{ thing: 'customer_key', object: null, written: null, ...wholeReach }] as const

const readCustomerKey = defineOperation<object, CustomerKey | null>()({
  kind: 'read_customer_key',
  action: 'customer_key.read',
  scope: overAll(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs) => needs.customerKey(),
  decide: (call) => done(call, null, current(call) ?? null),
})

/** What a change is made of. Asks for what the change does, before a provider is asked on its behalf. Not recorded. */
const prepareCustomerKey = defineOperation<
  object,
  { readonly customerKey: CustomerKey | null; readonly accountKey: AccountKey | null }
>()({
  kind: 'prepare_customer_key',
  action: 'customer_key.set',
  scope: overAll(right),
  environment: 'none',
  delicate: true,
  grants: ownersAlone,
  needs: (needs) => needs.customerKey(),
  decide: (call) => {
    const accountKey = call.work.world.find(newestAccountKeys, call.account.id) ?? null
    return { kind: 'done', result: { customerKey: current(call) ?? null, accountKey } }
  },
})

interface Change {
  /** Upon which key: of two changes at once, neither undoes the other. */
  readonly rowMac: Uint8Array | null
  /** The account's key as it was, and as it is sealed now. */
  readonly from: Uint8Array
  readonly to: AccountKey
}

const setCustomerKey = defineOperation<Change & { readonly customerKey: Unsealed<CustomerKey> }, CustomerKey>()({
  kind: 'set_customer_key',
  action: 'customer_key.set',
  scope: overAll(right),
  environment: 'none',
  delicate: true,
  grants: ownersAlone,
  needs: (needs) => needs.customerKey(),
  decide: (call, { customerKey, ...change }) => {
    const isSame = customerKey.accountId === call.account.id && customerKey.uid === change.to.guard
    if (!isSame || !replaceKey(call, change)) return { kind: 'outdated' }
    const now = put(call.work, customerKeys, customerKey)
    return done(call, objectOf(now), now)
  },
})

/** The account's key is the operator's alone again. */
const removeCustomerKey = defineOperation<Change, null>()({
  kind: 'remove_customer_key',
  action: 'customer_key.remove',
  scope: overAll(right),
  environment: 'none',
  delicate: true,
  grants: ownersAlone,
  needs: (needs) => needs.customerKey(),
  decide: (call, change) => {
    const before = current(call)
    if (before === undefined || change.to.guard !== '' || !replaceKey(call, change)) return { kind: 'outdated' }
    call.work.world.remove(customerKeys, before)
    return done(call, objectOf(before), null)
  },
})

interface Noted {
  /** Of which key. */
  readonly uid: string
  /** `null` when it opens. */
  readonly closedFor: ClosedReason | null
}

/** What a node found out about the provider. Once for all nodes that find the same. */
const noteCustomerKey = defineOperation<Noted, null>()({
  kind: 'note_customer_key',
  action: ({ closedFor }) => (closedFor === null ? 'customer_key.open' : 'customer_key.close'),
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs) => needs.customerKey(),
  decide: (call, { uid, closedFor }) => {
    const before = current(call)
    if (call.principal.kind !== 'system' || before?.uid !== uid || before.closedFor === closedFor)
      return { kind: 'done', result: null }
    const closedAt = closedFor === null ? null : (before.closedAt ?? call.work.world.now)
    const now = put(call.work, customerKeys, { ...before, closedAt, closedFor })
    return done(call, objectOf(now), null)
  },
})

export const customerKeyOperations = {
  [readCustomerKey.kind]: readCustomerKey,
  [prepareCustomerKey.kind]: prepareCustomerKey,
  [setCustomerKey.kind]: setCustomerKey,
  [removeCustomerKey.kind]: removeCustomerKey,
  [noteCustomerKey.kind]: noteCustomerKey,
}

function current({ work, account }: Call): CustomerKey | undefined {
  return work.world.get(customerKeys, account.id)
}

/** @returns whether both are as they were */
function replaceKey(call: Call, { rowMac, from, to }: Change): boolean {
  const { world } = call.work
  const newest = world.find(newestAccountKeys, call.account.id)
  const before = current(call)
  const isUponRow = before === undefined ? rowMac === null : rowMac !== null && isUpon(rowMac, before.mac)
  if (!isUponRow || to.accountId !== call.account.id || newest?.version !== to.version) return false
  if (Buffer.compare(newest.wrapped, from) !== 0) return false
  world.put(accountKeys, { ...newest, wrapped: to.wrapped, guard: to.guard })
  return true
}

function objectOf({ provider: name, mac }: CustomerKey): AuditObject {
  return { kind: 'customer_key', id: null, uid: null, name, version: null, hash: hash('sha256', mac, 'hex') }
}
