/**
 * How a database stands when a batch is decided: what its clock shows, and whether commits wait for a standby. In between it
 * is looked after: standbys that lag lose what was acknowledged, when one of them takes over.
 */
import { setTimeout } from 'node:timers/promises'
import { Refusal } from '../../errors.ts'
import { DatabaseClock } from '../clock.ts'
import type { Conditions } from '../conditions.ts'
import { schema } from '../migrations/migrations.ts'
import type { Query } from '../sql.ts'
import type { NamedRow } from '../tables/field.ts'
import type { Trails } from '../trails.ts'
import { applicationName, ofStrongroom } from './connect.ts'
import { Unusable } from './unusable.ts'

export const standingQuery = `select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms,
  current_setting('synchronous_standby_names') as standby_names, current_setting('synchronous_commit') as commits,
  left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) as timeline`

/** Roles that may not monitor see that a standby is there, and nothing of it. */
const standbys = `from pg_stat_replication where state is null or state = 'streaming'`
const lookQuery = `${standingQuery}, (select max(name) from migrations) as schema,
  (select min(application_name) from pg_stat_activity where datname = current_database()
    and ${ofStrongroom} and application_name collate "C" < '${applicationName}') as older,
  (select count(*) ${standbys}) as standbys,
  (select count(*) ${standbys} and (sync_state is null or sync_state in ('sync', 'quorum'))) as waited_for`
const flushedQuery = `select count(*) as standbys, count(*) filter (where flush_lsn >= ?::pg_lsn) as there,
  count(*) filter (where state is null) as hidden ${standbys}`

const watchMs = 5_000
/** A checkpoint waits for a standby so long. */
const replicatedMs = 10_000
const pauseMs = 100

type Ask = (query: Query) => Promise<readonly NamedRow[]>

export class Standing {
  readonly clock: DatabaseClock
  readonly #conditions: Conditions
  readonly #isRequired: boolean
  readonly #trails: Trails
  #timeline: string | undefined
  #standbys = 0

  /**
   * @param isRequired whether nothing is decided unless commits wait for a standby
   * @param trails held against the database when a standby has taken over
   */
  constructor(conditions: Conditions, isRequired: boolean, trails: Trails) {
    this.#conditions = conditions
    this.#isRequired = isRequired
    this.#trails = trails
    this.clock = new DatabaseClock(conditions)
  }

  /**
   * Takes note of a row of `standingQuery`, in the transaction that it is about.
   *
   * @returns what the clock shows
   * @throws Refusal `audit_unavailable` when nothing may be decided
   */
  read(row: NamedRow | undefined): number {
    const isWaiting = row?.['standby_names'] !== ''
    const commits = String(row?.['commits'])
    if (commits !== 'on' && commits !== 'remote_apply') throw notDurable(commits)
    if (!isWaiting) this.#note(this.#standbys)
    if (!isWaiting && this.#isRequired) throw notSynchronous()
    // Before what is decided now is acknowledged: this or another node may go on from what is left.
    if (this.#isTurned(row)) this.#trails.doubt()
    return this.clock.read(Number(row?.['ms']))
  }

  /** @returns what ends it */
  watch(ask: Ask): () => void {
    const look = () => this.look(ask).catch(() => {})
    const timer = setInterval(look, watchMs).unref()
    return () => clearInterval(timer)
  }

  async look(ask: Ask): Promise<void> {
    const [row] = await ask({ sql: lookQuery, parameters: [] })
    this.#standbys = Number(row?.['standbys'])
    if (row?.['standby_names'] === '') this.#note(this.#standbys)
    else if (row?.['waited_for'] === 0) {
      const detail = 'no standby is connected that commits wait for: nothing is answered until one is'
      this.#conditions.begin({ name: 'replication', detail, isRefusing: false })
    } else this.#conditions.end('replication')
    this.#compareSchema(String(row?.['schema']), row?.['older'])
    if (this.#isTurned(row)) await compareAll(ask, this.#trails)
    this.#timeline = timelineIn(row)
  }

  /** Whether a standby has taken over since it was looked last. */
  #isTurned(row: NamedRow | undefined): boolean {
    return this.#timeline !== undefined && this.#timeline !== timelineIn(row)
  }

  /** During an upgrade nodes of two versions serve. */
  #compareSchema(found: string, older: unknown): void {
    const detail =
      found > schema
        ? `the schema is of a newer version (${found}) than this node (${schema}): it serves on, and would not start again. Replace it by the newer version.`
        : typeof older === 'string'
          ? `"${older}" is connected, which is of an older version than this node (${schema}): replace it by this version`
          : undefined
    if (detail === undefined) this.#conditions.end('schema')
    else this.#conditions.begin({ name: 'schema', detail, isRefusing: false })
  }

  #note(standbyCount: number): void {
    if (standbyCount === 0 && !this.#isRequired) {
      this.#conditions.end('replication')
      return
    }
    const what = standbyCount === 0 ? 'no standby is waited for' : 'replication is asynchronous'
    const loses = 'when a standby takes over, what was acknowledged last is lost, revocations too'
    const detail = `${what}: ${loses}. Set synchronous_standby_names.`
    this.#conditions.begin({ name: 'replication', detail, isRefusing: this.#isRequired })
  }
}

