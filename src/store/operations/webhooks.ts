/** Webhooks: made, shown, changed; what they are told next, and with whose rights. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { personOf } from '../../model/api-key.ts'
import type { Principal } from '../../model/principal.ts'
import { managesAccount, parseScopes, type Scope } from '../../model/scope.ts'
import { type Delivery, type DisabledFor, maxWebhooks, type Webhook } from '../../model/webhook.ts'
import type { Unsealed } from '../coverage.ts'
import { scopesOfWebhook } from '../decide/caller.ts'
import { type Handed, noVersion } from '../decide/grants.ts'
import { keptRow, objectAgain, onceOf } from '../decide/once.ts'
import { isUpon } from '../decide/proof.ts'
import {
  type Call,
  done,
  forbid,
  isMadeBy,
  type Listing,
  listingOf,
  put,
  putAccount,
  record,
  refuse,
} from '../decide/work.ts'
import type { Refused } from '../outcome.ts'
import { accounts } from '../tables/account.ts'
import { apiKeys } from '../tables/api-key.ts'
import { deliveries, webhookPositions, webhooks } from '../tables/webhook.ts'
import { webhooksById, webhooksOf } from '../webhook-lookups.ts'
import { defineOnce, defineOperation, free, overSome, type WithRight } from './define.ts'

/** A webhook without what the transaction gives it. */
type NewWebhook = Omit<Webhook, 'id' | 'mac'>

interface ById {
  readonly id: number
}

/** Of whom a listing may show what. */
interface WebhookListing extends Listing {
  readonly maker: Pick<Principal, 'kind' | 'id'>
  /** Whether those of others are shown too. */
  readonly isWhole: boolean
}

/** What they tell is the trail. */
const right = 'audit:read'

/** One's own; of whoever, for those who manage the account. */
const aWebhook: WithRight<ById, Webhook> = {
  right,
  over: 'some',
  object: (_call, { id }) => unknownWebhook(id),
  subject: (call, { id }) => {
    const found = webhookOf(call, id)
    const { kind, id: principalId } = call.principal
    if (found !== undefined && (seesAll(call) || (found.maker.kind === kind && found.maker.id === principalId))) {
      return found
    }
    return refuse(call, unknownWebhook(id), 'not_found', 'No webhook with this id.')
  },
}

const listWebhooks = defineOperation<object, WebhookListing>()({
  kind: 'list_webhooks',
  action: 'webhook.list',
  scope: overSome(right),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call) => {
    const { kind, id } = call.principal
    return done(call, null, { ...listingOf(call), maker: { kind, id }, isWhole: seesAll(call) })
  },
})

/** Of what it was told, too. */
const readWebhook = defineOperation<ById, Webhook, Webhook>()({
  kind: 'read_webhook',
  action: 'webhook.read',
  scope: aWebhook,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.row(webhooksById, id),
  decide: (call, _operation, found) => done(call, objectOf(found), found),
})

/** Loads what a change is made upon. Not recorded: the change that follows refuses and records. */
const prepareWebhook = defineOperation<ById, Webhook>()({
  kind: 'prepare_webhook',
  action: 'webhook.update',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.row(webhooksById, id),
  decide: (call, { id }) => {
    const found = webhookOf(call, id)
    if (found === undefined) return { kind: 'refused', code: 'not_found', message: '' }
    return { kind: 'done', result: found }
  },
})

/** Begins at the end of the trail. */
const createWebhook = defineOnce<{ readonly webhook: NewWebhook }, Webhook>()({
  kind: 'create_webhook',
  action: 'webhook.create',
  scope: overSome(right, (_call, { webhook }) => objectOfNew(webhook)),
  environment: 'none',
  delicate: true,
  grants: (call, { webhook }) => [handed(call, webhook)],
  needs: (needs) => needs.ofAccount(webhooksOf),
  decide: (call, { webhook }) => {
    const { work, account, principal } = call
    const object = objectOfNew(webhook)
    if (principal.kind !== 'key' && principal.kind !== 'user') return forbid(call, object, right)
    if (webhook.accountId !== account.id || !isOwn(call, webhook)) return { kind: 'outdated' }
    const own = [...work.world.all(webhooks)].filter(({ accountId }) => accountId === account.id)
    if (own.length >= maxWebhooks) {
      return refuse(call, object, 'invalid', `An account has at most ${maxWebhooks} webhooks. Delete one first.`)
    }
    const current = work.world.get(accounts, account.id) ?? account
    putAccount(work, { ...current, nextWebhookId: current.nextWebhookId + 1 })
    const made = put(work, webhooks, { ...webhook, id: current.nextWebhookId })
    const outcome = done(call, objectOf(made), made)
    begin(call, made)
    return outcome
  },
  once: onceOf(keptRow<Webhook>()({ sealed: new Uint8Array(), mac: new Uint8Array() }), (webhook) =>
    objectAgain('webhook', webhook, webhook.host),
  ),
})

