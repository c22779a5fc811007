/** What of its root keys is in a server's memory: for each provider that keeps its own, what docs/security.md says. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { openMasters } from '../../src/crypto/master-key.ts'
import { openRootKey } from '../../src/crypto/providers/open.ts'
import { parseRootKeyUrl } from '../../src/crypto/providers/urls.ts'
import { openStore } from '../../src/store/open.ts'
import { startChild } from '../support/child.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { foundInMemory, mappedFiles } from '../support/memory.ts'
import { makeToken, pin, softhsmSkip } from '../support/softhsm.ts'
import { startTransit } from '../support/transit-server.ts'

/** In all forms that a program would have of them. */
function formsOf(name: string, bytes: Buffer): Record<string, Buffer> {
  const texts = (['hex', 'base64', 'base64url'] as const).map((form) => [
    `${name} ${form}`,
    Buffer.from(bytes.toString(form)),
  ])
  return { [name]: bytes, ...Object.fromEntries(texts) }
}

/** It encrypts with a key of its own. */
function makeProgram(t: TestContext, key: Buffer): string {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'program')
  const body = `base64 -d | openssl enc -aes-256-ctr -K ${key.toString('hex')} -iv ${'0'.repeat(32)} | base64 -w0`
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o700)
  return path
}

suite('In the memory of a server', { skip: process.platform === 'linux' ? softhsmSkip : 'Reads /proc.' }, () => {
  test('are its master key and no root key that a provider keeps, nor PIN and library of a token', async (t) => {
    const [ofProgram, ofToken] = [randomBytes(32), randomBytes(32)]
    const transit = await startTransit(t)
    transit.tokens.set('planted-token', 3600)
    const { source, pinPath, configPath } = makeToken(t, [{ value: ofToken }])
    const tokenPath = `${pinPath}.transit`
    writeFileSync(tokenPath, 'planted-token')
    const urls = [
      `command:${makeProgram(t, ofProgram)}`,
      `transit:${transit.origin}/transit/strongroom?token-file=${tokenPath}`,
      `pkcs11:token=the%20token;object=root?module-path=${source.modulePath}&pin-source=file:${pinPath}`,
    ]
    const place = await (engines[0] ?? assert.fail()).makeMigratedPlace()
    t.after(() => place.clear())
    const env = { STRONGROOM_ROOT_KEY_URLS: urls.join(' '), SOFTHSM2_CONF: configPath }
    const server = await startChild(t, place, { env })
    const api = server.api(server.firstKey ?? '')
    assert.equal((await api.post('/v3/secrets', { name: 'a', value: 'b' })).status, 201)
    const master = await masterKeyOf(place.dataDir, urls[0] ?? '')

    const found = foundInMemory(server.process.pid ?? 0, {
      ...formsOf('command', ofProgram),
      ...formsOf('transit', transit.key ?? assert.fail()),
      ...formsOf('pkcs11', ofToken),
      pin: Buffer.from(pin),
      master,
      token: Buffer.from('planted-token'),
    })

    assert.deepEqual(found, ['master', 'token'])
    assert.doesNotMatch(mappedFiles(server.process.pid ?? 0), /softhsm|pkcs11/)
    await server.end('SIGTERM')
  })
})

async function masterKeyOf(dataDir: string, url: string): Promise<Buffer> {
  const source = parseRootKeyUrl(url, {})
  if (typeof source === 'string') assert.fail(source)
  const store = await openStore({
    ...{ databaseUrl: undefined, dataDir, keepVersions: 10, diskReserveBytes: 0 },
    ...{ isSynchronousRequired: false, mayMake: false },
  })
  try {
    const [first] = await openMasters([await openRootKey(source)], await store.keyring(() => assert.fail()))
    return first?.bytes ?? assert.fail()
  } finally {
    await store.close()
  }
}
