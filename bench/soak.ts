/**
 * A server for hours under clients, killed every few minutes: nothing that it acknowledged is lost, and its memory stays as
 * it is. `npm run bench:soak -- --minutes 120 --kill 10 [--database postgres://…]`, which is what it does by itself, on SQLite.
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
const warmUp = 0.4
/** A life that is shorter says nothing about hours. */
const tellingMs = 8 * minuteMs
const maxSlope = 1
const asNpmStart = { MALLOC_ARENA_MAX: '1', NODE_OPTIONS: '--max-semi-space-size=8' }

/** Memory of a process that is not shared, in bytes. */
interface Sample {
  readonly ms: number
  readonly bytes: number
}

const dist = join(import.meta.dirname, '..', 'dist')
await buildCommand(dist)
const dataDir = mkdtempSync(join(tmpdir(), 'strongroom-soak-'))
const place = { dataDir, databaseUrl: options.database, clear: async () => {} }
const key = generateToken()
const journal = new Journal(Math.random, secrets)
const began = performance.now()
const slopes: { readonly percent: number; readonly ms: number }[] = []
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
  const samples: Sample[] = []
  const born = performance.now()
  const end = Math.min(born + lifeMs, began + totalMs)
  while (performance.now() < end) {
    await setTimeout(sampleMs)
    samples.push({ ms: performance.now() - born, bytes: memoryOf(server) })
  }
  isOver = true
  await server.end('SIGKILL')
  await load
  const ms = performance.now() - born
  const percent = slopeOf(samples.filter((one) => one.ms > ms * warmUp))
  if (ms >= tellingMs) slopes.push({ percent, ms })
  const [last] = samples.slice(-1)
  const memory = `${Math.round((last?.bytes ?? 0) / 1e6)} MB, ${percent.toFixed(1)} % an hour`
  console.log(
    `life ${number}: ${Math.round(ms / 1000)} s, ${journal.acknowledged - before} changes acknowledged, ${memory}`,
  )
}

function memoryOf({ process: { pid } }: Child): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}

/** By least squares, in percent of the mean an hour. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (of: (one: Sample) => number) => samples.reduce((sum, one) => sum + of(one), 0) / samples.length
  const [ms, bytes] = [mean((one) => one.ms), mean((one) => one.bytes)]
  const above = mean((one) => (one.ms - ms) * (one.bytes - bytes))
  const below = mean((one) => (one.ms - ms) ** 2)
  return below === 0 || bytes === 0 ? 0 : (above / below / bytes) * 60 * minuteMs * 100
}

function report(): void {
  console.log(`${journal.acknowledged} changes acknowledged, ${journal.reads} values read: nothing is lost.`)
  if (slopes.length === 0) {
    console.log('No life was long enough to say anything about its memory.')
    return
  }
  const whole = slopes.reduce((sum, { ms }) => sum + ms, 0)
  const slope = slopes.reduce((sum, { percent, ms }) => sum + (percent * ms) / whole, 0)
  console.log(`Memory: ${slope.toFixed(2)} % an hour.`)
  assert.ok(slope < maxSlope, `Memory grows by ${slope.toFixed(2)} % an hour, of at most ${maxSlope}.`)
}
