/** Single sign-on and the rules for signing in, against a provider of OpenID Connect on loopback. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { accountState } from '../../src/vault/account-state.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { recordRepeats } from '../../src/vault/repeats.ts'
import { ask } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { enrolTotp, password, startWithOwner } from '../support/portal-account.ts'
import { clientId, clientSecret, Provider } from '../support/provider.ts'
import type { TestOptions } from '../support/server.ts'

const loopback = parseAllowance('127.0.0.0/8') ?? assert.fail()

/** A server whose account has single sign-on. */
async function startWithSso(t: TestContext, engine: TestEngine, more: object = {}, options: TestOptions = {}) {
  const provider = await Provider.start(t)
  const started = await startWithOwner(t, engine, { outboundAllowances: [loopback], ...options })
  const settings = {
    label: 'Example Login',
    issuer: provider.issuer,
    client_id: clientId,
    client_secret: clientSecret,
    domains: [],
    role: null,
    only: false,
    ...more,
  }
  const set = await started.owner.send('PUT', '/v3/sso', settings)
  assert.equal(set.status, 200, set.text)
  const browser = () => new Browser(started.url, provider)
  return { ...started, provider, settings, set, browser }
}

/** A browser that goes to the provider and back. */
class Browser {
  readonly person: Person
  flow = ''
  readonly #url: string
  readonly #provider: Provider

  constructor(url: string, provider: Provider) {
    this.person = new Person(url)
    this.#url = url
    this.#provider = provider
  }

