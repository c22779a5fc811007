/** A real primary and a real standby: what asynchronous replication loses is said before, while and after it is lost. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Client } from 'pg'
import { signCheckpoints } from '../../src/vault/checkpoints.ts'
import { startChild, startUnready } from '../support/child.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { freePort } from '../support/free-port.ts'
import { connectTo, type Standby, startCluster } from '../support/postgres.ts'
import { startServer } from '../support/server.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
const { skip } = postgres

suite('A primary whose standby may lag', { skip }, () => {
  test('is named in /readyz, the metrics and the log, until commits wait for the standby', async (t) => {
    const { primary, admin, place } = await pairOf(t)
    const node = await startChild(t, place(primary.url))

    await conditionIs(node.url, 'replication', /^replication is asynchronous: .*revocations too/)
    const metrics = await (await fetch(`${node.url}/metrics`)).text()
    assert.match(metrics, /^strongroom_store_condition\{condition="replication"\} 1$/m)
    // On a busy machine a probe may take too long.
    await eventually(async () => assert.equal((await fetch(`${node.url}/readyz`)).status, 200))
    await setStandbys(admin, '*')
    await conditionIs(node.url, 'replication', undefined)
    await node.says(/"condition":"replication","msg":"this is over"/)
    assert.equal(node.output().split('replication is asynchronous').length, 2)
    assert.equal(node.output().split('"condition":"replication","msg":"this is over"').length, 2)
  })

  test('is refused where it must not lag, at the start and later, and taken again once commits wait', async (t) => {
    const { primary, admin, place } = await pairOf(t)
    const strict = { STRONGROOM_REQUIRE_SYNCHRONOUS: 'on' }
    const node = startUnready(t, place(primary.url), await freePort(), strict)
    await node.says(/waits for no standby .*STRONGROOM_REQUIRE_SYNCHRONOUS.*waiting for it/)
    // It looks again every so often.
    await setTimeout(1_500)
    assert.doesNotMatch(node.output(), /is ready/)
    await setStandbys(admin, '*')
    await node.says(/^ +sr_\w{49}$/m)
    const api = node.api(node.firstKey ?? assert.fail())
    assert.equal((await api.post('/v3/secrets', { name: 'one', value: 'v' })).status, 201)

    await setStandbys(admin, '')
    // Once the settings have reached the database's processes.
    const refused = await eventually(async () => {
      const answer = await api.get('/v3/secrets/1')
      assert.deepEqual([answer.status, answer.body.code], [503, 'audit_unavailable'])
      return answer
    })

    assert.match(refused.body.detail, /waits for no standby/)
    assert.equal((await fetch(`${node.url}/readyz`)).status, 503)
    await conditionIs(node.url, 'replication', /asynchronous/)
    await setStandbys(admin, '*')
    await eventually(async () => assert.equal((await api.get('/v3/secrets/1')).body.value, 'v'))
  })

  test('gets no checkpoint signed of what only it has', async (t) => {
    const { primary, standby, place } = await pairOf(t)
    const { api, vault } = await startServer(t, postgres, { place: place(primary.url) })
    await api.post('/v3/secrets', { name: 'one', value: 'v' })
    const [before] = await signCheckpoints(vault)
    standby.freeze()
    await api.post('/v3/secrets', { name: 'two', value: 'v' })

    await assert.rejects(signCheckpoints(vault), /No standby has the newest records yet/)

    standby.thaw()
    const after = await eventually(() => signCheckpoints(vault))
    assert.ok((after[0]?.size ?? 0) > (before?.size ?? 0))
  })
})

suite('A node whose database lost what it acknowledged', { skip }, () => {
  test('says so with the first request after the failover: condition, metric, record', async (t) => {
    const { primary, standby, api, url } = await served(t)
    await detach(standby)
    const lost = await Promise.all(
      Array.from({ length: 5 }, (_, at) => api.post('/v3/secrets', { name: `lost-${at}`, value: 'v' })),
    )
    assert.deepEqual(
      lost.map(({ status }) => status),
      [201, 201, 201, 201, 201],
    )

    primary.stop()
    standby.promote()
    const { records } = (
      await eventually(async () => {
        const answer = await api.get('/v3/audit?outcome=integrity_failure')
        assert.ok(answer.body.records?.length > 0)
        return answer
      })
    ).body

    assert.equal(records.length, 1)
    assert.match(records[0].object.name, /^The trail was acknowledged up to record \d+, and ends at \d+$/)
    assert.deepEqual([records[0].action, records[0].principal.kind], ['audit.verify', 'system'])
    await conditionIs(url, 'trail', /^the trail of account 1 was acknowledged up to record \d+, and ends at \d+/)
    assert.match(
      await (await fetch(`${url}/metrics`)).text(),
      /^strongroom_integrity_failures_total\{object="account"\} 1$/m,
    )
  })

  test('says so as well where others have gone on since, and nothing is shorter', async (t) => {
    const { primary, standby, api, url, place } = await served(t)
    await detach(standby)
    await api.post('/v3/secrets', { name: 'lost', value: 'v' })
    primary.stop()
    standby.promote()
    const other = await startServer(t, postgres, { place: place(standby.url) })
    // What was promoted takes a moment to write.
    await eventually(async () => assert.equal((await other.api.get('/v3/keys/self')).status, 401))

    // Without a request: this node asks by itself, once it sees that a standby has taken over.
    const { vault } = other
    for (let at = 0; at < 8; at++) {
      await vault.store.submit<'record'>({
        caller: { kind: 'system', accountId: 1 },
        requestId: 'test',
        address: 'host',
        operation: { kind: 'record', action: 'audit.verify', object: null, outcome: 'invalid' },
      })
    }

    await conditionIs(url, 'trail', /^the trail of account 1 has another record \d+ than the one that was acknowledged/)
  })
})

async function pairOf(t: TestContext) {
  const primary = (await startCluster()) ?? assert.fail('Needs the programs of a PostgreSQL server.')
  let isStopped = false
  const stop = () => {
    if (isStopped) return
    isStopped = true
    primary.stop()
  }
  t.after(stop)
  const standby = await primary.startStandby()
  t.after(() => standby.stop())
  const admin = await connectTo(t, primary.url)
  const dataDir = makeFolder()
  const place = (databaseUrl: string) => ({ dataDir, databaseUrl, clear: async () => {} })
  return { primary: { ...primary, stop }, standby, admin, place }
}

/** A server that knows both, and whose secret both have. */
async function served(t: TestContext) {
  const pair = await pairOf(t)
  const { host } = new URL(pair.standby.url)
  const both = pair.primary.url.replace(/(127\.0\.0\.1:\d+)/, `$1,${host}`)
  const { api, url } = await startServer(t, postgres, { place: pair.place(both) })
  await api.post('/v3/secrets', { name: 'one', value: 'of both' })
  await caughtUp(pair.admin, pair.standby)
  return { ...pair, api, url }
}

