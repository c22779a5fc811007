/** Second factors: the authenticator app, recovery codes and passkeys, and everything that somebody else might try. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { userListing } from '../../src/store/listings.ts'
import { accountState } from '../../src/vault/account-state.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { open } from '../../src/vault/sessions.ts'
import { proveCode } from '../../src/vault/sign-in-proofs.ts'
import { Authenticator, type Odd } from '../support/authenticator.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { codeOf, enrolTotp, password, startWithOwner } from '../support/portal-account.ts'
import { sendRaw } from '../support/raw.ts'
import type { TestOptions } from '../support/server.ts'

const email = 'ada@example.com'
const stepMs = 30_000
const start = Date.parse('2026-01-15T10:00:00Z')

for (const engine of engines) {
  suite(`${engine.name}: an authenticator app`, { skip: engine.skip }, () => {
    test('is set up by its first code, and then asked for at sign-in', async (t) => {
      const clock = { now: start }
      const { owner, url, api, place } = await startWithOwner(t, engine, { now: () => clock.now })
      const { secret, codes } = await enrolTotp(owner, clock.now)
      clock.now += stepMs
      const signIn = (code?: string) =>
        new Person(url).post('/v3/session', { email, password, ...(code === undefined ? {} : { code }) })

      const without = await signIn()
      const wrong = await signIn('000000')
      const right = await signIn(codeOf(secret, clock.now))

      assert.deepEqual([without.status, without.body.code], [401, 'second_factor_required'])
      assert.deepEqual([wrong.status, wrong.body.code], [401, 'invalid_credentials'])
      for (const { headers } of [without, wrong]) assert.equal(headers.get('set-cookie'), null)
      assert.equal(right.status, 201, right.text)
      assert.equal(codes.length, 10)
      assert.ok(codes.every((code) => /^[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}$/.test(code)))
      assert.equal((await api.get('/v3/users/1')).body.second_factor, true)
      const stored = JSON.stringify(await query(place, 'select * from factors'))
      for (const text of [secret, ...codes, ...codes.map((code) => code.replaceAll('-', ''))]) {
        assert.ok(!stored.includes(text))
      }
      const { records } = (await api.get('/v3/audit?limit=100')).body
      const told = records.map(({ action, outcome, object }: never) => [action, outcome, (object as never)?.['name']])
      for (const expected of [
        ['session.open', 'second_factor_required', email],
        ['session.open', 'invalid_credentials', email],
        ['session.open', 'ok', 'password, totp'],
        ['factor.add', 'ok', 'totp'],
        ['factor.add', 'ok', 'recovery_codes'],
        ['factor.use', 'ok', 'totp'],
      ]) {
        assert.ok(
          told.some((one: unknown) => JSON.stringify(one) === JSON.stringify(expected)),
          String(expected),
        )
      }
    })

    test('with the wrong password says nothing of a second factor', async (t) => {
      const { owner, url } = await startWithOwner(t, engine)
      await enrolTotp(owner, Date.now())

      const { status, body } = await new Person(url).signIn(email, 'seven orange tractors cry')

      assert.deepEqual([status, body.code], [401, 'invalid_credentials'])
    })

    test('gives codes that are good once, whoever comes first', async (t) => {
      const clock = { now: start }
      const { owner, url } = await startWithOwner(t, engine, { now: () => clock.now })
      const { secret } = await enrolTotp(owner, clock.now)
      const setUp = codeOf(secret, clock.now)
      const signIn = (code: string) => new Person(url).post('/v3/session', { email, password, code })

      assert.equal((await signIn(setUp)).status, 401)
      clock.now += stepMs
      const code = codeOf(secret, clock.now)
      const both = await Promise.all([signIn(code), signIn(code)])
      const before = await signIn(codeOf(secret, clock.now - stepMs))

      assert.deepEqual(both.map(({ status }) => status).sort(), [201, 401])
      assert.equal(before.status, 401)
    })

    test('is not set up with a wrong code, late, or by another than who began it', async (t) => {
      const clock = { now: start }
      const { owner, invite } = await startWithOwner(t, engine, { now: () => clock.now })
      const { person } = await invite('editor')
      const { enrolment, secret } = (await owner.post('/v3/session/totp')).body
      const finish = (who: Person, code: string, text = enrolment) =>
        who.send('PUT', '/v3/session/totp', { enrolment: text, code })
      const forged = Buffer.from(enrolment, 'base64url')
      forged[0] = (forged[0] ?? 0) ^ 1

      assert.equal((await finish(owner, '000000')).status, 400)
      assert.equal((await finish(person, codeOf(secret, clock.now))).status, 400)
      assert.equal((await finish(owner, codeOf(secret, clock.now), forged.toString('base64url'))).status, 400)
      assert.equal((await finish(owner, codeOf(secret, clock.now), 'x')).status, 400)
      clock.now += 14 * 60_000
      await owner.get('/v3/session')
      await owner.post('/v3/session/confirm', { password })
      clock.now += 2 * 60_000
      assert.equal((await finish(owner, codeOf(secret, clock.now))).status, 400)
      assert.equal((await owner.get('/v3/session/factors')).body.authenticator, null)
    })

    test('is one, though two are set up at once', async (t) => {
      const { owner, vault } = await startWithOwner(t, engine)
      const [first, second] = [(await owner.post('/v3/session/totp')).body, (await owner.post('/v3/session/totp')).body]
      const finish = ({ enrolment, secret }: Record<'enrolment' | 'secret', string>) =>
        owner.send('PUT', '/v3/session/totp', { enrolment, code: codeOf(secret, Date.now()) })
      const factorsOf = vault.store.factorsOf.bind(vault.store)
      // That there is none was read when the other one is set up.
      const looked = t.mock.method(vault.store, 'factorsOf', async (...whose: Parameters<typeof factorsOf>) => {
        looked.mock.restore()
        const found = await factorsOf(...whose)
        assert.equal((await finish(second)).status, 200)
        return found
      })

      const late = await finish(first)

      assert.deepEqual([late.status, late.body.code], [409, 'name_taken'])
    })

    test('codes are guessed slowly, from wherever, and a recovery code still lets in', async (t) => {
      const clock = { now: start }
      const { owner, vault, url } = await startWithOwner(t, engine, { now: () => clock.now })
      const { secret, codes } = await enrolTotp(owner, clock.now)
      clock.now += stepMs
      const [user] = await vault.store.rowsOf(1, userListing, { after: undefined, limit: 1 })
      for (let at = 0; at < 10; at++) await vault.attempts.beginCode(user?.uid ?? '', clock.now)
      const signIn = (code: string) => new Person(url).post('/v3/session', { email, password, code })

      const slowed = await signIn(codeOf(secret, clock.now))
      const recovered = await signIn(codes[0] ?? '')

      assert.deepEqual([slowed.status, slowed.body.code], [429, 'rate_limited'])
      assert.equal(recovered.status, 201)
      clock.now += 15 * 60_000
      assert.equal((await signIn(codeOf(secret, clock.now))).status, 201)
    })
  })

  suite(`${engine.name}: recovery codes`, { skip: engine.skip }, () => {
    test('let in once each, however they are typed; of two at once one wins', async (t) => {
      const { owner, url } = await startWithOwner(t, engine)
      const { codes } = await enrolTotp(owner, Date.now())
      const signIn = (code: string) => new Person(url).post('/v3/session', { email, password, code })
      const [first = '', second = ''] = codes

      const both = await Promise.all([signIn(first), signIn(first)])
      const typed = await signIn(` ${second.toUpperCase().replaceAll('-', ' ')}`)

      assert.deepEqual(both.map(({ status }) => status).sort(), [201, 401])
      assert.equal(typed.status, 201)
      assert.equal((await owner.get('/v3/session/factors')).body.recovery_codes_left, 8)
    })

    test('prove once what was read before somebody else used them', async (t) => {
      const { owner, vault } = await startWithOwner(t, engine)
      const { codes } = await enrolTotp(owner, Date.now())
      const user = (await vault.store.user(1, 1)) ?? assert.fail()
      const proven = (await proveCode(vault, user, await vault.store.factorsOf(1, 1), codes[0] ?? '')) ?? assert.fail()
      const agent = { address: 'test', userAgent: '' }
      const begin = async () =>
        open(vault, { requestId: 'test', address: 'test' }, user, {
          next: user,
          agent,
          rules: (await vault.store.rules(1)) ?? assert.fail(),
          ...proven,
        })

      const begun = await Promise.all([begin(), begin()])

      assert.equal(begun.filter((one) => one !== undefined).length, 1)
    })

    test('are replaced, and go with the last second factor', async (t) => {
      const { owner, url } = await startWithOwner(t, engine)
      const none = await owner.post('/v3/session/recovery-codes')
      const { codes } = await enrolTotp(owner, Date.now())

      const replaced = await owner.post('/v3/session/recovery-codes')

      assert.equal(none.status, 400)
      const signIn = (code: string) => new Person(url).post('/v3/session', { email, password, code })
      assert.equal((await signIn(codes[0] ?? '')).status, 401)
      assert.equal((await signIn(replaced.body.recovery_codes[0])).status, 201)
      const { authenticator } = (await owner.get('/v3/session/factors')).body
      assert.equal((await owner.send('DELETE', `/v3/session/factors/${authenticator.id}`)).status, 200)
      assert.equal((await owner.get('/v3/session/factors')).body.recovery_codes_left, 0)
      assert.equal((await new Person(url).signIn(email, password)).status, 201)
    })
  })

  suite(`${engine.name}: factors`, { skip: engine.skip }, () => {
    test('are set up and removed only by whoever proved lately that it is them', async (t) => {
      const clock = { now: start }
      const { owner, api } = await startWithOwner(t, engine, { now: () => clock.now })
      await enrolTotp(owner, clock.now)
      const { authenticator } = (await owner.get('/v3/session/factors')).body
      clock.now += 16 * 60_000
      await owner.get('/v3/session')

      const answers = [
        await owner.send('DELETE', `/v3/session/factors/${authenticator.id}`),
        await owner.post('/v3/session/recovery-codes'),
        await owner.send('DELETE', '/v3/users/1/factors'),
      ]

      for (const { status, body } of answers) assert.deepEqual([status, body.code], [403, 'confirmation_required'])
      for (const answer of [await api.get('/v3/session/factors'), await api.post('/v3/session/totp', undefined)]) {
        assert.equal(answer.status, 404)
      }
    })

    test('of others are not to be had', async (t) => {
      const { owner, invite } = await startWithOwner(t, engine)
      const { person } = await invite('admin')
      await enrolTotp(person, Date.now())
      const { authenticator } = (await person.get('/v3/session/factors')).body

      assert.equal((await owner.send('DELETE', `/v3/session/factors/${authenticator.id}`)).status, 404)
      assert.equal((await person.send('DELETE', '/v3/users/1/factors')).status, 403)
      assert.equal((await person.get('/v3/session/factors')).body.authenticator.id, authenticator.id)
    })

    test('are reset by who manages users, and the sessions of the user end', async (t) => {
      const { owner, invite, url, api } = await startWithOwner(t, engine)
      const { person, id, email: theirs } = await invite('editor')
      await enrolTotp(person, Date.now())

      const reset = await owner.send('DELETE', `/v3/users/${id}/factors`)

      assert.equal(reset.status, 200, reset.text)
      assert.equal((await person.get('/v3/session')).status, 401)
      assert.equal((await new Person(url).signIn(theirs, password)).status, 201)
      assert.equal((await api.get(`/v3/users/${id}`)).body.second_factor, false)
      assert.equal((await owner.send('DELETE', '/v3/users/77/factors')).status, 404)
    })

    test('are not passed over by a link that sets a new password', async (t) => {
      const { owner, invite, url } = await startWithOwner(t, engine)
      const { person, id, email: theirs } = await invite('editor')
      const { codes } = await enrolTotp(person, Date.now())
      const { body } = await owner.post(`/v3/users/${id}/reset`)
      const fresh = new Person(url)

      const accepted = await fresh.accept(body.invitation_url, { password: `${password} anew` })

      assert.deepEqual([accepted.status, accepted.headers.get('set-cookie')], [200, null], accepted.text)
      assert.equal((await fresh.signIn(theirs, `${password} anew`)).body.code, 'second_factor_required')
      const code = codes[0] ?? ''
      assert.equal((await fresh.post('/v3/session', { email: theirs, password: `${password} anew`, code })).status, 201)
    })

    test('that were changed, added or taken away behind the server do nothing, and are found', async (t) => {
      const { owner, invite, place, url, vault } = await startWithOwner(t, engine)
      const { person, id, email: theirs } = await invite('editor')
      const { codes } = await enrolTotp(owner, Date.now())
      const mine = await enrolTotp(person, Date.now())
      const signIn = (who: string, code?: string) =>
        new Person(url).post('/v3/session', { email: who, password, ...(code === undefined ? {} : { code }) })

      // Somebody else's recovery codes, as one's own.
      await query(place, `update factors set user_id = ${id} where user_id = 1 and kind = 'recovery_codes'`)
      assert.equal((await signIn(theirs, codes[0])).status, 500)
      const forged = await accountState(vault, 1)
      assert.deepEqual(forged, [
        'The row of factor 5 is not authentic.',
        'The factors of user 1 are not all there.',
        'The factors of user 2 are not all there.',
      ])
      await query(
        place,
        `update factors set user_id = 1 where user_id = ${id} and id = (select min(id) from factors where kind = 'recovery_codes')`,
      )
      assert.equal((await signIn(email, codes[0])).status, 201)
      // Without its row a password would be enough.
      await query(place, `delete from factors where user_id = ${id} and kind = 'totp'`)
      assert.equal((await signIn(theirs)).status, 401)
      assert.equal((await signIn(theirs, mine.codes[0])).status, 500)
      await query(place, `update users set has_second_factor = 0 where id = ${id}`)
      assert.equal((await signIn(theirs)).status, 500)
    })

    test('go with their user', async (t) => {
      const { owner, invite, vault } = await startWithOwner(t, engine)
      const { person, id } = await invite('editor')
      await enrolTotp(person, Date.now())

      assert.equal((await owner.send('DELETE', `/v3/users/${id}`)).status, 200)
      assert.deepEqual(await vault.store.factorsOf(1, id), [])
    })
  })

  suite(`${engine.name}: a passkey`, { skip: engine.skip }, () => {
    const publicUrl = 'https://vault.example.com'

    async function withPasskey(t: Parameters<typeof startWithOwner>[0], options: TestOptions = {}) {
      const started = await startWithOwner(t, engine, { publicUrl, ...options })
      const device = new Authenticator(publicUrl)
      const added = await add(started.owner, device)
      assert.equal(added.status, 201, added.text)
      const signIn = async (odd: Odd = {}, who = new Person(started.url)) => {
        const { body } = await who.post('/v3/session/passkey/challenge')
        return who.post('/v3/session/passkey', { passkey: device.get(body, odd) })
      }
      return { ...started, device, added, signIn }
    }

    async function add(who: Person, device: Authenticator, odd: Odd = {}) {
      const { body } = await who.post('/v3/session/passkeys/challenge')
      return who.post('/v3/session/passkeys', { name: 'Laptop', credential: device.create(body, odd) })
    }

    test('signs in by itself, and a password alone does no more', async (t) => {
      const { signIn, url, owner, added, api } = await withPasskey(t)

      const signed = await signIn()

      assert.equal(signed.status, 201, signed.text)
      assert.deepEqual([signed.body.user.id, signed.body.confirm_with], [1, ['password', 'passkey']])
      assert.equal((await new Person(url).signIn(email, password)).body.code, 'second_factor_required')
      const [code] = added.body.recovery_codes
      assert.equal((await new Person(url).post('/v3/session', { email, password, code })).status, 201)
      const { passkeys } = (await owner.get('/v3/session/factors')).body
      assert.deepEqual([passkeys.length, passkeys[0].name], [1, 'Laptop'])
      assert.notEqual(passkeys[0].last_used_at, null)
      const { records } = (await api.get('/v3/audit?action=factor.use')).body
      assert.ok(records.some(({ object }: never) => (object as { name: string }).name === 'passkey Laptop'))
    })

    test('is asked for with what a discoverable credential needs', async (t) => {
      const { owner, url } = await withPasskey(t)

      const create = (await owner.post('/v3/session/passkeys/challenge')).body
      const get = (await new Person(url).post('/v3/session/passkey/challenge')).body

      assert.deepEqual(create.rp, { name: 'Strongroom', id: 'vault.example.com' })
      assert.equal(create.authenticatorSelection.residentKey, 'required')
      assert.equal(create.authenticatorSelection.userVerification, 'required')
      assert.equal(create.attestation, 'none')
      assert.equal(create.excludeCredentials.length, 1)
      assert.deepEqual(
        [get.rpId, get.userVerification, get.allowCredentials],
        ['vault.example.com', 'required', undefined],
      )
    })

    test('of another site, of somebody else, or not checked by its device is refused', async (t) => {
      const clock = { now: start }
      const { signIn, owner } = await withPasskey(t, { now: () => clock.now })
      const register = (await owner.post('/v3/session/passkeys/challenge')).body

      for (const odd of [
        { challenge: register.challenge },
        { challenge: Buffer.alloc(54).toString('base64url') },
        { origin: 'https://vault.example.org' },
        { origin: 'http://vault.example.com' },
        { rpId: 'example.com' },
        { isUnverified: true },
        { handle: Buffer.from('somebody').toString('base64url') },
      ]) {
        const { status, body, headers } = await signIn(odd)
        const told = [status, body.code, headers.get('set-cookie')]
        assert.deepEqual(told, [401, 'invalid_credentials', null], JSON.stringify(odd))
        // Failures are counted; here it is about each one.
        clock.now += 16 * 60_000
      }
      assert.equal((await signIn()).status, 201)
    })

    test('answers a challenge once, and not after five minutes', async (t) => {
      const clock = { now: start }
      const { url, device } = await withPasskey(t, { now: () => clock.now })
      const ask = async () => device.get((await new Person(url).post('/v3/session/passkey/challenge')).body)
      const send = (passkey: unknown) => new Person(url).post('/v3/session/passkey', { passkey })
      const [answer, late] = [await ask(), await ask()]

      const races = await Promise.all([1, 2].map(() => send(answer)))
      const again = await send(answer)
      clock.now += 5 * 60_000

      assert.deepEqual(races.map(({ status }) => status).sort(), [201, 401])
      assert.equal(again.status, 401)
      assert.equal((await send(late)).status, 401)
    })

    test('that counts, and whose answer comes twice at once, was not copied', async (t) => {
      const { url, device, vault, api } = await withPasskey(t)
      device.counter = 7
      const answer = device.get((await new Person(url).post('/v3/session/passkey/challenge')).body)
      const send = () => new Person(url).post('/v3/session/passkey', { passkey: answer })
      const submit = vault.store.submit.bind(vault.store)
      const submitted = t.mock.method(vault.store, 'submit', async (...asked: Parameters<typeof submit>) => {
        if (asked[0].operation.kind === 'open_session') {
          submitted.mock.restore()
          assert.equal((await send()).status, 201)
        }
        return submit(...asked)
      })

      const late = await send()

      assert.deepEqual([late.status, late.body.code], [401, 'invalid_credentials'])
      assert.deepEqual((await api.get('/v3/audit?outcome=integrity_failure')).body.records, [])
    })

    test('that counts, and whose answer comes again later, was not copied', async (t) => {
      const { url, device, api, vault } = await withPasskey(t)
      const alarms: string[] = []
      vault.onIntegrityFailure = (what) => alarms.push(what)
      device.counter = 7
      const answer = device.get((await new Person(url).post('/v3/session/passkey/challenge')).body)
      const send = () => new Person(url).post('/v3/session/passkey', { passkey: answer })
      assert.equal((await send()).status, 201)

      const again = await send()

      assert.deepEqual([again.status, again.body.code], [401, 'invalid_credentials'])
      assert.deepEqual(alarms, [])
      assert.deepEqual((await api.get('/v3/audit?outcome=integrity_failure')).body.records, [])
      assert.equal((await api.get('/v3/audit?action=session.open&outcome=invalid_credentials')).body.records.length, 1)
    })

    test('that counts, and was copied, is refused and told of', async (t) => {
      const { signIn, device, api, vault } = await withPasskey(t)
      const alarms: string[] = []
      vault.onIntegrityFailure = (what) => alarms.push(what)
      device.counter = 7
      assert.equal((await signIn()).status, 201)

      const same = await signIn()
      device.counter = 3
      const lower = await signIn()
      device.counter = 8

      assert.deepEqual([same.status, lower.status], [401, 401])
      assert.equal((await signIn()).status, 201)
      assert.deepEqual(alarms, ['factor', 'factor'])
      const { records } = (await api.get('/v3/audit?action=factor.use&outcome=integrity_failure')).body
      assert.equal(records.length, 2)
    })

    test('is of one user, for whom it was made, on this site', async (t) => {
      const { owner, invite, device } = await withPasskey(t)
      const { person } = await invite('editor')
      const mine = (await owner.post('/v3/session/passkeys/challenge')).body
      const theirs = new Authenticator(publicUrl)
      const send = (credential: unknown) => person.post('/v3/session/passkeys', { name: 'x', credential })
      const id = device.passkey?.id

      const foreign = await send(theirs.create(mine))
      const elsewhere = await add(person, theirs, { origin: 'https://vault.example.org' })
      const other = await add(person, theirs, { rpId: 'example.com' })
      const unverified = await add(person, theirs, { isUnverified: true })
      assert.ok(id)
      const taken = await add(person, theirs, { id })

      for (const { status } of [foreign, elsewhere, other, unverified]) assert.equal(status, 400)
      assert.deepEqual([taken.status, taken.body.code], [409, 'name_taken'])
      assert.deepEqual((await person.get('/v3/session/factors')).body.passkeys, [])
      assert.equal((await add(person, theirs)).status, 201)
    })

    test('is renamed by whoever it is of, signs in under its new name, and is as the trail says', async (t) => {
      const { owner, added, signIn, api, invite, place, vault } = await withPasskey(t)
      const { person } = await invite('admin')
      const rename = (who: Person, id: number, name: string) => who.send('PATCH', `/v3/session/factors/${id}`, { name })
      await enrolTotp(owner, Date.now())
      const { authenticator } = (await owner.get('/v3/session/factors')).body

      const renamed = await rename(owner, added.body.id, 'Work laptop')
      const others = [
        await rename(person, added.body.id, 'Mine'),
        await rename(owner, authenticator.id, 'App'),
        await rename(owner, 77, 'Nothing'),
        await api.send('PATCH', `/v3/session/factors/${added.body.id}`, { name: 'By key' }),
      ]
      const faulty = [
        await rename(owner, added.body.id, ''),
        await rename(owner, added.body.id, 'two\nlines'),
        await rename(owner, added.body.id, 'x'.repeat(129)),
      ]

      assert.deepEqual([renamed.status, renamed.body.id, renamed.body.name], [200, added.body.id, 'Work laptop'])
      assert.deepEqual(Object.keys(renamed.body), ['id', 'name', 'created_at', 'last_used_at'])
      for (const { status } of others) assert.equal(status, 404)
      for (const { status } of faulty) assert.equal(status, 400)
      const { passkeys } = (await owner.get('/v3/session/factors')).body
      assert.deepEqual([passkeys.length, passkeys[0].name], [1, 'Work laptop'])
      const { records } = (await api.get('/v3/audit?action=factor.change&outcome=ok')).body
      assert.deepEqual(
        records.map(({ object, principal }: never) => [
          (object as { name: string }).name,
          (principal as { kind: string }).kind,
        ]),
        [['passkey Work laptop', 'user']],
      )
      const differences = async () =>
        (await Array.fromAsync(verifyAudit(vault, { state: true }))).flatMap((one) => one.differences)
      assert.deepEqual(await differences(), [])
      assert.equal((await signIn()).status, 201)
      assert.deepEqual(await differences(), [])
      await query(place, `update factors set name = 'Laptop' where kind = 'passkey'`)
      assert.notDeepEqual(await differences(), [])
    })

    test('keeps when it was used last, however often it is renamed at once', async (t) => {
      const { owner, added, signIn } = await withPasskey(t)
      await signIn()
      const before = (await owner.get('/v3/session/factors')).body.passkeys[0].last_used_at

      const answers = await Promise.all(
        [1, 2, 3, 4].map((at) => owner.send('PATCH', `/v3/session/factors/${added.body.id}`, { name: `Laptop ${at}` })),
      )

      for (const { status, text } of answers) assert.equal(status, 200, text)
      const { passkeys } = (await owner.get('/v3/session/factors')).body
      assert.equal(passkeys[0].last_used_at, before)
      assert.match(passkeys[0].name, /^Laptop [1-4]$/)
    })

    test('is made once of each challenge', async (t) => {
      const { owner } = await withPasskey(t)
      const { body } = await owner.post('/v3/session/passkeys/challenge')
      const send = (credential: unknown) => owner.post('/v3/session/passkeys', { name: 'x', credential })

      const answers = await Promise.all(
        [1, 2].map(() => new Authenticator(publicUrl).create(body)).map((credential) => send(credential)),
      )

      assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 401])
    })

    test('that is added while another is, is no sign of tampering', async (t) => {
      const { owner, vault, api } = await withPasskey(t)
      const { store } = vault
      const read = store.factorsOf.bind(store)
      const challenges = [1, 2].map(() => owner.post('/v3/session/passkeys/challenge'))
      const [first, second] = (await Promise.all(challenges)).map(({ body }) =>
        new Authenticator(publicUrl).create(body),
      )
      let isBetween = true
      // The user's row was read, and its factors are not yet.
      Object.assign(store, {
        factorsOf: async (...whose: Parameters<typeof read>) => {
          if (isBetween) {
            isBetween = false
            assert.equal((await owner.post('/v3/session/passkeys', { name: 'first', credential: first })).status, 201)
          }
          return read(...whose)
        },
      })

      const added = await owner.post('/v3/session/passkeys', { name: 'second', credential: second })

      assert.equal(added.status, 201, added.text)
      assert.equal((await owner.get('/v3/session/factors')).body.passkeys.length, 3)
      assert.deepEqual((await api.get('/v3/audit?outcome=integrity_failure')).body.records, [])
    })

    test('confirms that it is still the same person, and nobody else', async (t) => {
      const clock = { now: start }
      const { owner, invite, device, added } = await withPasskey(t, { now: () => clock.now })
      const { person } = await invite('admin')
      const theirs = new Authenticator(publicUrl)
      await add(person, theirs)
      clock.now += 16 * 60_000
      await owner.get('/v3/session')
      const confirm = async (with_: Authenticator) => {
        const { body } = await owner.post('/v3/session/passkey/challenge')
        return owner.post('/v3/session/confirm', { passkey: with_.get(body) })
      }

      assert.equal((await confirm(theirs)).status, 401)
      assert.equal((await owner.post('/v3/session/recovery-codes')).status, 403)
      const renamed = await owner.send('PATCH', `/v3/session/factors/${added.body.id}`, { name: 'Mine' })
      assert.deepEqual([renamed.status, renamed.body.code], [403, 'confirmation_required'])
      assert.equal((await owner.post('/v3/session/confirm', {})).status, 400)
      const confirmed = await confirm(device)

      assert.deepEqual([confirmed.status, confirmed.body.confirmed_until], [200, '2026-01-15T10:31:00Z'])
      assert.equal((await owner.post('/v3/session/recovery-codes')).status, 200)
    })

    test('of a user who is disabled, or that was planted in the database, lets nobody in', async (t) => {
      const { owner, invite, place, url } = await withPasskey(t)
      const { person, id } = await invite('editor')
      const theirs = new Authenticator(publicUrl)
      await add(person, theirs)
      const signIn = async () => {
        const { body } = await new Person(url).post('/v3/session/passkey/challenge')
        return new Person(url).post('/v3/session/passkey', { passkey: theirs.get(body, { handle: own }) })
      }
      const own = theirs.passkey?.handle ?? ''
      await query(place, `update factors set user_id = 1 where user_id = ${id} and kind = 'passkey'`)

      assert.equal((await signIn()).status, 500)
      await query(place, `update factors set user_id = ${id} where user_id = 1 and kind = 'passkey' and id > 3`)
      await owner.send('PATCH', `/v3/users/${id}`, { disabled: true })

      assert.equal((await signIn()).status, 401)
    })

    test('needs a server that knows its own address', async (t) => {
      const { url } = await startWithOwner(t, engine)
      const ask = (host: string) =>
        sendRaw(
          url,
          `POST /v3/session/passkey/challenge HTTP/1.1\r\nHost: ${host}\r\nStrongroom-Portal: 1\r\nContent-Length: 0\r\n\r\n`,
        )

      const [elsewhere, here] = [await ask('vault.example'), await ask('localhost:4600')]

      assert.deepEqual([elsewhere.status, here.status], [400, 200])
      assert.match(here.body, /"rpId":"localhost"/)
    })
  })
}
