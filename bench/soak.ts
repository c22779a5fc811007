/**
 * A server for hours under clients, killed every few minutes: nothing that it acknowledged is lost, and its memory stays as
 * it is, by the least of each ten minutes: what lies above that is still to be collected, and swings by a tenth and more. So a
 * growth is told with its standard error, which takes many hours to become small.
 *
 * `npm run bench:soak -- --minutes 120 --kill 10 [--database postgres://…]`, which is what it does by itself, on SQLite.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { buildCommand } from '../scripts/build.ts'
import { generateToken } from '../src/crypto/token.ts'
import { Journal } from '../test/crash/journal.ts'
import { type Child, runCommand, startChild } from '../test/support/child.ts'
import { asNpmStart } from './servers.ts'

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '120' },
    kill: { type: 'string', default: '10' },
    database: { type: 'string' },
  },
})

const minuteMs = 60_000
const [totalMs, lifeMs] = [Number(options.minutes) * minuteMs, Number(options.kill) * minuteMs]
assert.ok(totalMs > 0 && lifeMs > 0, 'Minutes must be more than none.')
const clients = 8
const secrets = 5_000
/** The load is the same all the time, and well below what a server can do. */
const pauseMs = 20
const sampleMs = 2_000
/** A server that was just started fills its caches. */
const warmUpMs = 4 * minuteMs
const windowMs = 10 * minuteMs
/** Fewer say nothing about hours. */
const leastWindows = 6
/** Percent an hour. */
const maxGrowth = 1

/** The least memory of a process, in bytes, that was not shared in a stretch of the whole run. */
const least = new Map<number, number>()

const dist = join(import.meta.dirname, '..', 'dist')
await buildCommand(dist)
const dataDir = mkdtempSync(join(tmpdir(), 'strongroom-soak-'))
const place = { dataDir, databaseUrl: options.database, clear: async () => {} }
const key = generateToken()
const journal = new Journal(Math.random, secrets)
const began = performance.now()
const ends: (() => void)[] = []

try {
  for (let life = 1; performance.now() - began < totalMs; life++) await live(life)
  const server = await start()
  await journal.check(server.api(key))
  assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null })
  const verified = runCommand(place, ['audit', 'verify', '--state'])
  assert.equal(verified.code, 3, verified.stderr)
  report()
} finally {
  for (const end of ends) end()
  rmSync(dataDir, { recursive: true, force: true })
}

function start(): Promise<Child> {
  return startChild({ after: (end: () => void) => ends.push(end) }, place, {
    main: join(dist, 'main.js'),
    env: { STRONGROOM_BOOTSTRAP_API_KEY: key, ...asNpmStart },
  })
}

/** One server, from its start until it is killed in the midst of its work. */
async function live(number: number): Promise<void> {
  const server = await start()
  const api = server.api(key)
  await journal.check(api)
  const before = journal.acknowledged
  let isOver = false
  const client = async () => {
    while (!isOver) {
      await journal.write(api, 1)
      await setTimeout(pauseMs)
    }
  }
  const load = Promise.all(Array.from({ length: clients }, client))
  const born = performance.now()
  const end = Math.min(born + lifeMs, began + totalMs)
  let bytes = 0
  while (performance.now() < end) {
    await setTimeout(sampleMs)
    bytes = memoryOf(server)
    if (performance.now() > born + warmUpMs) note(bytes)
  }
  isOver = true
  await server.end('SIGKILL')
  await load
  const seconds = Math.round((performance.now() - born) / 1000)
  const changes = journal.acknowledged - before
  console.log(`life ${number}: ${seconds} s, ${changes} changes acknowledged, ${Math.round(bytes / 1e6)} MB at its end`)
}

function note(bytes: number): void {
  const window = Math.floor((performance.now() - began) / windowMs)
  least.set(window, Math.min(bytes, least.get(window) ?? bytes))
}

function memoryOf({ process: { pid } }: Child): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}

/** By least squares, in percent of the mean an hour, with its standard error. */
function growthOf(points: readonly (readonly [window: number, bytes: number])[]) {
  const mean = (of: (window: number, bytes: number) => number) =>
    points.reduce((sum, [window, bytes]) => sum + of(window, bytes), 0) / points.length
  const [middle, bytes] = [mean((window) => window), mean((_, one) => one)]
  const spread = mean((window) => (window - middle) ** 2)
  const slope = mean((window, one) => (window - middle) * (one - bytes)) / spread
  const rest = mean((window, one) => (one - bytes - slope * (window - middle)) ** 2)
  const error = Math.sqrt(rest / spread / (points.length - 2))
  const percent = (100 / bytes) * ((60 * minuteMs) / windowMs)
  return { growth: slope * percent, error: error * percent }
}

function report(): void {
  console.log(`${journal.acknowledged} changes acknowledged, ${journal.reads} values read: nothing is lost.`)
  const megabytes = [...least.values()].map((bytes) => Math.round(bytes / 1e6)).join(' ')
  console.log(`The least memory of each ten minutes, in MB: ${megabytes || 'none'}`)
  if (least.size < leastWindows) {
    console.log('It was too short to say whether that grows.')
    return
  }
  const { growth, error } = growthOf([...least])
  const told = `${growth.toFixed(1)} % an hour, with a standard error of ${error.toFixed(1)}`
  console.log(`Memory: ${told}.`)
  assert.ok(growth - 2 * error < maxGrowth, `Memory grows by ${told}; at most ${maxGrowth} is allowed.`)
}
