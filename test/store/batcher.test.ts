/** The batcher: what arrives together goes together, in order, and everybody gets their own answer. */
import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { suite, test } from 'node:test'
import { Refusal } from '../../src/errors.ts'
import { Batcher, Crowded, type Lane } from '../../src/store/batcher.ts'
import type { Outcome, Request } from '../../src/store/operation.ts'
import { fc } from '../support/fast-check.ts'

const one = { name: 'all', inFlight: 1, deciding: 1 }

/** An engine that records its batches, and ends each when told to. */
function makeEngine(inFlight = 1, maxWaitMs?: number) {
  const batches: string[][] = []
  const ends: { resolve: () => void; reject: (error: unknown) => void }[] = []
  const running = { now: 0, most: 0 }
  const batcher = new Batcher({
    laneOf: () => ({ name: 'all', inFlight, deciding: inFlight }),
    ...(maxWaitMs === undefined ? {} : { maxWaitMs }),
    run: async (requests) => {
      batches.push(requests.map(({ requestId }) => requestId))
      running.most = Math.max(running.most, ++running.now)
      try {
        await new Promise<void>((resolve, reject) => ends.push({ resolve, reject }))
      } finally {
        running.now--
      }
      return requests.map(({ requestId }) => outcomeOf(requestId))
    },
  })
  return { batcher, batches, ends, running }
}

/** An engine whose batches are decided, and end, when told to. */
function makeDeciding(lane: Lane | ((requestId: string) => Lane)) {
  const batches: string[] = []
  const ends: (() => void)[] = []
  const decided: (() => void)[] = []
  const batcher = new Batcher({
    laneOf: ({ requestId }) => (typeof lane === 'function' ? lane(requestId) : lane),
    run: async (requests, _since, _lane, onDecided) => {
      batches.push(requests.map(({ requestId }) => requestId).join(''))
      decided.push(onDecided)
      await new Promise<void>((resolve) => ends.push(resolve))
      return requests.map(({ requestId }) => outcomeOf(requestId))
    },
  })
  return { batcher, batches, ends, decided }
}

const requestOf = (requestId: string): Request => ({
  caller: { kind: 'system', accountId: 1 },
  requestId,
  address: '',
  operation: { kind: 'read_secret', id: 1 },
})
const outcomeOf = (message: string): Outcome => ({ kind: 'refused', code: 'not_found', message })
/** Waits as long as the batcher counts it. */
const until = async (ms: number) => {
  const end = performance.now() + ms
  while (performance.now() <= end) await turn()
}
const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)))

