/** Webhooks: where records of the trail are told of as they come. */
import { allPages, pageOf } from './answer.ts'
import type { Connection } from './connection.ts'
import type { Delivery, IssuedWebhook, NewWebhook, Page, PageQuery, Webhook, WebhookChange } from './model.ts'
import type { CallOptions, KeyedOptions } from './options.ts'

export class Webhooks {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** One's own; all of the account with `account:manage`. Page by page as they are taken. */
  list(options?: CallOptions): AsyncGenerator<Webhook, void, undefined> {
    return allPages(async (query: PageQuery): Promise<Page<Webhook>> => {
      const { body, headers } = await this.#connection.send('GET /v3/webhooks', { query }, options)
      return pageOf(body.webhooks, headers)
    })
  }

  async get(id: number, options?: CallOptions): Promise<Webhook> {
    return (await this.#connection.send('GET /v3/webhooks/{id}', { id }, options)).body
  }

  /**
   * Once, however often it is sent. The secret is in this answer alone; `warning` says why nothing can be sent there now.
   *
   * @throws AlreadyMade when it was given out before
   */
  async create(input: NewWebhook, options?: KeyedOptions): Promise<IssuedWebhook> {
    return (await this.#connection.send('POST /v3/webhooks', { body: input }, options)).body
  }

  async update(id: number, change: WebhookChange, options?: CallOptions): Promise<Webhook> {
    return (await this.#connection.send('PATCH /v3/webhooks/{id}', { id, body: change }, options)).body
  }

  async delete(id: number, options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/webhooks/{id}', { id }, options)
  }

  /** Makes another secret; the one before signs beside it for a day. */
  async rotate(id: number, options?: CallOptions): Promise<IssuedWebhook> {
    return (await this.#connection.send('POST /v3/webhooks/{id}/rotate', { id }, options)).body
  }

  /** Sends a test: the answer comes before it is sent. */
  async test(id: number, options?: CallOptions): Promise<Delivery> {
    return (await this.#connection.send('POST /v3/webhooks/{id}/test', { id }, options)).body
  }

  /** What it was told, and is to be, the newest first. */
  deliveries(
    id: number,
    filter: { readonly state?: Delivery['state'] } = {},
    options?: CallOptions,
  ): AsyncGenerator<Delivery, void, undefined> {
    return allPages(async (page: PageQuery): Promise<Page<Delivery>> => {
      const query = { ...filter, ...page }
      const { body, headers } = await this.#connection.send('GET /v3/webhooks/{id}/deliveries', { id, query }, options)
      return pageOf(body.deliveries, headers)
    })
  }

  /** Sends a delivery again, under the same id. */
  async retry(id: number, delivery: number, options?: CallOptions): Promise<Delivery> {
    const sent = { id, delivery }
    return (await this.#connection.send('POST /v3/webhooks/{id}/deliveries/{delivery}/retry', sent, options)).body
  }
}
