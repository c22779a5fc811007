/** The index of trails, as the vault sees it: it is made of their records afterwards, and read by whoever looks for something. */
import type { Action } from '../audit/record.ts'
import { type Indexed, trailShape } from '../audit/trail-index.ts'
import type { IndexRow } from '../model/audit-index.ts'
import type { Lease } from '../model/lease.ts'
import { all, among, literal, none, type Query, type Reading, reading, settled, sql } from './sql.ts'
import { auditIndex } from './tables/audit-index.ts'
import type { NamedRow } from './tables/field.ts'

interface Asked {
  query(query: Query): Promise<readonly NamedRow[]>
  underLease(lease: Lease, statements: readonly Query[]): Promise<boolean>
}

/** Records of an account: both numbers inclusive. */
export interface Segment {
  readonly first: number
  readonly last: number
}

/** How many rows it has: with all, `buckets`. */
export interface IndexedSegment extends Segment {
  readonly rows: number
}

/** An account that has records enough for an index. */
export interface LongTrail {
  readonly accountId: number
  readonly size: number
}

/** Segments whose rows are written in one statement, by as many of them: parameters of a statement have an end. */
const rowsAtOnce = 64

export class TrailIndex {
  readonly #database: Asked

  constructor(database: Asked) {
    this.#database = database
  }

  /** By ascending id, accounts with so many records, after one: of these, where they are given. */
  async long(least: number, after: number, limit: number, ids?: readonly number[]): Promise<readonly LongTrail[]> {
    if (ids?.length === 0) return []
    return this.#all(long(least, after, limit, ids))
  }

  /** The segments that have an index, oldest first. */
  async segments(accountId: number): Promise<readonly IndexedSegment[]> {
    return this.#all(segments(accountId))
  }

  /** The rows of some buckets, of segments that begin in a part of the trail, the newest first. */
  async rows(accountId: number, of: readonly number[], part: Segment): Promise<readonly IndexRow[]> {
    return of.length === 0 ? [] : this.#all(rows(accountId, of, part))
  }

  /** What the index of a part of a trail is made of, oldest first. */
  records(accountId: number, { first, last }: Segment): Promise<readonly Indexed[]> {
    return this.#all(records(accountId, first, last))
  }

  /**
   * Writes rows, in one transaction, in the place of those that are there.
   *
   * @returns whether the lease was held; else nothing happened
   */
  put(lease: Lease, all: readonly IndexRow[]): Promise<boolean> {
    const parts = Array.from({ length: Math.ceil(all.length / rowsAtOnce) }, (_, at) =>
      all.slice(at * rowsAtOnce, (at + 1) * rowsAtOnce),
    )
    return this.#database.underLease(lease, parts.map(put))
  }

  /** Records of whole segments that have no index yet, over all accounts: without what is archived, and what is older. */
  async left(): Promise<number> {
    const [row] = await this.#database.query(left(trailShape.segment))
    return Math.max(0, Number(row?.['whole'] ?? 0) - Number(row?.['indexed'] ?? 0))
  }

  async #all<Model>({ query, read }: Reading<Model>): Promise<readonly Model[]> {
    return (await this.#database.query(query)).map((row) => read(row))
  }
}

const long = (least: number, after: number, limit: number, ids: readonly number[] | undefined) =>
  reading(
    { read: (row: NamedRow): LongTrail => ({ accountId: Number(row['id']), size: Number(row['audit_size']) }) },
    sql`
    select id, audit_size from accounts
    where id > ${after} and audit_size >= ${least} ${ids === undefined ? none : sql`and id in (${among(ids)})`}
    order by id limit ${limit}`,
  )

const segments = (accountId: number) =>
  reading(
    {
      read: (row: NamedRow): IndexedSegment => ({
        first: Number(row['first_seq']),
        last: Number(row['last_seq']),
        rows: Number(row['count']),
      }),
    },
    sql`
    select first_seq, last_seq, count(*) as count from audit_index where account_id = ${accountId}
    group by first_seq, last_seq order by first_seq`,
  )

const rows = (accountId: number, of: readonly number[], { first, last }: Segment) =>
  reading(
    auditIndex,
    sql`
    select ${all(auditIndex)} from audit_index
    where account_id = ${accountId} and bucket in (${among(of)}) and first_seq >= ${first} and first_seq <= ${last}
    order by first_seq desc`,
  )

/** The index must speak of nothing that may be lost. */
const records = (accountId: number, first: number, last: number) =>
  reading(
    { read: toIndexed },
    settled(sql`
    select seq, principal_kind, principal_id, principal_name, action, outcome, environment_id,
      case when object_kind = 'secret' then object_id end as secret_id,
      case when object_kind = 'secret' then object_name end as secret_name
    from audit where account_id = ${accountId} and seq >= ${first} and seq <= ${last} order by seq`),
  )

function toIndexed(row: NamedRow): Indexed {
  const { seq, principal_id: principalId, environment_id: environmentId, secret_id: secretId } = row
  const { principal_kind: kind, principal_name: principalName, action, outcome, secret_name: secretName } = row
  return {
    ...{ seq: Number(seq), kind: String(kind), principalId: Number(principalId), principalName: String(principalName) },
    // Of a row that was tampered with it may be anything: then it is a word that nobody asks for.
    ...{ action: String(action) as Action, outcome: String(outcome) },
    secretId: typeof secretId === 'number' ? secretId : null,
    secretName: typeof secretName === 'string' ? secretName : null,
    environmentId: typeof environmentId === 'number' ? environmentId : null,
  }
}

function put(of: readonly IndexRow[]): Query {
  const values = of.map((row) => auditIndex.write(row))
  const places = values.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ')
  return {
    sql: `insert into audit_index (${all(auditIndex).sql}) values ${places}
      on conflict (account_id, bucket, first_seq) do update set
        last_seq = excluded.last_seq, format = excluded.format, said = excluded.said, mac = excluded.mac`,
    parameters: values.flat(),
  }
}

/** An account's index is to begin where a segment does, after what is archived. */
const left = (segment: number) => {
  const whole = sql`(a.audit_size - a.audit_size % ${literal(segment)})`
  const begin = sql`(coalesce(w.seq, 0) + (${literal(segment)} - coalesce(w.seq, 0) % ${literal(segment)}) % ${literal(segment)})`
  return sql`
  with away as (select account_id, max(last_seq) as seq from audit_segments where is_restored = 0 group by account_id)
  select
    (select coalesce(sum(${whole} - ${begin}), 0) from accounts a left join away w on w.account_id = a.id
      where ${whole} > ${begin}) as whole,
    (select coalesce(sum(i.last_seq - i.first_seq + 1), 0) from audit_index i left join away w on w.account_id = i.account_id
      where i.bucket = 0 and i.first_seq > coalesce(w.seq, 0)) as indexed`
}
