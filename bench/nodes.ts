/**
 * What two nodes over one PostgreSQL bear, beside one: recorded reads of one account and of eight, with each node held to a
 * quarter of a processor (so that nodes are the limit) and with all of it, and with commits as they come and such that take
 * ten milliseconds. The connections are the same number in all, divided between the nodes. Slow commits are measured with
 * twice as many, too: 64 requests that each wait for a commit keep two nodes no busier than one.
 *
 * BENCH_SECONDS: how long each load lasts (12). BENCH_CONNECTIONS: how many (64). BENCH_ONLY: part of the name of a setting.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { buildCommandOnce } from '../scripts/build.ts'
import { generateToken } from '../src/crypto/token.ts'
import { type Cluster, startCluster } from '../test/support/postgres.ts'
import type { Load } from './load.ts'
import { measureAlone } from './measure.ts'
import { cpuMicrosOfAll, startStrongroom, type Target } from './servers.ts'
import { type Held, hold } from './shares.ts'

const seconds = Number(process.env['BENCH_SECONDS'] ?? 12)
const connections = Number(process.env['BENCH_CONNECTIONS'] ?? 64)
const only = process.env['BENCH_ONLY'] ?? ''
const secrets = 100
const quarter = 0.25

interface Setting {
  readonly name: string
  /** Of a processor, for each node. */
  readonly share: number | undefined
  readonly commitMs: number
  readonly accounts: number
  /** In all, for each connection of `BENCH_CONNECTIONS`. */
  readonly times: number
  /** What two nodes are to answer of what one does, at the least. */
  readonly wanted: number
}

const quarterEach = { name: 'a quarter each', share: quarter }
const slowQuarterEach = { name: 'a quarter each, slow commits', share: quarter, commitMs: 10 }
const shared = { share: undefined, times: 1, wanted: 0.9 }

const settings: readonly Setting[] = [
  ...[1, 8].map((accounts) => ({ ...quarterEach, commitMs: 0, accounts, times: 1, wanted: 1.6 })),
  { ...slowQuarterEach, accounts: 1, times: 1, wanted: 1 },
  { ...slowQuarterEach, accounts: 8, times: 1, wanted: 1.6 },
  { ...slowQuarterEach, accounts: 1, times: 2, wanted: 1 },
  { ...slowQuarterEach, accounts: 8, times: 2, wanted: 1.6 },
  ...[1, 8].map((accounts) => ({ ...shared, name: 'shared', commitMs: 0, accounts })),
  ...[1, 8].map((accounts) => ({ ...shared, name: 'shared, slow commits', commitMs: 10, accounts })),
]

interface Row extends Setting {
  readonly one: Found
  readonly two: Found
}

interface Found {
  readonly perSecond: number
  readonly p99Ms: number
  readonly failed: number
  readonly nodeMicros: number
  readonly databaseMicros: number
}

await buildCommandOnce(join(import.meta.dirname, '..', 'dist'))
const cluster = await startCluster()
if (cluster === undefined) throw new Error('PostgreSQL is not installed.')
const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-'))
const env = { STRONGROOM_ROOT_KEY: Buffer.alloc(32, 7).toString('base64url') }
const nodes: Target[] = []
const holds: Held[] = []
let by = ''
try {
  const key = generateToken()
  for (let at = 0; at < 2; at++) nodes.push(await startStrongroom(`node ${at + 1}`, cluster.url, { key, env }))
  const keys = [key, ...Array.from({ length: 7 }, (_, at) => makeAccount(cluster.url, `account-${at + 2}`))]
  for (const one of keys) await fill(one)
  await measure(cluster, 2, keys, connections)
  const rows: Row[] = []
  for (const setting of settings) if (setting.name.includes(only)) rows.push(await compare(cluster, setting, keys))
  write(rows)
} finally {
  for (const node of nodes) await node.stop()
  for (const one of holds) one.release()
  cluster.stop()
  rmSync(folder, { recursive: true, force: true })
}

async function compare(database: Cluster, setting: Setting, keys: readonly string[]): Promise<Row> {
  await delayCommits(database.url, setting.commitMs)
  if (setting.share !== undefined && holds.length === 0) {
    for (const { pid } of nodes) holds.push(hold(pid, setting.share))
    by = holds[0]?.by ?? ''
  }
  if (setting.share === undefined && holds.length > 0) await freed(database.url, keys[0] ?? '')
  const own = keys.slice(0, setting.accounts)
  const one = await measure(database, 1, own, connections * setting.times)
  const two = await measure(database, 2, own, connections * setting.times)
  const row = { ...setting, one, two }
  console.log(lineOf(row))
  return row
}

/** A process is in its group as long as it lives: others take their place. */
async function freed(url: string, key: string): Promise<void> {
  for (const node of nodes.splice(0)) await node.stop()
  for (const one of holds.splice(0)) one.release()
  for (let at = 0; at < 2; at++) nodes.push(await startStrongroom(`node ${at + 1}`, url, { key, env }))
}

