/**
 * Appends records to the chains of their accounts, in one statement: the database says where each stands, and hashes it. So
 * the heads, which nodes take turns at, are held for this statement and COMMIT, and never while a node computes.
 */
import { encodeUpToPlace } from '../../audit/record.ts'
import type { Value } from '../tables/field.ts'
import { audit } from '../tables/record.ts'
import type { TrailOnly } from '../trail-only.ts'
import { arraysOf, type Statement, types } from './statements.ts'

/** What the database finds itself. */
const found: ReadonlySet<string> = new Set(['seq', 'ms', 'head'])
const names = Object.keys(audit.columns)
const given = names.filter((name) => !found.has(name))

/** The leaf of a record, by what its text says but for where it stands: see `audit/record.ts` and `audit/chain.ts`. */
function leaf(text: string, seq: string, ms: string): string {
  const time = `to_char(timestamp 'epoch' + ${ms} * interval '1 millisecond', 'YYYY-MM-DD"T"HH24:MI:SS.MS')`
  return `sha256('\\x00'::bytea || convert_to(${text} || ${seq} || ',"time":"' || ${time} || 'Z"}', 'UTF8'))`
}

/** With the last of the parameters that both statements begin with, COMMIT waits for nothing. */
const relaxing = `set_config('synchronous_commit', case when $3 then 'off' else current_setting('synchronous_commit') end, true)`

/** Of the record that is next. */
const numbers = { size: 'audit_size + 1', ms: 'greatest(audit_ms, $2::bigint)' }

/**
 * Heads are locked in the order of their accounts' ids; a record is never of a time before the one that it follows. Whoever
 * makes what is committed durable later (`relaxed`) lets others go on from it at once.
 */
const appending: Statement = {
  name: 'append_records',
  text: `with r as materialized (
      select * from unnest(${given.map((name, at) => `$${at + 4}::${types[audit.columns[name] ?? 'text']}[]`).join(', ')}, $1::text[])
        with ordinality r (${given.join(', ')}, text, at)
    ), h as materialized (
      select id, audit_size, audit_head, ${numbers.ms} as ms from accounts
      where id = any($4::bigint[]) order by id for no key update
    ), placed as materialized (
      select r.${given.join(', r.')}, text, at, h.ms, h.audit_size + row_number() over (partition by r.account_id order by at) as seq
      from r left join h on h.id = r.account_id
    ), linked as materialized (
      select account_id, seq, audit_chain(link) over (partition by account_id order by seq) as head from (
        select id as account_id, audit_size as seq, audit_head as link from h
        union all
        select account_id, seq, ${leaf('r.text', 'seq', 'ms')} from placed r
      ) links
    ), written as (
      insert into audit (${names.join(', ')})
      select ${names.join(', ')} from placed left join linked using (account_id, seq)
    ), last as (
      select distinct on (account_id) account_id, seq, head from linked order by account_id, seq desc
    )
    update accounts set audit_size = last.seq, audit_head = last.head, audit_ms = h.ms
    from last join h on h.id = last.account_id where accounts.id = last.account_id
    returning accounts.id, accounts.audit_size, accounts.audit_head, ${relaxing}`,
}

/** The same of one record, where nothing is to be ordered and counted. Without its account it has no number, and is not taken. */
const appendingOne: Statement = {
  name: 'append_record',
  text: `with h as (
      update accounts set audit_size = ${numbers.size}, audit_ms = ${numbers.ms},
        audit_head = audit_chain_next(audit_head, ${leaf('$1::text', `(${numbers.size})`, numbers.ms)})
      where id = $4::bigint returning audit_size as seq, audit_ms as ms, audit_head as head
    ), written as (
      insert into audit (${names.join(', ')})
      select ${names.map((name) => (found.has(name) ? `h.${name}` : `r.${name}`)).join(', ')}
      from (select ${given.map((name, at) => `$${at + 4}::${types[audit.columns[name] ?? 'text']} as ${name}`).join(', ')}) r left join h on true
    )
    select $4::bigint as id, seq as audit_size, head as audit_head, ${relaxing} from h`,
}

/** Of keys, the time of their last use, which only grows, with the API that it was through. In the order of their ids, as the heads. */
export const using: Statement = {
  name: 'use_keys',
  text: `with r as materialized (
      select k.account_id, k.id, greatest(k.last_used_ms, u.at) as at,
        case when k.last_used_ms > u.at then k.last_used_api else u.api end as api
      from api_keys k
      join unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) u (account_id, id, at, api) using (account_id, id)
      order by k.account_id, k.id for no key update of k
    )
    update api_keys k set last_used_ms = r.at, last_used_api = r.api from r where k.account_id = r.account_id and k.id = r.id`,
}

/** A statement with its parameters. */
interface Asking {
  readonly statement: Statement
  readonly values: readonly unknown[]
}

/** @param now the time that the records were decided at */
export function appendingOf({ records }: TrailOnly, now: number, isRelaxed: boolean): Asking {
  const rows = records.map((record) => {
    const values = audit.write(record)
    return values.filter((_, at) => !found.has(names[at] ?? ''))
  })
  const [row = []] = rows
  const texts = records.map(encodeUpToPlace)
  if (rows.length === 1) return { statement: appendingOne, values: [texts[0], now, isRelaxed, ...row] }
  return { statement: appending, values: [texts, now, isRelaxed, ...arraysOf(rows)] }
}

export function usingValues({ used }: TrailOnly): Value[][] {
  return arraysOf(used.map(({ accountId, id, lastUsedAt, lastUsedApi }) => [accountId, id, lastUsedAt, lastUsedApi]))
}
