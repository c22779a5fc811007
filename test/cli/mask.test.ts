/** Hiding values in what flows by: whatever is cut where, no value is seen, and nothing else is changed. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { Mask, patternsOf } from '../../src/cli/mask.ts'
import { fc } from '../support/fast-check.ts'

async function masked(pieces: readonly Buffer[], values: readonly string[]): Promise<string> {
  const mask = new Mask(patternsOf(values.map((value) => Buffer.from(value))))
  return (await buffer(Readable.from(pieces, { objectMode: true }).pipe(mask))).toString()
}

function bytewise(text: string): Buffer[] {
  return [...Buffer.from(text)].map((byte) => Buffer.from([byte]))
}

suite('A mask', () => {
  test('hides a value that comes byte by byte', async () => {
    assert.equal(await masked(bytewise('a s3cur3 b s3cur s3cur3'), ['s3cur3']), 'a *** b s3cur ***')
  })

  test('hides each line of a value, however it is indented or ended', async () => {
    const key = '-----BEGIN KEY-----\nMIIEvQ==\n-----END KEY-----\n'
    const text = `  ${key.replaceAll('\n', '\r\n  ')}`
    const out = await masked(bytewise(text), [key])
    assert.doesNotMatch(out, /MIIEvQ|BEGIN|END/)
    assert.equal(await masked([Buffer.from(`x${key}y`)], [key]), 'x***y')
  })

  test('hides the forms that JSON, a URL and base64 give to a value', async () => {
    const value = 'pass "word"/ü'
    const forms = [JSON.stringify(value), encodeURIComponent(value), Buffer.from(value).toString('base64')]
    for (const form of forms) assert.match(await masked(bytewise(`<${form}>`), [value]), /^<"?\*\*\*"?>$/)
  })

  test('hides values that overlap, or begin with each other', async () => {
    assert.equal(await masked(bytewise('abcdefgh'), ['abcdef', 'defgh']), '***')
    assert.equal(await masked(bytewise('abcdefgh'), ['abcd', 'abcdefgh']), '***')
    assert.equal(await masked(bytewise('abcdefgX'), ['abcd', 'abcdefgh']), '***efgX')
    assert.equal(await masked(bytewise('aaaaaaab'), ['aaaab']), 'aaa***')
  })

  test('lets everything else through as it is, invalid UTF-8 too', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x73, 0x33, 0xc3])
    const mask = new Mask(patternsOf([Buffer.from('s3cur3')]))
    assert.deepEqual(await buffer(Readable.from([bytes]).pipe(mask)), bytes)
    assert.equal(await masked([Buffer.from('abc')], ['', 'a', 'abc']), 'abc')
  })

  test('writes what is clear at once, and holds back only what may be a value', async () => {
    const mask = new Mask(patternsOf([Buffer.from('s3cur3')]))
    mask.write('Name: s3c')
    assert.equal(String(mask.read()), 'Name: ')
    mask.write('ret')
    assert.equal(String(mask.read()), 's3cret')
  })

  test('gives the same for every way to cut a text', async () => {
    const letter = fc.constantFrom('a', 'b', 'c', '\n')
    const value = fc.string({ unit: letter, minLength: 4, maxLength: 9 })
    const property = fc.asyncProperty(
      fc.array(value, { minLength: 1, maxLength: 3 }),
      fc.string({ unit: letter, maxLength: 60 }),
      fc.array(fc.nat(60), { maxLength: 8 }),
      async (values, text, cuts) => {
        const at = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length]
        const pieces = at.slice(1).map((end, index) => Buffer.from(text.slice(at[index], end)))
        const whole = await masked([Buffer.from(text)], values)
        assert.equal(await masked(pieces, values), whole)
        for (const one of values) assert.equal(whole.includes(one), false)
      },
    )
    await fc.assert(property, { numRuns: 300 })
  })
})
