/** How many rows of a search one statement looks at, by a clock that goes as fast as they are found. */
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { type TestContext, test } from 'node:test'
import { Stride } from '../../src/store/stride.ts'

/** Goes through so many rows. @returns for each statement its rows and milliseconds */
async function goThrough(t: TestContext, count: number, microsOf: (row: number) => number) {
  let [now, row] = [0, 0]
  t.mock.method(performance, 'now', () => now)
  const stride = new Stride()
  const statements: { readonly rows: number; readonly ms: number }[] = []
  while (row < count) {
    await stride.taken(async (rows) => {
      const ms = (rows * microsOf(row)) / 1000
      statements.push({ rows, ms })
      row += rows
      now += ms
    })
  }
  return statements
}

test('rows that are found quickly are looked at in few statements, none of which is long', async (t) => {
  const statements = await goThrough(t, 1_000_000, () => 0.5)

  assert.ok(statements.length < 150, String(statements.length))
  for (const { rows, ms } of statements) assert.ok(ms <= 8, `${rows} rows in ${ms} ms`)
})

test('what becomes ten times as slow on the way keeps nobody waiting for 50 ms, and then for no longer than before', async (t) => {
  const statements = await goThrough(t, 1_000_000, (row) => (row < 500_000 ? 0.3 : 3))

  const at = statements.findIndex(({ ms }) => ms > 8)
  assert.ok((statements[at]?.ms ?? 0) < 50, String(statements[at]?.ms))
  for (const { rows, ms } of statements.slice(at + 1)) assert.ok(ms <= 8, `${rows} rows in ${ms} ms`)
})

test('after a moment that was slow for another reason it is soon as quick as before', async (t) => {
  let asked = 0
  const statements = await goThrough(t, 1_000_000, () => (++asked === 40 ? 20 : 0.5))

  const most = Math.max(...statements.slice(0, 39).map(({ rows }) => rows))
  assert.ok(statements[39]?.ms !== undefined && statements[39].ms > 50)
  assert.ok((statements[48]?.rows ?? 0) >= most / 2, String(statements[48]?.rows))
})
