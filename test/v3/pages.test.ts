/** Listings: page by page, or all of it as it comes, however many there are. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { routes } from '../../src/http/routes/all.ts'
import { keyListing } from '../../src/store/listings.ts'
import { createKey, listKeys, revokeKey } from '../../src/vault/keys.ts'
import { allOf, everything } from '../../src/vault/pages.ts'
import { authenticate } from '../../src/vault/vault.ts'
import type { Answer } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { host, password, startWithOwner } from '../support/portal-account.ts'

type Started = Awaited<ReturnType<typeof startWithOwner>>

/** Of each kind so many, and one more that a page of five does not end with. */
const many = 11
const rule = { issuer: 'https://ci.example', audience: 'here', claims: { sub: 'job' }, scopes: ['secrets:read'] }

/** How one more of each listing is made. */
const makers: Readonly<Record<string, (started: Started, at: number) => Promise<Answer>>> = {
  '/v3/secrets': ({ api }, at) => api.post('/v3/secrets', { name: `s-${at}`, value: 'v' }),
  '/v3/lists': ({ api }, at) => api.post('/v3/lists', { name: `l-${at}` }),
  '/v3/lists/1/secrets': ({ api }, at) => api.post('/v3/secrets', { name: `in-${at}`, value: 'v' }),
  '/v3/keys': ({ api }, at) => api.post('/v3/keys', { name: `k-${at}`, scopes: ['secrets:list'] }),
  '/v3/users': ({ api }, at) => api.post('/v3/users', { email: `u-${at}@example.com`, role: 'reader' }),
  '/v3/machines': ({ api }, at) => api.post('/v3/machines', { name: `m-${at}`, addresses: [`10.0.0.${at}`] }),
  '/v3/trust-rules': ({ api }, at) => api.post('/v3/trust-rules', { ...rule, name: `t-${at}` }),
  '/v3/seeds': ({ api }, at) => api.post('/v3/seeds', { user_data: 'A', target: `vm-${at}` }),
  '/v3/deployments': ({ api }, at) => api.post('/v3/render', { template: 'A', target: `t-${at}` }),
  '/v3/deleted': async ({ api }, at) => {
    await api.put('/v3/settings', { recovery_days: 7 })
    const { body } = await api.post('/v3/secrets', { name: `d-${at}`, value: 'v' })
    return api.delete(`/v3/secrets/${body.id}`)
  },
  '/v3/webhooks': ({ api }, at) =>
    api.post('/v3/webhooks', { url: `https://hooks.example/${at}`, actions: ['seed.delete'] }),
  '/v3/webhooks/1/deliveries': ({ api }) => api.post('/v3/webhooks/1/test', {}),
  '/v3/sessions': ({ url }) => new Person(url).post('/v3/session', { email: 'Ada@Example.com', password }),
}
/** Pages of their own: a default limit, or cursors both ways (`listing.test.ts`, `audit.test.ts`), or by names (`environment-contents.test.ts`, `folders.test.ts`), or beside what is told once (`access.test.ts`). */
const others = ['/v3/metadata', '/v3/audit', '/v3/compare', '/v3/secrets/1/access', '/v3/folders']

const items = ({ body }: Answer): readonly { readonly id: number }[] => {
  const [list] = Object.values(body)
  assert.ok(Array.isArray(list))
  return list
}

/** Those of all pages. */
async function walk(get: (path: string) => Promise<Answer>, path: string, limit: number) {
  const pages: (readonly { readonly id: number }[])[] = []
  for (let cursor = ''; ; ) {
    const answer = await get(`${path}?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`)
    assert.equal(answer.status, 200, answer.text)
    pages.push(items(answer))
    const next = answer.headers.get('strongroom-next-cursor')
    if (next === null) return pages
    cursor = next
  }
}

