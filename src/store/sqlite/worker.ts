/** The thread that owns the SQLite connection, so that a slow disk never blocks the event loop. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { Lease } from '../../model/lease.ts'
import type { RowKey } from '../engine.ts'
import { holdLease } from '../lease-queries.ts'
import { type Decided, execute, type Setting } from '../load.ts'
import type { Batch } from '../operation.ts'
import { RowMacs } from '../row-macs.ts'
import { type Run, sealStep } from '../seal-anew.ts'
import type { Query } from '../sql.ts'
import { openDatabase } from './database.ts'
import { type Answer, type Failure, type Opening, type Task, toFailure } from './messages.ts'
import { packOutcomes, packRows } from './pack.ts'
import { SqliteTransaction } from './transaction.ts'

const port = parentPort
if (port === null) throw new Error('worker.ts runs in a worker thread only.')

const database = start()
const transaction = database === undefined ? undefined : new SqliteTransaction(database)

let rowKey: RowKey | undefined
let macs: RowMacs | undefined
let last: Promise<void> = Promise.resolve()
port.on('message', (task: Task) => {
  // One after the other: a batch's transaction spans promises.
  last = last.then(() => answer(task))
})

/** Says how opening went before anything is asked. */
function start(): DatabaseSync | undefined {
  try {
    const { path, mayMake }: Opening = workerData
    const opened = openDatabase(path, mayMake)
    port?.postMessage({ id: 0, value: null })
    return opened
  } catch (error) {
    port?.postMessage({ id: 0, failure: toFailure(error) })
    port?.close()
    return undefined
  }
}

async function answer(task: Task): Promise<void> {
  if (database === undefined) return
  try {
    port?.postMessage({ id: task.id, value: await carryOut(database, task) } satisfies Answer)
  } catch (error) {
    port?.postMessage({ id: task.id, failure: toFailure(error) satisfies Failure })
  }
  if (task.kind === 'close') port?.close()
}

async function carryOut(open: DatabaseSync, task: Task): Promise<unknown> {
  switch (task.kind) {
    case 'batch':
      return packOutcomes(task.batch.requests, await runBatch(open, task.batch, task.setting))
    case 'query':
      return packRows(open.prepare(task.sql), task.parameters as SQLInputValue[])
    case 'under_lease':
      return runUnderLease(open, task.lease, task.statements)
    case 'row_key':
      rowKey = task.rowKey
      macs = new RowMacs(rowKey.key, rowKey.storeId)
      return null
    case 'seal_step':
      return sealNext(open, task.limit)
    case 'close':
      open.close()
      return null
  }
}

function sealNext(open: DatabaseSync, limit: number | undefined): Promise<boolean> {
  return within(open, () => {
    if (macs === undefined || rowKey === undefined) throw new Error('The store has not been given the key of its rows.')
    const run: Run = (sql, ...parameters) => open.prepare(sql).all(...parameters) as unknown as Awaited<ReturnType<Run>>
    return sealStep(run, macs, rowKey.storeId, limit)
  })
}

function runBatch(open: DatabaseSync, batch: Batch, setting: Setting): Promise<Decided> {
  return within(open, () => {
    if (transaction === undefined) throw new Error('The database is not open.')
    return execute(transaction, batch, setting, macs)
  })
}

function runUnderLease(open: DatabaseSync, lease: Lease, statements: readonly Query[]): Promise<boolean> {
  return within(open, async () => {
    const run = ({ sql, parameters }: Query) => open.prepare(sql).all(...(parameters as SQLInputValue[]))
    if (run(holdLease('sqlite', lease)).length === 0) return false
    for (const statement of statements) run(statement)
    return true
  })
}

/** Prepared once: to read two words of SQL takes as long as to find a row. */
let bounds: { readonly begin: StatementSync; readonly commit: StatementSync } | undefined

async function within<T>(open: DatabaseSync, work: () => Promise<T>): Promise<T> {
  bounds ??= { begin: open.prepare('begin immediate'), commit: open.prepare('commit') }
  bounds.begin.run()
  try {
    const done = await work()
    bounds.commit.run()
    return done
  } catch (error) {
    if (open.isTransaction) open.exec('rollback')
    throw error
  }
}
