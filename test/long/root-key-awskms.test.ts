/**
 * A root key in AWS KMS: the official client, from npm, asks moto, a server from PyPI that speaks as AWS does; and, for
 * what moto does not do (keys disabled, throttling), one that gives the answers which AWS documents.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { suite, test } from 'node:test'
import { kmsKey } from '../../src/crypto/providers/awskms.ts'
import { customerKey } from '../../src/crypto/providers/customer.ts'
import { openRootKey } from '../../src/crypto/providers/open.ts'
import { type Allowance, parseAllowance } from '../../src/outbound/addresses.ts'
import { doorThrough } from '../../src/outbound/fetch.ts'
import { installMoto, motoRegion } from '../support/moto.ts'

const context = Buffer.from('a context')
const plain = randomBytes(32)
const moto = installMoto('@aws-sdk/client-kms@3.1164.0')

suite('A root key in AWS KMS', { skip: moto.skip }, () => {
  const { load } = moto
  const rootAt = (endpoint: string, key: string) => kmsKey({ kind: 'awskms', key, region: motoRegion, endpoint }, load)

  test('opens what it wrapped, in its context and under its key alone', async (t) => {
    const endpoint = await moto.start(t)
    const [one, other] = [await makeKey(load, endpoint, 'alias/one'), await makeKey(load, endpoint, 'alias/other')]
    assert.notEqual(one, other)
    const root = await rootAt(endpoint, 'alias/one')

    const wrapped = await root.wrap(plain, context)

    assert.deepEqual(await root.unwrap(wrapped, context), plain)
    assert.deepEqual(await (await rootAt(endpoint, one)).unwrap(wrapped, context), plain)
    assert.equal(await root.unwrap(wrapped, Buffer.from('another')), undefined)
    assert.equal(await root.unwrap(Buffer.from('x'), context), undefined)
    assert.equal(await root.unwrap(Buffer.alloc(0), context), undefined)
    await assert.rejects((await rootAt(endpoint, 'alias/none')).wrap(plain, context), { reason: 'denied' })
    assert.equal(root.shown, 'awskms:alias/one@eu-central-1')
  })

  test('that AWS rotates opens what it wrapped before; an alias that names another key is another root key', async (t) => {
    const endpoint = await moto.start(t)
    const [one, other] = [await makeKey(load, endpoint, 'alias/one'), await makeKey(load, endpoint, 'alias/other')]
    const { KMSClient, EnableKeyRotationCommand, RotateKeyOnDemandCommand, UpdateAliasCommand } = Object(await load())
    const client = new KMSClient({ region: motoRegion, endpoint })
    const root = await rootAt(endpoint, 'alias/one')
    const wrapped = await root.wrap(plain, context)

    await client.send(new EnableKeyRotationCommand({ KeyId: one }))
    await client.send(new RotateKeyOnDemandCommand({ KeyId: one }))
    assert.deepEqual(await root.unwrap(wrapped, context), plain)
    assert.deepEqual(await root.unwrap(await root.wrap(plain, context), context), plain)

    await client.send(new UpdateAliasCommand({ AliasName: 'alias/one', TargetKeyId: other }))
    // AWS says that the key is another one; moto, that whoever asks may not.
    const found = await root.unwrap(wrapped, context).catch(({ reason }) => reason)
    assert.ok(found === undefined || found === 'denied')
    assert.deepEqual(await (await rootAt(endpoint, one)).unwrap(wrapped, context), plain)
  })

  test('that is disabled, deleted or withdrawn denies; throttled, ill or gone it is away; no message tells who asked', async (t) => {
    let type = ''
    const server = createServer((_request, reply) => {
      const status = type === 'KMSInternalException' ? 500 : 400
      reply.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
      reply.end(JSON.stringify({ __type: type, message: 'planted-message' }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const address = server.address()
    const root = await rootAt(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, 'alias/one')
    for (const [name, reason] of [
      ['DisabledException', 'denied'],
      ['KMSInvalidStateException', 'denied'],
      ['AccessDeniedException', 'denied'],
      ['NotFoundException', 'denied'],
      ['ThrottlingException', 'away'],
      ['KMSInternalException', 'away'],
      ['DependencyTimeoutException', 'away'],
    ] as const) {
      type = name
      await assert.rejects(root.unwrap(Buffer.from('x'), context), (error: Error & { reason?: string }) => {
        assert.equal(error.reason, reason, name)
        return error.name === 'ProviderTrouble' && !error.message.includes('planted')
      })
    }
    type = 'IncorrectKeyException'
    assert.equal(await root.unwrap(Buffer.from('x'), context), undefined)
    await assert.rejects((await rootAt('http://127.0.0.1:1', 'alias/one')).wrap(plain, context), { reason: 'away' })
  })

  test('of a customer is asked through the door alone, with what the customer gave and nothing of the server’s', async (t) => {
    const endpoint = await moto.start(t)
    const key = await makeKey(load, endpoint, 'alias/customer')
    const source = { kind: 'awskms', key, region: motoRegion, endpoint } as const
    const credentials = { access_key_id: 'planted-customer', secret_access_key: 'planted-customer-secret' }
    const asked: string[] = []
    const doorTo = (allowances: readonly Allowance[]) => {
      const door = doorThrough({ allowances })
      return (...[url, init]: Parameters<typeof door>) => {
        asked.push(String(Object(init.headers)['authorization']))
        return door(url, init)
      }
    }
    const loopback = parseAllowance('127.0.0.0/8') ?? assert.fail()
    const own = await customerKey(source, credentials, doorTo([loopback]), load)

    const wrapped = await own.wrap(plain, context)

    assert.deepEqual(await own.unwrap(wrapped, context), plain)
    assert.equal(await own.unwrap(wrapped, Buffer.from('another')), undefined)
    assert.ok(asked.length >= 3 && asked.every((one) => one.includes('planted-customer/')), asked.join())
    const inside = await customerKey(source, credentials, doorTo([]), load)
    await assert.rejects(inside.unwrap(wrapped, context), { reason: 'away' })
  })

  test('without the client is refused with a sentence that says what to install', async () => {
    await assert.rejects(
      openRootKey({ kind: 'awskms', key: 'alias/one', region: undefined, endpoint: undefined }),
      /install it beside Strongroom/,
    )
  })
})

/** @returns its id */
async function makeKey(load: () => Promise<unknown>, endpoint: string, alias: string): Promise<string> {
  // Of a package that is fetched, and of which nothing is known here.
  const { KMSClient, CreateKeyCommand, CreateAliasCommand } = Object(await load())
  const client = new KMSClient({ region: motoRegion, endpoint })
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
  await client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyMetadata.KeyId }))
  return String(KeyMetadata.KeyId)
}
