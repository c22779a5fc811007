/** What a node knows of trails is held against the database when a standby has taken over: what is lost is told, and nothing else. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { Conditions } from '../../src/store/conditions.ts'
import { Standing, standingQuery } from '../../src/store/postgres/standing.ts'
import { numbered, type Query } from '../../src/store/sql.ts'
import type { NamedRow } from '../../src/store/tables/field.ts'
import { Trails } from '../../src/store/trails.ts'
import { archive, newArchive, read, ticking } from '../support/archive.ts'
import { engines } from '../support/engines.ts'
import { connectTo } from '../support/postgres.ts'
import { startServer } from '../support/server.ts'

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()
const { skip } = postgres

/** A node that has looked at a database, of which it then seems that a standby has taken over. */
async function lookingNode(t: TestContext) {
  const server = await startServer(t, postgres, { now: ticking() })
  await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
  await read(server, 5)
  const client = await connectTo(t, server.place.databaseUrl ?? assert.fail())
  const rowsOf = async (sql: string, parameters: readonly unknown[] = []) =>
    (await client.query<NamedRow>(sql, [...parameters])).rows
  let timeline: string | undefined
  const turned = (rows: readonly NamedRow[]) =>
    rows.map((row) => (timeline !== undefined && 'timeline' in row ? { ...row, timeline } : row))
  const ask = async ({ sql, parameters }: Query) => turned(await rowsOf(numbered(sql), parameters))
  const trails = new Trails()
  const lost: (readonly [known: number, found: number])[] = []
  trails.onLost(({ size }, found) => lost.push([size, found]))
  const standing = new Standing(new Conditions(), false, trails)
  await standing.look(ask)
  return {
    ...{ server, standing, trails, lost },
    look: () => standing.look(ask),
    takeOver: (count = 1) => {
      timeline = `FFFFFFF${count}`
    },
    /** As a batch begins. */
    decide: async () => standing.read(turned(await rowsOf(standingQuery))[0]),
    /** As a batch ends that found a trail up to a record. */
    acknowledge: async (seq: number, head?: Uint8Array) => {
      const [row] = await rowsOf('select head from audit where account_id = 1 and seq = $1', [seq])
      const auditHead = head ?? (row?.['head'] as Uint8Array | undefined) ?? assert.fail(`no record ${seq}`)
      trails.acknowledge([{ id: 1, auditSize: seq, auditHead }])
    },
  }
}

suite('A node that sees that a standby has taken over', { skip }, () => {
  test('misses no record that is in the archive', async (t) => {
    const node = await lookingNode(t)
    await node.acknowledge(2)
    // Others went on, and the newest record of all is of the archiving.
    const { archived, failures } = await archive(node.server.vault, newArchive().files)
    assert.deepEqual([archived.length, failures], [1, []])
    node.takeOver()

    await node.look()

    assert.deepEqual(node.lost, [])
  })

  test('finds that another record is at the end of a segment, and one beyond the end of the trail', async (t) => {
    const node = await lookingNode(t)
    const { store } = node.server.vault
    await archive(node.server.vault, newArchive().files)
    const [segment] = await store.segments.after(1, 0)
    const end = segment?.lastSeq ?? assert.fail()
    await node.acknowledge(end, Buffer.from(segment?.head ?? '', 'hex'))
    node.takeOver(1)
    await node.look()
    assert.deepEqual(node.lost, [])

    await node.acknowledge(end, Buffer.alloc(32))
    node.takeOver(2)
    await node.look()
    const size = await store.auditSize(1)
    assert.deepEqual(node.lost, [[end, size]])

    await node.acknowledge(size + 1, Buffer.alloc(32))
    node.takeOver(3)
    await node.look()
    assert.deepEqual(node.lost.at(-1), [size + 1, size])
  })

  test('finds what was lost, though others and itself have gone on before it looked', async (t) => {
    const node = await lookingNode(t)
    await node.acknowledge(3, Buffer.alloc(32))
    node.takeOver()

    // What is left is longer by now than what was acknowledged.
    await node.decide()
    await node.acknowledge(4)
    await node.decide()
    await node.acknowledge(5)
    await node.look()
    assert.deepEqual(node.lost, [[3, await node.server.vault.store.auditSize(1)]])

    await node.look()
    assert.deepEqual([node.lost.length, node.trails.known.length], [1, 1])
  })
})
