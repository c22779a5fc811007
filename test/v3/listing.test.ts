/** The listing: whole by default, in pages and by name when asked. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { listSecrets } from '../../src/vault/secret-listing.ts'
import { startAccount } from '../support/account.ts'
import type { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { makeSecrets } from '../support/fill.ts'
import { startServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: the listing`, { skip: engine.skip }, () => {
    test('is whole, oldest first, however many secrets there are', async (t) => {
      const server = await startServer(t, engine)
      const { api } = server
      const wanted = Array.from({ length: 2500 }, (_, at) => `secret-${at}`)
      await makeSecrets(server.vault, wanted)

      const { status, body, headers } = await api.get('/v3/secrets')

      assert.equal(status, 200)
      assert.equal(headers.get('content-type'), 'application/json; charset=utf-8')
      const ids = body.secrets.map(({ id }: { id: number }) => id)
      assert.deepEqual(
        ids,
        Array.from({ length: 2500 }, (_, at) => at + 1),
      )
      assert.equal(new Set(body.secrets.map(({ name }: { name: string }) => name)).size, 2500)
      for (const length of [1000, 2000]) {
        const page = await api.get(`/v3/secrets?limit=1000&name=*&cursor=${await cursorAfter(api, length)}`)
        assert.deepEqual(page.body.secrets[0].id, length + 1)
      }
    })

    test('has texts, numbers and times of any kind as each secret by itself has them', async (t) => {
      const { api } = await startAccount(t, engine)
      const texts = ['', '"quoted\\"', 'one\n\ttwo', '\u2028 \u2029', 'é 😀', '[null,1]', '%00 \\u0000']
      for (const [at, description] of texts.entries()) {
        const tags = at === 0 ? [] : ['team:e', `t:${at}`]
        const expiry = at % 2 === 0 ? null : `${2100 + 1000 * at}-01-01T00:00:00Z`
        const body = { name: `any-${at}`, value: 'v', description, tags, expires_at: expiry }
        const { status, body: said } = await api.post('/v3/secrets', body)
        assert.equal(status, 201, JSON.stringify(said))
      }

      const { secrets } = (await api.get('/v3/metadata')).body

      assert.equal(secrets.length, texts.length)
      assert.deepEqual(
        secrets.map(({ description }: { description: string }) => description),
        texts,
      )
      for (const one of secrets) assert.deepEqual(one, (await api.get(`/v3/secrets/${one.id}/metadata`)).body)
    })

    test('that is taken slowly ends when its key is revoked', async (t) => {
      const { api, vault } = await startServer(t, engine)
      await makeSecrets(
        vault,
        Array.from({ length: 2500 }, (_, at) => `secret-${at}`),
      )
      const { body: key } = await api.post('/v3/keys', { name: 'slow', scopes: ['secrets:list'] })
      const hash = vault.keyring.tokenHash(key.api_key)
      const asker = { caller: { kind: 'token', hash } as const, requestId: 'slow', address: '127.0.0.1' }
      for (const isExpiredFirst of [false, true]) {
        const order = isExpiredFirst ? 'expired first' : 'created'
        const { pages } = await listSecrets(vault, asker, { order }, () => undefined)
        const taken = pages[Symbol.asyncIterator]()
        assert.equal((await taken.next()).done, false)
        if (isExpiredFirst) await api.delete(`/v3/keys/${key.id}`)
        const next = taken.next()
        if (isExpiredFirst) await assert.rejects(next, { code: 'unauthenticated' })
        else assert.equal((await next).value.length, 1000)
      }
    })

    test('in pages gives every secret once and ends', async (t) => {
      const { api } = await startAccount(t, engine)
      for (let at = 0; at < 7; at++) await api.post('/v3/secrets', { name: `s${at}`, value: 'v' })

      const pages: number[][] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const answer = await api.get(`/v3/secrets?limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`)
        pages.push(answer.body.secrets.map(({ id }: { id: number }) => id))
        cursor = answer.headers.get('strongroom-next-cursor')
      }

      assert.deepEqual(pages, [[1, 2, 3], [4, 5, 6], [7]])
      assert.equal((await api.get('/v3/secrets?limit=7')).headers.get('strongroom-next-cursor'), null)
    })

    test('reads as many rows as a page has, and one that tells of another', async (t) => {
      const { api, vault } = await startServer(t, engine)
      await api.post('/v3/lists', { name: 'Web' })
      await makeSecrets(
        vault,
        Array.from({ length: 1100 }, (_, at) => `secret-${at}`),
      )
      await api.post('/v3/secrets', { name: 'last', value: 'v', list: 'Web', tags: ['rare'] })
      let read: number[] = []
      const find = vault.store.secretPages.bind(vault.store)
      t.mock.method(vault.store, 'secretPages', async function* (...asked: Parameters<typeof find>) {
        for await (const page of find(...asked)) {
          read.push(page.secrets.length)
          yield page
        }
      })
      const rowsOf = async (query: string, wanted: number) => {
        read = []
        const { body } = await api.get(`/v3/secrets?${query}`)
        assert.equal(body.secrets.length, wanted, query)
        return read
      }

      // One more than the page has tells that there is another.
      assert.deepEqual(await rowsOf('limit=10', 10), [11])
      assert.deepEqual(await rowsOf('limit=1000', 1000), [1001])
      assert.deepEqual(await rowsOf('limit=10&offset=900&sort=name', 10), [11])
      assert.deepEqual(await rowsOf('limit=10&name=secret-*', 10), [11])
      for (const rare of ['list=Web', 'name=last', 'name=last*', 'tag=rare', 'q=LAST', 'sort=name&list=Web']) {
        assert.deepEqual(await rowsOf(`limit=10&${rare}`, 1), [1], rare)
      }
    })

    test('goes on and back from where a page ends, in every order, and says how many there are', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/lists', { name: 'Web' })
      for (const [at, name] of ['d', 'a', 'c', 'e', 'b'].entries()) {
        const more = at % 2 === 0 ? { list: 'Web' } : { expires_at: `2030-01-0${at}T00:00:00Z`, tags: ['soon'] }
        await api.post('/v3/secrets', { name, value: 'v', description: `The ${name.toUpperCase()}`, ...more })
      }
      const namesOf = ({ body }: { body: { secrets: { name: string }[] } }) =>
        body.secrets.map(({ name }) => name).join('')
      const wanted = {
        'sort=created': 'daceb',
        'order=desc': 'becad',
        'sort=name': 'abcde',
        'sort=name&order=desc': 'edcba',
        'sort=updated': 'daceb',
        'sort=expires': 'aedcb',
        'sort=list': 'dcbae',
        'sort=type': 'abcde',
        'expired=first': 'daceb',
      }
      for (const path of ['/v3/secrets', '/v3/metadata']) {
        for (const [query, all] of Object.entries(wanted)) {
          const first = await api.get(`${path}?limit=2&count=true&${query}`)
          const page = (answer: typeof first, way: string) =>
            api.get(`${path}?limit=2&${query}&cursor=${answer.headers.get(`strongroom-${way}-cursor`)}`)
          const second = await page(first, 'next')
          const third = await page(second, 'next')
          const again = await page(third, 'previous')
          const begin = await page(again, 'previous')

          assert.deepEqual([first, second, third].map(namesOf), [all.slice(0, 2), all.slice(2, 4), all.slice(4)], query)
          assert.deepEqual([again, begin].map(namesOf), [all.slice(2, 4), all.slice(0, 2)], query)
          assert.equal(first.headers.get('strongroom-total-count'), '5')
          for (const end of [first, begin]) assert.equal(end.headers.get('strongroom-previous-cursor'), null, query)
          assert.equal(third.headers.get('strongroom-next-cursor'), null, query)
          assert.equal(namesOf(await page(begin, 'next')), all.slice(2, 4), query)
        }
      }
      assert.equal(namesOf(await api.get('/v3/secrets?q=the%20SOON&sort=name&order=desc')), 'ea')
      assert.equal(namesOf(await api.get('/v3/secrets?type=file')), '')
      assert.equal(namesOf(await api.get('/v3/secrets?updated_before=2001-01-01T00:00:00Z')), '')
      const narrow = await withScopes('secrets:list:a*', 'secrets:list:e')
      const seen = await narrow.get('/v3/metadata?count=true&sort=name')
      assert.deepEqual([namesOf(seen), seen.headers.get('strongroom-total-count')], ['ae', '2'])
      for (const path of ['expired=first&sort=name', 'sort=value', 'order=up', 'count=yes', 'held=new', 'type=blob']) {
        assert.equal((await api.get(`/v3/secrets?${path}`)).status, 400, path)
      }
    })

    test('begins in the middle, in every order, and goes on and back from there', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      for (const name of ['d', 'a', 'c', 'e', 'b']) await api.post('/v3/secrets', { name, value: 'v' })
      const namesOf = ({ body }: { body: { secrets: { name: string }[] } }) =>
        body.secrets.map(({ name }) => name).join('')
      for (const path of ['/v3/secrets', '/v3/metadata']) {
        for (const [query, all] of Object.entries({
          '': 'daceb',
          'sort=name': 'abcde',
          'sort=type&order=desc': 'edcba',
        })) {
          const middle = await api.get(`${path}?limit=2&offset=2&${query}`)
          const page = (way: string) =>
            api.get(`${path}?limit=2&${query}&cursor=${middle.headers.get(`strongroom-${way}-cursor`)}`)

          assert.equal(namesOf(middle), all.slice(2, 4), query)
          assert.equal(namesOf(await page('next')), all.slice(4), query)
          assert.equal(namesOf(await page('previous')), all.slice(0, 2), query)
          const beyond = await api.get(`${path}?limit=2&offset=5&${query}`)
          assert.deepEqual([namesOf(beyond), beyond.headers.get('strongroom-next-cursor')], ['', null], query)
          assert.equal((await api.get(`${path}?limit=2&offset=0`)).headers.get('strongroom-previous-cursor'), null)
        }
      }
      assert.equal(namesOf(await api.get('/v3/secrets?offset=3')), 'eb')
      const narrow = await withScopes('secrets:list:b', 'secrets:list:d*', 'secrets:list:e')
      assert.equal(namesOf(await narrow.get('/v3/metadata?limit=5&offset=1&sort=name')), 'de')
      const { headers } = await api.get('/v3/secrets?limit=1')
      await assertFault(api, `/v3/secrets?offset=1&cursor=${headers.get('strongroom-next-cursor')}`, 'offset')
      for (const offset of ['-1', '01', '1e3', '', '1000000000']) {
        await assertFault(api, `/v3/secrets?offset=${offset}`, 'offset')
      }
    })

    test('is summed up: how many of each kind, in each list and with which tags, of those that may be listed', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/lists', { name: 'Web' })
      await api.post('/v3/secrets', { name: 'a', value: 'dg==', type: 'file', tags: ['x'] })
      await api.post('/v3/secrets', { name: 'b', value: 'v', list: 'Web', expires_at: '2001-01-01T00:00:00Z' })
      await api.post('/v3/secrets', { name: 'c', value: 'v', tags: ['y', 'x'] })
      await api.post('/v3/render', { template: '$'.concat('{{secret.c}}'), target: 'web-1' })
      await api.put('/v3/secrets/3', { value: 'new' })
      const counts = { secrets: 3, files: 1, expiring: 1, unchanged: 0, held_old: 1 }
      const [web, own] = [
        { id: 1, name: 'Web' },
        { id: 2, name: 'default' },
      ]

      assert.deepEqual((await api.get('/v3/metadata/summary')).body, {
        ...counts,
        lists: [
          { ...web, secrets: 1 },
          { ...own, secrets: 2 },
        ],
        tags: ['x', 'y'],
      })
      assert.deepEqual((await (await withScopes('secrets:list:a')).get('/v3/metadata/summary')).body, {
        ...{ secrets: 1, files: 1, expiring: 0, unchanged: 0, held_old: 0 },
        lists: [
          { ...web, secrets: 0 },
          { ...own, secrets: 1 },
        ],
        tags: ['x'],
      })
      assert.equal((await api.get('/v3/secrets?held=old')).body.secrets[0].name, 'c')
      await api.post('/v3/render', { template: '$'.concat('{{secret.b}}'), target: 'web-2' })
      assert.deepEqual(
        (await api.get('/v3/secrets?held=any')).body.secrets.map(({ name }: { name: string }) => name),
        ['b', 'c'],
      )
      assert.equal((await api.get('/v3/secrets?held=any&list=Web')).body.secrets.length, 1)
    })

    test('shows no secret that an index leads to wrongly, and none whose row was changed to be found', async (t) => {
      const { api, place } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'v', tags: ['real'] })
      await api.post('/v3/secrets', { name: 'b', value: 'v' })
      await query(
        place,
        `insert into secret_tags (account_id, environment_id, tag, secret_id) values (1, 1, 'real', 2)`,
      )

      const { body } = await api.get('/v3/secrets?tag=real')
      assert.deepEqual(
        body.secrets.map(({ name }: { name: string }) => name),
        ['a'],
      )

      await query(place, `update secrets set tags = 'real' where id = 2`)
      const forged = await api.get('/v3/secrets?tag=real')
      assert.deepEqual([forged.status, forged.body.code], [500, 'integrity_failure'])
    })

    test('of what is known shows each secret with its list, in pages, only to whom may list it', async (t) => {
      const { api, withScopes, otherAccount } = await startAccount(t, engine)
      await api.post('/v3/lists', { name: 'Web' })
      await api.post('/v3/secrets', { name: 'prod-db', value: 'v1', tags: ['team:db'], list: 'Web' })
      await api.post('/v3/secrets', { name: 'test-db', value: 'djI=', type: 'file', filename: 'a.bin' })
      const one = (await api.get('/v3/secrets/1/metadata')).body
      const two = (await api.get('/v3/secrets/2/metadata')).body

      const first = await api.get('/v3/metadata?limit=1')
      const cursor = first.headers.get('strongroom-next-cursor')
      const second = await api.get(`/v3/metadata?limit=1&cursor=${cursor}`)

      assert.deepEqual([first.body, second.body], [{ secrets: [one] }, { secrets: [two] }])
      assert.equal(second.headers.get('strongroom-next-cursor'), null)
      assert.deepEqual((await api.get('/v3/metadata?tag=team:db')).body.secrets, [one])
      assert.deepEqual((await api.get('/v3/metadata?list=default')).body.secrets, [two])
      const narrow = await withScopes('secrets:list:test-*')
      const { decoy, ...asOthersSeeIt } = two
      assert.equal(decoy, null)
      assert.deepEqual((await narrow.get('/v3/metadata')).body.secrets, [asOthersSeeIt])
      assert.equal((await (await withScopes('secrets:read')).get('/v3/metadata')).status, 403)
      assert.deepEqual((await (await otherAccount()).get('/v3/metadata')).body.secrets, [])
    })

    test('by name takes a pattern', async (t) => {
      const { api } = await startAccount(t, engine)
      for (const name of ['prod-db', 'prod-web', 'test-db']) await api.post('/v3/secrets', { name, value: 'v' })
      const found = async (query: string) =>
        (await api.get(`/v3/secrets?name=${query}`)).body.secrets.map(({ name }: { name: string }) => name)

      assert.deepEqual(await found('prod-*'), ['prod-db', 'prod-web'])
      assert.deepEqual(await found('*-db'), ['prod-db', 'test-db'])
      assert.deepEqual(await found('prod-db'), ['prod-db'])
      assert.deepEqual(await found('none'), [])
    })

    test('shows a narrowed key only the names that it may list', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      for (const name of ['prod-db', 'test-db', 'prod-web']) await api.post('/v3/secrets', { name, value: 'v' })
      const narrowed = await withScopes('secrets:list:prod-*')

      const { body } = await narrowed.get('/v3/secrets')

      assert.deepEqual(
        body.secrets.map(({ id }: { id: number }) => id),
        [1, 3],
      )
    })

    test('refuses a malformed limit, name or cursor, and one of another account, listing or making', async (t) => {
      const { api, otherAccount } = await startAccount(t, engine)
      const stranger = await otherAccount()
      for (const name of ['one', 'two']) {
        await api.post('/v3/secrets', { name, value: 'v' })
        await stranger.post('/v3/secrets', { name, value: 'v' })
      }
      const good = (await api.get('/v3/secrets?limit=1')).headers.get('strongroom-next-cursor') ?? ''
      const foreign = (await stranger.get('/v3/secrets?limit=1')).headers.get('strongroom-next-cursor') ?? ''
      const ofAudit = (await api.get('/v3/audit?limit=1')).headers.get('strongroom-next-cursor') ?? ''
      const changed = `${good.startsWith('A') ? 'B' : 'A'}${good.slice(1)}`

      assert.equal((await api.get(`/v3/secrets?limit=1&cursor=${good}`)).body.secrets[0].id, 2)
      for (const limit of ['0', '-1', '1001', '1e3', '1.0', '01', '', 'x', '1000000000']) {
        await assertFault(api, `/v3/secrets?limit=${limit}`, 'limit')
      }
      for (const cursor of ['', 'x', '!', foreign, ofAudit, changed, `${good}A`, good.slice(0, -1), 'x'.repeat(200)]) {
        await assertFault(api, `/v3/secrets?limit=1&cursor=${cursor}`, 'cursor')
      }
      for (const name of ['a b', 'a\\b', '%C3%A4', 'x'.repeat(256)]) {
        await assertFault(api, `/v3/secrets?name=${name}`, 'name')
      }
      await assertFault(api, '/v3/secrets?page=1', 'page')
    })
  })
}

async function cursorAfter(api: Api, id: number): Promise<string> {
  const { headers, body } = await api.get(
    `/v3/secrets?limit=1000${id > 1000 ? `&cursor=${await cursorAfter(api, id - 1000)}` : ''}`,
  )
  assert.equal(body.secrets.length, 1000)
  return headers.get('strongroom-next-cursor') ?? ''
}

async function assertFault(api: Api, path: string, field: string): Promise<void> {
  const answer = await api.get(path)
  assert.deepEqual([answer.status, answer.body?.errors?.[0]?.field], [400, field], `${path}: ${answer.text}`)
}
