/** The PostgreSQL engine: each connection carries one batch or query at a time; nodes keep no state. */
import type { Lease } from '../../model/lease.ts'
import { Conditions } from '../conditions.ts'
import type { Engine, Lane, RowKey } from '../engine.ts'
import { holdLease } from '../lease-queries.ts'
import type { Setting } from '../load.ts'
import type { Batch, Outcome, Request } from '../operation.ts'
import { Owners } from '../owners.ts'
import { RowMacs } from '../row-macs.ts'
import { type Run, sealStep } from '../seal-anew.ts'
import { numbered, type Query } from '../sql.ts'
import type { NamedRow } from '../tables/field.ts'
import { Trails } from '../trails.ts'
import { Batches } from './batches.ts'
import { refuseShared } from './connect.ts'
import { cutAfter, Deadline } from './deadline.ts'
import { noticing, settling } from './ending.ts'
import { isDoubtful, isSpent, toRefusal } from './failures.ts'
import { Hosts } from './hosts.ts'
import { migrate, migrationLock, refuseBesideOlder, refuseUnlessStore } from './migrate.ts'
import { Pool } from './pool.ts'
import { Signals } from './signals.ts'
import { Standing, standingQuery, waitForStandby } from './standing.ts'

/** Connections for what is not a batch: listings, the trail, health. */
const queryConnections = 8
const queryMs = 10_000
/** Of the start, which others may hold up: nodes that bring the schema up to date take turns. */
const openMs = 30_000

export class PostgresEngine implements Engine {
  readonly dialect = 'postgres'
  readonly #batches: Batches
  /** Apart, so that no number of plain queries keeps a batch waiting. */
  readonly #queries: Pool
  readonly owners = new Owners()
  readonly conditions = new Conditions()
  readonly trails = new Trails()
  readonly #standing: Standing
  #macs: RowMacs | undefined
  #storeId = ''

  readonly #hosts: Hosts
  readonly #signals: Signals
  #stopWatching = () => {}

  private constructor(url: string, isSynchronousRequired: boolean) {
    this.#standing = new Standing(this.conditions, isSynchronousRequired)
    this.#hosts = new Hosts(url)
    this.#signals = new Signals(this.#hosts, (query) => this.query(query))
    this.#batches = new Batches(this.#hosts, this.#standing, this, (accounts) => this.#signals.tell(accounts))
    this.#queries = new Pool(this.#hosts, queryConnections)
  }

