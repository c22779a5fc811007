/** A root key in OpenBao itself: that it answers as the recorded server does. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { openRootKey } from '../../src/crypto/providers/open.ts'
import type { TransitLogin } from '../../src/crypto/providers/provider.ts'
import { makeFolder } from '../support/engines.ts'
import { missingBao, rootToken, startBao } from './bao.ts'

const context = Buffer.from('a context')

suite('A root key in OpenBao', { skip: missingBao }, () => {
  test('opens what it wrapped in its context, by token and by AppRole, until it is taken away', async (t) => {
    const { origin, call } = await startBao(t)
    await call('POST', 'sys/mounts/transit', { type: 'transit' })
    await call('POST', 'transit/keys/strongroom', { type: 'aes256-gcm96' })
    const allow = (name: string) => `path "transit/${name}/strongroom" { capabilities = ["update"] }`
    const policy = [allow('encrypt'), allow('decrypt')].join('\n')
    await call('POST', 'sys/policies/acl/strongroom', { policy })
    await call('POST', 'sys/auth/approle', { type: 'approle' })
    await call('POST', 'auth/approle/role/strongroom', { token_policies: ['strongroom'], token_ttl: '60s' })
    const roleId = String((await call('GET', 'auth/approle/role/strongroom/role-id'))['role_id'])
    const secretId = String((await call('POST', 'auth/approle/role/strongroom/secret-id', {}))['secret_id'])
    const folder = makeFolder()
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const logins: readonly TransitLogin[] = [
      { kind: 'token', path: file('token', rootToken) },
      { kind: 'approle', mount: 'approle', roleId, secretIdPath: file('secret-id', secretId) },
    ]
    const place = {
      kind: 'transit',
      origin,
      namespace: undefined,
      mount: 'transit',
      name: 'strongroom',
      caPath: undefined,
    } as const
    const plain = randomBytes(32)

    for (const login of logins) {
      const root = await openRootKey({ ...place, login })
      const wrapped = await root.wrap(plain, context)
      assert.deepEqual(await root.unwrap(wrapped, context), plain, login.kind)
      assert.equal(await root.unwrap(wrapped, Buffer.from('another')), undefined)
      assert.equal(await root.unwrap(Buffer.from('x'), context), undefined)
      await call('POST', 'transit/keys/strongroom/rotate', {})
      assert.deepEqual(await root.unwrap(wrapped, context), plain)
    }
    const [, approle] = logins
    assert.ok(approle)
    const root = await openRootKey({ ...place, login: approle })
    const wrapped = await root.wrap(plain, context)
    await call('POST', 'sys/policies/acl/strongroom', { policy: allow('encrypt') })
    await assert.rejects(root.unwrap(wrapped, context), { reason: 'denied' })
    await call('POST', 'sys/policies/acl/strongroom', { policy })
    assert.deepEqual(await root.unwrap(wrapped, context), plain)
    await call('POST', 'transit/keys/strongroom/config', { deletion_allowed: true })
    await call('DELETE', 'transit/keys/strongroom')
    await assert.rejects(root.unwrap(wrapped, context), { reason: 'denied' })
  })
})
