/** What takes a whole store or a large part of it, once for each: what it takes, of which memory, and how long others wait meanwhile. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { buildCommand } from '../scripts/build.ts'
import { Strongroom } from '../src/client/strongroom.ts'
import { generateToken } from '../src/crypto/token.ts'
import { type Child, environment, startChild } from '../test/support/child.ts'
import { emptyPlace, urlOf } from '../test/support/copied-place.ts'
import type { Place, TestEngine } from '../test/support/engines.ts'
import type { Cluster } from '../test/support/postgres.ts'
import { asNpmStart, cpuMicrosOfAll } from './servers.ts'
import { restMs, startWaiting, type Waits } from './waiting.ts'

const dist = join(import.meta.dirname, '..', 'dist')
/** As the command's import sends them. */
const together = 100
const imported = 10_000
/** What a command holds must fit into this: else V8 lets lie what nothing needs any more, the more the longer the work. */
const heldMegabytes = 96
const asOnSmallHost = {
  ...asNpmStart,
  NODE_OPTIONS: `${asNpmStart.NODE_OPTIONS} --max-old-space-size=${heldMegabytes}`,
}
/** What the memory may be more with the largest store than with the smallest: a longer work leaves more to be collected. */
const slackBytes = 64e6
/** What may be added to twice the cost beside the smallest store before it is called not flat. */
const slackMicros = 100_000
/** Nobody is to wait longer. */
const longestWaitMs = 50
const patience = { timeoutMs: 3_600_000 }

/** A server with a store that was filled through it, so that its trail and its tables agree. */
interface Whole {
  readonly place: Place
  readonly size: number
  readonly client: Strongroom
  /** The list with one half of the secrets. */
  readonly halfId: number
  /** What the two files of its backup begin with. */
  readonly backup: string
  readonly recipient: string
  readonly identity: string
  /** Empty places, with its root key. */
  readonly restored: Place
  readonly moved: Place
  /** Runs a command on the host to its end, which is measured with it. */
  command(place: Place, parameters: readonly string[], code?: number): Promise<void>
}

interface Once {
  readonly name: string
  /** Whether it is as much work for any size. */
  readonly isFlat?: true
  /** What must have run before it. */
  readonly needs?: readonly Once[]
  readonly run: (whole: Whole) => Promise<unknown>
}

/** How long others wait for nobody. What they take themselves is taken off all other figures. */
const nothing: Once = { name: 'nothing, for five seconds', isFlat: true, run: () => setTimeout(5000) }
const backUp: Once = {
  name: 'back up (host)',
  run: ({ command, place, backup, recipient }) =>
    command(place, ['backup', '--out', backup, '--recipient', recipient, '--json']),
}
const restore: Once = {
  name: 'restore (host)',
  needs: [backUp],
  run: ({ command, restored, backup, identity }) =>
    command(restored, ['restore', '--from', backup, '--identity', identity, '--json']),
}
/** In this order: each finds what those before have left. */
const operations: readonly Once[] = [
  {
    name: 'verify the trail and the state (host)',
    // Intact, and without a checkpoint from outside.
    run: ({ command, place }) => command(place, ['audit', 'verify', '--state'], 3),
  },
  { name: 'verify all of the trail by requests', run: ({ client }) => client.audit.verify({}, patience) },
  backUp,
  restore,
  {
    name: 'move to another store (host)',
    needs: [backUp, restore],
    run: ({ command, restored, moved }) =>
      command(restored, ['migrate-store', '--from', urlOf(restored), '--to', urlOf(moved), '--json']),
  },
  {
    name: 'fingerprints of all values, as a scan takes them',
    run: async ({ client, size }) => {
      const count = await fingerprintsOf(client, {})
      if (count < size) throw new Error(`There are fingerprints of ${count} values of ${size}.`)
    },
  },
  {
    name: 'fingerprints of one name',
    isFlat: true,
    run: ({ client }) => fingerprintsOf(client, { names: nameOf('half', 1) }),
  },
  {
    name: `import ${imported.toLocaleString('en')}`,
    isFlat: true,
    run: ({ client }) => importSecrets(client, 'imported', imported),
  },
  {
    name: 'delete a list with half of all secrets',
    run: ({ client, halfId }) => client.lists.delete(halfId, patience),
  },
]

interface Figures {
  readonly size: number
  readonly micros: number
  /** Of a command its memory at the most; of requests, what the server's memory has become more by. */
  readonly bytes: number
  readonly seconds: number
  readonly waits: Waits
}

interface Result {
  readonly store: string
  readonly operation: Once
  /** One for each size. */
  readonly figures: readonly Figures[]
}

/** By store and operation, in the order in which they were measured. */
export type WholeResults = Map<string, Result>

