/** Carries out batches on PostgreSQL: which go at once, how long each may take, and which are tried again. */
import type { PoolClient } from 'pg'
import { Refusal } from '../../errors.ts'
import { Crowded, type Lane } from '../batcher.ts'
import { type Decided, decideBatch, type Setting } from '../load.ts'
import type { Batch, Outcome, Request } from '../operation.ts'
import { isSharing } from '../operations/registry.ts'
import type { Locked, Remembered } from '../owners.ts'
import type { RowMacs } from '../row-macs.ts'
import { cutAfter, Deadline } from './deadline.ts'
import { type Attempt, appendingOf, finish, writingOf } from './ending.ts'
import { isDoubtful, isLockTimeout, isSpent, isWorthAnotherTry, toRefusal } from './failures.ts'
import type { Hosts } from './hosts.ts'
import { apartInFlight, apartOf, inFlight, laneOf } from './lanes.ts'
import { Pool } from './pool.ts'
import type { Standing } from './standing.ts'
import { PostgresTransaction } from './transaction.ts'

/** In a lane of many accounts nobody waits longer for the locks of one: then each account goes by itself. */
const shortWait = { lock_timeout: '200ms' }
const maxTries = 5
/**
 * What a request waits for the database, about 10 seconds in all: `maxWaitMs` of the batcher, until COMMIT is sent, and for
 * its answer. One attempt takes no more than its part, so that there is time for another one elsewhere.
 */
const sentWithinMs = 5_000
const attemptMs = 3_000
const rollBackMs = 500

type OnDurable = (accounts: Locked, decoyReads: Decided['decoyReads']) => void

export class Batches {
  readonly #hosts: Hosts
  readonly #standing: Standing
  readonly #remembered: Remembered
  readonly #onDurable: OnDurable
  /** Of accounts that nobody else is at. */
  readonly pool: Pool
  readonly #apart: Pool
  #macs: RowMacs | undefined
  #running = 0

  /** @param onDurable told how far the trails go, and which decoys were read, once that is durable */
  constructor(hosts: Hosts, standing: Standing, remembered: Remembered, onDurable: OnDurable) {
    this.#onDurable = onDurable
    this.#hosts = hosts
    this.#standing = standing
    this.#remembered = remembered
    this.pool = new Pool(hosts, inFlight, shortWait)
    this.#apart = new Pool(hosts, apartInFlight)
  }

  /** Before the first of them. */
  take(macs: RowMacs): void {
    this.#macs = macs
  }

  laneOf(request: Request): Lane {
    return laneOf(request, this.#remembered.owners)
  }

  apartOf(request: Request): Lane {
    return apartOf(request, this.#remembered.owners)
  }

  /** @see Engine */
  async run(batch: Batch, setting: Setting, { isApart = false }: Lane, onDecided: () => void): Promise<Outcome[]> {
    this.#running++
    try {
      const isShared = batch.requests.every(({ operation }) => isSharing(operation))
      return await this.#run({ batch, setting, isApart, onDecided }, isShared)
    } finally {
      this.#running--
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.pool.close(), this.#apart.close()])
  }

  async #run(task: Task, mayShare: boolean): Promise<Outcome[]> {
    const pool = task.isApart ? this.#apart : this.pool
    const deadline = new Deadline(sentWithinMs)
    let isShared = mayShare
    for (let tries = 1; ; tries++) {
      const client = await pool.take(deadline)
      const attempt = await this.#attempt(client, task, isShared, Math.min(attemptMs, deadline.left))
      if (attempt.kind === 'committed') {
        pool.giveBack(client)
        this.#remembered.trails.acknowledge(attempt.accounts)
        this.#onDurable(attempt.accounts, attempt.decided.decoyReads)
        return attempt.decided.outcomes
      }
      if (attempt.kind === 'unknown') {
        pool.discard(client)
        this.#hosts.doubt()
        throw new Refusal('outcome_unknown', unknownMessage, { cause: attempt.error, headers: { 'retry-after': '1' } })
      }
      if (attempt.kind === 'changing') isShared = false
      const error = attempt.kind === 'changing' ? undefined : attempt.error
      if (!isSpent(error) && (await rollBack(client))) pool.giveBack(client)
      else pool.discard(client)
      if (attempt.kind === 'changing') continue
      if (!task.isApart && isLockTimeout(error)) throw new Crowded('Somebody else is at an account of these.')
      if (isDoubtful(error)) this.#hosts.doubt()
      if (tries >= maxTries || deadline.left === 0 || !isWorthAnotherTry(error)) throw toRefusal(error)
    }
  }

  /** @param ms how long it may take until COMMIT is sent */
  async #attempt(client: PoolClient, task: Task, isShared: boolean, ms: number): Promise<Attempt> {
    const { batch, setting, onDecided } = task
    const transaction = new PostgresTransaction(client, this.#standing, isShared)
    let decided: Decided
    try {
      decided = await cutAfter(ms, client, async () => {
        const begun = transaction.begin()
        const work = decideBatch(transaction, batch, setting, this.#macs, this.#remembered, isShared)
        return (await Promise.all([work, begun]))[0]
      })
    } catch (error) {
      return { kind: 'failed', error: transaction.failure ?? error }
    }
    const writing = isShared
      ? appendingOf(decided, this.#running > 1 || batch.requests.length > 1)
      : writingOf(decided, setting)
    if (writing === undefined) return { kind: 'changing' }
    const ending = finish(client, transaction, writing, decided)
    onDecided()
    return ending
  }
}

interface Task {
  readonly batch: Batch
  readonly setting: Setting
  readonly isApart: boolean
  readonly onDecided: () => void
}

const unknownMessage =
  'The connection to the database broke while the change was being committed: it may have been carried out. Repeat it with the same Idempotency-Key, or read to find out.'

/** @returns whether the connection is as it was, and good for another transaction */
async function rollBack(client: PoolClient): Promise<boolean> {
  try {
    await cutAfter(rollBackMs, client, () => client.query('rollback'))
    return true
  } catch {
    return false
  }
}
