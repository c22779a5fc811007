/** Listings and counts of secrets in the databases: what they find, in which order, and how many rows that takes. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { maxDescription, maxTags, type Secret, type SecretSearch } from '../../src/model/secret.ts'
import { fits } from '../../src/model/secret-search.ts'
import { countByList, countSecrets, secretPages, tags } from '../../src/store/secret-pages.ts'
import { countOf, filtersOf } from '../../src/store/secret-search.ts'
import { type Query, sql } from '../../src/store/sql.ts'
import type { SecretOrder, SecretPosition } from '../../src/store/store.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { connect, type Database } from '../support/rows.ts'

const count = 3000
const now = 1_000_000
const listNames = ['zeta', 'alpha', 'mid', 'empty']

/** As secrets are in the tables; their MACs are none that a server would take. */
function secretOf(id: number): Secret {
  const words = ['prod', 'test', 'dev', 'ci']
  return {
    accountId: 1,
    id,
    uid: `uid-${id}`,
    name: `${words[id % 4]}-key${id % 100 === 7 ? '_x' : ''}-${(id * 7919) % count}`,
    version: 2,
    createdAt: 1000 + id,
    updatedAt: 1000 + ((id * 31) % 500),
    mac: Buffer.from('00', 'hex'),
    listId: id <= 5 ? 3 : 1 + (id % 2),
    environmentId: 1,
    decoy: null,
    destroyedAt: null,
    type: id % 250 === 3 ? 'file' : 'text',
    filename: null,
    description: id % 400 === 9 ? 'of the Web Shop' : '',
    tags: [...(id % 500 === 1 ? ['rare'] : []), ...(id % 2 === 0 ? ['team:db'] : [])],
    expiresAt: id % 50 === 0 ? now + (id - count / 2) : null,
  }
}

const all = Array.from({ length: count }, (_, at) => secretOf(at + 1))

async function filled(t: TestContext, engine: TestEngine): Promise<Database> {
  const place = await engine.makeMigratedPlace()
  const database = await connect(place)
  t.after(async () => {
    await database.close()
    await place.clear()
  })
  // Once it knew how few rows there are, it would rather read them all than go along an index.
  if (database.dialect === 'postgres') await database.query(sql`alter table secrets set (autovacuum_enabled = off)`)
  const mac = Buffer.from('00', 'hex')
  const account = { created_ms: 1, next_secret_id: 1, next_key_id: 1, audit_size: 0, audit_head: mac, audit_ms: 0, mac }
  await database.insert('accounts', [
    { id: 1, name: 'one', ...account },
    { id: 2, name: 'two', ...account },
  ])
  await database.insert(
    'lists',
    listNames.map((name, at) => ({
      ...{ account_id: 1, id: at + 1, uid: `list-${at}`, name, created_ms: 1, updated_ms: 1, mac },
    })),
  )
  const rows = all.map((secret) => ({
    ...{ account_id: secret.accountId, id: secret.id, uid: secret.uid, name: secret.name, version: secret.version },
    ...{ created_ms: secret.createdAt, updated_ms: secret.updatedAt, mac, list_id: secret.listId, type: secret.type },
    ...{ filename: null, description: secret.description, tags: secret.tags.join(' '), expires_ms: secret.expiresAt },
  }))
  await database.insert('secrets', [...rows, ...rows.slice(0, 50).map((row) => ({ ...row, account_id: 2 }))])
  await database.insert(
    'deployment_secrets',
    [2, 8, 8, 900].flatMap((id, at) => [
      { account_id: 1, deployment_id: at + 1, secret_id: id, secret_uid: 'u', name: 'n', version: id === 900 ? 2 : 1 },
    ]),
  )
  return database
}

