/** One-time seeds for machines. */
import { allPages, pageOf } from './answer.ts'
import type { Connection } from './connection.ts'
import type { IssuedSeed, NewSeed, Page, PageQuery, Seed } from './model.ts'
import type { CallOptions, KeyedOptions } from './options.ts'

/** The oldest first, unless it is said otherwise. */
export interface SeedOrder {
  readonly order?: 'asc' | 'desc'
}

export class Seeds {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Those that this API key made; with `account:manage`, all of the account. */
  list(options?: CallOptions): AsyncGenerator<Seed, void, undefined> {
    return allPages((query) => this.page(query, options))
  }

  async get(id: number, options?: CallOptions): Promise<Seed> {
    return (await this.#connection.send('GET /v3/seeds/{id}', { id }, options)).body
  }

  /** Once; the URL is shown this once. @throws AlreadyMade when the answer that had it was lost: make another */
  async create(input: NewSeed, options?: KeyedOptions): Promise<IssuedSeed> {
    return (await this.#connection.send('POST /v3/seeds', { body: input }, options)).body
  }

  /** Its URL leads nowhere from now on. */
  async delete(id: number, options?: CallOptions): Promise<void> {
    await this.#connection.send('DELETE /v3/seeds/{id}', { id }, options)
  }

  /** One page of the listing; without a limit, all of it. */
  async page(query: PageQuery & SeedOrder = {}, options?: CallOptions): Promise<Page<Seed>> {
    const { body, headers } = await this.#connection.send('GET /v3/seeds', { query }, options)
    return pageOf(body.seeds, headers)
  }
}
