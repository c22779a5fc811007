/** Replacing the root key: at every moment some root key opens the store, and in the end only the new one. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { chance, rounds } from '../support/chance.ts'
import { environment, runBeside, runCommand, startChild, startCommand } from '../support/child.ts'
import { query } from '../support/database.ts'
import { engines } from '../support/engines.ts'
import { underLoad } from '../support/load.ts'
import { main } from '../support/main.ts'

const times = rounds(2, 50)

for (const engine of engines) {
  suite(`${engine.name}: strongroom rewrap`, { skip: engine.skip }, () => {
    test('goes from the old root key to both to the new one, while the server runs', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const next = join(place.dataDir, 'next.key')
      const withNext = { STRONGROOM_ROOT_KEY_FILE: next }
      const isOpenedBy = (env: Record<string, string>) => runCommand(place, ['account', 'list'], env).code === 0
      const server = await startChild(t, place)
      const api = server.api(server.firstKey ?? '')
      await api.post('/v3/secrets', { name: 'db', value: 'v' })

      const added = runCommand(place, ['rewrap', '--to', next])
      assert.equal(added.code, 0, added.stderr)
      assert.equal(statSync(next).mode & 0o777, 0o600)
      assert.deepEqual([isOpenedBy({}), isOpenedBy(withNext)], [true, true])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'v')

      const finished = runCommand(place, ['rewrap', '--finish'], withNext)
      assert.equal(finished.code, 0, finished.stderr)
      assert.deepEqual([isOpenedBy({}), isOpenedBy(withNext)], [false, true])
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'v')
      const { body } = await api.get('/v3/audit?limit=10')
      const actions = body.records.map(({ action }: { action: string }) => action)
      assert.deepEqual(
        actions.filter((action: string) => action.startsWith('root_key')),
        ['root_key.drop', 'root_key.add'],
      )
      await server.end('SIGTERM')

      const again = await startChild(t, place, { env: withNext })
      assert.equal((await again.api(api.key).get('/v3/secrets/1')).body.value, 'v')
      await again.end('SIGTERM')
      const meta = await query(place, 'select name from meta order by name')
      assert.deepEqual(
        meta.map(({ name }) => name),
        ['canary', 'master_key', 'row_format', 'store_id'],
      )
    })

    test('may be killed at any point of either step, which leaves a root key that opens the store, and no request fails', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      const next = join(place.dataDir, 'next.key')
      const withNext = { STRONGROOM_ROOT_KEY_FILE: next }
      const isOpenedBy = async (env: Record<string, string>) =>
        (await runBeside(place, ['account', 'list'], env)).code === 0
      const server = await startChild(t, place)
      const api = server.api(server.firstKey ?? '')
      await api.post('/v3/secrets', { name: 'db', value: 'v' })

      await underLoad(api, 1, async () => {
        const random = chance(t)
        const began = performance.now()
        assert.equal(await isOpenedBy({}), true)
        const took = performance.now() - began
        const kill = async (parameters: string[], env: Record<string, string>) => {
          const killed = startCommand(place, parameters, 'ignore', env)
          const gone = once(killed, 'exit')
          await setTimeout(took * (0.3 + random()))
          killed.kill('SIGKILL')
          await gone
        }
        for (let round = 0; round < times; round++) {
          await kill(['rewrap', '--to', next], {})
          assert.equal(await isOpenedBy({}), true)
        }
        assert.equal((await runBeside(place, ['rewrap', '--to', next])).code, 0)
        for (let round = 0; round < times; round++) {
          await kill(['rewrap', '--finish'], withNext)
          assert.equal(await isOpenedBy(withNext), true)
        }
        assert.equal((await runBeside(place, ['rewrap', '--finish'], withNext)).code, 0)
        // One more beside it, and away again.
        const third = { STRONGROOM_ROOT_KEY_FILE: join(place.dataDir, 'third.key') }
        for (let round = 0; round < times; round++) {
          await kill(['rewrap', '--add', `file:${third.STRONGROOM_ROOT_KEY_FILE}`], withNext)
          assert.equal(await isOpenedBy(withNext), true)
        }
        assert.equal(
          (await runBeside(place, ['rewrap', '--add', `file:${third.STRONGROOM_ROOT_KEY_FILE}`], withNext)).code,
          0,
        )
        assert.equal(await isOpenedBy(third), true)
        for (let round = 0; round < times; round++) {
          await kill(['rewrap', '--remove', `file:${third.STRONGROOM_ROOT_KEY_FILE}`], withNext)
          assert.equal(await isOpenedBy(withNext), true)
        }
        await runBeside(place, ['rewrap', '--remove', `file:${third.STRONGROOM_ROOT_KEY_FILE}`], withNext)
        assert.equal(await isOpenedBy(third), false)
      })

      assert.deepEqual([await isOpenedBy({}), await isOpenedBy(withNext)], [false, true])
      await server.end('SIGTERM')
      const again = await startChild(t, place, { env: withNext })
      assert.equal((await again.api(api.key).get('/v3/secrets/1')).body.value, 'v')
      await again.end('SIGTERM')
    })

    test('may be killed at any point of sharing a root key, and of sharing it anew', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      await (await startChild(t, place)).end('SIGTERM')
      const random = chance(t)
      const urls = (url: string) => ({ STRONGROOM_ROOT_KEY_URLS: url })
      const given = (parameters: readonly string[], url: string, shares: readonly string[]) =>
        spawnSync(process.execPath, [main, ...parameters], {
          ...{ env: { ...environment(place), ...(url === '' ? {} : urls(url)) }, encoding: 'utf8' },
          input: shares.join('\n'),
        })
      const sharesOf = (url: string, old: readonly string[], to: string): readonly string[] => {
        const made = given(['rewrap', '--to', to, '--json'], url, old)
        assert.equal(made.status, 0, made.stderr)
        return JSON.parse(made.stdout).shares
      }
      const began = performance.now()
      assert.equal(given(['account', 'list'], '', []).status, 0)
      const took = performance.now() - began
      const kill = async (parameters: readonly string[], url: string, shares: readonly string[]) => {
        const killed = spawn(process.execPath, [main, ...parameters], {
          ...{ env: { ...environment(place), ...(url === '' ? {} : urls(url)) }, stdio: ['pipe', 'ignore', 'ignore'] },
        })
        const gone = once(killed, 'exit')
        killed.stdin.on('error', () => {})
        killed.stdin.end(shares.join('\n'))
        await setTimeout(took * (0.3 + random()))
        killed.kill('SIGKILL')
        await gone
      }
      // Those that were shown to nobody stay until the end: at most three of the five.
      const rounds = Math.min(times, 3)
      let [url, shares]: [string, readonly string[]] = ['', []]
      for (const next of ['shamir:2/3', 'shamir:3/5']) {
        for (let round = 0; round < rounds; round++) {
          await kill(['rewrap', '--to', next], url, shares)
          assert.equal(given(['account', 'list'], url, shares).status, 0)
        }
        const anew = sharesOf(url, shares, next)
        for (let round = 0; round < rounds; round++) {
          await kill(['rewrap', '--finish'], next, anew)
          assert.equal(given(['account', 'list'], next, anew).status, 0)
        }
        assert.equal(given(['rewrap', '--finish'], next, anew).status, 0)
        assert.equal(given(['account', 'list'], next, anew).status, 0)
        assert.equal(given(['account', 'list'], url, shares).status, 1)
        ;[url, shares] = [next, anew]
      }
      const found = JSON.parse(given(['root-key', 'check', '--shares', '--json'], url, shares).stdout)
      assert.deepEqual([found.root_keys[0].state, found.not_in_settings], ['opens', []])
    })

    test('finished with the old root key stays with it, and the new one opens nothing', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      await (await startChild(t, place)).end('SIGTERM')
      const next = join(place.dataDir, 'next.key')
      runCommand(place, ['rewrap', '--to', next])

      assert.equal(runCommand(place, ['rewrap', '--finish']).code, 0)
      assert.equal(runCommand(place, ['rewrap', '--finish']).code, 0)

      assert.equal(runCommand(place, ['account', 'list']).code, 0)
      assert.equal(runCommand(place, ['account', 'list'], { STRONGROOM_ROOT_KEY_FILE: next }).code, 1)
    })

    test('does nothing without the root key of the store, or without being told what', async (t) => {
      const place = await engine.makePlace()
      t.after(() => place.clear())
      await (await startChild(t, place)).end('SIGTERM')
      const before = await query(place, 'select * from meta order by name')
      const wrong = { STRONGROOM_ROOT_KEY: Buffer.alloc(32, 7).toString('base64url') }

      for (const parameters of [['--to', join(place.dataDir, 'x')], ['--finish']]) {
        assert.match(runCommand(place, ['rewrap', ...parameters], wrong).stderr, /does not open this store/)
      }
      for (const parameters of [[], ['--finish', '--to', 'x'], ['--master', '--finish']]) {
        assert.match(
          runCommand(place, ['rewrap', ...parameters]).stderr,
          /one of --to URL, --add URL, --remove URL, --finish and --master/,
        )
      }

      assert.deepEqual(await query(place, 'select * from meta order by name'), before)
    })
  })
}
