/** The client against a real server: each method does what its name says. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Conflict, Forbidden, Invalid, NotFound, Strongroom, Unauthorized, versionTag } from '../../src/client/index.ts'
import { startAccount } from '../support/account.ts'
import { rounds } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { anyCharacter, fc } from '../support/fast-check.ts'
import { Middleman } from '../support/middleman.ts'

const runs = rounds(15, 200)

for (const engine of engines) {
  suite(`${engine.name}: the client`, { skip: engine.skip }, () => {
    test('creates, reads, updates and deletes a secret', async (t) => {
      const { api } = await startAccount(t, engine)
      const { secrets } = new Strongroom({ url: api.url, apiKey: api.key })

      const created = await secrets.create({ name: 'db-password', value: 'first' })
      const read = await secrets.get(created.id)
      const updated = await secrets.update(created.id, { value: 'second', name: 'db-password' }, { ifMatch: read.etag })

      const { created_at, updated_at } = created
      assert.deepEqual(created, { id: 1, name: 'db-password', created_at, updated_at, etag: '"1"' })
      assert.deepEqual(read, { ...created, value: 'first' })
      assert.deepEqual([updated.name, updated.etag], ['db-password', '"2"'])
      assert.equal((await secrets.get(1)).value, 'second')
      assert.equal(await secrets.delete(1, { ifMatch: updated.etag }), undefined)
      await assert.rejects(secrets.get(1), NotFound)
    })

    test('gives every value back as it was sent', async (t) => {
      const { api } = await startAccount(t, engine)
      const { secrets } = new Strongroom({ url: api.url, apiKey: api.key })
      const { id } = await secrets.create({ name: 'any', value: '' })
      assert.equal((await secrets.get(id)).value, '')

      await fc.assert(
        fc.asyncProperty(fc.string({ unit: anyCharacter, maxLength: 200 }), async (value) => {
          await secrets.update(id, { value: `\ufeff${value}` })
          assert.equal((await secrets.get(id)).value, `\ufeff${value}`)
        }),
        { numRuns: runs },
      )
    })

    test('refuses a change upon a version that is no more, and takes several', async (t) => {
      const { api } = await startAccount(t, engine)
      const { secrets } = new Strongroom({ url: api.url, apiKey: api.key })
      const { id, etag } = await secrets.create({ name: 'db-password', value: 'first' })
      const second = await secrets.update(id, { value: 'second' })

      const stale = { status: 412, code: 'stale_version' }
      await assert.rejects(secrets.update(id, { value: 'third' }, { ifMatch: etag }), stale)
      await assert.rejects(secrets.restore(id, 1, { ifMatch: etag }), stale)
      await assert.rejects(secrets.delete(id, { ifMatch: etag }), Conflict)
      assert.equal((await secrets.update(id, { value: 'third' }, { ifMatch: [etag, second.etag] })).etag, '"3"')
      assert.equal((await secrets.update(id, { value: 'fourth' }, { ifMatch: '*' })).etag, '"4"')
    })

    test('changes what is known of a secret only as it was read, apart from its value', async (t) => {
      const { api } = await startAccount(t, engine)
      const { secrets } = new Strongroom({ url: api.url, apiKey: api.key })
      const { id } = await secrets.create({ name: 'db-password', value: 'first' })
      const { etag, version } = await secrets.metadata(id)

      await secrets.update(id, { value: 'second' }, { ifMatch: versionTag(version) })
      const { etag: next = assert.fail() } = await secrets.updateMetadata(id, { tags: ['a'] }, { ifMatch: etag })

      await assert.rejects(secrets.updateMetadata(id, { tags: ['b'] }, { ifMatch: etag }), Conflict)
      await assert.rejects(secrets.update(id, { value: 'third' }, { ifMatch: next }), Conflict)
      const { tags } = await secrets.updateMetadata(id, { description: 'd' }, { ifMatch: [etag, next] })
      assert.deepEqual([tags, (await secrets.get(id)).value], [['a'], 'second'])
    })

    test('lists, reads and restores versions', async (t) => {
      const { api } = await startAccount(t, engine)
      const { secrets } = new Strongroom({ url: api.url, apiKey: api.key })
      const { id } = await secrets.create({ name: 'db-password', value: 'first' })
      await secrets.update(id, { value: 'second' })

      const versions = await secrets.versions(id)
      const first = await secrets.version(id, 1)
      const restored = await secrets.restore(id, 1)

      assert.deepEqual(
        versions.map(({ version }) => version),
        [2, 1],
      )
      assert.deepEqual(first, {
        id,
        name: 'db-password',
        version: 1,
        value: 'first',
        created_at: first.created_at,
      })
      assert.equal(restored.etag, '"3"')
      assert.equal((await secrets.get(id)).value, 'first')
    })

    test('walks through a listing page by page, however long it is', async (t) => {
      const { api } = await startAccount(t, engine)
      const middleman = await Middleman.start(t, api.url)
      const { secrets } = new Strongroom({ url: middleman.url, apiKey: api.key })
      const names = Array.from({ length: 1001 }, (_, n) => `n-${n}`)
      // A few at a time: the server is in this very process, and a thousand at once would keep it from answering.
      for (let at = 0; at < names.length; at += 50) {
        await Promise.all(names.slice(at, at + 50).map((name) => secrets.create({ name, value: 'v' })))
      }
      await secrets.create({ name: 'other', value: 'v' })
      middleman.seen.length = 0

      const found = await Array.fromAsync(secrets.list({ name: 'n-*' }), ({ name }) => name)

      assert.deepEqual(found.sort(), names.sort())
      assert.equal(middleman.seen.length, 2)
      assert.equal((await secrets.page()).items.length, 1002)
      const first = await secrets.page({ limit: 3 })
      const second = await secrets.page({ limit: 3, cursor: first.next ?? '' })
      assert.deepEqual(
        [...first.items, ...second.items].map(({ id }) => id),
        [1, 2, 3, 4, 5, 6],
      )
    })

    test('reads no page that nobody asks for', async (t) => {
      const { api } = await startAccount(t, engine)
      const { secrets, audit } = new Strongroom({ url: api.url, apiKey: api.key })
      await secrets.create({ name: 'one', value: 'v' })

      for await (const { name } of secrets.list()) {
        assert.equal(name, 'one')
        break
      }
      secrets.list()

      assert.equal((await Array.fromAsync(audit.list({ action: 'secret.list' }))).length, 1)
    })

    test('reads a secret by its name in one request, with its folders, and with no right but to read it', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      const middleman = await Middleman.start(t, api.url)
      const { key } = await withScopes('secrets:read:web/*')
      const { secrets } = new Strongroom({ url: middleman.url, apiKey: key })
      await api.post('/v3/secrets', { name: 'web/db', value: 'first' })

      const found = await secrets.getByName('web/db')

      assert.deepEqual([found.id, found.value, found.etag], [1, 'first', '"1"'])
      assert.deepEqual(
        middleman.seen.map(({ method, path }) => `${method} ${path}`),
        ['GET /v3/secrets/by-name/web%2Fdb'],
      )
    })

    test('reads many secrets in one request, and says which are missing', async (t) => {
      const { api } = await startAccount(t, engine)
      const middleman = await Middleman.start(t, api.url)
      const { secrets } = new Strongroom({ url: middleman.url, apiKey: api.key })
      for (const name of ['a', 'web/b']) await api.post('/v3/secrets', { name, value: `value of ${name}` })

      const named = await secrets.getMany(['web/b', 'none', 'a'])
      const byId = await secrets.getManyById([2, 7])

      assert.deepEqual(
        named.secrets.map(({ value }) => value),
        ['value of web/b', 'value of a'],
      )
      assert.deepEqual([named.missing, byId.missing, byId.secrets.length], [['none'], [7], 1])
      assert.equal(middleman.seen.length, 2)
    })

    test('stores a value by name: makes the secret, or a new version, under conditions', async (t) => {
      const { api } = await startAccount(t, engine)
      const { secrets } = new Strongroom({ url: api.url, apiKey: api.key })

      const made = await secrets.putByName('web/db', { value: 'one' }, { ifNoneMatch: '*' })
      const replaced = await secrets.putByName('web/db', { value: 'two' }, { ifMatch: made.etag })

      assert.deepEqual([made.created, made.etag, replaced.created, replaced.etag], [true, '"1"', false, '"2"'])
      for (const condition of [{ ifNoneMatch: '*' }, { ifMatch: made.etag }] as const) {
        await assert.rejects(secrets.putByName('web/db', { value: 'x' }, condition), Conflict)
      }
      assert.equal((await secrets.getByName('web/db')).value, 'two')
    })

    test('sends no name that would lead to another path', async (t) => {
      const { api } = await startAccount(t, engine)
      const middleman = await Middleman.start(t, api.url)
      const { secrets } = new Strongroom({ url: middleman.url, apiKey: api.key })

      for (const name of ['', '.', '..', '\ud800']) await assert.rejects(secrets.getByName(name), TypeError)
      await assert.rejects(secrets.getByName('../1'), { status: 404 })
      assert.deepEqual(
        middleman.seen.map(({ path }) => path),
        ['/v3/secrets/by-name/..%2F1'],
      )
    })

    test('finds a secret by its name after it was deleted and made anew', async (t) => {
      const { api } = await startAccount(t, engine)
      const { secrets } = new Strongroom({ url: api.url, apiKey: api.key })
      await secrets.create({ name: 'db-password', value: 'first' })
      await secrets.getByName('db-password')
      await secrets.delete(1)
      await assert.rejects(secrets.getByName('db-password'), NotFound)
      await secrets.create({ name: 'db-password', value: 'second' })

      const found = await secrets.getByName('db-password')

      assert.deepEqual([found.id, found.value], [2, 'second'])
    })

    test('takes no pattern for a name', async (t) => {
      const { api } = await startAccount(t, engine)
      const { secrets } = new Strongroom({ url: api.url, apiKey: api.key })
      await secrets.create({ name: 'db-password', value: 'first' })

      await assert.rejects(secrets.getByName('db-*'), { status: 400, code: 'invalid' })
      await assert.rejects(secrets.getByName('no good'), { status: 400, code: 'invalid' })
    })

    test('throws an error of its own class for each refusal, with what the server says of it', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      const { key } = await withScopes('secrets:list')
      const { secrets } = new Strongroom({ url: api.url, apiKey: api.key })
      const reader = new Strongroom({ url: api.url, apiKey: key })
      const stranger = new Strongroom({ url: api.url, apiKey: `${api.key.slice(0, -1)}?` })
      await secrets.create({ name: 'db-password', value: 'first' })

      const cases: readonly [() => Promise<unknown>, abstract new (...given: never) => Error, number, string][] = [
        [() => secrets.create({ name: '-', value: '' }), Invalid, 400, 'invalid'],
        [() => secrets.create({ name: 'long', value: 'x'.repeat(65_537) }), Invalid, 413, 'too_large'],
        [() => stranger.secrets.get(1), Unauthorized, 401, 'unauthenticated'],
        [() => reader.secrets.get(1), Forbidden, 403, 'forbidden'],
        [() => secrets.get(7), NotFound, 404, 'not_found'],
        [() => secrets.create({ name: 'db-password', value: '' }), Conflict, 409, 'name_taken'],
        [() => secrets.update(1, { value: '' }, { ifMatch: '"9"' }), Conflict, 412, 'stale_version'],
      ]
      for (const [call, type, status, code] of cases) {
        const error = await call().then(
          () => assert.fail(`no ${code}`),
          (thrown: unknown) => thrown,
        )
        assert.ok(error instanceof type, code)
        const { requestId, ...rest } = error as unknown as Record<string, unknown>
        assert.deepEqual([rest['status'], rest['code'], rest['mayHaveActed']], [status, code, false])
        assert.match(String(requestId), /^\S+-\w+$/)
      }
      const invalid = await secrets.create({ name: '-', value: '' }).catch((error: unknown) => error)
      assert.ok(invalid instanceof Invalid)
      assert.equal(invalid.errors[0]?.field, 'name')
      assert.equal(invalid.message, `name: ${invalid.errors[0]?.detail}`)
    })

    test('makes, shows, lists, rotates and revokes API keys', async (t) => {
      const { api } = await startAccount(t, engine)
      const { keys } = new Strongroom({ url: api.url, apiKey: api.key })

      const made = await keys.create({
        name: 'web',
        scopes: ['secrets:read:web-*'],
        networks: ['127.0.0.0/8'],
        expires_at: '2099-01-01T00:00:00Z',
      })
      const rotated = await keys.rotate(made.id, { overlap_seconds: 60, expires_at: null })
      await keys.revoke(made.id)

      const { api_key, ...shown } = made
      assert.match(api_key, /^sr_\w{49}$/)
      assert.deepEqual(
        [shown.scopes, shown.networks, shown.revoked_at],
        [['secrets:read:web-*'], ['127.0.0.0/8'], null],
      )
      assert.equal(rotated.expires_at, null)
      assert.notEqual((await keys.get(made.id)).revoked_at, null)
      assert.deepEqual(await Array.fromAsync(keys.list(), ({ id }) => id), [1, made.id, rotated.id])
      assert.equal((await keys.rotate(rotated.id)).name, 'web')
    })

    test('reads the trail by what it asks for', async (t) => {
      const { api } = await startAccount(t, engine)
      const { secrets, audit } = new Strongroom({ url: api.url, apiKey: api.key })
      await secrets.create({ name: 'db-password', value: 'first' })
      await secrets.get(1)
      await assert.rejects(secrets.get(2), NotFound)

      const all = await Array.fromAsync(audit.list({ principal: 1 }))
      const refused = await audit.page({ outcome: 'not_found', limit: 1 })
      const read = await Array.fromAsync(audit.list({ secret: 'db-password', action: 'secret.read' }))

      assert.equal(all.length, 4)
      assert.deepEqual(refused.items[0]?.object?.id, 2)
      assert.equal(read.length, 1)
      assert.equal(read[0]?.object?.name, 'db-password')
      assert.deepEqual(await Array.fromAsync(audit.list({ from: read[0]?.time ?? '', secret: 2 }), ({ seq }) => seq), [
        refused.items[0]?.seq,
      ])
    })

    test('asks for its API key before each call, so that it can be exchanged', async (t) => {
      const { api } = await startAccount(t, engine)
      const apiKeys = [api.key]
      const { keys } = new Strongroom({ url: `${api.url}/v3/`, apiKey: async () => apiKeys.at(-1) ?? '' })

      apiKeys.push((await keys.rotate(1, { overlap_seconds: 0 })).api_key)

      assert.equal((await keys.get(2)).name, (await keys.get(1)).name)
    })
  })
}