interface Update extends ById {
  /** Whether all that changes is what it signs with. */
  readonly isRotation: boolean
  /** Upon the row that was prepared; `undefined` when there was none. */
  readonly change: { readonly rowMac: Uint8Array; readonly webhook: Unsealed<Webhook> } | undefined
}

/** Enabled again, it begins at the end of the trail, and takes up what was still waiting. */
const updateWebhook = defineOperation<Update, Webhook, Webhook>()({
  kind: 'update_webhook',
  action: ({ isRotation }) => (isRotation ? 'webhook.rotate' : 'webhook.update'),
  scope: aWebhook,
  environment: 'none',
  delicate: true,
  grants: (call, { id, change }) => {
    const found = webhookOf(call, id)
    return found === undefined || change === undefined ? [] : [handed(call, change.webhook)]
  },
  needs: (needs, { id }) => needs.row(webhooksById, id),
  decide: (call, { change }, found) => {
    if (change === undefined || !isUpon(change.rowMac, found.mac)) return { kind: 'outdated' }
    const { webhook } = change
    if (webhook.id !== found.id || webhook.uid !== found.uid || !isOwn(call, webhook)) return { kind: 'outdated' }
    const changed = put(call.work, webhooks, webhook)
    const outcome = done(call, objectOf(changed), changed)
    if (changed.isEnabled && !found.isEnabled) begin(call, changed)
    return outcome
  },
})

/** What it was to be told goes with it, a little later. */
const deleteWebhook = defineOperation<ById, null, Webhook>()({
  kind: 'delete_webhook',
  action: 'webhook.delete',
  scope: aWebhook,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.row(webhooksById, id),
  decide: (call, _operation, found) => {
    call.work.world.remove(webhooks, found)
    return done(call, objectOf(found), null)
  },
})

/** Tells it of the record of this test. */
const testWebhook = defineOperation<ById, Delivery, Webhook>()({
  kind: 'test_webhook',
  action: 'webhook.test',
  scope: aWebhook,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.row(webhooksById, id),
  decide: (call, _operation, found) => {
    if (!found.isEnabled) return refuseDisabled(call, found)
    const { work, account } = call
    record(call, objectOf(found), 'ok')
    const delivery: Delivery = {
      ...{ accountId: account.id, webhookId: found.id, id: sizeOf(call), action: 'webhook.test', state: 'waiting' },
      ...{ createdAt: work.world.now, attempts: 0, tries: 0, nextAt: work.world.now, attemptedAt: null },
      ...{ status: null, fault: null, tookMs: null },
    }
    work.world.put(deliveries, delivery)
    return { kind: 'done', result: delivery }
  },
})

interface Retry extends ById {
  readonly delivery: number
}

/** It is sent again now, under the same id, whatever became of it. */
const retryDelivery = defineOperation<Retry, Delivery, Webhook>()({
  kind: 'retry_delivery',
  action: 'webhook.retry',
  scope: aWebhook,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id, delivery }) => {
    needs.row(webhooksById, id)
    needs.delivery(id, delivery)
  },
  decide: (call, { delivery: wanted }, found) => {
    const { work, account } = call
    const delivery = work.world.get(deliveries, account.id, found.id, wanted)
    if (delivery === undefined) return refuse(call, objectOf(found), 'not_found', 'No delivery with this id.')
    if (!found.isEnabled) return refuseDisabled(call, found)
    const again: Delivery = { ...delivery, state: 'waiting', tries: 0, nextAt: work.world.now }
    work.world.put(deliveries, again)
    return done(call, objectOf(found), again)
  },
})

interface Follow extends ById {
  /** Who made it, as the row said that was found. */
  readonly maker: Pick<Principal, 'kind' | 'id'>
  /** As whom that key acts, if it acts as a person. */
  readonly personId: number | undefined
}

type Followed =
  | { readonly webhook: Webhook; readonly scopes: readonly Scope[] }
  /** Asked for without whom the key acts as. */
  | { readonly personId: number }

