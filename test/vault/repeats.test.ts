/** Whoever is not let in cannot fill the trail by repeating that, and hides nothing in it. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { ShutOut } from '../../src/audit/record.ts'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { Repeats, recordRepeats, recordShutOut } from '../../src/vault/repeats.ts'
import { Api } from '../support/api.ts'
import { engines } from '../support/engines.ts'
import { fc } from '../support/fast-check.ts'
import { audience, startIssuer } from '../support/issuer.ts'
import { startServer, type TestServer } from '../support/server.ts'

interface Shown {
  readonly action: string
  readonly outcome: string
  readonly principal: { readonly kind: string; readonly name: string }
  readonly object: { readonly kind: string; readonly name: string } | null
}

type Setup = TestServer & { readonly t: TestContext; readonly clock: { now: number } }

interface Stranger {
  readonly who: string
  /** What the trail says of each: principal, action, outcome. */
  readonly said: readonly [principal: string, action: string, outcome: string]
  /** @returns what is done again and again, to be refused */
  begin(setup: Setup): Promise<() => Promise<number>>
}

const day = 86_400_000
const outboundAllowances = [parseAllowance('127.0.0.1') ?? assert.fail()]

const strangers: readonly Stranger[] = [
  {
    who: 'who has a revoked key',
    said: ['key', 'secret.list', 'unauthenticated'],
    begin: async ({ api, withScopes }) => {
      const revoked = await withScopes('secrets:list')
      await api.delete('/v3/keys/2')
      return async () => (await revoked.get('/v3/secrets')).status
    },
  },
  {
    who: 'who has a revoked key, and sends bodies',
    said: ['key', 'authenticate', 'unauthenticated'],
    begin: async ({ api, withScopes }) => {
      const revoked = await withScopes('secrets:write')
      await api.delete('/v3/keys/2')
      return async () => (await revoked.post('/v3/secrets', { name: 'n', value: 'v' })).status
    },
  },
  {
    who: 'who has an expired key',
    said: ['key', 'secret.list', 'unauthenticated'],
    begin: async ({ api, url, clock }) => {
      const expiresAt = `${new Date(clock.now + day).toISOString().slice(0, 19)}Z`
      const made = await api.post('/v3/keys', { name: 'old', scopes: ['secrets:list'], expires_at: expiresAt })
      clock.now += 2 * day
      const expired = new Api(url, made.body.api_key)
      return async () => (await expired.get('/v3/secrets')).status
    },
  },
  {
    who: 'who has a key of another network',
    said: ['key', 'secret.list', 'unauthenticated'],
    begin: async ({ api, url }) => {
      const made = await api.post('/v3/keys', { name: 'bound', scopes: ['secrets:list'], networks: ['10.0.0.0/8'] })
      const elsewhere = new Api(url, made.body.api_key)
      return async () => (await elsewhere.get('/v3/secrets')).status
    },
  },
  {
    who: 'who asks from the address of a machine, while that is not enough',
    said: ['machine', 'secret.list', 'unauthenticated'],
    begin: async ({ api, url }) => {
      await api.post('/v3/machines', { name: 'web-1', addresses: ['127.0.0.1'] })
      await api.put('/v3/settings', { vm_auth: false })
      return async () => {
        const answer = await fetch(`${url}/v3/secrets`)
        await answer.arrayBuffer()
        return answer.status
      }
    },
  },
  {
    who: 'who has a token for somebody else that has expired',
    said: ['workload', 'auth.oidc', 'invalid_credentials'],
    begin: async ({ t, api, url, clock }) => {
      const issuer = await startIssuer(t, () => clock.now)
      const claims = { sub: 'repo:acme/app:ref:refs/heads/main' }
      const rule = { name: 'deploy', issuer: issuer.url, audience, claims, scopes: ['secrets:read'] }
      assert.equal((await api.post('/v3/trust-rules', rule)).status, 201)
      const second = Math.floor(clock.now / 1000)
      const token = await issuer.token({ aud: 'https://else.example', exp: second - 600, iat: second - 1200 })
      const nobody = new Api(url, 'none')
      return async () => (await nobody.post('/v3/auth/oidc', { token }, { authorization: '' })).status
    },
  },
]

