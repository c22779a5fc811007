/** API keys. */
import { allPages, pageOf } from './answer.ts'
import type { Connection } from './connection.ts'
import type { ApiKey, IssuedApiKey, KeyUsage, MadeThings, NewApiKey, Page, PageQuery, Rotation } from './model.ts'
import type { CallOptions, KeyedOptions } from './options.ts'

export interface RevokeOptions extends CallOptions {
  /** Whether what the key made ends too, and what that made in turn. */
  readonly cascade?: boolean
}

const nothing: MadeThings = { keys: [], trust_rules: [], machines: [], webhooks: [] }

export class Keys {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The API keys that this one may manage, revoked ones too; page by page as they are taken. */
  list(options?: CallOptions): AsyncGenerator<ApiKey, void, undefined> {
    return allPages((query) => this.page(query, options))
  }

  /** One page of the listing; without a limit, all of it. */
  async page(query: PageQuery = {}, options?: CallOptions): Promise<Page<ApiKey>> {
    const { body, headers } = await this.#connection.send('GET /v3/keys', { query }, options)
    return pageOf(body.keys, headers)
  }

  async get(id: number, options?: CallOptions): Promise<ApiKey> {
    return (await this.#connection.send('GET /v3/keys/{id}', { id }, options)).body
  }

  /** The API key that this client asks with. */
  async self(options?: CallOptions): Promise<ApiKey> {
    return (await this.#connection.send('GET /v3/keys/self', {}, options)).body
  }

  /** Makes an API key, once. @throws AlreadyMade when the answer that had it was lost: rotate that key */
  async create(input: NewApiKey, options?: KeyedOptions): Promise<IssuedApiKey> {
    return (await this.#connection.send('POST /v3/keys', { body: input }, options)).body
  }

  /** Makes an API key with the same rights; the old one expires after the overlap. Once, as `create`. */
  async rotate(id: number, input: Rotation = {}, options?: KeyedOptions): Promise<IssuedApiKey> {
    return (await this.#connection.send('POST /v3/keys/{id}/rotate', { id, body: input }, options)).body
  }

  /** What an API key used of what it may, in the last days, and narrower scopes that would have done. */
  async usage(id: number, days?: number, options?: CallOptions): Promise<KeyUsage> {
    const query = days === undefined ? {} : { days: String(days) }
    return (await this.#connection.send('GET /v3/keys/{id}/usage', { id, query }, options)).body
  }

  /** What an API key made, and what that made in turn. */
  async made(id: number, options?: CallOptions): Promise<MadeThings> {
    return (await this.#connection.send('GET /v3/keys/{id}/made', { id }, options)).body
  }

  /**
   * Revokes an API key, for good and at once. What it made goes on, seeds apart; with `cascade` that ends too.
   *
   * @returns what ended with it
   */
  async revoke(id: number, { cascade = false, ...options }: RevokeOptions = {}): Promise<MadeThings> {
    const query = cascade ? ({ cascade: 'true' } as const) : {}
    return (await this.#connection.send('DELETE /v3/keys/{id}', { id, query }, options)).body.ended ?? nothing
  }

  /**
   * Revokes the API key that this client asks with, for good and at once. If a first answer was lost, it may end as
   * `Unauthorized` with `mayHaveActed`.
   */
  async revokeSelf({ cascade = false, ...options }: RevokeOptions = {}): Promise<MadeThings> {
    const query = cascade ? ({ cascade: 'true' } as const) : {}
    return (await this.#connection.send('DELETE /v3/keys/self', { query }, options)).body.ended ?? nothing
  }
}
