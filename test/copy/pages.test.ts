/** The pages in which a table is read for a copy of the store. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { pagesOf, type Row } from '../../src/store/dump/dump.ts'
import { auditIndex } from '../../src/store/tables/audit-index.ts'
import { auditSegments } from '../../src/store/tables/audit-segment.ts'

suite('A table that is read for a copy', () => {
  test('comes in pages of some megabytes, however long its rows are', async () => {
    const rows = Array.from(
      { length: 2000 },
      (_, at): Row => [1, at, 1, 2, 1, new Uint8Array(50_000), new Uint8Array(32)],
    )

    const pages = await pagesIn(auditIndex, rows)

    assert.deepEqual(pages.flat(), rows)
    for (const page of pages) assert.ok(page.length <= 80, String(page.length))
  })

  test('comes in pages of a thousand short rows', async () => {
    const rows = Array.from({ length: 4000 }, (_, at): Row => [1, at, 'short', 5])

    const pages = await pagesIn(auditSegments, rows)

    assert.deepEqual(pages.flat(), rows)
    assert.deepEqual(
      pages.map(({ length }) => length),
      [50, 1000, 1000, 1000, 950],
    )
  })
})

/** By the second column. */
async function pagesIn(
  table: Parameters<typeof pagesOf>[0],
  rows: readonly Row[],
): Promise<readonly (readonly Row[])[]> {
  const pages: (readonly Row[])[] = []
  const query = (_: string, parameters: Row) => {
    const from = parameters.length === 1 ? 0 : Number(parameters[1]) + 1
    return rows.slice(from, from + Number(parameters.at(-1)))
  }
  for await (const page of pagesOf(table, query)) pages.push(page)
  return pages
}