for (const engine of engines) {
  suite(`${engine.name}: the trail`, { skip: engine.skip }, () => {
    const start = async (t: TestContext): Promise<Setup> => {
      const clock = { now: Date.UTC(2026, 0, 1) }
      return { ...(await startServer(t, engine, { outboundAllowances, now: () => clock.now })), t, clock }
    }
    const recordsOf = async ({ api }: TestServer, outcome: string): Promise<Shown[]> =>
      (await api.get(`/v3/audit?limit=1000&outcome=${outcome}`)).body.records.reverse()

    for (const { who, said, begin } of strangers) {
      test(`has one record and one count of each minute of somebody ${who}`, async (t) => {
        const setup = await start(t)
        const [principal, action, outcome] = said
        const repeat = await begin(setup)
        const before = (await recordsOf(setup, outcome)).length

        const statuses = await Promise.all(Array.from({ length: 40 }, repeat))
        const during = (await recordsOf(setup, outcome)).slice(before)
        setup.clock.now += 60_000
        await recordRepeats(setup.vault)
        const over = (await recordsOf(setup, outcome)).slice(before)
        await repeat()
        const again = (await recordsOf(setup, outcome)).slice(before)

        assert.deepEqual(new Set(statuses), new Set([401]))
        const shown = (records: readonly Shown[]) =>
          records.map((record) => [
            ...[record.principal.kind, record.action],
            record.object?.kind === 'repeats' ? record.object.name : '',
          ])
        const one = [principal, action, '']
        assert.deepEqual(shown(during), [one])
        assert.deepEqual(shown(over), [one, [principal, action, '39 more within a minute']])
        assert.deepEqual(shown(again), [one, [principal, action, '39 more within a minute'], one])
        const verdicts = await Array.fromAsync(verifyAudit(setup.vault, { state: true }))
        assert.deepEqual(
          verdicts.map(({ fault, differences }) => [fault, differences]),
          [[undefined, []]],
        )
      })
    }

    test('has the count when nobody repeats it any more, and nobody asks for it', async (t) => {
      const setup = await start(t)
      const revoked = await setup.withScopes('secrets:list')
      await setup.api.delete('/v3/keys/2')
      for (let at = 0; at < 3; at++) await revoked.get('/v3/secrets')
      setup.clock.now += 60_000

      for (let tries = 0; (await recordsOf(setup, 'unauthenticated')).length < 2; tries++) {
        assert.ok(tries < 200)
        await setTimeout(50)
      }

      const [, counted] = await recordsOf(setup, 'unauthenticated')
      assert.equal(counted?.object?.name, '2 more within a minute')
    })

    test('has the count when the server stops', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const first = await startServer(t, engine, { place })
      const revoked = await first.withScopes('secrets:list')
      await first.api.delete('/v3/keys/2')
      for (let at = 0; at < 5; at++) await revoked.get('/v3/secrets')
      await first.stop()

      const second = await startServer(t, engine, { place })
      const records = await recordsOf({ ...second, api: new Api(second.url, first.api.key) }, 'unauthenticated')

      assert.deepEqual(
        records.map(({ object }) => object?.name),
        [undefined, '4 more within a minute'],
      )
    })

    test('has what is done from where a key may be used, however often it is refused elsewhere', async (t) => {
      const setup = await start(t)
      const proxied = await startServer(t, engine, { trustedProxies: ['127.0.0.1'] })
      const made = await proxied.api.post('/v3/keys', {
        ...{ name: 'bound', scopes: ['secrets:list'], networks: ['10.0.0.1/32'] },
      })
      const bound = new Api(proxied.url, made.body.api_key)
      const from = (address: string) => bound.get('/v3/secrets', { 'x-forwarded-for': address })
      for (let at = 0; at < 10; at++) {
        assert.equal((await from('192.0.2.1')).status, 401)
        assert.equal((await from('10.0.0.1')).status, 200)
      }
      assert.equal((await from('192.0.2.2')).status, 401)

      const refused = await recordsOf(proxied, 'unauthenticated')
      const { records } = (await proxied.api.get('/v3/audit?action=secret.list&outcome=ok&principal=bound')).body
      assert.equal(records.length, 10)
      assert.deepEqual(
        refused.map(({ object }) => object),
        [null, null],
      )
      assert.equal((await setup.api.get('/v3/secrets')).status, 200)
    })

    test('has each refusal of a right, and each secret that was not found, of a key that is good', async (t) => {
      const setup = await start(t)
      const reader = await setup.withScopes('secrets:read:prod-*')
      for (let at = 0; at < 15; at++) {
        assert.equal((await reader.get('/v3/keys')).status, 403)
        assert.equal((await reader.get('/v3/secrets/9')).status, 404)
      }

      assert.equal((await recordsOf(setup, 'forbidden')).length, 15)
      assert.equal((await recordsOf(setup, 'not_found')).length, 15)
    })

    test('loses no refusal that could not be recorded', async (t) => {
      const { vault, api } = await start(t)
      const refusal = refusalOf(7, 'secret.read')
      const from = { requestId: 'test', address: '192.0.2.1' }
      const broken = { ...vault, store: { submit: () => Promise.reject(new Error('down')) } }
      await assert.rejects(recordShutOut(broken, from, refusal), /down/)
      await recordShutOut(broken, from, refusal)
      await assert.rejects(recordRepeats(broken, true), /down/)

      await recordRepeats(vault, true)

      const { records } = (await api.get('/v3/audit?outcome=unauthenticated')).body
      assert.deepEqual(
        records.map(({ object }: Shown) => object?.name),
        ['2 more within a minute'],
      )
    })
  })
}

