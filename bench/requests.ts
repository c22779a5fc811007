/**
 * What requests cost, all in one run: reads of one secret and creates on both stores beside two floors, which are bare
 * servers that do as much to the disk, one of them with sealed values and checked rows, and beside one nginx worker's and
 * a bare node:http server's constant answer; the start, the memory, a long list, and reads among a million secrets. Goals
 * are ratios of CPU, which hold on a busy machine where rates do not.
 *
 * BENCH_SECONDS: how long each load lasts (4). BENCH_SECRETS: how many secrets are many (1000000).
 */
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { buildCommand } from '../scripts/build.ts'
import { startCluster } from '../test/support/postgres.ts'
import { fill, generator, measure } from './measure.ts'
import { type Goal, type Row, write } from './report.ts'
import {
  isInstalled,
  startBare,
  startFloor,
  startNginx,
  startSealedFloor,
  startStrongroom,
  type Target,
} from './servers.ts'

const seconds = Number(process.env['BENCH_SECONDS'] ?? 4)
const many = Number(process.env['BENCH_SECRETS'] ?? 1_000_000)
const few = 1000
const listed = 100_000
const levels = [1, 64]
/** The level that the goals are about. */
const level = 64

const rows: Row[] = []
const goals: Goal[] = []

await buildCommand(join(import.meta.dirname, '..', 'dist'))
const cluster = await startCluster()
try {
  await benchConstants()
  await benchFloors()
  await benchSqlite()
  if (cluster === undefined) console.log('PostgreSQL is not installed: not measured')
  else await benchStore(await startStrongroom('PostgreSQL', cluster.url), cluster.pid)
  judgeCosts()
  await benchGrowth()
} finally {
  cluster?.stop()
}
const [cpu] = cpus()
const machine = [
  `${cpus().length} x ${cpu?.model ?? 'unknown CPU'}`,
  `Node.js ${process.versions.node}`,
  `load by ${generator} beside the server`,
  new Date().toISOString().slice(0, 10),
]
console.log(`\nwritten: ${write({ machine, rows, goals })}`)

async function benchConstants(): Promise<void> {
  if (!isInstalled('nginx')) console.log('nginx is not installed: not measured')
  for (const start of isInstalled('nginx') ? [startNginx, startBare] : [startBare]) {
    const target = await start()
    for (const connections of levels) await load(target, 'constant', connections)
    await target.stop()
  }
}

async function benchFloors(): Promise<void> {
  for (const start of [startFloor, startSealedFloor]) {
    const target = await start()
    await warm(target, few)
    for (const connections of levels) await load(target, 'read', connections)
    await target.stop()
  }
}

async function benchSqlite(): Promise<void> {
  // The first start of a build keeps what was compiled for those that come.
  await (await startStrongroom('SQLite')).stop()
  const target = await startStrongroom('SQLite')
  const [startMs, ofProcessors] = [target.startMs, target.cpuMicros() / 1000].map(Math.round)
  const start = `${startMs} ms (${ofProcessors} ms of the processors)`
  judge('start, on an empty store', '< 350 ms', start, target.startMs < 350)
  // Once it has given back what the start took.
  await setTimeout(3000)
  const idle = Math.round(target.residentBytes() / 1e6)
  judge('memory when idle, SQLite', '< 110 MB', `${idle} MB`, idle < 110)
  await benchStore(target)
}

async function benchStore(target: Target, databasePid?: number): Promise<void> {
  await fill(target, 0, few)
  await warm(target, few)
  for (const kind of ['read', 'vault', 'create'] as const) {
    for (const connections of levels) await load(target, kind, connections, databasePid)
  }
  const megabytes = Math.round(target.residentBytes() / 1e6)
  judge(`memory after these loads, ${target.name}`, '< 180 MB', `${megabytes} MB`, megabytes < 180)
  await target.stop()
}

/** The same reads among few and among many secrets, and a list of a hundred thousand on the way. */
async function benchGrowth(): Promise<void> {
  const target = await startStrongroom('SQLite')
  await fill(target, 0, few)
  await warm(target, few)
  const among = await readsAmong(target, few)
  await fill(target, few, listed)
  await list(target)
  await fill(target, listed, many)
  await warm(target, many)
  const ratio = (await readsAmong(target, many)) / among
  judge(`CPU of a read among ${many} secrets, of one among ${few}`, '<= 1.1', ratio.toFixed(2), ratio <= 1.1)
  await target.stop()
}

