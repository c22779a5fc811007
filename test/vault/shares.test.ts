/** A store whose root key people have: opened by their shares, and shared anew beside a server. */
import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import type { Shares } from '../../src/crypto/providers/shares.ts'
import { parseRootKeyUrl } from '../../src/crypto/providers/urls.ts'
import { openServerVault, openVault, recordAll } from '../../src/open.ts'
import {
  addRootKey,
  beginStore,
  checkRootKeys,
  keepRootKeys,
  removeRootKey,
  rotateMasterKey,
} from '../../src/root-keys.ts'
import { engines, type Place } from '../support/engines.ts'
import { startServer, testConfig } from '../support/server.ts'

const host = { name: 'tester', requestId: 'test' }

/** As the settings of another process would have it: nothing is there yet. */
function shamir(url: string) {
  const source = parseRootKeyUrl(url, {})
  if (typeof source === 'string' || source.kind !== 'shamir') assert.fail('It is none.')
  return source
}

function give(shares: Shares, texts: readonly (string | undefined)[]): void {
  for (const text of texts) shares.give(Buffer.from(text ?? assert.fail()), 'host')
}

/** The settings of a command whose user is asked for shares, and has these. */
function asked(place: Place, url: string, texts: readonly (string | undefined)[]) {
  const source = shamir(url)
  let times = 0
  source.shares.askWith(async (shares) => {
    times++
    give(shares, texts)
  })
  return { config: testConfig(place, { rootKeys: [source] }), times: () => times }
}

const states = async (config: ReturnType<typeof testConfig>) =>
  (await checkRootKeys(config)).findings.map(({ state }) => state)

for (const engine of engines) {
  suite(`${engine.name}: shares of a root key`, { skip: engine.skip }, () => {
    test('replace another root key, open what they are given to, and are shared anew beside a server', async (t) => {
      const { place, api } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const { shares, name } = await addRootKey(testConfig(place), shamir('shamir:2/3'), host)
      assert.equal(shares.length, 3)
      assert.match(name, /^shamir:2\/3-[0-9a-f]{16}$/)
      const first = asked(place, 'shamir:2/3', shares.slice(1))
      assert.deepEqual(await states(first.config), ['opens'])
      await keepRootKeys(first.config, host)
      // Once for the whole command.
      assert.equal(first.times(), 1)
      await assert.rejects(openVault(testConfig(place)), new RegExp(`does not open this store.*${name}`))
      await assert.rejects(openVault(testConfig(place, { rootKeys: [shamir('shamir:2/3')] })), { code: 'sealed' })
      // The settings say other shares than the store has.
      await assert.rejects(openVault(testConfig(place, { rootKeys: [shamir('shamir:3/5')] })), {
        code: 'integrity_failure',
      })

      const rotated = await rotateMasterKey(asked(place, 'shamir:2/3', shares).config, host)
      assert.deepEqual([rotated.version, rotated.resumed], [2, false])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'v')

      // The same numbers again: somebody has left.
      const anew = await addRootKey(asked(place, 'shamir:2/3', shares).config, shamir('shamir:2/3'), host)
      assert.deepEqual(await states(asked(place, 'shamir:2/3', shares).config), ['opens'])
      assert.deepEqual(await states(asked(place, 'shamir:2/3', anew.shares).config), ['opens'])
      await assert.rejects(keepRootKeys(asked(place, 'shamir:2/3', shares).config, host), {
        code: 'invalid',
        message: new RegExp(`${name} opens the store, and ${anew.name} is newer`),
      })
      await keepRootKeys(asked(place, 'shamir:2/3', anew.shares).config, host)
      await assert.rejects(
        states(asked(place, 'shamir:2/3', shares).config),
        /a share of another set, \w{8}\. The store is opened by the set/,
      )
      // One whose shares nobody has seen is taken away by its name.
      const lost = await addRootKey(asked(place, 'shamir:2/3', anew.shares).config, shamir('shamir:2/2'), host)
      await removeRootKey(asked(place, 'shamir:2/3', anew.shares).config, lost.name, host)
      const { findings, others } = await checkRootKeys(asked(place, 'shamir:2/3', anew.shares).config)
      assert.deepEqual([findings.map((one) => one.name), others], [[anew.name], []])
    })

    test('are waited for by a server, which opens when the last one comes', async (t) => {
      const { place, shares, close } = await sharedStore(t)
      await close()
      const source = shamir('shamir:3/5')
      const told: string[] = []
      const opening = openServerVault(testConfig(place, { rootKeys: [source] }), {
        onSealed: (reason) => {
          told.push(reason)
          // As it waits: the last one ends that.
          if (told.length === 1) setImmediate(() => give(source.shares, shares.slice(2)))
        },
      })
      const { vault, close: closeAgain } = await opening
      t.after(closeAgain)

      assert.deepEqual(told, ['No root key can be used now. shamir:3/5: 3 of its 5 shares open it, and 0 are here.'])
      await recordAll(vault, 'store.backup', host)
      assert.deepEqual(
        (await vault.findRootKeys()).map(({ state }) => state),
        ['opens'],
      )
    })

    test('begin a new store, beside a server that waits for it; in place of another one they do not', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const source = shamir('shamir:2/3')
      const file = testConfig(place).rootKeys
      const settings = () => testConfig(place, { rootKeys: [...file, shamir('shamir:2/3')] })
      const told: string[] = []
      const made = Promise.withResolvers<Awaited<ReturnType<typeof beginStore>>>()
      const opening = openServerVault(testConfig(place, { rootKeys: [source] }), {
        onSealed: (reason) => {
          told.push(reason)
          if (told.length === 1) made.resolve(beginStore(settings()))
          if (/0 are here/.test(reason))
            setImmediate(() => made.promise.then(({ shares }) => give(source.shares, shares.slice(1))))
        },
      })
      const { shares, name } = await made.promise
      const { vault, close } = await opening
      t.after(close)

      assert.match(told[0] ?? '', /^There is no store in .* yet, .*"strongroom root-key init"/)
      assert.match(name, /^shamir:2\/3-[0-9a-f]{16}$/)
      assert.equal(shares.length, 3)
      assert.deepEqual(await vault.store.accounts(), [])
      // With the file beside them, as the settings of who made it said.
      assert.deepEqual(await states(testConfig(place, { rootKeys: file })), ['opens'])
      await assert.rejects(beginStore(settings()), { code: 'name_taken', message: /There is a store in .* already/ })
      assert.deepEqual(await states(asked(place, 'shamir:2/3', shares).config), ['opens'])
      await assert.rejects(beginStore(testConfig(place)), { code: 'invalid', message: /names no shamir:/ })
    })

    async function sharedStore(t: TestContext) {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const { close } = await openServerVault(testConfig(place))
      const { shares } = await addRootKey(testConfig(place), shamir('shamir:3/5'), host)
      return { place, shares, close }
    }
  })
}
