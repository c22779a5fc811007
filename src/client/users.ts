/** The people of the account. */
import { allPages, pageOf } from './answer.ts'
import type { Connection } from './connection.ts'
import type { Page, PageQuery, User } from './model.ts'
import type { CallOptions } from './options.ts'

export class Users {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** All users; page by page as they are taken. */
  list(options?: CallOptions): AsyncGenerator<User, void, undefined> {
    return allPages((query) => this.page(query, options))
  }

  /** One page of the listing; without a limit, all of it. */
  async page(query: PageQuery = {}, options?: CallOptions): Promise<Page<User>> {
    const { body, headers } = await this.#connection.send('GET /v3/users', { query }, options)
    return pageOf(body.users, headers)
  }
}