/** From now on the standby follows nobody. */
async function detach(standby: Standby): Promise<void> {
  await onStandby(standby, `alter system set primary_conninfo = ''`)
  await eventually(async () =>
    assert.equal((await onStandby(standby, 'select pid from pg_stat_wal_receiver')).length, 0),
  )
}

async function onStandby(standby: Standby, statement: string): Promise<readonly unknown[]> {
  const client = new Client(standby.url)
  await client.connect()
  try {
    const { rows } = await client.query(statement)
    await client.query('select pg_reload_conf()')
    return rows
  } finally {
    await client.end()
  }
}

/** `''`: commits wait for nobody. */
async function setStandbys(admin: Client, names: string): Promise<void> {
  await admin.query(`alter system set synchronous_standby_names = '${names}'`)
  await admin.query('select pg_reload_conf()')
}

async function caughtUp(admin: Client, standby: Standby): Promise<void> {
  const { rows } = await admin.query<{ at: string }>('select pg_current_wal_insert_lsn()::text as at')
  await eventually(async () => {
    const [seen] = await onStandby(standby, `select pg_last_wal_replay_lsn() >= '${rows[0]?.at}'::pg_lsn as is`)
    assert.equal(Object(seen)['is'], true)
  })
}

async function conditionIs(url: string, name: string, expected: RegExp | undefined): Promise<void> {
  await eventually(async () => {
    const { conditions = [] }: { conditions?: { name: string; detail: string }[] } = JSON.parse(
      await (await fetch(`${url}/readyz`)).text(),
    )
    const found = conditions.find((one) => one.name === name)
    if (expected === undefined) assert.equal(found, undefined)
    else assert.match(found?.detail ?? '', expected)
  })
}

async function eventually<T>(look: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await look()
    } catch (error) {
      if (tries === 80) throw error
      await setTimeout(250)
    }
  }
}
