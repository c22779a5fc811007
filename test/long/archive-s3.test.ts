/** An archive in a bucket: the official client asks a server that speaks as Amazon S3 does. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { openBucket } from '../../src/archive/bucket.ts'
import type { Bucket } from '../../src/archive/bucket-url.ts'
import { openArchive } from '../../src/archive/place.ts'
import type { SegmentFiles } from '../../src/audit/segment.ts'
import { restoreSegment } from '../../src/vault/archive.ts'
import { archive, pagesOf, read, ticking, verdictOf } from '../support/archive.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { installMoto, motoRegion } from '../support/moto.ts'
import { startServer } from '../support/server.ts'

const moto = installMoto('@aws-sdk/client-s3@3.1164.0')
const [sqlite] = engines
assert.ok(sqlite)
const bucketAt = (endpoint: string): Bucket => ({ name: 'trail', prefix: 'a/b/', region: motoRegion, endpoint })
const host = { name: 'root', requestId: 'test' }

/** The official client's, without types: it is fetched, and nothing of it is known here. */
async function ask(endpoint: string, command: string, input: object) {
  const client = Object(await moto.load())
  return new client.S3Client({ region: motoRegion, endpoint, forcePathStyle: true }).send(new client[command](input))
}

async function makeBucket(endpoint: string): Promise<void> {
  await ask(endpoint, 'CreateBucketCommand', {
    Bucket: 'trail',
    CreateBucketConfiguration: { LocationConstraint: motoRegion },
  })
}

const dayMs = 86_400_000
const queries = ['action=secret.read', 'secret=a', 'secret=1&action=secret.create', 'principal=1&action=secret.read']

/** A server whose setting names a bucket, with three days of records, and what takes the older two there. */
async function startQueried(t: TestContext, engine: TestEngine) {
  const { endpoint, end } = await moto.startEnding(t)
  await makeBucket(endpoint)
  const now = ticking()
  const auditArchive = `s3://trail/a/b?region=${motoRegion}&endpoint=${endpoint}`
  const server = await startServer(t, engine, { now, auditArchive })
  await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
  for (let day = 0; day < 3; day++) {
    if (day > 0) now.skip(dayMs)
    await read(server, 4)
  }
  const takeOld = async () => {
    const files = await openArchive(auditArchive)
    const names: string[] = []
    for (const days of [2, 1]) {
      const { archived, failures } = await archive(server.vault, files, { keepMs: (days - 0.5) * dayMs })
      assert.deepEqual(failures, [])
      names.push(...archived)
    }
    return names
  }
  return { ...server, endpoint, end, takeOld }
}