/** @param part of the names of those that are measured, where not all are */
export async function measureWhole(
  engine: TestEngine,
  cluster: Cluster | undefined,
  size: number,
  part: string,
  results: WholeResults,
): Promise<void> {
  const named = operations.filter(({ name }) => name.includes(part))
  const wanted = operations.filter((one) => named.some((other) => other === one || other.needs?.includes(one)))
  if (wanted.length === 0) return
  await buildCommand(dist)
  const afterwards: (() => void | Promise<void>)[] = []
  const t = { after: (work: () => void | Promise<void>) => void afterwards.push(work) }
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-scale-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  try {
    const place = await engine.makePlace()
    t.after(() => place.clear())
    const key = generateToken()
    const env = { STRONGROOM_BOOTSTRAP_API_KEY: key, ...asNpmStart }
    const server = await startChild(t, place, { main: join(dist, 'main.js'), env })
    t.after(async () => void (await server.end('SIGTERM')))
    const client = new Strongroom({ url: server.url, apiKey: key })
    const began = performance.now()
    const halfId = await fill(client, size)
    console.log(`${engine.name}, ${size} secrets imported in ${((performance.now() - began) / 1000).toFixed(0)} s`)
    // It reads the address of the database as it is loaded.
    const { makeIdentity } = await import('../test/support/identity.ts')
    const { file: identity, recipient } = await makeIdentity()
    const commands = new Commands(folder)
    const whole: Whole = {
      ...{ place, size, client, halfId, identity, recipient, backup: join(folder, 'backup') },
      restored: await emptyPlace(t, engine, place),
      moved: await emptyPlace(t, engine, place),
      command: (...parameters) => commands.run(...parameters),
    }
    const measuring = { server, key, cluster, commands }
    const idle = await measureOnce(nothing, whole, measuring, 0)
    const microsOfRead = idle.micros / idle.waits.count
    keep(results, engine.name, nothing, idle)
    for (const operation of wanted) {
      keep(results, engine.name, operation, await measureOnce(operation, whole, measuring, microsOfRead))
    }
  } finally {
    for (const work of afterwards.reverse()) await work()
  }
}

function keep(results: WholeResults, store: string, operation: Once, figures: Figures): void {
  const key = `${store} ${operation.name}`
  const known = results.get(key) ?? { store, operation, figures: [] }
  results.set(key, { ...known, figures: [...known.figures, figures] })
  const { size, micros, bytes, seconds, waits } = figures
  console.log(
    `${store}, ${size}, ${operation.name}: ${seconds.toFixed(1)} s, ${(micros / 1e6).toFixed(2)} s of the processors, ${megabytes(bytes)} MB, others waited ${waits.longestMs.toFixed(0)} ms at the most, ${waits.p99Ms.toFixed(0)} in 99 of 100 (load ${loadavg()[0]?.toFixed(1)})`,
  )
}

interface Measuring {
  readonly server: Child
  readonly key: string
  readonly cluster: Cluster | undefined
  readonly commands: Commands
}

async function measureOnce(
  { run }: Once,
  whole: Whole,
  { server, key, cluster, commands }: Measuring,
  microsOfRead: number,
): Promise<Figures> {
  const pid = server.process.pid ?? 0
  const micros = () => cpuMicrosOfAll(pid) + (cluster === undefined ? 0 : cpuMicrosOfAll(cluster.pid))
  const waiting = await startWaiting(server.url, `/v3/secrets/by-name/${nameOf('rest', 0)}`, key)
  const [resident, before, began] = [forgetPeak(pid), micros(), performance.now()]
  await run(whole)
  const [taken, seconds, peak] = [micros() - before, (performance.now() - began) / 1000, memoryOf(pid, 'VmHWM')]
  const waits = await waiting.end()
  const command = commands.take()
  return {
    size: whole.size,
    micros: Math.max(0, taken + (command?.micros ?? 0) - waits.count * microsOfRead),
    bytes: command?.bytes ?? peak - resident,
    seconds,
    waits,
  }
}

/** One half is in the list `half`. @returns its id */
async function fill(client: Strongroom, size: number): Promise<number> {
  const { id } = await client.lists.create({ name: 'half' })
  await importSecrets(client, 'half', size >> 1, 'half')
  await importSecrets(client, 'rest', size - (size >> 1))
  return id
}

async function importSecrets(client: Strongroom, prefix: string, count: number, list?: string): Promise<void> {
  for (let from = 0; from < count; from += together) {
    const secrets = Array.from({ length: Math.min(together, count - from) }, (_, at) => ({
      name: nameOf(prefix, from + at),
      value: randomBytes(24).toString('base64'),
      ...(list === undefined ? {} : { list }),
    }))
    await client.secrets.createMany(secrets)
  }
}

const nameOf = (prefix: string, at: number) => `${prefix}-key-${at}`

