/** One batch on a real database: neighbours do not disturb one another, and rows end as the last of them left them. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { plainDetails } from '../../src/model/secret.ts'
import type { Op, Outcome, Request } from '../../src/store/operation.ts'
import { audit } from '../../src/store/tables/record.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: a batch`, { skip: engine.skip }, () => {
    test('refuses what must be refused and carries out its neighbours, each with its record', async (t) => {
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'first', value: 'v' })

      const { outcomes, sizes } = await submit(server, [
        create('a'),
        create('a'),
        { kind: 'read_secret', id: 99 },
        create('b'),
        { kind: 'delete_secret', id: 99, match: undefined },
        { kind: 'read_secret', id: 1 },
      ])

      // On PostgreSQL what changes nothing goes by itself, and either may be there first.
      assert.deepEqual(
        sizes.toSorted((one, other) => other - one),
        engine.name === 'SQLite' ? [6] : [4, 2],
      )
      assert.deepEqual(outcomes.map(wordOf), ['done', 'name_taken', 'not_found', 'done', 'not_found', 'done'])
      assert.deepEqual(await namesOf(server), ['1 first', '2 a', '3 b'])
      const records = await query(
        server.place,
        `select outcome from audit where request_id like 'r_' order by request_id`,
      )
      assert.deepEqual(
        records.map(({ outcome }) => outcome),
        ['ok', 'name_taken', 'not_found', 'ok', 'not_found', 'ok'],
      )
      await assertChain(server)
    })

    test('of which one leaves what cannot be is carried out without that one', async (t) => {
      const server = await startServer(t, engine)
      const { store } = server.vault
      await server.api.post('/v3/secrets', { name: 'first', value: 'v' })
      const other = await server.otherAccount()
      await other.post('/v3/secrets', { name: 'first', value: 'v' })
      const columns = Object.keys(audit.columns)
      // Its trail goes no further: the number of its next record is taken.
      await query(
        server.place,
        `insert into audit (${columns.join(', ')}) select ${columns.map((one) => (one === 'seq' ? 'seq + 1' : one)).join(', ')}
          from audit where account_id = 2 order by seq desc limit 1`,
      )
      const readBy = (accountId: number, at: number) =>
        store.submit<'read_secret'>({
          ...requestOf({ kind: 'read_secret', id: 1 }, at),
          ...{ caller: { kind: 'host', accountId, name: 'test' }, operation: { kind: 'read_secret', id: 1 } },
        })
      const sizes: number[] = []
      store.events.onBatch = ({ requests }) => void sizes.push(requests.length)

      const [one, stuck, another] = await Promise.allSettled([readBy(1, 0), readBy(2, 1), readBy(1, 2)])

      assert.ok(sizes.includes(3), 'they went together')
      for (const own of [one, another]) assert.equal(own.status === 'fulfilled' && own.value.kind, 'done')
      assert.equal(stuck.status === 'rejected' && stuck.reason.code, 'audit_unavailable')
      await assertChain(server)
    })

    test('of which one cannot be decided is carried out without that one, on the same connection', async (t) => {
      const server = await startServer(t, engine)
      await server.api.post('/v3/secrets', { name: 'first', value: 'v' })
      const { store } = server.vault
      // As no route asks: a fault of ours.
      const wrong = { kind: 'update_many_metadata', ids: [1] } as unknown as Op<'update_many_metadata'>
      const sizes: number[] = []
      store.events.onBatch = ({ requests }) => void sizes.push(requests.length)

      const asked = [create('a'), wrong, create('b')].map((operation, at) => store.submit(requestOf(operation, at)))
      const [one, stuck, another] = await Promise.allSettled(asked)

      assert.deepEqual(sizes, [3, 1, 2, 1, 1])
      for (const own of [one, another]) assert.equal(own?.status === 'fulfilled' && own.value.kind, 'done')
      assert.equal(stuck?.status === 'rejected' && stuck.reason.code, 'audit_unavailable')
      assert.deepEqual(await namesOf(server), ['1 first', '2 a', '3 b'])
      await assertChain(server)
    })

    test('that makes a secret and deletes it leaves nothing of it, and frees its name but not its id', async (t) => {
      const server = await startServer(t, engine)

      const { outcomes, sizes } = await submit(server, [
        create('a'),
        { kind: 'delete_secret', id: 1, match: undefined },
        create('a'),
        { kind: 'delete_secret', id: 1, match: undefined },
      ])

      assert.deepEqual(sizes, [4])
      assert.deepEqual(outcomes.map(wordOf), ['done', 'done', 'done', 'not_found'])
      assert.deepEqual(await namesOf(server), ['2 a'])
      await assertRows(server, [2])
      await assertChain(server)
    })

    test('that deletes a stored secret may give its name to another', async (t) => {
      const server = await startServer(t, engine)
      await submit(server, [create('a'), create('b')])

      const { outcomes } = await submit(server, [{ kind: 'delete_secret', id: 1, match: undefined }, create('a')])

      assert.deepEqual(outcomes.map(wordOf), ['done', 'done'])
      assert.deepEqual(await namesOf(server), ['2 b', '3 a'])
      await assertRows(server, [2, 3])
    })

    test('with a request that a database may not take carries out its neighbours all the same', async (t) => {
      const server = await startServer(t, engine)
      const { store } = server.vault

      const settled = await Promise.allSettled(
        [
          create('a'),
          { kind: 'list_secrets', list: 'a\0' } as const,
          create('b'),
          { kind: 'read_list', list: '\0' } as const,
          { kind: 'read_secret', id: 1 } as const,
        ].map((operation, at) => store.submit(requestOf(operation, at))),
      )

      const words = settled.map((one) => (one.status === 'fulfilled' ? wordOf(one.value) : one.reason.code))
      const faulty = engine.name === 'SQLite' ? 'not_found' : 'invalid'
      assert.deepEqual(words, ['done', faulty, 'done', faulty, 'done'])
      assert.deepEqual(await namesOf(server), ['1 a', '2 b'])
      await assertChain(server)
    })

    test('gives no id again, after a deletion and a restart', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const first = await startServer(t, engine, { place })
      await submit(first, [create('a'), { kind: 'delete_secret', id: 1, match: undefined }])
      await first.stop()

      const second = await startServer(t, engine, { place })
      await submit(second, [create('a')])

      assert.deepEqual(await namesOf(second), ['2 a'])
    })

    test('is answered to the last one when the store is closed meanwhile', async (t) => {
      const server = await startServer(t, engine)
      const asked = Array.from({ length: 300 }, (_, at) => server.vault.store.submit(requestOf(create(`n${at}`), at)))

      await server.vault.store.close()

      assert.deepEqual([...new Set((await Promise.all(asked)).map(wordOf))], ['done'])
    })
  })
}

/** The store neither opens nor checks what is sealed: any bytes will do. */
function create(name: string): Op<'create_secret'> {
  return {
    kind: 'create_secret',
    accountId: 1,
    name,
    list: undefined,
    details: plainDetails,
    uid: randomBytes(16).toString('hex'),
    key: { keyVersion: 1, wrapped: randomBytes(60) },
    sealed: randomBytes(90),
  }
}