  /** @throws Refusal when the database cannot be used as a store */
  static async open(url: string, mayMake: boolean, isSynchronousRequired = false): Promise<PostgresEngine> {
    const engine = new PostgresEngine(url, isSynchronousRequired)
    try {
      await engine.#prepare(url, mayMake)
      const ask = (query: Query) => engine.query(query)
      await engine.#standing.look(ask, engine.trails)
      const stops = [engine.#hosts.watch(), engine.#standing.watch(ask, engine.trails)]
      engine.#stopWatching = () => stops.map((stop) => stop())
    } catch (error) {
      await engine.close()
      throw error
    }
    return engine
  }

  async #prepare(url: string, mayMake: boolean): Promise<void> {
    const deadline = new Deadline(openMs)
    const taken = [this.#batches.pool, this.#queries].map(async (pool) => ({ pool, client: await pool.take(deadline) }))
    try {
      const [batches, queries] = await Promise.all([taken[0], taken[1]])
      if (batches === undefined || queries === undefined) throw new Error('Two pools have two connections.')
      await refuseShared(batches.client, queries.client).catch((error) => {
        throw this.#hosts.refusal(error)
      })
      if (!mayMake) {
        await refuseUnlessStore(batches.client, url)
        await refuseBesideOlder([batches.client, queries.client])
      }
      await migrate(batches.client)
      const { rows } = await batches.client.query<NamedRow>(standingQuery)
      this.#standing.read(rows[0])
    } finally {
      for (const one of await Promise.allSettled(taken)) {
        if (one.status === 'fulfilled') one.value.pool.giveBack(one.value.client)
      }
    }
  }

  get clock(): Engine['clock'] {
    return this.#standing.clock
  }

  laneOf(request: Request): Lane {
    return this.#batches.laneOf(request)
  }

  apartOf(request: Request): Lane {
    return this.#batches.apartOf(request)
  }

  run(batch: Batch, setting: Setting, lane: Lane, onDecided: () => void): Promise<Outcome[]> {
    return this.#batches.run(batch, setting, lane, onDecided)
  }

  async takeRowKey(rowKey: RowKey): Promise<void> {
    this.#storeId = rowKey.storeId
    this.#macs = new RowMacs(rowKey.key, rowKey.storeId)
    this.#batches.take(this.#macs)
    this.#signals.take(rowKey.storeId)
  }

  async sealStep(limit: number): Promise<boolean> {
    const { pool } = this.#batches
    const client = await pool.take(new Deadline(openMs))
    try {
      await client.query(`begin; set local lock_timeout = '10s'`)
      await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
      if (this.#macs === undefined) throw new Error('The store has not been given the key of its rows.')
      const run: Run = async (sql, ...parameters) => (await client.query(numbered(sql), [...parameters])).rows
      const isDone = await sealStep(run, this.#macs, this.#storeId, limit)
      await client.query('commit')
      pool.giveBack(client)
      return isDone
    } catch (error) {
      pool.discard(client)
      throw toRefusal(error)
    }
  }

  /** Once COMMIT was sent and is not answered, whether it took effect is not known: the caller looks again at what is there. */
  async underLease(lease: Lease, statements: readonly Query[]): Promise<boolean> {
    const deadline = new Deadline(queryMs)
    const client = await this.#queries.take(deadline)
    const run = ({ sql, parameters }: Query) => client.query(numbered(sql), [...parameters])
    const work = async () => {
      await client.query('begin')
      const isHeld = (await run(holdLease('postgres', lease))).rows.length > 0
      if (isHeld) for (const statement of statements) await run(statement)
      await client.query(isHeld ? 'commit' : 'rollback')
      return isHeld
    }
    try {
      const { result, cancelled } = await noticing(client, () => cutAfter(deadline.left, client, work))
      if (cancelled !== undefined) throw cancelled
      this.#queries.giveBack(client)
      return result
    } catch (error) {
      this.#queries.discard(client)
      if (isDoubtful(error)) this.#hosts.doubt()
      throw toRefusal(error)
    }
  }

  async query({ sql, parameters, isSettled }: Query): Promise<readonly NamedRow[]> {
    const deadline = new Deadline(queryMs)
    for (let tries = 1; ; tries++) {
      const client = await this.#queries.take(deadline)
      try {
        const ask = () => client.query<NamedRow>(numbered(sql), [...parameters])
        const answers = () => Promise.all([ask(), ...(isSettled === true ? [client.query(settling)] : [])])
        const { result, cancelled } = await noticing(client, () => cutAfter(deadline.left, client, answers))
        if (cancelled !== undefined) throw cancelled
        this.#queries.giveBack(client)
        return result[0].rows
      } catch (error) {
        this.#queries.discard(client)
        if (isDoubtful(error)) this.#hosts.doubt()
        if (tries >= 3 || deadline.left === 0 || !isSpent(error)) throw toRefusal(error)
      }
    }
  }

  async probe(): Promise<void> {
    const [row] = await this.query({ sql: standingQuery, parameters: [], isSettled: true })
    this.#standing.read(row)
  }

  follow(...follower: Parameters<Engine['follow']>): () => void {
    return this.#signals.follow(...follower)
  }

  replicated(): Promise<void> {
    return waitForStandby((query) => this.query(query))
  }

  async close(): Promise<void> {
    this.#stopWatching()
    await this.#batches.close()
    await this.#signals.close()
    await this.#queries.close()
  }
}