/** @returns of how many values they are, or say that they have none: a few of those drawn are too easily guessed */
async function fingerprintsOf(client: Strongroom, filter: { readonly names?: string }): Promise<number> {
  let [values, last] = [0, '']
  for await (const { fingerprints, unscannable } of client.fingerprintParts(filter, patience)) {
    values += unscannable.length
    for (const { id, version } of fingerprints) {
      if (`${id} ${version}` !== last) values++
      last = `${id} ${version}`
    }
  }
  return values
}

/** Commands on the host, each of which leaves in a file what it has used as it ends. */
class Commands {
  readonly #path: string
  #used: { readonly micros: number; readonly bytes: number } | undefined

  constructor(folder: string) {
    this.#path = join(folder, 'used.json')
  }

  async run(place: Place, parameters: readonly string[], code = 0): Promise<void> {
    // What a process had at the most by its resource usage is also what its parent had as it began it.
    const text = `import { readFileSync, writeFileSync } from 'node:fs'
      process.once('exit', () => {
        const [, peak] = /^VmHWM:\\s+(\\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
        const { user, system } = process.cpuUsage()
        const used = { micros: user + system, bytes: peak * 1024 }
        writeFileSync(${JSON.stringify(this.#path)}, JSON.stringify(used))
      })`
    const onEnd = ['--import', `data:text/javascript,${encodeURIComponent(text)}`]
    const child = spawn(process.execPath, [...onEnd, join(dist, 'main.js'), ...parameters], {
      env: { ...environment(place), ...asOnSmallHost },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const [found]: (number | null)[] = await once(child, 'exit')
    if (found !== code) throw new Error(`strongroom ${parameters[0]} ended with ${found}.`)
    this.#used = JSON.parse(readFileSync(this.#path, 'utf8'))
  }

  /** What was used since this was asked the last time; nothing where no command ran. */
  take() {
    const used = this.#used
    this.#used = undefined
    return used
  }
}

/** Has the system begin anew to note the most memory that a process has (proc(5), `clear_refs`). @returns what it has now */
function forgetPeak(pid: number): number {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  return memoryOf(pid, 'VmRSS')
}

function memoryOf(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
}

export function writeWhole(results: WholeResults, mayWrite: boolean): void {
  const all = [...results.values()]
  const sizes = all[0]?.figures.map(({ size }) => size.toLocaleString('en')) ?? []
  const heads = ['s of the processors', 'MB'].flatMap((what) => sizes.map((size) => `${what}, ${size}`))
  const [cpu] = cpus()
  const text = `# What takes a whole store

Written by \`npm run bench:scale\`, or by itself with \`-- whole\`: once for each, on a server with a store that was filled through it; by the number of secrets. What runs on
the host is a process of its own beside the server, and its memory is what it had at the most, of which ${heldMegabytes} MB may be objects. Of requests it is said what the memory of the
server became more by, at the most; constant is what is at most ${slackBytes / 1e6} MB more with the largest store than with the smallest. Seconds of the processors are the
server's, PostgreSQL's and the command's. Others read one secret, ${restMs} ms after the last time: how long they waited at the most beside the largest store, and in 99 of 100 reads;
${longestWaitMs} ms are allowed beyond what they wait beside nothing.
${cpus().length} x ${cpu?.model ?? ''}; Node.js ${process.versions.node}; ${new Date().toISOString().slice(0, 10)}.
Measured under a load of ${loadavg()[1]?.toFixed(1)}: beyond the number of processors, others wait for those as well.

| store | operation | ${heads.join(' | ')} | others wait, ms | |
| --- | --- | ${heads.map(() => '---:').join(' | ')} | ---: | --- |
${all.map(rowOf).join('\n')}
`
  console.log(text)
  if (!mayWrite) return
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'whole.md'), text)
}

function rowOf({ store, operation, figures }: Result): string {
  const { waits } = figures.at(-1) ?? {}
  const seconds = figures.map(({ micros }) => (micros / 1e6).toFixed(2))
  const memory = figures.map(({ bytes }) => megabytes(bytes))
  const waited = `${waits?.longestMs.toFixed(0)} (${waits?.p99Ms.toFixed(0)})`
  const cells = [store, operation.name, ...seconds, ...memory, waited, verdictOf(operation, figures)]
  return `| ${cells.join(' | ')} |`
}

function verdictOf({ isFlat }: Once, figures: readonly Figures[]): string {
  const [first, last] = [figures[0], figures.at(-1)]
  if (first === undefined || last === undefined) return ''
  const memory = last.bytes <= first.bytes + slackBytes ? 'constant memory' : 'memory grows'
  if (isFlat !== true) return `looks at all; ${memory}`
  return `${last.micros <= 2 * first.micros + slackMicros ? 'flat' : 'not flat'}; ${memory}`
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}
