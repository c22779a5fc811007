/** `/v3/account/customer-key`: an account whose key is kept with a provider of its own (OpenBao's transit engine). */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { transfer } from '../../src/copy/transfer.ts'
import { parseAllowance } from '../../src/outbound/addresses.ts'
import { rotateMasterKey } from '../../src/root-keys.ts'
import { accountState } from '../../src/vault/account-state.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { rewrapAccountKeys } from '../../src/vault/rotation.ts'
import { type Answer, Api } from '../support/api.ts'
import { query } from '../support/database.ts'
import { engines, type TestEngine } from '../support/engines.ts'
import { startWithOwner } from '../support/portal-account.ts'
import { startServer, type TestOptions, testConfig } from '../support/server.ts'
import { startTransit } from '../support/transit-server.ts'

const path = '/v3/account/customer-key'
const loopback = parseAllowance('127.0.0.0/8') ?? assert.fail()
const host = { name: 'test', requestId: 'test' }

function ok({ status, text, body }: Answer) {
  assert.ok(status < 300, text)
  return body
}

function closed({ status, body, text }: Answer) {
  assert.equal(status, 403, text)
  assert.equal(body.code, 'account_key_unavailable')
}

/** An account with a secret, whose key is with a provider of its own. */
async function setUp(t: TestContext, engine: TestEngine, options: TestOptions = {}) {
  const transit = await startTransit(t)
  transit.tokens.set('planted-token', 3600)
  const server = await startServer(t, engine, { outboundAllowances: [loopback], ...options })
  const { api, vault } = server
  const made = ok(await api.post('/v3/secrets', { name: 'A', value: 'one' }))
  const provider = `transit:${transit.origin}/transit/strongroom`
  const input = { provider, credentials: { token: 'planted-token' } }
  const set = ok(await api.put(path, input))
  const ofA = `/v3/secrets/${made.id}`
  const readA = async (by: Api = api) => ok(await by.get(ofA)).value as string
  /** The provider refuses from now on, and every node has asked it. */
  const withdraw = async (nodes = [vault]) => {
    transit.tokens.delete('planted-token')
    for (const node of nodes) await node.customerKeys.look(0)
  }
  const giveBack = async (nodes = [vault]) => {
    transit.tokens.set('planted-token', 3600)
    for (const node of nodes) await node.customerKeys.look(0)
  }
  const recorded = async (prefix: string) =>
    (ok(await api.get('/v3/audit?limit=200')).records as { action: string; outcome: string }[])
      .filter(({ action }) => action.startsWith(prefix))
      .map(({ action, outcome }) => `${action} ${outcome}`)
      .reverse()
  return { ...server, transit, input, provider, set, ofA, readA, withdraw, giveBack, recorded }
}

