/** Root keys of a store in use: changed beside a server, away at the start, and watched. */
import assert from 'node:assert/strict'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import type { RootFinding, RootState } from '../../src/crypto/master-key.ts'
import { createMetrics, showRootKey } from '../../src/http/metrics.ts'
import { createWaitingServer } from '../../src/http/waiting-server.ts'
import { openServerVault, openVault } from '../../src/open.ts'
import { addRootKey, checkRootKeys, keepRootKeys, removeRootKey } from '../../src/root-keys.ts'
import { Conditions } from '../../src/store/conditions.ts'
import { RootKeyWatch } from '../../src/vault/root-keys.ts'
import { engines, makeFolder } from '../support/engines.ts'
import { startServer, testConfig } from '../support/server.ts'

const host = { name: 'tester', requestId: 'test' }

/** A program that wraps by putting the context before what it is given, once a file is there. */
function makeProgram(t: TestContext) {
  const folder = makeFolder()
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const [path, switched] = [join(folder, 'program'), join(folder, 'on')]
  const body = `#!/bin/sh
[ -e "${switched}" ] || exit 1
read -r data
case "$1" in
  wrap) printf '%s %s' "$STRONGROOM_ROOT_KEY_CONTEXT" "$data" | base64 -w0 ;;
  unwrap) set -- $(printf %s "$data" | base64 -d); [ "$1" = "$STRONGROOM_ROOT_KEY_CONTEXT" ] || exit 3; echo "$2" ;;
esac
`
  writeFileSync(path, body)
  chmodSync(path, 0o700)
  return {
    source: { kind: 'command', path } as const,
    on: () => writeFileSync(switched, ''),
    off: () => rmSync(switched),
  }
}

for (const engine of engines) {
  suite(`${engine.name}: root keys`, { skip: engine.skip }, () => {
    test('are added, left out and taken away beside a server, which goes on', async (t) => {
      const program = makeProgram(t)
      program.on()
      const { api, place, vault } = await startServer(t, engine)
      await api.post('/v3/secrets', { name: 'db', value: 'v' })
      const [first] = testConfig(place).rootKeys
      assert.ok(first)
      const both = testConfig(place, { rootKeys: [first, program.source] })
      const alone = testConfig(place, { rootKeys: [program.source] })
      const states = async () => (await checkRootKeys(both)).findings.map(({ state }) => state)
      assert.deepEqual(await states(), ['opens', 'unused'])

      await addRootKey(testConfig(place), program.source, host)
      assert.deepEqual(await states(), ['opens', 'opens'])
      assert.deepEqual((await checkRootKeys(testConfig(place))).others, [`command:${program.source.path}`])
      const stale = await vault.store.keyring(() => assert.fail())

      await keepRootKeys(alone, host)
      assert.deepEqual(await states(), ['unused', 'opens'])
      await assert.rejects(openVault(testConfig(place)), /does not open this store.*What opens it: command:/)
      assert.equal(
        await vault.store.replaceMasterKeys(
          [{ ...(stale.masterKeys[0] ?? assert.fail()), wrapped: Buffer.of(1) }],
          stale.masterKeys,
        ),
        false,
      )
      assert.deepEqual(await states(), ['unused', 'opens'])

      await addRootKey(alone, first, host)
      await removeRootKey(both, program.source, host)
      assert.deepEqual(await states(), ['opens', 'unused'])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'v')
      const { body } = await api.get('/v3/audit?limit=20')
      const actions = body.records.map(({ action }: { action: string }) => action)
      assert.deepEqual(
        actions.filter((action: string) => action.startsWith('root_key')),
        ['root_key.drop', 'root_key.add', 'root_key.drop', 'root_key.add'],
      )
    })
  })
}

