/** The SQLite engine: tasks for the keeper of the connection, who has a thread of its own, or shares this one. */
import { extname } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { Refusal } from '../../errors.ts'
import type { Lease } from '../../model/lease.ts'
import { startThread } from '../../thread.ts'
import { hostClock } from '../clock.ts'
import { Conditions } from '../conditions.ts'
import type { Engine, Lane, RowKey } from '../engine.ts'
import { Growth } from '../growth.ts'
import type { Setting } from '../load.ts'
import type { Batch, Outcome } from '../operation.ts'
import type { Query } from '../sql.ts'
import type { NamedRow } from '../tables/field.ts'
import { Trails } from '../trails.ts'
import { type Answer, type Link, type Opening, type Start, type Task, type Told, toRefusal } from './messages.ts'
import { type PackedOutcomes, type PackedRows, unpackOutcomes, unpackRows, unpackTexts } from './pack.ts'

/** Beside this file, in the sources and in what is built of them. */
const workerUrl = new URL(`./worker${extname(import.meta.url)}`, import.meta.url)

/** Little of what a batch makes outlives it: more room for what is new only takes memory. */
const resourceLimits = { maxYoungGenerationSizeMb: 6 }

/** The number of the answer that says how opening went. */
const opened = 0

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** Threads whose store was closed, for the next one: a server that waits for its root key opens its store time and again. */
const idle = new Set<Worker>()

function keepOnThread(opening: Opening, told: Told): Link {
  const worker = takeThread()
  const heard = {
    message: (answer: Answer) => told.answer(answer),
    error: (error: unknown) => told.gone(error instanceof Error ? error : new Error('unknown')),
    exit: () => told.gone(new Error('The SQLite thread ended.')),
  }
  worker.on('message', heard.message).on('error', heard.error).on('exit', heard.exit)
  worker.postMessage({ kind: 'open', id: opened, opening } satisfies Start)
  return {
    send: (task) => worker.postMessage(task),
    end: async () => {
      worker.off('message', heard.message).off('error', heard.error).off('exit', heard.exit)
      told.gone(new Error('The store is closed.'))
      // The process may end.
      worker.unref()
      idle.add(worker)
    },
  }
}

function takeThread(): Worker {
  const [known] = idle
  if (known !== undefined) {
    idle.delete(known)
    known.ref()
    return known
  }
  const worker = startThread(workerUrl, { resourceLimits })
  // One that ends while nobody uses it ends nothing else.
  worker.on('error', () => {}).on('exit', () => idle.delete(worker))
  return worker
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
  readonly #link: Link
  readonly #pending: (Pending & { readonly id: number })[] = []
  #lastId = 0
  #isGone = false

  private constructor(link: (told: Told) => Link) {
    this.#link = link({ answer: (answer) => this.#settle(answer), gone: (error) => this.#failAll(error) })
  }

  /**
   * @param hasThread whether the connection gets a thread, so that this one goes on while the disk is slow
   * @throws Refusal when the file cannot be opened as a store
   */
  static async open(opening: Opening, hasThread = false): Promise<SqliteEngine> {
    if (!hasThread) {
      const { keepHere } = await import('./keeper.ts')
      return new SqliteEngine((told) => keepHere(opening, told))
    }
    const engine = new SqliteEngine((told) => keepOnThread(opening, told))
    try {
      await engine.#expect(opened)
      return engine
    } catch (error) {
      if (!engine.#isGone) await engine.#link.end()
      throw error
    }
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

  async query({ sql, parameters, inTexts }: Query): Promise<readonly NamedRow[]> {
    const asked = { id: ++this.#lastId, sql, parameters }
    if (inTexts !== undefined) return unpackTexts(String(await this.#ask({ kind: 'texts', ...asked })), inTexts)
    return unpackRows((await this.#ask({ kind: 'query', ...asked })) as PackedRows)
  }

  async probe(): Promise<void> {
    await this.query({ sql: `update meta set value = value where name = 'store_id'`, parameters: [] })
  }

  async collect(): Promise<void> {
    await this.#ask({ kind: 'collect', id: ++this.#lastId })
  }

  /** There is no other. */
  async replicated(): Promise<void> {}

  async close(): Promise<void> {
    this.#growth.stop()
    if (this.#isGone) return
    await this.#ask({ kind: 'close', id: ++this.#lastId })
    await this.#link.end()
  }

  #ask(task: Task): Promise<unknown> {
    if (this.#isGone) return Promise.reject(new Refusal('audit_unavailable', 'The store is closed.'))
    const answer = this.#expect(task.id)
    this.#link.send(task)
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

  /** The keeper is gone: whether its last batch was committed, nobody knows. */
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
