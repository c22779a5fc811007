/** Secrets of type template: resolved wherever a value is read, by whoever may read all of it, over both stores. */
import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { suite, type TestContext, test } from 'node:test'
import { Matcher } from '../../src/fingerprint/matcher.ts'
import { startAccount } from '../support/account.ts'
import type { Answer } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { startServer, type TestAccount, type TestServer } from '../support/server.ts'

const ref = (name: string) => `\${{secret.${name}}}`
const stored = `postgres://app:${ref('db/password | trim')}@${ref('db/host')}/app`
const whole = 'postgres://app:p4ss@10.0.0.5/app'

for (const engine of engines) {
  suite(`${engine.name}: a template`, { skip: engine.skip }, () => {
    test('is resolved by id, by name, in its bytes, among others, in a list and as it was', async (t) => {
      const { api } = await startTemplate(t, engine)

      const many = await api.post('/v3/secrets/batch', { names: ['db/url', 'db/host'] })
      const values = [
        (await api.get('/v3/secrets/3')).body.value,
        (await api.get('/v3/secrets/by-name/db%2Furl')).body.value,
        (await api.get('/v3/secrets/3/content')).text,
        (await api.get('/v3/secrets/3/versions/1')).body.value,
        many.body.secrets[0].value,
        (await api.get('/api/secrets/lists/default/values/3')).body.data.secret_value,
        (await api.get('/api/secrets/lists/default/values')).body.data[2].secret_value,
        (await api.get('/secrets/all-values')).body.data[2].secret_value,
      ]

      assert.deepEqual(values, Array(8).fill(whole))
      assert.deepEqual([many.body.secrets[0].type, many.body.secrets[0].encoding], ['template', 'utf-8'])
      const read = await api.get('/v3/secrets/3')
      assert.deepEqual([read.headers.get('etag'), read.headers.get('strongroom-encoding')], ['"1"', null])
    })

    test('comes as it was stored to who asks for that, with the right to read it alone', async (t) => {
      const { api, withScopes } = await startTemplate(t, engine)
      const reader = await withScopes('secrets:read:db/url')

      const many = await reader.post('/v3/secrets/batch', { names: ['db/url'], resolve: false })
      const values = [
        (await reader.get('/v3/secrets/3?resolve=false')).body.value,
        (await reader.get('/v3/secrets/by-name/db%2Furl?resolve=false')).body.value,
        (await reader.get('/v3/secrets/3/content?resolve=false')).text,
        (await reader.get('/v3/secrets/3/versions/1?resolve=false')).body.value,
        many.body.secrets[0].value,
      ]

      assert.deepEqual(values, Array(5).fill(stored))
      assert.equal((await api.get('/v3/secrets/3?resolve=no')).status, 400)
      assert.equal((await api.get('/v3/secrets/1?resolve=false')).body.value, '10.0.0.5')
    })

    test('leaves a record of each secret that goes in, in the name of who read it', async (t) => {
      const { api, withScopes } = await startTemplate(t, engine)
      const reader = await withScopes('secrets:read:db/*')

      assert.equal((await reader.get('/v3/secrets/3')).body.value, whole)

      const { records } = (await api.get('/v3/audit?action=secret.read')).body
      assert.deepEqual(
        records.map(({ object, outcome, principal }: Recorded) => [
          object.name,
          object.version,
          outcome,
          principal.name,
        ]),
        [
          ['db/host', 1, 'ok', 'test'],
          ['db/password', 1, 'ok', 'test'],
          ['db/url', 1, 'ok', 'test'],
        ],
      )
    })

    test('gives no part of it to who may not read all of it, and says what they may know of the rest', async (t) => {
      const { api, withScopes } = await startTemplate(t, engine)
      await api.post('/v3/secrets', { name: 'db/broken', value: `${ref('db/host')}${ref('none')}`, type: 'template' })
      const [blind, seeing] = [
        await withScopes('secrets:read:db/url', 'secrets:read:db/host'),
        await withScopes('secrets:read:db/url', 'secrets:read:db/host', 'secrets:list:db/*'),
      ]

      const answers = [
        await blind.get('/v3/secrets/3'),
        await blind.get('/v3/secrets/by-name/db%2Furl'),
        await blind.get('/v3/secrets/3/content'),
        await blind.get('/v3/secrets/3/versions/1'),
        await blind.post('/v3/render', { template: ref('db/url') }),
      ]
      const told = await seeing.get('/v3/secrets/3')
      const absent = await api.get('/v3/secrets/4')

      for (const { status, body, text } of answers) {
        assert.deepEqual([status, body.code], [422, 'unresolved_references'])
        assert.deepEqual(placesOf(body), [['secret.db/url', 'db/password', 1, 16]])
        assert.match(body.errors[0].detail, /^There is no secret "db\/password", or none/)
        assert.doesNotMatch(text, /10\.0\.0\.5|p4ss|postgres/)
      }
      assert.match(told.body.errors[0].detail, /^The secret "db\/password" is there, and whoever asks may not read it/)
      assert.deepEqual(placesOf(absent.body), [['secret.db/broken', 'none', 1, 20]])
      assert.equal(absent.body.errors[0].detail.replace('"none"', '"db/password"'), answers[0]?.body.errors[0].detail)
      const refused = (await api.get('/v3/audit?action=secret.read&outcome=forbidden')).body.records
      assert.deepEqual(
        refused.map(({ object }: Recorded) => object.name),
        ['db/password'],
      )
    })

    test('that cannot be resolved is told apart from the others that are read with it', async (t) => {
      const { api, withScopes } = await startTemplate(t, engine)
      await api.post('/v3/secrets', { name: 'db/broken', value: `${ref('db/host')}${ref('none')}`, type: 'template' })
      await api.post('/v3/secrets', { name: 'uses', value: `${ref('db/host')} ${ref('db/broken')}`, type: 'template' })
      await api.post('/v3/secrets', { name: 'bytes', value: 'AAE=', type: 'file' })
      await api.post('/v3/secrets', { name: 'unfit', value: ref('bytes'), type: 'template' })
      const blind = await withScopes('secrets:read:db/url', 'secrets:read:db/host')

      const { status, body } = await api.post('/v3/secrets/batch', {
        names: ['uses', 'db/url', 'absent', 'db/broken', 'db/host', 'unfit'],
      })

      assert.equal(status, 200)
      assert.deepEqual(namesOf(body.secrets), ['db/url', 'db/host'])
      assert.match(body.secrets[0].value, /^postgres:/)
      assert.deepEqual(body.missing, ['absent'])
      assert.deepEqual(
        body.unresolved.map((one: Answer['body']) => [one.id, one.name, one.code, placesOf(one)]),
        [
          [5, 'uses', 'unresolved_references', [['secret.db/broken', 'none', 1, 20]]],
          [4, 'db/broken', 'unresolved_references', [['secret.db/broken', 'none', 1, 20]]],
          [7, 'unfit', 'unsafe_rendering', [['secret.unfit', 'bytes', 1, 1]]],
        ],
      )
      assert.match(body.unresolved[1].detail, /line 1, column 20: There is no secret "none"/)
      const stored = await api.post('/v3/secrets/batch', { names: ['db/broken', 'uses'], resolve: false })
      assert.deepEqual([namesOf(stored.body.secrets), stored.body.unresolved], [['db/broken', 'uses'], []])
      const hidden = await blind.post('/v3/secrets/batch', { names: ['db/host', 'db/url'] })
      assert.deepEqual([namesOf(hidden.body.secrets), namesOf(hidden.body.unresolved)], [['db/host'], ['db/url']])
      assert.deepEqual(placesOf(hidden.body.unresolved[0]), [['secret.db/url', 'db/password', 1, 16]])
      assert.doesNotMatch(hidden.text, /p4ss|postgres/)
    })

    test('is given whole to whoever has it already, as its tag tells nothing of what goes into it', async (t) => {
      const { api } = await startTemplate(t, engine)
      const first = await api.get('/v3/secrets/3')
      const etag = first.headers.get('etag') ?? assert.fail()
      await api.put('/v3/secrets/by-name/db%2Fhost', { value: '10.9.9.9' })

      for (const path of ['/v3/secrets/3', '/v3/secrets/by-name/db%2Furl', '/v3/secrets/3/content']) {
        for (const match of [etag, `W/${etag}`, '*']) {
          const { status, text } = await api.get(path, { 'if-none-match': match })
          assert.equal(status, 200, `${path} ${match}`)
          assert.match(text, /10\.9\.9\.9/)
        }
      }
      const { body } = await api.post('/v3/secrets/batch', { ids: [3] }, { 'if-none-match': etag })
      assert.match(body.secrets[0].value, /10\.9\.9\.9/)
    })

    test('in a list is refused to the clients of lists, in words that none takes for something else', async (t) => {
      const { api } = await startTemplate(t, engine)
      await api.post('/v3/secrets', { name: 'contract', value: ref('not-enabled'), type: 'template' })

      for (const path of ['lists/default/values/contract', 'lists/default/values', 'all-values']) {
        const { status, body, text } = await api.get(`/api/secrets/${path}`)
        assert.deepEqual([status, body.code, Object.keys(body.fields)], [422, 422, ['secret_value']])
        assert.doesNotMatch(text, /contract|not[- ]enabled|not entitled|must be a valid|could not be found|p4ss/)
      }
    })

    test('is refused when it is stored malformed, and no other secret is ever expanded', async (t) => {
      const { api } = await startTemplate(t, engine)
      const malformed = `line one\nx ${ref('')}`

      const made = await api.post('/v3/secrets', { name: 'bad', value: malformed, type: 'template' })
      const many = await api.post('/v3/secrets/batch/create', {
        secrets: [{ name: 'bad', value: malformed, type: 'template' }],
      })
      const answers = [
        await api.put('/v3/secrets/3', { value: malformed }),
        await api.put('/v3/secrets/by-name/db%2Furl', { value: malformed }),
        await api.put('/v3/secrets/3/content', malformed, { 'content-type': 'text/plain' }),
      ]
      const text = await api.put('/v3/secrets/by-name/text', { value: ref('db/password') })
      await api.put('/v3/secrets/by-name/db%2Fhost', { value: ref('db/password') })

      for (const { status, body } of [made, ...answers]) {
        assert.deepEqual(
          [status, body.code, body.errors[0].field, body.errors[0].line, body.errors[0].column],
          [400, 'invalid', 'value', 2, 3],
        )
      }
      assert.deepEqual([many.status, many.body.errors[0].field], [400, 'secrets.0.value'])
      assert.equal((await api.get('/v3/secrets/by-name/text')).body.value, ref('db/password'))
      assert.equal(text.status, 201)
      // What goes in is text, whatever it looks like.
      assert.equal((await api.get('/v3/secrets/3')).body.value, `postgres://app:p4ss@${ref('db/password')}/app`)
      assert.equal((await api.put('/v3/secrets/by-name/text', { value: 'x', type: 'template' })).status, 400)
    })

    test('stays what was stored when it is renamed, moved, restored or compared', async (t) => {
      const { api } = await startTemplate(t, engine)
      await api.post('/v3/lists', { name: 'other' })
      await api.put('/v3/secrets/3', { value: 'second' })
      const value = async () => (await api.get('/v3/secrets/3?resolve=false')).body.value

      assert.equal((await api.post('/v3/secrets/3/versions/1/restore', undefined)).status, 200)
      assert.equal(await value(), stored)
      assert.equal(
        (await api.post('/api/secrets/lists/default/values/3', { secret_key: 'db/uri' })).body.data.secret_value,
        whole,
      )
      assert.equal(await value(), stored)
      const preview = async (text: string) =>
        (await api.post('/v3/secrets/batch/store', { secrets: [{ name: 'db/uri', value: text }], dry_run: true })).body
          .secrets[0].state
      assert.deepEqual([await preview(stored), await preview(whole)], ['same', 'changed'])
      assert.equal((await api.get('/v3/secrets/3')).body.value, whole)
    })

    test('goes into documents with all that is in it, which their targets then hold', async (t) => {
      const { api } = await startTemplate(t, engine)
      await api.post('/v3/secrets', { name: 'env', value: `URL=${ref('db/url | shell')}\n`, type: 'template' })

      const rendered = await api.post('/v3/render', {
        template: `#!/bin/sh\n${ref('env')}${ref('db/host')}`,
        target: 'web-1',
      })

      assert.equal(rendered.body.rendered, `#!/bin/sh\nURL='${whole}'\n10.0.0.5`)
      const held = async () => (await api.get('/v3/deployments?target=web-1')).body.deployments[0]
      assert.deepEqual(
        (await held()).secrets.map(({ name }: { name: string }) => name),
        ['db/host', 'db/password', 'db/url', 'env'],
      )
      const changed = await api.put('/v3/secrets/2', { value: 'n3w' })
      assert.equal(changed.headers.get('strongroom-stale-deployments'), '1')
      assert.equal((await held()).stale, true)
      const seed = await api.post('/v3/seeds', { user_data: `#!/bin/sh\n${ref('env')}`, target: 'web-2' })
      const fetched = await fetch(`${api.url}${new URL(seed.body.url).pathname}user-data`)
      assert.match(await fetched.text(), /app:n3w@10\.0\.0\.5/)
      assert.equal((await api.get('/v3/deployments?target=web-2')).body.deployments[0].secrets.length, 4)
    })

    test('that a seed cannot resolve is refused when the seed is made, and when it is fetched', async (t) => {
      const { api, withScopes } = await startTemplate(t, engine)
      const reader = await withScopes('secrets:read:db/url')
      const body = { user_data: `#!/bin/sh\n${ref('db/url')}`, target: 'web-1' }

      assert.equal((await reader.post('/v3/seeds', body)).body.code, 'unresolved_references')
      const { url } = (await api.post('/v3/seeds', body)).body
      await api.delete('/v3/secrets/2')
      const fetched = await fetch(`${api.url}${new URL(url).pathname}user-data`)
      assert.equal(fetched.status, 422)
      assert.doesNotMatch(await fetched.text(), /10\.0\.0\.5/)
    })

    test('is looked for in texts as it is read, by whoever may scan for all that is in it', async (t) => {
      const { api, withScopes } = await startTemplate(t, engine)
      const token = 'q7Zk-2pVx-M9rT-w4Ls-8dYc-1aBf-5gHj'
      const host = 'h0st-5tYw-8PqL-m3Vz-K7nB-x2Rd-J9fC'
      await api.put('/v3/secrets/1', { value: host })
      await api.put('/v3/secrets/2', { value: token })
      await api.post('/v3/secrets', { name: 'db/broken', value: ref('none'), type: 'template' })
      const scanner = await withScopes('secrets:scan:db/*')
      const partly = await withScopes('secrets:scan:db/url', 'secrets:scan:db/host')
      const resolved = `postgres://app:${token}@${host}/app`

      const { body } = await scanner.post('/v3/fingerprints', { names: 'db/url' })
      const of = await partly.post('/v3/fingerprints', { names: 'db/url' })
      const broken = await scanner.post('/v3/fingerprints', { names: 'db/broken' })

      assert.deepEqual(foundBy(body, `log: ${resolved}`), ['db/url'])
      assert.deepEqual(foundBy(body, `log: ${stored}`), [])
      for (const one of [of, broken])
        assert.deepEqual(
          one.body.unscannable.map(({ reason }: { reason: string }) => reason),
          ['unresolved'],
        )
    })

    test('tells whoever scans nothing of what alone would have no fingerprint', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      const known = 'q7Zk-2pVx-M9rT-w4Ls-8dYc-1aBf-5gHj'
      const template = (name: string, value: string) => api.post('/v3/secrets', { name, value, type: 'template' })
      await api.post('/v3/secrets', { name: 'pin', value: '4711' })
      await api.post('/v3/secrets', { name: 'tagged', value: known, tags: ['no-scan'] })
      await template('through', ref('pin'))
      await template('t-pin', `${known} ${ref('pin')}`)
      await template('t-nested', `${known} ${ref('through')}`)
      await template('t-tagged', `${known} ${ref('tagged')}`)
      const scanner = await withScopes('secrets:scan')

      for (const asker of [scanner, api]) {
        const { fingerprints, unscannable } = (await asker.post('/v3/fingerprints', { names: 't-*' })).body
        assert.deepEqual(fingerprints, [])
        assert.deepEqual(
          unscannable.map(({ name, reason }: { name: string; reason: string }) => [name, reason]),
          [
            ['t-pin', 'guessable'],
            ['t-nested', 'guessable'],
            ['t-tagged', 'tag'],
          ],
        )
      }
    })

    test('has fingerprints as far as so many templates go as one request may take; in parts, all of them', async (t) => {
      const { api } = await startAccount(t, engine)
      const many = (at: number, value: (name: string) => string, type: string) => {
        const secrets = Array.from({ length: 100 }, (_, one) => `${at}-${one}`)
        return api.post('/v3/secrets/batch/store', {
          secrets: secrets.map((name) => ({ name: `${type}-${name}`, value: value(name), type })),
        })
      }
      // 400 secrets, which all go into each of 100 templates.
      for (const at of [1, 2, 3, 4]) await many(at, (name) => `the value of ${name}`, 'text')
      const all = [1, 2, 3, 4].flatMap((at) => Array.from({ length: 100 }, (_, one) => ref(`text-${at}-${one}`)))
      assert.equal((await many(5, () => all.join(' '), 'template')).status, 200)

      const whole = await api.post('/v3/fingerprints', { names: 'template-*' })
      const first = await api.post('/v3/fingerprints', { names: 'template-*', limit: 1000 })
      const cursor = first.headers.get('strongroom-next-cursor')
      const second = await api.post('/v3/fingerprints', { names: 'template-*', limit: 1000, cursor })

      assert.deepEqual([whole.status, whole.body.code], [413, 'too_large'])
      assert.match(whole.body.message, /with a limit/)
      const namesOf = ({ body }: Answer) => body.unscannable.map(({ name }: { name: string }) => name)
      const [one, other] = [namesOf(first), namesOf(second)]
      assert.ok(one.length > 5 && one.length < 50, String(one.length))
      assert.equal(other[0], `template-5-${one.length}`)
    })

    test('asks people for a fresh proof where it has more than one value in it', async (t) => {
      let now = Date.now()
      const { api, url } = await startTemplate(t, engine, () => now)
      await api.post('/v3/secrets', { name: 'one', value: `x${ref('db/host')}`, type: 'template' })
      const invited = await api.post('/v3/users', { email: 'ada@example.com', role: 'owner' })
      const owner = new Person(url)
      await owner.accept(String(invited.body.invitation_url), { name: 'Ada', password: 'a long pass phrase of hers' })
      assert.equal((await owner.get('/v3/secrets/3')).body.value, whole)
      now += 16 * 60_000

      const several = await owner.get('/v3/secrets/3')

      assert.deepEqual([several.status, several.body.code], [403, 'confirmation_required'])
      assert.equal((await owner.get('/v3/secrets/4')).body.value, 'x10.0.0.5')
      assert.equal((await owner.get('/v3/secrets/3?resolve=false')).body.value, stored)
    })

    test('is resolved in the environment that is meant, through its bases, by the rights there', async (t) => {
      const { api, withScopes } = await startTemplate(t, engine)
      const put = (name: string, environment: string, body: object) =>
        api.put(`/v3/secrets/by-name/${encodeURIComponent(name)}`, body, { 'strongroom-environment': environment })
      await api.post('/v3/environments', { name: 'shared' })
      await api.post('/v3/environments', { name: 'prod', base: 'shared' })
      await put('db/host', 'shared', { value: 'shared-host' })
      await put('db/password', 'shared', { value: 'shared-p4ss' })
      const { id } = (await put('db/url', 'shared', { value: stored, type: 'template' })).body
      await put('db/password', 'prod', { value: 'prod-p4ss' })
      await put('own', 'prod', { value: `own ${ref('db/url')}`, type: 'template' })
      const ofProd = await withScopes('secrets:read@prod', 'secrets:list@prod')
      const inProd = 'postgres://app:prod-p4ss@shared-host/app'
      const value = async (who: typeof api, path: string) => (await who.get(path)).body.value

      assert.equal(await value(api, '/v3/secrets/by-name/db%2Furl?environment=prod'), inProd)
      assert.equal(await value(ofProd, '/v3/secrets/by-name/db%2Furl'), inProd)
      assert.equal(await value(ofProd, '/v3/secrets/by-name/own'), `own ${inProd}`)
      // By its id it is where it is.
      assert.equal(await value(api, `/v3/secrets/${id}`), 'postgres://app:shared-p4ss@shared-host/app')
      assert.equal(await value(api, `/v3/secrets/${id}/versions/1`), 'postgres://app:shared-p4ss@shared-host/app')
      assert.equal(await value(api, '/v3/secrets/3'), whole)
      const many = await ofProd.post('/v3/secrets/batch', { names: ['own', 'db/url'] })
      assert.deepEqual(
        many.body.secrets.map((one: { value: string }) => one.value),
        [`own ${inProd}`, inProd],
      )
      const rendered = await ofProd.post('/v3/render', { template: ref('own'), target: 'web-1' })
      assert.equal(rendered.body.rendered, `own ${inProd}`)
      // What clients of lists read has in it what is inherited, too.
      const { data } = (await ofProd.get('/api/secrets/all-values')).body
      assert.deepEqual(
        data.map((one: { secret_value: string }) => one.secret_value),
        ['prod-p4ss', `own ${inProd}`],
      )
      const elsewhere = await api.get('/v3/secrets/by-name/own')
      assert.equal(elsewhere.status, 404)
    })

    test('refers to nothing of another account', async (t) => {
      const { api, otherAccount } = await startTemplate(t, engine)
      const other = await otherAccount()
      await other.post('/v3/secrets', { name: 'theirs', value: 'their-value' })
      await api.post('/v3/secrets', { name: 'thief', value: `a${ref('theirs')}`, type: 'template' })

      const { status, text } = await api.get('/v3/secrets/by-name/thief')

      assert.equal(status, 422)
      assert.doesNotMatch(text, /their-value/)
    })

    test('of which a part was changed in the database is not answered, and that is recorded', async (t) => {
      const { api, place } = await startTemplate(t, engine, Date.now)
      await query(place, `update versions set sealed = ? where secret_id = 2`, new Uint8Array(100))

      const { status, text } = await api.get('/v3/secrets/3')

      assert.equal(status, 500)
      assert.doesNotMatch(text, /10\.0\.0\.5|postgres/)
      const { records } = (await api.get('/v3/audit?outcome=integrity_failure')).body
      assert.equal(records[0].object.name, 'db/password')
    })

    test('is listed by its type, and comes after texts where they are in order by that', async (t) => {
      const { api } = await startTemplate(t, engine)
      await api.post('/v3/secrets', { name: 'file', value: 'AP8=', type: 'file' })
      const named = async (search: string) =>
        (await api.get(`/v3/metadata?${search}`)).body.secrets.map(
          ({ name, type }: { name: string; type: string }) => `${name} ${type}`,
        )

      assert.deepEqual(await named('type=template'), ['db/url template'])
      assert.deepEqual(await named('type=text'), ['db/host text', 'db/password text'])
      assert.deepEqual(await named('sort=type'), ['file file', 'db/host text', 'db/password text', 'db/url template'])
      assert.equal(
        (await api.get('/v3/metadata?type=template&count=true&limit=1')).headers.get('strongroom-total-count'),
        '1',
      )
    })
  })
}

