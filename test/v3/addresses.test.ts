/** Email addresses: each account has its own, and learns nothing of those of another. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { recordRepeats } from '../../src/vault/repeats.ts'
import { inviteOwner } from '../../src/vault/users.ts'
import type { Answer, Api } from '../support/api.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { codeOf, enrolTotp, host, password, startWithOwner } from '../support/portal-account.ts'

/** Of the owner of the account `default`, and of nobody. */
const [taken, free] = ['ada@example.com', 'new@example.com']
const otherPassword = 'nine purple engines hum'
const wrong = 'an altogether wrong guess'

/** A server with two accounts: `default`, whose owner has the address `taken`, and another without users. */
async function startWithTwo(t: TestContext, engine: TestEngine) {
  const started = await startWithOwner(t, engine, { trustedProxies: ['127.0.0.1'] })
  const other = await started.otherAccount()
  const { id, name } = (await other.get('/v3/account')).body
  const asOther = { ...host, caller: { ...host.caller, accountId: Number(id) } }
  const accept = async (email: string) => {
    const { token } = await inviteOwner(started.vault, asOther, asOther.caller.accountId)
    const person = new Person(started.url)
    return { person, accepted: await person.accept(`#${token}`, { name: 'Somebody', email, password: otherPassword }) }
  }
  const signIn = (body: object, address = '192.0.2.1') =>
    new Person(started.url).send('POST', '/v3/session', body, { 'x-forwarded-for': address })
  return { ...started, other, otherName: String(name), accept, signIn }
}

