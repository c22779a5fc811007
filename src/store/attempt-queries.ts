/** The queries that count attempts: each is one statement, so that none counts less because others run beside it. */
import { type Query, reading, sql } from './sql.ts'
import { attempts } from './tables/sign-in.ts'

/** When a window ends. */
const end = attempts.part('until')

/** Counts one more, unless there are `max` within the window. @returns when the window ends, or no row */
export const takeAttempt = (name: string, max: number, now: number, until: number) =>
  reading(
    end,
    sql`
  insert into attempts (name, until_ms, count) values (${name}, ${until}, 1)
  on conflict (name) do update set
    count = case when attempts.until_ms <= ${now} then 1 else attempts.count + 1 end,
    until_ms = case when attempts.until_ms <= ${now} then excluded.until_ms else attempts.until_ms end
  where attempts.until_ms <= ${now} or attempts.count < ${max}
  returning until_ms`,
  )

export const endOfAttempts = (name: string) => reading(end, sql`select until_ms from attempts where name = ${name}`)

/** Of the window in which it was taken. */
export const giveBackAttempt = (name: string, until: number): Query =>
  sql`update attempts set count = count - 1 where name = ${name} and until_ms = ${until} and count > 0`

export const forgetAttempts = (name: string): Query => sql`delete from attempts where name = ${name}`

/** Some of them at once. */
export const pruneAttempts = (now: number): Query =>
  sql`delete from attempts where name in (select name from attempts where until_ms <= ${now} limit 1000)`
