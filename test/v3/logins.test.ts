/** Logins by browser (RFC 8628): a command asks, a person confirms or refuses, the command gets one key, once. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { codeLetters } from '../../src/model/login.ts'
import { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { password, startWithOwner } from '../support/portal-account.ts'
import { startServer, type TestOptions } from '../support/server.ts'

const minute = 60_000
const hour = 60 * minute

async function start(t: TestContext, engine: TestEngine, options: TestOptions = {}) {
  const clock = { now: Date.UTC(2026, 5, 1) }
  const trusted = { now: () => clock.now, trustedProxies: ['127.0.0.1'], ...options }
  const server = await startWithOwner(t, engine, trusted)
  const at = (address: string) => ({ 'x-forwarded-for': address })
  const ask = (path: string, body: unknown, address = '192.0.2.1', url = server.url) =>
    new Person(url).send('POST', `/v3/logins${path}`, body, at(address))
  const begin = async (more: object = {}, address?: string) => {
    const { status, body, text } = await ask('', { host: 'ada-laptop', ...more }, address)
    assert.equal(status, 201, text)
    return { device: String(body.device_code), code: String(body.user_code), body }
  }
  const poll = (device: string, address?: string, url?: string) => ask('/poll', { device_code: device }, address, url)
  const answer = (person: Person, how: 'show' | 'confirm' | 'refuse', code: string, more: object = {}) =>
    person.post(`/v3/logins/${how}`, { user_code: code, ...more })
  const trail = async (action: string) => {
    const { body } = await server.api.get(`/v3/audit?limit=1000&action=${action}`)
    return body.records as { principal: object; object: { name: string } | null; outcome: string }[]
  }
  return { ...server, clock, ask, begin, poll, answer, trail, at }
}

for (const engine of engines) {
  suite(`${engine.name}: a login by browser`, { skip: engine.skip }, () => {
    test('gives the command one key once the person has confirmed: bound to host, rights and time', async (t) => {
      const { owner, clock, begin, poll, answer, url, api } = await start(t, engine)
      await api.post('/v3/secrets', { name: 'db-password', value: 'v' })
      const { device, code, body } = await begin()
      assert.match(code, new RegExp(`^[${codeLetters}]{4}-[${codeLetters}]{4}$`))
      assert.deepEqual([body.expires_in, body.interval], [600, 5])
      assert.equal(body.verification_uri_complete, `${body.verification_uri}#${code}`)
      assert.deepEqual((await poll(device)).body, { state: 'pending', interval: 5 })

      const shown = (await answer(owner, 'show', code.toLowerCase().replace('-', ' '))).body
      assert.deepEqual(
        [shown.host, shown.address, shown.same_network, shown.state, shown.key_expires_in],
        ['ada-laptop', '192.0.2.1', false, 'pending', 12 * 3600],
      )
      assert.equal((await answer(owner, 'confirm', code)).body.state, 'approved')
      clock.now += 5000
      const { status, body: given } = await poll(device)

      assert.equal(status, 201)
      assert.deepEqual(
        [given.state, given.name, given.person, given.expires_at],
        ['granted', 'CLI on ada-laptop', 'ada@example.com', '2026-06-01T12:00:05Z'],
      )
      assert.deepEqual(given.scopes, ['secrets:delete', 'secrets:list', 'secrets:read', 'secrets:write'])
      const key = new Api(url, given.api_key)
      assert.equal((await key.get('/v3/secrets/1')).body.value, 'v')
      assert.equal((await key.get('/v3/users')).status, 403)
      assert.equal((await poll(device)).body.state, 'used')
      const listed = (await api.get('/v3/keys')).body.keys.find(({ id }: { id: number }) => id === given.key_id)
      assert.deepEqual(listed.created_by, { kind: 'user', id: 1, name: 'ada@example.com' })
      clock.now += 12 * hour
      assert.equal((await key.get('/v3/secrets/1')).status, 401)
    })

    test('gives no more than the person has, whatever is asked for', async (t) => {
      const { owner, invite, begin, poll, answer } = await start(t, engine)
      const { person: reader } = await invite('reader', { name_patterns: ['web-*'] })
      const { person: auditor } = await invite('auditor')

      const wanting = await begin({ scopes: ['secrets:read', 'keys:manage'] })
      const refused = await answer(reader, 'confirm', wanting.code)
      assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden'])
      assert.match(refused.body.message, /permissions that you do not have/)
      assert.equal((await poll(wanting.device)).body.state, 'pending')
      const wide = await begin({ scopes: ['secrets:read'] })
      assert.equal((await answer(reader, 'confirm', wide.code)).status, 403)
      const none = await begin()
      assert.equal((await answer(auditor, 'confirm', none.code)).status, 403)

      const plain = await begin()
      assert.equal((await answer(reader, 'confirm', plain.code)).status, 200)
      const given = (await poll(plain.device)).body
      assert.deepEqual(given.scopes, ['secrets:list:web-*', 'secrets:read:web-*'])
      const whole = await begin({ scopes: ['account:manage', 'keys:manage'], expires_in: 300 })
      assert.equal((await answer(owner, 'confirm', whole.code)).status, 200)
      assert.deepEqual((await poll(whole.device)).body.scopes, ['account:manage', 'keys:manage'])
    })

    test('ends with the person: removed, disabled, with a new password, with fewer rights', async (t) => {
      const { owner, invite, begin, poll, answer, url, api } = await start(t, engine)
      await api.post('/v3/secrets', { name: 'a', value: 'v' })
      const ends: Readonly<Record<string, (id: number, person: Person) => Promise<{ status: number; text: string }>>> =
        {
          removed: (id) => owner.send('DELETE', `/v3/users/${id}`),
          disabled: (id) => owner.send('PATCH', `/v3/users/${id}`, { disabled: true }),
          'a reset password': async (id) => {
            const { body } = await owner.post(`/v3/users/${id}/reset`)
            return new Person(url).accept(body.invitation_url, { password: `${password} new` })
          },
          demoted: (id) => owner.send('PATCH', `/v3/users/${id}`, { role: 'reader' }),
          'new password': (_id, person) =>
            person.send('PUT', '/v3/session/password', { current_password: password, password: `${password} loud` }),
        }
      for (const [how, end] of Object.entries(ends)) {
        const { person, id } = await invite('editor')
        const { device, code } = await begin()
        await answer(person, 'confirm', code)
        const key = new Api(url, (await poll(device)).body.api_key)
        const { body: seed } = await key.post('/v3/seeds', { user_data: 'x $\u007b{secret.a}}', target: `web ${how}` })
        assert.equal((await key.get('/v3/secrets/1')).body.value, 'v', how)

        const ended = await end(id, person)

        assert.ok(ended.status < 300, ended.text)
        assert.equal((await key.get('/v3/secrets/1')).status, 401, how)
        // What it made reaches no further.
        assert.equal((await fetch(`${seed.url}user-data`)).status, 404, how)
      }
    })

    test('is worth nothing when the person may no longer give what they confirmed', async (t) => {
      const { owner, invite, begin, poll, answer } = await start(t, engine)
      const { person, id } = await invite('editor')
      const { device, code } = await begin()
      assert.equal((await answer(person, 'confirm', code)).status, 200)
      await owner.send('PATCH', `/v3/users/${id}`, { disabled: true })

      const late = await poll(device)

      assert.deepEqual([late.status, late.body.state], [200, 'refused'])
    })

    test('that was refused, as the person could no longer give it, stays so when their rights come back', async (t) => {
      const { owner, invite, begin, poll, answer, trail } = await start(t, engine)
      for (const [away, back] of [
        [{ role: 'reader' }, { role: 'editor' }],
        [{ disabled: true }, { disabled: false }],
      ]) {
        const { person, id } = await invite('editor')
        const { device, code } = await begin({ scopes: ['secrets:write'] })
        assert.equal((await answer(person, 'confirm', code)).status, 200)
        assert.equal((await owner.send('PATCH', `/v3/users/${id}`, away)).status, 200)
        assert.equal((await poll(device)).body.state, 'refused')

        assert.equal((await owner.send('PATCH', `/v3/users/${id}`, back)).status, 200)

        for (let times = 0; times < 2; times++) {
          const { body } = await poll(device)
          assert.deepEqual([body.state, body.api_key], ['refused', undefined])
        }
      }
      const redeemed = await trail('login.redeem')
      assert.deepEqual([...new Set(redeemed.map(({ outcome }) => outcome))], ['forbidden'])
    })

    test('is refused by the person, called off by the command, or over: and nothing wakes it again', async (t) => {
      const { owner, clock, begin, poll, ask, answer } = await start(t, engine)
      const refused = await begin()
      assert.equal((await answer(owner, 'refuse', refused.code)).status, 200)
      const cancelled = await begin()
      assert.equal((await ask('/cancel', { device_code: cancelled.device })).status, 200)
      assert.equal((await ask('/cancel', { device_code: cancelled.device })).status, 200)
      const late = await begin()
      const approved = await begin()
      assert.equal((await answer(owner, 'confirm', approved.code)).status, 200)

      for (const { device, code } of [refused, cancelled]) {
        assert.equal((await answer(owner, 'confirm', code)).status, 404)
        assert.equal((await poll(device)).body.state, 'refused')
      }
      clock.now += 10 * minute
      for (const { device, code } of [late, approved]) {
        assert.equal((await answer(owner, 'confirm', code)).status, 404)
        assert.equal((await poll(device)).body.state, 'expired')
      }
    })

    test('is confirmed twice as once, by nobody but who confirmed it first, and refused by them until the key is out', async (t) => {
      const { owner, invite, begin, poll, answer, trail } = await start(t, engine)
      const { person: other } = await invite('owner')
      const { device, code } = await begin()

      assert.equal((await answer(owner, 'confirm', code)).status, 200)
      assert.equal((await answer(owner, 'confirm', code, { bind_network: true })).body.networks.length, 0)
      assert.deepEqual((await trail('login.confirm')).map(({ outcome }) => outcome).sort(), ['ok', 'replayed'])
      for (const how of ['show', 'confirm', 'refuse'] as const) {
        assert.equal((await answer(other, how, code)).status, 404, how)
      }
      assert.equal((await answer(owner, 'refuse', code)).status, 200)
      assert.equal((await poll(device)).body.state, 'refused')
    })

    test('is unknown to people of another account, who learn of it exactly what they learn of none', async (t) => {
      const { begin, poll, owner, answer, vault, url } = await start(t, engine)
      const stranger = await personOfAnotherAccount(vault, url)
      const { device, code } = await begin({ account: 'default' })

      for (const how of ['show', 'confirm', 'refuse'] as const) {
        const [foreign, absent] = [await answer(stranger, how, code), await answer(stranger, how, 'BBBB-BBBB')]
        assert.deepEqual([foreign.status, foreign.body.code], [404, 'not_found'], how)
        assert.equal(withoutId(foreign.text), withoutId(absent.text), how)
      }
      assert.equal((await poll(device)).body.state, 'pending')
      assert.equal((await answer(owner, 'show', code)).status, 200)
    })

    test('names the account where there are several, and is told alike of one that is absent or closed to its network', async (t) => {
      const { ask, api, vault, url, at } = await start(t, engine)
      await personOfAnotherAccount(vault, url)
      assert.equal(
        (await api.put('/v3/settings', { networks: ['127.0.0.0/8', '198.51.100.0/24'] }, at('127.0.0.1'))).status < 300,
        true,
      )

      const unnamed = await ask('', { host: 'h' })
      const absent = await ask('', { host: 'h', account: 'nobody' })
      const closed = await ask('', { host: 'h', account: 'default' })
      const open = await ask('', { host: 'h', account: 'default' }, '198.51.100.7')

      assert.deepEqual([unnamed.status, unnamed.body.errors[0].field], [400, 'account'])
      assert.deepEqual([absent.status, closed.status, open.status], [404, 404, 201])
      assert.equal(withoutId(absent.text), withoutId(closed.text))
      assert.equal((await ask('/poll', { device_code: open.body.device_code })).status, 401)
    })

    test('bound to a network gives a key that is good there alone', async (t) => {
      const { owner, begin, poll, answer, url, at } = await start(t, engine)
      const { device, code } = await begin({ bind_network: true }, '192.0.2.9')
      assert.equal((await answer(owner, 'show', code)).body.wants_network, true)
      const confirmed = await answer(owner, 'confirm', code, { bind_network: true })
      assert.deepEqual(confirmed.body.networks, ['192.0.2.9'])

      const { api_key: token, networks } = (await poll(device, '192.0.2.9')).body

      assert.deepEqual(networks, ['192.0.2.9'])
      const key = new Api(url, token)
      assert.equal((await key.get('/v3/secrets', at('192.0.2.9'))).status, 200)
      assert.equal((await key.get('/v3/secrets', at('192.0.2.10'))).status, 401)
    })

    test('asked about too often makes the command slower, and slower again', async (t) => {
      const { clock, begin, poll } = await start(t, engine)
      const { device } = await begin()
      const answers = []

      for (const wait of [0, 1000, 1000, 15_000, 14_500]) {
        clock.now += wait
        answers.push((await poll(device)).body)
      }

      assert.deepEqual(answers, [
        { state: 'pending', interval: 5 },
        { state: 'slow_down', interval: 10 },
        { state: 'slow_down', interval: 15 },
        { state: 'pending', interval: 15 },
        { state: 'pending', interval: 15 },
      ])
    })

    test('is confirmed by people who proved who they are a short while ago, and never with an API key', async (t) => {
      const { owner, clock, begin, answer, api } = await start(t, engine)
      const { code: first } = await begin()
      clock.now += 16 * minute
      await owner.get('/v3/session')
      const { code } = await begin()

      const stale = await answer(owner, 'confirm', code)
      assert.deepEqual([stale.status, stale.body.code], [403, 'confirmation_required'])
      assert.equal((await answer(owner, 'show', code)).status, 200)
      assert.equal((await answer(owner, 'show', first)).status, 404)
      await owner.post('/v3/session/confirm', { password })
      for (const how of ['show', 'confirm', 'refuse']) {
        assert.equal((await api.post(`/v3/logins/${how}`, { user_code: code })).status, 404, how)
      }
      assert.equal((await answer(owner, 'confirm', code)).status, 200)
    })

    test('survives a restart and goes on at another node, and is given out by one of two that are asked at once', async (t) => {
      const first = await start(t, engine)
      const { place, begin, answer, owner, ask } = first
      const { device, code } = await begin()
      const isAlone = place.databaseUrl === undefined
      if (isAlone) await first.stop()
      const clock = () => first.clock.now
      const other = await startServer(t, engine, { place, now: clock, trustedProxies: ['127.0.0.1'] })
      const person = new Person(other.url)
      person.cookie = owner.cookie
      assert.equal((await answer(person, 'confirm', code)).status, 200)

      const urls = isAlone ? [other.url, other.url] : [other.url, first.url]
      const polls = await Promise.all(urls.map((url) => ask('/poll', { device_code: device }, '192.0.2.1', url)))

      assert.deepEqual(polls.map(({ body }) => body.state).sort(), ['granted', 'used'])
    })

    test('is in the trail from beginning to end, without its codes, and the store verifies', async (t) => {
      const { owner, begin, poll, answer, api, place, vault } = await start(t, engine)
      const { device, code } = await begin()
      await answer(owner, 'show', code)
      await answer(owner, 'confirm', code)
      const { api_key: token, key_id: id } = (await poll(device)).body
      const gone = await begin({ host: 'other-host' })
      await answer(owner, 'refuse', gone.code)
      await answer(owner, 'show', 'BCDF-GHJK')

      const { body, text } = await api.get('/v3/audit?limit=1000')
      const told = body.records
        .filter(({ action, object }: { action: string; object: { id: number } }) => {
          return action.startsWith('login.') || (action === 'key.create' && object.id === id)
        })
        .map(({ action, principal, object, outcome }: Record<string, { kind: string; name: string } | string>) => {
          const of = (one: unknown) => (one as { kind: string; name: string } | null)?.name ?? '-'
          return `${(principal as { kind: string }).kind} ${of(principal)} ${action} ${of(object)} ${outcome}`
        })
        .reverse()
      assert.deepEqual(told, [
        'login ada-laptop login.begin ada-laptop ok',
        'user ada@example.com login.read ada-laptop ok',
        'user ada@example.com login.confirm ada-laptop ok',
        'login ada-laptop key.create CLI on ada-laptop ok',
        'login ada-laptop login.redeem ada-laptop ok',
        'login other-host login.begin other-host ok',
        'user ada@example.com login.refuse other-host ok',
        'user ada@example.com login.read - not_found',
      ])
      const stored = JSON.stringify(await query(place, 'select * from logins'))
      for (const secret of [device, code, code.replace('-', ''), token, gone.device, gone.code]) {
        assert.ok(!text.includes(secret) && !stored.includes(secret))
      }
      const { accountState } = await import('../../src/vault/account-state.ts')
      assert.deepEqual(await accountState(vault, 1), [])
    })

    test('whose row was written by somebody else is refused', async (t) => {
      const { owner, begin, poll, answer, place } = await start(t, engine)
      const { device, code } = await begin({ scopes: ['secrets:list'] })
      await answer(owner, 'confirm', code)
      await query(place, "update logins set granted = 'account:manage'")

      assert.equal((await poll(device)).status, 500)
      assert.equal((await answer(owner, 'show', code)).status, 500)
    })

    test('that is over is swept, and its codes are unknown then', async (t) => {
      const { clock, begin, poll, place } = await start(t, engine)
      const { device } = await begin()
      clock.now += 10 * minute + hour
      await begin()

      assert.equal((await query(place, 'select id from logins')).length, 1)
      const { status, body } = await poll(device)
      assert.deepEqual([status, body.code], [401, 'invalid_credentials'])
    })

    test('refuses guesses after ten codes, and beginnings after twenty from one network', async (t) => {
      const { owner, invite, begin, ask, answer } = await start(t, engine)
      const { code } = await begin({}, '198.51.100.1')
      const guesses = []
      for (let at = 0; at < 12; at++) guesses.push((await answer(owner, 'show', `BBBB-BBB${codeLetters[at]}`)).status)
      assert.deepEqual(guesses, [...Array(10).fill(404), 429, 429])
      assert.equal((await answer(owner, 'confirm', code)).status, 429)
      // Others are not put off by it.
      const { person } = await invite('owner')
      assert.equal((await answer(person, 'show', code)).status, 200)

      const beginnings = []
      for (let at = 0; at < 21; at++) beginnings.push((await ask('', { host: 'h' }, `2001:db8::${at}`)).status)
      assert.deepEqual(beginnings, [...Array(20).fill(201), 429])
    })

    test('gives keys that are not rotated, and that revoke themselves', async (t) => {
      const { owner, begin, poll, answer, api, url } = await start(t, engine)
      const { device, code } = await begin({ scopes: ['keys:manage'] })
      await answer(owner, 'confirm', code)
      const { api_key: token, key_id: id } = (await poll(device)).body
      const key = new Api(url, token)

      const rotated = await api.post(`/v3/keys/${id}/rotate`, {})
      assert.deepEqual([rotated.status, rotated.body.code], [400, 'invalid'])
      assert.equal((await key.post(`/v3/keys/${id}/rotate`, {})).status, 400)
      assert.equal((await key.delete('/v3/keys/self')).status, 200)
      assert.equal((await key.get('/v3/keys/self')).status, 401)
    })
  })
}

async function personOfAnotherAccount(vault: Awaited<ReturnType<typeof startServer>>['vault'], url: string) {
  const { createAccount } = await import('../../src/vault/accounts.ts')
  const { inviteOwner } = await import('../../src/vault/users.ts')
  const { account } = await createAccount(vault, { name: 'test', requestId: 'test' }, 'other')
  const caller = { kind: 'host', accountId: account.id, name: 'test' } as const
  const { token } = await inviteOwner(vault, { caller, requestId: 't', address: 'host' }, account.id)
  const person = new Person(url)
  const accepted = await person.accept(`#${token}`, { name: 'Eve', email: 'eve@example.com', password })
  assert.equal(accepted.status, 201, accepted.text)
  return person
}

function withoutId(text: string): string {
  return text.replace(/"request_id":"[^"]*"/, '')
}
