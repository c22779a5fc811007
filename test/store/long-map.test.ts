/** A map that may be longer than memory is a map. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { LongMaps } from '../../src/store/long-map.ts'
import { fc } from '../support/fast-check.ts'

suite('A map that may be longer than memory', () => {
  test('answers as one in memory does, however little of it is there', () => {
    const step = fc.record({ map: fc.nat(1), name: fc.nat(40), value: fc.oneof(fc.nat(), fc.constant(null)) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 60 }), (steps, recent) => {
        const maps = new LongMaps(recent)
        try {
          const long = [maps.make<number | null>(), maps.make<number | null>()]
          const plain = [new Map<string, number | null>(), new Map<string, number | null>()]
          for (const { map, name, value } of steps) {
            long[map]?.set(`${name}`, value)
            plain[map]?.set(`${name}`, value)
            assert.equal(long[map]?.get(`${name}`), value)
          }
          plain.forEach((one, map) => {
            assert.deepEqual(new Map(long[map]?.entries()), one)
            for (let name = 0; name <= 40; name++) assert.equal(long[map]?.get(`${name}`), one.get(`${name}`))
          })
        } finally {
          maps.close()
        }
      }),
    )
  })

  test('fits into less memory than its entries take', () => {
    const module = join(import.meta.dirname, '..', '..', 'src', 'store', 'long-map.ts')
    const count = 150_000
    const text = `
      import { LongMaps } from ${JSON.stringify(module)}
      const map = new LongMaps().make()
      for (let at = 0; at < ${count}; at++) map.set('secret ' + at * 7919 % ${count}, { seq: at, text: 'x'.repeat(64) + at })
      let found = 0
      for (const _ of map.entries()) found++
      console.log(found)`

    const parameters = ['--max-old-space-size=24', '--input-type=module', '--eval', text]
    const found = execFileSync(process.execPath, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

    assert.equal(Number(found), count)
  })
})