/** By the server itself: what a webhook is now, and what its maker may see. Leaves no record. */
const followWebhook = defineOperation<Follow, Followed | undefined>()({
  kind: 'follow_webhook',
  action: 'webhook.read',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id, maker, personId }) => {
    needs.row(webhooksById, id)
    if (maker.kind === 'key') needs.key(maker.id)
    if (maker.kind === 'user') needs.user(maker.id)
    if (personId !== undefined) needs.user(personId)
  },
  sharing: true,
  decide: (call, { id, maker, personId }) => {
    const webhook = webhookOf(call, id)
    if (call.principal.kind !== 'system' || webhook === undefined || !webhook.isEnabled) {
      return { kind: 'done', result: undefined }
    }
    if (webhook.maker.kind !== maker.kind || webhook.maker.id !== maker.id) return { kind: 'outdated' }
    const key = maker.kind === 'key' ? call.work.world.get(apiKeys, call.account.id, maker.id) : undefined
    const person = key === undefined ? null : personOf(key)
    if (person !== null && person !== personId) return { kind: 'done', result: { personId: person } }
    return { kind: 'done', result: { webhook, scopes: scopesOfWebhook(call.work, webhook) } }
  },
})

/** By the server itself, for a reason that everybody sees who sees it. */
const disableWebhook = defineOperation<ById & { readonly rowMac: Uint8Array; readonly reason: DisabledFor }, null>()({
  kind: 'disable_webhook',
  action: 'webhook.disable',
  scope: free,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.row(webhooksById, id),
  decide: (call, { id, rowMac, reason }) => {
    const found = webhookOf(call, id)
    // Whoever changed it meanwhile meant it to go on.
    if (call.principal.kind !== 'system' || found === undefined || !isUpon(rowMac, found.mac)) {
      return { kind: 'done', result: null }
    }
    const { now } = call.work.world
    const disabled = { ...found, isEnabled: false, disabledFor: reason, disabledAt: now, updatedAt: now }
    return done(call, objectOf(put(call.work, webhooks, disabled)), null)
  },
})

export const webhookOperations = {
  [listWebhooks.kind]: listWebhooks,
  [readWebhook.kind]: readWebhook,
  [prepareWebhook.kind]: prepareWebhook,
  [createWebhook.kind]: createWebhook,
  [updateWebhook.kind]: updateWebhook,
  [deleteWebhook.kind]: deleteWebhook,
  [testWebhook.kind]: testWebhook,
  [retryDelivery.kind]: retryDelivery,
  [followWebhook.kind]: followWebhook,
  [disableWebhook.kind]: disableWebhook,
}

function webhookOf({ work, account }: Call, id: number): Webhook | undefined {
  return work.world.get(webhooks, account.id, id)
}

function seesAll({ scopes }: Call): boolean {
  return managesAccount(scopes)
}

/** With the rights of whoever asks, as they are known to be now. */
function isOwn(call: Call, webhook: Pick<Webhook, 'maker' | 'makerGeneration'>): boolean {
  return isMadeBy(call, webhook.maker) && webhook.makerGeneration === (call.user?.generation ?? 0)
}

/** How far the trail goes, with what this batch has recorded. */
function sizeOf({ work, account }: Call): number {
  return (work.world.get(accounts, account.id) ?? account).auditSize
}

/** From the end of the trail on. */
function begin(call: Call, { accountId, id }: Pick<Webhook, 'accountId' | 'id'>): void {
  call.work.world.put(webhookPositions, { accountId, webhookId: id, seq: sizeOf(call), failingSince: null })
}

function refuseDisabled(call: Call, found: Webhook): Refused {
  return refuse(call, objectOf(found), 'invalid', 'The webhook is disabled: enable it first.')
}

/** What it may tell ends with its maker: it is never told that they may not be told it any more, but not told. */
function handed({ key }: Call, webhook: Pick<Webhook, 'uid' | 'host' | 'scopes'> & { readonly id?: number }): Handed {
  const { uid, host, scopes, id = null } = webhook
  return {
    thing: 'webhook',
    object: { kind: 'webhook', id, uid, name: host, ...noVersion },
    written: null,
    scopes: scopes.length === 0 ? [] : parseScopes(scopes),
    ...{ networks: [], until: key?.expiresAt ?? null, isOwner: false },
  }
}

function unknownWebhook(id: number): AuditObject {
  return { kind: 'webhook', id, uid: null, name: null, ...noVersion }
}

function objectOfNew({ uid, host }: NewWebhook): AuditObject {
  return { kind: 'webhook', id: null, uid, name: host, ...noVersion }
}

function objectOf({ id, uid, host, mac }: Webhook): AuditObject {
  return { kind: 'webhook', id, uid, name: host, version: null, hash: hash('sha256', mac, 'hex') }
}
