/** The archive of the trail, as plain queries: which segments there are, what may go next, and records that come back. */
import type { Aside } from '../audit/record.ts'
import type { StoredRecord } from '../audit/verify.ts'
import { type AuditSegment, maxSegmentRecords } from '../model/audit-segment.ts'
import type { Lease } from '../model/lease.ts'
import { all, among, literal, none, type Query, sql } from './sql.ts'
import { auditSegments } from './tables/audit-segment.ts'
import type { NamedRow } from './tables/field.ts'
import { audit } from './tables/record.ts'

/** What an engine does for them. */
interface Database {
  query(query: Query): Promise<readonly NamedRow[]>
  underLease(lease: Lease, statements: readonly Query[]): Promise<boolean>
}

/** Records that may leave the database next. */
export interface DueRecords {
  /** The last one that is archived already, with the head there. */
  readonly after: number
  readonly headBefore: string | undefined
  /** The last one that may go: as many as go into one segment, at the most. */
  readonly upTo: number
  readonly firstAt: number
  /** Whether it is as much as goes into one segment. */
  readonly isFull: boolean
}

/** Who has not had all records yet that are old enough. */
export interface HeldBack {
  readonly accountId: number
  readonly by: string
  /** The last record that it has had. */
  readonly seq: number
}

export interface ArchiveCounts {
  readonly segments: number
  /** When the oldest record was made that is in the database alone; `undefined` when there is none. */
  readonly oldestAt: number | undefined
}

/** A sink of the settings: what it has not had does not go. */
export interface Follower {
  readonly name: string
  /** Whose trails it is sent; empty for those of all. */
  readonly accountIds: readonly number[]
  /** For how long after it has had records it may step back, and be sent them again; longer where another node leads meanwhile. */
  readonly doubtMs?: number | undefined
  /** By account, how far it had come so long ago: what came after that it may have to be sent again. */
  readonly settled?: ReadonlyMap<number, number>
}

/** Segments that are read at once. */
const segmentsAtOnce = 500
/** Records that one statement brings back. */
const restoredAtOnce = 100

