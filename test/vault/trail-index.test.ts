/** The index of the audit log leaves out what has nothing of what is sought, and never anything else. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { type Action, type AuditRecord, isPlaced } from '../../src/audit/record.ts'
import type { Sought } from '../../src/audit/trail-index.ts'
import { rowText } from '../../src/store/coverage.ts'
import type { RecordStretch, Store } from '../../src/store/store.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { defaultLeaseMs } from '../../src/vault/leases.ts'
import { trailSince } from '../../src/vault/rollback.ts'
import { type Indexing, indexTrails } from '../../src/vault/trail-indexing.ts'
import { stretchesWith } from '../../src/vault/trail-search.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { chance, rounds } from '../support/chance.ts'
import { query } from '../support/database.ts'
import { engines, type Place } from '../support/engines.ts'
import { connect } from '../support/rows.ts'
import { startServer } from '../support/server.ts'
import { until } from '../support/sinks.ts'

const shape = { segment: 64, stretch: 4 }
const pace = { lookMs: 20, lookAtAllMs: 20, rest: 0 }
const buckets = 64

type Pick1 = <T>(of: readonly T[]) => T
const pickBy =
  (next: () => number): Pick1 =>
  (of) => {
    const one = of[Math.floor(next() * of.length)]
    assert.ok(one !== undefined)
    return one
  }

const doings: readonly Action[] = [
  'secret.read',
  'secret.read',
  'secret.read',
  'secret.update',
  'list.read',
  'user.list',
]
const results = ['ok', 'ok', 'ok', 'ok', 'forbidden', 'replayed'] as const

/** Records of a few principals about some secrets, put behind those that are there. */
async function fill(place: Place, count: number, next: () => number): Promise<void> {
  const pick = pickBy(next)
  const [last] = await query(place, 'select audit_size, audit_ms from accounts where id = 1')
  const [size, ms] = [Number(last?.['audit_size']), Number(last?.['audit_ms'])]
  const rows = Array.from({ length: count }, (_, at) => {
    const action = pick(doings)
    const [kind, id] = [pick(['key', 'machine', 'user']), Math.floor(next() ** 3 * 6)]
    // Few of them often, many seldom; some with an id alone, as of a secret that is not there.
    const secret = Math.floor(next() ** 4 * 40)
    const object = action.startsWith('secret') ? 'secret' : action === 'list.read' ? 'list' : null
    return {
      ...{ account_id: 1, seq: size + at + 1, ms: ms + at, principal_kind: kind, principal_id: id, action },
      ...{ principal_name: `${kind === 'user' ? 'ö' : 'ci'}-${id}`, outcome: pick(results) },
      ...{ object_kind: object, object_id: object === null ? null : secret },
      object_name: object === null || secret === 7 ? null : `s${secret}`,
      ...{
        environment_id: isPlaced(action) ? pick([null, null, 2]) : null,
        request_id: 'r',
        address: '::1',
        format: 1,
      },
      head: Buffer.from('00', 'hex'),
    }
  })
  const database = await connect(place)
  await database.insert('audit', rows)
  await database.close()
  await query(
    place,
    `update accounts set audit_size = audit_size + ${count}, audit_ms = audit_ms + ${count} where id = 1`,
  )
}

/** The same store, but for one of its methods. */
function storeWith<Name extends keyof Store>(store: Store, method: Name, instead: Store[Name]): Store {
  return new Proxy(store, {
    get(of, name) {
      const found = name === method ? instead : Reflect.get(of, name)
      return typeof found === 'function' ? found.bind(of) : found
    },
  })
}

function isOf(record: AuditRecord, { action, outcome, secret, principal, environmentId, kind, principalId }: Sought) {
  const { object, principal: who } = record
  const placed = record.environmentId ?? (isPlaced(record.action) ? 1 : undefined)
  return [
    action === undefined || record.action === action,
    outcome === undefined || record.outcome === outcome,
    secret === undefined || object?.kind === 'secret',
    typeof secret !== 'number' || object?.id === secret,
    typeof secret !== 'string' || object?.name === secret,
    typeof principal !== 'number' || (who.kind === 'key' && who.id === principal),
    typeof principal !== 'string' || who.name === principal,
    environmentId === undefined || placed === environmentId,
    kind === undefined || who.kind === kind,
    principalId === undefined || who.id === principalId,
  ].every(Boolean)
}

