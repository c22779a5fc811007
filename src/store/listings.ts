/** Listings that go by the ids of a table's rows: each described once, and read part by part. */
import type { Principal } from '../model/principal.ts'
import { all, among, none, type Query, type Reading, reading, sql } from './sql.ts'
import { apiKeys } from './tables/api-key.ts'
import { deleted } from './tables/deleted.ts'
import { factors } from './tables/factor.ts'
import { lists } from './tables/list.ts'
import { machines } from './tables/machine.ts'
import { seeds } from './tables/seed.ts'
import { trustRules } from './tables/trust-rule.ts'
import { users } from './tables/user.ts'
import { deliveries, webhooks } from './tables/webhook.ts'

/** A part of a listing: so many rows beyond one. */
export interface Part {
  /** The id of the last row of the part before; nothing for the first part. */
  readonly after: number | undefined
  readonly limit: number
}

/** The rows of an account in one table, or some of them, in the order of their ids. */
export interface ListedRows<Row> {
  part(accountId: number, part: Part): Reading<Row>
}

type Table<Row> = Pick<Reading<Row>, 'read'> & {
  readonly name: string
  readonly columns: Readonly<Record<string, unknown>>
}

/** By ascending id. @param where further conditions */
function listing<Row>(table: Table<Row>, where: Query = none): ListedRows<Row> {
  return {
    part: (accountId, { after = 0, limit }) =>
      reading(
        table,
        sql`select ${all(table)} from ${named(table)} where account_id = ${accountId} and id > ${after}${where}
          order by id limit ${limit}`,
      ),
  }
}

/** The newest first. */
function newestFirst<Row>(table: Table<Row>, where: Query): ListedRows<Row> {
  return {
    part: (accountId, { after = Number.MAX_SAFE_INTEGER, limit }) =>
      reading(
        table,
        sql`select ${all(table)} from ${named(table)} where account_id = ${accountId} and id < ${after}${where}
          order by id desc limit ${limit}`,
      ),
  }
}

const ordered = (isDown: boolean) => (isDown ? newestFirst : listing)

function named({ name }: { readonly name: string }): Query {
  return { sql: name, parameters: [] }
}

/** Revoked ones too. */
export const keyListing = listing(apiKeys, sql` and user_id is null`)
/** Keys that some made, revoked ones too. */
export const keyListingOf = (kind: string, makers: readonly number[]) =>
  listing(apiKeys, sql` and maker_kind = ${kind} and maker_id in (${among(makers)})`)
/** Sessions of everybody that have not been ended, expired ones too. */
export const openSessionListing = listing(apiKeys, sql` and user_id is not null and revoked_ms is null`)
/** Those of a user that have not been ended, the newest first. */
export const sessionListing = (userId: number) =>
  newestFirst(apiKeys, sql` and user_id = ${userId} and revoked_ms is null`)
export const userListing = listing(users)
/** Those of these ids, sessions apart. */
export const keysOfIds = (ids: readonly number[]) =>
  listing(apiKeys, sql` and user_id is null and id in (${among(ids)})`)
export const usersOfIds = (ids: readonly number[]) => listing(users, sql` and id in (${among(ids)})`)
export const factorListing = listing(factors)
/** Those that are being deleted too. */
export const listListing = listing(lists)
/** Those of an environment. */
export const listsIn = (environmentId: number) => listing(lists, inEnvironment(environmentId))
/** What was deleted in an environment by itself, and the environments that were, the newest first. */
export const deletedIn = (environmentId: number) =>
  newestFirst(deleted, sql` and environment_id in (${environmentId}, 0) and with_id is null`)
/** What went with a list, by the id of its deletion. */
export const deletedWith = (id: number) => listing(deleted, sql` and with_id = ${id}`)
export const machineListing = listing(machines)
/** Machines that some made. */
export const machineListingOf = (kind: string, makers: readonly number[]) =>
  listing(machines, sql` and maker_kind = ${kind} and maker_id in (${among(makers)})`)
export const trustRuleListing = listing(trustRules)
export const webhookListing = listing(webhooks)
/** Those that somebody made. */
export const webhooksOf = ({ kind, id }: Pick<Principal, 'kind' | 'id'>) =>
  listing(webhooks, sql` and maker_kind = ${kind} and maker_id = ${id}`)
/** What a webhook was told or is to be, the newest first. */
export const deliveriesOf = (webhookId: number, state: string | undefined) =>
  newestFirst(deliveries, sql` and webhook_id = ${webhookId}${state === undefined ? none : sql` and state = ${state}`}`)
export const seedListing = listing(seeds)
/** Seeds of an environment. */
export const seedsIn = (environmentId: number, isDown: boolean) => ordered(isDown)(seeds, inEnvironment(environmentId))
/** Those that somebody made. */
export const seedsOf = (environmentId: number, { kind, id }: Pick<Principal, 'kind' | 'id'>, isDown: boolean) =>
  ordered(isDown)(seeds, sql`${inEnvironment(environmentId)} and maker_kind = ${kind} and maker_id = ${id}`)

function inEnvironment(environmentId: number): Query {
  return sql` and environment_id = ${environmentId}`
}
