/** A storage that does not send what it promised: nobody waits for it longer than they have to, and no connection is kept. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openBucket } from '../../src/archive/bucket.ts'
import { SegmentFault } from '../../src/audit/segment.ts'
import { ArchivedFiles } from '../../src/vault/archived-files.ts'

const bodies = {
  'stalls.jsonl': { length: 1000, sent: 'x'.repeat(500) },
  'fine.jsonl': { length: 2, sent: 'x\n' },
  'long.jsonl': { length: 2 ** 29, sent: 'x' },
}

/** Sends headers and a part of what they promise, and then nothing. */
async function start(t: TestContext) {
  const server = createServer(({ url }, response) => {
    const body = Object.entries(bodies).find(([name]) => url?.endsWith(name))?.[1]
    response.writeHead(200, { 'content-length': body?.length ?? 0 })
    response.write(body?.sent ?? '')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const begun = Promise.withResolvers<void>()
  /** It forgets the signal, which a client need not heed once it has the headers. */
  class S3Client {
    async send({ Key }: GetObjectCommand) {
      const request = get(`http://127.0.0.1:${port}/${Key}`)
      const [Body]: IncomingMessage[] = await once(request, 'response')
      // It is told, too, of what ends the answer.
      request.on('error', () => {})
      begun.resolve()
      return { Body, ContentLength: Number(Body?.headers['content-length']) }
    }
  }
  const commands = { GetObjectCommand, PutObjectCommand: GetObjectCommand, ListObjectsV2Command: GetObjectCommand }
  const bucket = { name: 'trail', prefix: '', region: undefined, endpoint: undefined }
  const open = (patienceMs?: number) => openBucket(bucket, async () => ({ S3Client, ...commands }), patienceMs)
  /** When the storage has lost the connection that it is asked on next. */
  const lost = async () => {
    const [socket] = await once(server, 'connection')
    await once(socket, 'close')
  }
  return { open, lost, begun: begun.promise }
}

class GetObjectCommand {
  readonly Key: string
  constructor({ Key }: { readonly Key: string }) {
    this.Key = Key
  }
}

/** As it had sent the headers by then, or not yet. */
const brokeOff = { code: 'audit_unavailable', message: /^The storage of the archive (broke off|cannot be used) \(/ }

suite('A storage that stalls', { timeout: 60_000 }, () => {
  test('in the midst of an object is given up, by its own limit or by whoever asks', async (t) => {
    const { open, lost } = await start(t)
    const byLimit = lost()
    await assert.rejects((await open(50)).open('1/stalls.jsonl'), brokeOff)
    await byLimit
    const byAsker = lost()
    await assert.rejects((await open()).open('1/stalls.jsonl', AbortSignal.timeout(50)), brokeOff)
    await byAsker
  })

  test('before it answers, with a client that heeds no signal, is given up, and its answer is ended', async () => {
    const answer = Promise.withResolvers<object>()
    class S3Client {
      send() {
        return answer.promise
      }
    }
    const commands = { GetObjectCommand, PutObjectCommand: GetObjectCommand, ListObjectsV2Command: GetObjectCommand }
    const bucket = { name: 'trail', prefix: '', region: undefined, endpoint: undefined }
    const files = await openBucket(bucket, async () => ({ S3Client, ...commands }), 20)

    const late = { code: 'audit_unavailable', message: 'The storage of the archive cannot be used (TimeoutError).' }
    await assert.rejects(files.find(1, 1, 2), late)
    await assert.rejects(files.open('1/fine.jsonl'), late)

    const Body = Readable.from(['x'])
    answer.resolve({ Body })
    await setImmediate()
    assert.ok(Body.destroyed)
  })

  test('does not keep the turn of the account that asks', async (t) => {
    const { open, begun } = await start(t)
    const archived = new ArchivedFiles(open)
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const late = archived.read(1, '1/stalls.jsonl', async () => ({}))
    await begun
    t.mock.timers.tick(10_000)
    assert.equal(await late, 'unavailable')
    const other = { of: 1 }
    assert.equal(await archived.read(1, '1/fine.jsonl', async () => other), other)
  })

  test('behind more than a segment can have is not waited for at all', async (t) => {
    const { open, lost } = await start(t)
    const ended = lost()
    await assert.rejects((await open()).open('1/long.jsonl'), SegmentFault)
    await ended
  })
})
