/** What batches look for of webhooks and deliveries. */
import { openRows, sealedRows } from './lookup.ts'
import type { Ref } from './refs.ts'
import { deliveries, webhooks } from './tables/webhook.ts'

export { webhooks }

export const webhooksById = sealedRows<Ref>()('webhooks', webhooks, { by: { accountId: 'account_id', id: 'id' } })
export const webhooksOf = sealedRows<{ readonly accountId: number }>()('webhooks_of', webhooks, {
  by: { accountId: 'account_id' },
  ending: 'order by t.account_id, t.id',
})

export interface DeliveryRef extends Ref {
  readonly webhookId: number
}

export const deliveriesById = openRows<DeliveryRef>()('deliveries', deliveries, {
  by: { accountId: 'account_id', webhookId: 'webhook_id', id: 'id' },
})
