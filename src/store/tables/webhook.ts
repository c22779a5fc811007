/** Where records are told of, how far that is, and what became of each. */
import { hash } from 'node:crypto'
import type { Delivery, Webhook, WebhookPosition } from '../../model/webhook.ts'
import { plainly } from '../rows.ts'
import { bytes, constant, flag, integer, integerOrNull, mac, principal, text, textOrNull, words } from './field.ts'
import { openTable, sealedTable } from './table.ts'

const since = '0029-webhooks'

export const webhooks = sealedTable<Webhook>()({
  name: 'webhooks',
  key: ['accountId', 'id'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  since,
  called: ({ id, uid, host }) => ({ kind: 'webhook', id, uid, name: host }),
  whenMissing: 'nothing is told to it; `audit verify --state` finds it',
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    uid: text('uid', constant),
    host: text('host'),
    sealed: bytes('sealed', { cover: (sealed) => hash('sha256', sealed, 'hex') }),
    actions: words('actions'),
    name: textOrNull('name'),
    environmentId: integerOrNull('environment_id'),
    isEnabled: flag('is_enabled'),
    disabledFor: textOrNull('disabled_for'),
    disabledAt: integerOrNull('disabled_ms'),
    previousUntil: integerOrNull('previous_until_ms'),
    scopes: words('scopes'),
    maker: principal('maker'),
    makerGeneration: integer('maker_generation'),
    createdAt: integer('created_ms', constant),
    updatedAt: integer('updated_ms'),
    mac: mac(),
  },
})

export const webhookPositions = openTable<WebhookPosition>()({
  name: 'webhook_positions',
  key: ['accountId', 'webhookId'],
  unique: [],
  holdsKeys: false,
  writing: { ...plainly, changed: 'put' },
  since,
  unsealed:
    'say how far webhooks are: whoever writes them keeps a receiver from being told, or has it told twice; what is told, and to whom, the rows of the webhooks say, and the trail',
  fields: {
    accountId: integer('account_id'),
    webhookId: integer('webhook_id'),
    seq: integer('seq'),
    failingSince: integerOrNull('failing_since_ms'),
  },
})

export const deliveries = openTable<Delivery>()({
  name: 'deliveries',
  key: ['accountId', 'webhookId', 'id'],
  unique: [],
  holdsKeys: false,
  writing: { ...plainly, changed: 'put' },
  since,
  unsealed:
    'say which records a webhook is still to be told of: whoever writes them keeps a receiver from being told, or has it told again of what the maker of the webhook may see; what is told is made of the trail',
  fields: {
    accountId: integer('account_id'),
    webhookId: integer('webhook_id'),
    id: integer('id'),
    action: text('action'),
    state: text('state'),
    createdAt: integer('created_ms'),
    attempts: integer('attempts'),
    tries: integer('tries'),
    nextAt: integerOrNull('next_ms'),
    attemptedAt: integerOrNull('attempted_ms'),
    status: integerOrNull('status'),
    fault: textOrNull('fault'),
    tookMs: integerOrNull('took_ms'),
  },
})
