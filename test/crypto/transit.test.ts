/** A root key in the transit engine of OpenBao or Vault: what is asked of it, and what its answers mean. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { openRootKey } from '../../src/crypto/providers/open.ts'
import type { RootKeySource, TransitLogin } from '../../src/crypto/providers/provider.ts'
import { type TransitPost, transitKey, transitKeyThrough } from '../../src/crypto/providers/transit.ts'
import { makeFolder } from '../support/engines.ts'
import { startTransit } from '../support/transit-server.ts'

const context = Buffer.from('a context')
const plain = randomBytes(32)

function fileOf(t: TestContext, text: string): string {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'secret')
  writeFileSync(path, `${text}\n`)
  return path
}

function sourceOf(origin: string, login: TransitLogin) {
  return {
    kind: 'transit',
    origin,
    namespace: undefined,
    mount: 'transit',
    name: 'strongroom',
    caPath: undefined,
    login,
  } as const satisfies RootKeySource
}

async function setUp(t: TestContext, life = 3600) {
  const server = await startTransit(t)
  server.tokens.set('planted-token', life)
  const path = fileOf(t, 'planted-token')
  const source = sourceOf(server.origin, { kind: 'token', path })
  return { server, path, source, root: await openRootKey(source) }
}

suite("A root key's provider (transit)", () => {
  test('unwraps what it wrapped, in its context and under its key alone', async (t) => {
    const { server, root } = await setUp(t)
    const wrapped = await root.wrap(plain, context)

    assert.match(Buffer.from(wrapped).toString(), /^vault:v1:/)
    assert.deepEqual(await root.unwrap(wrapped, context), plain)
    assert.equal(await root.unwrap(wrapped, Buffer.from('another')), undefined)
    for (const strange of [Buffer.from('x'), Buffer.from('vault:v1:AAAA'), wrapped.subarray(0, -8)]) {
      assert.equal(await root.unwrap(strange, context), undefined)
    }
    server.key = randomBytes(32)
    assert.equal(await root.unwrap(wrapped, context), undefined)
    assert.equal(root.shown, `transit:${server.origin}/transit/strongroom`)
  })

  test('whose key is gone, or whose token may nothing, denies; whose server is ill or gone is away; neither tells a secret', async (t) => {
    const { server, root, path, source } = await setUp(t)
    const wrapped = await root.wrap(plain, context)
    const fails = async (reason: string, one = root) => {
      for (const work of [() => one.unwrap(wrapped, context), () => one.wrap(plain, context)]) {
        await assert.rejects(work, (error: Error & { reason?: string }) => {
          assert.equal(error.name, 'ProviderTrouble')
          assert.equal(error.reason, reason)
          return !/planted/.test(error.message)
        })
      }
    }
    const { key } = server
    server.key = undefined
    await fails('denied')
    server.key = key
    for (const [status, reason] of [
      [403, 'denied'],
      [404, 'denied'],
      [200, 'denied'],
      [429, 'away'],
      [472, 'away'],
      [500, 'away'],
      [503, 'away'],
    ] as const) {
      server.instead = [status, { errors: ['planted'] }]
      await fails(reason)
    }
    server.instead = [503, { errors: ['x'.repeat(100_000)] }]
    await fails('away')
    server.instead = undefined
    assert.deepEqual(await root.unwrap(wrapped, context), plain)
    rmSync(path)
    await fails('away')
    await fails('away', await openRootKey({ ...source, origin: 'http://127.0.0.1:1' }))
  })

  test('takes another token from its file, and renews the one it has at half of its life', async (t) => {
    const { server, path, source } = await setUp(t, 100)
    let now = 0
    const root = transitKey(source, () => now)
    const wrapped = await root.wrap(plain, context)
    const renewals = () => server.asked.filter((one) => one === '/v1/auth/token/renew-self planted-token').length
    assert.equal(renewals(), 1)
    now = 49_000
    await root.unwrap(wrapped, context)
    assert.equal(renewals(), 1)
    now = 50_000
    await root.unwrap(wrapped, context)
    assert.equal(renewals(), 2)

    server.tokens.delete('planted-token')
    server.tokens.set('next-token', 0)
    writeFileSync(path, 'next-token')

    assert.deepEqual(await root.unwrap(wrapped, context), plain)
  })

  test('logs in by AppRole and by Kubernetes, and again when its token is no longer good', async (t) => {
    const server = await startTransit(t)
    const logins: readonly TransitLogin[] = [
      { kind: 'approle', mount: 'approle', roleId: 'role', secretIdPath: fileOf(t, 'good-secret-id') },
      { kind: 'kubernetes', mount: 'kubernetes', role: 'strongroom', jwtPath: fileOf(t, 'good-jwt') },
    ]
    for (const login of logins) {
      const root = await openRootKey(sourceOf(server.origin, login))
      const wrapped = await root.wrap(plain, context)
      server.tokens.clear()
      assert.deepEqual(await root.unwrap(wrapped, context), plain, login.kind)
    }
    server.secretId = 'another'
    server.tokens.clear()
    const [approle] = logins
    assert.ok(approle)
    await assert.rejects((await openRootKey(sourceOf(server.origin, approle))).wrap(plain, context), {
      reason: 'denied',
    })
  })

  test('logs in once for all who ask at the same time, at first and when its token is no longer good', async (t) => {
    const { origin } = await startTransit(t)
    const access = { kind: 'approle', mount: 'approle', roleId: 'role', secretId: () => 'once' } as const
    const slow = Promise.withResolvers<void>()
    let logins = 0
    let refusals = 0
    let isRevoked = false
    const post: TransitPost = async (url, headers) => {
      const answer = (status: number, body: object) => ({ status, bytes: Buffer.from(JSON.stringify(body)) })
      if (url.endsWith('/login')) return answer(200, { auth: { client_token: `token ${++logins}` } })
      if (!isRevoked || headers['x-vault-token'] !== 'token 1') return answer(200, { data: { ciphertext: 'sealed' } })
      // The second of them hears of it when the first has logged in again.
      if (++refusals > 1) await slow.promise
      return answer(403, {})
    }
    const root = transitKeyThrough(sourceOf(origin, { kind: 'token', path: '' }), { access, post })

    await Promise.all([root.wrap(plain, context), root.wrap(plain, context)])
    assert.equal(logins, 1)

    isRevoked = true
    const [first, second] = [root.wrap(plain, context), root.wrap(plain, context)]
    await first
    slow.resolve()
    await second
    assert.equal(logins, 2)
  })
})
