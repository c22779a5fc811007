/** Lists of secrets. */
import { allPages, deletionOf, pageOf } from './answer.ts'
import type { Connection } from './connection.ts'
import type { List, Moved, NewList, Page, PageQuery, RenamedList, SecretHead } from './model.ts'
import type { CallOptions, KeyedOptions } from './options.ts'

export class Lists {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** All lists, oldest first; page by page as they are taken. */
  list(options?: CallOptions): AsyncGenerator<List, void, undefined> {
    return allPages((query) => this.page(query, options))
  }

  /** One page of the listing; without a limit, all of it. */
  async page(query: PageQuery = {}, options?: CallOptions): Promise<Page<List>> {
    const { body, headers } = await this.#connection.send('GET /v3/lists', { query }, options)
    return pageOf(body.lists, headers)
  }

  async get(id: number, options?: CallOptions): Promise<List> {
    return (await this.#connection.send('GET /v3/lists/{id}', { id }, options)).body
  }

  /** Once, however often it is sent. */
  async create(input: NewList, options?: KeyedOptions): Promise<List> {
    return (await this.#connection.send('POST /v3/lists', { body: input }, options)).body
  }

  async rename(id: number, name: string, options?: CallOptions): Promise<RenamedList> {
    return (await this.#connection.send('PUT /v3/lists/{id}', { id, body: { name } }, options)).body
  }

  /**
   * Deletes a list, with every secret in it.
   *
   * @returns the id by which it can be restored, where the account keeps what is deleted
   */
  async delete(id: number, options?: CallOptions): Promise<number | undefined> {
    const { headers } = await this.#connection.send('DELETE /v3/lists/{id}', { id }, options)
    return deletionOf(headers)
  }

  /** The secrets in a list, without values; page by page as they are taken. */
  secrets(id: number, options?: CallOptions): AsyncGenerator<SecretHead, void, undefined> {
    return allPages((query) => this.secretsPage(id, query, options))
  }

  /** One page of the secrets in a list; without a limit, all of them. */
  async secretsPage(id: number, query: PageQuery = {}, options?: CallOptions): Promise<Page<SecretHead>> {
    const { body, headers } = await this.#connection.send('GET /v3/lists/{id}/secrets', { id, query }, options)
    return pageOf(body.secrets, headers)
  }

  /** Puts a secret into a list. */
  async move(id: number, secret: number, options?: CallOptions): Promise<Moved> {
    return (await this.#connection.send('PUT /v3/lists/{id}/secrets/{secret}', { id, secret }, options)).body
  }
}
