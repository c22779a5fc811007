/** Statements that go to PostgreSQL together, and are answered together. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Changes } from '../../src/store/changes.ts'
import { Conditions } from '../../src/store/conditions.ts'
import { finish } from '../../src/store/postgres/ending.ts'
import { Rounds } from '../../src/store/postgres/round.ts'
import { Standing } from '../../src/store/postgres/standing.ts'
import { PostgresTransaction } from '../../src/store/postgres/transaction.ts'
import { Trails } from '../../src/store/trails.ts'
import { engines } from '../support/engines.ts'
import { connectTo } from '../support/postgres.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()

const one = { name: 'one', text: 'select 1 as one' }
const two = { name: 'two', text: `select 2 as two, 'x' as of, null::text as nothing` }
const failing = { name: 'failing', text: 'select 1 / $1::int as none' }
const nothing = { name: 'nothing', text: 'create temporary table if not exists t (id int)' }

suite('Statements that are sent together', { skip: postgres.skip }, () => {
  test('are answered each with its own, the first time and later, by whatever connection', async (t) => {
    for (let connection = 0; connection < 2; connection++) {
      const rounds = await startRounds()
      for (let time = 0; time < 3; time++) {
        const answers = await Promise.all([rounds.ask(two, []), rounds.ask(nothing, []), rounds.ask(one, [])])
        assert.deepEqual(answers, [
          { rows: [{ two: 2, of: 'x', nothing: null }], command: 'SELECT 1' },
          { rows: [], command: 'CREATE TABLE' },
          { rows: [{ one: 1 }], command: 'SELECT 1' },
        ])
      }
    }

    async function startRounds() {
      const place = await postgres.makePlace()
      t.after(() => place.clear())
      return new Rounds(await connectTo(t, place.databaseUrl))
    }
  })

  test('one of which fails: it fails with those after it, which are asked again like any other', async (t) => {
    const place = await postgres.makePlace()
    t.after(() => place.clear())
    const rounds = new Rounds(await connectTo(t, place.databaseUrl))

    const found = await Promise.allSettled([rounds.ask(one, []), rounds.ask(failing, [0]), rounds.ask(two, [])])

    assert.deepEqual(
      found.map((each) => (each.status === 'fulfilled' ? each.value.rows.length : each.reason.code)),
      [1, '22012', '22012'],
    )
    for (const divisor of [1, 2]) {
      const [first, second, third] = await Promise.all([
        rounds.ask(two, []),
        rounds.ask(failing, [divisor]),
        rounds.ask(one, []),
      ])
      assert.deepEqual(first.rows, [{ two: 2, of: 'x', nothing: null }])
      assert.deepEqual(second.rows, [{ none: Math.floor(1 / divisor) }])
      assert.deepEqual(third.rows, [{ one: 1 }])
    }
  })

  test('are not committed where the database has rolled back what failed before', async (t) => {
    const place = await postgres.makePlace()
    t.after(() => place.clear())
    const client = await connectTo(t, place.databaseUrl)
    const transaction = new PostgresTransaction(client, new Standing(new Conditions(), false, new Trails()), false)
    await transaction.begin()
    await assert.rejects(client.query('select 1 / 0'))
    const decided = { outcomes: [], changes: new Changes(), accounts: [], now: 0, decoyReads: [] }

    const ended = await finish(client, transaction, { write: async () => [], isRelaxed: false }, decided)

    assert.equal(ended.kind, 'failed')
  })

  test('over a connection that breaks fail, and so do those that come then', async (t) => {
    const place = await postgres.makePlace()
    t.after(() => place.clear())
    const client = await connectTo(t, place.databaseUrl)
    const rounds = new Rounds(client)

    const asked = [rounds.ask(one, []), rounds.ask({ name: 'slow', text: 'select pg_sleep(60)' }, [])]
    rounds.send()
    client.connection.stream.destroy()

    for (const each of await Promise.allSettled(asked)) assert.equal(each.status, 'rejected')
    await assert.rejects(rounds.ask(one, []))
  })

  test('have their parameters as they were sent, alone and in arrays', async (t) => {
    const place = await postgres.makePlace()
    t.after(() => place.clear())
    const rounds = new Rounds(await connectTo(t, place.databaseUrl))
    const texts = ['', ' ', 'NULL', '{}', '"', '\\', 'a"b\\c,d}e{', "it's", 'line\nbreak\ttab', 'ä漢🗝', null]
    const numbers = [0, -1, 2 ** 53 - 1, -(2 ** 53 - 1), null]
    const bytes = [new Uint8Array(0), Uint8Array.from({ length: 256 }, (_, at) => at), null]
    const text = 'select $1::text[] as texts, $2::bigint[] as numbers, $3::bytea[] as bytes, $4::text[] as none'

    const [row] = (await rounds.ask({ name: 'arrays', text }, [texts, numbers, bytes, []])).rows
    assert.deepEqual(row, { texts, numbers: numbers.map(textOf), bytes: bytes.map(bufferOf), none: [] })

    const each = 'select $1::text as text, $2::bigint as number, $3::bytea as bytes, $4::boolean as is'
    for (const [at, value] of texts.entries()) {
      const values = [value, numbers[at] ?? null, bytes[at] ?? null, at % 2 === 0]
      const [found] = (await rounds.ask({ name: 'each', text: each }, values)).rows
      assert.deepEqual(found, { text: value, number: values[1], bytes: bufferOf(values[2]), is: values[3] })
    }
  })
})

/** The driver reads arrays of whole numbers as texts. */
function textOf(number: number | null): string | null {
  return number === null ? null : String(number)
}

function bufferOf(bytes: unknown): Buffer | null {
  return bytes instanceof Uint8Array ? Buffer.from(bytes) : null
}
