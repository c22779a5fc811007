/** A root key that a TPM sealed. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { makeSealedKey, openRootKey } from '../../src/crypto/providers/open.ts'
import { type Tpm2Source, tpm2Key } from '../../src/crypto/providers/tpm2.ts'
import { addRootKey, checkRootKeys, makeRootKey } from '../../src/root-keys.ts'
import { engines } from '../support/engines.ts'
import { startServer, testConfig } from '../support/server.ts'
import { startTpm, tpmSkip } from '../support/tpm.ts'

const context = Buffer.from('a context')
const plain = randomBytes(32)

suite('A root key of a TPM', { skip: tpmSkip }, () => {
  test('opens what it wrapped, in its context alone; is that of the file that was sealed; and leaves nothing behind', async (t) => {
    const { folder, tcti } = await startTpm(t)
    const file = join(folder, 'root.key')
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
    const source: Tpm2Source = { kind: 'tpm2', path: join(folder, 'sealed'), pcrs: undefined, tcti }
    await assert.rejects(openRootKey(source), /has no root key that a TPM sealed\. Make one/)

    await makeRootKey(source, file)

    const [root, same] = [await openRootKey(source), await openRootKey({ kind: 'file', path: file, create: false })]
    const wrapped = await root.wrap(plain, context)
    const opened = await Promise.all([1, 2, 3].map(() => root.unwrap(wrapped, context)))
    assert.deepEqual(opened, [plain, plain, plain])
    assert.equal(await root.unwrap(wrapped, Buffer.from('another')), undefined)
    assert.deepEqual(await same.unwrap(wrapped, context), plain)
    assert.equal(root.id, same.id)
    assert.equal(root.shown, `tpm2:${source.path}`)
    assert.deepEqual(readdirSync(source.path).sort(), ['id', 'sealed.priv', 'sealed.pub'])
    assert.equal(statSync(source.path).mode & 0o777, 0o700)
    await assert.rejects(makeSealedKey(source, undefined), /is there already/)
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.includes('making')),
      [],
    )
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith('strongroom-tpm2-')),
      [],
    )
  })

  test('that is sealed to PCRs opens nothing once one of them is another, and adds to a store until then', async (t) => {
    const { folder, tcti, extend } = await startTpm(t)
    const source: Tpm2Source = { kind: 'tpm2', path: join(folder, 'sealed'), pcrs: 'sha256:7,11', tcti }
    await assert.rejects(openRootKey(source), (error: Error) =>
      error.message.endsWith(`strongroom root-key make 'tpm2:${source.path}?pcrs=sha256:7,11&tcti=${tcti}'`),
    )
    await makeSealedKey(source, undefined)
    const { place } = await startServer(t, engines[0] ?? assert.fail())
    const alone = testConfig(place, { rootKeys: [source] })
    const state = async () => (await checkRootKeys(alone)).findings.map(({ state, detail }) => `${state} ${detail}`)

    await addRootKey(testConfig(place), source, { name: 'tester', requestId: 'test' })

    assert.deepEqual(await state(), ['opens '])
    const unnamed = await openRootKey({ ...source, pcrs: undefined })
    await assert.rejects(unnamed.wrap(plain, context), { reason: 'denied', message: /is sealed to PCRs: say to which/ })
    extend(8)
    assert.deepEqual(await state(), ['opens '])
    extend(7)
    assert.match(String(await state()), /^denied .*its PCRs \(sha256:7,11\) are not what they were when it was sealed/)
  })

  test('is away without its TPM, denied by another TPM, and never believed when its parts are exchanged', async (t) => {
    const [one, other] = [await startTpm(t), await startTpm(t)]
    const source: Tpm2Source = { kind: 'tpm2', path: join(one.folder, 'sealed'), pcrs: undefined, tcti: one.tcti }
    await makeSealedKey(source, undefined)
    const strange = await openRootKey({ ...source, tcti: other.tcti })
    await assert.rejects(strange.wrap(plain, context), { reason: 'denied', message: /was sealed by another TPM/ })
    await assert.rejects(tpm2Key(source, 5).wrap(plain, context), { reason: 'away', message: /did not end within/ })

    writeFileSync(join(source.path, 'id'), '0123456789abcdef')
    await assert.rejects((await openRootKey(source)).wrap(plain, context), {
      reason: 'denied',
      message: /do not belong/,
    })
    writeFileSync(join(source.path, 'sealed.priv'), 'x')
    await assert.rejects((await openRootKey(source)).wrap(plain, context), { name: 'ProviderTrouble' })

    one.setOwnerPassword()
    await assert.rejects(makeSealedKey({ ...source, path: `${source.path}3` }, undefined), {
      message: /owner hierarchy of the TPM has a password/,
    })

    one.stop()
    const gone = { reason: 'away', message: /^The TPM cannot be reached \(swtpm:.*see whether it is there/ }
    await assert.rejects((await openRootKey(source)).wrap(plain, context), gone)
    const fresh = { ...source, path: `${source.path}2` }
    await assert.rejects(makeSealedKey(fresh, undefined), { code: 'sealed', message: /cannot be reached/ })
    assert.equal(existsSync(fresh.path), false)
  })
})
