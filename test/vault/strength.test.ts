/** Judging a password takes long: nobody else waits for it. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { checkPassword } from '../../src/vault/passwords.ts'
import { judgedParts } from '../../src/vault/strength.ts'

const costly = Array.from({ length: 256 }, (_, at) => String.fromCharCode(33 + ((at * 7919) % 94))).join('')
const weak = { code: 'weak_password' }

suite('While a password is judged', () => {
  test('others have their turn', async () => {
    let isJudged = false
    let turns = 0
    const next = () => {
      if (isJudged) return
      turns++
      setImmediate(next)
    }
    // What starts the thread is behind us.
    await checkPassword('seven orange tractors sing', [])
    setImmediate(next)

    await checkPassword(costly, ['ada@example.com'])
    isJudged = true

    assert.ok(turns >= 20, `Others had ${turns} turns.`)
  })

  test('those who wait are told apart, and too many are put off', async () => {
    const passwords = Array.from({ length: 100 }, (_, at) =>
      at % 2 === 0 ? 'password12' : `plum ${at} anvil tiger moth`,
    )

    const judged = await Promise.allSettled(passwords.map((password) => checkPassword(password, [])))

    const codes = judged.map((one) => (one.status === 'rejected' ? one.reason.code : 'strong'))
    assert.deepEqual(
      codes,
      passwords.map((_, at) => (at >= 64 ? 'overloaded' : at % 2 === 0 ? 'weak_password' : 'strong')),
    )
    await checkPassword('plum 1 anvil tiger moth', [])
  })
})

suite('Of a long password', () => {
  test('the beginning and the end are looked at, and no more', () => {
    assert.deepEqual(judgedParts('a'.repeat(64)), ['a'.repeat(64)])
    assert.deepEqual(judgedParts(`${'a'.repeat(100)}${'b'.repeat(100)}`), ['a'.repeat(64), 'b'.repeat(64)])
  })

  test('one hard part is enough, and none is not', async () => {
    await checkPassword(`${'a'.repeat(192)}plum anvil tiger moth gravel`, [])
    await assert.rejects(checkPassword('a'.repeat(256), []), weak)
    await assert.rejects(checkPassword('password'.repeat(32), []), weak)
  })

  test('what a person is called makes it weaker', async () => {
    await checkPassword('grace hopperwood', [])
    await assert.rejects(checkPassword('grace hopperwood', ['grace hopperwood']), weak)
  })
})
