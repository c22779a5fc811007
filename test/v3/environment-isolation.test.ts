/**
 * Whoever sees one environment cannot learn that another exists: by every route of both APIs, what is there answers as what is
 * absent, and whatever names it answers as what never was. A new route is in these tests by itself.
 */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { type Facts, takesEnvironment } from '../../src/http/route.ts'
import { routes } from '../../src/http/routes/all.ts'
import { secretListRoutes } from '../../src/http/routes/secret-lists/all.ts'
import { isPlaced } from '../../src/store/operation.ts'
import { startAccount } from '../support/account.ts'
import type { Answer, Api } from '../support/api.ts'
import { bodyOf, pathWith } from '../support/calls.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'

const every: readonly Facts[] = [...routes, ...secretListRoutes]
/** Ids that nothing has, and one that things of another environment have. */
const absentId = 77
const foreignId = 3
const at = (environment: string) => ({ 'strongroom-environment': environment })
const rightsIn = (environment: string) =>
  ['list', 'read', 'scan', 'write', 'delete'].map((verb) => `secrets:${verb}@${environment}`)

for (const engine of engines) {
  suite(`${engine.name}: whoever sees one environment`, { skip: engine.skip }, () => {
    test('is told of what is in another exactly what they are told of what is absent, by every operation', async (t) => {
      const { callers, owner } = await start(t)
      const before = await everything(owner)
      const named = every.filter(({ path }) => /:(id|list)\b/.test(path))

      assert.ok(named.length > 45)
      for (const [who, own] of Object.entries(callers)) {
        for (const route of named) {
          for (const headers of [{}, at('dev'), { 'if-match': '"1"', ...at('dev') }, { 'if-match': '*' }]) {
            const ask = (id: number) => {
              const path = route.path.replace(/:(id|list)\b/, String(id))
              return own.send(route.method, pathWith({ path }, 1), bodyOf(route), headers)
            }
            const [foreign, absent] = await Promise.all([ask(foreignId), ask(absentId)])
            const label = `${who} ${route.operationId} ${JSON.stringify(headers)}`
            assert.ok([403, 404, 412, 422].includes(foreign.status), `${label}: ${foreign.status} ${foreign.text}`)
            assert.deepEqual(comparable(foreign), comparable(absent), label)
          }
        }
      }
      assert.deepEqual(await everything(owner), before)
    })

    test('is told of another exactly what they are told of one that never was, by every operation', async (t) => {
      const { callers, owner } = await start(t)
      const before = await everything(owner)

      for (const [who, own] of Object.entries(callers)) {
        for (const route of every) {
          // The key itself would be gone.
          if (route.operationId === 'revokeOwnKey') continue
          for (const way of ['header', 'query'] as const) {
            const ask = (name: string) => {
              const path = way === 'query' ? `${route.path}?environment=${name}` : route.path
              const key = { 'idempotency-key': `${who}-${way}-${name}` }
              const headers = { ...key, ...(way === 'header' ? at(name) : {}) }
              // Webhooks are in no environment: those of this id would be the caller's own, which can be deleted once.
              const id = route.path.startsWith('/v3/webhooks') ? absentId : foreignId
              return own.send(route.method, pathWith({ path }, id), bodyOf(route), headers)
            }
            const [foreign, absent] = [await ask('prod'), await ask('nowhere')]
            const label = `${who} ${route.operationId} by ${way}`
            if (takesEnvironment(route)) assert.ok([403, 404].includes(foreign.status), `${label}: ${foreign.text}`)
            // What makes something, and is in no environment, makes two.
            if (foreign.status === 201) continue
            assert.deepEqual(comparable(foreign), comparable(absent), label)
          }
        }
      }
      assert.deepEqual(await everything(owner), before)
    })

    test('finds nothing of another in any listing, count, record, fingerprint or cursor', async (t) => {
      const { callers, owner } = await start(t)
      await owner.get('/v3/secrets/3')
      await callers.unbound.get('/v3/secrets/3')
      const listings = routes.filter(({ method, path }) => method === 'GET' && !path.includes(':'))

      for (const [who, own] of Object.entries(callers)) {
        for (const { path } of listings) {
          for (const headers of [{}, at('dev')]) {
            const { text, headers: given } = await own.get(path, headers)
            const told = text.replaceAll(/"request_id":"[^"]*"/g, '') + [...given].join()
            assert.doesNotMatch(told, /theirs|prod/, `${who} ${path}`)
          }
        }
        const marks = (await own.post('/v3/fingerprints', {}, at('dev'))).text
        assert.doesNotMatch(marks, /theirs/)
        assert.equal(
          (await own.get('/v3/secrets?count=true&limit=1', at('dev'))).headers.get('strongroom-total-count'),
          '2',
        )
        assert.equal((await own.get('/v3/metadata/summary', at('dev'))).body.secrets, 2)
        assert.doesNotMatch((await own.get('/api/secrets/all-values?environment=dev')).text, /theirs/)
        assert.doesNotMatch((await own.get('/api/secrets/lists?environment=dev')).text, /theirs/)
        const audited = [
          await own.get('/v3/audit?limit=1000'),
          await own.get('/v3/audit?environment=prod'),
          await own.get('/v3/audit?secret=theirs-3'),
          await own.get('/v3/audit?secret=3'),
          await own.get('/v3/audit/activity?secret=theirs-3'),
        ]
        for (const { status, text } of audited) {
          assert.equal(status, 200)
          assert.doesNotMatch(text.replaceAll(/"request_id":"[^"]*"/g, ''), /theirs|prod/)
        }
      }
    })

    test('takes names that another has, and renders nothing of it', async (t) => {
      const { callers } = await start(t)
      const own = callers.unbound

      const made = await own.post('/v3/secrets', { name: 'theirs-3', value: 'mine' }, at('dev'))
      assert.equal(made.status, 201)
      assert.equal((await own.post('/v3/lists', { name: 'theirs' }, at('dev'))).status, 201)
      assert.equal((await own.get('/v3/secrets/by-name/theirs-3', at('dev'))).body.value, 'mine')
      const rendered = await own.post('/v3/render', { template: '$\u007b{secret.theirs-2}}' }, at('dev'))
      assert.deepEqual([rendered.status, rendered.body.code], [422, 'unresolved_references'])
      const batch = await own.post('/v3/secrets/batch', { ids: [1, foreignId] }, at('dev'))
      assert.deepEqual([batch.body.secrets.length, batch.body.missing], [1, [foreignId]])
      // A target of the same name is another one.
      await own.post('/v3/render', { template: 'x', target: 'theirs-3' }, at('dev'))
      assert.equal((await own.get('/v3/deployments?target=theirs-3', at('dev'))).body.deployments.length, 1)
    })

    test('copies nothing out of another or into it, and compares nothing with it', async (t) => {
      const { callers } = await start(t)

      for (const own of Object.values(callers)) {
        for (const [path, bodyWith] of [
          ['/v3/copy', (name: string) => ({ from: name, to: 'dev', names: ['theirs-3'], dry_run: true })],
          ['/v3/copy', (name: string) => ({ from: 'dev', to: name, names: ['one'], dry_run: true })],
        ] as const) {
          const [foreign, absent] = [await own.post(path, bodyWith('prod')), await own.post(path, bodyWith('nowhere'))]
          assert.ok(foreign.status >= 400, foreign.text)
          assert.deepEqual(comparable(foreign), comparable(absent))
        }
        const compare = (name: string) => own.get(`/v3/compare?environments=dev,${name}`)
        assert.deepEqual(comparable(await compare('prod')), comparable(await compare('nowhere')))
        assert.doesNotMatch((await own.get('/v3/compare')).text, /theirs|prod/)
      }
    })

    test('hands on nothing of another, and manages no key of it', async (t) => {
      const { callers, owner } = await start(t)
      const own = callers.unbound

      for (const scope of [
        'secrets:read@prod',
        'secrets:read',
        'keys:manage',
        'keys:manage@prod',
        'secrets:read@nowhere',
      ]) {
        const { status, body } = await own.post('/v3/keys', { name: 'k', scopes: [scope] })
        assert.deepEqual([status, body.code], [403, 'forbidden'], scope)
      }
      assert.equal((await own.post('/v3/keys', { name: 'k', scopes: ['secrets:read@dev'] })).status, 201)
      const theirs = await owner.post('/v3/keys', { name: 'theirs', scopes: ['secrets:read@prod'] })
      for (const path of [`/v3/keys/${theirs.body.id}`, '/v3/keys/9999']) {
        assert.equal((await own.get(path)).status, 404)
        assert.equal((await own.delete(path)).status, 404)
      }
    })

    test('learns of no target of another by what it changes in a base that both have', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/environments', { name: 'shared' })
      for (const name of ['dev', 'prod']) await api.post('/v3/environments', { name, base: 'shared' })
      await api.post('/v3/secrets', { name: 'ca', value: 'v' }, at('shared'))
      for (const name of ['dev', 'prod', 'shared']) {
        const template = '$\u007b{secret.ca}}'
        assert.equal((await api.post('/v3/render', { template, target: name }, at(name))).status, 200)
      }
      const own = await withScopes(...rightsIn('shared'), ...rightsIn('dev'))

      const changed = await own.put('/v3/secrets/1', { value: 'w' }, at('shared'))
      assert.deepEqual([changed.status, changed.headers.get('strongroom-stale-deployments')], [200, '2'])
      const whole = await api.put('/v3/secrets/1', { value: 'x' }, at('shared'))
      assert.equal(whole.headers.get('strongroom-stale-deployments'), '3')
      assert.equal((await own.delete('/v3/lists/1', at('shared'))).headers.get('strongroom-stale-deployments'), '2')
    })

    test('is known by every route to be in one: what asks something of one says so, and no other', async (t) => {
      const { api, vault } = await startServer(t, engine)
      await api.post('/v3/environments', { name: 'prod' })
      const asked = new Set<boolean>()
      const submit = vault.store.submit.bind(vault.store)
      t.mock.method(vault.store, 'submit', (...given: Parameters<typeof submit>) => {
        asked.add(isPlaced(given[0].operation))
        return submit(...given)
      })
      const wrong: string[] = []
      for (const route of every) {
        // After these the key that asks is gone, or is no longer let in.
        if (['revokeOwnKey', 'updateSettings'].includes(route.operationId)) continue
        // It says itself between which it is.
        if (route.inEnvironment === false) continue
        // Whoever reads the records of an environment need not have a right over its secrets: it finds out itself.
        if (route.operationId === 'getSecretAccess') continue
        asked.clear()
        const id = route.path.startsWith('/v3/keys') ? absentId : 1
        const { status } = await api.send(route.method, pathWith(route, id), bodyOf(route))
        if (asked.has(true) !== takesEnvironment(route)) wrong.push(`${route.operationId}: ${[...asked]} ${status}`)
      }
      assert.deepEqual(wrong, [])
    })

    /** Two that see `dev`: one by several environments, which means none by itself, and one that is bound to it. */
    async function start(t: TestContext) {
      const { api: owner, withScopes } = await startAccount(t, engine)
      for (const name of ['dev', 'prod', 'stage']) await owner.post('/v3/environments', { name })
      for (const [name, environment] of [
        ['one', 'dev'],
        ['two', 'dev'],
        ['theirs-3', 'prod'],
        ['theirs-2', 'prod'],
      ] as const) {
        await owner.post('/v3/secrets', { name, value: 'a value of some length' }, at(environment))
      }
      await owner.post('/v3/lists', { name: 'theirs' }, at('prod'))
      for (const [target, environment] of [
        ['one', 'dev'],
        ['two', 'dev'],
        ['theirs-3', 'prod'],
      ] as const) {
        await owner.post('/v3/render', { template: 'x', target }, at(environment))
        await owner.post('/v3/seeds', { user_data: 'x', target }, at(environment))
      }
      const account = ['keys:manage@dev', 'audit:read@dev']
      const unbound = await withScopes(...rightsIn('dev'), ...rightsIn('stage'), ...account)
      // The id 3: of another environment.
      await withScopes('secrets:read@prod')
      const bound = await withScopes(...rightsIn('dev'), ...account)
      return { owner, callers: { unbound, bound } }
    }
  })
}

/** All of an answer but what tells one request from the next. */
function comparable({ status, headers, text }: Answer) {
  const kept = [...headers].filter(([name]) => !['date', 'strongroom-request-id', 'content-length'].includes(name))
  // The last is when the account's newest record was left: of the very request.
  const plain = text
    .replace(/"request_id":"[^"]*"/, '')
    .replace(/"to":"[^"]*"/, '')
    .replaceAll(/"(id|ids\.\d+)":(3|77)\b/g, '"$1":0')
  return { status, headers: kept, text: plain }
}

async function everything(api: Api): Promise<readonly string[]> {
  const [secrets, lists, deployments, seeds, environments] = await Promise.all(
    ['secrets', 'lists', 'deployments', 'seeds', 'environments'].map((noun) => api.get(`/v3/${noun}`, at('prod'))),
  )
  return [secrets, lists, deployments, seeds, environments].map((one) => one?.text ?? '')
}
