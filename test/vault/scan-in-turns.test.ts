/** Whoever makes the server look at very much keeps nobody from being answered meanwhile: by the order of what happens. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { listKeys } from '../../src/vault/keys.ts'
import { allOf, everything } from '../../src/vault/pages.ts'
import { listSecrets } from '../../src/vault/secret-listing.ts'
import type { Asker } from '../../src/vault/vault.ts'
import { engines } from '../support/engines.ts'
import { startServer, type TestServer } from '../support/server.ts'

const askerOf = ({ vault, api }: TestServer): Asker => ({
  caller: { kind: 'token', hash: vault.keyring.tokenHash(api.key) },
  requestId: 'test',
  address: '127.0.0.1',
})

/** Counts the turns that others have: between an answer of the store and the end of what is done with it. */
function turns() {
  let isOver = false
  let count = 0
  const next = () => {
    if (isOver) return
    count++
    setImmediate(next)
  }
  return {
    begin: () => {
      count = 0
      setImmediate(next)
    },
    end: () => {
      isOver = true
      return count
    },
  }
}

for (const engine of engines) {
  suite(`${engine.name}: while one request looks at very many rows`, { skip: engine.skip }, () => {
    test('others have their turn between the names of a listing', async (t) => {
      const server = await startServer(t, engine)
      const { vault, api } = server
      for (let made = 0; made < 650; made += 65) {
        const names = Array.from({ length: 65 }, (_, at) => `${'a'.repeat(200)}${made + at}`)
        await Promise.all(names.map((name) => api.post('/v3/secrets', { name, value: 'v' })))
      }
      const others = turns()
      const store = new Proxy(vault.store, {
        get(target, name) {
          if (name !== 'secretPages') return Reflect.get(target, name).bind(target)
          return async function* (...given: Parameters<typeof target.secretPages>) {
            // All at once, so that no turn is counted that others have while the store is asked for more.
            const pages = await Array.fromAsync(target.secretPages(...given))
            const last = pages.at(-1) ?? assert.fail()
            others.begin()
            yield { ...last, secrets: pages.flatMap(({ secrets }) => secrets) }
          }
        },
      })
      const name = `*${'a'.repeat(120)}*`

      const { pages } = await listSecrets({ ...vault, store }, askerOf(server), { name }, () => undefined)
      const found: unknown[] = []
      for await (const page of pages) found.push(...page)
      const had = others.end()

      assert.equal(found.length, 650)
      assert.ok(had >= 6, `Others had ${had} turns.`)
    })

    test('others have their turn between the keys of a listing', async (t) => {
      const server = await startServer(t, engine)
      const { vault, api } = server
      for (let made = 0; made < 420; made += 60) {
        const scopes = ['secrets:list']
        await Promise.all(Array.from({ length: 60 }, () => api.post('/v3/keys', { name: 'job', scopes })))
      }
      const others = turns()
      const store = new Proxy(vault.store, {
        get(target, name) {
          if (name !== 'rowsOf') return Reflect.get(target, name).bind(target)
          return async (...given: Parameters<typeof target.rowsOf>) => {
            const page = await target.rowsOf(...given)
            others.begin()
            return page
          }
        },
      })

      const found = await allOf(await listKeys({ ...vault, store }, askerOf(server), everything))
      const had = others.end()

      assert.equal(found.length, 421)
      assert.ok(had >= 4, `Others had ${had} turns.`)
    })
  })
}
