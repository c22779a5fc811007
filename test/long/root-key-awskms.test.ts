/**
 * A root key in AWS KMS: the official client, from npm, asks moto, a server from PyPI that speaks as AWS does; and, for
 * what moto does not do (keys disabled, throttling), one that gives the answers which AWS documents.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { kmsKey } from '../../src/crypto/providers/awskms.ts'
import { openRootKey } from '../../src/crypto/providers/open.ts'
import { makeFolder } from '../support/engines.ts'

const context = Buffer.from('a context')
const plain = randomBytes(32)
const folder = makeFolder()
process.env['AWS_ACCESS_KEY_ID'] = 'planted-id'
process.env['AWS_SECRET_ACCESS_KEY'] = 'planted-secret'

suite('A root key in AWS KMS', { skip: install() }, () => {
  const load = async () => createRequire(join(folder, 'x.js'))('@aws-sdk/client-kms')
  const rootAt = (endpoint: string, key: string) =>
    kmsKey({ kind: 'awskms', key, region: 'eu-central-1', endpoint }, load)

  test('opens what it wrapped, in its context and under its key alone', async (t) => {
    const endpoint = await startMoto(t)
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

  test('without the client is refused with a sentence that says what to install', async () => {
    await assert.rejects(
      openRootKey({ kind: 'awskms', key: 'alias/one', region: undefined, endpoint: undefined }),
      /install it beside Strongroom/,
    )
  })
})

/** @returns why it cannot be had, or `false` */
function install(): string | false {
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  const steps: readonly (readonly [string, readonly string[]])[] = [
    ['npm', ['install', '--no-audit', '--no-fund', '@aws-sdk/client-kms@3.1164.0']],
    ['python3', ['-m', 'venv', 'venv']],
    ['venv/bin/pip', ['install', '-q', 'moto[server]==5.*']],
  ]
  for (const [program, parameters] of steps) {
    const { status } = spawnSync(program, parameters, { cwd: folder, stdio: 'ignore' })
    if (status !== 0) return `it cannot be had: ${program} ${parameters.join(' ')}`
  }
  return false
}

async function startMoto(t: TestContext): Promise<string> {
  const port = await freePort()
  const child = spawn(join(folder, 'venv/bin/moto_server'), ['-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
  })
  t.after(() => child.kill())
  const endpoint = `http://127.0.0.1:${port}`
  const end = performance.now() + 60_000
  const isUp = () =>
    fetch(endpoint)
      .then(() => true)
      .catch(() => false)
  while (!(await isUp())) {
    assert.ok(performance.now() < end, 'moto does not start')
    await setTimeout(100)
  }
  return endpoint
}

/** @returns its id */
async function makeKey(load: () => Promise<unknown>, endpoint: string, alias: string): Promise<string> {
  // Of a package that is fetched, and of which nothing is known here.
  const { KMSClient, CreateKeyCommand, CreateAliasCommand } = Object(await load())
  const client = new KMSClient({ region: 'eu-central-1', endpoint })
  const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
  await client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: KeyMetadata.KeyId }))
  return String(KeyMetadata.KeyId)
}

async function freePort(): Promise<number> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
