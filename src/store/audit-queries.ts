/** The queries about the audit trail. */
import { all, literal, none, type Query, reading, settled, sql } from './sql.ts'
import type { RecordCount, RecordCounting, RecordFilter, RecordMatch } from './store.ts'
import { accounts } from './tables/account.ts'
import type { NamedRow } from './tables/field.ts'
import { audit, toStoredRecord } from './tables/record.ts'

export const recordsAfter = (accountId: number, after: number, limit: number) =>
  reading(
    { read: toStoredRecord },
    settled(
      sql`select ${all(audit)} from audit where account_id = ${accountId} and seq > ${after} order by seq limit ${limit}`,
    ),
  )

export const recordsBefore = (accountId: number, filter: RecordFilter) => {
  const { before, window, limit, from, to } = filter
  return reading(
    { read: toStoredRecord },
    settled(sql`
    select ${all(audit)} from audit where account_id = ${accountId} and seq < ${before} and seq >= ${before - window}
      ${from === undefined ? none : sql`and ms >= ${from}`} ${to === undefined ? none : sql`and ms <= ${to}`}
      ${matching(filter)}
    order by seq desc limit ${limit}`),
  )
}

export const countRecords = (accountId: number, counting: RecordCounting) => {
  const { after, upTo, stepMs, shiftMs, isByName } = counting
  return reading(
    { read: toRecordCount },
    settled(sql`
    select ms - (ms - ${literal(shiftMs)}) % ${literal(stepMs)} as start, action,
      case when outcome in ('ok', 'replayed') then 1 else 0 end as is_ok,
      principal_kind, principal_id, principal_name, ${isByName ? sql`object_name` : sql`null`} as name,
      count(*) as count
    from audit where account_id = ${accountId} and seq > ${after} and seq <= ${upTo}
      ${isByName ? sql`and object_kind = 'secret' and object_name is not null` : none}
      ${matching(counting)}
    group by start, action, is_ok, principal_kind, principal_id, principal_name
      ${isByName ? sql`, object_name` : none}`),
  )
}

const counted = audit.part('principal', 'action')

/** Records of one kind, counted. */
function toRecordCount(row: NamedRow): RecordCount {
  const { start, is_ok: isOk, name, count } = row
  return {
    start: Number(start),
    isOk: isOk === 1,
    ...counted.read(row),
    name: typeof name === 'string' ? name : null,
    count: Number(count),
  }
}

export const auditSize = (accountId: number) =>
  reading(accounts.part('auditSize'), settled(sql`select audit_size from accounts where id = ${accountId}`))

function matching({ action, outcome, secret, principal }: RecordMatch): Query {
  return sql`
    ${action === undefined ? none : sql`and action = ${action}`}
    ${outcome === undefined ? none : sql`and outcome = ${outcome}`}
    ${secret === undefined ? none : sql`and object_kind = 'secret'`}
    ${typeof secret === 'number' ? sql`and object_id = ${secret}` : none}
    ${typeof secret === 'string' ? sql`and object_name = ${secret}` : none}
    ${typeof principal === 'number' ? sql`and principal_kind = 'key' and principal_id = ${principal}` : none}
    ${typeof principal === 'string' ? sql`and principal_name = ${principal}` : none}`
}
