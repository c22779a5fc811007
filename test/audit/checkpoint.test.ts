/** Checkpoints: signed notes that anybody can verify, and nobody can change. */
import assert from 'node:assert/strict'
import { createHash, createPublicKey, createSecretKey, randomBytes, verify } from 'node:crypto'
import { suite, test } from 'node:test'
import { checkpointText, openNote, signedNote, splitNotes, verifierKey } from '../../src/audit/checkpoint.ts'
import { Keyring } from '../../src/crypto/keyring.ts'
import { createKeyring } from '../../src/crypto/master-key.ts'
import { localKey } from '../../src/crypto/providers/local.ts'
import { fc } from '../support/fast-check.ts'

const rootKey = createSecretKey(randomBytes(32))
const roots = [localKey(() => rootKey)]
const keyring = await Keyring.open(roots, await createKeyring(roots))
const other = await Keyring.open(roots, await createKeyring(roots))

function noteOf(signer: Keyring, size: number, accountId = 1): string {
  const { storeId } = signer
  const text = checkpointText({ storeId, accountId, size, head: Buffer.alloc(32, size), time: Date.UTC(2026, 0, 15) })
  return signedNote(text, storeId, signer.checkpointKey(), signer.signCheckpoint(text))
}

const keyOf = (signer: Keyring) => verifierKey(signer.storeId, signer.checkpointKey())

suite('A checkpoint', () => {
  test('is a signed note as c2sp.org/signed-note has it', () => {
    const note = noteOf(keyring, 7)

    const name = `strongroom/${keyring.storeId}`
    const [, text = '', signer, encoded = ''] = /^([\s\S]*\n)\n— (\S+) (\S+)\n$/.exec(note) ?? []
    assert.equal(text, `${name}/1\n7\n${Buffer.alloc(32, 7).toString('base64')}\n2026-01-15T00:00:00Z\n`)
    assert.equal(signer, name)
    const bytes = Buffer.from(encoded, 'base64')
    const typed = Buffer.concat([Uint8Array.of(1), keyring.checkpointKey()])
    const keyHash = createHash('sha256').update(`${name}\n`).update(typed).digest().subarray(0, 4)
    assert.deepEqual(bytes.subarray(0, 4), keyHash)
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: keyring.checkpointKey().toString('base64url') }
    assert.ok(verify(null, Buffer.from(text), createPublicKey({ key: jwk, format: 'jwk' }), bytes.subarray(4)))
    assert.equal(keyOf(keyring), `${name}+${keyHash.toString('hex')}+${typed.toString('base64')}`)
  })

  test('opens to what was signed, with the key of its store alone', () => {
    const opened = openNote(noteOf(keyring, 7), keyOf(keyring))

    assert.deepEqual(opened, {
      storeId: keyring.storeId,
      accountId: 1,
      size: 7,
      head: Buffer.alloc(32, 7),
      time: Date.UTC(2026, 0, 15),
    })
    assert.equal(openNote(noteOf(keyring, 7), keyOf(other)), undefined)
    assert.equal(openNote(noteOf(other, 7), keyOf(keyring)), undefined)
  })

  test('with any one character changed, added or removed opens to nothing', () => {
    const note = noteOf(keyring, 7)
    fc.assert(
      fc.property(
        fc.nat(note.length - 1),
        fc.constantFrom('0', '1', 'a', 'Z', '\n', ' ', '+', '—'),
        fc.nat(2),
        (at, character, how) => {
          const parts = [note.slice(0, at), note.slice(at + (how === 2 ? 0 : 1))]
          const changed = parts.join(how === 1 ? '' : character)
          // What stands behind the signature is not signed: other lines there may be other people's signatures.
          if (changed.trimEnd() === note.trimEnd()) return
          const opened = openNote(changed, keyOf(keyring))
          if (opened !== undefined) assert.deepEqual(opened, openNote(note, keyOf(keyring)))
          if (at < note.indexOf('\n\n')) assert.equal(opened, undefined)
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('may stand in one file with others', () => {
    const notes = [noteOf(keyring, 1), noteOf(keyring, 2, 2), noteOf(keyring, 3)]

    assert.deepEqual(splitNotes(notes.join('')), notes)
    assert.deepEqual(splitNotes(''), [])
  })

  test('is not verified by a key of another form', () => {
    for (const key of ['', 'x', keyOf(keyring).slice(0, -4), keyOf(keyring).replace(/\+[0-9a-f]{8}\+/, '+00000000+')]) {
      assert.equal(openNote(noteOf(keyring, 7), key), undefined)
    }
  })
})
