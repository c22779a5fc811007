/** Lists of secrets. */
import type { Connection } from './connection.ts'
import type { List, Moved, NewList, SecretHead } from './model.ts'
import type { CallOptions, KeyedOptions } from './options.ts'

export class Lists {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async *list(options?: CallOptions): AsyncGenerator<List, void, undefined> {
    const { body } = await this.#connection.send('GET /v3/lists', {}, options)
    yield* body.lists
  }

  async get(id: number, options?: CallOptions): Promise<List> {
    return (await this.#connection.send('GET /v3/lists/{id}', { id }, options)).body
  }

  /** Once, however often it is sent. */
  async create(input: NewList, options?: KeyedOptions): Promise<List> {
    return (await this.#connection.send('POST /v3/lists', { body: input }, options)).body
  }

  async rename(id: number, name: string, options?: CallOptions): Promise<List> {
    return (await this.#connection.send('PUT /v3/lists/{id}', { id, body: { name } }, options)).body
  }

  /** Deletes a list for good, with every secret in it. */
  async delete(id: number, options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/lists/{id}', { id }, options)
  }

  /** The secrets in a list, without values. */
  async *secrets(id: number, options?: CallOptions): AsyncGenerator<SecretHead, void, undefined> {
    const { body } = await this.#connection.send('GET /v3/lists/{id}/secrets', { id }, options)
    yield* body.secrets
  }

  /** Puts a secret into a list. */
  async move(id: number, secret: number, options?: CallOptions): Promise<Moved> {
    return (await this.#connection.send('PUT /v3/lists/{id}/secrets/{secret}', { id, secret }, options)).body
  }
}
