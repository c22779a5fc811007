/** What somebody made ends with them, however much it is: in parts, and nothing of it is left. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { keyListing } from '../../src/store/listings.ts'
import { verifyAudit } from '../../src/vault/audit.ts'
import { createKey, revokeKey, revokeOwnKey } from '../../src/vault/keys.ts'
import { createMachine } from '../../src/vault/machines.ts'
import { everyRow } from '../../src/vault/pages.ts'
import { deleteUser } from '../../src/vault/users.ts'
import { type Asker, authenticate } from '../../src/vault/vault.ts'
import { engines } from '../support/engines.ts'
import { host, startWithOwner } from '../support/portal-account.ts'
import { watched } from '../support/watched.ts'

const scopes = ['secrets:list', 'secrets:read', 'keys:manage', 'account:manage']
/** More than go in two parts. */
const many = 230

for (const engine of engines) {
  suite(`${engine.name}: very much that somebody made`, { skip: engine.skip }, () => {
    const start = async (t: TestContext) => {
      const server = await startWithOwner(t, engine)
      const { vault } = server
      const make = async (asker: Asker, name = 'k') => {
        const identity = await authenticate(vault, asker)
        const { key, token = '' } = await createKey(vault, asker, identity, {
          ...{ name, scopes, networks: [], expiresAt: null },
        })
        return { id: key.id, asker: askerOf(vault.keyring.tokenHash(token)) }
      }
      const fill = (asker: Asker, count: number) => Promise.all(Array.from({ length: count }, () => make(asker)))
      const living = async () => {
        const keys = await Array.fromAsync(everyRow(vault, 1, keyListing))
        return keys.filter(({ revokedAt }) => revokedAt === null).map(({ name }) => name)
      }
      return { ...server, make, fill, living }
    }

    const askerOf = (hash: string): Asker => ({ ...host, caller: { kind: 'token', hash } })

    test('ends in parts with its maker, with what is made meanwhile', async (t) => {
      const { vault, make, fill, living } = await start(t)
      const root = await make(host, 'root')
      const child = await make(root.asker, 'child')
      await fill(child.asker, many)
      await make(host, 'other')
      const identity = await authenticate(vault, child.asker)
      const machine = { name: 'm', addresses: ['10.0.0.7'], scopes: ['secrets:list'] }
      await createMachine(vault, child.asker, identity, machine)
      const seen = watched(vault, 'revoke_key', () => make(root.asker, 'late'))

      const { made } = await revokeKey(seen.vault, host, root.id, true)

      assert.deepEqual((await living()).sort(), ['first key', 'other'].sort())
      assert.deepEqual([made.keys.length, made.machines.length], [many + 2, 1])
      const parts = seen.kinds.filter((kind) => kind === 'end_made_part').length
      assert.ok(parts >= 4, seen.kinds.join(' '))
      const [verdict] = await Array.fromAsync(verifyAudit(vault, { state: true }))
      assert.deepEqual([verdict?.fault, verdict?.differences], [undefined, []])
    })

    test('ends with a key that ends itself, and with a user', async (t) => {
      const { vault, make, fill, living, invite } = await start(t)
      const root = await make(host, 'root')
      await fill(root.asker, many)
      const { made } = await revokeOwnKey(vault, root.asker, true)
      assert.equal(made.keys.length, many)

      const admin = await invite('admin')
      const { body } = await admin.person.post('/v3/keys', { name: 'theirs', scopes })
      await fill(askerOf(vault.keyring.tokenHash(body.api_key)), many)
      const gone = await deleteUser(vault, host, admin.id, true)

      assert.equal(gone.keys.length, many + 1)
      assert.deepEqual(await living(), ['first key'])
    })

    test('goes on whoever asks for its end without the right to', async (t) => {
      const { vault, make, fill, living } = await start(t)
      const root = await make(host, 'root')
      await fill(root.asker, many)
      const identity = await authenticate(vault, host)
      const input = { name: 'weak', scopes: ['secrets:list'], networks: [], expiresAt: null }
      const { token = '' } = await createKey(vault, host, identity, input)
      const weak = askerOf(vault.keyring.tokenHash(token))

      await assert.rejects(revokeKey(vault, weak, root.id, true), { code: 'forbidden' })

      assert.equal((await living()).length, many + 3)
    })

    test('is ended as what it is: what another made is left alone, whoever names it', async (t) => {
      const { vault, make, living } = await start(t)
      const root = await make(host, 'root')
      const other = await make(host, 'other')
      const theirs = await make(other.asker, 'theirs')

      const outcome = await vault.store.submit<'end_made_part'>({
        ...{ caller: host.caller, requestId: 'test', address: 'host' },
        operation: {
          kind: 'end_made_part',
          ...{ maker: { kind: 'key', id: root.id }, isSelf: false, keys: [theirs.id, other.id, root.id], machines: [] },
        },
      })

      assert.equal(outcome.kind, 'done')
      assert.deepEqual((await living()).sort(), ['first key', 'other', 'root', 'theirs'].sort())
    })
  })
}
