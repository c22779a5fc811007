/** Codes of authenticator apps, by the published vectors. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { base32, newTotpSecret, stepAt, stepOfCode, totpCode } from '../../src/crypto/totp.ts'

const secret = Buffer.from('12345678901234567890')

suite('TOTP', () => {
  // RFC 6238, appendix B, SHA-1: eight digits, of which the apps show the last six.
  const vectors = [
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ] as const
  for (const [seconds, code] of vectors) {
    test(`is ${code.slice(2)} at ${seconds}`, () => {
      assert.equal(totpCode(secret, stepAt(seconds * 1000)), code.slice(2))
    })
  }

  // RFC 4226, appendix D.
  test('counts as HOTP does', () => {
    const codes = ['755224', '287082', '359152', '969429', '338314', '254676', '287922', '162583', '399871', '520489']
    assert.deepEqual(
      codes.map((_, count) => totpCode(secret, count)),
      codes,
    )
  })

  test('takes the code of this step, of the one before and of the one after, each once', () => {
    const now = 1_234_567_890_000
    const step = stepAt(now)
    const codeAt = (offset: number) => totpCode(secret, step + offset)

    assert.deepEqual(
      [-2, -1, 0, 1, 2].map((offset) => stepOfCode(secret, codeAt(offset), now, 0)),
      [undefined, step - 1, step, step + 1, undefined],
    )
    assert.equal(stepOfCode(secret, codeAt(0), now, step), undefined)
    assert.equal(stepOfCode(secret, codeAt(-1), now, step), undefined)
    assert.equal(stepOfCode(secret, codeAt(1), now, step), step + 1)
    for (const wrong of ['', '12345', '1234567', 'abcdef', `${codeAt(0)} `]) {
      assert.equal(stepOfCode(secret, wrong, now, 0), undefined)
    }
  })

  // RFC 4648, section 10, without padding.
  test('has its secret in base32', () => {
    const vectors = { f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB', foobar: 'MZXW6YTBOI' }
    for (const [text, encoded] of Object.entries(vectors)) assert.equal(base32(Buffer.from(text)), encoded)
    assert.match(base32(newTotpSecret()), /^[A-Z2-7]{32}$/)
  })
})
