/** A new SQLite store is made by one script: it is what the migrations make of an empty one. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { suite, test } from 'node:test'
import { migrations, schema } from '../../src/store/migrations/migrations.ts'
import { newStoreHas } from '../../src/store/migrations/new-store.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import { makeFolder } from '../support/engines.ts'

suite('A new store in a file', () => {
  test('has the tables, indexes and triggers that the migrations make, in their order, and as little in them', (t) => {
    const made = openDatabase(join(makeFolder(), 'made.db'), true)
    const migrated = new DatabaseSync(':memory:')
    t.after(() => made.close())
    t.after(() => migrated.close())

    for (const { sqlite } of migrations) migrated.exec(sqlite)

    assert.deepEqual(partsOf(made), partsOf(migrated))
    assert.deepEqual(rowsIn(made), rowsIn(migrated))
    assert.ok(Object.keys(rowsIn(made)).length > 20)
  })

  test('has every migration behind it, of which the script has the newest', (t) => {
    const made = openDatabase(join(makeFolder(), 'made.db'), true)
    t.after(() => made.close())

    const names = made.prepare('select name from migrations order by name').all()

    assert.deepEqual(
      names.map(({ name }) => name),
      migrations.map(({ name }) => name),
    )
    assert.equal(newStoreHas, schema, 'run "npm run schema"')
  })
})

/** Without what SQLite makes by itself, and what no migration makes. */
const ofStore = "name not like 'sqlite_%' and tbl_name <> 'migrations'"

function partsOf(database: DatabaseSync) {
  const parts = database.prepare(`select type, name, tbl_name, sql from sqlite_schema where ${ofStore} order by rowid`)
  return parts.all().map((part) => ({ ...part }))
}

function rowsIn(database: DatabaseSync): Readonly<Record<string, number>> {
  const tables = database.prepare(`select name from sqlite_schema where type = 'table' and ${ofStore}`).all()
  return Object.fromEntries(
    tables.map(({ name }) => [
      String(name),
      Number(database.prepare(`select count(*) as n from "${name}"`).get()?.['n']),
    ]),
  )
}
