/** Sinks of the trail: how far each has come, and what is left. */
import type { Lease } from '../model/lease.ts'
import type { SinkDoubt, SinkPosition as StoredPosition } from '../model/sink.ts'
import { among, none, type Query, reading, sql } from './sql.ts'
import type { NamedRow } from './tables/field.ts'
import { auditSinks } from './tables/sink.ts'

/** Whose trails a sink is sent: of all accounts when none is named. */
export type SinkAccounts = readonly number[]

/** Of what one statement asks. */
export interface SinkLook {
  readonly name: string
  readonly accountIds: SinkAccounts
  /** Accounts up to this one are passed over. */
  readonly after: number
  readonly limit: number
}

/** An account of which a sink has not sent everything. */
export interface Behind {
  readonly accountId: number
  /** What it has sent. */
  readonly seq: number
  /** What there is. */
  readonly size: number
}

/** How far a sink has come in the trail of an account. */
export interface SinkMove extends Pick<Behind, 'accountId' | 'seq'> {
  /** What its receiver may have lost of that; nothing where it is not said. */
  readonly doubts?: readonly SinkDoubt[]
}

/** How far a sink has come, and when it came there, in milliseconds since 1970. */
export interface SinkPosition extends Pick<Behind, 'accountId' | 'seq'> {
  readonly name: string
  readonly movedAt: number
}

/** How a sink stands, over all its accounts. */
export interface SinkState {
  readonly accounts: number
  /** Records that its receiver has, and those that it lacks. */
  readonly taken: number
  readonly left: number
  /** When the oldest of those was made, in milliseconds since 1970. */
  readonly oldestAt: number | undefined
  readonly movedAt: number | undefined
  /** The last failure, unless it went on since. */
  readonly fault: { readonly reason: string; readonly at: number } | undefined
}

/** What an engine does for them. */
interface Database {
  query(query: Query): Promise<readonly NamedRow[]>
  underLease(lease: Lease, statements: readonly Query[]): Promise<boolean>
}

