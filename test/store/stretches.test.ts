/** What must look at many rows does so a stretch at a time: how many rows one statement looks at. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import * as counting from '../../src/store/object-counts.ts'
import { deploymentsAfter, endOfDeployments } from '../../src/store/queries.ts'
import { none, type Query, sql } from '../../src/store/sql.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { connect } from '../support/rows.ts'

const mac = Buffer.from('00', 'hex')
const [accounts, perAccount] = [3, 3000]
const now = 1_000_000

async function filled(t: TestContext, engine: TestEngine) {
  const place = await engine.makeMigratedPlace()
  const database = await connect(place)
  t.after(async () => {
    await database.close()
    await place.clear()
  })
  const each = <Row>(make: (accountId: number, id: number) => Row) =>
    Array.from({ length: accounts * perAccount }, (_, at) => make(1 + (at % accounts), 1 + Math.floor(at / accounts)))
  await database.insert(
    'accounts',
    Array.from({ length: accounts }, (_, at) => ({
      ...{ id: at + 1, name: `account-${at}`, created_ms: 1, next_secret_id: 1, next_key_id: 1, audit_size: 0 },
      ...{ audit_head: mac, audit_ms: 0, mac },
    })),
  )
  await database.insert(
    'secrets',
    each((account_id, id) => ({
      ...{ account_id, id, uid: 'u', name: `name-${id}`, version: id % 1000 === 0 ? 3 : 2, created_ms: 1, mac },
      ...{ updated_ms: id, list_id: 1, type: 'text', filename: null, description: '', tags: '' },
      expires_ms: id % 3 === 0 ? now + (id - 1500) * 1000 : null,
    })),
  )
  await database.insert(
    'deployments',
    each((account_id, id) => ({
      ...{ account_id, id, target: `web-${id}`, principal_kind: 'key', principal_id: 1, principal_name: 'k', mac },
      ...{ seed_id: null, created_ms: 1 },
    })),
  )
  await database.insert(
    'deployment_secrets',
    each((account_id, id) => ({
      ...{ account_id, deployment_id: id, secret_id: id, secret_uid: 'u', name: `name-${id}`, version: 2 },
    })),
  )
  return database
}

for (const engine of engines) {
  suite(`${engine.name}: a stretch at a time`, { skip: engine.skip }, () => {
    test('the metrics count all that there is, and no statement looks at more than a stretch', async (t) => {
      const database = await filled(t, engine)
      const asked: { text: string; rows: number | undefined }[] = []
      const ask = async (query: Query) => {
        asked.push(await database.explain(query))
        return database.query(query)
      }
      const all = accounts * perAccount

      const secrets = await counting.countInStretches(ask, counting.countSecrets(now))
      const deployments = await counting.countInStretches(ask, counting.countDeployments())

      // Half of a third has expired; those that do within seven days are the other half.
      assert.deepEqual(
        { ...secrets },
        { all, over90Days: 0, over365Days: 0, expired: 1500, within7Days: 1500, within30Days: 1500 },
      )
      assert.deepEqual(deployments, { all, stale: 9 })
      assert.ok(asked.length >= 10, String(asked.length))
      for (const { text, rows = 0 } of asked) {
        // Each deployment with what it holds, by its index, and that secret.
        assert.ok(rows <= 4 * 4096, `${rows} rows\n${text}`)
        assert.doesNotMatch(text, /(?<!^CO-ROUTINE t\n.*\n)SCAN t\b|TEMP B-TREE/, text)
      }
    })

    test('the metrics look at nothing of a large account but the stretch', async (t) => {
      const database = await filled(t, engine)
      await database.insert(
        'secrets',
        Array.from({ length: 3 * 4096 }, (_, at) => ({
          ...{ account_id: 2, id: perAccount + at + 1, uid: 'u', name: `more-${at}`, version: 1, created_ms: 1, mac },
          ...{ updated_ms: 1, list_id: 1, type: 'text', filename: null, description: '', tags: '', expires_ms: null },
        })),
      )
      const asked: string[] = []
      const ask = async (query: Query) => {
        asked.push((await database.explain(query)).text)
        return database.query(query)
      }

      const { all } = await counting.countInStretches(ask, counting.countSecrets(now))

      assert.equal(all, accounts * perAccount + 3 * 4096)
      // What is compared at once is bounded by its beginning alone.
      const within = asked.filter(
        (text) => /count\(|Aggregate|CO-ROUTINE/.test(text) && !/ROW\(|\(account_id,id\)/.test(text),
      )
      assert.ok(within.length >= 2, asked.join('\n'))
    })

    test('stale targets, and those that hold a name, are looked for among the next thousand', async (t) => {
      const database = await filled(t, engine)
      for (const filter of [{ isStale: true }, { secret: 'name-2990' }, { isStale: true, target: 'web-1000' }]) {
        const found: number[] = []
        for (let after: number | undefined = 0; after !== undefined; ) {
          const [end] = await database.query(endOfDeployments(1, {}, after, 1000))
          const upTo: number | undefined = end === undefined ? undefined : Number(end['id'])
          const page = deploymentsAfter(1, filter, after, upTo, 50)
          const { text, rows = 0 } = await database.explain(page)
          assert.ok(rows <= 6 * 1000, `${rows} rows\n${text}`)
          assert.doesNotMatch(text, /LIST SUBQUERY/, text)
          found.push(...(await database.query(page)).map(({ id }) => Number(id)))
          after = upTo
        }
        assert.deepEqual(found, 'secret' in filter ? [2990] : 'target' in filter ? [1000] : [1000, 2000, 3000])
      }
    })

    test('who holds a secret, or what a target holds, is found by an index', async (t) => {
      const database = await filled(t, engine)
      for (const filter of [{ secret: 2500 }, { target: 'web-2500' }]) {
        const page = deploymentsAfter(1, filter, 0, undefined, 50)
        const { text, rows = 0 } = await database.explain(page)
        assert.ok(rows <= 50, `${rows} rows\n${text}`)
        assert.deepEqual(
          (await database.query(page)).map(({ id }) => id),
          [2500],
        )
      }
    })

    test('owners are found without going through other users', async (t) => {
      const database = await filled(t, engine)
      await database.insert(
        'users',
        Array.from({ length: 2000 }, (_, at) => ({
          ...{ account_id: 1, id: at + 1, uid: 'u', email: `u${at}@example.com`, name: 'n', patterns: '*', mac },
          ...{ role: at === 1500 ? 'owner' : 'reader', is_disabled: 0, created_ms: 1 },
        })),
      )
      const query = sql`select t.id from users t where t.account_id = 1 and t.role = 'owner' and t.is_disabled = 0${none}`
      const { text, rows = 0 } = await database.explain(query)
      assert.ok(rows <= 1, `${rows} rows\n${text}`)
      if (database.dialect === 'sqlite') assert.match(text, /users_by_role/)
    })
  })
}
