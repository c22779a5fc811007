/** What memory a server takes that nobody asks for anything. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { collectOnceIdle } from '../../src/cli/host/once-idle.ts'
import { startChild } from '../support/child.ts'
import { engines } from '../support/engines.ts'

/** Far less than what a start takes, and far more than what comes and goes by itself. */
const leastBytes = 6e6
const waitMs = 30_000

test('What a start took is given back once hardly anything is asked, and nobody waits', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const looks = [
    { busy: 0.9, waiting: 0 },
    { busy: 0.2, waiting: 0 },
    { busy: 0, waiting: 1 },
    { busy: 0.01, waiting: 0 },
    { busy: 0, waiting: 0 },
  ]
  let at = -1
  const collected: number[] = []
  const store = {
    backlog: () => ({ waiting: looks[++at]?.waiting ?? 0, sent: 0, oldestMs: 0 }),
    collect: async () => void collected.push(at),
  }
  collectOnceIdle(store, assert.fail, () => looks[at]?.busy ?? 0)

  for (const _ of looks) t.mock.timers.tick(1000)

  assert.deepEqual(collected, [3])
})

test('What was compiled is kept however long nothing is asked: V8 does not reduce memory by itself', () => {
  assert.match(traceOfReducer(false), /Memory reducer: .*\n.*waiting for/)
  const trace = traceOfReducer(true)
  assert.match(trace, /Memory reducer: /)
  assert.doesNotMatch(trace, /waiting for|started GC/)
})

/** What V8 says of when it would reduce memory, in a program that fills its memory and then does nothing. */
function traceOfReducer(isKept: boolean): string {
  const onceIdle = new URL('../../src/cli/host/once-idle.ts', import.meta.url).href
  const store = '{ backlog: () => ({ waiting: 1, sent: 0 }), collect: async () => {} }'
  const script = `
    ${isKept ? `(await import('${onceIdle}')).collectOnceIdle(${store}, () => {})` : ''}
    const kept = []
    const timer = setInterval(() => {
      for (let at = 0; at < 200_000; at++) kept.push({ at })
      if (kept.length > 4_000_000) clearInterval(timer)
    })`
  const flags = ['--trace-memory-reducer', '--gc-memory-reducer-start-delay-ms=1', '--memory-reducer-delay-ms=1']
  const { stdout, status } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
  assert.equal(status, 0)
  return stdout
}

for (const engine of engines) {
  const skip = process.platform === 'linux' ? engine.skip : 'Reads /proc.'
  suite(`${engine.name}: an idle server`, { skip }, () => {
    test('gives back what its start took, and answers as before', async (t) => {
      const place = await engine.makeMigratedPlace()
      t.after(() => place.clear())
      const server = await startChild(t, place)
      const pid = server.process.pid ?? 0

      let most = residentBytes(pid)
      for (const until = Date.now() + waitMs; residentBytes(pid) > most - leastBytes; await setTimeout(50)) {
        most = Math.max(most, residentBytes(pid))
        assert.ok(Date.now() < until, 'It still has what the start took.')
      }

      const api = server.api(server.firstKey ?? '')
      assert.equal((await api.post('/v3/secrets', { name: 'a', value: 'b' })).status, 201)
      assert.equal((await api.get('/v3/secrets/1')).body.value, 'b')
    })
  })
}

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}