function soughtBy(next: () => number): Sought {
  const pick = pickBy(next)
  const maybe = <T>(make: () => T) => (next() < 0.3 ? make() : undefined)
  const kind = maybe(() => pick(['key', 'machine', 'user', 'seed']))
  return {
    ...{ action: maybe(() => pick([...doings, 'key.create'])), outcome: maybe(() => pick([...results, 'not_found'])) },
    secret: maybe(() => pick([Math.floor(next() * 42), `s${Math.floor(next() * 42)}`])),
    principal: maybe(() => pick([Math.floor(next() * 7), `ci-${Math.floor(next() * 7)}`, 'ö-1'])),
    environmentId: maybe(() => pick([1, 2, 3])),
    ...{ kind, principalId: kind === undefined ? undefined : maybe(() => Math.floor(next() * 7)) },
  }
}

async function index(t: TestContext, vault: Vault, more: Partial<Indexing> = {}) {
  const failures: unknown[] = []
  const stop = indexTrails(vault, { shape, pace, onError: (error) => void failures.push(error), ...more })
  t.after(stop)
  return { stop, failures }
}

const segmentsOf = async (vault: Vault) =>
  (await vault.store.trailIndex.segments(1)).filter(({ rows }) => rows === buckets).map(({ first }) => first)

/** Until all whole segments have theirs. */
async function isIndexed(vault: Vault): Promise<boolean> {
  const size = await vault.store.auditSize(1)
  return (await segmentsOf(vault)).length === Math.floor(size / shape.segment)
}

async function looksAt(vault: Vault, sought: Sought, longest = 16) {
  const last = await vault.store.auditSize(1)
  return Array.fromAsync(stretchesWith(vault, 1, sought, { first: 1, last }, longest))
}

/** What somebody who writes the database makes of rows of the index. */
const harms: readonly ((place: Place, at: string) => Promise<unknown>)[] = [
  (place, at) => query(place, `delete from audit_index where ${at}`),
  (place, at) =>
    query(
      place,
      `update audit_index set said = (select o.said from audit_index o where o.first_seq <> audit_index.first_seq limit 1)
        where ${at}`,
    ),
  (place, at) => query(place, `update audit_index set last_seq = last_seq + 640 where ${at}`),
  (place, at) => query(place, `update audit_index set format = format + 1 where ${at}`),
  (place, at) => query(place, `update audit_index set account_id = 2 where ${at}`),
  // Of another bucket, in which there is nothing of it.
  (place, at) => query(place, `update audit_index set bucket = bucket + 64 where ${at}`),
]

