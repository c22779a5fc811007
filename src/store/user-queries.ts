/** The queries about users and their factors, and how they must sign in. */
import { all, reading, sql } from './sql.ts'
import { factors, spent } from './tables/factor.ts'
import { signInRules } from './tables/sign-in.ts'
import { users } from './tables/user.ts'

export const userWithEmail = (accountId: number, email: string) =>
  reading(users, sql`select ${all(users)} from users where account_id = ${accountId} and email = ${email}`)

export const userWithLink = (linkHash: string) =>
  reading(users, sql`select ${all(users)} from users where link_hash = ${linkHash}`)

export const userOf = (accountId: number, id: number) =>
  reading(users, sql`select ${all(users)} from users where account_id = ${accountId} and id = ${id}`)

export const factorsOf = (accountId: number, userId: number) =>
  reading(
    factors,
    sql`select ${all(factors)} from factors where account_id = ${accountId} and user_id = ${userId} order by id`,
  )

export const factorWith = (lookup: string) =>
  reading(factors, sql`select ${all(factors)} from factors where lookup = ${lookup}`)

/** What was used up already: one row, or none. */
export const spentOf = (accountId: number, hash: string) =>
  reading(spent, sql`select ${all(spent)} from spent where account_id = ${accountId} and hash = ${hash}`)

export const rulesOf = (accountId: number) =>
  reading(signInRules, sql`select ${all(signInRules)} from sign_in_rules where account_id = ${accountId}`)
