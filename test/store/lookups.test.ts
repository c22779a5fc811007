/** What batches look for is found by an index, in a store of any size. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { Question } from '../../src/store/lookup.ts'
import * as lookups from '../../src/store/lookups.ts'
import { holding, sharing } from '../../src/store/postgres/transaction.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { Statements } from '../../src/store/sqlite/statements.ts'
import { engines } from '../support/engines.ts'
import { connectTo } from '../support/postgres.ts'

const exported: readonly unknown[] = Object.values(lookups)
const questions = exported.filter(isQuestion)
assert.ok(questions.length > 30, String(questions.length))

test('SQLite goes by an index that has all that a look-up asks by, and never through all rows of an account', async (t) => {
  const place = await (engines[0] ?? assert.fail()).makeMigratedPlace()
  const path = join(place.dataDir, 'strongroom.db')
  // As a server does, and one of the version before it, of whose statistics nothing is there.
  const before = new DatabaseSync(path)
  before.exec('drop table sqlite_stat1')
  before.close()
  const database = openDatabase(path, false)
  t.after(async () => {
    database.close()
    await place.clear()
  })
  const statements = new Statements(database)
  for (const question of questions) {
    const { name, matches } = question
    const plan = database
      .prepare(`explain query plan ${statements.finding(question).sourceSQL}`)
      .all(...matches.map(() => 1))
      .map(({ detail }) => String(detail))
    const found = plan.find((step) => /^(SEARCH|SCAN) t\b/.test(step)) ?? ''
    const used = /\((.*)\)$/.exec(found)?.[1]?.split(' AND ') ?? []
    // A time beside the key of a row is looked at in the row.
    const asked = matches.filter(({ is }) => is === '=')
    assert.ok(used.length >= asked.length, `${name} by ${asked.map(({ column }) => column)}: ${plan.join('; ')}`)
  }
})

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()

test('PostgreSQL locks accounts by an index, and does not look through all of them', {
  skip: postgres.skip,
}, async (t) => {
  const place = await postgres.makeMigratedPlace()
  t.after(() => place.clear())
  const client = await connectTo(t, place.databaseUrl)
  // A table without rows would be read.
  await client.query('set enable_seqscan = off; set plan_cache_mode = force_generic_plan')
  for (const { name, text } of [sharing, holding].flatMap(({ turn, rows }) => [turn, rows])) {
    await client.query(`prepare ${name} as ${text}`)
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain execute ${name}(null, null)`)
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    assert.doesNotMatch(plan, /Seq Scan/, plan)
    assert.doesNotMatch(plan, /Scan using \w+ on \w+.*(\n(?!.*Index Cond)|$)/, plan)
  }
})

function isQuestion(value: unknown): value is Question {
  return typeof value === 'object' && value !== null && 'matches' in value
}
