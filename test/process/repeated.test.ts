/** What a server does now and then: once at a time, and no more once it stops. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Repeated } from '../../src/cli/host/repeated.ts'

test('Work that takes longer than its interval is not begun a second time beside itself, and goes on after a failure', async () => {
  const repeated = new Repeated()
  const begun: PromiseWithResolvers<void>[] = []
  const ends: PromiseWithResolvers<void>[] = [Promise.withResolvers(), Promise.withResolvers(), Promise.withResolvers()]
  const errors: unknown[] = []
  let atOnce = 0
  const most: number[] = []
  for (const _ of ends) begun.push(Promise.withResolvers())
  let count = 0
  repeated.begin({
    everyMs: 1,
    work: async () => {
      const at = count++
      most.push(++atOnce)
      begun[at]?.resolve()
      await ends[at]?.promise.finally(() => atOnce--)
    },
    onError: (error) => errors.push(error),
  })
  let looks = 0
  const looked = Promise.withResolvers<void>()
  repeated.begin({
    everyMs: 1,
    work: async () => {
      if (++looks === 5) looked.resolve()
    },
    onError: fail,
  })

  await begun[0]?.promise
  await looked.promise
  assert.equal(count, 1)
  ends[0]?.reject(new Error('broken'))
  await begun[1]?.promise
  ends[1]?.resolve()
  await begun[2]?.promise
  const stopped = repeated.stop()
  ends[2]?.resolve()
  await stopped

  assert.equal(Math.max(...most), 1)
  assert.deepEqual(errors.map(String), ['Error: broken'])
})

test('Work that is on its way when the server stops hears so, is waited for, and what it fails with then is no news', async () => {
  const repeated = new Repeated()
  const told: string[] = []
  const heard = Promise.withResolvers<AbortSignal>()
  repeated.begin({
    everyMs: 60_000,
    work: async (signal) => {
      heard.resolve(signal)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      told.push('ended')
      throw new Error('The store is closed.')
    },
    onError: () => told.push('error'),
  })
  await heard.promise

  await repeated.stop()
  repeated.begin({ everyMs: 1, work: async () => void told.push('begun'), onError: fail })

  assert.deepEqual(told, ['ended'])
})

test('A stop waits for no work that hangs', async () => {
  const repeated = new Repeated()
  repeated.begin({ everyMs: 60_000, work: () => new Promise(() => {}), onError: fail })
  const waiting = setTimeout(30_000, 'waiting', { ref: false })
  assert.equal(await Promise.race([repeated.stop(), waiting]), undefined)
})

function fail(error: unknown): never {
  throw error
}