  /** @returns where it was sent */
  async begin(body: object = {}, who = this.person, path = '/v3/session/sso'): Promise<URL> {
    const own = who.cookie
    const {
      status,
      body: answer,
      headers,
      text,
    } = await who.post(path, path.endsWith('link') ? body : { account: 'default', ...body })
    assert.equal(status, 200, text)
    this.flow = (headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    assert.match(
      headers.get('set-cookie') ?? '',
      /^strongroom_session_sso=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/,
    )
    who.cookie = own
    return this.#provider.authorize(answer.url)
  }

  /** As the provider sends it back: another site, so without the session's cookie. */
  async end(back: URL, flow = this.flow) {
    const sent = { cookie: flow, 'sec-fetch-site': 'cross-site' }
    const response = await ask(this.#url + back.pathname + back.search, 'GET', sent)
    const session = response.headers.getSetCookie().find((cookie) => cookie.startsWith('strongroom_session='))
    this.person.cookie = session?.split(';')[0] ?? ''
    return { status: response.status, to: response.headers.get('location'), session }
  }

  async signIn(body: object = {}) {
    return this.end(await this.begin(body))
  }
}

for (const engine of engines) {
  suite(`${engine.name}: single sign-on`, { skip: engine.skip }, () => {
    test('lets in whoever was invited, by the verified address, and then by who they are there', async (t) => {
      const { owner, browser, provider, api, place, set } = await startWithSso(t, engine)
      const { body: invited } = await owner.post('/v3/users', { email: 'grace@example.com', role: 'editor' })
      provider.behaviour.claims = { sub: 'grace', email: 'Grace@Example.com', email_verified: true }
      const first = browser()

      const came = await first.signIn({ return: '/portal/secrets' })

      assert.deepEqual([came.status, came.to], [303, '/portal/secrets'])
      assert.match(came.session ?? '', /HttpOnly; SameSite=Strict; Max-Age=43/)
      const session = (await first.person.get('/v3/session')).body
      assert.deepEqual([session.user.id, session.user.role, session.confirm_with], [invited.id, 'editor', ['sso']])
      assert.equal((await api.get(`/v3/users/${invited.id}`)).body.state, 'active')
      // The link that invited is used up.
      assert.equal((await new Person(api.url).accept(invited.invitation_url, { password })).status, 404)
      provider.behaviour.claims = { sub: 'grace', email: 'renamed@example.com', email_verified: false }
      const second = browser()
      assert.equal((await second.signIn()).to, '/portal/')
      assert.equal((await second.person.get('/v3/session')).body.user.id, invited.id)
      const stored = JSON.stringify(await query(place, 'select * from sign_in_rules'))
      assert.ok(!stored.includes(clientSecret))
      assert.ok(!set.text.includes(clientSecret))
      const { records } = (await api.get('/v3/audit?action=session.open')).body
      assert.equal(records[0].object.name, 'sso')
      const asked = provider.lastRequest
      assert.deepEqual([asked.get('code_challenge_method'), asked.get('response_type')], ['S256', 'code'])
      assert.equal(asked.get('redirect_uri'), `${api.url}/portal/sso/callback`)
    })

    test('refuses whoever was not invited, unless their domain may come', async (t) => {
      const { vault, owner, browser, provider, settings, api } = await startWithSso(t, engine)
      provider.behaviour.claims = { sub: 'eve', email: 'eve@example.org', email_verified: true, name: 'Eve' }
      const uninvited = await browser().signIn()
      const open = { ...settings, domains: ['Example.org'], role: 'reader', client_secret: undefined }
      assert.equal((await owner.send('PUT', '/v3/sso', open)).status, 200)
      const came = browser()

      assert.deepEqual([uninvited.to, uninvited.session], ['/portal/?trouble=forbidden', undefined])
      assert.equal((await came.signIn()).to, '/portal/')
      const { user } = (await came.person.get('/v3/session')).body
      assert.deepEqual([user.email, user.role, user.name], ['eve@example.org', 'reader', 'Eve'])
      for (const claims of [
        { sub: 'a', email: 'a@sub.example.org', email_verified: true },
        { sub: 'b', email: 'b@example.org', email_verified: false },
        { sub: 'c', email: 'c@example.org' },
        { sub: 'd' },
      ]) {
        provider.behaviour.claims = claims
        assert.equal((await browser().signIn()).to, '/portal/?trouble=forbidden', claims.sub)
      }
      await recordRepeats(vault, true)
      const { records } = (await api.get('/v3/audit?action=session.open&outcome=forbidden')).body
      assert.deepEqual([records.length, records[0].object.name], [2, '4 more within a minute'])
    })

    test('asks the provider once, however many strangers begin, and again after ten minutes', async (t) => {
      const clock = { now: Date.UTC(2026, 0, 1) }
      const { provider, url } = await startWithSso(t, engine, {}, { now: () => clock.now })
      const begin = () => new Person(url).post('/v3/session/sso', { account: 'default' })
      const asks = () => provider.asked.filter((path) => path.startsWith('/.well-known')).length
      const before = asks()

      const answers = await Promise.all(Array.from({ length: 40 }, begin))
      const atOnce = asks() - before
      clock.now += 9 * 60_000
      await begin()
      const meanwhile = asks() - before
      clock.now += 2 * 60_000
      await Promise.all(Array.from({ length: 10 }, begin))

      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
      assert.deepEqual([atOnce, meanwhile, asks() - before], [1, 1, 2])
    })

    test('asks a provider that does not answer no more than twice a minute, and believes it for an hour', async (t) => {
      const clock = { now: Date.UTC(2026, 0, 1) }
      const { provider, url } = await startWithSso(t, engine, {}, { now: () => clock.now })
      const begin = () => new Person(url).post('/v3/session/sso', { account: 'default' })
      await begin()
      provider.behaviour.isDown = true
      const before = provider.asked.length
      clock.now += 59 * 60_000

      const believed = await Promise.all(Array.from({ length: 20 }, begin))
      const once = provider.asked.length - before
      clock.now += 2 * 60_000
      const refused = await Promise.all(Array.from({ length: 20 }, begin))

      assert.deepEqual(new Set(believed.map(({ status }) => status)), new Set([200]))
      assert.deepEqual(new Set(refused.map(({ body }) => body.code)), new Set(['overloaded']))
      assert.deepEqual([once, provider.asked.length - before], [1, 2])
      provider.behaviour.isDown = false
      clock.now += 30_000
      assert.equal((await begin()).status, 200)
    })

    test('sends nobody where a browser should not go', async (t) => {
      const clock = { now: Date.UTC(2026, 0, 1) }
      const { provider, url, owner, settings } = await startWithSso(t, engine, {}, { now: () => clock.now })
      const port = new URL(provider.issuer).port
      for (const description of [
        { authorization_endpoint: 'javascript:alert(1)' },
        { authorization_endpoint: 'data:text/html,x' },
        { authorization_endpoint: `http://example.com:${port}/authorize` },
        { authorization_endpoint: 'https://user:word@example.com/authorize' },
        { authorization_endpoint: '/authorize' },
        { authorization_endpoint: undefined },
        { token_endpoint: 'file:///etc/passwd' },
        { jwks_uri: 'ftp://example.com/keys' },
        { userinfo_endpoint: 'javascript:alert(1)' },
      ]) {
        provider.behaviour.description = description
        const [name = ''] = Object.keys(description)

        const set = await owner.send('PUT', '/v3/sso', settings)
        clock.now += 11 * 60_000
        await owner.get('/v3/session')
        await owner.post('/v3/session/confirm', { password })
        provider.behaviour.description = {}
        await new Person(url).post('/v3/session/sso', { account: 'default' })
        provider.behaviour.description = description
        clock.now += 61 * 60_000
        await owner.signIn('ada@example.com', password)
        const began = await new Person(url).post('/v3/session/sso', { account: 'default' })

        assert.deepEqual([set.status, set.body.code], [400, 'invalid'], name)
        assert.ok(set.body.detail.includes(name), set.body.detail)
        assert.deepEqual([began.status, began.body.code], [503, 'overloaded'], name)
      }
    })

    test('does not take over a user who signs in otherwise, who says so while signed in', async (t) => {
      const { owner, browser, provider } = await startWithSso(t, engine)
      provider.behaviour.claims = { sub: 'ada', email: 'ada@example.com', email_verified: true }

      const taken = await browser().signIn()
      const linking = browser()
      const linked = await linking.end(
        await linking.begin({ return: '/portal/settings' }, owner, '/v3/session/sso/link'),
      )

      assert.equal(taken.to, '/portal/?trouble=forbidden')
      assert.equal(linked.to, '/portal/settings')
      const again = browser()
      assert.equal((await again.signIn()).to, '/portal/')
      assert.equal((await again.person.get('/v3/session')).body.user.id, 1)
      assert.equal((await owner.get('/v3/session/factors')).body.sso.length, 1)
    })

    test('does not speak for a user whose session was ended meanwhile', async (t) => {
      const { owner, browser, provider, url } = await startWithSso(t, engine)
      provider.behaviour.claims = { sub: 'mallory', email: 'mallory@example.com', email_verified: true }
      const thief = new Person(url)
      assert.equal((await thief.signIn('ada@example.com', password)).status, 201)
      const linking = browser()
      const back = await linking.begin({ return: '/portal/settings' }, thief, '/v3/session/sso/link')
      const { sessions } = (await owner.get('/v3/sessions')).body
      const other = sessions.find(({ current }: { current: boolean }) => !current)
      assert.equal((await owner.send('DELETE', `/v3/sessions/${other.id}`)).status, 200)

      const { to, session } = await linking.end(back)

      assert.deepEqual([to, session], ['/portal/?trouble=forbidden', undefined])
      assert.equal((await browser().signIn()).to, '/portal/?trouble=forbidden')
      assert.equal((await owner.get('/v3/session/factors')).body.sso.length, 0)
    })

    test('does not speak for a user whose session is open by the database alone', async (t) => {
      const { owner, browser, provider, place } = await startWithSso(t, engine)
      provider.behaviour.claims = { sub: 'mallory', email: 'mallory@example.com', email_verified: true }
      const linking = browser()
      const back = await linking.begin({ return: '/portal/settings' }, owner, '/v3/session/sso/link')
      assert.equal((await owner.send('DELETE', '/v3/session')).status, 200)
      await query(place, 'update api_keys set revoked_ms = null where user_id is not null')

      const { to, session } = await linking.end(back)

      assert.deepEqual([to, session], ['/portal/?trouble=integrity_failure', undefined])
    })

    test('lets in by the settings as they are when it ends, though they change while it is found out who comes', async (t) => {
      const { owner, browser, provider, settings, vault, invite } = await startWithSso(t, engine)
      const { email } = await invite('editor')
      const change = async (more: object) => {
        const { status, text } = await owner.send('PUT', '/v3/sso', { ...settings, client_secret: undefined, ...more })
        assert.equal(status, 200, text)
      }
      /** As they are changed when the server has read them. */
      const signInDuring = async (claims: object, more: object) => {
        provider.behaviour.claims = { sub: 'one', email_verified: true, ...claims }
        const factorWith = vault.store.factorWith.bind(vault.store)
        const looked = t.mock.method(vault.store, 'factorWith', async (lookup: string) => {
          looked.mock.restore()
          await change(more)
          return factorWith(lookup)
        })
        return (await browser().signIn()).to
      }

      // Whoever is of the domain may come; and by the address alone who has a password, where nobody comes by that.
      const [byDomain, alone] = [{ domains: ['example.org'], role: 'reader' }, { only: true }]
      await change(byDomain)
      assert.equal(await signInDuring({ email: 'eve@example.org' }, {}), '/portal/?trouble=forbidden')
      assert.equal((await owner.get('/v3/users')).body.users.length, 2)
      await enrolTotp(owner, Date.now())
      await change(alone)
      assert.equal(await signInDuring({ email }, {}), '/portal/?trouble=forbidden')
      await change(byDomain)
      assert.equal(await signInDuring({ email: 'eve@example.org' }, byDomain), '/portal/')
    })

    test('lets in whoever comes uninvited by two ways at once, as the one user that is made of them', async (t) => {
      const { owner, browser, provider, settings, vault } = await startWithSso(t, engine)
      const open = { ...settings, domains: ['example.org'], role: 'reader', client_secret: undefined }
      assert.equal((await owner.send('PUT', '/v3/sso', open)).status, 200)
      provider.behaviour.claims = { sub: 'eve', email: 'eve@example.org', email_verified: true }
      const userWithEmail = vault.store.userWithEmail.bind(vault.store)
      const [first, second] = [browser(), browser()]
      const looked = t.mock.method(vault.store, 'userWithEmail', async (...asked: Parameters<typeof userWithEmail>) => {
        looked.mock.restore()
        const found = await userWithEmail(...asked)
        assert.equal((await second.signIn()).to, '/portal/')
        return found
      })

      assert.equal((await first.signIn()).to, '/portal/')

      const users = [first, second].map(async ({ person }) => (await person.get('/v3/session')).body.user.id)
      assert.deepEqual(await Promise.all(users), [2, 2])
    })

    test('refuses a stranger with a known address, a disabled user, and one of another account', async (t) => {
      const { owner, browser, provider, otherAccount } = await startWithSso(t, engine)
      const { body } = await owner.post('/v3/users', { email: 'grace@example.com', role: 'editor' })
      provider.behaviour.claims = { sub: 'grace', email: 'grace@example.com', email_verified: true }
      assert.equal((await browser().signIn()).to, '/portal/')

      provider.behaviour.claims = { sub: 'impostor', email: 'grace@example.com', email_verified: true }
      const impostor = await browser().signIn()
      provider.behaviour.claims = { sub: 'grace' }
      await owner.send('PATCH', `/v3/users/${body.id}`, { disabled: true })
      const disabled = await browser().signIn()
      await (await otherAccount()).post('/v3/users', { email: 'mine@other.example', role: 'owner' })
      provider.behaviour.claims = { sub: 'other', email: 'mine@other.example', email_verified: true }
      const foreign = await browser().signIn()

      for (const { to, session } of [impostor, disabled, foreign]) {
        assert.deepEqual([to, session], ['/portal/?trouble=forbidden', undefined])
      }
    })

    test('lets in under an address that another account has as under one that none has', async (t) => {
      const settings = { domains: ['example.org'], role: 'reader' }
      const { owner, browser, provider, otherAccount, url } = await startWithSso(t, engine, settings)
      const other = await otherAccount()
      const { name } = (await other.get('/v3/account')).body
      await owner.post('/v3/users', { email: 'grace@example.com', role: 'editor' })
      for (const email of ['grace@example.com', 'eve@example.org']) {
        assert.equal((await other.post('/v3/users', { email, role: 'owner' })).status, 201)
      }

      const came: string[] = []
      for (const [sub, email] of [
        ['grace', 'grace@example.com'],
        ['eve', 'eve@example.org'],
      ] as const) {
        provider.behaviour.claims = { sub, email, email_verified: true }
        const one = browser()
        assert.equal((await one.signIn()).to, '/portal/')
        const { user, account } = (await one.person.get('/v3/session')).body
        came.push(`${account.name} ${user.email} ${user.role}`)
      }

      assert.deepEqual(came, ['default grace@example.com editor', 'default eve@example.org reader'])
      // The other account's users are as they were, and its name says no more than one that is none.
      const { users } = (await other.get('/v3/users')).body
      assert.deepEqual(
        users.map(({ state }: { state: string }) => state),
        ['invited', 'invited'],
      )
      const ways = await Promise.all(
        [`?account=${name}`, '?account=nobody', ''].map((query) => new Person(url).get(`/v3/session/sso${query}`)),
      )
      for (const { body } of ways) assert.deepEqual(body, { provider: null, account_required: true })
      const begun = await Promise.all(
        [name, 'nobody'].map((account) => new Person(url).post('/v3/session/sso', { account })),
      )
      for (const { status, body } of begun) {
        assert.deepEqual([status, body.detail], [404, 'This account has no single sign-on.'])
      }
    })

    test('ends in the browser that began it, once, and in time', async (t) => {
      const clock = { now: Date.now() }
      const { owner, browser, provider, url } = await startWithSso(t, engine, {}, { now: () => clock.now })
      await owner.post('/v3/users', { email: 'grace@example.com', role: 'editor' })
      provider.behaviour.claims = { sub: 'grace', email: 'grace@example.com', email_verified: true }
      const [mine, theirs] = [browser(), browser()]
      const back = await mine.begin()
      await theirs.begin()
      const wrong = '/portal/?trouble=invalid_credentials'

      assert.equal((await theirs.end(back)).to, wrong)
      assert.equal((await mine.end(back, '')).to, wrong)
      const forged = new URL(back)
      forged.searchParams.set('state', 'x')
      assert.equal((await mine.end(forged)).to, wrong)
      const other = new URL(back)
      other.searchParams.set('iss', 'https://other.example')
      assert.equal((await mine.end(other)).to, wrong)
      assert.equal((await mine.end(back)).to, '/portal/')
      clock.now += 16 * 60_000
      // Used up, even if the provider would give the code again.
      const again = browser()
      const flow = await again.begin()
      assert.equal((await again.end(flow)).to, '/portal/')
      const fresh = provider.authorize(`${url}/?${provider.lastRequest}`)
      assert.equal((await again.end(fresh)).to, wrong)
      const late = browser()
      const slow = await late.begin()
      clock.now += 10 * 60_000
      assert.equal((await late.end(slow)).to, wrong)
    })

    test('believes no token that the provider did not sign, or not for this flow', async (t) => {
      const clock = { now: Date.now() }
      const { owner, browser, provider } = await startWithSso(t, engine, {}, { now: () => clock.now })
      await owner.post('/v3/users', { email: 'grace@example.com', role: 'editor' })
      const claims = { sub: 'grace', email: 'grace@example.com', email_verified: true }

      for (const odd of [{ isForged: true }, { claims: { ...claims, nonce: 'x' } }, { audience: 'another' }]) {
        Object.assign(provider.behaviour, { claims, isForged: false, audience: clientId }, odd)
        const { to } = await browser().signIn()
        assert.equal(to, '/portal/?trouble=invalid_credentials', JSON.stringify(odd))
      }
      Object.assign(provider.behaviour, { claims, isForged: false, audience: clientId, isTerse: true })
      assert.equal((await browser().signIn()).to, '/portal/')
    })

    test('leads back to pages of the portal alone', async (t) => {
      const { url } = await startWithSso(t, engine)
      for (const path of [
        'https://evil.example/',
        '//evil.example',
        '/portal/../v3',
        '/portal/sso/callback',
        '/portal/@prod/../v3',
        '/portal/@/secrets',
        '/docs',
      ]) {
        const { status } = await new Person(url).post('/v3/session/sso', { account: 'default', return: path })
        assert.equal(status, 400, path)
      }
      const inProd = { account: 'default', return: '/portal/@prod/secrets/5' }
      assert.equal((await new Person(url).post('/v3/session/sso', inProd)).status, 200)
      assert.equal((await new Person(url).post('/v3/session/sso', { account: 'nobody' })).status, 404)
    })

    test('leads back to every page that somebody may have been asked to sign in at', async (t) => {
      const { url } = await startWithSso(t, engine)
      const app = readFileSync(join(import.meta.dirname, '../../portal/src/app.tsx'), 'utf8')
      const inside = app.slice(app.indexOf('function Inside('))
      const pages = [...inside.matchAll(/<Route path="\/([a-z-]*)"/g)].map(([, page = '']) => page)
      assert.ok(pages.includes('secrets') && pages.length > 10, pages.join())
      for (const path of pages.flatMap((page) => [`/portal/${page}`, `/portal/@prod/${page}`])) {
        const { status } = await new Person(url).post('/v3/session/sso', { account: 'default', return: path })
        assert.equal(status, 200, path)
      }
    })

    test('confirms, when the provider has asked the person just now', async (t) => {
      const { owner, browser, provider } = await startWithSso(t, engine)
      await owner.post('/v3/users', { email: 'grace@example.com', role: 'admin' })
      const claims = { sub: 'grace', email: 'grace@example.com', email_verified: true }
      provider.behaviour.claims = claims
      const one = browser()
      await one.signIn()
      const delicate = () => one.person.post('/v3/keys', { name: 'k', scopes: ['secrets:read'] })

      assert.equal((await delicate()).body.code, 'confirmation_required')
      provider.behaviour.claims = { ...claims, auth_time: Math.floor(Date.now() / 1000) - 3600 }
      assert.equal((await one.signIn({ fresh: true })).to, '/portal/?trouble=invalid_credentials')
      provider.behaviour.claims = { ...claims, auth_time: Math.floor(Date.now() / 1000) }
      assert.equal((await one.signIn({ fresh: true })).to, '/portal/')
      assert.deepEqual([provider.lastRequest.get('prompt'), provider.lastRequest.get('max_age')], ['login', '120'])
      assert.equal((await delicate()).status, 201)
    })

    test('is the only way in where the account says so; owners have password and second factor', async (t) => {
      const { owner, invite, url, settings, browser, provider } = await startWithSso(t, engine)
      const { email, person } = await invite('editor')
      assert.equal((await person.get('/v3/session')).status, 200)
      assert.equal((await owner.send('PUT', '/v3/sso', { ...settings, only: true })).status, 200)
      // Whoever came by a password is out at once; the owner who said so is not.
      assert.equal((await person.get('/v3/session')).status, 401)
      assert.equal((await owner.get('/v3/session')).status, 200)

      assert.equal((await new Person(url).signIn(email, password)).body.code, 'sso_required')
      assert.equal((await new Person(url).signIn(email, 'wrong password')).body.code, 'invalid_credentials')
      const alone = await new Person(url).signIn('ada@example.com', password)
      assert.deepEqual([alone.status, alone.body.enrolment_required], [201, true])
      provider.behaviour.claims = { sub: 'e', email, email_verified: true }
      const back = browser()
      assert.equal((await back.signIn()).to, '/portal/')
      // Another change of a provider that is the only way in already signs nobody out.
      assert.equal((await owner.send('PUT', '/v3/sso', { ...settings, label: 'Login', only: true })).status, 200)
      assert.equal((await back.person.get('/v3/session')).status, 200)
    })

    test('is set up by owners who confirm it, with a provider that answers', async (t) => {
      const { owner, invite, settings, provider, api, withScopes, url } = await startWithSso(t, engine)
      const { person: admin } = await invite('admin')
      const { person: reader } = await invite('reader')

      assert.equal((await admin.send('PUT', '/v3/sso', settings)).status, 403)
      assert.equal((await admin.send('PUT', '/v3/sign-in', { second_factor_required: true })).status, 403)
      assert.equal((await reader.get('/v3/sso')).status, 403)
      assert.equal((await (await withScopes('account:manage')).send('PUT', '/v3/sso', settings)).status, 403)
      for (const [field, value] of [
        ['issuer', 'http://169.254.169.254'],
        ['issuer', `${provider.issuer}/nothing`],
        ['issuer', 'nonsense'],
        ['role', 'owner'],
        ['domains', ['not a domain']],
        ['label', ''],
      ] as const) {
        const { status, body } = await owner.send('PUT', '/v3/sso', { ...settings, [field]: value })
        assert.equal(status, 400, `${field} ${value}`)
        assert.match(JSON.stringify(body.errors), new RegExp(field))
      }
      // Another client or issuer never gets the secret of the one before.
      const { status } = await owner.send('PUT', '/v3/sso', { ...settings, client_id: 'x', client_secret: undefined })
      assert.equal(status, 400)
      const found = await new Person(url).get('/v3/session/sso')
      assert.deepEqual(found.body, {
        provider: { account: 'default', label: 'Example Login' },
        account_required: false,
      })
      assert.equal((await owner.send('DELETE', '/v3/sso')).status, 200)
      assert.equal((await owner.get('/v3/sso')).status, 404)
      assert.deepEqual((await new Person(url).get('/v3/session/sso')).body, {
        provider: null,
        account_required: false,
      })
      assert.equal((await api.get('/v3/sign-in')).body.second_factor_required, false)
    })

    test('and all other factors are in the store as the trail says, whatever became of them', async (t) => {
      const { owner, invite, browser, provider, vault, url, place } = await startWithSso(t, engine)
      const [kept, reset, deleted] = [await invite('reader'), await invite('reader'), await invite('reader')]
      for (const { person } of [kept, reset, deleted]) await enrolTotp(person, Date.now())
      const { codes } = await enrolTotp(owner, Date.now())
      await new Person(url).post('/v3/session', { email: 'ada@example.com', password, code: codes[0] })
      await owner.send('DELETE', `/v3/users/${reset.id}/factors`)
      await owner.send('DELETE', `/v3/users/${deleted.id}`)
      await owner.post('/v3/session/recovery-codes')
      await owner.post('/v3/users', { email: 'grace@example.com', role: 'reader' })
      provider.behaviour.claims = { sub: 'grace', email: 'grace@example.com', email_verified: true }
      await browser().signIn()
      const [before] = await query(place, `select * from factors where user_id = 1 and kind = 'totp'`)

      const sound = await differencesOf()
      await owner.send('DELETE', `/v3/session/factors/${before?.['id']}`)
      await query(place, `update users set has_second_factor = 1 where id = 1`)
      await query(place, `delete from factors where kind = 'subject'`)
      await query(place, `delete from sign_in_rules`)

      assert.deepEqual(sound, [])
      assert.deepEqual((await differencesOf()).map((text) => text.replaceAll(/\d+/g, 'N')).sort(), [
        'A factor that record N left in the store is not there.',
        'The factors of user N are not all there.',
        'The row of user N is not authentic.',
        'The rules for signing in are not in the store.',
        'What that record N left in the store is not there.',
      ])

      async function differencesOf() {
        const verdicts = await Array.fromAsync(verifyAudit(vault, { state: true }))
        return verdicts.flatMap(({ fault, differences }) => [...(fault === undefined ? [] : ['fault']), ...differences])
      }
    })

    test('whose rows were changed behind the server lets nobody in, and is found', async (t) => {
      const { browser, place, invite, owner, provider, vault, url } = await startWithSso(t, engine)
      const { email } = await invite('reader')
      await owner.post('/v3/users', { email: 'grace@example.com', role: 'reader' })
      provider.behaviour.claims = { sub: 'grace', email: 'grace@example.com', email_verified: true }
      await browser().signIn()
      await query(place, `update factors set user_id = 1 where kind = 'subject'`)

      const moved = await browser().signIn()
      await query(place, `update sign_in_rules set sso = replace(sso, '"isOnly":false', '"isOnly":true')`)
      const ruled = await new Person(url).signIn(email, password)

      assert.equal(moved.to, '/portal/?trouble=integrity_failure')
      assert.equal(ruled.status, 500)
      const forged = await accountState(vault, 1)
      assert.deepEqual(
        forged.map((text) => text.replaceAll(/\d+/g, 'N')),
        [
          'The row of factor N is not authentic.',
          'The factors of user N are not all there.',
          'The factors of user N are not all there.',
          'The row of sign_in is not authentic.',
        ],
      )
    })
  })

  suite(`${engine.name}: a second factor that is required`, { skip: engine.skip }, () => {
    test('is set up before anything else is done', async (t) => {
      const { owner, invite, url, api } = await startWithOwner(t, engine)
      const { person, email } = await invite('admin')
      await enrolTotp(owner, Date.now())

      const required = await owner.send('PUT', '/v3/sign-in', { second_factor_required: true })

      assert.equal(required.status, 200, required.text)
      assert.equal((await owner.get('/v3/session')).status, 200)
      assert.equal((await person.get('/v3/session')).status, 401)
      const fresh = new Person(url)
      const half = await fresh.signIn(email, password)
      assert.deepEqual([half.status, half.body.enrolment_required, half.body.scopes], [201, true, []])
      const { paths } = (await api.get('/openapi.json')).body as { paths: Record<string, Record<string, unknown>> }
      const open = ['GET /v3/session', 'DELETE /v3/session', 'GET /v3/session/factors', 'POST /v3/session/totp']
      const own = [...open, 'POST /v3/session/passkeys/challenge']
      for (const [path, methods] of Object.entries(paths)) {
        for (const method of Object.keys(methods).map((name) => name.toUpperCase())) {
          const isForStrangers = /^\/v3\/(invitations|session\/passkey\/|session\/passkey$|session\/sso$)/.test(path)
          if (own.includes(`${method} ${path}`) || isForStrangers || `${method} ${path}` === 'POST /v3/session')
            continue
          const answer = await fresh.send(
            method,
            path.replaceAll(/\{\w+\}/g, '1'),
            method === 'GET' || method === 'DELETE' ? undefined : {},
          )
          // What is malformed is 422 in the Secret Lists API.
          const malformed = path.startsWith('/api/') ? 422 : 400
          assert.ok([malformed, 403, 404, 415].includes(answer.status), `${method} ${path}: ${answer.status}`)
        }
      }
      for (const [method, path, body] of [
        ['GET', '/v3/secrets', undefined],
        ['GET', '/v3/sessions', undefined],
        ['POST', '/v3/secrets', { name: 'a', value: 'v' }],
        ['GET', '/v3/users', undefined],
        ['POST', '/v3/session/confirm', { password }],
        ['PUT', '/v3/session/password', { current_password: password, password: `${password} anew` }],
        ['DELETE', '/v3/users/1/factors', undefined],
        ['POST', '/v3/keys', { name: 'k', scopes: ['secrets:read'] }],
        ['POST', '/v3/render', { template: 'x' }],
      ] as const) {
        const { status, body: told } = await fresh.send(method, path, body)
        assert.deepEqual([status, told.code], [403, 'enrolment_required'], path)
      }

      const other = new Person(url)
      await other.signIn(email, password)
      const mine = await enrolTotp(fresh, Date.now())

      // A whole session in place of the half one; and none for whoever else has the password.
      assert.equal((await fresh.get('/v3/secrets')).status, 200)
      assert.equal((await other.get('/v3/session')).status, 401)
      assert.equal((await new Person(url).signIn(email, password)).body.code, 'second_factor_required')
      const code = mine.codes[0]
      assert.equal((await new Person(url).post('/v3/session', { email, password, code })).status, 201)
    })

    test('is asked of whoever was signing in while the rule was made', async (t) => {
      const { owner, invite, url, vault } = await startWithOwner(t, engine)
      const { email } = await invite('admin')
      await enrolTotp(owner, Date.now())
      const { store } = vault
      const rules = store.rules.bind(store)
      let looks = 0
      store.rules = async (accountId) => {
        const found = await rules(accountId)
        if (looks++ === 0) await owner.send('PUT', '/v3/sign-in', { second_factor_required: true })
        return found
      }

      const begun = await new Person(url).signIn(email, password)

      assert.deepEqual([begun.status, begun.body.enrolment_required, begun.body.scopes], [201, true, []])
      assert.equal(looks, 2)
    })

    test('is asked of whoever accepts an invitation too', async (t) => {
      const { owner, url, api } = await startWithOwner(t, engine)
      const refused = await owner.send('PUT', '/v3/sign-in', { second_factor_required: true })
      assert.deepEqual([refused.status, refused.body.code], [403, 'enrolment_required'])
      assert.equal((await api.put('/v3/sign-in', { second_factor_required: true })).status, 200)
      assert.equal((await owner.get('/v3/session')).status, 401)
      const again = new Person(url)
      await again.signIn('ada@example.com', password)
      await enrolTotp(again, Date.now())
      const { body } = await again.post('/v3/users', { email: 'grace@example.com', role: 'reader' })
      const grace = new Person(url)

      const accepted = await grace.accept(body.invitation_url, { password })

      assert.deepEqual([accepted.status, accepted.body.enrolment_required], [201, true])
      assert.equal((await grace.get('/v3/secrets')).body.code, 'enrolment_required')
    })
  })
}
