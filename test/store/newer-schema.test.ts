/** A node beside a newer one: the schema gains columns under it, and its requests go on. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { readBusyStoreAt } from '../../src/copy/location.ts'
import { migrations } from '../../src/store/migrations/migrations.ts'
import { tables } from '../../src/store/tables/tables.ts'
import { runCommand } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: a node goes on`, { skip: engine.skip }, () => {
    test('while every table gains a column', async (t) => {
      const server = await startFilled(t, engine)
      await assertServes(server, 'before')

      for (const { name } of tables) {
        await query(server.place, `alter table ${name} add column later integer`)
        await assertServes(server, name)
      }
    })
  })
}

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()

suite('PostgreSQL: a node goes on', { skip: postgres.skip }, () => {
  test('when what it prepared gives another type', async (t) => {
    const server = await startFilled(t, postgres)
    await assertServes(server, 'before')

    for (const name of ['accounts', 'secrets', 'lists']) {
      await query(server.place, `alter table ${name} alter column name type varchar(1000)`)
      await assertServes(server, name)
    }
  })
})

for (const engine of engines) {
  test(`${engine.name}: a newer command of the host leaves the schema to the servers`, {
    skip: engine.skip,
  }, async (t) => {
    const { place, api } = await startServer(t, engine)
    const last = migrations.at(-1)?.name ?? assert.fail()
    await query(place, `delete from migrations where name = '${last}'`)
    const names = await query(place, 'select name from migrations order by name')

    for (const words of [
      ['account', 'list'],
      // It makes a store where there is none.
      ['account', 'create', 'other'],
    ]) {
      const { code, stderr } = runCommand(place, words)
      assert.notEqual(code, 0, words.join(' '))
      assert.match(stderr, /newer version than the servers that use the database/, words.join(' '))
    }
    await assert.rejects(readBusyStoreAt(place), /newer version than the servers/)

    assert.deepEqual(await query(place, 'select name from migrations order by name'), names)
    assert.equal((await api.get('/v3/secrets')).status, 200)
  })
}

test('No statement of the store takes columns without naming them', () => {
  const root = join(import.meta.dirname, '../../src/store')
  const found = globSync('**/*.ts', { cwd: root })
    .filter((file) => !file.startsWith('migrations/'))
    .flatMap((file) => readFileSync(join(root, file), 'utf8').split('\n'))
    .filter((line) => /select (distinct )?(\w+\.)?\*(?! from unnest)|insert into \S+ values/.test(line))
  assert.deepEqual(found, [])
})

async function startFilled(t: TestContext, engine: TestEngine): Promise<TestServer> {
  const server = await startServer(t, engine)
  const { api } = server
  assert.equal((await api.post('/v3/secrets', { name: 'one', value: 'v' })).status, 201)
  assert.equal((await api.post('/v3/lists', { name: 'prod' })).status, 201)
  assert.equal((await api.post('/v3/users', { email: 'ada@example.com', role: 'reader' })).status, 201)
  return server
}

/** One after the other: a batch of one kind must not have brought the next one a new connection. */
async function assertServes({ api }: TestServer, when: string): Promise<void> {
  for (const path of [
    'secrets/1',
    'secrets',
    'lists',
    'keys',
    'users',
    'machines',
    'seeds',
    'deployments',
    'audit',
    'settings',
  ]) {
    const { status, text } = await api.get(`/v3/${path}`)
    assert.equal(status, 200, `${when}, ${path}: ${text}`)
  }
  const made = await api.post('/v3/secrets', { name: `made-${when}`, value: 'v' })
  assert.equal(made.status, 201, `${when}: ${made.text}`)
  assert.equal((await api.put(`/v3/secrets/${made.body.id}`, { value: 'w' })).status, 200, when)
  assert.equal((await api.delete(`/v3/secrets/${made.body.id}`)).status, 200, when)
}
