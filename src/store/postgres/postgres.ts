/** The PostgreSQL engine: each connection carries one batch or query at a time; nodes keep no state. */
import { Conditions } from '../conditions.ts'
import type { Engine, Lane, RowKey } from '../engine.ts'
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
import { Deadline } from './deadline.ts'
import { toRefusal } from './failures.ts'
import { Hosts } from './hosts.ts'
import { migrate, migrationLock, refuseBesideOlder, refuseUnlessStore } from './migrate.ts'
import { PlainQueries } from './plain-queries.ts'
import { Signals } from './signals.ts'
import { Standing, standingQuery, waitForStandby } from './standing.ts'
import { watchStatistics } from './statistics.ts'

/** Of the start, which others may hold up: nodes that bring the schema up to date take turns. */
const openMs = 30_000

interface PostgresOptions {
  readonly mayMake: boolean
  readonly isServer?: boolean | undefined
  readonly isSynchronousRequired?: boolean | undefined
}

export class PostgresEngine implements Engine {
  readonly dialect = 'postgres'
  readonly #batches: Batches
  readonly #queries: PlainQueries
  readonly owners = new Owners()
  readonly conditions = new Conditions()
  readonly trails = new Trails()
  onDecoyRead: Engine['onDecoyRead'] = () => {}
  readonly #standing: Standing
  #macs: RowMacs | undefined
  #storeId = ''

  readonly #hosts: Hosts
  readonly #signals: Signals
  #stopWatching = () => {}

  private constructor(url: string, isSynchronousRequired: boolean) {
    this.#standing = new Standing(this.conditions, isSynchronousRequired, this.trails)
    this.#hosts = new Hosts(url)
    this.#signals = new Signals(this.#hosts, (query) => this.query(query))
    this.#batches = new Batches(this.#hosts, this.#standing, this, (accounts, decoyReads) => {
      this.#signals.tell(accounts)
      for (const read of decoyReads) this.onDecoyRead(read)
    })
    this.#queries = new PlainQueries(this.#hosts)
  }

  /** @throws Refusal when the database cannot be used as a store */
  static async open(
    url: string,
    { mayMake, isServer = false, isSynchronousRequired = false }: PostgresOptions,
  ): Promise<PostgresEngine> {
    const engine = new PostgresEngine(url, isSynchronousRequired)
    try {
      await engine.#prepare(url, mayMake, isServer)
      const ask = (query: Query) => engine.query(query)
      await engine.#standing.look(ask)
      const stops = [engine.#hosts.watch(), engine.#standing.watch(ask), watchStatistics(engine.#queries.pool)]
      engine.#stopWatching = () => stops.map((stop) => stop())
    } catch (error) {
      await engine.close()
      throw error
    }
    return engine
  }

  async #prepare(url: string, mayMake: boolean, isServer: boolean): Promise<void> {
    const deadline = new Deadline(openMs)
    const taken = [this.#batches.pool, this.#queries.pool].map(async (pool) => ({
      pool,
      client: await pool.take(deadline),
    }))
    try {
      const [batches, queries] = await Promise.all([taken[0], taken[1]])
      if (batches === undefined || queries === undefined) throw new Error('Two pools have two connections.')
      await refuseShared(batches.client, queries.client).catch((error) => {
        throw this.#hosts.refusal(error)
      })
      if (!mayMake) await refuseUnlessStore(batches.client, url)
      if (!isServer) await refuseBesideOlder([batches.client, queries.client])
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

  async sealStep(limit?: number): Promise<boolean> {
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

  underLease(...[lease, statements]: Parameters<Engine['underLease']>): Promise<boolean> {
    return this.#queries.underLease(lease, statements)
  }

  query(query: Query): Promise<readonly NamedRow[]> {
    return this.#queries.query(query)
  }

  async probe(): Promise<void> {
    const [row] = await this.query({ sql: standingQuery, parameters: [], isSettled: true })
    this.#standing.read(row)
  }

  /** All of it is this thread's. */
  async collect(): Promise<void> {}

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
