/** Rules for signing in, changed while others change them, or while somebody is about to get in by the older ones. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { putSso } from '../../src/vault/sign-in.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { codeOf, host, password, startWithOwner } from '../support/portal-account.ts'

const other = 'nine purple engines whistle'
const sso = {
  ...{ label: 'Example', issuer: 'https://login.example.com', clientId: 'strongroom', clientSecret: 'a secret' },
  ...{ domains: [], role: null, isOnly: true },
}

/** Does something once, as soon as the first operation of a kind is done and before it is answered. */
function whenDone({ store }: Pick<Vault, 'store'>, kind: string, act: () => Promise<unknown>): void {
  const submit = store.submit.bind(store)
  let isDue = true
  const then = async (request: Parameters<typeof submit>[0]) => {
    const outcome = await submit(request)
    if (isDue && request.operation.kind === kind) {
      isDue = false
      await act()
    }
    return outcome
  }
  Object.assign(store, { submit: then })
}

for (const engine of engines) {
  suite(`${engine.name}: rules for signing in`, { skip: engine.skip }, () => {
    test('sign out whom they no longer let in with themselves, and not afterwards', async (t) => {
      const { vault, api, invite } = await startWithOwner(t, engine)
      const { person } = await invite('editor')
      const seen: number[] = []
      // As if the server ended there.
      whenDone(vault, 'update_rules', async () => seen.push((await person.get('/v3/session')).status))

      const set = await api.put('/v3/sign-in', { second_factor_required: true })

      assert.equal(set.status, 200, set.text)
      assert.deepEqual(seen, [401])
    })

    test('are not outrun by a new password: its session is begun in the step that ends the others', async (t) => {
      for (const change of ['second factor', 'sso']) {
        const { vault, api, invite } = await startWithOwner(t, engine)
        const { person } = await invite('editor')
        whenDone(vault, 'update_user', async () => {
          if (change === 'sso') return putSso(vault, host, sso)
          return api.put('/v3/sign-in', { second_factor_required: true })
        })

        const changed = await person.send('PUT', '/v3/session/password', {
          current_password: password,
          password: other,
        })

        assert.equal(changed.status, 200, changed.text)
        assert.equal((await person.get('/v3/secrets')).status, 401, change)
      }
    })

    test('are not outrun by a second factor that is being set up where only the provider lets in', async (t) => {
      const { vault, api, invite } = await startWithOwner(t, engine)
      const { person, email } = await invite('editor')
      assert.equal((await api.put('/v3/sign-in', { second_factor_required: true })).status, 200)
      assert.equal((await person.signIn(email, password)).status, 201)
      const { enrolment, secret } = (await person.post('/v3/session/totp')).body
      whenDone(vault, 'change_factors', () => putSso(vault, host, sso))

      const done = await person.send('PUT', '/v3/session/totp', { enrolment, code: codeOf(secret, Date.now()) })

      assert.deepEqual([done.status, done.headers.get('set-cookie')], [200, null], done.text)
      assert.equal((await person.get('/v3/secrets')).status, 401)
    })

    test('let nobody in by a second factor who is signed out while they set it up, and leaves them its codes', async (t) => {
      const { vault, api, invite, url } = await startWithOwner(t, engine)
      const { person, email, id } = await invite('editor')
      assert.equal((await api.put('/v3/sign-in', { second_factor_required: true })).status, 200)
      assert.equal((await person.signIn(email, password)).status, 201)
      const { enrolment, secret } = (await person.post('/v3/session/totp')).body
      whenDone(vault, 'change_factors', async () => {
        const { invitation_url: link } = (await api.post(`/v3/users/${id}/reset`, undefined)).body
        assert.equal((await new Person(url).accept(link, { password: other })).status, 200)
      })

      const done = await person.send('PUT', '/v3/session/totp', { enrolment, code: codeOf(secret, Date.now()) })

      assert.deepEqual([done.status, done.headers.get('set-cookie')], [200, null], done.text)
      assert.equal(done.body.recovery_codes.length, 10)
      assert.equal((await person.get('/v3/session')).status, 401)
    })

    test('that are changed by two at once are changed by both', async (t) => {
      const { vault, api } = await startWithOwner(t, engine)
      whenDone(vault, 'read_rules', () => putSso(vault, host, { ...sso, isOnly: false }))

      const set = await api.put('/v3/sign-in', { second_factor_required: true })

      assert.equal(set.status, 200, set.text)
      const rules = await vault.store.rules(1)
      assert.equal(rules?.isSecondFactorRequired, true)
      assert.equal(rules?.sso?.issuer, sso.issuer)
    })
  })
}
