/**
 * `npm test`: every test but the long ones, or the named files, with a throw-away PostgreSQL when no server is named.
 * With `--long`, those of `test/long`, which take minutes and more of the machine, those of the portal on every store, and
 * those that leave something to chance, with many rounds of it.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Client } from 'pg'
import { migrate } from '../src/store/postgres/migrate.ts'
import { cpuOf, dearest } from '../test/support/cost.ts'
import { administer, endClusters, startCluster } from '../test/support/postgres.ts'
import { buildCommandOnce } from './build.ts'
import { bundleSources, removeOlderThan } from './bundle-sources.ts'
import { type ProcessGroup, startGroup } from './process-group.ts'
import { keepCosts, writeGroups } from './test-groups.ts'

const dist = join(import.meta.dirname, '..', 'dist')

/** Hundreds of throw-away stores sync every commit: in memory, where there is enough, that costs next to nothing. */
function makeScratch(): string | undefined {
  const memory = '/dev/shm'
  if (!existsSync(memory)) return undefined
  const { bavail, bsize } = statfsSync(memory)
  if (bavail * bsize < 4 * 2 ** 30) return undefined
  const folder = mkdtempSync(join(memory, 'strongroom-tests-'))
  // PostgreSQL runs as another user.
  chmodSync(folder, 0o711)
  return folder
}

const scratch = process.env['TMPDIR'] === undefined ? makeScratch() : undefined
if (scratch !== undefined) process.env['TMPDIR'] = scratch

const named = process.env['STRONGROOM_TEST_DATABASE_URL']
const cluster = named === undefined ? await startCluster() : undefined
// However it ends: a build that fails, or somebody who has seen enough.
process.once('exit', () => {
  runner?.kill()
  cluster?.stop()
  if (scratch === undefined) return
  endClusters(scratch)
  rmSync(scratch, { recursive: true, force: true })
})
let runner: ProcessGroup | undefined
for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => (runner === undefined ? process.exit(1) : runner.end(signal)))
}
const url = named ?? cluster?.url
if (url === undefined) {
  const how = 'install its server (Debian: apt-get install postgresql) or set STRONGROOM_TEST_DATABASE_URL'
  if (process.env['CI'] === 'true') throw new Error(`No PostgreSQL, and CI never skips its tests: ${how}.`)
  console.error(`No PostgreSQL: its tests are skipped. To run them, ${how}.`)
}

/** Databases of tests are copies of one that has the schema. */
async function makeTemplate(server: string): Promise<string> {
  const name = `strongroom_migrated_${randomBytes(8).toString('hex')}`
  await administer(server, `create database ${name}`)
  const client = new Client(Object.assign(new URL(server), { pathname: `/${name}` }).href)
  await client.connect()
  await migrate(client)
  await client.end()
  return name
}

const template = url === undefined ? undefined : await makeTemplate(url)

const isLong = process.argv[2] === '--long'
const given = process.argv.slice(isLong ? 3 : 2)
/** For the test runner: `--test-name-pattern=…`. */
const options = given.filter((one) => one.startsWith('-'))
const wanted = given.filter((one) => !one.startsWith('-'))
const found = globSync('test/**/*.test.ts').sort()
const isLeftToChance = (file: string) => readFileSync(file, 'utf8').includes("support/chance.ts'")
const long = found.filter((file) => /^test\W(long|portal)\W/.test(file) || isLeftToChance(file))
const short = found.filter((file) => !file.startsWith(join('test', 'long')))
const files = wanted.length > 0 ? wanted : isLong ? long : short

/** The command keeps what Node.js compiled of it, of each build and of each copy that a test makes. What is in use is made anew in no time. */
const hour = 60 * 60 * 1000
const compiled = join(import.meta.dirname, '..', 'node_modules/.cache/strongroom')
for (const folder of globSync(join(compiled, '*'))) removeOlderThan(folder, Date.now() - hour)

const [bundle] = await Promise.all([
  bundleSources(),
  buildCommandOnce(dist),
  files.some((file) => file.includes('portal'))
    ? import('./build-portal.ts').then(({ buildPortalOnce }) => buildPortalOnce())
    : undefined,
])

/** It seldom pays to optimize their code, to start threads that collect their garbage, or to look for any that is old. */
const forShortLives = [
  '--single-threaded-gc',
  '--min-semi-space-size=32',
  '--max-semi-space-size=32',
  '--initial-old-space-size=512',
  '--invocation-count-for-maglev=2000',
  '--invocation-count-for-turbofan=15000',
]

/** Of a group of files, too. */
const minutes = isLong ? 60 : 8
const costs = join(tmpdir(), `strongroom-costs-${process.pid}`)
const groups = mkdtempSync(join(tmpdir(), 'strongroom-groups-'))
try {
  runner = startGroup(
    [
      ...(isLong ? [] : forShortLives),
      `--import=${pathToFileURL(join(import.meta.dirname, '..', 'test/support/bundled.mjs')).href}`,
      '--test',
      `--test-concurrency=${isLong ? 1 : 5}`,
      `--test-timeout=${minutes * 60_000}`,
      ...options,
      ...(isLong || files.length === 1 ? files : writeGroups(groups, files)),
    ],
    {
      // Hundreds of processes load the same: each module is compiled once.
      NODE_COMPILE_CACHE: join(bundle, 'compiled'),
      ...process.env,
      ...(isLong ? { STRONGROOM_TEST_LONG: '1' } : {}),
      STRONGROOM_TEST_BUNDLE: bundle,
      STRONGROOM_TEST_MAIN: join(dist, 'main.js'),
      STRONGROOM_TEST_COSTS: costs,
      ...(url === undefined ? {} : { STRONGROOM_TEST_DATABASE_URL: url, STRONGROOM_TEST_TEMPLATE: template }),
    },
  )
  const status = await runner.ended
  process.exitCode = status
  if (files.length > 1) console.log(dearest(costs, 10).join('\n'))
  // Those of tests that take many rounds are no measure of the others.
  if (files.length > 1 && !isLong && status === 0 && options.length === 0) keepCosts(costs)
  // Of the connections that have ended.
  if (cluster !== undefined) console.log(`CPU of PostgreSQL: ${cpuOf(cluster.pid)?.toFixed(0) ?? '?'} s`)
} finally {
  if (named !== undefined && template !== undefined) await administer(named, `drop database ${template}`)
  rmSync(costs, { force: true })
  rmSync(groups, { recursive: true, force: true })
}