export class AuditSegments {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** In their order, after a record. */
  after(accountId: number, seq: number): Promise<readonly AuditSegment[]> {
    return this.#read(sql`select ${all(auditSegments)} from audit_segments
      where account_id = ${accountId} and last_seq > ${seq} order by last_seq limit ${literal(segmentsAtOnce)}`)
  }

  async newest(accountId: number): Promise<AuditSegment | undefined> {
    const [found] = await this.#read(sql`select ${all(auditSegments)} from audit_segments
      where account_id = ${accountId} order by last_seq desc limit 1`)
    return found
  }

  /** The newest segment of which some records are among these, and not in the database. */
  async newestAway(accountId: number, first: number, last: number): Promise<AuditSegment | undefined> {
    const [found] = await this.#read(sql`select ${all(auditSegments)} from audit_segments
      where account_id = ${accountId} and last_seq >= ${first} and first_seq <= ${last} and is_restored = 0
      order by last_seq desc limit 1`)
    return found
  }

  /** The newest that ends before a record, and is in the database again. */
  async newestBack(accountId: number, before: number): Promise<AuditSegment | undefined> {
    const [found] = await this.#read(sql`select ${all(auditSegments)} from audit_segments
      where account_id = ${accountId} and last_seq < ${before} and is_restored = 1 order by last_seq desc limit 1`)
    return found
  }

  /** The one that begins with the oldest of these records, as far as they are archived. */
  async oldestAmong(accountId: number, first: number, last: number): Promise<AuditSegment | undefined> {
    const [found] = await this.#read(sql`select ${all(auditSegments)} from audit_segments
      where account_id = ${accountId} and last_seq >= ${first} and first_seq <= ${last} order by last_seq limit 1`)
    return found
  }

  /** Those whose records came back, for a time that is over: of all accounts, some of them. */
  pastRestoring(now: number): Promise<readonly AuditSegment[]> {
    return this.#read(sql`select ${all(auditSegments)} from audit_segments
      where restored_until_ms <= ${now} order by account_id, last_seq limit ${literal(segmentsAtOnce)}`)
  }

  /**
   * What may go next of an account: older than a time, and had by all who follow the trail.
   *
   * @param isHeld whether it waits for those
   */
  async due(
    accountId: number,
    before: number,
    followers: readonly Follower[],
    isHeld = true,
  ): Promise<DueRecords | undefined> {
    const newest = await this.newest(accountId)
    const after = newest?.lastSeq ?? 0
    const held = isHeld ? await this.holders(accountId, followers) : []
    const most = Math.min(after + maxSegmentRecords, ...held.map(({ seq }) => seq))
    if (most <= after) return undefined
    const [row] = await this.#database.query(sql`
      select max(seq) as last_seq, min(ms) as first_ms from audit
      where account_id = ${accountId} and seq > ${after} and seq <= ${most} and ms < ${before}
        and seq < (select audit_size from accounts where id = ${accountId})`)
    const upTo = Number(row?.['last_seq'] ?? 0)
    if (upTo <= after) return undefined
    const isFull = upTo === after + maxSegmentRecords
    return { after, headBefore: newest?.head, upTo, firstAt: Number(row?.['first_ms']), isFull }
  }

  /** Who follows the trail of an account, and how far each has come. */
  async holders(accountId: number, followers: readonly Follower[]): Promise<readonly HeldBack[]> {
    const sinks = followers.filter(({ accountIds }) => accountIds.length === 0 || accountIds.includes(accountId))
    const [positions, [told]] = await Promise.all([
      sinks.length === 0
        ? []
        : this.#database.query(
            sql`select name, seq from audit_sinks where account_id = ${accountId} and name in (${list(sinks)})`,
          ),
      this.#database.query(sql`
        select (select min(p.seq) from webhooks w
            join webhook_positions p on p.account_id = w.account_id and p.webhook_id = w.id
            where w.account_id = ${accountId} and w.is_enabled = 1) as webhook_seq,
          (select min(id) from deliveries where account_id = ${accountId} and next_ms is not null) as delivery_id`),
    ])
    const { webhook_seq: seq, delivery_id: delivery } = told ?? {}
    return [
      ...sinks.map(({ name, settled }) => {
        const position = positions.find((one) => one['name'] === name)
        const seq = Number(position?.['seq'] ?? 0)
        return {
          accountId,
          by: `the sink ${name}`,
          seq: settled === undefined ? seq : Math.min(seq, settled.get(accountId) ?? 0),
        }
      }),
      ...(typeof seq === 'number' ? [{ accountId, by: 'a webhook', seq }] : []),
      ...(typeof delivery === 'number' ? [{ accountId, by: 'a delivery of a webhook', seq: delivery - 1 }] : []),
    ]
  }

  /** What records are besides, by their numbers: those that are something. */
  async asides(accountId: number, first: number, last: number): Promise<ReadonlyMap<number, Aside>> {
    const { read } = audit.part('seq', 'aside')
    const rows = await this.#database.query(sql`
      select seq, aside from audit
      where account_id = ${accountId} and seq >= ${first} and seq <= ${last} and aside is not null order by seq`)
    return new Map(rows.map(read).flatMap(({ seq, aside }) => (aside === null ? [] : [[seq, aside] as const])))
  }

  /**
   * Brings records back, as they were; those that are there already stay.
   *
   * @returns whether the lease was held
   */
  async bringBack(lease: Lease, records: readonly StoredRecord[]): Promise<boolean> {
    for (let at = 0; at < records.length; at += restoredAtOnce) {
      const rows = records
        .slice(at, at + restoredAtOnce)
        .map(({ record, head, aside = null }) => audit.write({ ...record, head, aside }))
      const values = rows.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ')
      const { sql: columns } = all(audit)
      const statement = {
        sql: `insert into audit (${columns}) values ${values} on conflict (account_id, seq) do nothing`,
        parameters: rows.flat(),
      }
      if (!(await this.#database.underLease(lease, [statement]))) return false
    }
    return true
  }

  async counts(): Promise<ArchiveCounts> {
    const [row] = await this.#database.query(sql`
      select (select count(*) from audit_segments) as segments,
        (select min((select r.ms from audit r where r.account_id = a.id and r.seq > coalesce(
          (select max(s.last_seq) from audit_segments s where s.account_id = a.id), 0) order by r.seq limit 1))
        from accounts a) as oldest_ms`)
    const oldest = row?.['oldest_ms']
    return {
      segments: Number(row?.['segments'] ?? 0),
      oldestAt: oldest === null || oldest === undefined ? undefined : Number(oldest),
    }
  }

  async #read(query: Query): Promise<readonly AuditSegment[]> {
    return (await this.#database.query(query)).map(auditSegments.read)
  }
}

/** Names, for `in (…)`. */
function list(followers: readonly Follower[]): Query {
  if (followers.length === 0) return none
  return { sql: among(followers.map(() => 0)).sql, parameters: followers.map(({ name }) => name) }
}
