/** The PostgreSQL engine: each connection carries one batch or query at a time; nodes keep no state. */
import { DatabaseError, type PoolClient } from 'pg'
import { Refusal } from '../../errors.ts'
import type { Clock } from '../clock.ts'
import { Conditions } from '../conditions.ts'
import type { Engine, RowKey } from '../engine.ts'
import { type Decided, decideBatch, type Setting } from '../load.ts'
import type { Batch, Outcome } from '../operation.ts'
import { type Locked, Owners } from '../owners.ts'
import { RowMacs } from '../row-macs.ts'
import { type Run, sealStep } from '../seal-anew.ts'
import { numbered, type Query } from '../sql.ts'
import type { NamedRow } from '../tables/field.ts'
import { Trails } from '../trails.ts'
import { refuseShared } from './connect.ts'
import { cutAfter, Deadline, isBroken } from './deadline.ts'
import { Hosts } from './hosts.ts'
import { migrate, migrationLock, refuseBesideOlder, refuseUnlessStore } from './migrate.ts'
import { Pool } from './pool.ts'
import { Standing, standingQuery, waitForStandby } from './standing.ts'
import { PostgresTransaction } from './transaction.ts'

/**
 * Batches on their way at once. The next would wait for the locks of this one's accounts, while what arrives meanwhile
 * makes it larger: with 2 and 3, measured at 32 and 128 connections, 15 % to 35 % fewer requests were answered.
 */
const inFlight = 1
/** Connections for what is not a batch: listings, the trail, health. */
const queryConnections = 8
/** serialization_failure, deadlock_detected, unique_violation (two nodes made the same row): run again. */
const transient = new Set(['40001', '40P01', '23505'])
/** The connection knows statements as they were before the schema changed, or knows them no more. */
const worn = new Set(['0A000', '26000'])
const maxTries = 5
/**
 * What a request waits for the database, about 10 seconds in all: `maxWaitMs` of the batcher, until COMMIT is sent, and for
 * its answer. One attempt takes no more than its part, so that there is time for another one elsewhere.
 */
const sentWithinMs = 5_000
const attemptMs = 3_000
/** COMMIT is never cancelled, but nobody waits for it for ever. */
const commitMs = 3_000
const rollBackMs = 500
const queryMs = 10_000
/** Of the start, which others may hold up: nodes that bring the schema up to date take turns. */
const openMs = 30_000
/** https://github.com/postgres/postgres/blob/master/src/backend/replication/syncrep.c: such a COMMIT "succeeds". */
const cancelledSync = /^cancell?ing (the )?wait for synchronous replication/i

export class PostgresEngine implements Engine {
  readonly dialect = 'postgres'
  readonly inFlight = inFlight
  /** Apart, so that no number of plain queries keeps a batch waiting. */
  readonly #batches: Pool
  readonly #queries: Pool
  readonly owners = new Owners()
  readonly conditions = new Conditions()
  readonly trails = new Trails()
  readonly #standing: Standing
  #macs: RowMacs | undefined
  #storeId = ''

  readonly #hosts: Hosts
  #stopWatching = () => {}

