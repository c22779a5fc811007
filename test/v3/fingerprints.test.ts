/** Fingerprints through the API: what finds values, who gets it, what the trail says, and what nobody learns. */
import assert from 'node:assert/strict'
import { createSecretKey, hash, randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { Matcher } from '../../src/fingerprint/matcher.ts'
import { startAccount } from '../support/account.ts'
import type { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { startServer } from '../support/server.ts'
import { stillTime } from '../support/still-time.ts'

let made = 0
/** The same ones in each run: a few of what is random look guessable. */
const newToken = () => `sk_live_${hash('sha256', `token ${++made}`, 'hex').slice(0, 32)}x9Kq`

async function setOf(api: Api, body: object = {}) {
  const { status, body: answer, text } = await api.post('/v3/fingerprints', body)
  assert.equal(status, 200, text)
  return answer
}

/** Which versions of which secrets a text holds, as the answer says. */
function search(answer: Awaited<ReturnType<typeof setOf>>, text: string): readonly string[] {
  const keys = { base: answer.base, mix: answer.mix, mac: createSecretKey(Buffer.from(answer.mac_key, 'hex')) }
  const fingerprints = answer.fingerprints.map((one: { mac: string }) => ({ ...one, mac: Buffer.from(one.mac, 'hex') }))
  const scan = new Matcher<{ name: string; version: number } & (typeof fingerprints)[number]>(
    keys,
    fingerprints,
  ).stream()
  const matches = [...scan.push(Buffer.from(text)), ...scan.end()]
  return [...new Set(matches.flatMap(({ of }) => of.map(({ name, version }) => `${name} ${version}`)))].sort()
}

for (const engine of engines) {
  suite(`${engine.name}: fingerprints`, { skip: engine.skip }, () => {
    test('find every version that is kept, and nothing that is not there any more', async (t) => {
      const { api } = await startServer(t, engine, { keepVersions: 2 })
      const tokens = [newToken(), newToken(), newToken()]
      await api.post('/v3/secrets', { name: 'token', value: tokens[0] })
      for (const value of tokens.slice(1)) await api.put('/v3/secrets/1', { value })
      const file = randomBytes(64)
      await api.post('/v3/secrets', { name: 'file', value: file.toString('base64'), type: 'file' })
      const gone = newToken()
      await api.post('/v3/secrets', { name: 'gone', value: gone })
      await api.delete('/v3/secrets/3')

      const answer = await setOf(api)

      const text = `a ${tokens.join(' b ')} ${gone} ${file.toString('base64')}`
      assert.deepEqual(search(answer, text), ['file 1', 'token 2', 'token 3'])
      assert.deepEqual(search(answer, text.slice(0, 30)), [])
    })

    test('come in parts of one set, as large as is asked, each recorded, and of no other name than is asked', async (t) => {
      let now = Date.now()
      const { api } = await startServer(t, engine, { now: () => now })
      const tokens = Array.from({ length: 25 }, newToken)
      for (const [at, value] of tokens.entries()) await api.post('/v3/secrets', { name: `s-${at}`, value })
      await api.post('/v3/secrets', { name: 'other', value: newToken() })
      const whole = await setOf(api, { names: 's-*' })
      const parts: Awaited<ReturnType<typeof setOf>>[] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const body = { names: 's-*', limit: 10, ...(cursor === undefined ? {} : { cursor }) }
        const answer = await api.post('/v3/fingerprints', body)
        assert.equal(answer.status, 200, answer.text)
        parts.push(answer.body)
        cursor = answer.headers.get('strongroom-next-cursor')
      }

      assert.ok(parts.length > 5, String(parts.length))
      const all = parts.flatMap(({ fingerprints }) => fingerprints)
      assert.deepEqual(search({ ...parts[0], fingerprints: all }, tokens.join('\n')).length, 25)
      const nameOf = ({ id, form }: { id: number; form: string }) => `${id} ${form}`
      assert.deepEqual(all.map(nameOf), whole.fingerprints.map(nameOf))
      for (const { base, mix, mac_key } of parts) {
        assert.deepEqual([base, mix, mac_key], [parts[0].base, parts[0].mix, parts[0].mac_key])
      }
      assert.notEqual(parts[0].mac_key, whole.mac_key)
      const { records } = (await api.get('/v3/audit?action=secret.fingerprint')).body
      assert.equal(records.length, parts.length + 1)
      const first = await api.post('/v3/fingerprints', { limit: 1 })
      const cursor = first.headers.get('strongroom-next-cursor')
      assert.equal((await api.post('/v3/fingerprints', { limit: 1, cursor })).status, 200)
      now += 3_600_001
      for (const other of ['AAAA', cursor]) {
        assert.equal((await api.post('/v3/fingerprints', { limit: 1, cursor: other })).status, 400)
      }
    })

    test('are made of the secrets that are asked for, and no other is opened', async (t) => {
      const { api, vault } = await startServer(t, engine)
      for (let at = 0; at < 30; at++) await api.post('/v3/secrets', { name: `s-${at}`, value: newToken() })
      const opened = t.mock.method(vault.keyring, 'openValue')

      await setOf(api, { names: 's-7' })

      assert.equal(opened.mock.callCount(), 1)
    })

    test('are of every secret of an account with many', async (t) => {
      const { api } = await startAccount(t, engine)
      const tokens = Array.from({ length: 25 }, newToken)
      for (const [at, value] of tokens.entries()) await api.post('/v3/secrets', { name: `s-${at}`, value })

      assert.equal(search(await setOf(api), tokens.join('\n')).length, 25)
      assert.deepEqual(search(await setOf(api, { names: 's-1*' }), tokens.slice(0, 12).join()), [
        's-1 1',
        's-10 1',
        's-11 1',
      ])
    })

    test('are not of what could be guessed, which is named with the reason', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'short', value: 'hunter2' })
      await api.post('/v3/secrets', { name: 'words', value: 'correct horse battery staple again' })
      await api.post('/v3/secrets', { name: 'tagged', value: newToken(), tags: ['no-scan'] })

      const { fingerprints, unscannable } = await setOf(api)

      assert.deepEqual(fingerprints, [])
      assert.deepEqual(unscannable, [
        { id: 1, name: 'short', version: 1, reason: 'short' },
        { id: 2, name: 'words', version: 1, reason: 'guessable' },
        { id: 3, name: 'tagged', version: 1, reason: 'tag' },
      ])
    })

    test('are of the secrets that the key may scan for, and of no other', async (t) => {
      const { api, withScopes, otherAccount } = await startAccount(t, engine)
      const [prod, dev, theirs] = [newToken(), newToken(), newToken()]
      await api.post('/v3/secrets', { name: 'prod-token', value: prod })
      await api.post('/v3/secrets', { name: 'dev-token', value: dev })
      const other = await otherAccount()
      await other.post('/v3/secrets', { name: 'theirs', value: theirs })
      const all = `${prod} ${dev} ${theirs}`

      for (const scope of ['secrets:scan:dev-*', 'secrets:read:dev-*']) {
        const narrow = await withScopes(scope)
        const answer = await setOf(narrow)
        assert.deepEqual(search(answer, all), ['dev-token 1'])
        assert.doesNotMatch(JSON.stringify(answer), /prod|theirs/)
        assert.deepEqual((await setOf(narrow, { names: 'prod-*' })).fingerprints, [])
      }
      assert.deepEqual(search(await setOf(other), all), ['theirs 1'])
      const none = await (await withScopes('secrets:list', 'secrets:write')).post('/v3/fingerprints', {})
      assert.deepEqual([none.status, none.body.code], [403, 'forbidden'])
    })

    test('give a key that may only scan no value', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      const value = newToken()
      await api.post('/v3/secrets', { name: 'token', value })
      const scanner = await withScopes('secrets:scan')

      assert.ok(!(await scanner.post('/v3/fingerprints', {})).text.includes(value))
      for (const path of ['/v3/secrets', '/v3/secrets/1', '/v3/secrets/1/versions/1', '/v3/secrets/1/content']) {
        assert.equal((await scanner.get(path)).status, 403, path)
      }
      assert.equal((await scanner.post('/v3/render', { template: `${'$'}{{secret.token}}` })).status, 422)
    })

    test('may be passed on by whoever may read, to keys that only scan', async (t) => {
      const { withScopes } = await startAccount(t, engine)
      const reader = await withScopes('secrets:read:dev-*', 'keys:manage')

      assert.equal((await reader.post('/v3/keys', { name: 'ci', scopes: ['secrets:scan:dev-*'] })).status, 201)
      assert.equal((await reader.post('/v3/keys', { name: 'ci', scopes: ['secrets:scan'] })).status, 403)
      const scanner = await withScopes('secrets:scan', 'keys:manage')
      assert.equal((await scanner.post('/v3/keys', { name: 'ci', scopes: ['secrets:read'] })).status, 403)
    })

    test('are recorded, once for each set, with how many there were; and so are refusals', async (t) => {
      const { api, withScopes } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: newToken() })
      await api.put('/v3/secrets/1', { value: newToken() })
      await api.post('/v3/secrets', { name: 'b', value: newToken() })
      await api.post('/v3/secrets', { name: 'short', value: 'x' })
      await setOf(api)
      await (await withScopes('secrets:list')).post('/v3/fingerprints', {})

      const { records } = (await api.get('/v3/audit?action=secret.fingerprint')).body

      assert.deepEqual(
        records.map(({ object, outcome }: { object: { kind: string; name: string } | null; outcome: string }) => [
          ...[object?.kind, object?.name, outcome],
        ]),
        [
          [undefined, undefined, 'forbidden'],
          ['fingerprints', '3 values of 2 secrets', 'ok'],
        ],
      )
      assert.match(records[1].object.hash, /^[0-9a-f]{64}$/)
    })

    test('have nothing in common with those of another set', async (t) => {
      const { api } = await startAccount(t, engine)
      await api.post('/v3/secrets', { name: 'token', value: newToken() })

      const [one, other] = [await setOf(api), await setOf(api)]

      assert.notEqual(one.mac_key, other.mac_key)
      assert.notEqual(one.base, other.base)
      assert.notEqual(one.fingerprints[0].mac, other.fingerprints[0].mac)
    })

    test('of a tampered row are not made', async (t) => {
      const { api, place } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'token', value: newToken() })
      await query(place, `update secrets set name = ? where id = 1`, 'renamed')

      const { status, body } = await api.post('/v3/fingerprints', {})

      assert.deepEqual([status, body.code], [500, 'integrity_failure'])
    })

    test('are refused for what is no pattern', async (t) => {
      const { api } = await startAccount(t, engine)

      for (const wrong of [{ names: '' }, { names: 'a b' }, { names: 7 }, { name: 'x' }, []]) {
        assert.equal((await api.post('/v3/fingerprints', wrong)).status, 400, JSON.stringify(wrong))
      }
    })

    test('are made one after the other for an account: who asks meanwhile has to wait, and others have not', async (t) => {
      const { api, otherAccount, vault } = await startServer(t, engine)
      const other = await otherAccount()
      await api.post('/v3/secrets', { name: 'token', value: newToken() })
      const [begun, mayGoOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const submit = vault.store.submit.bind(vault.store)
      const held = t.mock.method(vault.store, 'submit', async (...asked: Parameters<typeof submit>) => {
        held.mock.restore()
        begun.resolve()
        await mayGoOn.promise
        return submit(...asked)
      })

      const first = api.post('/v3/fingerprints', {})
      await begun.promise
      const second = await api.post('/v3/fingerprints', {})
      const others = await other.post('/v3/fingerprints', {})
      mayGoOn.resolve()

      assert.deepEqual([second.status, second.body.code, second.headers.get('retry-after')], [429, 'rate_limited', '2'])
      assert.equal(others.status, 200)
      assert.equal((await first).status, 200)
      await setOf(api)
    })
  })
}

suite('The making of fingerprints', () => {
  const [sqlite] = engines

  test('is limited for an account, whichever of its keys asks', async (t) => {
    assert.ok(sqlite)
    const { api, withScopes } = await startServer(t, sqlite, { rateLimit: 1000 })
    const other = await withScopes('secrets:scan')
    stillTime(t)

    const answers = []
    for (let at = 0; at < 6; at++) answers.push(await (at % 2 === 0 ? api : other).post('/v3/fingerprints', {}))

    assert.equal(answers[0]?.status, 200)
    assert.ok(answers.some(({ status }) => status === 429))
  })
})