function refusalOf(id: number, action: ShutOut['action']): ShutOut {
  return {
    ...{ accountId: 1, principal: { kind: 'key', id, name: 'old' }, action, object: null },
    outcome: 'unauthenticated',
  }
}

suite('Repeated refusals', () => {
  test('of one principal are told apart by twenty kinds, and beyond them counted together', () => {
    const repeats = new Repeats()
    const address = (last: number) => ({ requestId: '', address: `192.0.2.${last}` })
    const firsts = Array.from({ length: 200 }, (_, at) => repeats.take(refusalOf(1, 'secret.read'), address(at), 0))
    const other = repeats.take(refusalOf(2, 'secret.read'), address(1), 0)
    const due = repeats.due(60_000, false)

    assert.equal(firsts.filter((first) => first !== undefined).length, 20)
    assert.notEqual(other, undefined)
    assert.deepEqual(
      due.map(({ count, isMixed }) => [count, isMixed]),
      [[180, true]],
    )
  })

  test('are all recorded or counted, and make few records of one principal in a minute', () => {
    const step = fc.record({
      id: fc.integer({ min: 1, max: 3 }),
      action: fc.constantFrom('secret.read' as const, 'secret.list' as const),
      address: fc.integer({ min: 0, max: 60 }).map((last) => `192.0.2.${last}`),
      afterMs: fc.constantFrom(0, 0, 0, 0, 100, 20_000),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 150, maxLength: 300, size: 'max' }), (steps) => {
        const repeats = new Repeats()
        let now = 1_000_000
        const recorded: { readonly id: number; readonly at: number }[] = []
        let counted = 0
        const count = (isAll: boolean) => {
          for (const group of repeats.due(now, isAll)) {
            counted += group.count
            recorded.push({ id: group.refusal.principal.id, at: now })
          }
        }
        for (const { id, action, address, afterMs } of steps) {
          now += afterMs
          count(false)
          const first = repeats.take(refusalOf(id, action), { requestId: '', address }, now)
          if (first === undefined) continue
          recorded.push({ id, at: now })
          counted++
        }
        count(true)

        assert.equal(counted, steps.length)
        for (const { id, at } of recorded) {
          const within = recorded.filter((one) => one.id === id && one.at >= at && one.at < at + 60_000)
          // Of a minute that is not one of the clock: the counts of the one before, and the records of this one.
          assert.ok(within.length <= 2 * 41, `${within.length} records`)
        }
      }),
      { numRuns: 50 },
    )
  })
})
