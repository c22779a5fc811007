/** Guessing: of sixty attempts at once no more are made than of sixty in a row, whatever is guessed, on however many nodes. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { Authenticator } from '../support/authenticator.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { Person } from '../support/person.ts'
import { codeOf, enrolTotp, password, startWithOwner } from '../support/portal-account.ts'
import { startServer } from '../support/server.ts'

const email = 'ada@example.com'
const atOnce = 60

type Setup = Awaited<ReturnType<typeof startWithOwner>>

interface Guessing {
  readonly what: string
  /** So many are made within a quarter of an hour. */
  readonly made: number
  /** What the others are answered that were made. */
  readonly wrong: readonly [status: number, code: string]
  begin(setup: Setup): Promise<(at: number) => Promise<{ status: number; body: { code: string } }>>
}

const stranger = (url: string, path: string, body: unknown, address = '192.0.2.1') =>
  new Person(url).send('POST', path, body, { 'x-forwarded-for': address })

const guessings: readonly Guessing[] = [
  {
    what: 'a password',
    made: 5,
    wrong: [401, 'invalid_credentials'],
    begin:
      async ({ url }) =>
      (at) =>
        stranger(url, '/v3/session', { email, password: `a wrong guess ${at}` }),
  },
  {
    what: 'passwords of many users from one address',
    made: 30,
    wrong: [401, 'invalid_credentials'],
    begin:
      async ({ url }) =>
      (at) =>
        stranger(url, '/v3/session', { email: `${at}@example.com`, password: 'a guess' }),
  },
  {
    what: 'the password of a session that was left open',
    made: 5,
    wrong: [401, 'invalid_credentials'],
    begin:
      async ({ owner }) =>
      (at) =>
        owner.post('/v3/session/confirm', { password: `a wrong guess ${at}` }),
  },
  {
    what: 'the password that is to be changed',
    made: 5,
    wrong: [401, 'invalid_credentials'],
    begin:
      async ({ owner }) =>
      (at) => {
        const body = { current_password: `a wrong guess ${at}`, password: 'some other good passphrase' }
        return owner.send('PUT', '/v3/session/password', body)
      },
  },
  {
    what: 'the codes of a user whose password is known, from many addresses',
    made: 10,
    wrong: [401, 'invalid_credentials'],
    begin: async ({ url, owner }) => {
      await enrolTotp(owner, Date.now())
      return (at) => stranger(url, '/v3/session', { email, password, code: `${100_000 + at}` }, `192.0.2.${at}`)
    },
  },
  {
    what: 'the recovery codes of a user whose password is known',
    made: 5,
    wrong: [401, 'invalid_credentials'],
    begin: async ({ url, owner }) => {
      await enrolTotp(owner, Date.now())
      return (at) => stranger(url, '/v3/session', { email, password, code: `aaaa-bbbb-${1000 + at}` })
    },
  },
  {
    what: 'the first code of an authenticator app',
    made: 10,
    wrong: [400, 'invalid'],
    begin: async ({ owner }) => {
      const { enrolment } = (await owner.post('/v3/session/totp')).body
      return (at) => owner.send('PUT', '/v3/session/totp', { enrolment, code: `${100_000 + at}` })
    },
  },
  {
    what: 'a passkey',
    made: 30,
    wrong: [401, 'invalid_credentials'],
    begin: async ({ url, owner }) => {
      const device = new Authenticator(url)
      device.create((await owner.post('/v3/session/passkeys/challenge')).body)
      const passkey = device.get((await stranger(url, '/v3/session/passkey/challenge', undefined)).body)
      return () => stranger(url, '/v3/session/passkey', { passkey })
    },
  },
  {
    what: 'a one-time link',
    made: 30,
    wrong: [404, 'not_found'],
    begin:
      async ({ url }) =>
      () =>
        stranger(url, '/v3/invitations/accept', { token: 'x'.repeat(52), password }),
  },
]

for (const engine of engines) {
  suite(`${engine.name}: of sixty guesses at once`, { skip: engine.skip }, () => {
    const start = (t: TestContext) => startWithOwner(t, engine, { trustedProxies: ['127.0.0.1'] })

    for (const { what, made, wrong, begin } of guessings) {
      test(`at ${what}, ${made} are made`, async (t) => {
        const guess = await begin(await start(t))

        const answers = await Promise.all(Array.from({ length: atOnce }, (_, at) => guess(at)))

        const told = (status: number, code: string) =>
          answers.filter((answer) => answer.status === status && answer.body.code === code).length
        assert.deepEqual(
          [told(...wrong), told(429, 'rate_limited')],
          [made, atOnce - made],
          JSON.stringify(answers.map(({ status, body }) => [status, body.code])),
        )
      })
    }

    test('one that is right counts for nothing', async (t) => {
      const { url, place, owner } = await start(t)
      const { secret } = await enrolTotp(owner, Date.now() - 30_000)
      const signIn = (code?: string) => stranger(url, '/v3/session', { email, password, ...(code && { code }) })

      for (let at = 0; at < 7; at++) assert.equal((await signIn()).body.code, 'second_factor_required')
      assert.equal((await signIn('000000')).status, 401)
      assert.equal((await signIn(codeOf(secret, Date.now()))).status, 201)
      for (let at = 0; at < 7; at++) {
        assert.equal((await owner.post('/v3/session/confirm', { password })).status, 200)
      }

      const counts = await query(place, 'select count from attempts where count > 0')
      // The wrong code, for the user and for the address; not for the two together, who have signed in since.
      assert.deepEqual(
        counts.map(({ count }) => Number(count)),
        [1, 1],
      )
    })

    test('what is counted says nothing of whom', async (t) => {
      const { url, place } = await start(t)
      await stranger(url, '/v3/session', { email, password: 'a wrong guess' })

      const rows = await query(place, 'select name from attempts')

      assert.ok(rows.length >= 2)
      for (const { name } of rows) assert.match(String(name), /^[0-9a-f]{64}$/)
    })
  })
}

const postgres = engines.find(({ name }) => name === 'PostgreSQL') ?? assert.fail()

test('Of guesses on three nodes at once as many are made as on one', { skip: postgres.skip }, async (t) => {
  const options = { trustedProxies: ['127.0.0.1'] }
  const { url, place } = await startWithOwner(t, postgres, options)
  const urls = [url, (await startServer(t, postgres, { ...options, place })).url]
  urls.push((await startServer(t, postgres, { ...options, place })).url)

  const answers = await Promise.all(
    Array.from({ length: atOnce }, (_, at) =>
      stranger(urls[at % 3] ?? '', '/v3/session', { email, password: `a wrong guess ${at}` }),
    ),
  )

  assert.deepEqual(
    [401, 429].map((status) => answers.filter((answer) => answer.status === status).length),
    [5, atOnce - 5],
  )
})