  private constructor(url: string, isSynchronousRequired: boolean) {
    this.#standing = new Standing(this.conditions, isSynchronousRequired)
    this.#hosts = new Hosts(url)
    this.#batches = new Pool(this.#hosts, inFlight)
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
    const taken = [this.#batches, this.#queries].map(async (pool) => ({ pool, client: await pool.take(deadline) }))
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

  get clock(): Clock {
    return this.#standing.clock
  }

  async run(batch: Batch, setting: Setting): Promise<Outcome[]> {
    const deadline = new Deadline(sentWithinMs)
    for (let tries = 1; ; tries++) {
      const client = await this.#batches.take(deadline)
      const attempt = await this.#attempt(client, batch, setting, Math.min(attemptMs, deadline.left))
      if (attempt.kind === 'committed') {
        this.#batches.giveBack(client)
        this.trails.acknowledge(attempt.accounts)
        return attempt.outcomes
      }
      if (attempt.kind === 'unknown') {
        this.#batches.discard(client)
        this.#hosts.doubt()
        throw new Refusal('outcome_unknown', unknownMessage, { cause: attempt.error, headers: { 'retry-after': '1' } })
      }
      const { error } = attempt
      if (!isSpent(error) && (await rollBack(client))) this.#batches.giveBack(client)
      else this.#batches.discard(client)
      if (isDoubtful(error)) this.#hosts.doubt()
      if (tries >= maxTries || deadline.left === 0 || !isWorthAnotherTry(error)) throw toRefusal(error)
    }
  }

  async takeRowKey(rowKey: RowKey): Promise<void> {
    this.#storeId = rowKey.storeId
    this.#macs = new RowMacs(rowKey.key, rowKey.storeId)
  }

  async sealStep(limit: number): Promise<boolean> {
    const client = await this.#batches.take(new Deadline(openMs))
    try {
      await client.query(`begin; set local lock_timeout = '10s'`)
      await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
      if (this.#macs === undefined) throw new Error('The store has not been given the key of its rows.')
      const run: Run = async (sql, ...parameters) => (await client.query(numbered(sql), [...parameters])).rows
      const isDone = await sealStep(run, this.#macs, this.#storeId, limit)
      await client.query('commit')
      this.#batches.giveBack(client)
      return isDone
    } catch (error) {
      this.#batches.discard(client)
      throw toRefusal(error)
    }
  }

  async query({ sql, parameters }: Query): Promise<readonly NamedRow[]> {
    const deadline = new Deadline(queryMs)
    for (let tries = 1; ; tries++) {
      const client = await this.#queries.take(deadline)
      try {
        const ask = () => client.query<NamedRow>(numbered(sql), [...parameters])
        const { rows } = await cutAfter(deadline.left, client, ask)
        this.#queries.giveBack(client)
        return rows
      } catch (error) {
        this.#queries.discard(client)
        if (isDoubtful(error)) this.#hosts.doubt()
        if (tries >= 3 || deadline.left === 0 || !isSpent(error)) throw toRefusal(error)
      }
    }
  }

  /** A message in the WAL that nobody reads is committed as a row is: on the disk, and on the standbys that commits wait for. */
  async probe(): Promise<void> {
    const sql = `${standingQuery}, pg_logical_emit_message(true, 'strongroom', 'ready') as at`
    const [row] = await this.query({ sql, parameters: [] })
    this.#standing.read(row)
  }

  replicated(): Promise<void> {
    return waitForStandby((query) => this.query(query))
  }

  async close(): Promise<void> {
    this.#stopWatching()
    await Promise.all([this.#batches.close(), this.#queries.close()])
  }

  async #attempt(client: PoolClient, batch: Batch, setting: Setting, ms: number): Promise<Attempt> {
    const transaction = new PostgresTransaction(client, this.#standing)
    let decided: Decided
    try {
      decided = await cutAfter(ms, client, async () => {
        // Not waited for: the connection sends what follows at once, and answers in order.
        const begun = client.query('begin')
        const work = decideBatch(transaction, batch, setting, this.#macs, this)
        return (await Promise.all([work, begun]))[0]
      })
    } catch (error) {
      return { kind: 'failed', error: transaction.failure ?? error }
    }
    return finish(client, transaction, decided)
  }
}

type Attempt =
  | { readonly kind: 'committed'; readonly outcomes: Outcome[]; readonly accounts: Locked }
  /** Nothing happened. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** COMMIT was sent, and whether it took effect everywhere nobody said. */
  | { readonly kind: 'unknown'; readonly error: unknown }

const unknownMessage =
  'The connection to the database broke while the change was being committed: it may have been carried out. Repeat it with the same Idempotency-Key, or read to find out.'

/**
 * Sends the steps, and COMMIT with them: should a step fail, the database makes a ROLLBACK of it. Once COMMIT was sent, an
 * answer that does not come leaves open what happened, unless the database has said of a step that it failed.
 */
async function finish(client: PoolClient, transaction: PostgresTransaction, decided: Decided): Promise<Attempt> {
  if (isBroken(client)) return { kind: 'failed', error: new Error('The connection was lost before COMMIT was sent.') }
  let cancelled: string | undefined
  const onNotice = ({ message }: { message?: string | undefined }) => {
    if (message !== undefined && cancelledSync.test(message)) cancelled = message
  }
  client.on('notice', onNotice)
  try {
    const [, { command }] = await cutAfter(commitMs, client, () =>
      Promise.all([transaction.write(decided.steps), client.query('commit')]),
    )
    if (cancelled !== undefined) return { kind: 'unknown', error: new Error(cancelled) }
    if (command === 'COMMIT') return { kind: 'committed', outcomes: decided.outcomes, accounts: decided.accounts }
    return { kind: 'failed', error: new Error(`The database answered COMMIT with ${command}.`) }
  } catch (error) {
    const { failure } = transaction
    return failure instanceof DatabaseError ? { kind: 'failed', error: failure } : { kind: 'unknown', error }
  } finally {
    client.off('notice', onNotice)
  }
}

async function rollBack(client: PoolClient): Promise<boolean> {
  try {
    await cutAfter(rollBackMs, client, () => client.query('rollback'))
    return true
  } catch {
    return false
  }
}

function isWorthAnotherTry(error: unknown): boolean {
  return isSpent(error) || isLockTimeout(error) || transient.has(sqlState(error) ?? '')
}

/** Whether another connection may do better. */
function isSpent(error: unknown): boolean {
  return isConnectionLoss(error) || worn.has(sqlState(error) ?? '')
}

/** Whether it is in question who the primary is: a stale one whose commits wait for standbys that left it holds its locks. */
function isDoubtful(error: unknown): boolean {
  return isConnectionLoss(error) || isLockTimeout(error)
}

/** lock_not_available */
function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === '55P03'
}

/** A fault of the connection has no SQLSTATE, or one of class 08 (connection) or 57P (shutdown). */
function isConnectionLoss(error: unknown): boolean {
  if (error instanceof Refusal) return false
  const state = sqlState(error)
  return error instanceof Error && (state === undefined || state.startsWith('08') || state.startsWith('57P'))
}

function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const cause = new Error(error instanceof Error ? error.message : 'unknown')
  if (sqlState(error) === '53100') {
    return new Refusal(
      'storage_full',
      'The disk of the database is full: nothing was changed. Free some space, then repeat.',
      { cause },
    )
  }
  // data_exception: such as a NUL, which no text of PostgreSQL holds.
  if (sqlState(error)?.startsWith('22') === true) {
    return new Refusal('invalid', 'The request holds a text that the database does not take.', { cause })
  }
  const message = 'The request could not be recorded in the audit trail, so it was not answered. Try again shortly.'
  return new Refusal('audit_unavailable', message, { cause, headers: { 'retry-after': '1' } })
}
