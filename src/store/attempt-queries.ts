/** The queries that count attempts: each is one statement, so that none counts less because others run beside it. */
import { type Kysely, sql } from 'kysely'
import type { Engine, Query } from './engine.ts'
import { builders } from './queries.ts'
import type { Tables } from './rows.ts'

export class AttemptQueries {
  readonly #builder: Kysely<Tables>

  constructor(dialect: Engine['dialect']) {
    this.#builder = builders[dialect]()
  }

  /** Counts one more, unless there are `max` within the window. @returns when the window ends, or no row */
  take(name: string, max: number, now: number, until: number): Query {
    return this.#builder
      .insertInto('attempts')
      .values({ name, until_ms: until, count: 1 })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet({
            count: sql<number>`case when attempts.until_ms <= ${now} then 1 else attempts.count + 1 end`,
            until_ms: sql<number>`case when attempts.until_ms <= ${now} then excluded.until_ms else attempts.until_ms end`,
          })
          .where(({ or, eb }) => or([eb('attempts.until_ms', '<=', now), eb('attempts.count', '<', max)])),
      )
      .returning('until_ms')
      .compile()
  }

  end(name: string): Query {
    return this.#builder.selectFrom('attempts').select('until_ms').where('name', '=', name).compile()
  }

  /** Of the window in which it was taken. */
  giveBack(name: string, until: number): Query {
    return this.#builder
      .updateTable('attempts')
      .set({ count: sql<number>`count - 1` })
      .where('name', '=', name)
      .where('until_ms', '=', until)
      .where('count', '>', 0)
      .compile()
  }

  forget(name: string): Query {
    return this.#builder.deleteFrom('attempts').where('name', '=', name).compile()
  }

  prune(now: number): Query {
    return this.#builder.deleteFrom('attempts').where('until_ms', '<=', now).compile()
  }
}
