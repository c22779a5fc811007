/**
 * `npm run bench:scale`: what each operation takes of the processors with a thousand secrets and with a hundred times as
 * many, on both stores, in this process and PostgreSQL's; and how long others wait meanwhile. Written to
 * `bench/results/scale.md`. `-- 1000 100000 1000000` measures other sizes; `OPERATIONS=compare` shows those alone whose names have it.
 * What takes a whole store follows, into `bench/results/whole.md`; `-- whole` measures that alone.
 * `-- trail 10000000` measures searches of an audit log of so many records instead, into `bench/results/trail.md`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { DeploymentFilter } from '../src/store/store.ts'
import { readAudit } from '../src/vault/audit.ts'
import { compareEnvironments } from '../src/vault/comparison.ts'
import { listDeployments } from '../src/vault/deployments.ts'
import { createEnvironment } from '../src/vault/environments.ts'
import { createList } from '../src/vault/lists.ts'
import { updateSettings } from '../src/vault/machines.ts'
import { summarize } from '../src/vault/metadata.ts'
import { allOf, everything } from '../src/vault/pages.ts'
import { listSecrets, type SecretsInOrder } from '../src/vault/secret-listing.ts'
import { createSecret, readSecret, updateSecret } from '../src/vault/secrets.ts'
import { updateUser } from '../src/vault/users.ts'
import { type Asker, authenticate } from '../src/vault/vault.ts'
import { startCluster } from '../test/support/postgres.ts'
import { fillStore, nameOf } from './scale-fill.ts'
import { measureTrail, writeTrails } from './scale-trail.ts'
import { measureWhole, type WholeResults, writeWhole } from './scale-whole.ts'
import { cpuMicrosOfAll } from './servers.ts'

const sizes = process.argv
  .slice(2)
  .filter((text) => /^\d+$/.test(text))
  .map(Number)
/** A part of the names of the operations that are measured: nothing is written then. */
const part = process.env['OPERATIONS'] ?? ''
const isTrail = process.argv.includes('trail')
const isWholeAlone = process.argv.includes('whole')
/** `SQLite` or `PostgreSQL`, to measure one alone. */
const only = process.argv.slice(2).filter((text) => !['trail', 'whole'].includes(text) && !/^\d+$/.test(text))
if (sizes.length === 0) sizes.push(...(isTrail ? [10_000_000] : [1000, 100_000]))
/** Each operation is run in so many turns, each as long as this, or so many times; the least of them counts. */
const limits = { turns: 4, ms: 120, most: 200 }
/** What may be added to twice the cost of the smallest store before it is called not flat. */
const slackMicros = 150
/** Nobody is to wait longer. */
const longestWaitMs = 50

interface Measured {
  readonly store: string
  readonly operation: string
  readonly looksAtAll: boolean
  /** Microseconds of the processors, by size. */
  readonly micros: Map<number, number>
  /** How long another one waited at the most, in milliseconds, beside the largest. */
  waitMs: number
}

interface Operation {
  readonly name: string
  /** Whether it must look at everything: then others are not to wait. */
  readonly looksAtAll?: true
  readonly run: (round: number) => Promise<unknown>
}

const results = new Map<string, Measured>()
const cluster = only.includes('SQLite') ? undefined : await startCluster()
if (cluster !== undefined) process.env['STRONGROOM_TEST_DATABASE_URL'] = cluster.url
// These read the address of the database as they are loaded.
const { engines } = await import('../test/support/engines.ts')
const { startServer } = await import('../test/support/server.ts')
const { connect } = await import('../test/support/rows.ts')

try {
  const trails: string[] = []
  const wholes: WholeResults = new Map()
  for (const engine of engines.filter(
    ({ name, skip }) => skip === false && (only.length === 0 || only.includes(name)),
  )) {
    for (const size of sizes) {
      if (isTrail) trails.push(await measureTrail(startServer, engine, size))
      else {
        if (!isWholeAlone) await measureStore(engine, size)
        await measureWhole(engine, cluster, size, part, wholes)
      }
    }
  }
  if (isTrail) writeTrails(trails)
  else {
    if (!isWholeAlone) write()
    writeWhole(wholes, part === '')
  }
} finally {
  cluster?.stop()
}

