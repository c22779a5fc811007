/** Who holds an address is found by its place among all of them. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { claimBefore, claimsOn, claimsWithin } from '../../src/store/claim-queries.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { connect } from '../support/rows.ts'

const count = 3000
const hex = (at: number) => `${'0'.repeat(20)}ffff${at.toString(16).padStart(8, '0')}`

async function filled(t: TestContext, engine: TestEngine) {
  const place = await engine.makeMigratedPlace()
  const database = await connect(place)
  t.after(async () => {
    await database.close()
    await place.clear()
  })
  const claims = Array.from({ length: count }, (_, at) => ({
    ...{ first: hex(at * 4), last: hex(at * 4 + 1), account_id: 1, machine_id: at + 1 },
  }))
  await database.insert('machine_addresses', claims)
  return database
}

for (const engine of engines) {
  suite(`${engine.name}: the claims on addresses`, { skip: engine.skip }, () => {
    test('that can hold an address are all that is looked at, and not those below it', async (t) => {
      const database = await filled(t, engine)
      const first = hex(count * 4 - 4)
      const queries =
        database.dialect === 'sqlite'
          ? [
              { sql: claimBefore, parameters: [first] },
              { sql: claimsWithin, parameters: [first, hex(count * 4)] },
            ]
          : [{ sql: claimsOn.replaceAll(/\$\d/g, '?'), parameters: [[first], [first]] }]
      for (const query of queries) {
        const { text, rows = 0 } = await database.explain(query)
        assert.ok(rows <= 4, `${rows} rows\n${text}`)
        assert.doesNotMatch(text, /SCAN machine_addresses|TEMP B-TREE|"Seq Scan"/, text)
        if (database.dialect === 'sqlite') assert.match(text, /SEARCH machine_addresses USING PRIMARY KEY \(first/)
      }
      const [found] = await database.query(queries[0] ?? assert.fail())
      assert.equal(found?.['machine_id'], count)
    })
  })
}
