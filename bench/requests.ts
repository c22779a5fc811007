/**
 * What requests cost, all in one run: reads of one secret and creates on both stores beside one nginx worker's and a
 * bare node:http server's constant answer; the start, the memory, a long list, and reads among a million secrets.
 *
 * BENCH_SECONDS: how long each load lasts (4). BENCH_SECRETS: how many secrets are many (1000000).
 */
import { cpus } from 'node:os'
import { join } from 'node:path'
import { buildCommand } from '../scripts/build.ts'
import { startCluster } from '../test/support/postgres.ts'
import { fill, generator, measure } from './measure.ts'
import { type Goal, type Row, write } from './report.ts'
import { isInstalled, startBare, startNginx, startStrongroom, type Target } from './servers.ts'

const seconds = Number(process.env['BENCH_SECONDS'] ?? 4)
const many = Number(process.env['BENCH_SECRETS'] ?? 1_000_000)
const few = 1000
const listed = 100_000
const levels = [1, 64, 128]
/** The level that the goals are about. */
const level = 64

const rows: Row[] = []
const goals: Goal[] = []

await buildCommand(join(import.meta.dirname, '..', 'dist'))
const cluster = await startCluster()
try {
  await benchConstants()
  await benchSqlite()
  if (cluster === undefined) console.log('PostgreSQL is not installed: not measured')
  else await benchStore(await startStrongroom('PostgreSQL', cluster.url))
  judgeRates()
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

async function benchSqlite(): Promise<void> {
  const target = await startStrongroom('SQLite')
  judge('start, on an empty store', '< 500 ms', `${Math.round(target.startMs)} ms`, target.startMs < 500)
  await benchStore(target)
}

async function benchStore(target: Target): Promise<void> {
  await fill(target, 0, few)
  await warm(target, few)
  for (const kind of ['read', 'create'] as const) {
    for (const connections of levels) await load(target, kind, connections)
  }
  const megabytes = Math.round(target.residentBytes() / 1e6)
  judge(`memory after these loads, ${target.name}`, '< 120 MB', `${megabytes} MB`, megabytes < 120)
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
  const amongMany = await readsAmong(target, many)
  const ratio = amongMany / among
  judge(
    `reads among ${many} secrets, of reads among ${few}`,
    '>= 0.9',
    `${ratio.toFixed(2)} (${amongMany}/s of ${among}/s)`,
    ratio >= 0.9,
  )
  await target.stop()
}

async function readsAmong(target: Target, secrets: number): Promise<number> {
  const { perSecond } = await measure(target, { kind: 'read', connections: level, seconds, secrets })
  return perSecond
}

async function list({ port, key }: Target): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < 5; round++) {
    const began = performance.now()
    const answer = await fetch(`http://127.0.0.1:${port}/v3/secrets`, { headers: { authorization: `Bearer ${key}` } })
    const bytes = (await answer.bytes()).length
    if (answer.status !== 200 || bytes < listed * 50) throw new Error('The list is not whole.')
    times.push(performance.now() - began)
  }
  const median = times.sort((a, b) => a - b)[2] ?? Number.NaN
  judge(`list of ${listed} names`, '< 500 ms', `${Math.round(median)} ms`, median < 500)
}

/** Compiled code and filled caches are what a server runs with. */
async function warm(target: Target, secrets: number): Promise<void> {
  await measure(target, { kind: 'read', connections: level, seconds: 2, secrets })
}

async function load(target: Target, kind: Row['kind'], connections: number): Promise<void> {
  const measured = await measure(target, { kind, connections, seconds, secrets: few })
  const row: Row = { server: target.name, kind, connections, ...measured }
  rows.push(row)
  if (measured.failed > 0) process.exitCode = 1
  const cells = [row.server, kind, `${connections} conn.`, `${row.perSecond}/s`, `p99 ${row.p99Ms} ms`]
  console.log(cells.map((cell) => cell.padEnd(12)).join(' '), measured.failed > 0 ? `${measured.failed} FAILED` : '')
}

function judgeRates(): void {
  const of = (server: string, kind: Row['kind']) =>
    rows.find((row) => row.server === server && row.kind === kind && row.connections === level)
  const read = of('SQLite', 'read')
  const ratios = [
    ['reads, of nginx', read, of('nginx', 'constant'), 0.5],
    ['creates, of nginx', of('SQLite', 'create'), of('nginx', 'constant'), 0.25],
    ['reads on PostgreSQL, of SQLite', of('PostgreSQL', 'read'), read, 0.6],
  ] as const
  for (const [what, one, other, wanted] of ratios) {
    if (one === undefined || other === undefined) continue
    const ratio = one.perSecond / other.perSecond
    judge(what, `>= ${wanted}`, `${ratio.toFixed(2)} (${one.perSecond}/s of ${other.perSecond}/s)`, ratio >= wanted)
  }
  for (const row of rows.filter(({ connections, kind }) => connections === level && kind !== 'constant')) {
    judge(`p99 of a ${row.kind}, ${row.server}`, '< 10 ms', `${row.p99Ms} ms`, row.p99Ms < 10)
  }
}

function judge(what: string, wanted: string, found: string, isReached: boolean): void {
  goals.push({ what, wanted, found, isReached })
  console.log(`${isReached ? 'reached    ' : 'NOT REACHED'} ${what}: ${found}, wanted ${wanted}`)
}
