/** The SQLite engine, as the main thread sees it: tasks for the thread that owns the connection. */
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { Refusal } from '../../errors.ts'
import type { Lease } from '../../model/lease.ts'
import { hostClock } from '../clock.ts'
import { Conditions } from '../conditions.ts'
import type { Engine, Lane, RowKey } from '../engine.ts'
import { Growth } from '../growth.ts'
import type { Setting } from '../load.ts'
import type { Batch, Outcome } from '../operation.ts'
import type { Query } from '../sql.ts'
import type { NamedRow } from '../tables/field.ts'
import { Trails } from '../trails.ts'
import { type Answer, type Opening, type Task, toRefusal } from './messages.ts'
import { type PackedOutcomes, type PackedRows, unpackOutcomes, unpackRows } from './pack.ts'

/** Beside this file, in the sources and in what is built of them. */
const workerUrl = new URL(`./worker${extname(import.meta.url)}`, import.meta.url)

/** Little of what a batch makes outlives it: more room for what is new only takes memory. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 }

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

export class SqliteEngine implements Engine {
  readonly clock = hostClock
  readonly conditions = new Conditions()
  readonly trails = new Trails()
  onDecoyRead: Engine['onDecoyRead'] = () => {}
  readonly #growth = new Growth((query) => this.query(query))
  readonly dialect = 'sqlite'
  /** While the thread works on one batch, this one answers the other. */
  readonly #lane: Lane = { name: 'all', inFlight: 2, deciding: 2 }
  readonly #worker: Worker
  readonly #pending: (Pending & { readonly id: number })[] = []
  #lastId = 0
  #isGone = false

  private constructor(worker: Worker) {
    this.#worker = worker
    worker.on('message', (answer: Answer) => this.#settle(answer))
    worker.on('error', (error) => this.#failAll(error instanceof Error ? error : new Error('unknown')))
    worker.on('exit', () => this.#failAll(new Error('The SQLite thread ended.')))
  }

  /** @throws Refusal when the file cannot be opened as a store */
  static async open(path: string, mayMake: boolean): Promise<SqliteEngine> {
    const workerData: Opening = { path, mayMake }
    const engine = new SqliteEngine(new Worker(workerUrl, { workerData, resourceLimits }))
    await engine.#expect(0)
    return engine
  }

  laneOf(): Lane {
    return this.#lane
  }

  async run(batch: Batch, setting: Setting): Promise<Outcome[]> {
    const packed = (await this.#ask({ kind: 'batch', id: ++this.#lastId, batch, setting })) as PackedOutcomes
    this.#growth.note(packed.trails)
    for (const read of packed.decoyReads) this.onDecoyRead(read)
    return unpackOutcomes(packed)
  }

  follow(...follower: Parameters<Engine['follow']>): () => void {
    return this.#growth.follow(...follower)
  }

  async takeRowKey(rowKey: RowKey): Promise<void> {
    await this.#ask({ kind: 'row_key', id: ++this.#lastId, rowKey })
  }

  async sealStep(limit?: number): Promise<boolean> {
    return (await this.#ask({ kind: 'seal_step', id: ++this.#lastId, limit })) === true
  }

  async underLease(lease: Lease, statements: readonly Query[]): Promise<boolean> {
    return (await this.#ask({ kind: 'under_lease', id: ++this.#lastId, lease, statements })) === true
  }

  async query({ sql, parameters }: Query): Promise<readonly NamedRow[]> {
    const packed = await this.#ask({ kind: 'query', id: ++this.#lastId, sql, parameters })
    return unpackRows(packed as PackedRows)
  }

  async probe(): Promise<void> {
    await this.query({ sql: `update meta set value = value where name = 'store_id'`, parameters: [] })
  }

  /** There is no other. */
  async replicated(): Promise<void> {}

  async close(): Promise<void> {
    this.#growth.stop()
    if (this.#isGone) return
    await this.#ask({ kind: 'close', id: ++this.#lastId })
    await this.#worker.terminate()
  }

  #ask(task: Task): Promise<unknown> {
    if (this.#isGone) return Promise.reject(new Refusal('audit_unavailable', 'The store is closed.'))
    const answer = this.#expect(task.id)
    this.#worker.postMessage(task)
    return answer
  }

  #expect(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#pending.push({ id, resolve, reject }))
  }

  #settle(answer: Answer): void {
    const at = this.#pending.findIndex(({ id }) => id === answer.id)
    const [pending] = at < 0 ? [] : this.#pending.splice(at, 1)
    if (answer.failure === undefined) pending?.resolve(answer.value)
    else pending?.reject(toRefusal(answer.failure))
  }

  /** The thread is gone: whether its last batch was committed, nobody knows. */
  #failAll(error: Error): void {
    this.#isGone = true
    for (const { reject } of this.#pending.splice(0)) {
      reject(
        new Refusal(
          'outcome_unknown',
          'The store broke off; the request may have been carried out. Read to find out.',
          { cause: error },
        ),
      )
    }
  }
}
