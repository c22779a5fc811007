/** The queries about the audit trail. */
import { type ExpressionBuilder, type Kysely, sql } from 'kysely'
import type { Query } from './engine.ts'
import type { Tables } from './rows.ts'
import type { RecordCounting, RecordFilter, RecordMatch } from './store.ts'

export class AuditQueries {
  readonly #builder: Kysely<Tables>

  constructor(builder: Kysely<Tables>) {
    this.#builder = builder
  }

  recordsAfter(accountId: number, after: number, limit: number): Query {
    return this.#builder
      .selectFrom('audit')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(limit)
      .compile()
  }

  recordsBefore(accountId: number, filter: RecordFilter): Query {
    const { before, window, limit, from, to } = filter
    return this.#builder
      .selectFrom('audit')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('seq', '<', before)
      .where('seq', '>=', before - window)
      .$if(from !== undefined, (query) => query.where('ms', '>=', from ?? 0))
      .$if(to !== undefined, (query) => query.where('ms', '<=', to ?? 0))
      .where((eb) => eb.and(conditionsOf(eb, filter)))
      .orderBy('seq', 'desc')
      .limit(limit)
      .compile()
  }

  countRecords(accountId: number, counting: RecordCounting): Query {
    const { after, upTo, stepMs, shiftMs, isByName } = counting
    // Written out, not as parameters: PostgreSQL takes two of them for two expressions, and SQLite divides them as fractions.
    const start = sql<number>`ms - (ms - ${sql.lit(shiftMs)}) % ${sql.lit(stepMs)}`
    return this.#builder
      .selectFrom('audit')
      .select(({ fn }) => [
        start.as('start'),
        'action',
        sql<number>`case when outcome in ('ok', 'replayed') then 1 else 0 end`.as('is_ok'),
        'principal_kind',
        'principal_id',
        'principal_name',
        (isByName ? sql.ref<string | null>('object_name') : sql<null>`null`).as('name'),
        fn.countAll<number>().as('count'),
      ])
      .where('account_id', '=', accountId)
      .where('seq', '>', after)
      .where('seq', '<=', upTo)
      .$if(isByName, (query) => query.where('object_kind', '=', 'secret').where('object_name', 'is not', null))
      .where((eb) => eb.and(conditionsOf(eb, counting)))
      .groupBy(['start', 'action', 'is_ok', 'principal_kind', 'principal_id', 'principal_name'])
      .$if(isByName, (query) => query.groupBy('object_name'))
      .compile()
  }

  auditSize(accountId: number): Query {
    return this.#builder.selectFrom('accounts').select('audit_size').where('id', '=', accountId).compile()
  }
}

function conditionsOf(eb: ExpressionBuilder<Tables, 'audit'>, { action, outcome, secret, principal }: RecordMatch) {
  return [
    ...(action === undefined ? [] : [eb('action', '=', action)]),
    ...(outcome === undefined ? [] : [eb('outcome', '=', outcome)]),
    ...(secret === undefined ? [] : [eb('object_kind', '=', 'secret')]),
    ...(typeof secret === 'number' ? [eb('object_id', '=', secret)] : []),
    ...(typeof secret === 'string' ? [eb('object_name', '=', secret)] : []),
    ...(typeof principal === 'number' ? [eb('principal_kind', '=', 'key'), eb('principal_id', '=', principal)] : []),
    ...(typeof principal === 'string' ? [eb('principal_name', '=', principal)] : []),
  ]
}