async function measureStore(engine: (typeof engines)[number], size: number): Promise<void> {
  const afterwards: (() => void | Promise<void>)[] = []
  const server = await startServer({ after: (work) => void afterwards.push(work) }, engine)
  try {
    const { vault, place } = server
    const hash = vault.keyring.tokenHash(server.api.key)
    const asker: Asker = { caller: { kind: 'token', hash }, requestId: 'bench', address: '127.0.0.1' }
    const identity = await authenticate(vault, asker)
    await createSecret(vault, asker, identity, {
      name: 'first',
      value: { text: 'v', encoding: undefined },
    })
    const few = await createList(vault, asker, 'few')
    await createList(vault, asker, 'none')
    const prod = await createEnvironment(vault, asker, { name: 'prod', base: 'default' })
    const inProd = await createList(vault, { ...asker, environment: { name: 'prod', isStrict: false } }, 'default')
    await updateSettings(vault, asker, { vmAuth: true })
    const database = await connect(place)
    const others = Math.min(size, 10_000)
    const [began, before] = [performance.now(), micros()]
    const first = await fillStore(vault, database, { secrets: size, records: 1.5 * size, others }, [1, few.result.id], {
      environmentId: prod.result.id,
      listId: inProd.result.id,
    })
    await database.close()
    console.log(
      `${engine.name}, ${size} secrets: filled in ${Math.round((performance.now() - began) / 1000)} s, ${Math.round((micros() - before) / 1e6)} s of the processors`,
    )
    const machine: Asker = { ...asker, caller: { kind: 'machine', address: hexOf(others >> 1) }, address: '10.0.0.1' }
    const operations = operationsOf(server, asker, machine, identity, first, size)
    for (const operation of operations.filter(({ name }) => name.includes(part))) {
      await measure(engine.name, size, vault.store.ping.bind(vault.store), operation)
    }
  } finally {
    for (const work of afterwards.reverse()) await work()
  }
}

/** The address of a machine, as the store has it. */
function hexOf(at: number): string {
  return `${'0'.repeat(20)}ffff0a${at.toString(16).padStart(6, '0')}`
}

type Server = Awaited<ReturnType<typeof startServer>>

function operationsOf(
  { vault }: Server,
  asker: Asker,
  machine: Asker,
  identity: Awaited<ReturnType<typeof authenticate>>,
  first: number,
  size: number,
): readonly Operation[] {
  const idAt = (round: number) => first + ((round * 7919) % size)
  const value = { text: 'new', encoding: undefined }
  const page = async (query: SecretsInOrder, after?: readonly (string | number)[]) => {
    const begin = () => (after === undefined ? undefined : { after, isBack: false })
    const { pages } = await listSecrets(vault, asker, query, begin, 51)
    let found = 0
    for await (const secrets of pages) {
      found += secrets.length
      if (found >= 51) break
    }
  }
  const compare = async (wanted: { readonly name?: string; readonly after?: string; readonly limit: number }) => {
    const { name, limit } = wanted
    const asked = { environments: ['default', 'prod'], name, limit, after: () => wanted.after }
    const { pages } = await compareEnvironments(vault, asker, asked)
    for await (const _ of pages);
  }
  const effective = async (after?: string) => {
    const inProd = { ...asker, environment: { name: 'prod', isStrict: false } }
    const begin = () => (after === undefined ? undefined : { after: [0, after], isBack: false })
    const { pages } = await listSecrets(vault, inProd, { isEffective: true }, begin, 51)
    for await (const _ of pages);
  }
  const count = async (query: SecretsInOrder) => (await listSecrets(vault, asker, query, () => undefined, 1)).count()
  const targets = async (filter: DeploymentFilter, limit: number) =>
    allOf(await listDeployments(vault, asker, filter, { ...everything, limit }))
  const trail = (filter: object) => readAudit(vault, asker, filter, 100, () => Number.MAX_SAFE_INTEGER)
  const now = vault.now()
  const hour = { from: now - 86_400_000 + size / 2, to: now - 86_400_000 + size / 2 + 50 }
  return [
    { name: 'read a secret', run: (round) => readSecret(vault, asker, { id: idAt(round) }) },
    {
      name: 'read a secret as a machine without a key',
      run: (round) => readSecret(vault, machine, { id: idAt(round) }),
    },
    {
      name: 'create a secret',
      run: (round) => createSecret(vault, asker, identity, { name: `new-${round}`, value }),
    },
    {
      name: 'update a secret',
      run: (round) => updateSecret(vault, asker, identity, { id: idAt(round) }, { value, match: undefined }),
    },
    { name: 'list 50, first page', run: () => page({}) },
    { name: 'list 50, a page at nine tenths', run: () => page({}, [0, first + Math.floor(size * 0.9)]) },
    { name: 'list 50 by name, in the middle', run: () => page({ order: 'name' }, [0, 'dev-key-5']) },
    { name: 'list 50, changed last', run: () => page({ order: 'updated', isDown: true }) },
    { name: 'list by name of the list, first page', run: () => page({ order: 'list' }) },
    { name: 'list an empty list', run: () => page({ list: 'none' }) },
    { name: 'list a list of a hundred at most', run: () => page({ list: 'few' }) },
    { name: 'list by a rare tag', run: () => page({ tag: 'rare' }) },
    { name: 'list by a tag that half have', run: () => page({ tag: 'half' }) },
    { name: 'list by the beginning of a name', run: () => page({ name: `${nameOf(size - 10)}*` }) },
    { name: 'list the expired first', run: () => page({ order: 'expired first' }) },
    // Up to the first name that has it, and no further.
    { name: 'search a word whose names come late', looksAtAll: true, run: () => page({ text: 'prod', order: 'name' }) },
    { name: 'search a word that none has', looksAtAll: true, run: () => page({ text: 'nothing', order: 'name' }) },
    { name: 'list 50 of an environment and its base, in the middle', run: () => effective('dev-key-5') },
    {
      name: 'compare 50 names of two environments, in the middle',
      run: () => compare({ after: 'dev-key-5', limit: 50 }),
    },
    {
      name: 'compare names that few have',
      looksAtAll: true,
      run: () => compare({ name: '*key-77*7', limit: 50 }),
    },
    { name: 'count all', looksAtAll: true, run: () => count({}) },
    { name: 'sum up', looksAtAll: true, run: () => summarize(vault, asker) },
    { name: 'the trail, newest', run: () => trail({}) },
    { name: 'the trail of a moment', run: () => trail(hour) },
    { name: 'the trail of a secret', run: () => trail({ secret: nameOf(3) }) },
    { name: 'the trail of rare refusals', looksAtAll: true, run: () => trail({ outcome: 'forbidden' }) },
    {
      name: 'targets of a secret',
      run: (round) => targets({ secret: first + (round % 100) }, 50),
    },
    {
      name: 'stale targets',
      looksAtAll: true,
      run: () => targets({ isStale: true }, 5000),
    },
    { name: 'rename a user', run: (round) => updateUser(vault, asker, 2 + (round % 500), { name: `Ada ${round}` }) },
    { name: 'the numbers of the metrics', looksAtAll: true, run: () => vault.store.objectCounts(now) },
  ]
}

