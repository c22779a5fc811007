/** Sessions on PostgreSQL: they keep what was set, also behind a pooler, or the database is refused at the start. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { suite, type TestContext, test } from 'node:test'
import { Refusal } from '../../src/errors.ts'
import { readPostgres } from '../../src/store/dump/postgres.ts'
import { openStore } from '../../src/store/open.ts'
import { open } from '../../src/store/postgres/connect.ts'
import { Hosts } from '../../src/store/postgres/hosts.ts'
import { runCommand } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { missingPgBouncer, type PoolMode, startPgBouncer } from '../support/pgbouncer.ts'
import { startServer } from '../support/server.ts'

const noTcpTable = existsSync('/proc/net/tcp') ? false : 'No table of TCP connections.'
const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
const wanted = {
  lock_timeout: '2500ms',
  idle_in_transaction_session_timeout: '10s',
  client_encoding: 'UTF8',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
}
const options = `options=${encodeURIComponent('-c search_path=public -clock_timeout=77s --client-encoding=latin1')}`

suite('A session on PostgreSQL', { skip: postgres.skip }, () => {
  for (const parameters of ['', options, 'lock_timeout=0', 'client_encoding=latin1']) {
    test(`has the limits of ours, with ${parameters === '' ? 'nothing' : parameters} in the URL`, async (t) => {
      const { databaseUrl } = await placeOf(t)

      const client = await connect(`${databaseUrl}?${parameters}`)

      t.after(() => client.end())
      for (const [name, value] of Object.entries(wanted)) {
        const { rows } = await client.query<{ found: string }>('select current_setting($1) as found', [name])
        assert.equal(rows[0]?.found, value, name)
      }
    })
  }

  test('is asked within seconds whether its other side is still there', { skip: noTcpTable }, async (t) => {
    const { databaseUrl } = await placeOf(t)

    const client = await connect(databaseUrl)

    t.after(() => client.end())
    const { rows } = await client.query<{ port: number }>('select inet_client_port() as port')
    const port = (rows[0]?.port ?? 0).toString(16).toUpperCase().padStart(4, '0')
    // https://docs.kernel.org/networking/proc_net_tcp.html: 02 is keepalive, and when it is due, in hundredths of a second.
    const line = new RegExp(`^ *\\d+: \\w+:${port} \\w+:\\w+ 01 \\S+ 02:(\\w+)`, 'm')
    const [, due = ''] = line.exec(readFileSync('/proc/net/tcp', 'utf8')) ?? assert.fail('No timer runs.')
    assert.ok(Number.parseInt(due, 16) <= 600, due)
  })

  test('has what "options" in the URL say beside the limits', async (t) => {
    const { databaseUrl } = await placeOf(t)

    const client = await connect(`${databaseUrl}?options=-c%20search_path%3Delsewhere`)

    t.after(() => client.end())
    const { rows } = await client.query<{ found: string }>(`select current_setting('search_path') as found`)
    assert.equal(rows[0]?.found, 'elsewhere')
  })

  test('is of a database that holds every text: another encoding is refused, and nothing is made', async (t) => {
    const place = await placeOf(t)
    const name = new URL(place.databaseUrl).pathname.slice(1)
    await query(place, `create database ${name}_latin encoding 'LATIN1' locale 'C' template template0`)
    const elsewhere = { ...place, databaseUrl: new URL('/postgres', place.databaseUrl).href }
    t.after(() => query(elsewhere, `drop database ${name}_latin with (force)`))
    const latin = { ...place, databaseUrl: `${place.databaseUrl}_latin` }

    const refusal = await refusalOf(latin)

    assert.match(refusal, new RegExp(`database ${name}_latin on 127\\.0\\.0\\.1:\\d+: its encoding is LATIN1.* UTF8`))
    assert.deepEqual(await query(latin, `select * from pg_tables where schemaname = 'public'`), [])
    const { code, stderr } = runCommand(latin, ['serve'])
    assert.equal(code, 6)
    assert.match(stderr, /its encoding is LATIN1/)
  })

  test('is of a database that may be written to', async (t) => {
    const place = await placeOf(t)
    await query(
      place,
      `alter database ${new URL(place.databaseUrl).pathname.slice(1)} set default_transaction_read_only = on`,
    )

    assert.match(await refusalOf(place), /default_transaction_read_only must be off/)
  })
})

suite('What is said of a database that cannot be used', { skip: postgres.skip }, () => {
  for (const [what, change, words] of [
    ['nobody listens', { port: '1' }, /database \w+ on 127\.0\.0\.1:1: .*ECONNREFUSED/],
    ['there is no such database', { pathname: '/x_planted' }, /database "…" does not exist/],
    ['there is no such user', { username: 'planted' }, /role "…" does not exist/],
    ['a certificate is not there', { search: '?sslrootcert=/planted.pem' }, /ENOENT.*sslrootcert/],
    ['a parameter is wrong', { search: '?options=-c%20planted%3D1' }, /parameter "…"/],
    ['nobody can be told apart', { search: '?sslnegotiation=planted' }, /its URL cannot be used/],
  ] as const) {
    test(`when ${what} holds database and host, and nothing else of the URL`, async (t) => {
      const place = await placeOf(t)
      const url = new URL(place.databaseUrl)
      url.password = 'planted%40password'
      Object.assign(url, change)

      const { code, stderr } = runCommand({ ...place, databaseUrl: url.href }, ['account', 'list'])

      assert.equal(code, 6, stderr)
      assert.match(stderr, words)
      assert.doesNotMatch(stderr.replace(/database \w+_planted on/, ''), /planted|\n\s+at /)
    })
  }
})

suite('PgBouncer', { skip: postgres.skip || missingPgBouncer }, () => {
  for (const parameters of ['', `?${options}`]) {
    test(`in session mode, as it comes, is served through${parameters && ', also with options in the URL'}`, async (t) => {
      const place = await placeOf(t)
      const through = (await startPgBouncer(t, place.databaseUrl, 'session')) + parameters
      const { api } = await startServer(t, postgres, { place: { ...place, databaseUrl: through } })

      const made = await Promise.all(
        Array.from({ length: 40 }, (_, at) => api.post('/v3/secrets', { name: `s-${at}`, value: 'ä' })),
      )

      assert.deepEqual([...new Set(made.map(({ status }) => status))], [201])
      const client = await connect(through)
      const { rows } = await client.query<{ found: string; path: string }>(
        `select current_setting('lock_timeout') as found, current_setting('search_path') as path`,
      )
      await client.end()
      assert.deepEqual(rows, [{ found: '2500ms', path: parameters === '' ? '"$user", public' : 'public' }])
    })
  }

  const modes: readonly (readonly [PoolMode, readonly string[]])[] = [
    ['transaction', []],
    ['transaction', ['default_pool_size = 1']],
    ['transaction', ['server_round_robin = 1', 'min_pool_size = 5']],
    ['statement', []],
  ]
  for (const [mode, settings] of modes) {
    test(`in ${mode} mode (${settings.join(', ') || 'as it comes'}) is refused at the start, and nothing is made`, async (t) => {
      const place = await placeOf(t)
      const through = await startPgBouncer(t, place.databaseUrl, mode, settings)

      assert.match(await refusalOf({ ...place, databaseUrl: through }), /pool_mode = session/)
      await assert.rejects(readPostgres(through), Refusal)

      assert.deepEqual(await query(place, `select * from pg_tables where schemaname = 'public'`), [])
    })
  }

  test('in transaction mode is refused while others use it too', async (t) => {
    const place = await placeOf(t)
    const through = await startPgBouncer(t, place.databaseUrl, 'transaction')
    let isOver = false
    const other = async () => {
      while (!isOver) await query({ ...place, databaseUrl: through }, 'select pg_sleep(0.002)').catch(() => {})
    }
    const others = Array.from({ length: 4 }, other)

    const asked = await Promise.allSettled(
      Array.from({ length: 5 }, () => refusalOf({ ...place, databaseUrl: through })),
    )

    isOver = true
    await Promise.all(others)
    const found = asked.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)))
    for (const one of found) assert.match(one, /pool_mode = session/)
  })
})

test('No alarm is given for a PostgreSQL that many open at once', { skip: postgres.skip }, async (t) => {
  const place = await placeOf(t)

  const stores = await Promise.all(
    Array.from({ length: 8 }, () => openStore({ ...place, keepVersions: 10, diskReserveBytes: 0, mayMake: true })),
  )

  await Promise.all(stores.map((store) => store.close()))
})

/** The reason why it is refused. That a busy machine did not connect in time is none: it is asked again. */
async function refusalOf(place: { readonly dataDir: string; readonly databaseUrl: string }): Promise<string> {
  for (;;) {
    const reason = await reasonOf(place)
    if (!/timeout|in time/i.test(reason)) return reason
  }
}

async function reasonOf(place: { readonly dataDir: string; readonly databaseUrl: string }): Promise<string> {
  try {
    await (await openStore({ ...place, keepVersions: 10, diskReserveBytes: 0, mayMake: true })).close()
  } catch (error) {
    assert.ok(error instanceof Refusal && error.cause instanceof Error)
    assert.equal(error.code, 'audit_unavailable')
    return error.cause.message
  }
  return assert.fail('It was opened.')
}

async function connect(url: string) {
  return open(await new Hosts(url).primary())
}

async function placeOf(t: TestContext) {
  const place = await postgres.makePlace()
  t.after(() => place.clear())
  return { ...place, databaseUrl: place.databaseUrl ?? assert.fail() }
}
