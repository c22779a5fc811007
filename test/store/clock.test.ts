/** The database's clock on a node: whatever the node's own shows. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Refusal } from '../../src/errors.ts'
import { DatabaseClock } from '../../src/store/clock.ts'
import { type Condition, Conditions } from '../../src/store/conditions.ts'

const start = Date.UTC(2026, 0, 1)

/** @param away how far this host's clock is ahead */
function setUp(away: number) {
  const host = { now: start + away, count: 7_000 }
  const conditions = new Conditions()
  const told: (Condition | undefined)[] = []
  conditions.onChange((_name, condition) => told.push(condition))
  const clock = new DatabaseClock(
    conditions,
    () => host.now,
    () => host.count,
  )
  return { host, conditions, told, clock }
}

suite('The clock of the database', () => {
  for (const away of [-600_000, 600_000]) {
    test(`goes on as it was read, on a host whose clock is ${away / 1000} seconds away and is set meanwhile`, () => {
      const { host, clock, told } = setUp(away)

      const read = clock.read(start)
      host.count += 2_500
      host.now += 99_999_999

      assert.equal(read, start)
      assert.equal(clock.now(), start + 2_500)
      assert.equal(clock.skewMs, away)
      assert.match(
        told[0]?.detail ?? '',
        new RegExp(`600 seconds ${away > 0 ? 'ahead of' : 'behind'} that of the database`),
      )
      assert.equal(told[0]?.isRefusing, false)
    })
  }

  test('is told of once while it is away, and once when it is not any more', () => {
    const { host, clock, told, conditions } = setUp(6_000)
    clock.read(start)
    host.now += 60_000
    clock.read(start)
    assert.equal(told.length, 1)
    assert.match(conditions.all[0]?.detail ?? '', /66 seconds/)

    host.now = start + 4_999
    clock.read(start)

    assert.deepEqual([told.length, told[1], conditions.all], [2, undefined, []])
  })

  test('decides nothing where the two are an hour apart, and does again when they are not', () => {
    for (const away of [3_600_000, -3_600_000]) {
      const { host, clock, told } = setUp(away)

      assert.throws(
        () => clock.read(start),
        (error) => error instanceof Refusal && error.code === 'audit_unavailable',
      )

      assert.equal(told[0]?.isRefusing, true)
      host.now = start
      assert.equal(clock.read(start), start)
      assert.equal(told[1], undefined)
    }
  })

  test('is not guessed before it was read', () => {
    assert.throws(() => setUp(0).clock.now())
  })
})
