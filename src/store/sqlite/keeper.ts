/** Owns the SQLite connection, and carries out what it is asked, one task after the other. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { collectAll } from '../../collect.ts'
import type { Lease } from '../../model/lease.ts'
import type { RowKey } from '../engine.ts'
import { holdLease } from '../lease-queries.ts'
import { type Decided, execute, type Setting } from '../load.ts'
import type { Batch } from '../operation.ts'
import { RowMacs } from '../row-macs.ts'
import { type Run, sealStep } from '../seal-anew.ts'
import type { Query } from '../sql.ts'
import { openDatabase } from './database.ts'
import { type Answer, type Link, type Opening, type Task, type Told, toFailure } from './messages.ts'
import { packOutcomes, packRows, packTexts } from './pack.ts'
import { SqliteTransaction } from './transaction.ts'

/**
 * Keeps the store in this thread, for a process that serves nobody: to start a thread takes longer than most commands.
 *
 * @throws Refusal when the file cannot be opened as a store
 */
export function keepHere(opening: Opening, told: Told): Link {
  const keeper = new Keeper(opening)
  return {
    // In turns of the event loop, so that signals are heard between them.
    send: (task) => void setImmediate(async () => told.answer(await keeper.answer(task))),
    end: async () => told.gone(new Error('The store is closed.')),
  }
}

export class Keeper {
  readonly #database: DatabaseSync
  readonly #transaction: SqliteTransaction
  /** Prepared once: to read two words of SQL takes as long as to find a row. */
  #bounds: { readonly begin: StatementSync; readonly commit: StatementSync } | undefined
  #rowKey: RowKey | undefined
  #macs: RowMacs | undefined
  #last: Promise<unknown> = Promise.resolve()

  /** @throws Refusal when the file cannot be opened as a store */
  constructor({ path, mayMake, isOwner }: Opening) {
    this.#database = openDatabase(path, mayMake, isOwner)
    this.#transaction = new SqliteTransaction(this.#database)
  }

  /** One after the other: a batch's transaction spans promises. */
  answer(task: Task): Promise<Answer> {
    const answered = this.#last.then(() => this.#answer(task))
    this.#last = answered
    return answered
  }

  async #answer(task: Task): Promise<Answer> {
    try {
      return { id: task.id, value: await this.#carryOut(task) }
    } catch (error) {
      return { id: task.id, failure: toFailure(error) }
    }
  }

  async #carryOut(task: Task): Promise<unknown> {
    switch (task.kind) {
      case 'batch':
        return packOutcomes(task.batch.requests, await this.#runBatch(task.batch, task.setting))
      case 'query':
        return packRows(this.#database.prepare(task.sql), task.parameters as SQLInputValue[])
      case 'texts':
        return packTexts(this.#database.prepare(task.sql), task.parameters as SQLInputValue[])
      case 'under_lease':
        return this.#runUnderLease(task.lease, task.statements)
      case 'row_key':
        this.#rowKey = task.rowKey
        this.#macs = new RowMacs(task.rowKey.key, task.rowKey.storeId)
        this.#transaction.known.forget()
        return null
      case 'seal_step':
        return this.#sealNext(task.limit)
      case 'collect':
        collectAll()
        return null
      case 'close':
        this.#database.close()
        return null
    }
  }

  #sealNext(limit: number | undefined): Promise<boolean> {
    return this.#within(() => {
      const [macs, rowKey] = [this.#macs, this.#rowKey]
      if (macs === undefined || rowKey === undefined)
        throw new Error('The store has not been given the key of its rows.')
      const run: Run = (sql, ...parameters) =>
        this.#database.prepare(sql).all(...parameters) as unknown as Awaited<ReturnType<Run>>
      return sealStep(run, macs, rowKey.storeId, limit)
    })
  }

  #runBatch(batch: Batch, setting: Setting): Promise<Decided> {
    return this.#within(() => execute(this.#transaction, batch, setting, this.#macs))
  }

  #runUnderLease(lease: Lease, statements: readonly Query[]): Promise<boolean> {
    return this.#within(async () => {
      const run = ({ sql, parameters }: Query) => this.#database.prepare(sql).all(...(parameters as SQLInputValue[]))
      if (run(holdLease('sqlite', lease)).length === 0) return false
      for (const statement of statements) run(statement)
      return true
    })
  }

  async #within<T>(work: () => Promise<T>): Promise<T> {
    this.#bounds ??= { begin: this.#database.prepare('begin immediate'), commit: this.#database.prepare('commit') }
    this.#bounds.begin.run()
    try {
      const done = await work()
      this.#bounds.commit.run()
      return done
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('rollback')
      throw error
    }
  }
}
