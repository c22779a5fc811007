/**
 * Accounts do not see each other: what is another's answers byte for byte as what does not exist, by every route of v3 that
 * names something. The Secret Lists API is kept apart by test/lists/lists.test.ts.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { routes } from '../../src/http/routes/all.ts'
import { startAccount } from '../support/account.ts'
import type { Answer, Api } from '../support/api.ts'
import { bodyOf, pathWith } from '../support/calls.ts'
import { engines } from '../support/engines.ts'

/** Ids that neither account has, and one that only the other has. */
const absentId = 77
const foreignId = 3

for (const engine of engines) {
  suite(`${engine.name}: an account`, { skip: engine.skip }, () => {
    test('is told of a foreign id exactly what it is told of an absent one, by every operation', async (t) => {
      const { own, other } = await twoAccounts(t)
      const before = await everything(other)
      const named = routes.filter(({ path }) => path.includes(':id'))

      assert.ok(named.length > 35)
      for (const route of named) {
        for (const headers of [{}, { 'if-match': '"1"' }, { 'if-match': '*' }, { 'idempotency-key': 'k' }]) {
          const ask = (id: number) =>
            own.send(route.method, pathWith({ path: route.path.replace(':id', String(id)) }, 1), bodyOf(route), headers)
          const [foreign, absent] = [await ask(foreignId), await ask(absentId)]
          assert.ok([404, 412].includes(foreign.status), route.operationId)
          assert.deepEqual(comparable(foreign), comparable(absent), route.operationId)
        }
      }
      assert.deepEqual(await everything(other), before)
    })

    test('is told of a foreign name exactly what it is told of an absent one, alone and among others', async (t) => {
      const { own, other } = await twoAccounts(t)
      const before = await everything(other)
      const named = routes.filter(({ path }) => path.includes(':name'))

      assert.ok(named.length >= 2)
      for (const route of named) {
        for (const headers of [{}, { 'if-match': '"1"' }, { 'if-match': '*' }]) {
          const ask = (name: string) =>
            own.send(route.method, route.path.replace(':name', name), bodyOf(route), headers)
          const [foreign, absent] = [await ask('theirs-3'), await ask('absent-3')]
          assert.equal(foreign.status, absent.status)
          if (route.method !== 'PUT') assert.deepEqual(comparable(foreign), comparable(absent), route.operationId)
        }
      }
      const { body } = await own.post('/v3/secrets/batch', { names: ['theirs-1', 'absent-1', 'one'] })
      assert.deepEqual(body.missing, ['theirs-1', 'absent-1'])
      assert.deepEqual((await own.post('/v3/secrets/batch', { ids: [foreignId + 20, absentId] })).body.secrets, [])
      assert.deepEqual(await everything(other), before)
    })

    test('counts its ids for itself, and takes names that another has', async (t) => {
      const { own, other } = await twoAccounts(t)

      assert.equal((await own.post('/v3/secrets', { name: 'theirs-3', value: 'mine' })).body.id, 3)
      assert.equal((await own.get('/v3/secrets/3')).body.value, 'mine')
      assert.equal((await other.get('/v3/secrets/3')).body.value, 'their value')
    })

    test('lists, finds and audits nothing of another', async (t) => {
      const { own, other } = await twoAccounts(t)
      await other.get('/v3/secrets/3')

      const answers = [
        await own.get('/v3/secrets'),
        await own.get('/v3/secrets?name=theirs-*'),
        await own.get('/v3/keys'),
        await own.get('/v3/seeds'),
        await own.get('/v3/webhooks'),
        await own.get('/v3/deployments'),
        await own.get('/v3/audit?limit=1000'),
        await own.get('/v3/audit?secret=theirs-3'),
        await own.get('/v3/audit?principal=their-key'),
        await own.get('/v3/audit/activity'),
        await own.get('/v3/audit/activity?secret=theirs-3'),
      ]

      for (const { status, text } of answers) {
        assert.equal(status, 200)
        assert.doesNotMatch(text.replaceAll(/"request_id":"[^"]*"/g, ''), /theirs|their-key/)
      }
    })

    async function twoAccounts(t: Parameters<typeof startAccount>[0]) {
      const { api: own, otherAccount } = await startAccount(t, engine)
      const other = await otherAccount()
      for (const name of ['one', 'two']) await own.post('/v3/secrets', { name, value: 'v' })
      for (const at of [1, 2, 3]) await other.post('/v3/secrets', { name: `theirs-${at}`, value: 'their value' })
      for (const _ of [2, 3]) await other.post('/v3/keys', { name: 'their-key', scopes: ['secrets:read'] })
      for (const name of ['two', 'three']) await other.post('/v3/lists', { name })
      for (const at of [1, 2, 3]) {
        const rule = { issuer: 'https://ci.example', audience: 'a', claims: { sub: 'job' }, scopes: ['secrets:list'] }
        await other.post('/v3/trust-rules', { ...rule, name: `r${at}` })
      }
      for (const at of [1, 2, 3])
        await other.post('/v3/webhooks', { url: `https://theirs.example/${at}`, actions: ['*'] })
      for (const at of [1, 2, 3]) await other.post('/v3/machines', { name: `m${at}`, addresses: [`192.0.2.${at}`] })
      for (const at of [1, 2, 3]) await other.post('/v3/users', { email: `u${at}@theirs.example`, role: 'reader' })
      for (const at of [1, 2, 3]) await other.post('/v3/render', { template: 'x', target: `theirs-${at}` })
      for (const at of [1, 2, 3]) await other.post('/v3/seeds', { user_data: 'x', target: `theirs-${at}` })
      return { own, other }
    }
  })
}

/** All of an answer but what tells one request from the next. */
function comparable({ status, headers, text }: Answer) {
  const kept = [...headers].filter(([name]) => !['date', 'strongroom-request-id', 'content-length'].includes(name))
  return { status, headers: kept, text: text.replace(/"request_id":"[^"]*"/, '') }
}

async function everything(api: Api): Promise<readonly string[]> {
  const [secrets, keys, value] = [
    await api.get('/v3/secrets'),
    await api.get('/v3/keys'),
    await api.get('/v3/secrets/3'),
  ]
  return [secrets.text, keys.text.replaceAll(/"last_used_at":("[^"]*"|null)/g, ''), value.text]
}
