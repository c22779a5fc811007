/** What it takes to find something in an audit log of millions of records, before it has an index and after. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { nextHead } from '../src/audit/chain.ts'
import { type Action, type AuditRecord, formatOf } from '../src/audit/record.ts'
import { buckets, trailShape } from '../src/audit/trail-index.ts'
import { rowText } from '../src/store/coverage.ts'
import { sqlitePath } from '../src/store/location.ts'
import { numbered } from '../src/store/sql.ts'
import { accounts } from '../src/store/tables/account.ts'
import type { Value } from '../src/store/tables/field.ts'
import { audit } from '../src/store/tables/record.ts'
import { readAccess } from '../src/vault/access.ts'
import { countActivity } from '../src/vault/activity.ts'
import { type AuditFilter, readAudit } from '../src/vault/audit.ts'
import { createSecret } from '../src/vault/secrets.ts'
import { indexTrails } from '../src/vault/trail-indexing.ts'
import { type Asker, authenticate, type Vault } from '../src/vault/vault.ts'
import type { Place, TestEngine } from '../test/support/engines.ts'
import type { TestServer } from '../test/support/server.ts'

type Start = (t: { after(work: () => void | Promise<void>): void }, engine: TestEngine) => Promise<TestServer>

const atOnce = 10_000
const secrets = 10_000
const keys = 200
const accountId = 1
/** Records are spread over a year. */
const spanMs = 365 * 86_400_000

interface Line {
  readonly question: string
  readonly before: Timed
  readonly after: Timed
}

interface Timed {
  readonly ms: number
  readonly answer: string
}

/** Fills a store with so many records, and writes to `bench/results/trail.md` what questions take. */
export async function measureTrail(start: Start, engine: TestEngine, size: number): Promise<string> {
  const afterwards: (() => void | Promise<void>)[] = []
  const server = await start({ after: (work) => void afterwards.push(work) }, engine)
  try {
    const { vault, place, api } = server
    const caller = { kind: 'token', hash: vault.keyring.tokenHash(api.key) } as const
    const asker: Asker = { caller, requestId: 'bench', address: '127.0.0.1' }
    const identity = await authenticate(vault, asker)
    for (const name of ['rare', 'often']) {
      await createSecret(vault, asker, identity, { name, value: { text: 'v', encoding: undefined } })
    }
    const filledIn = await timed(() => fill(vault, place, size))
    const { first, last } = filledIn.result
    console.log(`${engine.name}, ${size} records: filled in ${seconds(filledIn.ms)} s`)
    const questions = questionsOf(vault, asker, first + Math.floor((last - first) / 2))
    const before = await answersTo(questions)
    const built = await build(vault)
    const after = await answersTo(questions)
    const bytes = await bytesOf(place)
    const lines = questions.map(({ name: question }, at): Line => {
      const none = { ms: 0, answer: '' }
      return { question, before: before[at] ?? none, after: after[at] ?? none }
    })
    return textOf(engine.name, size, lines, { ...built, ...bytes, filledMs: filledIn.ms })
  } finally {
    for (const work of afterwards.reverse()) await work()
  }
}