for (const engine of engines) {
  suite(`The key of a customer (${engine.name})`, { skip: engine.skip }, () => {
    test('withdrawn closes its values on every node, and nothing else; given back, they open; both are recorded once', async (t) => {
      const { api, vault, place, readA, withdraw, giveBack, recorded, ofA, otherAccount, set, scrape } = await setUp(
        t,
        engine,
      )
      assert.deepEqual([set.open, set.closed_at, set.closed_for], [true, null, null])
      // On SQLite there is one node.
      const isAlone = engine.name === 'SQLite'
      const second = isAlone ? undefined : await startServer(t, engine, { place, outboundAllowances: [loopback] })
      const nodes = [vault, ...(second === undefined ? [] : [second.vault])]
      const apis = [api, ...(second === undefined ? [] : [new Api(second.url, api.key)])]
      const other = await otherAccount()
      const ofOther = `/v3/secrets/${ok(await other.post('/v3/secrets', { name: 'B', value: 'two' })).id}`
      for (const node of apis) assert.equal(await readA(node), 'one')

      await withdraw(nodes)
      for (const node of apis) {
        // At once, so that they come into one batch.
        const [mine, theirs] = await Promise.all([node.get(ofA), other.get(ofOther)])
        closed(mine)
        assert.equal(ok(theirs).value, 'two')
        closed(await node.put(ofA, { value: 'three' }))
        closed(await node.post('/v3/secrets', { name: 'C', value: 'four' }))
        closed(await node.put(path, { provider: `transit:${node.url}/transit/other`, credentials: { token: 't' } }))
        closed(await node.delete(path))
        // What needs no key goes on.
        for (const more of ['/v3/secrets', '/v3/keys', '/v3/audit', '/v3/account', '/v3/lists'])
          ok(await node.get(more))
        const { open, closed_for: why, closed_at: at } = ok(await node.get(path))
        assert.deepEqual([open, why, typeof at], [false, 'denied', 'string'])
      }
      assert.deepEqual(vault.customerKeys.states(), [{ accountId: 1, closedFor: 'denied' }])
      assert.match(await scrape(), /strongroom_account_key_up\{account="1"\} 0/)
      await giveBack(nodes)
      for (const node of apis) assert.equal(await readA(node), 'one')
      const found = await recorded('customer_key.')
      assert.deepEqual(
        found.filter((one) => /close|open/.test(one)),
        ['customer_key.close ok', 'customer_key.open ok'],
      )
      assert.ok((await recorded('secret.')).includes('secret.read account_key_unavailable'))
      assert.ok((await recorded('secret.')).includes('secret.create account_key_unavailable'))
      assert.deepEqual(await accountState(vault, 1), [])
      for await (const { fault, differences } of verifyAudit(vault, { state: true })) {
        assert.deepEqual([fault, differences], [undefined, []])
      }
    })

    test('is sealed within the master key: nothing of it, or of what the provider is shown, is in the store or an answer', async (t) => {
      const { api, place, input, readA, withdraw, set } = await setUp(t, engine)
      const [row] = await query(place, 'select * from account_keys where account_id = 1')
      assert.match(String(row?.['guard']), /^[0-9a-f]{32}$/)
      const all = JSON.stringify([await query(place, 'select * from customer_keys'), set, await api.get(path)])
      assert.ok(!all.includes(input.credentials.token))
      assert.ok(!all.includes(JSON.stringify([...Buffer.from(input.credentials.token)]).slice(1, -1)))
      // An earlier row of the same key opens nothing, once there is a guard.
      await withdraw()
      await query(place, `update account_keys set guard = '' where account_id = 1`)
      assert.notEqual((await api.get('/v3/secrets/1')).status, 200)
      await query(place, 'update account_keys set guard = ? where account_id = 1', String(row?.['guard']))
      await query(place, 'delete from customer_keys')
      assert.notEqual((await api.get('/v3/secrets/1')).status, 200)
      await assert.rejects(readA)
    })

    test('is refused when a column of its row, or the row itself, was exchanged with another account', async (t) => {
      const { api, vault, place, input, otherAccount } = await setUp(t, engine)
      const other = await otherAccount()
      ok(await other.put(path, { ...input, credentials: { role_id: 'role', secret_id: 'good-secret-id' } }))
      const [mine, theirs] = await query(place, 'select * from customer_keys order by account_id')
      assert.ok(mine && theirs)
      for (const column of Object.keys(mine).filter((name) => name !== 'account_id')) {
        const value = column === 'provider' ? 'transit:https://evil.example.com/transit/a' : (theirs[column] ?? 1)
        await query(place, `update customer_keys set ${column} = ? where account_id = 1`, value)
        assert.equal((await api.get(path)).status, 500, column)
        assert.equal((await api.put(path, input)).status, 500, column)
        await vault.customerKeys.look(0)
        assert.notEqual((await api.get('/v3/secrets/1')).status, 200, column)
        await query(place, `update customer_keys set ${column} = ? where account_id = 1`, mine[column] ?? null)
        await vault.customerKeys.look(0)
        assert.equal((await api.get('/v3/secrets/1')).status, 200, column)
      }
      ok(await other.get(path))
    })

    test('is changed while it is used: another key, other credentials even while it is closed, and none again', async (t) => {
      const { api, transit, input, readA, withdraw, ofA, vault, place } = await setUp(t, engine)
      const keyRow = async () => JSON.stringify(await query(place, 'select * from account_keys where account_id = 1'))
      const first = await keyRow()
      ok(await api.put(path, { provider: input.provider }))
      assert.notEqual(await keyRow(), first)
      await withdraw()
      closed(await api.get(ofA))
      // Another token, of the same key.
      transit.tokens.set('next-token', 3600)
      ok(await api.put(path, { ...input, credentials: { token: 'next-token' } }))
      assert.equal(await readA(), 'one')
      ok(await api.put(path, { ...input, credentials: { role_id: 'role', secret_id: 'good-secret-id' } }))
      assert.equal(await readA(), 'one')

      ok(await api.delete(path))
      ok(await api.delete(path))
      assert.equal((await api.get(path)).status, 404)
      assert.match(await keyRow(), /"guard":""/)
      transit.key = undefined
      await vault.customerKeys.look(0)
      assert.equal(await readA(), 'one')
      ok(await api.put(ofA, { value: 'two' }))
      assert.deepEqual(await accountState(vault, 1), [])
    })

    test('holds what waits to be opened as well: an answer that was wrapped before opens with it alone, and once', async (t) => {
      const { api, url, vault, place, withdraw, giveBack } = await setUp(t, engine, { isVaultApiServed: true })
      const wrapped = ok(await api.get('/v1/secret/data/A', { 'x-vault-wrap-ttl': '60s' }))
      const { token } = wrapped.wrap_info
      const unwrap = () => new Api(url, token).post('/v1/sys/wrapping/unwrap', undefined)
      // Neither by the operator, who has the master key.
      const [row] = await query(place, 'select * from wrappings')
      const bytes = row?.['sealed']
      assert.ok(bytes instanceof Uint8Array)
      const at = { accountId: 1, uid: String(row?.['uid']), path: String(row?.['path']) }
      assert.match(vault.keyring.openWrapped(at, bytes)?.toString() ?? '', /one/)
      await withdraw()
      assert.throws(() => vault.keyring.openWrapped(at, bytes), { code: 'account_key_unavailable' })
      assert.equal((await unwrap()).status, 403)
      await giveBack()
      ok(await unwrap())
      assert.equal((await unwrap()).status, 400)
    })

    test('replaced or taken away after an answer was wrapped ends it, plainly: it is no tampering', async (t) => {
      const { api, url, place, input } = await setUp(t, engine, { isVaultApiServed: true })
      const wrap = async (): Promise<string> =>
        ok(await api.get('/v1/secret/data/A', { 'x-vault-wrap-ttl': '60s' })).wrap_info.token
      const unwrap = (token: string) => new Api(url, token).post('/v1/sys/wrapping/unwrap', undefined)
      const unopened = async (token: string) => {
        const { status, body } = await unwrap(token)
        assert.deepEqual([status, body.errors], [400, ['wrapping token is not valid or does not exist']])
      }
      const before = await wrap()
      ok(await api.put(path, input))
      await unopened(before)
      const last = await wrap()
      await api.delete(path)
      await unopened(last)

      const { records } = (await api.get('/v3/audit?action=wrapping.open')).body
      assert.deepEqual(
        records.map((one: { outcome: string }) => one.outcome),
        ['not_found', 'not_found'],
      )
      assert.deepEqual((await api.get('/v3/audit?outcome=integrity_failure')).body.records, [])

      // What was tampered with is told all the same.
      ok(await api.put(path, input))
      const changed = await wrap()
      await query(place, 'update wrappings set sealed = (select sealed from wrappings order by id limit 1)')
      assert.equal((await unwrap(changed)).status, 500)
    })

    test('set or withdrawn while an answer is wrapped holds it as it is then: whoever has the token opens it', async (t) => {
      const { api, url, vault, place, input, withdraw, giveBack } = await setUp(t, engine, { isVaultApiServed: true })
      const { store } = vault
      const submit = store.submit.bind(store)
      /** Wraps an answer, while something else comes between its sealing and its row. */
      const wrapWhile = async (change: () => Promise<Answer>) => {
        const wrapping = t.mock.method(store, 'submit', async (...asked: Parameters<typeof submit>) => {
          if (asked[0].operation.kind === 'wrap_answer') {
            wrapping.mock.restore()
            const { status, text } = await change()
            assert.ok(status < 300, text)
          }
          return submit(...asked)
        })
        return ok(await api.get('/v1/secret/data/A', { 'x-vault-wrap-ttl': '60s' })).wrap_info.token
      }
      const unwrap = (token: string) => new Api(url, token).post('/v1/sys/wrapping/unwrap', undefined)

      // Another one, none any more, and one again.
      ok(await unwrap(await wrapWhile(() => api.put(path, input))))
      ok(await unwrap(await wrapWhile(() => api.delete(path))))
      const token = await wrapWhile(() => api.put(path, input))
      const [row] = await query(place, 'select * from wrappings where opened_ms is null')
      const bytes = row?.['sealed']
      assert.ok(bytes instanceof Uint8Array)
      const at = { accountId: 1, uid: String(row?.['uid']), path: String(row?.['path']) }
      await withdraw()
      assert.throws(() => vault.keyring.openWrapped(at, bytes), { code: 'account_key_unavailable' })
      await giveBack()
      ok(await unwrap(token))
      assert.deepEqual((await api.get('/v3/audit?outcome=integrity_failure')).body.records, [])
    })

    test('is named by owners alone, who have just said who they are, and is one that is safe to name', async (t) => {
      const clock = { now: Date.now() }
      const transit = await startTransit(t)
      const server = await startWithOwner(t, engine, { now: () => clock.now, outboundAllowances: [loopback] })
      const { api, owner, invite } = server
      transit.tokens.set('planted-token', 3600)
      const input = {
        provider: `transit:${transit.origin}/transit/strongroom`,
        credentials: { token: 'planted-token' },
      }
      const key = await server.withScopes('account:manage:*')
      const admin = await invite('admin')
      for (const one of [key, admin.person]) {
        assert.equal((await one.send('PUT', path, input)).status, 403)
        assert.equal((await one.send('DELETE', path)).status, 403)
        assert.equal((await one.send('GET', path)).status, 404)
      }
      clock.now += 16 * 60_000
      assert.equal((await owner.send('PUT', path, input)).body.code, 'confirmation_required')
      assert.equal((await owner.send('DELETE', path)).body.code, 'confirmation_required')
      // Nothing was reached on behalf of somebody who may not.
      assert.deepEqual(transit.asked, [])

      const { credentials } = input
      const refused = async (provider: string, more: object = { credentials }) => {
        const { status, body, text } = await api.put(path, { provider, ...more })
        assert.equal(status, 400, text)
        return body.message as string
      }
      for (const provider of [
        ...['file:/etc/passwd', 'env:HOME', 'command:/bin/true', 'tpm2:x', 'pkcs11:token=a', 'awskms:alias/a', 'x'],
        `transit:${transit.origin}/transit/strongroom?token-file=/etc/passwd`,
        `transit:${transit.origin}/transit/strongroom?ca-file=/etc/passwd`,
        'awskms:alias/a?region=evil.example.com/x',
        'transit:https://user:pass@bao.example.com/transit/a',
      ]) {
        assert.match(await refused(provider), /^provider: Must/, provider)
      }
      assert.match(await refused(input.provider, {}), /^credentials: Are required/)
      for (const bad of [{}, { token: '' }, { role_id: 'a' }, { token: 'a', role_id: 'b', secret_id: 'c' }]) {
        assert.match(await refused(input.provider, { credentials: bad }), /^credentials: Must have token/)
      }
      assert.match(await refused('awskms:alias/a?region=eu-central-1'), /^credentials: Must have access_key_id/)
      assert.match(await refused(input.provider, { credentials: { token: 'unknown' } }), /refuses \(403\)/)
      assert.equal((await api.get(path)).status, 404)
      ok(await api.put(path, input))
    })

    test('is kept with nobody inside the network: the provider is reached as webhooks are', async (t) => {
      const transit = await startTransit(t)
      transit.tokens.set('planted-token', 3600)
      const { api } = await startServer(t, engine)
      const provider = `transit:${transit.origin}/transit/strongroom`
      const { status, body } = await api.put(path, { provider, credentials: { token: 'planted-token' } })
      assert.deepEqual(
        [status, body.message],
        [400, 'provider: The server cannot be reached, or may not be from here.'],
      )
      assert.deepEqual(transit.asked, [])
    })

    test('goes through rotations of the account and master key, and through a copy, closed or not', async (t) => {
      const { api, vault, place, readA, withdraw, giveBack, ofA, stop } = await setUp(t, engine)
      const rotated = ok(await api.post('/v3/account/rotate-key', { version: 2 }))
      assert.deepEqual([rotated.version, rotated.rotating], [2, false])
      assert.equal(await readA(), 'one')
      await withdraw()
      closed(await api.post('/v3/account/rotate-key', { version: 3 }))
      await rotateMasterKey(testConfig(place), host, () => {})
      assert.equal(await rewrapAccountKeys(vault, host), 0)
      closed(await api.get(ofA))
      await giveBack()
      assert.equal(await readA(), 'one')
      await withdraw()
      await stop()

      const to = await engines[0]?.makePlace()
      assert.ok(to)
      t.after(() => to.clear())
      const config = testConfig(place, { outboundAllowances: [loopback] })
      const proof = await transfer(config, place, to, () => {})
      assert.equal(proof.opened, 0)
      assert.deepEqual(
        proof.closed.map(({ account }) => account),
        ['default'],
      )
    })
  })
}