function requestOf(operation: Request['operation'], at: number): Request {
  return { caller: { kind: 'host', accountId: 1, name: 'test' }, requestId: `r${at}`, address: '', operation }
}

/** Submits in one turn, and says how large the batches were. */
async function submit({ vault: { store } }: TestServer, operations: readonly Request['operation'][]) {
  const sizes: number[] = []
  store.events.onBatch = ({ requests }) => void sizes.push(requests.length)
  const outcomes = await Promise.all(operations.map((operation, at) => store.submit(requestOf(operation, at))))
  return { outcomes, sizes }
}

function wordOf(outcome: Outcome): string {
  return outcome.kind === 'refused' ? outcome.code : outcome.kind
}

async function namesOf({ place }: TestServer): Promise<string[]> {
  const rows = await query(place, 'select id, name from secrets where account_id = 1 order by id')
  return rows.map(({ id, name }) => `${id} ${name}`)
}

/** Every secret has one key and one version, and there are no others. */
async function assertRows({ place }: TestServer, wanted: readonly number[]): Promise<void> {
  for (const table of ['secret_keys', 'versions']) {
    const rows = await query(place, `select secret_id from ${table} where account_id = 1 order by secret_id`)
    assert.deepEqual(
      rows.map(({ secret_id: id }) => Number(id)),
      wanted,
      table,
    )
  }
}

async function assertChain({ vault }: TestServer): Promise<void> {
  for await (const { fault } of verifyAudit(vault)) assert.equal(fault, undefined)
}
