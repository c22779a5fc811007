/** What batches look for is found by an index, in a store of any size. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, type TestContext, test } from 'node:test'
import type { Question } from '../../src/store/lookup.ts'
import * as lookups from '../../src/store/lookups.ts'
import { findingOne, type Statement } from '../../src/store/postgres/statements.ts'
import { holding, sharing } from '../../src/store/postgres/transaction.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { Statements } from '../../src/store/sqlite/statements.ts'
import { tables } from '../../src/store/tables/tables.ts'
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

suite('PostgreSQL', { skip: postgres.skip }, () => {
  test('locks accounts by an index, and does not look through all of them', async (t) => {
    const planOf = await startPlanning(t)
    for (const { turn, rows } of [sharing, holding].flatMap(({ ofMany, ofKey }) => [ofMany, ofKey])) {
      for (const plan of [await planOf(turn), await planOf(rows)]) {
        assert.doesNotMatch(plan, /Seq Scan/, plan)
        assert.doesNotMatch(plan, /Scan using \w+ on \w+.*(\n(?!.*Index Cond)|$)/, plan)
      }
    }
  })

  test('finds one by an index that has all that it is asked by, where it plans once for all', async (t) => {
    const planOf = await startPlanning(t)
    const once = questions.filter(({ isPlannedOnce }) => isPlannedOnce)
    assert.ok(once.length > 1, String(once.length))
    for (const question of once) {
      const plan = await planOf(findingOne(question))
      const used = /Index Scan using \w+ on \w+ t\b.*\n\s*Index Cond: (.*)/.exec(plan)?.[1] ?? ''
      for (const { column } of question.matches.filter(({ is }) => is === '=')) {
        assert.match(used, new RegExp(`\\b${column} = `), `${question.name}: ${plan}`)
      }
      // Less than a whole key leads to more rows than one, such as to all versions of a secret.
      for (const [, name, by = ''] of plan.matchAll(
        /Index Scan(?: Backward)? using \w+_pkey on (\w+).*\n\s*Index Cond: (.*)/g,
      )) {
        const { columns, keyLength } = tables.find((table) => table.name === name) ?? assert.fail(name)
        for (const column of Object.keys(columns).slice(0, keyLength)) {
          assert.match(by, new RegExp(`\\b${column} = `), `${question.name}: ${plan}`)
        }
      }
    }
  })
})

/** How the database carries out a statement whatever its parameters are, if no table is read whole. */
async function startPlanning(t: TestContext): Promise<(statement: Statement) => Promise<string>> {
  const place = await postgres.makeMigratedPlace()
  t.after(() => place.clear())
  const client = await connectTo(t, place.databaseUrl)
  // A table without rows would be read.
  await client.query('set enable_seqscan = off; set plan_cache_mode = force_generic_plan')
  return async ({ name, text }) => {
    await client.query(`prepare ${name} as ${text}`)
    const parameters = new Set(text.match(/\$\d+/g)).size
    const values = Array.from({ length: parameters }, () => 'null').join(', ')
    const { rows } = await client.query<{ 'QUERY PLAN': string }>(`explain execute ${name}(${values})`)
    return rows.map((row) => row['QUERY PLAN']).join('\n')
  }
}

function isQuestion(value: unknown): value is Question {
  return typeof value === 'object' && value !== null && 'matches' in value
}
