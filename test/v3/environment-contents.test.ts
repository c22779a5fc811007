/** What environments have in common is told without a value; what goes from one into another goes whole, and is recorded in both. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { startAccount } from '../support/account.ts'
import { type Answer, Api } from '../support/api.ts'
import { chance, rounds } from '../support/chance.ts'
import { engines } from '../support/engines.ts'

const ok = (answer: Answer): Answer => {
  assert.ok(answer.status < 300, answer.text)
  return answer
}
const strong = 'kX9vQ2mLp7RtZ4wB8nYc5sJd'

for (const engine of engines) {
  const start = async (t: TestContext) => {
    const account = await startAccount(t, engine)
    const { api, url } = account
    for (const name of ['dev', 'prod']) ok(await api.post('/v3/environments', { name }))
    const put = async (environment: string, name: string, value: string, more: object = {}) =>
      ok(await api.post('/v3/secrets', { name, value, ...more }, { 'strongroom-environment': environment })).body
    const keyWith = async (...scopes: readonly string[]) => {
      const { body } = ok(await api.post('/v3/keys', { name: 'narrow', scopes }))
      return new Api(url, body.api_key)
    }
    const read = async (environment: string, name: string) => {
      const headers = { 'strongroom-environment': environment }
      const { body } = ok(await api.get(`/v3/metadata?name=${name}`, headers))
      const [found] = body.secrets
      if (found === undefined) return undefined
      return { ...found, value: ok(await api.get(`/v3/secrets/${found.id}`, headers)).body.value }
    }
    const copy = (asker: Api, body: object) => asker.post('/v3/copy', { from: 'dev', to: 'prod', ...body })
    const records = async (action: string) =>
      ok(await api.get(`/v3/audit?action=${action}&limit=1000`)).body.records as readonly {
        readonly object: { readonly name: string }
        readonly outcome: string
        readonly environment?: { readonly name: string }
      }[]
    return { ...account, put, keyWith, read, copy, records }
  }

  suite(`${engine.name}: a comparison of environments`, { skip: engine.skip }, () => {
    test('tells what an environment inherits from what it lacks, and not where it comes from', async (t) => {
      const { api, put, keyWith } = await start(t)
      const { environments } = (await api.get('/v3/environments')).body
      const { id } = environments.find(({ name }: { name: string }) => name === 'prod')
      assert.equal((await api.send('PATCH', `/v3/environments/${id}`, { base: 'default' })).status, 200)
      for (const [environment, names] of [
        ['dev', ['a', 'b', 'c']],
        ['default', ['a', 'c', 'd', 'e', 'f']],
        ['prod', ['c']],
      ] as const) {
        for (const name of names) await put(environment, name, 'a-long-enough-value')
      }
      const blind = await keyWith('secrets:read@dev', 'secrets:read@prod')
      const short = ({ body }: Answer) =>
        body.secrets.map((one: Answer['body']) => [one.name, one.state, one.inherited, one.in.length])
      const rows = [
        ['a', 'inherited', ['prod'], 1],
        ['b', 'missing', [], 1],
        ['c', 'same', [], 2],
      ]

      for (const asker of [api, blind]) {
        const whole = ok(await asker.get('/v3/compare?environments=dev,prod'))
        assert.deepEqual(short(whole), rows)
        assert.doesNotMatch(whole.text, /default/)
        const found = []
        let next: string | null = ''
        for (let pages = 0; pages < rows.length; pages++) {
          const cursor: string = next === '' ? '' : `&cursor=${next}`
          const page = ok(await asker.get(`/v3/compare?environments=dev,prod&limit=1${cursor}`))
          found.push(...short(page))
          next = page.headers.get('strongroom-next-cursor')
        }
        assert.equal(next, null)
        assert.deepEqual(found, rows)
      }
      await put('dev', 'f', 'quite-another-value')
      const three = short(ok(await api.get('/v3/compare?environments=default,dev,prod')))
      assert.deepEqual(three.slice(0, 4), [
        ['a', 'inherited', ['prod'], 2],
        ['b', 'missing', [], 1],
        ['c', 'same', [], 3],
        ['d', 'missing', ['prod'], 1],
      ])
      assert.deepEqual(three.at(-1), ['f', 'different', ['prod'], 2])
    })

    test('says which names are missing where, and which have the same value', async (t) => {
      const { api, put } = await start(t)
      await put('dev', 'a', 'same')
      await put('prod', 'a', 'same')
      await put('dev', 'b', 'one')
      await put('prod', 'b', 'two')
      await put('default', 'b', 'one')
      await put('dev', 'c', 'only here')

      const { body, text } = ok(await api.get('/v3/compare?environments=dev,prod'))
      const three = ok(await api.get('/v3/compare?environments=prod,default,dev&name=b')).body
      const all = ok(await api.get('/v3/compare?name=b')).body

      assert.deepEqual(body.environments, ['dev', 'prod'])
      assert.deepEqual(all.environments, ['default', 'dev', 'prod'])
      assert.equal(all.secrets[0].in.length, 3)
      const short = (
        secrets: readonly { name: string; state: string; in: { environment: string; group: number }[] }[],
      ) =>
        secrets.map(({ name, state, in: there }) => [
          name,
          state,
          there.map((one) => `${one.environment} ${one.group}`),
        ])
      assert.deepEqual(short(body.secrets), [
        ['a', 'same', ['dev 1', 'prod 1']],
        ['b', 'different', ['dev 1', 'prod 2']],
        ['c', 'missing', ['dev 1']],
      ])
      assert.deepEqual(short(three.secrets), [['b', 'different', ['prod 1', 'default 2', 'dev 2']]])
      assert.doesNotMatch(text, /one|two|only here/)
    })

    test('has pages, and all of it without a limit', async (t) => {
      const { api, put } = await start(t)
      for (let at = 0; at < 7; at++) await put(at % 2 === 0 ? 'dev' : 'prod', `s-${at}`, 'v')
      const all = ok(await api.get('/v3/compare?environments=dev,prod')).body.secrets

      const seen: unknown[] = []
      let cursor = ''
      for (let pages = 0; pages < 10; pages++) {
        const answer = ok(await api.get(`/v3/compare?environments=dev,prod&limit=3${cursor}`))
        seen.push(...answer.body.secrets)
        const next = answer.headers.get('strongroom-next-cursor')
        if (next === null) break
        cursor = `&cursor=${next}`
      }

      assert.equal(all.length, 7)
      assert.deepEqual(seen, all)
    })

    test('is about names that may be read or scanned in each of them, and recorded in each', async (t) => {
      const { put, keyWith, records } = await start(t)
      for (const environment of ['dev', 'prod']) {
        await put(environment, 'web', 'v')
        await put(environment, 'db', 'v')
      }
      const narrow = await keyWith('secrets:read@dev', 'secrets:read:web@prod')
      const { body } = ok(await narrow.get('/v3/compare?environments=dev,prod'))

      assert.deepEqual(
        body.secrets.map(({ name, state }: { name: string; state: string }) => [name, state]),
        [['web', 'same']],
      )
      const made = await records('secret.fingerprint')
      assert.equal(made.filter(({ object }) => object.name === '1 values of 1 secrets').length, 2)
    })

    test('is not there for whoever may not see one of them, and refused to whoever may only list', async (t) => {
      const { put, keyWith, api } = await start(t)
      for (const environment of ['dev', 'prod']) await put(environment, 'web', 'v')
      const blind = await keyWith('secrets:read@dev')
      const lister = await keyWith('secrets:read@dev', 'secrets:list@prod')

      const unseen = await blind.get('/v3/compare?environments=dev,prod')
      const absent = await blind.get('/v3/compare?environments=dev,never')
      assert.deepEqual([unseen.status, unseen.body.detail], [404, absent.body.detail])
      assert.equal((await lister.get('/v3/compare?environments=dev,prod')).status, 403)
      for (const wrong of [
        'dev',
        'dev,dev',
        'dev,',
        'dev,a b',
        Array.from({ length: 11 }, (_, at) => `e${at}`).join(','),
      ]) {
        assert.equal((await api.get(`/v3/compare?environments=${encodeURIComponent(wrong)}`)).status, 400, wrong)
      }
    })

    test('tells whoever may scan and not read nothing of what could be guessed', async (t) => {
      const { put, keyWith } = await start(t)
      for (const environment of ['dev', 'prod']) {
        await put(environment, 'weak', 'hunter2')
        await put(environment, 'strong', strong)
        await put(environment, 'untold', strong, { tags: ['no-scan'] })
      }
      const scanner = await keyWith('secrets:read@dev', 'secrets:scan@prod')
      const { body } = ok(await scanner.get('/v3/compare?environments=dev,prod'))

      const groups = body.secrets.map(
        ({ name, state, in: there }: { name: string; state: string; in: { group: number }[] }) => [
          name,
          state,
          there.map(({ group }) => group),
        ],
      )
      assert.deepEqual(groups, [
        ['strong', 'same', [1, 1]],
        ['untold', 'unknown', [1, null]],
        ['weak', 'unknown', [1, null]],
      ])
    })
  })

  suite(`${engine.name}: a copy between environments`, { skip: engine.skip }, () => {
    test('makes what is not there, replaces what is, and leaves what is the same', async (t) => {
      const { api, put, read, copy, records } = await start(t)
      await put('dev', 'new', 'value of new', { description: 'of the shop', tags: ['web'] })
      await put('dev', 'other', 'newer')
      await put('dev', 'equal', 'equal')
      await put('prod', 'other', 'older', { description: 'old', tags: ['old'] })
      await put('prod', 'equal', 'equal')
      const wanted = { names: ['new', 'other', 'equal'] }

      const dry = ok(await copy(api, { ...wanted, dry_run: true })).body
      assert.equal(await read('prod', 'new'), undefined)
      const done = ok(await copy(api, wanted)).body
      const reads = await records('secret.read')

      const states = ({ secrets }: { secrets: readonly { name: string; state: string }[] }) =>
        secrets.map(({ name, state }) => [name, state])
      const expected = [
        ['new', 'created'],
        ['other', 'replaced'],
        ['equal', 'same'],
      ]
      assert.deepEqual([dry.dry_run, states(dry)], [true, expected])
      assert.deepEqual([done.dry_run, states(done)], [false, expected])
      const [made, replaced, same] = [
        await read('prod', 'new'),
        await read('prod', 'other'),
        await read('prod', 'equal'),
      ]
      assert.deepEqual(
        [made.value, made.description, made.tags, made.version],
        ['value of new', 'of the shop', ['web'], 1],
      )
      assert.deepEqual([replaced.value, replaced.description, replaced.tags, replaced.version], ['newer', '', [], 2])
      assert.deepEqual([same.value, same.version], ['equal', 1])
      assert.equal((await read('dev', 'new')).version, 1)
      assert.deepEqual(
        (await records('secret.create')).slice(0, 1).map(({ object }) => object.name),
        ['new'],
      )
      const inDev = reads.filter(({ environment }) => environment?.name === 'dev').map(({ object }) => object.name)
      const inProd = reads.filter(({ environment }) => environment?.name === 'prod').map(({ object }) => object.name)
      // In the dry run, and then.
      assert.deepEqual(inDev.sort(), ['equal', 'equal', 'new', 'new', 'other', 'other'])
      assert.deepEqual(inProd.sort(), ['equal', 'equal', 'other', 'other'], 'what it was compared with')
      assert.doesNotMatch(JSON.stringify(dry) + JSON.stringify(done), /value of new|newer/)
      const verdict = ok(await api.post('/v3/audit/verify', {})).body
      assert.equal(verdict.fault ?? null, null)
    })

    test('goes into the list of the same name, or where secrets go that name none', async (t) => {
      const { api, put, copy } = await start(t)
      const inList = (name: string, environment: string) =>
        api.post('/v3/lists', { name }, { 'strongroom-environment': environment })
      for (const name of ['web', 'alone']) ok(await inList(name, 'dev'))
      ok(await inList('web', 'prod'))
      await put('dev', 'a', 'v', { list: 'web' })
      await put('dev', 'b', 'v', { list: 'alone' })
      await put('dev', 'c', 'v', { list: 'alone' })
      const listsIn = async () => {
        const { body } = ok(await api.get('/v3/metadata?environment=prod'))
        return body.secrets.map(({ name, list }: { name: string; list: { name: string } }) => [name, list.name])
      }

      ok(await copy(api, { names: ['a', 'b'] }))
      // By now the other is there.
      ok(await copy(api, { names: ['c'] }))

      assert.deepEqual(await listsIn(), [
        ['a', 'web'],
        ['b', 'default'],
        ['c', 'default'],
      ])
    })

    test('is whole or nothing, and says of each name what stands in its way', async (t) => {
      const { put, read, copy, keyWith } = await start(t)
      for (const name of ['web', 'db']) await put('dev', name, 'v')
      const reader = await keyWith('secrets:read:web@dev', 'secrets:list@dev', 'secrets:write@prod')
      const writer = await keyWith('secrets:read@dev', 'secrets:write:web@prod')
      const wanted = { names: ['web', 'db', 'never'] }

      const refused = await copy(reader, wanted)
      const unwritten = await copy(writer, { names: ['web', 'db'] })
      const absent = await copy(writer, { names: ['never'] })
      const { secrets } = ok(await copy(reader, { ...wanted, dry_run: true })).body

      assert.equal(refused.status, 403, refused.text)
      assert.deepEqual(
        refused.body.errors.map(({ detail }: { detail: string }) => detail.split(':')[0]),
        ['db', 'never'],
      )
      assert.deepEqual([unwritten.status, absent.status], [403, 404])
      assert.equal(await read('prod', 'web'), undefined)
      assert.deepEqual(
        secrets.map(({ name, state }: { name: string; state: string }) => [name, state]),
        [
          ['web', 'created'],
          ['db', 'refused'],
          ['never', 'refused'],
        ],
      )
    })

    test('tells whoever may not write a name nothing of what has it there', async (t) => {
      const { put, copy, keyWith } = await start(t)
      for (const name of ['file', 'free']) await put('dev', name, 'v')
      await put('prod', 'file', 'AP8=', { type: 'file' })
      const writer = await keyWith('secrets:read@dev', 'secrets:write:web@prod')
      const ask = async (name: string) => {
        const { body } = ok(await copy(writer, { names: [name], dry_run: true }))
        const { status, text } = await copy(writer, { names: [name] })
        return JSON.stringify([body.secrets, status, text.replace(/"request_id":"[^"]*"/, '')]).replaceAll(name, 'NAME')
      }

      assert.equal(await ask('file'), await ask('free'))
    })

    test('is not there between environments of which one may not be seen', async (t) => {
      const { put, copy, keyWith } = await start(t)
      await put('dev', 'web', 'v')
      const dev = await keyWith('secrets:read@dev', 'secrets:write@dev')
      const prod = await keyWith('secrets:read@prod', 'secrets:write@prod')
      const body = { names: ['web'] }

      for (const [asker, from, to] of [
        [dev, 'dev', 'prod'],
        [dev, 'dev', 'never'],
        [prod, 'dev', 'prod'],
        [prod, 'never', 'prod'],
      ] as const) {
        for (const dry_run of [false, true]) {
          const { status, body: problem } = await copy(asker, { ...body, from, to, dry_run })
          assert.deepEqual([status, problem.code], [404, 'not_found'], `${from} ${to}`)
        }
      }
    })

    test('takes patterns, of what may be read, as far as one transaction goes', async (t) => {
      const { api, put, copy, keyWith, read } = await start(t)
      for (let at = 0; at < 101; at += 1) await put('dev', `n-${at}`, 'v')
      await put('dev', 'web-1', 'v')
      await put('dev', 'db-1', 'v')
      const narrow = await keyWith('secrets:read:web-*@dev', 'secrets:write@prod')

      const tooMany = await copy(api, { names: ['n-*'] })
      const some = ok(await copy(narrow, { names: ['*-1'] })).body

      assert.deepEqual([tooMany.status, tooMany.body.code], [400, 'invalid'])
      assert.equal(await read('prod', 'n-1'), undefined)
      assert.deepEqual(
        some.secrets.map(({ name }: { name: string }) => name),
        ['web-1'],
      )
      assert.equal((await copy(api, { names: ['a b'] })).status, 400)
      assert.equal((await copy(api, { from: 'dev', to: 'dev', names: ['web-1'] })).status, 400)
    })

    test('brings a template as its text, and replaces nothing of another type', async (t) => {
      const { api, put, copy } = await start(t)
      const value = `postgres://app:\${{secret.password}}@db`
      await put('dev', 'password', 'of dev')
      await put('prod', 'password', 'of prod')
      await put('dev', 'url', value, { type: 'template' })
      await put('prod', 'other', 'a text')
      await put('dev', 'other', value, { type: 'template' })

      ok(await copy(api, { names: ['url'] }))
      const refused = await copy(api, { names: ['other'] })

      const { body } = ok(await api.get('/v3/metadata?name=url&environment=prod'))
      const read = ok(await api.get(`/v3/secrets/${body.secrets[0].id}?environment=prod`)).body
      assert.deepEqual([body.secrets[0].type, read.value], ['template', 'postgres://app:of prod@db'])
      assert.deepEqual([refused.status, refused.body.errors.length], [400, 1])
    })

    test('is made once under one idempotency key', async (t) => {
      const { api, put, read } = await start(t)
      await put('dev', 'web', 'first')
      await put('prod', 'web', 'before')
      const again = () =>
        api.post('/v3/copy', { from: 'dev', to: 'prod', names: ['web'] }, { 'idempotency-key': 'promote-1' })

      const first = ok(await again())
      const second = ok(await again())

      assert.deepEqual([second.text, second.headers.get('idempotent-replayed')], [first.text, 'true'])
      assert.equal((await read('prod', 'web')).version, 2)
    })

    test('does not compare for whoever may not read what is there', async (t) => {
      const { put, copy, keyWith, read } = await start(t)
      for (const environment of ['dev', 'prod']) await put(environment, 'web', 'same')
      const blind = await keyWith('secrets:read@dev', 'secrets:write@prod')

      const dry = ok(await copy(blind, { names: ['web'], dry_run: true })).body
      const done = ok(await copy(blind, { names: ['web'] })).body

      assert.deepEqual([dry.secrets[0].state, done.secrets[0].state], ['replaced', 'replaced'])
      assert.equal((await read('prod', 'web')).version, 2)
    })

    test('holds what it is made upon, while others change it', async (t) => {
      const { api, put, copy, read } = await start(t)
      const { id } = await put('dev', 'web', 'v0')
      await put('prod', 'web', 'p0')
      const headers = { 'strongroom-environment': 'dev' }

      const answers = await Promise.all([
        ...Array.from({ length: 10 }, (_, at) => api.put(`/v3/secrets/${id}`, { value: `v${at + 1}` }, headers)),
        ...Array.from({ length: 10 }, () => copy(api, { names: ['web'] })),
      ])

      for (const { status, text } of answers) assert.equal(status, 200, text)
      ok(await copy(api, { names: ['web'] }))
      assert.equal((await read('prod', 'web')).value, (await read('dev', 'web')).value)
    })

    test('leaves nothing to tell the two apart, whatever was in them', async (t) => {
      const { api, put, copy } = await start(t)
      const random = chance(t)
      for (let round = 0; round < rounds(3, 30); round++) {
        const names = Array.from({ length: 6 }, (_, at) => `r${round}-${at}`)
        for (const name of names) {
          if (random() < 0.8)
            await put('dev', name, `${Math.floor(random() * 3)}`, { tags: random() < 0.5 ? ['x'] : [] })
          if (random() < 0.5) await put('prod', name, `${Math.floor(random() * 3)}`)
        }
        const compare = async () =>
          ok(await api.get(`/v3/compare?environments=dev,prod&name=r${round}-*`)).body.secrets as readonly {
            name: string
            state: string
            in: readonly { environment: string }[]
          }[]
        const before = await compare()
        const inDev = before.filter(({ in: there }) => there[0]?.environment === 'dev').map(({ name }) => name)

        ok(await copy(api, { names: [`r${round}-*`] }))

        const after = new Map((await compare()).map(({ name, state }) => [name, state]))
        for (const name of inDev) assert.equal(after.get(name), 'same', name)
        const { secrets } = ok(await copy(api, { names: [`r${round}-*`], dry_run: true })).body
        assert.ok(secrets.every(({ state }: { state: string }) => state === 'same'))
      }
    })
  })
}
