/** The queries about the keys that wrap others, and about the store's keyring. */
import { all, none, type Query, reading, sql } from './sql.ts'
import type { KeyringRow, OldSecretKey } from './store.ts'
import { accountKeys } from './tables/account.ts'
import { customerKeys } from './tables/customer-key.ts'
import type { NamedRow } from './tables/field.ts'
import { meta } from './tables/meta.ts'
import { keyOfSecret } from './tables/secret.ts'

/** A key, and the secret that it is of. */
const oldKey = {
  read: (row: NamedRow): OldSecretKey => ({
    id: Number(row['id']),
    uid: String(row['uid']),
    key: keyOfSecret.read(row),
  }),
}

export const accountKey = (accountId: number, version: number) =>
  reading(
    accountKeys,
    sql`select ${all(accountKeys)} from account_keys where account_id = ${accountId} and version = ${version}`,
  )

export const accountKeysOf = (accountId: number) =>
  reading(
    accountKeys,
    sql`select ${all(accountKeys)} from account_keys where account_id = ${accountId} order by version`,
  )

export const customerKeyOf = (accountId: number) =>
  reading(customerKeys, sql`select ${all(customerKeys)} from customer_keys where account_id = ${accountId}`)

export const allCustomerKeys = () => reading(customerKeys, sql`select ${all(customerKeys)} from customer_keys`)

export const secretKeysBelow = (accountId: number, version: number, after: number, limit: number) =>
  reading(
    oldKey,
    sql`
  select k.secret_id as id, coalesce(s.uid, d.uid) as uid, k.key_version, k.wrapped from secret_keys k
  left join secrets s on s.account_id = k.account_id and s.id = k.secret_id
  left join deleted d on d.account_id = k.account_id and d.kind = 'secret' and d.thing_id = k.secret_id
  where k.account_id = ${accountId} and k.key_version < ${version} and k.secret_id > ${after}
    and (s.id is not null or d.id is not null)
  order by k.key_version, k.secret_id limit ${limit}`,
  )

export const countSecretKeysBelow = (accountId: number, version: number): Query =>
  sql`select count(*) as count from secret_keys where account_id = ${accountId} and key_version < ${version}`

/** Every version of an account's key was wrapped once, and once more for each version of the master key since. */
export const countWraps = (): Query => sql`
  select cast(coalesce(max(uses), 0) as bigint) as account, cast(coalesce(sum(version), 0) as bigint) as master
  from account_keys`

export const allMeta = () => reading(meta, sql`select ${all(meta)} from meta`)

/** Answers with a row if it replaced what it was told to replace. */
export const replaceMeta = (name: string, from: Uint8Array, to: Uint8Array): Query =>
  sql`update meta set value = ${to} where name = ${name} and value = ${from} returning name`

/** Leaves what is there already. */
export const addMeta = (name: string, value: Uint8Array): Query =>
  sql`insert into meta (name, value) values (${name}, ${value}) on conflict (name) do nothing`

export const dropMeta = (name: string): Query => sql`delete from meta where name = ${name}`

/** One statement, so that of two processes which open an empty store only one gives it its keys. */
export const putKeyring = ({ storeId, masterKeys, canary }: KeyringRow): Query => {
  const keys = masterKeys
    .map(({ version, wrapped }) => sql`, (${masterKeyName(version)}, ${wrapped})`)
    .reduce((before, one) => sql`${before}${one}`, none)
  return sql`
    insert into meta (name, value) values ('store_id', ${Buffer.from(storeId, 'hex')})${keys}, ('canary', ${canary})
    on conflict (name) do nothing`
}

/** What `meta` calls a version of the master key; and, in stores of before, the same under a root key that was to follow. */
export function masterKeyName(version: number, isNext = false): string {
  return `master_key${version === 1 ? '' : `_${version}`}${isNext ? '_next' : ''}`
}