suite('The batcher', () => {
  for (const code of ['audit_unavailable', 'outcome_unknown'] as const) {
    test(`lets go of who waited long behind a batch that ended with ${code}, and of nobody else`, async () => {
      const { batcher, batches, ends } = makeEngine(1, 200)
      const stuck = assert.rejects(batcher.submit(requestOf('stuck')), { code })
      await turn()
      const early = assert.rejects(batcher.submit(requestOf('early')), { code: 'audit_unavailable' })
      await until(250)
      const late = batcher.submit(requestOf('late'))

      ends[0]?.reject(new Refusal(code, 'The store does not answer.'))

      await turn()
      ends[1]?.resolve()
      await Promise.all([stuck, early])
      assert.deepEqual(await late, outcomeOf('late'))
      assert.deepEqual(batches, [['stuck'], ['late']])
      await batcher.idle()
    })
  }

  test('puts no more work into a batch than many small requests are, however few requests that is', async () => {
    const { batcher, batches, ends } = makeEngine()
    const heavy = (requestId: string): Request => ({
      ...requestOf(requestId),
      operation: { kind: 'read_secrets', refs: Array.from({ length: 100 }, (_, at) => at + 1) },
    })
    const all = [
      ...['a', 'b', 'c', 'd', 'e'].map((name) => batcher.submit(heavy(name))),
      batcher.submit(requestOf('small')),
    ]
    for (let at = 0; at < 3; at++) {
      await turn()
      ends[at]?.resolve()
    }
    await Promise.all(all)

    assert.deepEqual(batches, [
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'small'],
    ])
  })

  test('lets go of nobody behind a batch that was refused for what it holds, however long they waited', async () => {
    const { batcher, ends } = makeEngine(1, 0)
    const refused = assert.rejects(batcher.submit(requestOf('refused')), { code: 'invalid' })
    await turn()
    const waiting = batcher.submit(requestOf('waiting'))
    await until(20)

    ends[0]?.reject(new Refusal('invalid', 'The request is wrong.'))

    await refused
    await turn()
    ends[1]?.resolve()
    assert.deepEqual(await waiting, outcomeOf('waiting'))
  })

  test('sends at once what arrives in one turn, and everything since with the next', async () => {
    const { batcher, batches, ends } = makeEngine()

    const first = ['a', 'b'].map((id) => batcher.submit(requestOf(id)))
    await turn()
    const second = ['c', 'd', 'e'].map((id) => batcher.submit(requestOf(id)))
    await turn()
    assert.deepEqual(batches, [['a', 'b']])
    ends[0]?.resolve()
    assert.deepEqual(await Promise.all(first), ['a', 'b'].map(outcomeOf))
    await turn()

    assert.deepEqual(batches, [
      ['a', 'b'],
      ['c', 'd', 'e'],
    ])
    ends[1]?.resolve()
    assert.deepEqual(await Promise.all(second), ['c', 'd', 'e'].map(outcomeOf))
  })

  test('gives everybody their own answer, in batches of a bounded size, whatever arrives when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 3 }),
        async (waves, inFlight) => {
          const { batcher, batches, ends, running } = makeEngine(inFlight)
          let count = 0
          const answers: Promise<Outcome>[] = []
          for (const size of waves) {
            for (let at = 0; at < size; at++) answers.push(batcher.submit(requestOf(String(count++))))
            await turn()
            ends.shift()?.resolve()
          }
          const idle = batcher.idle()
          while (running.now > 0 || ends.length > 0) {
            ends.shift()?.resolve()
            await turn()
          }
          // Before what is waited for: that would never come of a batcher that lost count.
          assert.ok(batches.every((batch) => batch.length <= 256) && running.most <= inFlight)
          assert.deepEqual(
            batches.flat(),
            Array.from({ length: count }, (_, at) => String(at)),
          )
          await idle
          assert.deepEqual(
            await Promise.all(answers),
            Array.from({ length: count }, (_, at) => outcomeOf(String(at))),
          )
        },
      ),
      { numRuns: 40 },
    )
  })

  test('refuses a whole batch whose engine failed, and goes on with the next', async () => {
    const { batcher, ends } = makeEngine()
    const failed = Promise.allSettled(['a', 'b'].map((id) => batcher.submit(requestOf(id))))
    await turn()
    ends[0]?.reject(new Refusal('audit_unavailable', 'no'))

    for (const result of await failed)
      assert.equal(result.status === 'rejected' && result.reason.code, 'audit_unavailable')
    const next = batcher.submit(requestOf('c'))
    await turn()
    ends[1]?.resolve()
    assert.deepEqual(await next, outcomeOf('c'))
  })

  test('finds the one request that its engine does not take, and refuses nobody else', async () => {
    const { batcher, batches, ends } = makeEngine()

    const all = Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((id) => batcher.submit(requestOf(id))))
    await turn()
    const seen = () => batches.at(-1) ?? []
    for (let at = 0; at < batches.length; at++) {
      if (seen().includes('d')) ends[at]?.reject(new Refusal('invalid', 'no'))
      else ends[at]?.resolve()
      await turn()
    }

    const settled = await all
    assert.deepEqual(
      settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.code)),
      [outcomeOf('a'), outcomeOf('b'), outcomeOf('c'), 'invalid', outcomeOf('e')],
    )
    assert.deepEqual(batches.flat().filter((id) => id === 'a').length, 2)
    await batcher.idle()
  })

  test('tells everybody who waits for it that it is idle', async () => {
    const { batcher, ends } = makeEngine()
    const answer = batcher.submit(requestOf('a'))
    const waiting = [batcher.idle(), batcher.idle()]
    await turn()

    ends[0]?.resolve()
    await answer
    await turn()

    const told = await Promise.all(waiting.map((idle) => Promise.race([idle.then(() => true), turn()])))
    assert.deepEqual(told, [true, true])
    await batcher.idle()
  })

  test('knows at any time what has no answer yet, and since when the first of a batch waits', async () => {
    const sinces: number[] = []
    const ends: (() => void)[] = []
    const batcher = new Batcher({
      laneOf: () => one,
      run: async (requests, waitingSince) => {
        sinces.push(waitingSince)
        await new Promise<void>((resolve) => ends.push(resolve))
        return requests.map(({ requestId }) => outcomeOf(requestId))
      },
    })
    const before = performance.now()
    const first = ['a', 'b'].map((id) => batcher.submit(requestOf(id)))
    await turn()
    const between = performance.now()
    const second = ['c', 'd', 'e'].map((id) => batcher.submit(requestOf(id)))

    const asked = performance.now()
    const { oldestMs, ...counts } = batcher.backlog
    assert.deepEqual(counts, { waiting: 3, sent: 2 })
    assert.ok(asked - between <= oldestMs + 1 && oldestMs <= performance.now() - before)
    ends[0]?.()
    await Promise.all(first)
    await turn()
    const { oldestMs: nextMs, ...nextCounts } = batcher.backlog
    assert.deepEqual(nextCounts, { waiting: 0, sent: 3 })
    assert.ok(nextMs <= performance.now() - between + 1)
    ends[1]?.()
    await Promise.all(second)
    await batcher.idle()
    assert.deepEqual(batcher.backlog, { waiting: 0, sent: 0, oldestMs: 0 })
    const [since = 0, next = 0] = sinces
    assert.ok(before <= since && since <= between && between <= next)
  })

  test('lets a batch go beside one that is decided, which goes once as many wait as are on their way', async () => {
    const { batcher, batches, ends, decided } = makeDeciding({ name: 'all', inFlight: 3, deciding: 1 })
    const all = ['a', 'b', 'c', 'd'].map((id) => batcher.submit(requestOf(id)))
    await turn()
    const others = ['e', 'f', 'g'].map((id) => batcher.submit(requestOf(id)))
    await turn()
    assert.deepEqual(batches, ['abcd'], 'One is undecided.')
    decided[0]?.()
    await turn()
    assert.deepEqual(batches, ['abcd'], 'Three wait, and four are on their way.')
    others.push(batcher.submit(requestOf('h')))
    await turn()
    assert.deepEqual(batches, ['abcd', 'efgh'])
    decided[1]?.()
    const last = batcher.submit(requestOf('i'))
    await turn()
    assert.equal(batches.length, 2)
    ends[0]?.()
    ends[1]?.()
    await Promise.all([...all, ...others])
    await turn()
    assert.deepEqual(batches, ['abcd', 'efgh', 'i'], 'Nothing else is on its way.')
    ends[2]?.()
    await last
    await batcher.idle()
  })

  test('lets lanes go by themselves', async () => {
    const { batcher, batches, ends } = makeDeciding((id) => ({ name: id.slice(0, 1), inFlight: 1, deciding: 1 }))
    const all = ['a1', 'b1', 'a2', 'b2'].map((id) => batcher.submit(requestOf(id)))
    await turn()
    assert.deepEqual(batches, ['a1a2', 'b1b2'])
    all.push(batcher.submit(requestOf('a3')))
    ends[1]?.()
    await turn()
    assert.deepEqual(batches, ['a1a2', 'b1b2'], 'The other lane is busy.')
    ends[0]?.()
    await turn()
    ends[2]?.()
    await Promise.all(all)
    assert.deepEqual(batches, ['a1a2', 'b1b2', 'a3'])
  })

  test('lets those of a crowded batch go by themselves, and whoever comes to them, until nobody is there', async () => {
    const lane = (isApart: boolean) => (request: Request) => ({
      name: isApart ? request.requestId.slice(0, 1) : 'all',
      ...{ inFlight: 1, deciding: 1, isApart },
    })
    const batches: string[] = []
    const ends = new Map<string, () => void>()
    let isCrowded = true
    const batcher = new Batcher({
      laneOf: lane(false),
      apartOf: lane(true),
      run: async (requests, _since, { name, isApart }) => {
        const ids = requests.map(({ requestId }) => requestId).join('')
        batches.push(`${name}: ${ids}`)
        if (!isApart && isCrowded) throw new Crowded()
        await new Promise<void>((resolve) => ends.set(name, resolve))
        return requests.map(({ requestId }) => outcomeOf(requestId))
      },
    })
    const first = ['a1', 'b1', 'a2'].map((id) => batcher.submit(requestOf(id)))
    await turn()
    await turn()
    assert.deepEqual(batches, ['all: a1b1a2', 'a: a1a2', 'b: b1'])
    isCrowded = false
    ends.get('b')?.()
    assert.deepEqual(await first[1], outcomeOf('b1'))
    await turn()

    const second = ['a3', 'b2'].map((id) => batcher.submit(requestOf(id)))
    await turn()
    assert.deepEqual(batches.slice(3), ['all: b2'], 'Somebody of the first is still there.')
    ends.get('all')?.()
    ends.get('a')?.()
    await turn()
    assert.deepEqual(batches.slice(4), ['a: a3'])
    ends.get('a')?.()
    await Promise.all([...first, ...second])
    await batcher.idle()
    const third = batcher.submit(requestOf('a4'))
    await turn()
    assert.deepEqual(batches.slice(5), ['all: a4'])
    ends.get('all')?.()
    await third
  })

  test('leaves nobody without an answer when the engine gives too few', async () => {
    const batcher = new Batcher({ laneOf: () => one, run: async () => [outcomeOf('a')] })

    const results = await Promise.allSettled(['a', 'b'].map((id) => batcher.submit(requestOf(id))))

    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    )
  })

  test('refuses more than it could answer in time, at once', async () => {
    const { batcher } = makeEngine()
    for (let at = 0; at < 20_000; at++) void batcher.submit(requestOf('x'))

    await assert.rejects(
      batcher.submit(requestOf('y')),
      (error: unknown) => error instanceof Refusal && error.code === 'overloaded',
    )
  })
})