async function readsAmong(target: Target, secrets: number): Promise<number> {
  return (await measure(target, { kind: 'read', connections: level, seconds, secrets })).cpuMicros
}

async function list(target: Target): Promise<void> {
  const { port, key } = target
  const times: number[] = []
  const before = target.cpuMicros()
  for (let round = 0; round < 5; round++) {
    const began = performance.now()
    const answer = await fetch(`http://127.0.0.1:${port}/v3/secrets`, { headers: { authorization: `Bearer ${key}` } })
    const bytes = (await answer.bytes()).length
    if (answer.status !== 200 || bytes < listed * 50) throw new Error('The list is not whole.')
    times.push(performance.now() - began)
  }
  const median = times.sort((a, b) => a - b)[2] ?? Number.NaN
  judge(`list of ${listed} names`, '< 1000 ms', `${Math.round(median)} ms`, median < 1000)
  const each = (target.cpuMicros() - before) / 5 / listed
  judge('CPU of a listed name', '<= 3.5 µs', `${each.toFixed(1)} µs`, each <= 3.5)
}

/** Compiled code and filled caches are what a server runs with. */
async function warm(target: Target, secrets: number): Promise<void> {
  await measure(target, { kind: 'read', connections: level, seconds: 2, secrets })
}

async function load(target: Target, kind: Row['kind'], connections: number, databasePid?: number): Promise<void> {
  const measured = await measure(target, { kind, connections, seconds, secrets: few }, databasePid)
  const row: Row = { server: target.name, kind, connections, ...measured }
  rows.push(row)
  if (measured.failed > 0) process.exitCode = 1
  const cells = [
    row.server,
    kind,
    `${connections} conn.`,
    `${row.perSecond}/s`,
    `p99 ${row.p99Ms} ms`,
    `CPU ${row.cpuMicros} µs`,
  ]
  console.log(cells.map((cell) => cell.padEnd(12)).join(' '), measured.failed > 0 ? `${measured.failed} FAILED` : '')
}

function judgeCosts(): void {
  const of = (server: string, kind: Row['kind'], connections: number) =>
    rows.find((row) => row.server === server && row.kind === kind && row.connections === connections)
  const wanted = [
    ['floor', 'a read that comes alone', 'read', 1, 1.25],
    ['floor', `a read at ${level} connections`, 'read', level, 1.6],
    ['floor', `a create at ${level} connections`, 'create', level, 3],
    ['sealed floor', 'a read that comes alone', 'read', 1, 1.25],
    ['sealed floor', `a read at ${level} connections`, 'read', level, 1.6],
  ] as const
  for (const [under, what, kind, connections, most] of wanted) {
    const [one, floor] = [of('SQLite', kind, connections), of(under, 'read', connections)]
    if (one === undefined || floor === undefined) continue
    const ratio = one.cpuMicros / floor.cpuMicros
    const found = `${ratio.toFixed(2)} (${one.cpuMicros} µs of ${floor.cpuMicros} µs)`
    judge(`CPU of ${what}, of the ${under}`, `<= ${most}`, found, ratio <= most)
  }
  for (const server of ['SQLite', 'PostgreSQL']) {
    const [one, other] = [of(server, 'vault', level), of(server, 'read', level)]
    if (one === undefined || other === undefined) continue
    const ratio = one.cpuMicros / other.cpuMicros
    const found = `${ratio.toFixed(2)} (${one.cpuMicros} µs of ${other.cpuMicros} µs)`
    judge(`CPU of a read over the Vault API, ${server}, of v3's`, '<= 1.3', found, ratio <= 1.3)
  }
  const alone = of('PostgreSQL', 'read', 1)
  if (alone?.databaseMicros === undefined) return
  const [node, database] = [alone.cpuMicros, alone.databaseMicros].map((micros) => micros / 1000)
  judge(
    'CPU of a read that comes alone, PostgreSQL, the node',
    '<= 0.6 ms',
    `${node?.toFixed(2)} ms`,
    Number(node) <= 0.6,
  )
  const found = `${database?.toFixed(2)} ms`
  judge('CPU of a read that comes alone, PostgreSQL, the database', '<= 0.6 ms', found, Number(database) <= 0.6)
}

function judge(what: string, wanted: string, found: string, isReached: boolean): void {
  goals.push({ what, wanted, found, isReached })
  console.log(`${isReached ? 'reached    ' : 'NOT REACHED'} ${what}: ${found}, wanted ${wanted}`)
}