/** @param now for a server of its own */
function startTemplate(t: TestContext, engine: TestEngine, now: () => number): Promise<TestServer>
function startTemplate(t: TestContext, engine: TestEngine): Promise<TestAccount>
async function startTemplate(t: TestContext, engine: TestEngine, now?: () => number) {
  const started = now === undefined ? await startAccount(t, engine) : await startServer(t, engine, { now })
  const { api } = started
  await api.post('/v3/secrets', { name: 'db/host', value: '10.0.0.5' })
  await api.post('/v3/secrets', { name: 'db/password', value: ' p4ss\n' })
  await api.post('/v3/secrets', { name: 'db/url', value: stored, type: 'template' })
  return started
}

interface Recorded {
  readonly object: { readonly name: string; readonly version: number }
  readonly outcome: string
  readonly principal: { readonly name: string }
}

function namesOf(all: readonly { readonly name: string }[]): readonly string[] {
  return all.map(({ name }) => name)
}

function placesOf(body: Answer['body']) {
  return body.errors.map(({ field, name, line, column }: Record<string, unknown>) => [field, name, line, column])
}

function foundBy(answer: Answer['body'], text: string): readonly string[] {
  const keys = { base: answer.base, mix: answer.mix, mac: createSecretKey(Buffer.from(answer.mac_key, 'hex')) }
  const fingerprints = answer.fingerprints.map((one: { mac: string }) => ({ ...one, mac: Buffer.from(one.mac, 'hex') }))
  const scan = new Matcher<{ name: string } & (typeof fingerprints)[number]>(keys, fingerprints).stream()
  const matches = [...scan.push(Buffer.from(text)), ...scan.end()]
  return [...new Set(matches.flatMap(({ of }) => of.map(({ name }) => name)))]
}
