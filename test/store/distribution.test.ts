/** What stands in the way of spreading accounts over machines is a known list: docs/decisions/0021-a-distributed-postgresql.md. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { migrations } from '../../src/store/migrations/migrations.ts'
import { tables } from '../../src/store/tables/tables.ts'

const known = ['accounts', 'attempts', 'leases', 'machine_addresses', 'meta']
const page = readFileSync(join(import.meta.dirname, '../../docs/decisions/0021-a-distributed-postgresql.md'), 'utf8')

suite('The tables', () => {
  // Keys are the first of the columns (store/tables/table.ts).
  test('have the account first in their keys, but for those that are known', () => {
    const others = tables.filter(({ columns }) => Object.keys(columns)[0] !== 'account_id').map(({ name }) => name)
    assert.deepEqual(others.sort(), known)
    for (const name of known) assert.ok(page.includes(`\`${name}\``), name)
  })

  test('refer to nothing but accounts', () => {
    const all = migrations.map(({ postgres }) => postgres).join('\n')
    const referred = [...all.matchAll(/\breferences (\w+)/g)].map(([, name = '']) => name)
    assert.ok(referred.length > 10)
    assert.deepEqual(new Set(referred), new Set(['accounts']))
  })

  test('are unique over all accounts only where the page says so', () => {
    const rows = page.split('\n').filter((line) => line.startsWith('| `'))
    const isSaid = (table: string, columns: string) =>
      rows.some((row) => row.includes(`\`${table}\``) && row.includes(`unique \`${columns}\``))
    const wide = tables.flatMap(({ name, unique }) =>
      unique.filter((columns) => !columns.includes('account_id')).map((columns) => [name, columns.join()] as const),
    )
    assert.ok(wide.length >= 5)
    assert.deepEqual(
      wide.filter(([table, columns]) => !isSaid(table, columns)),
      [],
    )
  })
})