/** What the queries cost: the statements, and the most rows that one of them looked at, where the database tells. */
function watched(database: Database) {
  const asked: { readonly text: string; readonly rows: number | undefined }[] = []
  return {
    asked,
    query: async (query: Query) => {
      // Of the few lists, PostgreSQL rather reads all.
      if (!/^\s*select [^(]* from lists /.test(query.sql)) asked.push(await database.explain(query))
      return database.query(query)
    },
  }
}

/** Of so small a table PostgreSQL would rather read all than a stretch, which is as long as time allows, or than look up a few. */
async function preferIndexes({ dialect, query }: Database): Promise<void> {
  if (dialect !== 'postgres') return
  for (const way of ['seqscan', 'hashjoin', 'mergejoin'])
    await query({ sql: `set enable_${way} = off`, parameters: [] })
}

async function list(
  database: Pick<Database, 'query' | 'dialect'>,
  search: Partial<SecretSearch>,
  order: SecretOrder,
  isDown: boolean,
  limit: number,
  after?: SecretPosition,
  skip = 0,
) {
  const listing = { search: { words: [], environmentId: 1, ...search }, order, isDown, after, skip, limit, now }
  const found: { id: number; at: SecretPosition }[] = []
  for await (const { secrets, positionOf } of secretPages({ ...database, accountId: 1 }, listing)) {
    found.push(...secrets.map((secret) => ({ id: secret.id, at: positionOf(secret) })))
    if (found.length >= limit) break
  }
  return found.slice(0, limit)
}

const heldOld = new Set([2, 8])
const held = new Set([2, 8, 900])

const keys: Record<SecretOrder, (secret: Secret) => readonly (string | number)[]> = {
  created: () => [],
  name: ({ name }) => [name],
  updated: ({ updatedAt }) => [updatedAt],
  expires: ({ expiresAt }) => [expiresAt ?? Number.MAX_SAFE_INTEGER],
  list: ({ listId }) => [listNames[listId - 1] ?? ''],
  type: ({ type, name }) => [type, name],
  'expired first': ({ expiresAt }) => [expiresAt !== null && expiresAt <= now ? 0 : 1],
}

function compare(order: SecretOrder, one: Secret, other: Secret): number {
  const [ones, others] = [
    [...keys[order](one), one.id],
    [...keys[order](other), other.id],
  ]
  const at = ones.findIndex((key, index) => key !== others[index])
  return at < 0 ? 0 : (ones[at] ?? 0) < (others[at] ?? 0) ? -1 : 1
}

const sorted = new Map(
  (Object.keys(keys) as SecretOrder[]).map((order) => [
    order,
    all.toSorted((one, other) => compare(order, one, other)),
  ]),
)

/** The same, told from all secrets. */
function expected(search: Partial<SecretSearch>, order: SecretOrder, isDown: boolean): number[] {
  const found = (sorted.get(order) ?? assert.fail()).filter(
    (secret) =>
      fits({ words: [], environmentId: 1, ...search }, secret) &&
      (search.isHeldOld !== true || heldOld.has(secret.id)) &&
      (search.isHeld !== true || held.has(secret.id)),
  )
  const ids = found.map(({ id }) => id)
  return isDown ? ids.reverse() : ids
}

const orders: readonly SecretOrder[] = ['created', 'name', 'updated', 'expires', 'list', 'type', 'expired first']
const searches: readonly Partial<SecretSearch>[] = [
  {},
  { name: 'prod-*' },
  { name: 'prod-key-7*' },
  { name: '*_x-*' },
  { name: 'test-key-7919' },
  { name: 'none' },
  { names: ['prod-key-1*', 'ci-key-2*'] },
  { names: ['prod-*', '*9'] },
  { names: [] },
  { words: ['web', 'shop'] },
  { words: ['key_x'] },
  { words: ['key'], tag: 'team:db', name: 'prod-*' },
  { words: ['web'], names: ['dev-*', '*-3*'] },
  { words: ['team:DB'.toLowerCase(), '_'] },
  { listId: 1 },
  { listId: 3 },
  { listId: 4 },
  { tag: 'rare' },
  { tag: 'team:db' },
  { tag: 'none' },
  { tag: 'team:db', listId: 1, name: '*-1*' },
  { type: 'file' },
  { type: 'text', name: 'dev-*' },
  { expiresBefore: now },
  { updatedBefore: 1100 },
  { updatedBefore: 1010, tag: 'rare' },
  { isHeldOld: true },
  { isHeldOld: true, name: 'dev-*' },
  { isHeld: true },
  { isHeld: true, listId: 1 },
]

for (const engine of engines) {
  suite(`${engine.name}: secrets in the database`, { skip: engine.skip }, () => {
    test('are found by every filter in every order, both ways, a page at a time', async (t) => {
      const database = await filled(t, engine)
      for (const order of orders) {
        for (const [at, search] of searches.entries()) {
          const isDown = (at + order.length) % 2 === 0
          const label = `${JSON.stringify(search)} ${order} ${isDown}`
          const want = expected(search, order, isDown)
          const found = await list(database, search, order, isDown, Number.POSITIVE_INFINITY)
          assert.deepEqual(
            found.map(({ id }) => id),
            want,
            label,
          )
          const middle = found[Math.floor(found.length / 2)]
          const next = await list(database, search, order, isDown, 7, middle?.at)
          const from = middle === undefined ? 0 : want.indexOf(middle.id) + 1
          assert.deepEqual(
            next.map(({ id }) => id),
            want.slice(from, from + 7),
            `${label} after the middle`,
          )
          const back = await list(database, search, order, !isDown, 7, middle?.at)
          const before = middle === undefined ? [] : want.slice(0, want.indexOf(middle.id)).reverse()
          assert.deepEqual(
            back.map(({ id }) => id),
            before.slice(0, 7),
            `${label} before the middle`,
          )
          for (const skip of [1, from, want.length - 1, want.length]) {
            const passed = await list(database, search, order, isDown, 7, undefined, Math.max(0, skip))
            assert.deepEqual(
              passed.map(({ id }) => id),
              want.slice(Math.max(0, skip)).slice(0, 7),
              `${label} after ${skip}`,
            )
          }
        }
      }
    })

    test('are counted as they are found, in all and in each list', async (t) => {
      const database = await filled(t, engine)
      const asked = { ...database, accountId: 1 }
      for (const search of searches) {
        const want = expected(search, 'created', false)
        const label = JSON.stringify(search)
        assert.equal(await countSecrets(asked, { words: [], environmentId: 1, ...search }), want.length, label)
        const byList = await countByList(asked, { words: [], environmentId: 1, ...search })
        const sum = [...byList.values()].reduce((one, other) => one + other, 0)
        assert.equal(sum, want.length, label)
        assert.equal(byList.get(3) ?? 0, want.filter((id) => id <= 5).length, label)
      }
      assert.deepEqual(await tags(asked, 1, 10), ['rare', 'team:db'])
      assert.deepEqual(await tags(asked, 1, 1), ['rare'])
    })

    test('that an index leads to cost as many rows as are shown, and no sorting', async (t) => {
      const database = await filled(t, engine)
      const cases: readonly [Partial<SecretSearch>, SecretOrder][] = [
        [{}, 'created'],
        [{}, 'name'],
        [{}, 'updated'],
        [{}, 'expires'],
        [{ name: 'prod-*' }, 'name'],
        [{ listId: 1 }, 'created'],
        [{ listId: 4 }, 'created'],
        [{ tag: 'team:db' }, 'created'],
        [{ tag: 'none' }, 'created'],
        [{ type: 'file' }, 'name'],
        [{ type: 'file' }, 'type'],
        [{ updatedBefore: 1100 }, 'updated'],
        [{ expiresBefore: now }, 'expires'],
        [{}, 'list'],
      ]
      for (const [search, order] of cases) {
        const [first] = await list(database, search, order, false, 1)
        // What never expires is last, and the other way round first: no index has it in order.
        const isSkipped = order === 'expires' && search.expiresBefore === undefined
        for (const [isDown, after] of [
          [false, undefined],
          [false, first?.at],
          [!isSkipped, undefined],
        ] as const) {
          const { asked, query } = watched(database)
          await list({ ...database, query }, search, order, isDown, 10, after)
          const label = `${JSON.stringify(search)} ${order} ${isDown}`
          assertFlat(asked, label, 40)
        }
      }
    })

    test('of which few pass a filter cost no more than those few, in any order', async (t) => {
      const database = await filled(t, engine)
      await preferIndexes(database)
      for (const search of [{ tag: 'rare' }, { listId: 3 }, { type: 'file' }, { name: 'prod-key-7*' }] as const) {
        for (const order of orders) {
          const { asked, query } = watched(database)
          await list({ ...database, query }, search, order, false, 10)
          for (const { text, rows } of asked) {
            assert.ok((rows ?? 0) < count / 2, `${JSON.stringify(search)} ${order}: ${rows} rows\n${text}`)
            assert.doesNotMatch(text, scan, `${JSON.stringify(search)} ${order}`)
          }
        }
      }
    })

    test('that no index leads to are looked at in stretches, so that no statement holds others up', async (t) => {
      const database = await filled(t, engine)
      await preferIndexes(database)
      const { asked, query } = watched(database)

      await list({ ...database, query }, { words: ['no-such-word'] }, 'name', false, 10)

      assert.ok(asked.length >= 4, String(asked.length))
      for (const { text, rows } of asked) {
        assert.ok((rows ?? 0) <= 2 * 2048, `${rows} rows\n${text}`)
        assert.doesNotMatch(text, scan, text)
      }
    })

    test('that hold a word are told from the others without reading these, or with nothing in between', async (t) => {
      const database = await filled(t, engine)
      if (database.dialect === 'postgres') return
      const indexes = {
        name: 'COVERING INDEX secrets_by_words',
        created: 'INDEX secrets_in_order',
        updated: 'INDEX secrets_by_change',
      }
      for (const order of ['name', 'created', 'updated'] as const) {
        const { asked, query } = watched(database)
        await list({ ...database, query }, { words: ['web', 'no-such-word'] }, order, false, 10)

        const looked = asked.filter(
          ({ text }) => !/^SEARCH s USING COVERING INDEX sqlite_autoindex_secrets_2[^\n]*$/.test(text),
        )
        assert.ok(looked.length >= 2, String(looked.length))
        for (const { text } of looked) {
          assert.match(text, new RegExp(`SEARCH s USING (COVERING )?${indexes[order]} `), text)
          if (order !== 'name') assert.doesNotMatch(text, /CO-ROUTINE|TEMP B-TREE/, text)
        }
      }
      const { asked, query } = watched(database)
      await countSecrets({ ...database, query, accountId: 1 }, { words: ['web'], environmentId: 1, name: 'prod-*' })
      assert.match(asked.map(({ text }) => text).join('\n'), /SEARCH s USING COVERING INDEX secrets_by_words /)
    })

    test('are found by a word at the end of the longest description, beside the most tags', async (t) => {
      const database = await filled(t, engine)
      const description = `${'\u{1f511}'.repeat(maxDescription / 2 - 3)} last`
      const tags = Array.from({ length: maxTags }, (_, at) => `${at}`.padStart(64, 'x')).join(' ')
      await database.query(
        sql`update secrets set description = ${description}, tags = ${tags} where account_id = 1 and id = 7`,
      )

      for (const order of ['name', 'created'] as const) {
        const found = await list(database, { words: ['last', 'xx31'] }, order, false, 10)
        assert.deepEqual(
          found.map(({ id }) => id),
          [7],
          order,
        )
      }
    })

    test('that are passed over are not read, and those of a list that is being deleted not counted', async (t) => {
      const database = await filled(t, engine)
      const { asked, query } = watched(database)
      const idsOf = async (search: Partial<SecretSearch>, order: SecretOrder, skip: number) =>
        (await list({ ...database, query }, search, order, false, 5, undefined, skip)).map(({ id }) => id)
      const cases: readonly [Partial<SecretSearch>, SecretOrder][] = [
        [{}, 'name'],
        [{ tag: 'team:db' }, 'created'],
        [{ words: ['key'] }, 'updated'],
        [{ tag: 'rare' }, 'name'],
      ]

      await idsOf({}, 'updated', 1400)
      for (const { text } of asked) assert.doesNotMatch(text, scan, text)
      await database.query({ sql: `update lists set deleter_kind = 'key' where id = 1`, parameters: [] })
      for (const [search, order] of cases) {
        const want = expected(search, order, false).filter((id) => all[id - 1]?.listId !== 1)
        for (const skip of [1, want.length >> 1, want.length - 2]) {
          assert.deepEqual(await idsOf(search, order, skip), want.slice(skip, skip + 5), `${order} ${skip}`)
        }
      }
    })

    test('are counted a stretch at a time, none of which begins or ends elsewhere in an index', async (t) => {
      const database = await filled(t, engine)
      const { asked, query } = watched(database)
      const counted = { ...database, query, accountId: 1 }

      await countByList(counted, { words: [], environmentId: 1 })
      await countSecrets(counted, { words: [], environmentId: 1, isHeld: true })

      // The first of a list, and what spans two.
      const loose = asked.filter(({ text }) => /ROW\(list_id, id\) <=/.test(text))
      assert.ok(loose.length <= 1 + listNames.length, `${loose.length} of ${asked.length}`)
      assert.ok(asked.length > 2 * loose.length, `${loose.length} of ${asked.length}`)
    })

    test('that a target holds are looked for from where the stretch begins, in either table', async (t) => {
      const database = await filled(t, engine)
      const within = { accountId: 1, environmentId: 1 }
      const [held] = filtersOf(database.dialect, within, { words: [], isHeld: true })
      assert.ok(held?.source !== undefined)
      const stretch = { course: 'id', source: held.source, isDown: false, after: [8] } as const

      const { sql: text, parameters } = countOf(stretch, [], [900])

      assert.match(text, /h\.secret_id > \? and h\.secret_id <= \? and s\.id > \? and s\.id <= \?/)
      assert.equal(Number((await database.query({ sql: text, parameters }))[0]?.['count']), 1)
    })

    test('that a target holds in an older version are found along what is held, by its indexes', async (t) => {
      const database = await filled(t, engine)
      const { asked, query } = watched(database)

      const search = { words: [], environmentId: 1, isHeldOld: true }
      assert.equal(await countSecrets({ ...database, query, accountId: 1 }, search), 2)
      await list({ ...database, query }, search, 'created', false, 10)

      for (const { text, rows = 0 } of asked) {
        assert.ok(rows <= 40, `${rows} rows\n${text}`)
        assert.doesNotMatch(text, /SEARCH [hf] USING PRIMARY KEY/, text)
      }
    })

    test('are in the index of tags as they are in their rows, whoever writes those', async (t) => {
      const database = await filled(t, engine)
      const write = (sql: string) => database.query({ sql, parameters: [] })

      await write(`update secrets set tags = 'new rare' where account_id = 1 and id in (1, 2)`)
      await write('delete from secrets where account_id = 1 and id = 501')
      await write(`update secrets set tags = '' where account_id = 1 and id = 4`)

      const rows = await write('select account_id, tag, secret_id from secret_tags order by 1, 2, 3')
      const secrets = await write(`select account_id, id, tags from secrets where tags <> ''`)
      const want = secrets.flatMap(({ account_id, id, tags }) =>
        String(tags)
          .split(' ')
          .map((tag) => `${account_id} ${tag} ${id}`),
      )
      assert.deepEqual(
        rows.map(({ account_id, tag, secret_id }) => `${account_id} ${tag} ${secret_id}`).sort(),
        want.sort(),
      )
    })
  })
}

function assertFlat(asked: readonly { text: string; rows: number | undefined }[], label: string, most: number): void {
  for (const { text, rows } of asked) {
    assert.ok((rows ?? 0) <= most, `${label}: ${rows} rows\n${text}`)
    assert.doesNotMatch(text, scan, `${label}\n${text}`)
    assert.doesNotMatch(text, /TEMP B-TREE|"Sort"/, `${label}\n${text}`)
    // All of the account, but in the order of their ids.
    if (!/ created |list /.test(label) || label.startsWith('{"')) {
      assert.doesNotMatch(text, /SEARCH s USING PRIMARY KEY \(account_id=\?\)/, `${label}\n${text}`)
    }
  }
}

/** A table is gone through from its beginning. What SQLite calls a scan of a co-routine is of what that has found. */
const scan = /(?<!^CO-ROUTINE s\n.*\n)SCAN s(?! USING)\b|"Node Type":"Seq Scan"[^{}]*"Relation Name":"(?!lists")/
