/** The queries about users, their sessions and factors, and how they must sign in. */
import type { Kysely } from 'kysely'
import type { Query } from './engine.ts'
import type { Tables } from './rows.ts'

export class UserQueries {
  readonly #builder: Kysely<Tables>

  constructor(builder: Kysely<Tables>) {
    this.#builder = builder
  }

  sessionsOf(accountId: number, userId: number): Query {
    return this.#builder
      .selectFrom('api_keys')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('user_id', '=', userId)
      .where('revoked_ms', 'is', null)
      .orderBy('id', 'desc')
      .limit(100)
      .compile()
  }

  userWithEmail(accountId: number, email: string): Query {
    return this.#builder
      .selectFrom('users')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('email', '=', email)
      .compile()
  }

  userWithLink(linkHash: string): Query {
    return this.#builder.selectFrom('users').selectAll().where('link_hash', '=', linkHash).compile()
  }

  users(accountId: number): Query {
    return this.#builder.selectFrom('users').selectAll().where('account_id', '=', accountId).orderBy('id').compile()
  }

  factorsOf(accountId: number, userId: number): Query {
    return this.#builder
      .selectFrom('factors')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('user_id', '=', userId)
      .orderBy('id')
      .compile()
  }

  factorsAfter(accountId: number, after: number, limit: number): Query {
    return this.#builder
      .selectFrom('factors')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .compile()
  }

  factorWith(lookup: string): Query {
    return this.#builder.selectFrom('factors').selectAll().where('lookup', '=', lookup).compile()
  }

  user(accountId: number, id: number): Query {
    return this.#builder
      .selectFrom('users')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('id', '=', id)
      .compile()
  }

  rules(accountId: number): Query {
    return this.#builder.selectFrom('sign_in_rules').selectAll().where('account_id', '=', accountId).compile()
  }
}
