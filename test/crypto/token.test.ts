/** API keys as text: random, recognisable, and refused when mistyped. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { generateToken, isToken, tokenLength, tokenOf } from '../../src/crypto/token.ts'
import { fc } from '../support/fast-check.ts'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const vectors = JSON.parse(readFileSync(join(import.meta.dirname, '../vectors/tokens.json'), 'utf8')) as {
  random: string
  token: string
}[]

/** Bit by bit, from the definition (IEEE 802.3, reflected), not from zlib. */
function crc32(text: string): number {
  let crc = 0xffffffff
  for (const byte of Buffer.from(text)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}

/** Long division by hand, digit by digit from the right. */
function base62(bytes: Uint8Array, length: number): string {
  let rest = [...bytes]
  let text = ''
  for (let count = 0; count < length; count++) {
    let remainder = 0
    rest = rest.map((byte) => {
      const value = remainder * 256 + byte
      remainder = value % 62
      return Math.floor(value / 62)
    })
    text = `${digits[remainder]}${text}`
  }
  return text
}

function independent(random: Uint8Array): string {
  const body = base62(random, 43)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return `sr_${body}${base62(sum, 6)}`
}

suite('An API key', () => {
  test('is made of its random bytes as the vectors and an independent implementation say', () => {
    assert.ok(vectors.length >= 4)
    for (const { random, token } of vectors) {
      assert.equal(tokenOf(Buffer.from(random, 'hex')), token)
      assert.equal(independent(Buffer.from(random, 'hex')), token)
      assert.equal(isToken(token), true)
    }
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (random) => {
        assert.equal(tokenOf(random), independent(random))
      }),
    )
  })

  test('with any one character changed, or two exchanged, is refused', () => {
    const token = generateToken()
    for (let at = 3; at < token.length; at++) {
      for (const digit of digits) {
        if (digit === token[at]) continue
        assert.equal(isToken(token.slice(0, at) + digit + token.slice(at + 1)), false)
      }
      const [a, b] = [token[at] ?? '', token[at + 1] ?? '']
      if (a !== b && b !== '') assert.equal(isToken(token.slice(0, at) + b + a + token.slice(at + 2)), false)
    }
  })

  test('of another form is refused', () => {
    const token = generateToken()
    const others = [
      '',
      'sr_',
      token.slice(1),
      `${token}0`,
      token.slice(0, -1),
      token.toUpperCase(),
      ` ${token}`,
      `${token}\n`,
    ]
    for (const text of [...others, token.replace('sr_', 'sk_'), `sr_${'-'.repeat(49)}`, 'x'.repeat(52)]) {
      assert.equal(isToken(text), false, text)
    }
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => !isToken(text)))
  })

  test('is always of one length, and never the same twice', () => {
    const tokens = Array.from({ length: 2000 }, generateToken)
    assert.equal(new Set(tokens).size, tokens.length)
    for (const token of tokens) {
      assert.equal(token.length, tokenLength)
      assert.match(token, /^sr_[0-9A-Za-z]{49}$/)
    }
  })
})
