/** One reader of times: every day of the calendar is taken, and no other, whoever asks. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { timeOf } from '../../src/cli/input.ts'
import { Fault } from '../../src/cli/output.ts'
import { parseTime } from '../../src/model/time.ts'
import { fc } from '../support/fast-check.ts'

const two = (part: number) => String(part).padStart(2, '0')

/** As people have it by heart. */
function lengthOf(year: number, month: number): number {
  if ([4, 6, 9, 11].includes(month)) return 30
  if (month !== 2) return month >= 1 && month <= 12 ? 31 : 0
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
}

suite('A time', () => {
  test('is of a day that is in the calendar, and stays that day', () => {
    const parts = [fc.nat(9999), fc.nat(14), fc.nat(33)] as const
    fc.assert(
      fc.property(...parts, (year, month, day) => {
        const text = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
        const isDay = day >= 1 && day <= lengthOf(year, month)
        for (const one of [text, `${text}T12:00:00Z`, `${text}T12:00Z`]) {
          const read = parseTime(one)
          assert.equal(read !== undefined, isDay, one)
          if (read !== undefined) assert.equal(new Date(read).toISOString().slice(0, 10), text)
        }
      }),
      { numRuns: 2000 },
    )
  })

  for (const text of [
    ...['2027-02-30', '2027-04-31', '2027-02-29', '2100-02-29T00:00:00Z', '2027-13-01', '2027-00-10', '2027-01-00'],
    ...['2027-01-01T24:00:00Z', '2027-01-01T23:60:00Z', '2027-01-01T23:59:60Z', '2027-01-01T00:00:00+24:00'],
    ...['9999-12-31T23:59:59-01:00', '0000-01-01T00:00:00+01:00', '2027-1-1', '2027-01-01T00:00:00', '01/02/2027', ''],
  ]) {
    test(`is not ${text || 'empty'}, for the command either`, () => {
      assert.equal(parseTime(text), undefined)
      assert.throws(() => timeOf('--expires', text), Fault)
    })
  }
})
