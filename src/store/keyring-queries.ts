/** The queries about the keys that wrap others, and about the store's keyring. */
import { type Kysely, sql } from 'kysely'
import type { Engine, Query } from './engine.ts'
import { builders } from './queries.ts'
import type { Tables } from './rows.ts'
import type { KeyringRow } from './store.ts'

export class KeyringQueries {
  readonly #builder: Kysely<Tables>

  constructor(dialect: Engine['dialect']) {
    this.#builder = builders[dialect]()
  }

  accountKey(accountId: number, version: number): Query {
    return this.#builder
      .selectFrom('account_keys')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('version', '=', version)
      .compile()
  }

  accountKeys(accountId: number): Query {
    return this.#builder
      .selectFrom('account_keys')
      .selectAll()
      .where('account_id', '=', accountId)
      .orderBy('version')
      .compile()
  }

  secretKeysBelow(accountId: number, version: number, after: number, limit: number): Query {
    return this.#builder
      .selectFrom('secret_keys')
      .innerJoin('secrets', (join) =>
        join
          .onRef('secrets.account_id', '=', 'secret_keys.account_id')
          .onRef('secrets.id', '=', 'secret_keys.secret_id'),
      )
      .select(['secrets.id', 'secrets.uid', 'secret_keys.key_version', 'secret_keys.wrapped'])
      .where('secret_keys.account_id', '=', accountId)
      .where('secret_keys.key_version', '<', version)
      .where('secret_keys.secret_id', '>', after)
      .orderBy('secret_keys.secret_id')
      .limit(limit)
      .compile()
  }

  countSecretKeysBelow(accountId: number, version: number): Query {
    return this.#builder
      .selectFrom('secret_keys')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('account_id', '=', accountId)
      .where('key_version', '<', version)
      .compile()
  }

  /** Every version of an account's key was wrapped once, and once more for each version of the master key since. */
  countWraps() {
    return this.#builder
      .selectFrom('account_keys')
      .select([
        sql<number>`cast(coalesce(max(uses), 0) as bigint)`.as('account'),
        sql<number>`cast(coalesce(sum(version), 0) as bigint)`.as('master'),
      ])
      .compile()
  }

  meta(): Query {
    return this.#builder.selectFrom('meta').selectAll().compile()
  }

  putMeta(name: string, value: Uint8Array): Query {
    return this.#builder
      .insertInto('meta')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .compile()
  }

  /** Leaves what is there already. */
  addMeta(name: string, value: Uint8Array): Query {
    return this.#builder
      .insertInto('meta')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .compile()
  }

  dropMeta(name: string): Query {
    return this.#builder.deleteFrom('meta').where('name', '=', name).compile()
  }

  /** One statement, so that of two processes which open an empty store only one gives it its keys. */
  putKeyring({ storeId, masterKeys, canary }: KeyringRow): Query {
    return this.#builder
      .insertInto('meta')
      .values([
        { name: 'store_id', value: Buffer.from(storeId, 'hex') },
        ...masterKeys.map(({ version, wrapped }) => ({ name: masterKeyName(version), value: wrapped })),
        { name: 'canary', value: canary },
      ])
      .onConflict((conflict) => conflict.column('name').doNothing())
      .compile()
  }
}

/** What `meta` calls a version of the master key, and the same under the root key that is to follow. */
export function masterKeyName(version: number, isNext = false): string {
  return `master_key${version === 1 ? '' : `_${version}`}${isNext ? '_next' : ''}`
}