/**
 * Waits until a standby has on its disk what can be read by now, where there are any.
 *
 * @throws when that takes too long, or cannot be seen
 */
export async function waitForStandby(ask: Ask): Promise<void> {
  const [now] = await ask({ sql: `${standingQuery}, pg_current_wal_insert_lsn()::text as lsn`, parameters: [] })
  // What can be read was waited for already.
  if (now?.['standby_names'] !== '') return
  for (let waited = 0; ; waited += pauseMs) {
    const [row] = await ask({ sql: flushedQuery, parameters: [now['lsn'] ?? null] })
    if (row?.['standbys'] === 0 || Number(row?.['there']) > 0) return
    if (Number(row?.['hidden']) > 0) throw new Error('What standbys have cannot be seen: grant pg_monitor to the role.')
    if (waited >= replicatedMs) throw new Error('No standby has the newest records yet.')
    await setTimeout(pauseMs)
  }
}

/**
 * A standby has taken over: is all there that was acknowledged, and the same? Of a record that is archived its segment is there,
 * and no standby was without it.
 */
async function compareAll(ask: Ask, trails: Trails): Promise<void> {
  const { known } = trails
  const found = await ask({
    sql: `select a.audit_size as size, coalesce(encode(r.head, 'hex'), case when s.last_seq = k.seq then s.head end) as head,
        (s.last_seq is not null)::int as is_archived
      from unnest(?::bigint[], ?::bigint[]) with ordinality k (id, seq, at)
      left join accounts a on a.id = k.id left join audit r on r.account_id = k.id and r.seq = k.seq
      left join lateral (select last_seq, head from audit_segments
        where account_id = k.id and last_seq >= k.seq and first_seq <= k.seq order by last_seq limit 1) s on true
      order by k.at`,
    parameters: [idsIn(known.map(({ accountId }) => accountId)), idsIn(known.map(({ size }) => size))],
  })
  for (const [at, one] of known.entries()) {
    const { size = null, head = null, is_archived: isArchived } = found[at] ?? {}
    const isKept = head === null ? isArchived === 1 : head === one.head
    if (!isKept) trails.lose(one, Number(size ?? 0))
  }
  trails.settle()
}

function timelineIn(row: NamedRow | undefined): string {
  return String(row?.['timeline'])
}

/** As PostgreSQL writes an array. */
function idsIn(ids: readonly number[]): string {
  return `{${ids.join(',')}}`
}

function notSynchronous(): Refusal {
  const message =
    'The database waits for no standby (synchronous_standby_names is empty), and STRONGROOM_REQUIRE_SYNCHRONOUS=on asks for that: nothing was done.'
  return new Refusal('audit_unavailable', message, {
    headers: { 'retry-after': '10' },
    cause: new Unusable(message, true),
  })
}

function notDurable(commits: string): Refusal {
  const cause = new Error(`synchronous_commit is ${commits}: it must be on or remote_apply`)
  return new Refusal('audit_unavailable', 'The database does not make commits durable. The log says why.', { cause })
}
