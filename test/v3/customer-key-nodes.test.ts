/** A customer's key on several nodes, and while much is done with it at once. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { rotateMasterKey } from '../../src/root-keys.ts'
import { accountState } from '../../src/vault/account-state.ts'
import { rewrapAccountKeys } from '../../src/vault/rotation.ts'
import { type Answer, Api } from '../support/api.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { startServer, testConfig } from '../support/server.ts'
import { startTransit } from '../support/transit-server.ts'

const path = '/v3/account/customer-key'
const loopback = parseAllowance('127.0.0.0/8') ?? assert.fail()
const host = { name: 'test', requestId: 'test' }

function ok({ status, text, body }: Answer) {
  assert.ok(status < 300, text)
  return body
}

async function setUp(t: TestContext, engine: TestEngine) {
  const transit = await startTransit(t)
  transit.tokens.set('planted-token', 3600)
  const server = await startServer(t, engine, { outboundAllowances: [loopback] })
  const { api } = server
  const secrets = Array.from({ length: 8 }, (_, at) => ({ name: `s${at}`, value: `v${at}` }))
  ok(await api.post('/v3/secrets/batch/create', { secrets }))
  const input = {
    provider: `transit:${transit.origin}/transit/strongroom`,
    credentials: { token: 'planted-token' },
  }
  ok(await api.put(path, input))
  const recorded = async () =>
    (ok(await api.get('/v3/audit?limit=200')).records as { action: string }[])
      .map(({ action }) => action)
      .filter((action) => /^customer_key\.(open|close)$/.test(action))
      .reverse()
  return { ...server, transit, input, recorded, names: secrets.map(({ name }) => name) }
}

for (const engine of engines) {
  const isAlone = engine.name === 'SQLite'
  suite(`A customer's key in use (${engine.name})`, { skip: engine.skip }, () => {
    test('is set anew while values are read and written, and keys are replaced: nothing fails of it, and all opens after it', async (t) => {
      const { api, input, vault, place, names } = await setUp(t, engine)
      const second = isAlone ? undefined : await startServer(t, engine, { place, outboundAllowances: [loopback] })
      const apis = second === undefined ? [api] : [api, new Api(second.url, api.key)]
      const work = [
        ...apis.map((one) => one.put(path, input)),
        ...[0, 1, 2, 3, 4, 5].flatMap((turn) =>
          apis.flatMap((one) => [
            one.get(`/v3/secrets/${turn + 1}`),
            one.post('/v3/secrets/batch', { names }),
            one.put(`/v3/secrets/${turn + 1}`, { value: `w${turn}` }),
          ]),
        ),
        api.put(path, { provider: input.provider }),
      ]
      const rotated = rotateMasterKey(testConfig(place), host, () => {}).then(() => rewrapAccountKeys(vault, host))
      for (const answer of await Promise.all(work)) ok(answer)
      await rotated
      // Beside each other, or the customer's key waits for the other to end.
      const [replaced, set] = await Promise.all([
        api.post('/v3/account/rotate-key', { version: 2 }),
        api.put(path, input),
        ...names.map(async (_, at) => ok(await api.get(`/v3/secrets/${at + 1}`))),
      ])
      assert.ok(replaced.status < 300 && [200, 400].includes(set.status), replaced.text + set.text)
      for (const one of apis) {
        assert.equal(ok(await one.post('/v3/secrets/batch', { names })).secrets.length, names.length)
      }
      assert.deepEqual(await accountState(vault, 1), [])
    })

    test('may be set just as the account key is about to be replaced, which is replaced then', async (t) => {
      const { api, input, vault, names } = await setUp(t, engine)
      const { store } = vault
      const seen = store.accountKeys.bind(store)
      const asked = t.mock.method(store, 'accountKeys', async (accountId: number) => {
        const keys = await seen(accountId)
        asked.mock.restore()
        ok(await api.put(path, input))
        return keys
      })
      assert.equal(ok(await api.post('/v3/account/rotate-key', { version: 2 })).version, 2)
      assert.equal(ok(await api.post('/v3/secrets/batch', { names })).secrets.length, names.length)
      assert.deepEqual(await accountState(vault, 1), [])
    })

    test('that was set and withdrawn while a node had nothing to do closes there as well, at its first request', {
      skip: isAlone,
    }, async (t) => {
      const transit = await startTransit(t)
      transit.tokens.set('planted-token', 3600)
      const { api, place, vault } = await startServer(t, engine, { outboundAllowances: [loopback] })
      ok(await api.post('/v3/secrets', { name: 'A', value: 'one' }))
      const second = await startServer(t, engine, { place, outboundAllowances: [loopback] })
      const idle = new Api(second.url, api.key)
      assert.equal(ok(await idle.get('/v3/secrets/1')).value, 'one')
      for (let look = 0; look < 2; look++) await second.vault.customerKeys.lookAgain()

      const provider = `transit:${transit.origin}/transit/strongroom`
      ok(await api.put(path, { provider, credentials: { token: 'planted-token' } }))
      transit.tokens.delete('planted-token')
      await vault.customerKeys.look(0)

      for (const answer of [
        await idle.get('/v3/secrets/1'),
        await idle.post('/v3/secrets', { name: 'B', value: 'x' }),
      ]) {
        assert.deepEqual([answer.status, answer.body.code], [403, 'account_key_unavailable'], answer.text)
      }
    })

    test('that one node reaches and another does not is closed there alone, recorded once, however often both look', {
      skip: isAlone && 'There is one node.',
    }, async (t) => {
      const { api, vault, place, recorded } = await setUp(t, engine)
      // It may reach nothing inside.
      const apart = await startServer(t, engine, { place })
      const there = new Api(apart.url, api.key)
      for (let turn = 0; turn < 4; turn++) {
        await apart.vault.customerKeys.look(0)
        await vault.customerKeys.look(0)
        assert.equal((await there.get('/v3/secrets/1')).body.code, 'account_key_unavailable')
        assert.equal(ok(await api.get('/v3/secrets/1')).value, 'v0')
      }
      assert.deepEqual(await recorded(), ['customer_key.close'])
      assert.deepEqual(apart.vault.customerKeys.states(), [{ accountId: 1, closedFor: 'away' }])
      assert.deepEqual(vault.customerKeys.states(), [{ accountId: 1, closedFor: null }])
    })

    test('set while a key of the API is looked at for the first time leaves nothing old to be sealed with', async (t) => {
      const { api, input, vault, withScopes } = await setUp(t, engine)
      const writer = await withScopes('secrets:write')
      const { store } = vault
      const submit = store.submit.bind(store)
      const looking = t.mock.method(store, 'submit', async (request: Parameters<typeof submit>[0]) => {
        const outcome = await submit(request)
        if (request.operation.kind === 'authenticate') {
          looking.mock.restore()
          ok(await api.put(path, input))
        }
        return outcome
      })
      // As on a node that has not used the key of the account yet.
      vault.keyring.forgetUnwrapped()
      ok(await writer.post('/v3/secrets', { name: 'first', value: 'v' }))
      assert.equal(looking.mock.callCount(), 1)
      vault.keyring.forgetUnwrapped()
      ok(await writer.post('/v3/secrets', { name: 'second', value: 'v' }))
    })

    test('withdrawn in the middle of what is read leaves nothing half given: each is answered whole, or refused', async (t) => {
      const { api, transit, vault, names } = await setUp(t, engine)
      const asked = Array.from({ length: 12 }, () => api.post('/v3/secrets/batch', { names }))
      transit.tokens.delete('planted-token')
      const looked = vault.customerKeys.look(0)
      const late = Array.from({ length: 12 }, () => api.get('/v3/secrets/1'))
      for (const { status, body } of await Promise.all(asked)) {
        if (status === 200) assert.equal(body.secrets.length, names.length)
        else assert.equal(body.code, 'account_key_unavailable')
      }
      for (const { status, body } of await Promise.all(late)) {
        assert.ok(status === 200 || body.code === 'account_key_unavailable')
      }
      await looked
      assert.equal((await api.get('/v3/secrets/1')).body.code, 'account_key_unavailable')
    })
  })
}