async function measure(database: Cluster, count: number, keys: readonly string[], inAll: number): Promise<Found> {
  const asked = nodes.slice(0, count)
  const targets = keys.flatMap((key) => asked.map(({ port }) => ({ port, key })))
  const [first] = targets
  if (first === undefined) throw new Error('Nobody is asked.')
  const load: Load = { ...first, targets, kind: 'read', connections: inAll, seconds, secrets, prefix: '' }
  const cpu = () => asked.reduce((sum, node) => sum + node.cpuMicros(), 0)
  const [before, databaseBefore] = [cpu(), cpuMicrosOfAll(database.pid)]
  const { requests, perSecond, p99Ms, failed } = await measureAlone(load)
  if (failed > 0) process.exitCode = 1
  const each = (micros: number) => Math.round(micros / requests)
  return {
    ...{ perSecond, p99Ms, failed },
    nodeMicros: each(cpu() - before),
    databaseMicros: each(cpuMicrosOfAll(database.pid) - databaseBefore),
  }
}

/** As a slow disk does: each write of the WAL to the disk waits for so long, for all that wait for it together. */
async function delayCommits(url: string, ms: number): Promise<void> {
  const client = new Client(url)
  await client.connect()
  await client.query(`alter system set commit_delay = ${ms * 1000}`)
  await client.query('alter system set commit_siblings = 0')
  await client.query('select pg_reload_conf()')
  await new Promise((resolve) => setTimeout(resolve, 500))
  const began = performance.now()
  for (let at = 0; at < 5; at++) await client.query(`select pg_logical_emit_message(true, 'bench', '')`)
  const each = (performance.now() - began) / 5
  await client.end()
  console.log(`a commit takes ${each.toFixed(1)} ms`)
  if (each < ms) throw new Error('Commits are not delayed.')
}

function makeAccount(databaseUrl: string, name: string): string {
  const main = join(import.meta.dirname, '..', 'dist', 'main.js')
  const output = execFileSync(process.execPath, [main, 'account', 'create', name, '--json'], {
    env: { ...env, PATH: process.env['PATH'], STRONGROOM_DATABASE_URL: databaseUrl, STRONGROOM_DATA_DIR: folder },
    encoding: 'utf8',
  })
  return String((JSON.parse(output) as { api_key: unknown }).api_key)
}

async function fill(key: string): Promise<void> {
  const [node] = nodes
  if (node === undefined) throw new Error('No node.')
  const load: Load = {
    port: node.port,
    key,
    kind: 'create',
    connections: 16,
    seconds: 60,
    requests: secrets,
    secrets,
    prefix: 's',
  }
  const { failed } = await measureAlone(load)
  if (failed > 0) throw new Error('Secrets were not made.')
}

function ratioOf({ one, two }: Row): number {
  return two.perSecond / one.perSecond
}

function lineOf(row: Row): string {
  const ratio = ratioOf(row)
  const what = `${row.name}, ${row.accounts} account${row.accounts === 1 ? '' : 's'}, ${connections * row.times} connections`
  const found = `${row.one.perSecond}/s and ${row.two.perSecond}/s: ${ratio.toFixed(2)}, wanted ${row.wanted}`
  const costs = `CPU of a read ${row.one.nodeMicros} and ${row.two.nodeMicros} µs, database ${row.one.databaseMicros} and ${row.two.databaseMicros} µs`
  return `${ratio >= row.wanted ? 'reached    ' : 'NOT REACHED'} ${what}: ${found}; ${costs}; p99 ${row.one.p99Ms} and ${row.two.p99Ms} ms`
}

function write(rows: readonly Row[]): void {
  const results = join(import.meta.dirname, 'results')
  mkdirSync(results, { recursive: true })
  const cells = (row: Row) => [
    ...[row.name, `${row.commitMs} ms more`, row.accounts, connections * row.times],
    ...[row.one.perSecond, row.two.perSecond],
    ...[ratioOf(row).toFixed(2), row.wanted, `${row.one.p99Ms}, ${row.two.p99Ms}`],
    ...[`${row.one.nodeMicros}, ${row.two.nodeMicros}`, `${row.one.databaseMicros}, ${row.two.databaseMicros}`],
  ]
  const text = `# What two nodes bear

Written by \`npm run bench:nodes\`. ${cpus().length} x ${cpus()[0]?.model ?? 'unknown CPU'}; Node.js ${process.versions.node}; load by bench/load.ts beside the nodes and the database; ${new Date().toISOString().slice(0, 10)}.
[docs/performance.md](../../docs/performance.md#several-nodes) says what is behind the numbers. "A quarter each": each node is held to a quarter of a
processor (${by}); "shared": the nodes, the database and the load have the processors together. The connections are those of all nodes in all. Where two numbers stand, they are of one node and of two.

| processors | a commit | accounts | connections | one node, reads/s | two nodes | ratio | wanted | p99 ms | node CPU µs | database CPU µs |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.map((row) => `| ${cells(row).join(' | ')} |`).join('\n')}
`
  writeFileSync(join(results, 'nodes.md'), text)
}