for (const engine of engines) {
  suite(`${engine.name}: a listing`, { skip: engine.skip }, () => {
    test('has pages, each of them, which come to what it is as a whole', async (t) => {
      const paged = routes.filter(
        ({ method, schemas }) =>
          method === 'GET' && 'properties' in schemas.query && 'cursor' in Object(schemas.query['properties']),
      )
      assert.deepEqual(
        paged.map(({ path }) => path.replace(':id', '1')).sort(),
        [...Object.keys(makers), ...others].sort(),
      )
      const started = await startWithOwner(t, engine)
      const cursors = new Map<string, string>()
      for (const [path, make] of Object.entries(makers)) {
        for (let at = 1; at <= many; at++) {
          const made = await make(started, at)
          assert.ok(made.status < 300, made.text)
        }
        const get = (asked: string) => (path === '/v3/sessions' ? started.owner.get(asked) : started.api.get(asked))
        const all = items(await get(path))
        assert.ok(all.length >= many, path)

        const pages = await walk(get, path, 5)
        const whole = await walk(get, path, all.length)

        assert.deepEqual(pages.flat(), all, path)
        assert.ok(
          pages.slice(0, -1).every((page) => page.length === 5),
          path,
        )
        assert.deepEqual(whole, [all], `${path}: a page that holds all leads to no other`)
        const first = await get(`${path}?limit=5`)
        const cursor = first.headers.get('strongroom-next-cursor') ?? assert.fail(path)
        assert.deepEqual(items(await get(`${path}?cursor=${cursor}`)), all.slice(5), `${path}: the rest after a cursor`)
        cursors.set(path, cursor)
        for (const wrong of ['0', '1001', 'many', '']) {
          assert.equal((await get(`${path}?limit=${wrong}`)).status, 400, `${path} ${wrong}`)
        }
      }
      const downwards = (asked: string) => started.api.get(asked.replace('?', '?order=desc&'))
      assert.deepEqual(
        (await walk(downwards, '/v3/seeds', 5)).flat(),
        items(await started.api.get('/v3/seeds')).toReversed(),
      )
      assert.equal((await downwards(`/v3/seeds?cursor=${cursors.get('/v3/seeds')}`)).status, 400, 'in the other order')
      for (const [path, cursor] of cursors) {
        const other = path === '/v3/keys' ? '/v3/users' : '/v3/keys'
        assert.equal((await started.api.get(`${other}?cursor=${cursor}`)).status, 400, `${path} in ${other}`)
      }
    })

    /** An account with more keys than come in one piece. */
    const startWithKeys = async (t: TestContext, count: number) => {
      const server = await startWithOwner(t, engine)
      const identity = await authenticate(server.vault, host)
      const input = { name: 'job', scopes: ['secrets:list'], networks: [], expiresAt: null }
      const made = await Promise.all(
        Array.from({ length: count }, () => createKey(server.vault, host, identity, input)),
      )
      return { ...server, made }
    }

    test('of very many is answered as a whole, and read piece by piece', async (t) => {
      const { api, vault, made } = await startWithKeys(t, 1100)
      const asked: number[] = []
      const store = new Proxy(vault.store, {
        get(target, name) {
          if (name !== 'rowsOf') return Reflect.get(target, name).bind(target)
          return (...given: Parameters<typeof target.rowsOf>) => {
            asked.push(given[2].limit)
            return target.rowsOf(...given)
          }
        },
      })

      const answer = await api.get('/v3/keys')
      const read = await allOf(await listKeys({ ...vault, store }, host, everything))

      const ids = [1, ...made.map(({ key }) => key.id)].sort((one, other) => one - other)
      assert.deepEqual(
        answer.body.keys.map(({ id }: { id: number }) => id),
        ids,
      )
      assert.deepEqual(Object.keys(answer.body), ['keys'])
      assert.match(answer.headers.get('content-type') ?? '', /^application\/json/)
      const one = await api.get(`/v3/keys/${ids.at(-1)}`)
      assert.deepEqual(answer.body.keys.at(-1), one.body)
      assert.deepEqual(
        read.map(({ id }) => id),
        ids,
      )
      assert.ok(asked.length >= 3 && asked.every((limit) => limit <= 500), asked.join(' '))
    })

    test('gives no further page to whoever is shut out meanwhile', async (t) => {
      const { vault, api } = await startWithKeys(t, 600)
      const { body } = await api.post('/v3/keys', { name: 'reader', scopes: ['keys:manage', 'secrets:list'] })
      const hash = vault.keyring.tokenHash(body.api_key)
      const asker = { ...host, caller: { kind: 'token', hash } } as const
      const { pages } = await listKeys(vault, asker, everything)
      const rest = pages[Symbol.asyncIterator]()

      const first = await rest.next()
      await revokeKey(vault, host, body.id)

      assert.ok(first.value?.length > 0)
      await assert.rejects(rest.next(), { code: 'unauthenticated' })
    })

    test('shows a manager of some names the keys of these alone, page by page', async (t) => {
      const { api, vault } = await startWithKeys(t, 40)
      const scopes = ['keys:manage:web-*', 'secrets:read:web-*']
      const { body } = await api.post('/v3/keys', { name: 'manager', scopes })
      const identity = await authenticate(vault, host)
      for (let at = 0; at < 3; at++) {
        const input = { name: `web-${at}`, scopes: ['secrets:read:web-1'], networks: [], expiresAt: null }
        await createKey(vault, host, identity, input)
      }
      const rows = await vault.store.rowsOf(1, keyListing, { after: undefined, limit: 100 })
      const manager = { get: (path: string) => api.get(path, { authorization: `Bearer ${body.api_key}` }) }

      const pages = await walk((path) => manager.get(path), '/v3/keys', 2)

      const seen = rows.filter(({ name }) => name === 'manager' || name.startsWith('web-')).map(({ id }) => id)
      assert.deepEqual(
        pages.flat().map(({ id }) => id),
        seen,
      )
      assert.deepEqual(
        pages.map(({ length }) => length),
        [2, 2],
      )
    })
  })
}
