/** What tests of sinks share: receivers that keep what they take, and sinks that do not wait long. */
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { encodeRecord } from '../../src/audit/record.ts'
import { type Piece, type Receiver, all as taken } from '../../src/sinks/receiver.ts'
import { runSink, type Sink, type SinkWatch, sinkPace } from '../../src/vault/sinks.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { query } from './database.ts'
import { makeFolder, type Place } from './engines.ts'
import type { Lasting, TestServer } from './server.ts'

export const fast = { ...sinkPace, gatherMs: 5, lookMs: 200, firstPauseMs: 10, maxPauseMs: 50 }

/** Keeps what it takes, unless it is told otherwise. */
export class Kept implements Receiver {
  readonly pieces: Piece[] = []
  /** What it does before it takes them: throws, or waits. */
  before: (pieces: readonly Piece[], signal: AbortSignal) => void | Promise<void> = () => {}

  async take(pieces: readonly Piece[], signal: AbortSignal) {
    await this.before(pieces, signal)
    this.pieces.push(...pieces)
    return taken
  }

  async close(): Promise<void> {}

  /** The numbers of an account's records as they came. */
  seqs(accountId = 1): number[] {
    return this.pieces.flatMap((one) =>
      one.accountId === accountId ? one.records.map(({ record }) => record.seq) : [],
    )
  }
}

export interface Watched extends SinkWatch {
  readonly failures: string[]
  readonly errors: unknown[]
  readonly missing: (readonly [accountId: number, seq: number])[]
  rejected: number
  recovered: number
}

export function watch(): Watched {
  const found: Watched = {
    failures: [],
    errors: [],
    missing: [],
    rejected: 0,
    recovered: 0,
    onTaken: () => {},
    onRejected: (_, records) => {
      found.rejected += records
    },
    onMissing: (_, accountId, seq) => void found.missing.push([accountId, seq]),
    onFailure: (_, reason) => void found.failures.push(reason),
    onRecovered: () => {
      found.recovered++
    },
    onError: (_, error) => void found.errors.push(error),
  }
  return found
}

/** Runs a sink until the test ends. */
export function sendTo(
  t: Lasting,
  vault: Vault,
  receiver: Receiver,
  { watched = watch(), pace = fast, ...sink }: Partial<Sink> & { watched?: Watched; pace?: typeof fast } = {},
) {
  const stop = runSink(vault, { name: 'test', from: 'start', accountIds: [], receiver, ...sink }, watched, pace)
  t.after(stop)
  return { stop, watched }
}

export async function until(isSo: () => boolean | Promise<boolean>, what = 'it'): Promise<void> {
  const end = performance.now() + 30_000
  while (!(await isSo())) {
    assert.ok(performance.now() < end, `${what}: not in 30 seconds`)
    await setTimeout(10)
  }
}

/** A folder that is there until the test ends. @param letGo what has to be done before it can be removed */
export function folderOf(t: Lasting, letGo: (folder: string) => void = () => {}): string {
  const folder = makeFolder()
  t.after(() => {
    letGo(folder)
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Makes secrets, so that the trail grows. */
export async function write({ api }: Pick<TestServer, 'api'>, count: number, prefix = 's'): Promise<void> {
  for (let at = 0; at < count; at++) {
    assert.equal((await api.post('/v3/secrets', { name: `${prefix}-${at}`, value: 'v' })).status, 201)
  }
}

/** Whether a sink was sent all that there is. */
export async function isSent({ vault }: TestServer, name = 'test'): Promise<boolean> {
  const { left, taken } = await vault.store.sinks.state(name, [])
  return left === 0 && taken > 0
}

/** As if the time of leases were over that a server had which was killed. */
export async function freeLeases(place: Place): Promise<void> {
  await query(place, `update leases set until_ms = 0 where name like 'sink %'`)
}

/** The trail of an account as it is in the store: its records' canonical texts, in their order. */
export async function trailOf({ store }: Pick<Vault, 'store'>, accountId = 1): Promise<readonly string[]> {
  const records = await store.recordsAfter(accountId, 0, 100_000)
  return records.map(({ record }) => encodeRecord(record))
}

/** Of lines as they came, each the first time: at least once means that some come again. */
export function firstArrivals(lines: readonly string[]): readonly string[] {
  return [...new Set(lines)]
}

/** The records in files of a sink, without the headers. */
export function recordsIn(...paths: readonly string[]): readonly string[] {
  return paths
    .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
    .filter((line) => line !== '' && !line.startsWith('{"format":"strongroom audit export 1"'))
}