/** What sinks ask of the store. What they write is written while they hold the lease; else nothing happens. */
export class Sinks {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** By ascending id, the accounts whose trails a sink has not sent to their end. */
  async behind(look: SinkLook): Promise<readonly Behind[]> {
    const { query, read } = behind(look)
    return (await this.#database.query(query)).map(read)
  }

  /**
   * Of a sink that has no position yet: it begins where the trails end now.
   *
   * @returns whether the lease was held
   */
  begin(lease: Lease, name: string, accountIds: SinkAccounts, now: number): Promise<boolean> {
    return this.#database.underLease(lease, [begin(name, accountIds, now)])
  }

  /**
   * Notes what the receiver of a sink has, in one transaction.
   *
   * @returns whether the lease was held
   */
  move(lease: Lease, name: string, moves: readonly SinkMove[], now: number): Promise<boolean> {
    const statements = moves.map((one) => move(name, one, now))
    return this.#database.underLease(lease, statements)
  }

  /**
   * Notes why a sink does not go on.
   *
   * @returns whether the lease was held
   */
  fail(lease: Lease, name: string, accountId: number, fault: string, now: number): Promise<boolean> {
    return this.#database.underLease(lease, [fail(name, accountId, fault, now)])
  }

  /** Of some sinks, in every account that they have sent anything of. */
  async positions(sinks: readonly string[]): Promise<readonly SinkPosition[]> {
    if (sinks.length === 0) return []
    return (await this.#database.query(positions(sinks))).map((row) => ({
      name: String(row['name']),
      accountId: Number(row['account_id']),
      seq: Number(row['seq']),
      movedAt: Number(row['moved_ms']),
    }))
  }

  /** What the receiver of a sink may have lost, in each account in which it was given something since a time. */
  async doubts(name: string, since: number): Promise<readonly Pick<StoredPosition, 'accountId' | 'doubts'>[]> {
    const { query, read } = doubted(name, since)
    return (await this.#database.query(query)).map(read)
  }

  async state(name: string, accountIds: SinkAccounts): Promise<SinkState> {
    const [[counted], [fault]] = await Promise.all([
      this.#database.query(count(name, accountIds)),
      this.#database.query(lastFault(name)),
    ])
    return stateOf(counted, fault)
  }

  /** Of all that have sent anything, whether the settings have them still or not. */
  async names(): Promise<readonly string[]> {
    return (await this.#database.query(names)).map(({ name }) => String(name))
  }
}

const behind = ({ name, accountIds, after, limit }: SinkLook) =>
  reading(
    {
      read: (row: NamedRow): Behind => ({
        accountId: Number(row['id']),
        seq: Number(row['seq']),
        size: Number(row['audit_size']),
      }),
    },
    // One that has come further than the trail goes has seen an end that was lost: it goes on from what is left.
    sql`
  select a.id, a.audit_size, coalesce(s.seq, 0) as seq
  from accounts a left join audit_sinks s on s.account_id = a.id and s.name = ${name}
  where a.id > ${after} and a.audit_size <> coalesce(s.seq, 0) ${within(accountIds)}
  order by a.id limit ${limit}`,
  )

/** From what there is now on, for a sink that has no position yet. */
const begin = (name: string, accountIds: SinkAccounts, now: number): Query => sql`
  insert into audit_sinks (account_id, name, seq, moved_ms)
  select a.id, ${name}, a.audit_size, ${now} from accounts a
  where not exists (select 1 from audit_sinks s where s.name = ${name}) ${within(accountIds)}`

const move = (name: string, { accountId, seq, doubts = [] }: SinkMove, now: number): Query => sql`
  insert into audit_sinks (account_id, name, seq, moved_ms, doubts)
  values (${accountId}, ${name}, ${seq}, ${now}, ${JSON.stringify(doubts)})
  on conflict (account_id, name) do update set
    seq = excluded.seq, moved_ms = excluded.moved_ms, fault = null, failed_ms = null, doubts = excluded.doubts`

const fail = (name: string, accountId: number, fault: string, now: number): Query => sql`
  insert into audit_sinks (account_id, name, seq, moved_ms, fault, failed_ms)
  values (${accountId}, ${name}, 0, 0, ${fault}, ${now})
  on conflict (account_id, name) do update set fault = excluded.fault, failed_ms = excluded.failed_ms`

const count = (name: string, accountIds: SinkAccounts): Query => sql`
  select count(*) as accounts, coalesce(sum(coalesce(s.seq, 0)), 0) as taken,
    coalesce(sum(case when a.audit_size > coalesce(s.seq, 0) then a.audit_size - coalesce(s.seq, 0) else 0 end), 0) as left_over,
    min((select r.ms from audit r where r.account_id = a.id and r.seq = coalesce(s.seq, 0) + 1)) as oldest_ms,
    max(s.moved_ms) as moved_ms
  from accounts a left join audit_sinks s on s.account_id = a.id and s.name = ${name}
  where 1 = 1 ${within(accountIds)}`

const lastFault = (name: string): Query => sql`
  select fault, failed_ms from audit_sinks where name = ${name} and fault is not null order by failed_ms desc limit 1`

const positions = (sinks: readonly string[]): Query => ({
  sql: `select name, account_id, seq, moved_ms from audit_sinks where name in (${sinks.map(() => '?').join(', ')})`,
  parameters: sinks,
})

const doubted = (name: string, since: number) =>
  reading(
    auditSinks.part('accountId', 'doubts'),
    sql`select account_id, doubts from audit_sinks where name = ${name} and moved_ms >= ${since}`,
  )

const names: Query = sql`select distinct name from audit_sinks order by name`

function within(accountIds: SinkAccounts): Query {
  return accountIds.length === 0 ? none : sql`and a.id in (${among(accountIds)})`
}

/** @param fault the row of `lastFault`, if there is one */
function stateOf(counted: NamedRow | undefined, fault: NamedRow | undefined): SinkState {
  const movedAt = timeIn(counted?.['moved_ms'])
  const failedAt = timeIn(fault?.['failed_ms'])
  const isOver = failedAt === undefined || (movedAt !== undefined && movedAt > failedAt)
  return {
    accounts: Number(counted?.['accounts'] ?? 0),
    taken: Number(counted?.['taken'] ?? 0),
    left: Number(counted?.['left_over'] ?? 0),
    oldestAt: timeIn(counted?.['oldest_ms']),
    movedAt,
    fault: isOver ? undefined : { reason: String(fault?.['fault']), at: failedAt },
  }
}

/** Nothing where there is none, or where a sink that has moved nothing has 0. */
function timeIn(value: unknown): number | undefined {
  return value === null || value === undefined || Number(value) === 0 ? undefined : Number(value)
}
