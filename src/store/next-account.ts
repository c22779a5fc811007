/** Which id the next account gets: one that no row of any table is of, also where the row of an account was taken away. */
import { tables } from './tables/tables.ts'

const given = tables
  .filter(({ columns }) => 'account_id' in columns)
  .map(({ name }) => `select max(account_id) from ${name}`)
const ids = ['select max(id) as id from accounts', ...given].join(' union all ')

/** Whoever kept an account's keys would else have them in the next one. */
export const nextAccountSql = `select coalesce(max(id), 0) + 1 as id from (${ids}) as given`