suite('Root keys', () => {
  test('that are away at the start are waited for, and open what they wrapped when they are back', async (t) => {
    const engine = engines.find(({ skip }) => skip === false) ?? engines[0]
    assert.ok(engine)
    const place = await engine.makePlace()
    t.after(() => place.clear())
    const program = makeProgram(t)
    const config = testConfig(place, { rootKeys: [program.source] })
    const told: string[] = []
    const open = (back: () => void) =>
      openServerVault(config, {
        onSealed: (reason) => {
          told.push(reason)
          back()
        },
      })

    // A new store, and then the same one.
    for (const _ of [1, 2]) {
      const { vault, close } = await open(program.on)
      assert.equal((await vault.findRootKeys())[0]?.state, 'opens')
      program.off()
      assert.equal((await vault.findRootKeys())[0]?.state, 'away')
      await close()
    }

    assert.equal(told.length, 2)
    for (const reason of told) assert.match(reason, /ended with 1/)
    await assert.rejects(openVault(config), { code: 'sealed' })
  })

  test('that are waited for are said in /readyz, and everything else is answered with sealed', async (t) => {
    let isSealed = false
    const app = await createWaitingServer({ isSealed: () => isSealed })
    t.after(() => app.close())
    const ask = async (url: string) => {
      const { statusCode, body } = await app.inject({ url })
      return [statusCode, JSON.parse(body).status, JSON.parse(body).code]
    }
    assert.deepEqual(await ask('/readyz'), [503, 'starting', undefined])

    isSealed = true

    assert.deepEqual(await ask('/readyz'), [503, 'sealed', undefined])
    assert.deepEqual(await ask('/healthz'), [200, 'ok', undefined])
    assert.deepEqual(await ask('/v3/secrets'), [503, 503, 'sealed'])
  })

  test('that fail once are not told of; twice they are, until they have answered twice', async () => {
    const conditions = new Conditions()
    const told: (string | undefined)[] = []
    conditions.onChange((_, now) => told.push(now?.detail))
    let states: readonly RootState[] = []
    const watch = new RootKeyWatch({
      findRootKeys: async () =>
        states.map((state, at): RootFinding => ({ shown: `file:/${at}`, name: '', state, detail: '', ms: 1 })),
      store: { conditions },
    })
    const lookAt = async (...next: RootState[]) => {
      states = next
      await watch.look()
      return conditions.all.map(({ detail, isRefusing }) => [detail, isRefusing])
    }

    assert.deepEqual(await lookAt('opens', 'opens'), [])
    assert.deepEqual(await lookAt('opens', 'away'), [])
    assert.deepEqual(await lookAt('opens', 'opens'), [])
    assert.deepEqual(await lookAt('opens', 'away'), [])
    const oneDown = [['file:/1 is denied. Another one opens the store.', false]]
    assert.deepEqual(await lookAt('opens', 'denied'), oneDown)
    await lookAt('wrong', 'opens')
    assert.match(
      String((await lookAt('wrong', 'away'))[0]),
      /file:\/0 is wrong\. file:\/1 is away\. No root key opens the store now/,
    )
    await lookAt('opens', 'opens')
    assert.deepEqual(await lookAt('opens', 'opens'), [])
    assert.deepEqual(told.length, 2)
    // People were not asked for theirs: that is as it should be, while another one opens.
    await lookAt('opens', 'locked')
    assert.deepEqual(await lookAt('opens', 'locked'), [])
    await lookAt('away', 'locked')
    assert.match(String((await lookAt('away', 'locked'))[0]), /file:\/1 is locked\. No root key opens the store now/)
    await lookAt('opens', 'locked')
    assert.deepEqual(await lookAt('opens', 'locked'), [])
  })

  test('are in the metrics by what the settings call them', async () => {
    const metrics = createMetrics()
    showRootKey(metrics.rootKeys, { shown: 'file:/a', state: 'opens', ms: 3 })
    showRootKey(metrics.rootKeys, { shown: 'command:/b', state: 'away', ms: 10_000 })
    showRootKey(metrics.rootKeys, { shown: 'shamir:3/5', state: 'locked', ms: 1 })

    const text = await metrics.registry.metrics()

    for (const line of [
      'strongroom_root_key_up{provider="file:/a"} 1',
      'strongroom_root_key_up{provider="command:/b"} 0',
      'strongroom_root_key_failures_total{provider="command:/b",reason="away"} 1',
      'strongroom_root_key_duration_seconds_count{provider="file:/a"} 1',
    ]) {
      assert.ok(text.includes(line), line)
    }
    assert.ok(!text.includes('shamir'))
  })
})
