/** What lets machines read is held to what each of them may read, however many there are. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { createMachine, deleteMachine, updateSettings } from '../../src/vault/machines.ts'
import { type Asker, authenticate, type Vault } from '../../src/vault/vault.ts'
import { engines } from '../support/engines.ts'
import { host } from '../support/portal-account.ts'
import { startServer } from '../support/server.ts'

for (const engine of engines) {
  suite(`${engine.name}: letting machines read`, { skip: engine.skip }, () => {
    const start = async (t: TestContext) => {
      const { vault, api } = await startServer(t, engine)
      const identity = await authenticate(vault, host)
      let made = 0
      const register = (...scopes: readonly string[]) => {
        const address = `10.0.${made >> 8}.${made % 256}`
        return createMachine(vault, host, identity, { name: `m-${made++}`, addresses: [address], scopes })
      }
      const askerWith = async (...scopes: readonly string[]): Promise<Asker> => {
        const { body } = await api.post('/v3/keys', { name: 'manager', scopes: ['account:manage', ...scopes] })
        return { ...host, caller: { kind: 'token', hash: vault.keyring.tokenHash(body.api_key) } }
      }
      return { vault, register, askerWith }
    }

    /** Counts what is read of the machines, and does something the first time. */
    const watched = (vault: Vault, onRead: () => Promise<unknown> = async () => {}) => {
      let read = 0
      const store = new Proxy(vault.store, {
        get(target, name) {
          if (name !== 'rowsOf') return Reflect.get(target, name).bind(target)
          return async (...given: Parameters<typeof target.rowsOf>) => {
            const page = await target.rowsOf(...given)
            read += page.length
            if (read === page.length) await onRead()
            return page
          }
        },
      })
      return { vault: { ...vault, store }, read: () => read }
    }

    test('looks at none of them for whoever may read everything from anywhere', async (t) => {
      const { vault, register, askerWith } = await start(t)
      await register('secrets:read:db-*')
      const asker = await askerWith('secrets:list', 'secrets:read')
      const seen = watched(vault)

      const settings = await updateSettings(seen.vault, asker, { vmAuth: true })

      assert.equal(settings.vmAuth, true)
      assert.equal(seen.read(), 0)
    })

    test('looks at each of them for whoever may read some names', async (t) => {
      const { vault, register, askerWith } = await start(t)
      for (let at = 0; at < 3; at++) await register(`secrets:read:web-${at}`)
      const asker = await askerWith('secrets:read:web-*')
      const seen = watched(vault)

      const settings = await updateSettings(seen.vault, asker, { vmAuth: true })

      assert.equal(settings.vmAuth, true)
      assert.equal(seen.read(), 3)
      await updateSettings(vault, host, { vmAuth: false })
      await register('secrets:read:db-1')
      await assert.rejects(updateSettings(vault, asker, { vmAuth: true }), { code: 'forbidden' })
    })

    test('holds one to it that is registered while the others are looked at', async (t) => {
      const { vault, register, askerWith } = await start(t)
      await register('secrets:read:web-1')
      const asker = await askerWith('secrets:read:web-*')
      const { vault: slow } = watched(vault, () => register('secrets:read:db-1'))

      await assert.rejects(updateSettings(slow, asker, { vmAuth: true }), { code: 'forbidden' })
    })

    test('forgets one that is deleted while the others are looked at', async (t) => {
      const { vault, register, askerWith } = await start(t)
      const { result } = await register('secrets:read:db-1')
      const asker = await askerWith('secrets:read:web-*')
      const { vault: slow } = watched(vault, () => deleteMachine(vault, host, result.id))

      assert.equal((await updateSettings(slow, asker, { vmAuth: true })).vmAuth, true)
    })
  })
}