async function measure(store: string, size: number, ping: () => Promise<void>, { name, looksAtAll, run }: Operation) {
  await run(0)
  let each = Number.POSITIVE_INFINITY
  let rounds = 0
  // What else the machine does only adds to it: the least of a few is the nearest.
  for (let turn = 0; turn < limits.turns; turn++) {
    const [first, began, before] = [rounds, performance.now(), micros()]
    while (rounds === first || (rounds - first < limits.most && performance.now() - began < limits.ms))
      await run(++rounds)
    each = Math.min(each, (micros() - before) / (rounds - first))
  }
  const key = `${store} ${name}`
  const known = results.get(key) ?? {
    store,
    operation: name,
    looksAtAll: looksAtAll === true,
    micros: new Map(),
    waitMs: 0,
  }
  results.set(key, known)
  known.micros.set(size, each)
  if (looksAtAll === true && size === Math.max(...sizes)) known.waitMs = await longestWait(run, ping)
}

/** How long one who asks for next to nothing waits at the most, while the operation runs. */
async function longestWait(run: Operation['run'], ping: () => Promise<void>): Promise<number> {
  let [isOver, longest] = [false, 0]
  const done = run(-1).finally(() => {
    isOver = true
  })
  while (!isOver) {
    const asked = performance.now()
    await ping()
    longest = Math.max(longest, performance.now() - asked)
  }
  await done
  return longest
}

/** Of all threads here, and of the database's processes. */
function micros(): number {
  const { user, system } = process.cpuUsage()
  return user + system + (cluster === undefined ? 0 : cpuMicrosOfAll(cluster.pid))
}

function write(): void {
  const [small = 0] = sizes
  const large = sizes.at(-1) ?? 0
  const heads = sizes.map((size) => `${size.toLocaleString('en')}`)
  const rows = [...results.values()].map((one) => {
    const [low = 0, high = 0] = [one.micros.get(small), one.micros.get(large)]
    const isFlat = high <= 2 * low + slackMicros
    const verdict = isFlat
      ? 'flat'
      : one.looksAtAll
        ? `looks at all; others wait ${Math.round(one.waitMs)} ms`
        : 'not flat'
    const amounts = sizes.map((size) => Math.round(one.micros.get(size) ?? 0).toLocaleString('en'))
    return `| ${one.store} | ${one.operation} | ${amounts.join(' | ')} | ${verdict} |`
  })
  const [cpu] = cpus()
  const text = `# What operations cost in a store that grows

Written by \`npm run bench:scale\`: microseconds of the processors for one operation, of the server's threads and of PostgreSQL's
processes, by the number of secrets; with one and a half times as many records, and as many machines, users and targets, at most
10,000. Flat is what takes at most twice as much in the largest store as in the smallest, and ${slackMicros} µs. Of what must look at
everything, it is said how long somebody else waited at the most for next to nothing; ${longestWaitMs} ms are allowed.
${cpus().length} x ${cpu?.model ?? ''}; Node.js ${process.versions.node}; ${new Date().toISOString().slice(0, 10)}.
Measured under a load of ${loadavg()[1]?.toFixed(1)}: beyond the number of processors, single lines are off by a factor of two or more.

| store | operation | ${heads.join(' | ')} | |
| --- | --- | ${sizes.map(() => '---:').join(' | ')} | --- |
${rows.join('\n')}
`
  console.log(text)
  if (part !== '') return
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'scale.md'), text)
}
