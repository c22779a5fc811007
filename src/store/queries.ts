/** The queries that are not one secret's read or write, built once for both databases. */
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { AuditQueries } from './audit-queries.ts'
import type { Engine, Query } from './engine.ts'
import type { Tables } from './rows.ts'
import type { DeploymentFilter } from './store.ts'
import { UserQueries } from './user-queries.ts'

const dayMs = 86_400_000

export class Queries {
  readonly people: UserQueries
  readonly trail: AuditQueries
  readonly #builder: Kysely<Tables>

  constructor(dialect: Engine['dialect']) {
    this.#builder = builders[dialect]()
    this.people = new UserQueries(this.#builder)
    this.trail = new AuditQueries(this.#builder)
  }

  accounts(): Query {
    return this.#builder.selectFrom('accounts').selectAll().orderBy('id').compile()
  }

  storedSecretsAfter(accountId: number, after: number, limit: number): Query {
    return this.#builder
      .selectFrom('secrets')
      .leftJoin('versions', (join) =>
        join
          .onRef('versions.account_id', '=', 'secrets.account_id')
          .onRef('versions.secret_id', '=', 'secrets.id')
          .onRef('versions.version', '=', 'secrets.version'),
      )
      .leftJoin('lists', (join) =>
        join.onRef('lists.account_id', '=', 'secrets.account_id').onRef('lists.id', '=', 'secrets.list_id'),
      )
      .selectAll('secrets')
      .select(['versions.sealed', 'lists.uid as list_uid'])
      .where('secrets.account_id', '=', accountId)
      .where('secrets.id', '>', after)
      .orderBy('secrets.id')
      .limit(limit)
      .compile()
  }

  /** All stored versions of each secret of a page, with the secret and its key. */
  versionsAfter(accountId: number, after: number, limit: number): Query {
    const page = this.#builder
      .selectFrom('secrets')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
    return this.#builder
      .selectFrom(page.as('s'))
      .innerJoin('secret_keys as k', (join) =>
        join.onRef('k.account_id', '=', 's.account_id').onRef('k.secret_id', '=', 's.id'),
      )
      .innerJoin('versions as v', (join) =>
        join.onRef('v.account_id', '=', 's.account_id').onRef('v.secret_id', '=', 's.id'),
      )
      .selectAll('s')
      .select(['k.key_version', 'k.wrapped', 'v.sealed', 'v.version as sealed_version', 'v.name as sealed_name'])
      .select('v.created_ms as sealed_ms')
      .orderBy('s.id')
      .orderBy('v.version')
      .compile()
  }

  secretsAfter(accountId: number, after: number, limit: number): Query {
    return this.#builder
      .selectFrom('secrets')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .compile()
  }

  secretNamed(accountId: number, name: string): Query {
    return this.#builder
      .selectFrom('secrets')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('name', '=', name)
      .compile()
  }

  secretsOfListAfter(accountId: number, listId: number, after: number, limit: number): Query {
    return this.#builder
      .selectFrom('secrets')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('list_id', '=', listId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .compile()
  }

  lists(accountId: number): Query {
    return this.#builder.selectFrom('lists').selectAll().where('account_id', '=', accountId).orderBy('id').compile()
  }

  accountNamed(name: string): Query {
    return this.#builder.selectFrom('accounts').selectAll().where('name', '=', name).compile()
  }

  trustRules(accountId: number, issuer: string | undefined): Query {
    const rules = this.#builder.selectFrom('trust_rules').selectAll().where('account_id', '=', accountId).orderBy('id')
    return (issuer === undefined ? rules : rules.where('issuer', '=', issuer)).compile()
  }

  machines(accountId: number): Query {
    return this.#builder.selectFrom('machines').selectAll().where('account_id', '=', accountId).orderBy('id').compile()
  }

  claims(accountId: number): Query {
    return this.#builder.selectFrom('machine_addresses').selectAll().where('account_id', '=', accountId).compile()
  }

  settings(accountId: number): Query {
    return this.#builder.selectFrom('account_settings').selectAll().where('account_id', '=', accountId).compile()
  }

  seedsAfter(accountId: number, after: number, limit: number): Query {
    return this.#builder
      .selectFrom('seeds')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .compile()
  }

  deploymentsAfter(accountId: number, filter: DeploymentFilter, after: number, limit: number): Query {
    const { target, secret, isStale } = filter
    const held = this.#builder
      .selectFrom('deployment_secrets as h')
      .leftJoin('secrets as s', (join) =>
        join.onRef('s.account_id', '=', 'h.account_id').onRef('s.id', '=', 'h.secret_id'),
      )
      .select('h.deployment_id')
      .where('h.account_id', '=', accountId)
    const page = this.#builder
      .selectFrom('deployments')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('id', '>', after)
      .$if(target !== undefined, (query) => query.where('target', '=', target ?? ''))
      .$if(typeof secret === 'number', (query) =>
        query.where('id', 'in', held.where('h.secret_id', '=', Number(secret))),
      )
      .$if(typeof secret === 'string', (query) =>
        query.where(
          'id',
          'in',
          held.where((eb) => eb.or([eb('h.name', '=', String(secret)), eb('s.name', '=', String(secret))])),
        ),
      )
      .$if(isStale === true, (query) =>
        query.where(
          'id',
          'in',
          held.where((eb) => eb.or([eb('s.id', 'is', null), eb('s.version', '>', eb.ref('h.version'))])),
        ),
      )
      .orderBy('id')
      .limit(limit)
    return this.#builder
      .selectFrom(page.as('d'))
      .leftJoin('deployment_secrets as h', (join) =>
        join.onRef('h.account_id', '=', 'd.account_id').onRef('h.deployment_id', '=', 'd.id'),
      )
      .leftJoin('secrets as s', (join) =>
        join.onRef('s.account_id', '=', 'h.account_id').onRef('s.id', '=', 'h.secret_id'),
      )
      .selectAll('d')
      .select(['h.secret_id', 'h.secret_uid', 'h.name', 'h.version', 's.version as current_version'])
      .orderBy('d.id')
      .orderBy('h.secret_id')
      .compile()
  }

  keysAfter(accountId: number, after: number, limit: number): Query {
    return this.#builder
      .selectFrom('api_keys')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('user_id', 'is', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .compile()
  }

  openSessionsAfter(accountId: number, after: number, limit: number): Query {
    return this.#builder
      .selectFrom('api_keys')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('user_id', 'is not', null)
      .where('revoked_ms', 'is', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(limit)
      .compile()
  }

  countAccounts() {
    return this.#builder
      .selectFrom('accounts')
      .select(({ fn }) => fn.countAll<number>().as('all'))
      .compile()
  }

  countKeys(now: number) {
    return this.#builder
      .selectFrom('api_keys')
      .where('user_id', 'is', null)
      .where('rule_id', 'is', null)
      .select((eb) => {
        const { fn, and, or } = eb
        const isOpen = and([
          eb('revoked_ms', 'is', null),
          or([eb('expires_ms', 'is', null), eb('expires_ms', '>', now)]),
        ])
        const count = (days: number) =>
          fn
            .countAll<number>()
            .filterWhere(isOpen)
            .filterWhere('expires_ms', '<=', now + days * dayMs)
        return [
          fn.countAll<number>().filterWhere(isOpen).as('active'),
          fn
            .countAll<number>()
            .filterWhere('revoked_ms', 'is', null)
            .filterWhere('expires_ms', '<=', now)
            .as('expired'),
          fn.countAll<number>().filterWhere('revoked_ms', 'is not', null).as('revoked'),
          count(7).as('within7Days'),
          count(30).as('within30Days'),
        ]
      })
      .compile()
  }

  countSecrets(now: number) {
    return this.#builder
      .selectFrom('secrets')
      .select(({ fn }) => {
        const unchanged = (days: number) => fn.countAll<number>().filterWhere('updated_ms', '<', now - days * dayMs)
        const expired = fn.countAll<number>().filterWhere('expires_ms', '<=', now)
        const expiring = (days: number) =>
          fn
            .countAll<number>()
            .filterWhere('expires_ms', '>', now)
            .filterWhere('expires_ms', '<=', now + days * dayMs)
        return [
          fn.countAll<number>().as('all'),
          unchanged(90).as('over90Days'),
          unchanged(365).as('over365Days'),
          expired.as('expired'),
          expiring(7).as('within7Days'),
          expiring(30).as('within30Days'),
        ]
      })
      .compile()
  }

  countDeployments() {
    return this.#builder
      .selectFrom('deployments as d')
      .select((eb) => [
        eb.fn.countAll<number>().as('all'),
        eb.fn
          .countAll<number>()
          .filterWhere(
            eb.exists(
              eb
                .selectFrom('deployment_secrets as h')
                .leftJoin('secrets as s', (join) =>
                  join.onRef('s.account_id', '=', 'h.account_id').onRef('s.id', '=', 'h.secret_id'),
                )
                .select('h.secret_id')
                .whereRef('h.account_id', '=', 'd.account_id')
                .whereRef('h.deployment_id', '=', 'd.id')
                .where((held) => held.or([held('s.id', 'is', null), held('s.version', '>', held.ref('h.version'))])),
            ),
          )
          .as('stale'),
      ])
      .compile()
  }
}

/** Builds SQL for one kind of database or the other, and runs none. */
export const builders = {
  sqlite: () =>
    new Kysely<Tables>({
      dialect: {
        createAdapter: () => new SqliteAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (database) => new SqliteIntrospector(database),
        createQueryCompiler: () => new SqliteQueryCompiler(),
      },
    }),
  postgres: () =>
    new Kysely<Tables>({
      dialect: {
        createAdapter: () => new PostgresAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (database) => new PostgresIntrospector(database),
        createQueryCompiler: () => new PostgresQueryCompiler(),
      },
    }),
}
