/** API keys. */
import type { Connection } from './connection.ts'
import type { ApiKey, IssuedApiKey, NewApiKey, Rotation } from './model.ts'
import type { CallOptions } from './options.ts'

export class Keys {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** The API keys that this one may manage, revoked ones too. */
  async *list(options?: CallOptions): AsyncGenerator<ApiKey, void, undefined> {
    const { body } = await this.#connection.send('GET /v3/keys', {}, options)
    yield* body.keys
  }

  async get(id: number, options?: CallOptions): Promise<ApiKey> {
    return (await this.#connection.send('GET /v3/keys/{id}', { id }, options)).body
  }

  /** The API key that this client asks with. */
  async self(options?: CallOptions): Promise<ApiKey> {
    return (await this.#connection.send('GET /v3/keys/self', {}, options)).body
  }

  /** Makes an API key. After a lost connection it is not sent again: look for what it may have made, and revoke that. */
  async create(input: NewApiKey, options?: CallOptions): Promise<IssuedApiKey> {
    return (await this.#connection.send('POST /v3/keys', { body: input }, options)).body
  }

  /** Makes an API key with the same rights; the old one expires after the overlap. Not sent again, as `create`. */
  async rotate(id: number, input: Rotation = {}, options?: CallOptions): Promise<IssuedApiKey> {
    return (await this.#connection.send('POST /v3/keys/{id}/rotate', { id, body: input }, options)).body
  }

  /** Revokes an API key, for good and at once. */
  async revoke(id: number, options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/keys/{id}', { id }, options)
  }
  /**
   * Revokes the API key that this client asks with, for good and at once. If a first answer was lost, it may end as
   * `Unauthorized` with `mayHaveActed`.
   */
  async revokeSelf(options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/keys/self', {}, options)
  }
}