suite('An archive in a bucket', { skip: moto.skip }, () => {
  test('has what the database has no more, is verified, and gives it back', async (t) => {
    const endpoint = await moto.start(t)
    await makeBucket(endpoint)
    const server = await startServer(t, sqlite, { now: ticking() })
    await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
    const files = await openBucket(bucketAt(endpoint), moto.load)
    await read(server, 3)

    const first = await archive(server.vault, files)
    await read(server, 3)
    const second = await archive(server.vault, files)

    assert.deepEqual([...first.failures, ...second.failures], [])
    const names = [...first.archived, ...second.archived]
    const { Contents } = await ask(endpoint, 'ListObjectsV2Command', { Bucket: 'trail' })
    assert.deepEqual(
      Contents.map(({ Key }: { Key: string }) => Key),
      names.map((name) => `a/b/${name}`),
    )
    assert.equal((await verdictOf(server.vault, files)).fault, undefined)

    const [name = ''] = names
    const restored = await restoreSegment(server.vault, () => files.open(name), Date.now() + 86_400_000, host)
    assert.equal(restored?.file, name)
    const [oldest] = await server.vault.store.recordsAfter(1, 0, 1)
    assert.equal(oldest?.record.seq, 1)

    const kept = await ask(endpoint, 'GetObjectCommand', { Bucket: 'trail', Key: `a/b/${names[1]}` })
    const text: string = await kept.Body.transformToString()
    await ask(endpoint, 'PutObjectCommand', {
      ...{ Bucket: 'trail', Key: `a/b/${names[1]}`, Body: text.replace('secret.read', 'secret.list') },
    })
    assert.notEqual((await verdictOf(server.vault, files)).fault, undefined)
    await ask(endpoint, 'DeleteObjectCommand', { Bucket: 'trail', Key: `a/b/${names[1]}` })
    assert.notEqual((await verdictOf(server.vault, files)).fault, undefined)
  })

  test('answers as the database did, and says what an object keeps it from', async (t) => {
    moto.offer()
    const { api, vault, endpoint, end, takeOld } = await startQueried(t, sqlite)
    const found = async (limit: number) => {
      const all: unknown[] = []
      for (const query of queries) {
        const { records, left } = await pagesOf(api, query, limit)
        assert.deepEqual(left, [])
        all.push(records)
      }
      return all
    }
    const before = await found(500)
    const { records } = await pagesOf(api, queries[0])
    const [, newer = ''] = await takeOld()
    const Key = `a/b/${newer}`
    const [begin, last] = [Number(newer.slice(-31, -19)), Number(newer.slice(-18, -6))]
    assert.equal((await vault.store.recordsAfter(1, 0, 1))[0]?.record.seq, last + 1)
    assert.deepEqual(await found(500), before)
    assert.deepEqual(await found(2), before)

    const told = async (code: string, first: number) => {
      const rest = records.filter(({ seq }) => seq < first || seq > last)
      for (const limit of [500, 2]) {
        const page = await pagesOf(api, queries[0], limit)
        assert.deepEqual(page.records, rest, code)
        assert.deepEqual(
          page.left.map((one) => [one.code, one.first, one.last]),
          [[code, first, last]],
        )
        assert.ok(!JSON.stringify(page.left).includes('planted'))
      }
    }
    const kept = await ask(endpoint, 'GetObjectCommand', { Bucket: 'trail', Key })
    const text: string = await kept.Body.transformToString()
    for (const Body of [text.replace('secret.read', 'secret.list'), text.slice(0, text.length / 2)]) {
      await ask(endpoint, 'PutObjectCommand', { Bucket: 'trail', Key, Body })
      await told('altered', begin)
    }
    await ask(endpoint, 'DeleteObjectCommand', { Bucket: 'trail', Key })
    await told('missing', begin)
    await ask(endpoint, 'PutObjectCommand', { Bucket: 'trail', Key, Body: text })
    assert.deepEqual(await found(500), before)
    await end()
    await told('unavailable', 1)
  })

  test('replaces nothing, finds only what begins where it is asked, and knows what is absent', async (t) => {
    const endpoint = await moto.start(t)
    await makeBucket(endpoint)
    const files = await openBucket(bucketAt(endpoint), moto.load)
    const name = '1/000000000001-000000000003.jsonl'
    await files.make(name, lines('one'))

    await assert.rejects(files.make(name, lines('two')), /PreconditionFailed/)
    assert.equal(await files.find(1, 1, 3), name)
    assert.equal(await files.find(1, 1, 2), undefined)
    assert.equal(await files.find(1, 2, 3), undefined)
    assert.equal(await files.find(11, 1, 3), undefined)
    assert.equal(await files.open('1/none.jsonl'), undefined)
    assert.deepEqual(await linesOf(files, name), ['one'])
  })

  test('that cannot be used leaves everything in the database, and says no word of who asked', async (t) => {
    const endpoint = await moto.start(t)
    const server = await startServer(t, sqlite, { now: ticking() })
    await server.api.post('/v3/secrets', { name: 'a', value: 'one' })
    const size = await server.vault.store.auditSize(1)
    for (const at of [endpoint, 'http://127.0.0.1:1']) {
      const { failures, archived } = await archive(server.vault, await openBucket(bucketAt(at), moto.load))
      assert.deepEqual(archived, [])
      assert.match(failures[0] ?? '', /^The storage of the archive cannot be used \(\w+\)\.$/)
      assert.ok(!failures.join(' ').includes('planted'))
    }
    assert.equal((await server.vault.store.recordsAfter(1, 0, 100)).length, size)
  })
})

async function* lines(...some: readonly string[]): AsyncGenerator<string> {
  yield* some
}

async function linesOf(files: SegmentFiles, name: string): Promise<unknown[]> {
  const source = await files.open(name)
  assert.ok(source)
  const found: unknown[] = []
  for await (const line of source.lines) found.push(Buffer.from(line).toString())
  return found
}
