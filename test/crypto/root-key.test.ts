/** Where the root key comes from, and what is refused as one. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { decodeRootKey, loadRootKey } from '../../src/crypto/root-key.ts'
import { Refusal } from '../../src/errors.ts'
import { makeFolder } from '../support/engines.ts'

const good = randomBytes(32).toString('base64url')

suite('A root key', () => {
  test('is 32 bytes in base64url, padded or not, and nothing else', () => {
    for (const text of [good, `${good}=`, ` ${good}\n`]) {
      assert.deepEqual(decodeRootKey(text, 'test').export(), Buffer.from(good, 'base64url'))
    }
    for (const text of [
      '',
      'x',
      good.slice(1),
      `${good}AA`,
      `${good.slice(0, 20)} ${good.slice(20)}`,
      '!'.repeat(43),
      randomBytes(32).toString('hex'),
    ]) {
      assert.throws(
        () => decodeRootKey(text, 'STRONGROOM_ROOT_KEY'),
        (error) =>
          error instanceof Refusal &&
          error.message.includes('STRONGROOM_ROOT_KEY') &&
          (text === '' || !error.message.includes(text)),
      )
    }
  })

  test('file is made once, for its owner alone', (t) => {
    const path = join(folder(t), 'root.key')

    const made = loadRootKey({ kind: 'file', path, create: true })

    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.equal(readFileSync(path, 'utf8').trim(), made.export().toString('base64url'))
    assert.ok(loadRootKey({ kind: 'file', path, create: true }).equals(made))
    assert.ok(loadRootKey({ kind: 'file', path, create: false }).equals(made))
  })

  test('file that was named is not made, and must be there', (t) => {
    const path = join(folder(t), 'root.key')

    assert.throws(() => loadRootKey({ kind: 'file', path, create: false }), /does not exist/)
  })

  test('file that others may read, or a link, is refused', (t) => {
    const path = join(folder(t), 'root.key')
    writeFileSync(path, good)
    for (const mode of [0o640, 0o604, 0o644, 0o660, 0o666]) {
      chmodSync(path, mode)
      assert.throws(() => loadRootKey({ kind: 'file', path, create: true }), /can be read by others/)
    }
    chmodSync(path, 0o400)
    assert.equal(loadRootKey({ kind: 'file', path, create: true }).export().toString('base64url'), good)
    symlinkSync(path, `${path}.link`)
    assert.throws(() => loadRootKey({ kind: 'file', path: `${path}.link`, create: true }), /must not be a link/)
  })
})

function folder(t: TestContext): string {
  const path = makeFolder()
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}