for (const engine of engines) {
  suite(`${engine.name}: the index of the audit log`, { skip: engine.skip }, () => {
    test('has a rollback read what was changed since, and nothing else of a long trail', async (t) => {
      const { vault, place, api } = await startServer(t, engine)
      for (const name of ['a', 'b']) await api.post('/v3/secrets', { name, value: 'v' })
      await api.delete('/v3/secrets/2')
      const small = { segment: 1024, stretch: 16 }
      await fill(place, 6000, chance(t))
      const looking = async () => {
        let looked = 0
        const store = storeWith(vault.store, 'recordsAmong', (accountId: number, stretch: RecordStretch) => {
          looked += stretch.upTo - stretch.after
          return vault.store.recordsAmong(accountId, stretch)
        })
        return { since: await trailSince({ ...vault, store }, 1, 1, 0), looked }
      }
      const all = await looking()
      assert.ok(all.looked > 6000)
      assert.deepEqual([...all.since.created], [1, 2])
      assert.deepEqual([...all.since.deleted], [[2, 'b']])

      const size = await vault.store.auditSize(1)
      let made = 0
      await index(t, vault, { shape: small, onSegment: () => void made++ })
      await until(() => made === Math.floor(size / small.segment))
      const led = await looking()
      assert.deepEqual(led.since, all.since)
      assert.ok(led.looked < 2000, String(led.looked))
    })

    test('a rollback over more than is looked through at once is refused, and says so', async (t) => {
      const { vault } = await startServer(t, engine)
      const store = storeWith(vault.store, 'auditSize', async () => 300_000)
      await assert.rejects(trailSince({ ...vault, store }, 1, 1, 0), /Must be later: more than 250,000 records/)
    })

    test('gives what a look at all records gives, however far it is, whatever became of its rows', async (t) => {
      const next = chance(t)
      const pick = pickBy(next)
      const { vault, place } = await startServer(t, engine)
      const check = async () => {
        const all = (await vault.store.recordsAfter(1, 0, 10_000)).map(({ record }) => record)
        for (let round = 0; round < rounds(60, 600); round++) {
          const sought = soughtBy(next)
          const [first = 1, last = 1] = [next(), next()]
            .map((one) => 1 + Math.floor(one * all.length))
            .sort((a, b) => a - b)
          const longest = pick([8, 20, 100])
          const parts = await Array.fromAsync(stretchesWith(vault, 1, sought, { first, last }, longest))
          const within = ({ seq }: AuditRecord) => parts.some(({ after, upTo }) => after < seq && seq <= upTo)
          const wanted = all.filter((one) => one.seq >= first && one.seq <= last && isOf(one, sought))
          assert.deepEqual(wanted.filter(within), wanted, JSON.stringify({ sought, first, last, longest, parts }))
          let open = last
          for (const { after, upTo } of parts) {
            assert.ok(upTo <= open && after < upTo && upTo - after <= longest, JSON.stringify({ parts, first, last }))
            open = after
          }
          assert.ok(open >= first - 1)
        }
      }
      await fill(place, 500, next)
      await check()
      const { stop, failures } = await index(t, vault)
      await until(() => isIndexed(vault))
      await fill(place, 200, next)
      await check()
      await until(() => isIndexed(vault))
      await stop()
      for (const harm of harms) {
        const segments = await segmentsOf(vault)
        const bucket = `(bucket + ${Math.floor(next() * 4)}) % 4 = 0`
        await harm(place, `account_id = 1 and first_seq = ${pick(segments)} and ${bucket}`)
        await check()
      }
      assert.deepEqual(failures, [])
    })

    test('leaves out all that has nothing of it, and says so of nothing that is not whole', async (t) => {
      const next = chance(t)
      const { vault, place } = await startServer(t, engine)
      await fill(place, 300, next)
      const size = await vault.store.auditSize(1)
      assert.equal((await looksAt(vault, { secret: 'none' })).at(-1)?.after, 0)
      await index(t, vault)
      await until(() => isIndexed(vault))

      const end = size - (size % shape.segment)
      const tail = size === end ? [] : [{ after: end, upTo: size }]
      for (const sought of [{ secret: 'none' }, { secret: 1, action: 'secret.delete' }, { principal: 99 }]) {
        const parts = await looksAt(vault, sought, 100)
        assert.deepEqual(parts, tail)
      }
    })

    test('believes no row whose MAC is another, and says that there was one', async (t) => {
      const { vault, place } = await startServer(t, engine)
      await fill(place, 200, chance(t))
      await index(t, vault).then(({ stop }) => until(() => isIndexed(vault)).then(stop))
      const told: string[] = []
      vault.onIntegrityFailure = (kind) => void told.push(kind)
      const before = await looksAt(vault, { secret: 's1' })
      assert.deepEqual(told, [])

      // As it is of a segment that has nothing.
      await query(place, `update audit_index set said = ? where account_id = 1`, Buffer.from([0, 0, 0, 4]))

      const after = await looksAt(vault, { secret: 's1' })
      assert.ok(before.length > 0)
      assert.equal(
        after.reduce((sum, { after: from, upTo }) => sum + upTo - from, 0),
        await vault.store.auditSize(1),
      )
      assert.deepEqual(told, ['account'])
    })

    test('believes no row that another version wrote in a way of its own', async (t) => {
      const { vault, place } = await startServer(t, engine)
      await fill(place, 200, chance(t))
      const lease = { name: 'audit index', holder: 'test' }
      const fence = (await vault.store.leases.take(lease.name, lease.holder, defaultLeaseMs)) ?? assert.fail()
      const rows = Array.from({ length: buckets }, (_, bucket) => {
        const row = { accountId: 1, bucket, first: 1, last: 128, format: 2, said: Buffer.from([0, 0, 0, 4]) }
        return { ...row, mac: vault.keyring.rowMac(rowText('audit_index', row)) }
      })
      assert.equal(await vault.store.trailIndex.put({ ...lease, fence }, rows), true)

      const parts = await looksAt(vault, { secret: 's1' })

      assert.equal(
        parts.reduce((sum, { after, upTo }) => sum + upTo - after, 0),
        await vault.store.auditSize(1),
      )
    })

    test('is made again where rows were taken away, and by nobody while nothing is missing', async (t) => {
      const { vault, place } = await startServer(t, engine)
      const made: number[] = []
      const { mock: looked } = t.mock.method(vault.store.trailIndex, 'long')
      const { stop } = await index(t, vault, { onSegment: (_, { first }) => void made.push(first) })
      await until(() => looked.callCount() >= 3)
      assert.deepEqual(await query(place, `select name from leases where name = 'audit index'`), [])
      await fill(place, 200, chance(t))
      await until(() => isIndexed(vault))
      const whole = await segmentsOf(vault)
      const fences = () => query(place, `select fence from leases where name = 'audit index'`)
      // What was begun before it was whole has come to its end.
      const calls = looked.callCount()
      await until(() => looked.callCount() >= calls + 2)
      const before = await fences()
      await until(() => looked.callCount() >= calls + 5)
      assert.deepEqual(await fences(), before)
      await query(place, 'delete from audit_index where first_seq = 65 and bucket = 3')

      await until(() => isIndexed(vault))

      await stop()
      assert.deepEqual(
        made.toSorted((a, b) => a - b),
        [...whole, 65].toSorted((a, b) => a - b),
      )
    })

    test('has nothing of a segment whose records are not all there, and says so once', async (t) => {
      const { vault, place } = await startServer(t, engine)
      await fill(place, 200, chance(t))
      await query(place, 'delete from audit where account_id = 1 and seq = 100')
      const gaps: number[] = []
      await index(t, vault, { onGap: (_, { first }) => void gaps.push(first) })

      await until(async () => (await segmentsOf(vault)).length >= 2 && gaps.length > 0)
      await fill(place, 64, chance(t))
      await until(async () => (await segmentsOf(vault)).length >= 3)

      assert.ok(!(await segmentsOf(vault)).includes(65))
      assert.deepEqual(gaps, [65])
    })

    test('is written by no node that has lost the lease', async (t) => {
      const { vault } = await startServer(t, engine)
      const row = { accountId: 1, bucket: 0, first: 1, last: 64, format: 1, said: Buffer.of(0), mac: Buffer.of(0) }

      const isHeld = await vault.store.trailIndex.put({ name: 'audit index', holder: 'gone', fence: 1 }, [row])

      assert.equal(isHeld, false)
      assert.deepEqual(await vault.store.trailIndex.segments(1), [])
    })

    test('is held against the records by the verification of the audit log', async (t) => {
      const { vault, place, api } = await startServer(t, engine)
      for (const name of ['a', 'b']) await api.post('/v3/secrets', { name, value: 'v' })
      for (let at = 0; at < 70; at++) await api.get(`/v3/secrets/${1 + (at % 2)}`)
      const differences = async () => {
        const [verdict] = await Array.fromAsync(verifyAudit(vault))
        assert.equal(verdict?.fault, undefined)
        return verdict?.differences
      }
      // A record is another while it is indexed, and then itself again.
      await query(place, `update audit set object_name = 'c' where account_id = 1 and seq = 40`)
      await index(t, vault).then(({ stop }) => until(() => isIndexed(vault)).then(stop))
      const [was] = await query(place, `select object_name from audit where account_id = 1 and seq = 38`)
      await query(
        place,
        `update audit set object_name = ? where account_id = 1 and seq = 40`,
        String(was?.['object_name']),
      )
      assert.deepEqual(await differences(), ['The index of the records 1 to 64 says otherwise than they do.'])

      await query(place, 'delete from audit_index')
      await index(t, vault).then(({ stop }) => until(() => isIndexed(vault)).then(stop))
      assert.deepEqual(await differences(), [])

      await query(place, 'update audit_index set last_seq = last_seq + 1 where bucket = 5')
      assert.deepEqual(await differences(), ['Rows of the index of the records from 1 on are not authentic.'])
    })
  })
}
