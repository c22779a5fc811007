/** Which id the next account gets: one that no row of any table is of, also where the row of an account was taken away. */
import { tables } from './tables/tables.ts'

const given = tables
  .filter(({ columns }) => 'account_id' in columns)
  .map(({ name }) => `((select account_id from ${name} order by account_id desc limit 1))`)
const ids = ['((select id from accounts order by id desc limit 1))', ...given].join(', ')

/**
 * Whoever kept an account's keys would else have them in the next one. `max` of each table would answer the same, and takes
 * PostgreSQL three to four times as long to plan.
 */
export const nextAccountSql = `select coalesce(max(column1), 0) + 1 as id from (values ${ids}) as given`
