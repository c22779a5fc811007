/** What a key used, and what a change would have refused: held against the change itself, and the same requests again. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { scopesOf } from '../../src/model/api-key.ts'
import { withinNetworks } from '../../src/model/network.ts'
import { allowsName, formatScope, parseScopes, withinScopes } from '../../src/model/scope.ts'
import { suggest } from '../../src/vault/key-usage.ts'
import { isAllowed } from '../../src/vault/uses.ts'
import { startAccount } from '../support/account.ts'
import { Api } from '../support/api.ts'
import { isThorough } from '../support/chance.ts'
import { engines } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'

const at = (environment: string) => ({ 'strongroom-environment': environment })
const names = [
  'db-a',
  'db-b',
  'db-c',
  'web-a',
  'web-b',
  'api/x',
  'api/y',
  'one',
  'two',
  'db-long-a',
  'db-long-b',
  'web.c',
  ...[...'cdefghijkl'].map((letter) => `${letter}-a`),
]
const environmentNames: Readonly<Record<number, string>> = { 1: 'default', 2: 'prod' }
const view = { isWhole: true, maySee: () => true, nameOf: (id: number) => environmentNames[id], idOf: () => undefined }

const someScope = fc
  .tuple(
    fc.constantFrom('secrets:read', 'secrets:list', 'secrets:write', 'keys:manage', 'audit:read'),
    fc.constantFrom('', ':db-*', ':*a', ':db-a', ':*-*', ':api/*', ':w*b'),
    fc.constantFrom('', '', '@prod', '@default'),
  )
  .map((parts) => parts.join(''))

const someUse = fc.record({
  principal: fc.constant({ kind: 'key', id: 2, name: 'k' } as const),
  action: fc.constantFrom(
    'secret.read',
    'secret.list',
    'secret.update',
    'secret.fingerprint',
    'key.list',
    'audit.read',
    'metadata.read',
  ),
  kind: fc.constant('secret'),
  name: fc.constantFrom(...names),
  environmentId: fc.constantFrom(null, 2, 9),
  address: fc.constantFrom('10.0.0.7', '10.9.0.1', '2001:db8::1'),
  count: fc.constant(1),
  lastAt: fc.constant(1),
})

const bare = {
  ...{ accountId: 1, id: 2, uid: '', name: 'k', tokenHash: '', createdAt: 0, expiresAt: null, revokedAt: null },
  ...{ userId: null, confirmedAt: null, ruleId: null, maker: null, makerGeneration: null, isOwner: false, agent: '' },
  ...{ lastUsedAt: null, lastUsedApi: null, mac: new Uint8Array() },
}

suite('Scopes that are suggested', () => {
  test('lie within those of the key, match no name that those do not, and allow all that was done', () => {
    let suggested = 0
    const property = fc.property(
      fc.uniqueArray(someScope, { minLength: 1, maxLength: 5 }),
      fc.constantFrom([], ['10.0.0.0/8', '2001:db8::/32']),
      fc.array(someUse, { minLength: 1, maxLength: 60 }),
      (texts, networks, all) => {
        const key = { ...bare, scopes: parseScopes(texts).map(formatScope), networks }
        const own = { scopes: scopesOf(key), networks }
        const listing = (use: (typeof all)[number]) =>
          use.action.endsWith('.list') ? { ...use, kind: null, name: null } : use
        const uses = all.map(listing).filter((use) => isAllowed(use, own, view))
        const found = suggest(key, { uses, view })
        if (found === undefined) return
        suggested++
        const narrower = { scopes: parseScopes(found.scopes), networks: found.networks }
        assert.ok(withinScopes(narrower.scopes, own.scopes) && withinNetworks(narrower.networks, networks))
        for (const use of uses) assert.ok(isAllowed(use, narrower, view), JSON.stringify({ texts, use, found }))
        for (const name of [...names, 'other', 'db-', 'web-zzz-b']) {
          for (const right of ['secrets:read', 'secrets:list', 'secrets:write'] as const) {
            for (const environment of ['default', 'prod', 'dev']) {
              const may = (scopes: typeof own.scopes) => allowsName(scopes, right, environment, name)
              assert.ok(!may(narrower.scopes) || may(own.scopes), `${name} ${right} ${environment}`)
            }
          }
        }
      },
    )
    fc.assert(property, { numRuns: isThorough ? 20_000 : 2000 })
    assert.ok(suggested > 100, String(suggested))
  })
})

for (const engine of engines) {
  suite(`${engine.name}: the last days`, { skip: engine.skip }, () => {
    const start = async (t: Parameters<typeof startAccount>[0]) => {
      const server = await startAccount(t, engine)
      const { api } = server
      await api.post('/v3/environments', { name: 'prod' })
      const ids: { id: number; environment: string }[] = []
      for (const environment of ['default', 'prod']) {
        for (const name of ['db-a', 'db-b', 'web-a']) {
          const { body } = await api.post('/v3/secrets', { name, value: 'kept' }, at(environment))
          ids.push({ id: body.id, environment })
        }
      }
      const makeKey = async (scopes: readonly string[]) => {
        const { body } = await api.post('/v3/keys', { name: 'k', scopes })
        return { id: Number(body.id), key: new Api(api.url, body.api_key) }
      }
      return { ...server, ids, makeKey }
    }

    test('tell what a narrower key would have been refused: just what it is refused then', async (t) => {
      const { api, ids, makeKey } = await start(t)
      const narrowed = fc.uniqueArray(
        fc.constantFrom(
          'secrets:read:db-*',
          'secrets:read@prod',
          'secrets:list',
          'secrets:read:web-*@default',
          'secrets:list:db-a@prod',
          'secrets:read:db-a',
        ),
        { minLength: 1, maxLength: 3 },
      )
      await fc.assert(
        fc.asyncProperty(narrowed, async (scopes) => {
          const wide = await makeKey(['secrets:read', 'secrets:list'])
          const narrow = await makeKey(scopes)
          const ask = async (own: Api) => {
            const answers: number[] = []
            for (const { id, environment } of ids) {
              answers.push((await own.get(`/v3/secrets/${id}`, at(environment))).status)
              answers.push((await own.get(`/v3/secrets/${id}/metadata`, at(environment))).status)
            }
            return answers
          }
          assert.ok((await ask(wide.key)).every((status) => status === 200))
          const body = { kind: 'key', id: wide.id, change: 'narrow', scopes }
          const { status, body: tried, text } = await api.post('/v3/what-if', body)
          assert.equal(status, 200, text)
          const refused = (await ask(narrow.key)).filter((one) => one !== 200).length
          assert.deepEqual([tried.requests, tried.refused_requests], [12, refused], `${scopes} ${text}`)
          const sum = tried.refused.reduce((total: number, one: { requests: number }) => total + one.requests, 0)
          assert.equal(sum, refused)
        }),
        { numRuns: isThorough ? 60 : 8 },
      )
    })

    test('tell who reads a secret that would be gone, which targets and templates it leaves; and change nothing', async (t) => {
      const { api, ids, makeKey } = await start(t)
      const [{ id }] = [ids[0] ?? assert.fail()]
      const reference = ['$', '{{secret.db-a}}'].join('')
      await api.post('/v3/secrets', { name: 'dsn', type: 'template', value: reference })
      await api.post('/v3/render', { template: reference, target: 'web-1' })
      const { key, id: keyId } = await makeKey(['secrets:read:db-*'])
      await key.get(`/v3/secrets/${id}`)

      const removed = (await api.post('/v3/what-if', { kind: 'secret', id, change: 'remove' })).body
      const rotated = (await api.post('/v3/what-if', { kind: 'secret', id, change: 'rotate' })).body

      assert.ok(
        removed.refused.some(
          (one: { principal: { id: number }; action: string }) =>
            one.principal.id === keyId && one.action === 'secret.read',
        ),
      )
      assert.deepEqual(removed.stale_targets, [{ id: 1, target: 'web-1', environment: 'default', version: 1 }])
      assert.deepEqual(
        removed.unresolved_templates.map(({ name }: { name: string }) => name),
        ['dsn'],
      )
      assert.deepEqual([rotated.refused, rotated.stale_targets.length, rotated.unresolved_templates], [[], 1, []])
      assert.equal((await key.get(`/v3/secrets/${id}`)).status, 200)
      const { records } = (await api.get('/v3/audit?action=audit.what_if')).body
      assert.equal(records.length, 2)
      assert.ok(records.every(({ outcome }: { outcome: string }) => outcome === 'ok'))
    })

    test('tell of several secrets together: who reads any, what holds any, and which templates stay and do not resolve', async (t) => {
      const { api, ids, makeKey } = await start(t)
      const [a, b, other] = ids.map(({ id }) => id)
      const refer = (...names: readonly string[]) => names.map((name) => ['$', `{{secret.${name}}}`].join('')).join()
      const template = async (name: string, value: string) =>
        (await api.post('/v3/secrets', { name, type: 'template', value })).body.id
      const gone = await template('gone', refer('db-a', 'db-b'))
      await template('stays', refer('db-b'))
      await template('through', refer('gone'))
      await api.post('/v3/render', { template: refer('db-a', 'db-b'), target: 'both' })
      await api.post('/v3/render', { template: refer('web-a'), target: 'other' })
      const { key, id: keyId } = await makeKey(['secrets:read'])
      for (const id of [a, b, b, other]) await key.get(`/v3/secrets/${id}`)
      const tried = async (change: string, of: readonly (number | undefined)[]) => {
        const { body, text } = await api.post('/v3/what-if', { kind: 'secret', ids: of, change })
        const reads = body.refused.filter(
          ({ principal, action }: { principal: { id: number; kind: string }; action: string }) =>
            principal.kind === 'key' && principal.id === keyId && action === 'secret.read',
        )
        return {
          reads: reads.reduce((sum: number, { requests }: { requests: number }) => sum + requests, 0),
          targets: body.stale_targets.map(({ target }: { target: string }) => target),
          templates: body.unresolved_templates.map(({ name }: { name: string }) => name).sort(),
          text,
        }
      }

      const { text: _, ...removed } = await tried('remove', [a, b, gone])
      const { text: __, ...renamed } = await tried('rename', [a, b, gone])
      const { text: ___, ...one } = await tried('remove', [other])

      assert.deepEqual(removed, { reads: 3, targets: ['both'], templates: ['stays', 'through'] })
      assert.deepEqual(renamed, { reads: 0, targets: ['both'], templates: ['gone', 'stays', 'through'] })
      assert.deepEqual(one, { reads: 1, targets: ['other'], templates: [] })
      for (const [wrong, status] of [
        [{ kind: 'secret', ids: [a, 999], change: 'remove' }, 404],
        [{ kind: 'secret', id: a, ids: [a], change: 'remove' }, 400],
        [{ kind: 'secret', change: 'remove' }, 400],
        [{ kind: 'secret', ids: [], change: 'remove' }, 400],
        [{ kind: 'secret', ids: [a, a], change: 'remove' }, 400],
        [{ kind: 'key', ids: [1], change: 'remove' }, 400],
        [{ kind: 'key', id: 1, change: 'rename' }, 400],
        [{ kind: 'key', change: 'remove' }, 400],
      ] as const) {
        assert.equal((await api.post('/v3/what-if', wrong)).status, status, JSON.stringify(wrong))
      }
      const narrow = (await makeKey(['audit:read:db-*', 'secrets:list'])).key
      assert.equal((await narrow.post('/v3/what-if', { kind: 'secret', ids: [a, b], change: 'remove' })).status, 200)
      assert.equal(
        (await narrow.post('/v3/what-if', { kind: 'secret', ids: [a, other], change: 'remove' })).status,
        403,
      )
    })

    test('are tried for people, rules and machines too, and asked for with sense', async (t) => {
      const { api } = await start(t)
      const ask = (body: object) => api.post('/v3/what-if', body)
      assert.equal(
        (await ask({ kind: 'user', id: 1, change: 'narrow', role: 'reader', environment_roles: { prod: 'reader' } }))
          .status,
        200,
      )
      assert.equal((await ask({ kind: 'machine', id: 1, change: 'remove', days: 30 })).status, 200)
      assert.equal((await ask({ kind: 'trust_rule', id: 9, change: 'remove' })).status, 404)
      assert.equal((await ask({ kind: 'secret', id: 999, change: 'remove' })).status, 404)
      for (const wrong of [
        { kind: 'key', id: 1, change: 'rotate' },
        { kind: 'secret', id: 1, change: 'narrow' },
        { kind: 'key', id: 1, change: 'narrow' },
        { kind: 'user', id: 1, change: 'narrow' },
        { kind: 'key', id: 1, change: 'remove', days: 31 },
      ]) {
        assert.equal((await ask(wrong)).status, 400, JSON.stringify(wrong))
      }
    })

    test('tell who reads a part of the trail nothing of a trust rule that they may not see', async (t) => {
      const { api, makeKey } = await start(t)
      const body = { name: 'theirs', issuer: 'https://issuer.example.com', audience: 'a', claims: { sub: 'job' } }
      const made = await api.post('/v3/trust-rules', { ...body, scopes: ['secrets:read@prod'] })
      assert.equal(made.status, 201, made.text)
      for (const scope of ['audit:read@default', 'audit:read:db-*']) {
        const { key } = await makeKey([scope])
        const ask = async (id: number) => {
          const { status, body } = await key.post('/v3/what-if', { kind: 'trust_rule', id, change: 'remove' })
          return { status, body: { ...body, from: '', request_id: '' } }
        }
        assert.deepEqual(await ask(made.body.id), await ask(999), scope)
      }
    })

    test('suggest no scope that another one brings along', async (t) => {
      const { api, ids, makeKey } = await start(t)
      const { key, id } = await makeKey(['secrets:list', 'secrets:read'])
      await key.get('/v3/secrets')
      await key.get(`/v3/secrets/${ids[0]?.id}/metadata`)
      assert.deepEqual((await api.get(`/v3/keys/${id}/usage`)).body.suggested.scopes, ['secrets:list'])
    })

    test('tell what a key used, and the scopes that would have done; of what the asker may see', async (t) => {
      const { api, ids, makeKey } = await start(t)
      const { key, id } = await makeKey(['secrets:read', 'secrets:write:web-*'])
      const prod = ids.find(({ environment }) => environment === 'prod')?.id
      for (let count = 0; count < 3; count++) await key.get(`/v3/secrets/${prod}`, at('prod'))
      const { body, status, text } = await api.get(`/v3/keys/${id}/usage`)
      assert.equal(status, 200, text)
      assert.deepEqual([body.key, body.complete, body.requests], [{ id, name: 'k' }, true, 3])
      assert.deepEqual(
        body.scopes.map(({ scope, requests }: { scope: string; requests: number }) => [scope, requests]),
        [
          ['secrets:read', 3],
          ['secrets:write:web-*', 0],
        ],
      )
      assert.deepEqual(
        body.used.map(({ right, name, environment, requests }: Record<string, unknown>) => [
          right,
          name,
          environment,
          requests,
        ]),
        [['secrets:read', 'db-a', 'prod', 3]],
      )
      assert.deepEqual(body.suggested, { scopes: ['secrets:read:db-a@prod'], networks: ['127.0.0.1/32'] })
      const partly = await makeKey(['keys:manage', 'audit:read:web-*', 'secrets:read', 'secrets:write:web-*'])
      const seen = (await partly.key.get(`/v3/keys/${id}/usage`)).body
      assert.deepEqual([seen.requests, seen.suggested], [0, null])
      const more = await makeKey(['keys:manage', 'audit:read:db-*', 'secrets:read', 'secrets:write:web-*'])
      const part = (await more.key.get(`/v3/keys/${id}/usage`)).body
      // Of what it may not see, some use could be missing.
      assert.deepEqual([part.requests, part.suggested], [3, null])
      assert.equal((await (await makeKey(['keys:manage'])).key.get(`/v3/keys/${id}/usage`)).status, 403)
      assert.equal((await (await makeKey(['audit:read'])).key.get(`/v3/keys/${id}/usage`)).status, 403)
      assert.equal((await api.get('/v3/keys/999/usage')).status, 404)
    })
  })
}
