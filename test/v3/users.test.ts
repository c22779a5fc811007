/** Users and their sessions: links, roles, sign-in, confirmation, and everything that somebody else might try. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { passwordCost } from '../../src/vault/passwords.ts'
import { Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { password, startWithOwner } from '../support/portal-account.ts'
import { connect } from '../support/rows.ts'

for (const engine of engines) {
  suite(`${engine.name}: a user`, { skip: engine.skip }, () => {
    test('becomes the owner by the set-up link, once, and signs in with the password', async (t) => {
      const { owner, token, accepted, url, place } = await startWithOwner(t, engine, { passwords: passwordCost })

      assert.deepEqual(accepted.body.user, { id: 1, name: 'Ada', email: 'ada@example.com', role: 'owner' })
      assert.deepEqual(accepted.body.account, { id: 1, name: 'default' })
      assert.match(
        accepted.headers.get('set-cookie') ?? '',
        /^strongroom_session=sr_\w{49}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43(200|199)$/,
      )
      assert.equal((await owner.get('/v3/session')).body.user.id, 1)
      const again = await new Person(url).accept(`#${token}`, { email: 'eve@example.com', password })
      assert.deepEqual([again.status, again.body.code], [404, 'not_found'])
      const person = new Person(url)
      assert.equal((await person.signIn(' ADA@example.com ', password)).status, 201)
      assert.equal((await person.get('/v3/secrets')).status, 200)
      const stored =
        JSON.stringify(await query(place, 'select * from users')) +
        JSON.stringify(await query(place, 'select * from api_keys'))
      for (const secret of [password, token ?? assert.fail(), person.cookie.split('=')[1] ?? ''])
        assert.ok(!stored.includes(secret))
      assert.match(stored, /\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    })

    test('with a wrong password, a wrong address, or disabled, is refused alike', async (t) => {
      const { owner, url, invite, api } = await startWithOwner(t, engine)
      const { email, id } = await invite('reader')
      assert.equal((await owner.send('PATCH', `/v3/users/${id}`, { disabled: true })).status, 200)

      const answers = await Promise.all([
        new Person(url).signIn('ada@example.com', 'seven orange tractors cry'),
        new Person(url).signIn('nobody@example.com', password),
        new Person(url).signIn(email, password),
      ])

      for (const { status, body, headers } of answers) {
        assert.deepEqual(
          [status, body.code, body.detail],
          [401, 'invalid_credentials', 'The address or the password is wrong.'],
        )
        assert.equal(headers.get('set-cookie'), null)
      }
      const { body } = await api.get('/v3/audit?action=session.open&outcome=invalid_credentials')
      assert.equal(body.records.length, 2)
      assert.equal(body.records[0].principal.kind, 'user')
    })

    test('does with a session what the role allows, and no crafted request does more', async (t) => {
      const { owner, invite } = await startWithOwner(t, engine)
      await owner.post('/v3/secrets', { name: 'prod-a', value: 'v' })
      await owner.post('/v3/secrets', { name: 'dev-a', value: 'v' })
      const reader = (await invite('reader', { name_patterns: ['dev-*'] })).person
      const auditor = (await invite('auditor')).person
      const admin = (await invite('admin')).person

      assert.deepEqual(
        (await reader.get('/v3/secrets')).body.secrets.map(({ name }: { name: string }) => name),
        ['dev-a'],
      )
      assert.equal((await reader.get('/v3/secrets/2')).status, 200)
      assert.equal((await reader.get('/v3/secrets/1')).status, 404)
      for (const [method, path, body] of [
        ['PUT', '/v3/secrets/2', { value: 'w' }],
        ['DELETE', '/v3/secrets/2', undefined],
        ['POST', '/v3/secrets', { name: 'dev-b', value: 'v' }],
        ['POST', '/v3/keys', { name: 'k', scopes: ['secrets:read'] }],
        ['GET', '/v3/users', undefined],
        ['POST', '/v3/users', { email: 'x@example.com', role: 'owner' }],
        ['PATCH', '/v3/users/1', { role: 'reader' }],
        ['GET', '/v3/audit', undefined],
        ['PUT', '/v3/settings', { vm_auth: true }],
      ] as const) {
        assert.equal((await reader.send(method, path, body)).status, 403, `${method} ${path}`)
      }
      assert.equal((await auditor.get('/v3/audit')).status, 200)
      assert.equal((await auditor.get('/v3/secrets/1')).status, 403)
      const taken = await admin.send('PATCH', '/v3/users/1', { disabled: true })
      assert.deepEqual([taken.status, taken.body.code], [403, 'forbidden'])
      assert.equal((await admin.post('/v3/users', { email: 'y@example.com', role: 'owner' })).status, 403)
      assert.equal((await admin.post('/v3/users', { email: 'y@example.com', role: 'editor' })).status, 201)
    })

    test('leaves records under their own name', async (t) => {
      const { owner, api } = await startWithOwner(t, engine)
      await owner.post('/v3/secrets', { name: 'a', value: 'v' })
      await owner.get('/v3/secrets/1')
      await owner.send('DELETE', '/v3/session')

      const { body } = await api.get('/v3/audit?limit=100')

      const mine = body.records.filter((one: { principal: { kind: string } }) => one.principal.kind === 'user')
      assert.deepEqual(
        mine.map(({ action }: { action: string }) => action),
        ['session.end', 'secret.read', 'secret.create', 'session.open', 'user.accept'],
      )
      assert.deepEqual(mine[1].principal, { kind: 'user', id: 1, name: 'ada@example.com' })
    })

    test('whose rights change, who is disabled or deleted, is signed out everywhere', async (t) => {
      const { owner, invite } = await startWithOwner(t, engine)
      const changes: [string, (id: number) => Promise<unknown>][] = [
        ['role', (id) => owner.send('PATCH', `/v3/users/${id}`, { role: 'reader' })],
        ['patterns', (id) => owner.send('PATCH', `/v3/users/${id}`, { name_patterns: ['a'] })],
        ['disabled', (id) => owner.send('PATCH', `/v3/users/${id}`, { disabled: true })],
        ['deleted', (id) => owner.send('DELETE', `/v3/users/${id}`)],
      ]
      for (const [what, change] of changes) {
        const { person, id } = await invite('editor')
        assert.equal((await person.get('/v3/secrets')).status, 200)
        await change(id)
        assert.equal((await person.get('/v3/secrets')).status, 401, what)
      }
      const { person, id } = await invite('editor')
      await owner.send('PATCH', `/v3/users/${id}`, { name: 'Grace' })
      assert.equal((await person.get('/v3/session')).body.user.name, 'Grace')
    })

    test('is given a link that says until when it is good: a week to come, a day for a new password', async (t) => {
      const now = Date.parse('2026-01-15T10:00:00Z')
      const { owner } = await startWithOwner(t, engine, { now: () => now })

      const invited = await owner.post('/v3/users', { email: 'grace@example.com', role: 'reader' })
      const reset = await owner.post(`/v3/users/${invited.body.id}/reset`)

      assert.equal(invited.body.invitation_expires_at, '2026-01-22T10:00:00Z')
      assert.equal(reset.body.invitation_expires_at, '2026-01-16T10:00:00Z')
    })

    test('who accepts a reset has the new password, and the sessions of before end', async (t) => {
      const { owner, invite, url } = await startWithOwner(t, engine)
      const { person, id, email } = await invite('editor')
      const { body } = await owner.post(`/v3/users/${id}/reset`)
      assert.equal((await person.get('/v3/session')).status, 200)
      const checked = await new Person(url).post('/v3/invitations/check', { token: body.invitation_url.split('#')[1] })
      assert.deepEqual([checked.body.kind, checked.body.email], ['reset', email])

      const fresh = new Person(url)
      const weak = await fresh.accept(body.invitation_url, { password: 'password1234' })
      assert.deepEqual([weak.status, weak.body.code], [422, 'weak_password'])
      const races = await Promise.all(
        [1, 2].map(() => new Person(url).accept(body.invitation_url, { password: `${password} twice` })),
      )

      assert.deepEqual(races.map(({ status }) => status).sort(), [201, 404])
      assert.equal((await person.get('/v3/session')).status, 401)
      assert.equal((await new Person(url).signIn(email, password)).status, 401)
      assert.equal((await new Person(url).signIn(email, `${password} twice`)).status, 201)
    })

    test('who is given more is no longer reached by a link that was made when they had less', async (t) => {
      const { owner, invite, url } = await startWithOwner(t, engine)
      const admin = (await invite('admin')).person
      const linkTo = async (id: number) => (await admin.post(`/v3/users/${id}/reset`)).body.invitation_url as string
      const status = async (link: string) =>
        (await new Person(url).accept(link, { password: `${password} twice` })).status
      const patch = (id: number, change: object) => owner.send('PATCH', `/v3/users/${id}`, change)
      const { body: invited } = await admin.post('/v3/users', { email: 'eve@example.com', role: 'reader' })
      const { id } = await invite('reader', { name_patterns: ['dev-*'] })

      // An admin could not make a link of an owner, nor keep one from before.
      assert.equal((await patch(invited.id, { role: 'owner' })).status, 200)
      assert.equal(await status(invited.invitation_url), 404)
      for (const change of [{ name_patterns: null }, { role: 'admin' }, { role: 'owner' }]) {
        const link = await linkTo(id)
        await patch(id, change)
        assert.equal(await status(link), 404, JSON.stringify(change))
      }
      const renewed = (await owner.post(`/v3/users/${invited.id}/reset`)).body.invitation_url
      await patch(invited.id, { name: 'Eve', role: 'admin' })
      assert.equal(await status(renewed), 201)
    })

    test('who sets a new password, ends a session or is disabled is no longer reached by a link of before', async (t) => {
      const { owner, invite, url } = await startWithOwner(t, engine)
      const status = async (link: string) =>
        (await new Person(url).accept(link, { password: `${password} twice` })).status
      const again = `${password} again`
      const endings: [string, (person: Person, id: number, email: string) => Promise<unknown>][] = [
        [
          'password',
          (person) => person.send('PUT', '/v3/session/password', { current_password: password, password: again }),
        ],
        [
          'session',
          async (person, _id, email) => {
            await new Person(url).signIn(email, password)
            const { body } = await person.get('/v3/sessions')
            const other = body.sessions.find((one: { current: boolean }) => !one.current)
            return person.send('DELETE', `/v3/sessions/${other.id}`)
          },
        ],
        [
          'disabled',
          async (_person, id) => {
            await owner.send('PATCH', `/v3/users/${id}`, { disabled: true })
            return owner.send('PATCH', `/v3/users/${id}`, { disabled: false })
          },
        ],
      ]
      for (const [what, end] of endings) {
        const { person, id, email } = await invite('editor')
        const link = (await owner.post(`/v3/users/${id}/reset`)).body.invitation_url
        assert.equal(((await end(person, id, email)) as { status: number }).status, 200, what)
        assert.equal(await status(link), 404, what)
      }
    })

    test('proves who they are again before what is delicate', async (t) => {
      const clock = { now: Date.parse('2026-01-15T10:00:00Z') }
      const { owner } = await startWithOwner(t, engine, { now: () => clock.now })
      for (const name of ['a', 'b']) await owner.post('/v3/secrets', { name, value: 'v' })
      assert.equal((await owner.post('/v3/keys', { name: 'k', scopes: ['secrets:read'] })).status, 201)
      clock.now += 16 * 60_000
      await owner.get('/v3/secrets')

      for (const [method, path, body] of [
        ['POST', '/v3/keys', { name: 'k', scopes: ['secrets:read'] }],
        ['DELETE', '/v3/lists/1', undefined],
        ['PUT', '/v3/settings', { vm_auth: true }],
        ['POST', '/v3/users', { email: 'x@example.com', role: 'reader' }],
        ['POST', '/v3/render', { template: ['a', 'b'].map((name) => ['$', `{{secret.${name}}}`].join('')).join(' ') }],
      ] as const) {
        const { status, body: answer } = await owner.send(method, path, body)
        assert.deepEqual([status, answer.code], [403, 'confirmation_required'], path)
      }
      assert.equal((await owner.get('/v3/secrets/1')).status, 200)
      assert.equal((await owner.post('/v3/session/confirm', { password: 'wrong password' })).status, 401)
      const confirmed = await owner.post('/v3/session/confirm', { password })
      assert.equal(confirmed.body.confirmed_until, '2026-01-15T10:31:00Z')
      assert.equal((await owner.post('/v3/keys', { name: 'k', scopes: ['secrets:read'] })).status, 201)
    })

    test('is signed out after half an hour without a request, and after twelve hours in any case', async (t) => {
      const clock = { now: Date.parse('2026-01-15T10:00:00Z') }
      const { owner, url } = await startWithOwner(t, engine, { now: () => clock.now })
      for (let minutes = 0; minutes < 11 * 60; minutes += 29) {
        clock.now += 29 * 60_000
        assert.equal((await owner.get('/v3/session')).status, 200)
      }
      const other = new Person(url)
      assert.equal((await other.signIn('ada@example.com', password)).status, 201)
      clock.now += 20 * 60_000
      assert.equal((await owner.get('/v3/sessions')).body.sessions.length, 2)
      clock.now += 11 * 60_000
      assert.equal((await owner.get('/v3/sessions')).body.sessions.length, 1)
      assert.equal((await other.get('/v3/session')).status, 401)
      clock.now += 60 * 60_000
      assert.equal((await owner.get('/v3/session')).status, 401)
    })

    test('sees their own sessions, and ends one in another window', async (t) => {
      const { owner, url, invite } = await startWithOwner(t, engine)
      const other = new Person(url)
      await other.signIn('ada@example.com', password)
      const stranger = (await invite('admin')).person

      const { body } = await owner.get('/v3/sessions')

      assert.equal(body.sessions.length, 2)
      assert.deepEqual(
        body.sessions.map(({ current }: { current: boolean }) => current),
        [false, true],
      )
      const [{ id }] = body.sessions
      assert.equal((await stranger.send('DELETE', `/v3/sessions/${id}`)).status, 404)
      assert.equal((await owner.send('DELETE', `/v3/sessions/${id}`)).status, 200)
      assert.equal((await other.get('/v3/session')).status, 401)
      assert.equal((await owner.get('/v3/session')).status, 200)
    })

    test('changes the password, which ends every session, and goes on in one with a new cookie', async (t) => {
      const { owner, url } = await startWithOwner(t, engine)
      const other = new Person(url)
      await other.signIn('ada@example.com', password)
      const next = 'nine purple engines hum'
      // Whoever has the cookie of this very session.
      const thief = new Person(url)
      thief.cookie = owner.cookie
      const before = (await thief.get('/v3/session')).body

      assert.equal(
        (await owner.send('PUT', '/v3/session/password', { current_password: 'wrong', password: next })).status,
        401,
      )
      const changed = await owner.send('PUT', '/v3/session/password', { current_password: password, password: next })

      assert.equal(changed.status, 200, changed.text)
      assert.notEqual(owner.cookie, thief.cookie)
      const after = (await owner.get('/v3/session')).body
      assert.deepEqual([after.expires_at, after.scopes], [before.expires_at, before.scopes])
      for (const gone of [other, thief]) assert.equal((await gone.get('/v3/session')).status, 401)
      assert.equal((await new Person(url).signIn('ada@example.com', next)).status, 201)
    })

    test('who is the last owner stays one', async (t) => {
      const { owner, api } = await startWithOwner(t, engine)

      for (const answer of [
        await owner.send('PATCH', '/v3/users/1', { role: 'admin' }),
        await owner.send('PATCH', '/v3/users/1', { disabled: true }),
        await owner.send('DELETE', '/v3/users/1'),
        await api.delete('/v3/users/1'),
      ]) {
        assert.deepEqual([answer.status, answer.body.code], [409, 'last_owner'])
      }
    })

    test('is read and changed by their own row, however many others there are', async (t) => {
      const { owner, invite, place, vault } = await startWithOwner(t, engine)
      const { id } = await invite('reader')
      const database = await connect(place)
      // None is authentic: whoever reads one of them answers 500.
      await database.insert(
        'users',
        Array.from({ length: 50 }, (_, at) => ({
          ...{ account_id: 1, id: 1000 + at, uid: 'u', email: `u${at}@example.com`, name: 'n', patterns: '*' },
          ...{ role: 'reader', is_disabled: 0, created_ms: 1, mac: Buffer.from('00', 'hex') },
        })),
      )
      await database.close()
      const { mock: accounts } = t.mock.method(vault.store, 'accounts')

      assert.equal((await owner.get('/v3/session')).body.account.name, 'default')
      assert.equal(accounts.callCount(), 0)
      assert.equal((await owner.send('PATCH', `/v3/users/${id}`, { name: 'Eve' })).status, 200)
      assert.equal((await owner.send('DELETE', '/v3/users/1')).body.code, 'last_owner')
      assert.equal((await owner.send('DELETE', `/v3/users/${id}`)).status, 200)
    })

    test('whose row was changed behind the server is not let in', async (t) => {
      const { owner, invite, place, url } = await startWithOwner(t, engine)
      const { email, id } = await invite('reader')
      await query(place, `update users set role = 'owner' where id = ${id}`)

      assert.equal((await new Person(url).signIn(email, password)).status, 500)
      await query(place, `update api_keys set scopes = 'secrets:read' where user_id = 1`)
      assert.equal((await owner.get('/v3/secrets')).status, 500)
    })

    test('whose session is in the hands of another site, or used as an API key, is refused', async (t) => {
      const { owner, url, api } = await startWithOwner(t, engine)
      const token = owner.cookie.split('=')[1] ?? ''
      const origin = { origin: 'https://evil.example' }

      for (const headers of [
        { 'strongroom-portal': '' },
        origin,
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' },
      ]) {
        for (const [method, path] of [
          ['GET', '/v3/secrets'],
          ['DELETE', '/v3/session'],
        ] as const) {
          const { status, body } = await owner.send(method, path, undefined, headers as Record<string, string>)
          assert.deepEqual([status, body.code], [403, 'cross_site_request'])
        }
      }
      const signIn = await new Person(url).send('POST', '/v3/session', { email: 'ada@example.com', password }, origin)
      assert.equal(signIn.status, 403)
      assert.equal(
        (await owner.send('GET', '/v3/secrets', undefined, { origin: url, 'sec-fetch-site': 'same-origin' })).status,
        200,
      )
      assert.equal((await new Api(url, token).get('/v3/secrets')).status, 401)
      const planted = new Person(url)
      planted.cookie = `strongroom_session=${api.key}`
      assert.equal((await planted.get('/v3/secrets')).status, 401)
      assert.equal((await api.get('/v3/session')).status, 404)
    })

    test('guessing is slowed down for the address that guesses, not for the user', async (t) => {
      const { url, vault } = await startWithOwner(t, engine)
      for (let at = 0; at < 5; at++) {
        assert.equal((await new Person(url).signIn('ada@example.com', `guess number ${at}`)).status, 401)
      }

      const slowed = await new Person(url).signIn('ada@example.com', password)

      assert.deepEqual([slowed.status, slowed.body.code], [429, 'rate_limited'])
      assert.ok(Number(slowed.headers.get('retry-after')) > 800)
      await vault.attempts.begin(1, 'ada@example.com', '10.0.0.1', Date.now())
    })

    test('guessing is slowed down from all of an IPv6 network, and from an IPv4 address in any spelling', async (t) => {
      const { url } = await startWithOwner(t, engine, { trustedProxies: ['127.0.0.1'] })
      const body = (guess: string) => ({ email: 'ada@example.com', password: guess })
      const from = async (address: string, guess = 'a wrong guess') =>
        (await new Person(url).send('POST', '/v3/session', body(guess), { 'x-forwarded-for': address })).status
      for (let at = 1; at <= 5; at++) {
        assert.deepEqual([await from(`2001:db8:1:2::${at}`), await from('192.0.2.7')], [401, 401])
      }

      assert.equal(await from('2001:db8:1:2:a:b:c:d', password), 429)
      assert.equal(await from('::ffff:192.0.2.7', password), 429)
      assert.equal(await from('2001:db8:1:3::1', password), 201)
      assert.equal(await from('192.0.2.8', password), 201)
    })
  })
}