export function writeTrails(texts: readonly string[]): void {
  const [cpu] = cpus()
  const text = `# What finding something in a long audit log takes

Written by \`npm run bench:scale -- trail 10000000\`: milliseconds until everything is found that there is, or the first 100 of it, without
an index and with it, on one idle server. ${secrets.toLocaleString('en')} secrets and ${keys} keys, a few of each much more often than the
others; what is rare is 3 records of all.
${cpus().length} x ${cpu?.model ?? ''}; Node.js ${process.versions.node}; ${new Date().toISOString().slice(0, 10)}. Measured under a load of ${loadavg()[1]?.toFixed(1)}.

${texts.join('\n')}`
  console.log(text)
  const folder = join(import.meta.dirname, 'results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'trail.md'), text)
}

async function timed<T>(work: () => Promise<T>) {
  const began = performance.now()
  return { result: await work(), ms: performance.now() - began }
}

const seconds = (ms: number) => (ms / 1000).toFixed(1)

/** Half of the numbers are in the first eighth. */
function skewed(at: number, count: number): number {
  const chance = ((Math.imul(at + 1, 2654435761) >>> 0) % 1_000_003) / 1_000_003
  return Math.floor(chance ** 3 * count)
}

/** What is rare, by the place of its records: old ones, too. */
const rarePlaces = [0.011, 0.35, 0.71]

function recordAt(at: number, size: number, seq: number, time: number): AuditRecord {
  const isRare = rarePlaces.some((share) => Math.floor(share * size) === at)
  const isRareKey = rarePlaces.some((share) => Math.floor(share * size) + 1 === at)
  const isRareAction = rarePlaces.some((share) => Math.floor(share * size) + 2 === at)
  // One secret is rotated each hundred thousand records, and read a hundred times as often as others.
  const isOften = at % 100 === 5
  const action: Action = isRareAction ? 'user.create' : at % 100_000 === 5 ? 'secret.update' : 'secret.read'
  const secret = isRare ? 1 : isOften ? 2 : 3 + skewed(at, secrets)
  const name = isRare ? 'rare' : isOften ? 'often' : `key-${secret}`
  const key = isRareKey ? 5000 : 1 + skewed(at * 7 + 1, keys)
  const placed = { environmentId: null }
  return {
    ...{ accountId, seq, time, action, requestId: 'r', address: '127.0.0.1', ...placed, format: formatOf(placed) },
    principal: { kind: 'key', id: key, name: isRareKey ? 'rare key' : `ci-${key}` },
    object: isRareAction
      ? { kind: 'user', id: 9, uid: 'u', name: 'eve@example.com', version: null, hash: null }
      : { kind: 'secret', id: secret, uid: 'u', name, version: 1, hash: null },
    outcome: at % 50_000 === 7 ? 'forbidden' : 'ok',
  }
}

async function fill(vault: Vault, place: Place, size: number) {
  const account = await vault.store.account(accountId)
  if (account === undefined) throw new Error('The store has no account.')
  const put = await inserter(place)
  const from = vault.now() - spanMs
  let head = account.auditHead
  const first = account.auditSize + 1
  // What is there already is newer: times do not decrease.
  const timeAt = (at: number) => Math.max(account.auditAt, from + Math.floor((at / size) * spanMs))
  for (let begin = 0; begin < size; begin += atOnce) {
    const rows: Value[][] = []
    for (let at = begin; at < Math.min(size, begin + atOnce); at++) {
      const record = recordAt(at, size, first + at, timeAt(at))
      head = nextHead(head, record)
      rows.push(audit.write({ ...record, head, aside: null }))
    }
    await put(rows)
  }
  const { mac: _, ...changed } = {
    ...account,
    ...{ auditSize: account.auditSize + size, auditHead: head, auditAt: timeAt(size) },
  }
  const columns = accounts.ofUpdate.columns.slice(0, -accounts.keyLength).map(({ name }) => `${name} = ?`)
  const row = { ...changed, mac: vault.keyring.rowMac(rowText('accounts', changed)) }
  await run(place, `update accounts set ${columns.join(', ')} where id = ?`, accounts.ofUpdate.write(row))
  return { first, last: first + size - 1 }
}

const columns = Object.keys(audit.columns)

async function inserter(place: Place): Promise<(rows: readonly Value[][]) => Promise<void>> {
  const { databaseUrl } = place
  if (databaseUrl === undefined) {
    const database = new DatabaseSync(sqlitePath(place.dataDir), { timeout: 5000 })
    database.exec('pragma synchronous = 0')
    const places = columns.map(() => '?').join(', ')
    const statement = database.prepare(`insert into audit (${columns.join(', ')}) values (${places})`)
    return async (rows) => {
      database.exec('begin')
      for (const row of rows) statement.run(...(row as SQLInputValue[]))
      database.exec('commit')
      // The server's thread is to have its turn.
      await setTimeout(0)
    }
  }
  const types = Object.values(audit.columns).map((kind) =>
    kind === 'bytes' ? 'bytea' : kind.replace('?', '').replace('integer', 'bigint'),
  )
  const lists = types.map((type, at) => `$${at + 1}::${type}[]`).join(', ')
  return async (rows) => {
    const client = new Client(databaseUrl)
    await client.connect()
    await client.query('set synchronous_commit = off')
    const values = columns.map((_, column) => rows.map((row) => row[column]))
    await client.query(`insert into audit (${columns.join(', ')}) select * from unnest(${lists})`, values)
    await client.end()
  }
}

async function run(
  place: Place,
  text: string,
  parameters: readonly Value[],
): Promise<readonly Record<string, Value>[]> {
  if (place.databaseUrl === undefined) {
    const database = new DatabaseSync(sqlitePath(place.dataDir), { timeout: 5000 })
    const rows = database.prepare(text).all(...(parameters as SQLInputValue[]))
    database.close()
    return rows as Record<string, Value>[]
  }
  const client = new Client(place.databaseUrl)
  await client.connect()
  const { rows } = await client.query(numbered(text), [...parameters])
  await client.end()
  return rows
}

interface Question {
  readonly name: string
  readonly ask: () => Promise<string>
}

function questionsOf(vault: Vault, asker: Asker, middle: number): readonly Question[] {
  /** Page by page, until there are 100, or no more. */
  const find = async (filter: AuditFilter) => {
    let [found, pages] = [0, 0]
    for (let next: number | undefined = Number.MAX_SAFE_INTEGER; next !== undefined && found < 100; pages++) {
      const from: number = next
      const page = await readAudit(vault, asker, filter, 100 - found, () => from)
      found += page.records.length
      next = page.next
    }
    return `${found}${pages > 1 ? `, ${pages} pages` : ''}`
  }
  const hour = async () => {
    const [record] = await vault.store.recordsAfter(accountId, middle, 1)
    const from = record?.record.time ?? 0
    return { from, to: from + 3_600_000 }
  }
  const isAll = (isComplete: boolean) => (isComplete ? 'of all' : 'of the newest 250,000')
  return [
    { name: 'a rare secret, by id', ask: () => find({ secret: 1 }) },
    { name: 'a rare secret, by name', ask: () => find({ secret: 'rare' }) },
    { name: 'a secret that is not there', ask: () => find({ secret: 'none' }) },
    { name: 'a rare principal, by name', ask: () => find({ principal: 'rare key' }) },
    { name: 'a rare key, by id', ask: () => find({ principal: 5000 }) },
    { name: 'a rare action', ask: () => find({ action: 'user.create' }) },
    { name: 'refusals, one in 50,000', ask: () => find({ outcome: 'forbidden' }) },
    { name: 'changes of a secret that is read often', ask: () => find({ secret: 'often', action: 'secret.update' }) },
    { name: 'a secret that is read seldom', ask: () => find({ secret: secrets }) },
    { name: 'a secret that is read often', ask: () => find({ secret: 'often' }) },
    { name: 'a principal that asks often', ask: () => find({ principal: 'ci-1' }) },
    { name: 'a frequent action', ask: () => find({ action: 'secret.read' }) },
    { name: 'an hour in the middle', ask: async () => find(await hour()) },
    { name: 'a rare secret in the older half', ask: async () => find({ secret: 'rare', to: (await hour()).from }) },
    {
      name: 'who read a rare secret (`access`)',
      ask: async () => {
        const { past } = await readAccess(vault, asker, 1, {
          ...{ from: undefined, to: undefined, isNextPage: false, limit: 100, after: () => undefined },
        })
        return `${past?.did.length} readers ${isAll(past?.isComplete === true)}`
      },
    },
    {
      name: 'reads of a rare secret by week (`activity`)',
      ask: async () => {
        const { records, isComplete } = await countActivity(vault, asker, { secret: 'rare' }, 'week')
        return `${records} ${isAll(isComplete)}`
      },
    },
  ]
}

async function answersTo(questions: readonly Question[]): Promise<readonly Timed[]> {
  const answers: Timed[] = []
  for (const { name, ask } of questions) {
    const tries = [await timed(ask), await timed(ask)]
    const ms = Math.min(...tries.map((one) => one.ms))
    const answer = tries[0]?.result ?? ''
    console.log(`  ${name}: ${ms.toFixed(1)} ms, ${answer}`)
    answers.push({ ms, answer })
  }
  return answers
}

/** Without rests, and how long somebody else waits meanwhile. */
async function build(vault: Vault) {
  const size = await vault.store.auditSize(accountId)
  const wanted = Math.floor(size / trailShape.segment)
  let [made, longest] = [0, 0]
  const before = process.cpuUsage()
  const began = performance.now()
  const stop = indexTrails(vault, {
    pace: { lookMs: 100, lookAtAllMs: 3_600_000, rest: 0 },
    onSegment: () => void made++,
    onError: (error) => console.error(error),
  })
  while (made < wanted) {
    const asked = performance.now()
    await vault.store.ping()
    longest = Math.max(longest, performance.now() - asked)
    await setTimeout(5)
  }
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(before)
  await stop()
  return { builtMs: ms, cpuMs: (user + system) / 1000, longest }
}

async function bytesOf(place: Place) {
  const sum = (table: string, bytes: string) => run(place, `select sum(${bytes}) as bytes from ${table}`, [])
  const [index] = await sum('audit_index', 'length(said) + 32 + 40')
  const [rows] = await run(place, 'select count(*) as count from audit_index', [])
  return { bytes: Number(index?.['bytes']), rows: Number(rows?.['count']) }
}

function textOf(
  store: string,
  size: number,
  lines: readonly Line[],
  made: {
    readonly builtMs: number
    readonly cpuMs: number
    readonly longest: number
    readonly bytes: number
    readonly rows: number
    readonly filledMs: number
  },
): string {
  const million = size / 1e6
  const each = (value: number) => (value / million).toFixed(1)
  const rows = lines.map(
    ({ question, before, after }) =>
      `| ${question} | ${before.ms.toFixed(0)} | ${before.answer} | ${after.ms.toFixed(1)} | ${after.answer} |`,
  )
  return `## ${store}, ${size.toLocaleString('en')} records

| | without | found | with | found |
| --- | ---: | --- | ---: | --- |
${rows.join('\n')}

The index: ${each(made.bytes / 1e6)} MB per million records, in ${buckets} rows for each ${trailShape.segment.toLocaleString('en')} (${made.rows.toLocaleString('en')} in all). Made without rests in ${seconds(made.builtMs)} s, ${each(made.cpuMs / 1000)} s
of the server's processors per million; somebody else waited ${made.longest.toFixed(0)} ms at the most. (Filled in ${seconds(made.filledMs)} s.)
`
}
