/** A power cut at any moment: every write acknowledged before it is there. Shown to notice when it would not be. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { verifyAudit } from '../../src/vault/audit.ts'
import { Api, getPatiently } from '../support/api.ts'
import { chance, rounds } from '../support/chance.ts'
import { startChild } from '../support/child.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { copyTree } from '../support/tree.ts'
import { Disk, readTrace, tracer } from './disk-trace.ts'

const [sqlite] = engines
const cuts = rounds(20, 1000)
const writers = 6
const writesEach = rounds(25, 120)

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0
const skip = canTrace ? false : 'Cannot trace: install strace (Debian: apt-get install strace) and allow ptrace.'

/** One write as its client saw it; times in milliseconds since 1970. */
interface Acknowledged {
  readonly secret: number
  readonly value: number
  readonly time: number
}

interface Recorded {
  readonly key: string
  readonly folder: string
  /** The folder before the recording. */
  readonly before: ReadonlyMap<string, Buffer>
  readonly trace: string
  readonly acknowledged: readonly Acknowledged[]
}

suite('A power cut', { skip }, () => {
  test(`takes nothing that was acknowledged (${cuts} cuts)`, async (t) => {
    const recorded = await record(t)

    const { lost, checked } = await replay(t, recorded)

    assert.deepEqual(lost, [])
    t.diagnostic(`${recorded.acknowledged.length} acknowledged writes, ${checked} cuts`)
  })

  test('would take some with synchronous=NORMAL: this test notices', async (t) => {
    const recorded = await record(t, await weakened(t))

    const { lost } = await replay(t, recorded, true)

    assert.ok(lost.length > 0)
  })
})

/** Runs a server under the tracer while clients write, each its own secret with rising values. */
async function record(t: TestContext, main?: string): Promise<Recorded> {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const place = { dataDir: join(folder, 'data'), databaseUrl: undefined, clear: async () => {} }
  assert.ok(sqlite)
  mkdirSync(place.dataDir)
  const first = await startServer(t, sqlite, { place })
  const { key } = first.api
  await first.stop()
  const before = filesOf(place.dataDir)

  const trace = join(folder, 'trace')
  const child = await startChild(t, place, { under: tracer(trace), ...(main === undefined ? {} : { main }) })
  const acknowledged: Acknowledged[] = []
  const api = child.api(key)
  await Promise.all(Array.from({ length: writers }, (_, at) => write(api, `secret-${at}`, acknowledged)))
  // The tracer passes no signal on; the server is its child.
  spawnSync('pkill', ['-TERM', '-P', String(child.process.pid)])
  await new Promise((resolve) => child.process.once('exit', resolve))
  return { key, folder: place.dataDir, before, trace, acknowledged }
}

async function write(api: Api, name: string, acknowledged: Acknowledged[]): Promise<void> {
  const { body } = await api.post('/v3/secrets', { name, value: '0' })
  acknowledged.push({ secret: body.id, value: 0, time: Date.now() })
  for (let value = 1; value < writesEach; value++) {
    const { status } = await api.put(`/v3/secrets/${body.id}`, { value: String(value) })
    assert.equal(status, 200)
    acknowledged.push({ secret: body.id, value, time: Date.now() })
  }
}

/** Cuts the power at random moments, starts a server on what is left, and asks it. */
async function replay(
  t: TestContext,
  recorded: Recorded,
  isOneEnough = false,
): Promise<{ lost: string[]; checked: number }> {
  const { folder, before, trace, key, acknowledged } = recorded
  const events = readTrace(trace, folder)
  assert.ok(events.some(({ kind }) => kind === 'sync') && events.length > writers * 10)
  const random = chance(t)
  const moments = Array.from({ length: cuts }, () => Math.floor(random() * (events.length + 1))).toSorted(
    (a, b) => a - b,
  )
  const disk = new Disk(new Map([...before].map(([name, bytes]) => [join(folder, name), bytes])))
  const lost: string[] = []
  let next = 0
  for (const moment of moments) {
    for (; next < moment; next++) disk.apply(events[next] ?? assert.fail())
    // Date.now() counts whole milliseconds: an acknowledgement of the same one may have come after the cut.
    const time = Math.floor(events[moment]?.time ?? Number.POSITIVE_INFINITY)
    const promised = newest(acknowledged.filter((one) => one.time < time))
    lost.push(...(await losses(t, disk, random, key, promised)).map((loss) => `cut ${moment}: ${loss}`))
    if (isOneEnough && lost.length > 0) break
  }
  return { lost, checked: moments.length }
}

async function losses(
  t: TestContext,
  disk: Disk,
  random: () => number,
  key: string,
  promised: ReadonlyMap<number, number>,
): Promise<string[]> {
  assert.ok(sqlite)
  const folder = makeFolder()
  const dataDir = join(folder, 'data')
  mkdirSync(dataDir)
  disk.writeTo(dataDir, random)
  try {
    const server = await startServer(t, sqlite, { place: { dataDir, databaseUrl: undefined, clear: async () => {} } })
    const api = new Api(server.url, key)
    const lost: string[] = []
    for (const [id, value] of promised) {
      const { status, body } = await getPatiently(api, `/v3/secrets/${id}`)
      const found = status === 200 ? body.value : `${status} ${body?.code}`
      if (status !== 200 || Number(body.value) < value) lost.push(`secret ${id}: ${value} acknowledged, ${found} found`)
    }
    for await (const { fault } of verifyAudit(server.vault)) if (fault !== undefined) lost.push(fault.reason)
    await server.stop()
    return lost
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function newest(acknowledged: readonly Acknowledged[]): ReadonlyMap<number, number> {
  const values = new Map<number, number>()
  for (const { secret, value } of acknowledged) values.set(secret, Math.max(value, values.get(secret) ?? 0))
  return values
}

/** A copy of the sources that syncs too little. */
async function weakened(t: TestContext): Promise<string> {
  const tree = copyTree(['src'])
  t.after(() => rmSync(tree, { recursive: true, force: true }))
  const file = join(tree, 'src/store/sqlite/database.ts')
  const text = readFileSync(file, 'utf8')
  assert.ok(text.includes("['synchronous', 2]"))
  writeFileSync(file, text.replace("['synchronous', 2]", "['synchronous', 1]"))
  return join(tree, 'src/main.ts')
}

function filesOf(folder: string): ReadonlyMap<string, Buffer> {
  return new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]))
}
