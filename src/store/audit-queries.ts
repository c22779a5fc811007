/** The queries about the audit trail. */
import { type Action, actions, isPlaced, valueReads } from '../audit/record.ts'
import { defaultEnvironment } from '../model/environment.ts'
import { all, among, literal, none, type Query, reading, settled, sql } from './sql.ts'
import type {
  ReaderCount,
  RecordCount,
  RecordCounting,
  RecordFilter,
  RecordMatch,
  RecordStretch,
  UseCount,
  UseMatch,
} from './store.ts'
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

/** Records of a stretch of sequence numbers, oldest first; with actions, those that did one of these. */
export const recordsAmong = (accountId: number, { after, upTo, limit, changes }: RecordStretch) =>
  reading(
    { read: toStoredRecord },
    settled(sql`
    select ${all(audit)} from audit where account_id = ${accountId} and seq > ${after} and seq <= ${upTo}
      ${changes === undefined ? none : doing(changes)}
    order by seq limit ${limit}`),
  )

/** Of what was done, and not refused. */
function doing(changes: readonly Action[]): Query {
  return sql`and outcome = 'ok' and action in (${amongActions(changes)})`
}

/** Actions, for `in (…)`: one at least. */
function amongActions(all: Iterable<Action>): Query {
  return { sql: [...all].map((one) => `'${one}'`).join(', '), parameters: [] }
}

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
  const { after, upTo, stepMs, shiftMs, isNarrowed } = counting
  const about = isNarrowed ? sql`, object_kind, object_name, environment_id, outcome` : none
  return reading(
    { read: toRecordCount },
    settled(sql`
    select ms - (ms - ${literal(shiftMs)}) % ${literal(stepMs)} as start, action,
      case when outcome in ('ok', 'replayed') then 1 else 0 end as is_ok,
      principal_kind, principal_id, principal_name${about}, count(*) as count
    from audit where account_id = ${accountId} and seq > ${after} and seq <= ${upTo}
      ${matching(counting)}
    group by start, action, is_ok, principal_kind, principal_id, principal_name${about}`),
  )
}

/** Who was handed out values of a secret, by the environment and the name that it had then. */
export const countReaders = (accountId: number, secretId: number, after: number, upTo: number) =>
  reading(
    { read: toReaderCount },
    settled(sql`
    select principal_kind, principal_id, principal_name, action, environment_id, object_name,
      count(*) as count, max(seq) as last_seq
    from audit where account_id = ${accountId} and seq > ${after} and seq <= ${upTo}
      and object_kind = 'secret' and object_id = ${secretId} and outcome in ('ok', 'replayed')
      and action in (${amongActions(valueReads)})
    group by principal_kind, principal_id, principal_name, action, environment_id, object_name`),
  )

function toReaderCount(row: NamedRow): ReaderCount {
  const { object_name: name, environment_id: environmentId, count, last_seq: lastSeq } = row
  const of = { name: textIn(name), ...idIn(environmentId) }
  return { ...counted.read(row), ...of, count: Number(count), lastSeq: Number(lastSeq) }
}

/** What was done, and how often: by whom, about what, where and from where. */
export const countUses = (
  accountId: number,
  { kind: actor, principalId, secretId }: UseMatch,
  after: number,
  upTo: number,
) =>
  reading(
    { read: toUseCount },
    settled(sql`
    select principal_kind, principal_id, principal_name, action, object_kind, object_name, environment_id, address,
      count(*) as count, max(ms) as last_ms
    from audit where account_id = ${accountId} and seq > ${after} and seq <= ${upTo} and outcome in ('ok', 'replayed')
      ${actor === undefined ? none : sql`and principal_kind = ${actor}`}
      ${principalId === undefined ? none : sql`and principal_id = ${principalId}`}
      ${secretId === undefined ? none : sql`and object_kind = 'secret' and object_id = ${secretId}`}
    group by principal_kind, principal_id, principal_name, action, object_kind, object_name, environment_id, address`),
  )

function toUseCount(row: NamedRow): UseCount {
  const { object_kind: kind, object_name: name, environment_id: environmentId, address, count, last_ms: lastAt } = row
  const of = { kind: textIn(kind), name: textIn(name), ...idIn(environmentId), address: String(address) }
  return { ...counted.read(row), ...of, count: Number(count), lastAt: Number(lastAt) }
}

/** Records by their numbers. */
export const recordsOf = (accountId: number, seqs: readonly number[]) =>
  reading(
    { read: toStoredRecord },
    settled(
      sql`select ${all(audit)} from audit where account_id = ${accountId} and seq in (${among(seqs)}) order by seq`,
    ),
  )

const counted = audit.part('principal', 'action')

/** Records of one kind, counted. */
function toRecordCount(row: NamedRow): RecordCount {
  const {
    start,
    is_ok: isOk,
    count,
    outcome,
    object_kind: kind,
    object_name: name,
    environment_id: environmentId,
  } = row
  return {
    start: Number(start),
    isOk: isOk === 1,
    ...counted.read(row),
    ...(outcome === undefined
      ? {}
      : { about: { kind: textIn(kind), name: textIn(name), ...idIn(environmentId), outcome: String(outcome) } }),
    count: Number(count),
  }
}

function textIn(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function idIn(value: unknown) {
  return { environmentId: typeof value === 'number' ? value : null }
}

export const auditSize = (accountId: number) =>
  reading(accounts.part('auditSize'), settled(sql`select audit_size from accounts where id = ${accountId}`))

function matching({ action, aside, outcome, secret, principal, kind, environmentId }: RecordMatch): Query {
  return sql`
    ${environmentId === undefined ? none : inEnvironment(environmentId)}
    ${action === undefined ? none : sql`and action = ${action}`}
    ${aside === undefined ? none : sql`and aside = ${aside}`}
    ${outcome === undefined ? none : sql`and outcome = ${outcome}`}
    ${secret === undefined ? none : sql`and object_kind = 'secret'`}
    ${typeof secret === 'number' ? sql`and object_id = ${secret}` : none}
    ${typeof secret === 'string' ? sql`and object_name = ${secret}` : none}
    ${typeof principal === 'number' ? sql`and principal_kind = 'key' and principal_id = ${principal}` : none}
    ${typeof principal === 'string' ? sql`and principal_name = ${principal}` : none}
    ${kind === undefined ? none : sql`and principal_kind = ${kind}`}`
}

/** Of `default`, only the action says that a record is of an environment. */
function inEnvironment(id: number): Query {
  if (id !== defaultEnvironment.id) return sql`and environment_id = ${id}`
  return sql`and environment_id is null and action in (${amongActions(placedActions)})`
}

const placedActions = actions.filter(isPlaced)
