/** Where an archive may be, and what is said of what it may not. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { openBucket } from '../../src/archive/bucket.ts'
import { readBucket } from '../../src/archive/bucket-url.ts'
import { openArchive } from '../../src/archive/place.ts'
import { readConfig } from '../../src/config.ts'
import { newArchive } from '../support/archive.ts'

suite('The place of an archive', () => {
  test('is a bucket with a prefix, where its URL says so', () => {
    const none = { region: undefined, endpoint: undefined }
    assert.deepEqual(readBucket('s3://trail'), { name: 'trail', prefix: '', ...none })
    assert.deepEqual(readBucket('s3://trail/a/b'), { name: 'trail', prefix: 'a/b/', ...none })
    assert.deepEqual(readBucket('s3://my.trail/a/?region=eu-central-1&endpoint=https://minio.example:9000'), {
      ...{ name: 'my.trail', prefix: 'a/', region: 'eu-central-1', endpoint: 'https://minio.example:9000' },
    })
    assert.equal(typeof readBucket('s3://trail?endpoint=http://127.0.0.1:9000'), 'object')
  })

  test('is refused with a sentence, before anything starts', () => {
    for (const [url, fault] of [
      ['s3:', /bucket/],
      ['s3://', /bucket/],
      ['s3://A', /bucket/],
      ['s3://key:planted@trail/', /bucket/],
      ['s3://trail//a', /slashes/],
      ['s3://trail/a b', /slashes/],
      ['s3://trail/%2e%2e/', /slashes/],
      ['s3://trail?regio=x', /nothing else/],
      ['s3://trail?secret=planted', /nothing else/],
      ['s3://trail?region=a&region=b', /once/],
      ['s3://trail?region=A', /region/],
      ['s3://trail?endpoint=http://storage.example', /https/],
      ['s3://trail?endpoint=https://key:planted@storage.example', /user/],
      ['s3://trail?endpoint=https://storage.example/a', /path/],
      ['s3://trail#a', /bucket/],
    ] as const) {
      assert.match(String(readBucket(url)), fault, url)
      assert.throws(
        () => readConfig({ STRONGROOM_AUDIT_ARCHIVE: url }),
        ({ message }: Error) => message.includes('STRONGROOM_AUDIT_ARCHIVE') && !message.includes('planted'),
      )
    }
  })

  test('has whole files alone, though whoever lost the lease goes on beside whoever has it', async () => {
    const { path, files } = newArchive()
    const name = '1/000000000001-000000000002.jsonl'
    const [late, next] = [heldLines(), heldLines()]
    const make = ({ lines }: ReturnType<typeof heldLines>) => files.make(name, lines).then(() => 'made', String)
    const there = () => readdirSync(join(path, '1')).filter((one) => one.endsWith('.jsonl') && !one.startsWith('.'))
    const making = make(late)
    await late.begun
    const makingNext = make(next)
    await next.begun

    late.goOn()
    await making
    for (const one of there()) assert.equal(readFileSync(join(path, '1', one), 'utf8'), 'one\ntwo\n')
    next.goOn()
    const ended = await Promise.all([making, makingNext])

    assert.equal(ended.filter((how) => how === 'made').length, 1, ended.join())
    assert.deepEqual(readdirSync(join(path, '1')), [name.slice(2)])
    assert.equal(readFileSync(join(path, name), 'utf8'), 'one\ntwo\n')
  })

  test('at a storage needs its client, and says so', async () => {
    await assert.rejects(openArchive('s3://trail'), /needs the package @aws-sdk\/client-s3/)
    const bucket = { name: 'trail', prefix: '', region: undefined, endpoint: undefined }
    await assert.rejects(
      openBucket(bucket, async () => ({ S3Client: class {} })),
      /needs the package/,
    )
  })

  test('at a storage that cannot be asked is no fault of the trail, and repeats nothing that was answered', async () => {
    class Command {}
    class S3Client {
      send() {
        return Promise.reject(Object.assign(new Error('planted'), { name: 'planted-5ecret' }))
      }
    }
    const commands = { PutObjectCommand: Command, GetObjectCommand: Command, ListObjectsV2Command: Command }
    const bucket = { name: 'trail', prefix: '', region: undefined, endpoint: undefined }
    const files = await openBucket(bucket, async () => ({ S3Client, ...commands }))
    for (const asked of [files.find(1, 1, 1), files.open('1/x.jsonl'), files.make('1/x.jsonl', nothing())]) {
      await assert.rejects(asked, {
        name: 'Refusal',
        code: 'audit_unavailable',
        message: 'The storage of the archive cannot be used (unknown).',
      })
    }
  })
})

async function* nothing(): AsyncGenerator<string> {}

/** Two lines, with something held between them. */
function heldLines() {
  const begun = Promise.withResolvers<void>()
  const going = Promise.withResolvers<void>()
  async function* lines(): AsyncGenerator<string> {
    yield 'one'
    begun.resolve()
    await going.promise
    yield 'two'
  }
  return { lines: lines(), begun: begun.promise, goOn: going.resolve }
}
