/** Sinks follow the trail: at least once, in order, on one node, and at nobody's cost but their own. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { encodeRecord } from '../../src/audit/record.ts'
import { NotTaken } from '../../src/sinks/receiver.ts'
import { Api } from '../support/api.ts'
import { archive, newArchive, ticking } from '../support/archive.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { newAccount, startServer, type TestServer } from '../support/server.ts'
import { fast, firstArrivals, isSent, Kept, sendTo, trailOf, until, watch, write } from '../support/sinks.ts'

const positions = (server: TestServer) =>
  query(server.place, 'select account_id, name, seq, fault from audit_sinks order by name, account_id')

/** The numbers from 1 on. */
const upTo = (size: number) => Array.from({ length: size }, (_, at) => at + 1)

/** As if a node were killed that sends: it writes nothing any more, and the time of its lease is over. */
const dies = ({ place }: TestServer) =>
  query(place, `update leases set holder = 'dead', fence = fence + 1, until_ms = 0 where name = 'sink test'`)

/** Two nodes on one database; on SQLite, which one process has, twice the same. */
async function twoNodes(t: TestContext, engine: TestEngine) {
  const first = await startServer(t, engine)
  const { place } = first
  const second = place.databaseUrl === undefined ? first : await startServer(t, engine, { place })
  return { first, second: { ...second, api: new Api(second.url, first.api.key) } }
}