/** What an answer says, but for what differs from one to the next anyway. */
function saidBy({ status, text, headers }: Answer): readonly unknown[] {
  const body = text
    .replaceAll(taken, 'ADDRESS')
    .replaceAll(free, 'ADDRESS')
    .replaceAll(/"name":"(ada|new)"/g, '"name":"NAME"')
    .replaceAll(/"id":\d+/g, '"id":1')
    .replaceAll(/"request_id":"[^"]*"/g, '"request_id":""')
    .replaceAll(/#sr_\w+/g, '#TOKEN')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, 'TIME')
  return [status, body, [...headers.keys()].sort()]
}

/** The records of an account, oldest first, without those of being asked for. */
async function trailOf(api: Api): Promise<string[]> {
  const { records } = (await api.get('/v3/audit?limit=100')).body
  const lines = records.map(
    ({ action, outcome, object }: { action: string; outcome: string; object: { name: string } | null }) =>
      `${action} ${outcome} ${(object?.name ?? '').replace(taken, 'ADDRESS').replace(free, 'ADDRESS')}`,
  )
  return lines.filter((line: string) => !line.startsWith('audit.')).reverse()
}

for (const engine of engines) {
  suite(`${engine.name}: an address that another account has`, { skip: engine.skip }, () => {
    /** What is said, and recorded in the own account, when the address is the other's and when it is nobody's. */
    async function ofBoth({ vault, other }: Awaited<ReturnType<typeof startWithTwo>>, ask: (email: string) => unknown) {
      const seen: { readonly said: unknown; readonly trail: readonly string[] }[] = []
      for (const email of [taken, free]) {
        const before = (await trailOf(other)).length
        const said = await ask(email)
        await recordRepeats(vault, true)
        seen.push({ said, trail: (await trailOf(other)).slice(before) })
      }
      return seen
    }

    test('is invited as one that nobody has', async (t) => {
      const started = await startWithTwo(t, engine)
      const before = await trailOf(started.api)

      const [ofTaken, ofFree] = await ofBoth(started, async (email) =>
        saidBy(await started.other.post('/v3/users', { email, role: 'reader' })),
      )

      assert.deepEqual(ofTaken, ofFree)
      assert.match(JSON.stringify(ofTaken), /^\{"said":\[201,.*"trail":\["user\.create ok ADDRESS"\]\}$/)
      assert.deepEqual(await trailOf(started.api), before)
    })

    test('is taken from a link as one that nobody has', async (t) => {
      const started = await startWithTwo(t, engine)
      const before = await trailOf(started.api)

      const [ofTaken, ofFree] = await ofBoth(started, async (email) => saidBy((await started.accept(email)).accepted))

      assert.deepEqual(ofTaken, ofFree)
      assert.match(JSON.stringify(ofTaken), /^\{"said":\[201,.*"user\.accept ok ADDRESS","session\.open ok link"\]\}$/)
      assert.deepEqual(await trailOf(started.api), before)
    })

    test('signs in as one that nobody has, and as in an account that is not there, in answer, trail and time', async (t) => {
      const started = await startWithTwo(t, engine)
      const { api, otherName, signIn } = started
      const before = await trailOf(api)
      const tried = async (body: object) => {
        const begun = performance.now()
        const said = saidBy(await signIn(body))
        assert.ok(performance.now() - begun >= 245, 'answered too soon')
        return said
      }

      const [ofTaken, ofFree] = await ofBoth(started, (email) => tried({ account: otherName, email, password }))
      const ofNone = await tried({ account: 'nobody', email: taken, password })

      assert.deepEqual(ofTaken, ofFree)
      assert.deepEqual(ofTaken, { said: ofNone, trail: [] })
      assert.match(JSON.stringify(ofNone), /^\[401,.*The address or the password is wrong\./)
      assert.deepEqual(await trailOf(api), before)
      // As what is wrong in the account that has it; which alone records it.
      assert.deepEqual(await tried({ account: 'default', email: taken, password: wrong }), ofNone)
      const after = await trailOf(api)
      assert.deepEqual(after.slice(before.length), ['session.open invalid_credentials ADDRESS'])
    })

    test('is not asked for without the account, whoever it is of, and that counts for nothing', async (t) => {
      const { api, ...started } = await startWithTwo(t, engine)
      const before = await trailOf(api)

      for (const body of [
        { email: taken, password },
        { email: free, password },
        ...Array.from({ length: 40 }, () => ({ email: taken, password: wrong })),
      ]) {
        const { status, body: problem } = await started.signIn(body)
        const [fault] = problem.errors
        assert.deepEqual(
          [status, problem.code, fault.field, fault.detail],
          [400, 'invalid', 'account', 'Name the account: this server has several.'],
        )
      }

      assert.deepEqual(await trailOf(api), before)
      assert.equal((await started.signIn({ account: 'default', email: taken, password })).status, 201)
    })

    test('is another user, side by side with the first', async (t) => {
      const { owner, other, otherName, accept, signIn, url } = await startWithTwo(t, engine)
      const { person: otherOwner, accepted } = await accept(taken)
      assert.equal(accepted.status, 201, accepted.text)
      const inDefault = (given: string, more: object = {}) =>
        signIn({ account: 'default', email: taken, password: given, ...more })
      const inOther = (given: string) => signIn({ account: otherName, email: taken, password: given })

      assert.deepEqual(
        [await inDefault(password), await inOther(otherPassword)].map(({ body }) => body.account.name),
        ['default', otherName],
      )
      assert.equal((await inDefault(otherPassword)).status, 401)
      assert.equal((await inOther(password)).status, 401)
      // Sessions: each sees and ends their own.
      assert.deepEqual(
        [await owner.get('/v3/sessions'), await otherOwner.get('/v3/sessions')].map(({ body }) => body.sessions.length),
        [2, 2],
      )
      // Factors: of one alone.
      const { secret } = await enrolTotp(owner, Date.now() - 30_000)
      assert.equal((await inDefault(password)).body.code, 'second_factor_required')
      assert.equal((await inOther(otherPassword)).status, 201)
      assert.equal((await inDefault(password, { code: codeOf(secret, Date.now()) })).status, 201)
      // Passwords, and the other sessions that a new one ends.
      const next = { current_password: otherPassword, password: 'twelve copper lanterns drift' }
      assert.equal((await otherOwner.send('PUT', '/v3/session/password', next)).status, 200)
      assert.equal((await inOther(next.password)).status, 201)
      assert.equal((await inDefault(next.password)).status, 401)
      assert.equal((await owner.get('/v3/session')).body.account.name, 'default')
      // Links.
      const { id } = (await otherOwner.get('/v3/session')).body.user
      const reset = (await other.post(`/v3/users/${id}/reset`, undefined)).body
      const link = { token: reset.invitation_url.split('#')[1] }
      assert.equal((await new Person(url).post('/v3/invitations/check', link)).body.account, otherName)
      assert.equal((await new Person(url).accept(reset.invitation_url, { password: otherPassword })).status, 201)
      assert.equal((await inOther(otherPassword)).status, 201)
      // Deletion.
      const second = await other.post('/v3/users', { email: free, role: 'owner' })
      assert.equal((await new Person(url).accept(second.body.invitation_url, { password: otherPassword })).status, 201)
      assert.equal((await other.delete(`/v3/users/${id}`)).status, 200)
      assert.equal((await inOther(otherPassword)).status, 401)
      assert.equal((await owner.get('/v3/session')).status, 200)
      assert.equal((await other.post('/v3/users', { email: taken, role: 'reader' })).status, 201)
    })

    test('is refused to a second user of the same account: invited, raced for, or by a link', async (t) => {
      const { owner, other, accept } = await startWithTwo(t, engine)
      assert.equal((await accept(free)).accepted.status, 201)

      const again = await owner.post('/v3/users', { email: 'ADA@example.com', role: 'reader' })
      const byLink = (await accept(free)).accepted
      const race = { email: 'race@example.com', role: 'reader' }
      const raced = await Promise.all([owner, owner, other, other].map((one) => one.post('/v3/users', race)))

      for (const { status, body } of [again, byLink]) assert.deepEqual([status, body.code], [409, 'name_taken'])
      const statuses = raced.map(({ status }) => status)
      assert.deepEqual(
        [statuses.slice(0, 2).sort(), statuses.slice(2).sort()],
        [
          [201, 409],
          [201, 409],
        ],
      )
      const { users } = (await owner.get('/v3/users')).body
      assert.equal(users.filter(({ email }: { email: string }) => email === race.email).length, 1)
    })

    test('forgives nothing: who signs in under it goes on guessing no more often in the other', async (t) => {
      const { otherName, accept, signIn } = await startWithTwo(t, engine)
      assert.equal((await accept(taken)).accepted.status, 201)
      const guess = () => signIn({ account: 'default', email: taken, password: wrong })

      const statuses: number[] = []
      for (let round = 0; round < 3; round++) {
        for (let at = 0; at < 3; at++) statuses.push((await guess()).status)
        assert.equal((await signIn({ account: otherName, email: taken, password: otherPassword })).status, 201)
      }

      assert.deepEqual(statuses, [...Array.from({ length: 5 }, () => 401), ...Array.from({ length: 4 }, () => 429)])
      // And who guesses in one locks nobody out of the other.
      assert.equal((await signIn({ account: otherName, email: taken, password: otherPassword })).status, 201)
    })

    test('is guessed no more often under made-up names of accounts, nor is anybody locked out by those', async (t) => {
      const { signIn } = await startWithTwo(t, engine)
      const names = Array.from({ length: 60 }, (_, at) => `made-up-${at}`)

      const answers = await Promise.all(
        names.map((account) => signIn({ account, email: taken, password: wrong }, '192.0.2.9')),
      )

      const told = (status: number) => answers.filter((answer) => answer.status === status).length
      assert.deepEqual([told(401), told(429)], [30, 30])
      const other = '192.0.2.10'
      // As the id of an account that is there, under which that one is counted.
      for (let at = 0; at < 5; at++) {
        assert.equal((await signIn({ account: '1', email: taken, password: wrong }, other)).status, 401)
      }
      assert.equal((await signIn({ account: '1', email: taken, password: wrong }, other)).status, 429)
      assert.equal((await signIn({ account: 'default', email: taken, password }, other)).status, 201)
    })
  })

  suite(`${engine.name}: on a server with one account`, { skip: engine.skip }, () => {
    test('the account is named or not, which counts as one', async (t) => {
      const { url } = await startWithOwner(t, engine)
      const signIn = (body: object) => new Person(url).post('/v3/session', { email: taken, ...body })

      assert.equal((await signIn({ password })).status, 201)
      assert.equal((await signIn({ account: 'default', password })).status, 201)
      assert.equal((await signIn({ account: 'another', password })).status, 401)
      assert.equal((await signIn({ account: 'a\u0000b', password })).status, 400)
      for (const account of [{}, { account: 'default' }, {}, { account: 'default' }, {}]) {
        assert.equal((await signIn({ ...account, password: wrong })).status, 401)
      }
      assert.equal((await signIn({ password })).status, 429)
      assert.equal((await signIn({ account: 'default', password })).status, 429)
    })
  })
}