for (const engine of engines) {
  suite(`${engine.name}: a sink`, { skip: engine.skip }, () => {
    test('is sent every record of every account once, in order, as it was recorded', async (t) => {
      const server = await startServer(t, engine)
      await write(server, 5)
      const { account: other } = await newAccount(server.vault)
      const kept = new Kept()
      sendTo(t, server.vault, kept, { pace: { ...fast, batch: 3 } })

      await write(server, 5, 't')
      const { account: late } = await newAccount(server.vault)
      await until(() => isSent(server))

      for (const id of [1, other.id, late.id]) {
        assert.deepEqual(kept.seqs(id), upTo(await server.vault.store.auditSize(id)))
        const sent = kept.pieces.filter(({ accountId }) => accountId === id)
        const texts = sent.flatMap(({ records }) => records.map(({ record }) => encodeRecord(record)))
        assert.deepEqual(texts, await trailOf(server.vault, id))
      }
      assert.ok(kept.pieces.every(({ records }) => records.length <= 3))
    })

    test('begins with what comes after now, where that was wanted, and goes on from where it was', async (t) => {
      const server = await startServer(t, engine)
      await write(server, 3)
      const before = await server.vault.store.auditSize(1)
      const kept = new Kept()
      const { stop } = sendTo(t, server.vault, kept, { from: 'now' })
      await until(async () => (await positions(server)).length > 0)
      await write(server, 2, 't')
      const { account: other } = await newAccount(server.vault)
      await until(() => isSent(server))
      await stop()
      await write(server, 2, 'u')
      sendTo(t, server.vault, kept, { from: 'now' })
      await until(() => isSent(server))

      const size = await server.vault.store.auditSize(1)
      assert.deepEqual(
        kept.seqs(1),
        upTo(size).filter((seq) => seq > before),
      )
      // An account that came later is sent whole.
      assert.deepEqual(kept.seqs(other.id), upTo(await server.vault.store.auditSize(other.id)))
    })

    test('of one account is sent nothing of another', async (t) => {
      const server = await startServer(t, engine)
      const { account: other } = await newAccount(server.vault)
      const kept = new Kept()
      sendTo(t, server.vault, kept, { accountIds: [other.id] })
      await write(server, 3)

      await until(() => kept.seqs(other.id).length > 0)
      await until(async () => (await server.vault.store.sinks.state('test', [other.id])).left === 0)

      assert.deepEqual(kept.seqs(1), [])
      assert.deepEqual(
        (await positions(server)).map((row) => Number(row['account_id'])),
        [other.id],
      )
    })

    test('whose receiver fails is sent everything once it does not, and says meanwhile why', async (t) => {
      const server = await startServer(t, engine)
      await write(server, 3)
      const kept = new Kept()
      let failures = 3
      kept.before = () => {
        if (failures-- > 0) throw new NotTaken('The receiver answered 503.')
      }
      const { watched } = sendTo(t, server.vault, kept)
      await until(() => watched.failures.length > 0)
      await until(() => isSent(server))

      assert.deepEqual(kept.seqs(), upTo(await server.vault.store.auditSize(1)))
      assert.deepEqual(
        watched.failures,
        Array.from({ length: 3 }, () => 'The receiver answered 503.'),
      )
      await until(() => watched.recovered === 1)
      assert.equal((await server.vault.store.sinks.state('test', [])).fault, undefined)
    })

    test('whose receiver may lose what it took, and breaks off, is sent that again', async (t) => {
      const server = await startServer(t, engine)
      await write(server, 3)
      const kept = Object.assign(new Kept(), { doubtfulMs: 60_000 })
      sendTo(t, server.vault, kept)
      await until(() => isSent(server))
      const lost = kept.pieces.splice(0)
      let isBroken = true
      kept.before = () => {
        if (!isBroken) return
        isBroken = false
        throw new NotTaken('The receiver broke off.')
      }
      await write(server, 1, 't')
      await until(async () => !isBroken && (await isSent(server)))

      assert.ok(lost.length > 0)
      assert.deepEqual(kept.seqs(), upTo(await server.vault.store.auditSize(1)))
    })

    test('whose node dies is sent by the next what its receiver may have lost, and only once', async (t) => {
      const { first, second } = await twoNodes(t, engine)
      const [one, two] = [new Kept(), new Kept()].map((kept) => Object.assign(kept, { doubtfulMs: 1 }))
      assert.ok(one && two)
      await write(first, 3)
      sendTo(t, first.vault, one)
      await until(() => isSent(first))
      const lost = one.seqs()
      let isHanging = false
      one.before = () => {
        isHanging = true
        return new Promise(() => {})
      }
      await write(first, 1, 't')
      await until(() => isHanging)
      await dies(first)
      let failures = 1
      two.before = () => {
        if (failures-- > 0) throw new NotTaken('The receiver cannot be reached.')
      }

      sendTo(t, second.vault, two)
      await until(async () => failures < 0 && (await isSent(second)))

      assert.ok(lost.length > 0)
      assert.deepEqual(two.seqs(), upTo(await second.vault.store.auditSize(1)))
      const doubtfulUntil = performance.now() + 50
      await until(() => performance.now() > doubtfulUntil)
      failures = 1
      await write(second, 1, 'u')
      await until(async () => failures < 0 && (await isSent(second)))
      assert.deepEqual(two.seqs(), upTo(await second.vault.store.auditSize(1)))
    })

    test('whose node dies is sent nothing again that its receiver took long before', async (t) => {
      const { first, second } = await twoNodes(t, engine)
      await write(first, 3)
      const { stop } = sendTo(t, first.vault, Object.assign(new Kept(), { doubtfulMs: 60_000 }))
      await until(() => isSent(first))
      await stop()
      const sent = Number((await positions(first))[0]?.['seq'])
      await query(first.place, `update audit_sinks set doubts = '[{"seq":0,"at":${Date.now() - 90_000}}]'`)
      const two = Object.assign(new Kept(), { doubtfulMs: 60_000 })
      let failures = 1
      two.before = () => {
        if (failures-- > 0) throw new NotTaken('The receiver cannot be reached.')
      }
      sendTo(t, second.vault, two)
      await write(second, 1, 't')
      await until(async () => failures < 0 && (await isSent(second)))

      const size = await second.vault.store.auditSize(1)
      assert.deepEqual(
        two.seqs(),
        upTo(size).filter((seq) => seq > sent),
      )
    })

    test('whose receiver may have been gone since it took something is sent that again, however late that is found out', async (t) => {
      const server = await startServer(t, engine)
      await write(server, 3)
      let doubtfulMs = 60_000
      const kept = new Kept()
      Object.defineProperty(kept, 'doubtfulMs', { get: () => doubtfulMs })
      sendTo(t, server.vault, kept)
      await until(() => isSent(server))
      const takenAt = performance.now()
      kept.pieces.splice(0)
      let isBroken = true
      kept.before = async () => {
        if (!isBroken) return
        isBroken = false
        const beganAt = performance.now()
        doubtfulMs = beganAt - takenAt + 500
        // Until whoever counts from now would think it safe.
        await until(() => performance.now() > beganAt + 1_000 + doubtfulMs)
        throw new NotTaken('The receiver took too long.')
      }
      await write(server, 1, 't')
      await until(async () => !isBroken && (await isSent(server)))

      assert.deepEqual(kept.seqs(), upTo(await server.vault.store.auditSize(1)))
    })

    test('whose receiver may lose what it took finds it in the database, though it is old enough for the archive', async (t) => {
      const server = await startServer(t, engine, { now: ticking() })
      await write(server, 3)
      const doubtfulMs = 60_000
      const kept = Object.assign(new Kept(), { doubtfulMs })
      const { watched } = sendTo(t, server.vault, kept)
      await until(() => isSent(server))
      kept.pieces.splice(0)
      let isBroken = false
      kept.before = () => {
        if (isBroken) throw new NotTaken('The receiver broke off.')
      }
      const followers = [{ name: 'test', accountIds: [], doubtMs: doubtfulMs }]
      const breakOff = async () => {
        isBroken = true
        await write(server, 1, 't')
        await until(async () => Number((await positions(server))[0]?.['seq']) === 0)
      }
      const { files } = newArchive()

      const { archived, held } = await archive(server.vault, files, { followers, pause: breakOff })

      assert.deepEqual([archived, held], [[], [['the sink test', 0]]])
      isBroken = false
      await until(() => isSent(server))
      assert.deepEqual(watched.missing, [])
      assert.deepEqual(kept.seqs(), upTo(await server.vault.store.auditSize(1)))
    })

    test('is waited for no longer than that by the archive, and not at all where it did not move meanwhile', async (t) => {
      const now = ticking()
      const server = await startServer(t, engine, { now })
      await write(server, 3)
      const { stop } = sendTo(t, server.vault, new Kept())
      await until(() => isSent(server))
      await stop()
      const sent = Number((await positions(server))[0]?.['seq'])
      const followers = [{ name: 'test', accountIds: [], doubtMs: 60_000 }]
      const { files } = newArchive()
      // What it is sent while it is waited for may have to be sent again.
      const goOn = async () => {
        await write(server, 2, 't')
        const sending = sendTo(t, server.vault, new Kept())
        await until(() => isSent(server))
        await sending.stop()
      }

      const { archived } = await archive(server.vault, files, { followers, pause: goOn })
      assert.deepEqual(archived, [`1/000000000001-${String(sent).padStart(12, '0')}.jsonl`])

      now.skip(120_000)
      const later = await archive(server.vault, files, { followers, pause: () => assert.fail('It waits.') })
      assert.deepEqual([later.archived.length, later.failures], [1, []])
    })

    test('that cannot go on shows it in its state, with the age of what is left', async (t) => {
      const server = await startServer(t, engine)
      await write(server, 3)
      const kept = new Kept()
      kept.before = () => {
        throw new NotTaken('The receiver answered 401.')
      }
      sendTo(t, server.vault, kept)
      const state = () => server.vault.store.sinks.state('test', [])
      await until(async () => (await state()).fault !== undefined)

      const { fault, left, taken, oldestAt } = await state()
      assert.equal(fault?.reason, 'The receiver answered 401.')
      assert.deepEqual([left, taken], [await server.vault.store.auditSize(1), 0])
      const [first] = await server.vault.store.recordsAfter(1, 0, 1)
      assert.equal(oldestAt, first?.record.time)
    })

    test('is sent less at once by one for whom it is too much, and never passes a record over', async (t) => {
      const server = await startServer(t, engine)
      await write(server, 10)
      const kept = new Kept()
      kept.before = (pieces) => {
        const count = pieces.reduce((sum, { records }) => sum + records.length, 0)
        if (count > 2) throw new NotTaken('The receiver answered 413.', { isTooLarge: true })
      }
      sendTo(t, server.vault, kept)
      await until(() => isSent(server))

      assert.deepEqual(kept.seqs(), upTo(await server.vault.store.auditSize(1)))
    })

    test('that hangs delays neither requests nor another sink, and ends with the server', async (t) => {
      const server = await startServer(t, engine)
      const [hanging, other] = [new Kept(), new Kept()]
      let hangs = 0
      hanging.before = () => {
        hangs++
        return new Promise(() => {})
      }
      const { stop } = sendTo(t, server.vault, hanging, { name: 'hanging' })
      sendTo(t, server.vault, other, { name: 'other' })
      await until(() => hangs > 0)
      await write(server, 5)
      await until(() => isSent(server, 'other'))

      assert.equal((await server.api.get('/readyz')).status, 200)
      assert.deepEqual(other.seqs(), upTo(await server.vault.store.auditSize(1)))
      assert.equal(hangs, 1)
      await stop()
      assert.deepEqual(hanging.seqs(), [])
    })

    test('is sent to by one node, and by the other when that one stops', async (t) => {
      const { first, second } = await twoNodes(t, engine)
      const [one, two] = [new Kept(), new Kept()]
      const sending = sendTo(t, first.vault, one)
      await until(() => one.pieces.length > 0)
      const stopSecond = sendTo(t, second.vault, two).stop
      await write(first, 3)
      await write(second, 3, 't')
      await until(() => isSent(first))
      assert.deepEqual(two.pieces, [])

      await sending.stop()
      await write(second, 3, 'u')
      await until(() => isSent(second))
      await stopSecond()

      const all = [...one.seqs(), ...two.seqs()]
      assert.deepEqual(all, upTo(await second.vault.store.auditSize(1)))
      assert.ok(two.seqs().length >= 3)
    })

    test('does not move on under a lease that was lost: whoever has it sends the same again', async (t) => {
      const server = await startServer(t, engine)
      await write(server, 3)
      const { store } = server.vault
      const kept = new Kept()
      let isLost = false
      kept.before = async () => {
        if (isLost) return
        isLost = true
        await query(server.place, `update leases set holder = 'another', fence = fence + 1 where name = 'sink test'`)
      }
      sendTo(t, server.vault, kept)
      await until(() => kept.pieces.length > 0)
      await setTimeout(100)
      assert.deepEqual(await positions(server), [])

      await query(server.place, `update leases set until_ms = 0 where name = 'sink test'`)
      await until(() => isSent(server))
      const seqs = kept.seqs()
      assert.deepEqual([...new Set(seqs)], upTo(await store.auditSize(1)))
      assert.equal(seqs.filter((seq) => seq === 1).length, 2)
    })

    test('goes on from the end of a trail that is shorter than what it had', async (t) => {
      const server = await startServer(t, engine)
      await write(server, 3)
      const size = await server.vault.store.auditSize(1)
      await query(
        server.place,
        `insert into audit_sinks (account_id, name, seq, moved_ms) values (1, 'test', ${size + 5}, 1)`,
      )
      const kept = new Kept()
      sendTo(t, server.vault, kept)
      await until(async () => Number((await positions(server))[0]?.['seq']) === size)
      await write(server, 8, 't')
      await until(() => isSent(server))

      assert.deepEqual(
        kept.seqs(),
        upTo(await server.vault.store.auditSize(1)).filter((seq) => seq > size),
      )
    })

    test('sends what is left of a trail from which records were taken away, and says which are missing', async (t) => {
      const server = await startServer(t, engine)
      await write(server, 8)
      const size = await server.vault.store.auditSize(1)
      await query(server.place, 'delete from audit where account_id = 1 and seq in (1, 4, 5)')
      const kept = new Kept()
      const { watched } = sendTo(t, server.vault, kept)
      await until(() => isSent(server))

      assert.deepEqual(
        kept.seqs(),
        upTo(size).filter((seq) => ![1, 4, 5].includes(seq)),
      )
      assert.deepEqual(watched.missing, [
        [1, 1],
        [1, 4],
      ])
      // What a piece says comes before it is so.
      for (const { after, records } of kept.pieces) assert.equal(records[0]?.record.seq, after + 1)
    })

    test('begins anew when the store could not be asked, and loses nothing', async (t) => {
      const server = await startServer(t, engine)
      await write(server, 3)
      const kept = new Kept()
      const watched = watch()
      let isBroken = true
      const store = new Proxy(server.vault.store, {
        get: (target, name) => {
          if (name === 'recordsAfter' && isBroken) {
            isBroken = false
            return () => Promise.reject(new Error('The connection is gone.'))
          }
          const found: unknown = Reflect.get(target, name, target)
          return typeof found === 'function' ? found.bind(target) : found
        },
      })
      sendTo(t, { ...server.vault, store }, kept, { watched })
      await until(() => watched.errors.length === 1)
      await until(() => isSent(server))

      assert.deepEqual(firstArrivals(kept.seqs().map(String)).map(Number), upTo(await server.vault.store.auditSize(1)))
    })
  })
}
