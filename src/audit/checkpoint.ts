/**
 * Checkpoints: what an account's chain was, signed, to be kept where the store's owner cannot change it.
 *
 * A checkpoint is a signed note (https://c2sp.org/signed-note), Ed25519:
 *
 *   strongroom/<store id>/<account id>
 *   <number of records>
 *   <head of the chain, base64>
 *   <time, RFC 3339 in UTC>
 *
 *   — strongroom/<store id> <base64 of key hash 4 ‖ signature 64>
 */
import { createPublicKey, hash, verify } from 'node:crypto'
import { parseTime } from '../model/time.ts'

export interface Checkpoint {
  /** Hexadecimal, 16 bytes. */
  readonly storeId: string
  readonly accountId: number
  readonly size: number
  readonly head: Uint8Array
  /** Milliseconds since 1970. */
  readonly time: number
}

const ed25519 = 0x01
const keyHashBytes = 4
const signatureBytes = 64
/** SubjectPublicKeyInfo of an Ed25519 key (RFC 8410), up to the key's 32 bytes. */
const publicKeyPrefix = Buffer.from('302a300506032b6570032100', 'hex')

const form =
  /^strongroom\/([0-9a-f]{32})\/([1-9]\d{0,15})\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n$/
const signatureForm = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/

/** The text that is signed. */
export function checkpointText({ storeId, accountId, size, head, time }: Checkpoint): string {
  const when = `${new Date(time).toISOString().slice(0, 19)}Z`
  return `strongroom/${storeId}/${accountId}\n${size}\n${Buffer.from(head).toString('base64')}\n${when}\n`
}

/** A note: its text with a signature. */
export function signedNote(text: string, storeId: string, publicKey: Uint8Array, signature: Uint8Array): string {
  const name = keyName(storeId)
  const bytes = Buffer.concat([keyHash(name, publicKey), signature])
  return `${text}\n— ${name} ${bytes.toString('base64')}\n`
}

/** What others verify notes with, in one line: `<name>+<key hash>+<base64 of type and key>`. */
export function verifierKey(storeId: string, publicKey: Uint8Array): string {
  const name = keyName(storeId)
  const typed = Buffer.concat([Uint8Array.of(ed25519), publicKey])
  return `${name}+${keyHash(name, publicKey).toString('hex')}+${typed.toString('base64')}`
}

/**
 * Reads a note, if this key has signed it.
 *
 * @param key as `verifierKey` writes it
 * @returns `undefined` for anything else: another form, another key, a changed text
 */
export function openNote(note: string, key: string): Checkpoint | undefined {
  const end = note.indexOf('\n\n')
  const text = note.slice(0, end + 1)
  const fields = end < 0 ? null : form.exec(text)
  const parsed = parseKey(key)
  if (fields === null || parsed === undefined) return undefined
  const isSigned = note
    .slice(end + 2)
    .split('\n')
    .some((line) => isSignature(line, text, parsed))
  const [, storeId = '', accountId, size, head = '', written = ''] = fields
  const time = parseTime(written)
  if (!isSigned || parsed.name !== keyName(storeId) || time === undefined) return undefined
  return {
    storeId,
    accountId: Number(accountId),
    size: Number(size),
    head: Buffer.from(head, 'base64'),
    time,
  }
}

/** The notes of a file: each begins with its origin. */
export function splitNotes(text: string): readonly string[] {
  return text.split(/(?<=\n)(?=strongroom\/[0-9a-f]{32}\/\d+\n)/).filter((note) => note.trim() !== '')
}

interface VerifierKey {
  readonly name: string
  readonly hash: Buffer
  readonly publicKey: Buffer
}

function parseKey(key: string): VerifierKey | undefined {
  const [, name = '', hashText = '', typedText = ''] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(key) ?? []
  const typed = Buffer.from(typedText, 'base64')
  const publicKey = typed.subarray(1)
  if (typed[0] !== ed25519 || publicKey.length !== 32 || typed.toString('base64') !== typedText) return undefined
  const expected = keyHash(name, publicKey)
  return expected.toString('hex') === hashText ? { name, hash: expected, publicKey } : undefined
}

function isSignature(line: string, text: string, key: VerifierKey): boolean {
  const [, name, encoded = ''] = signatureForm.exec(line) ?? []
  const bytes = Buffer.from(encoded, 'base64')
  if (name !== key.name || bytes.length !== keyHashBytes + signatureBytes) return false
  if (!bytes.subarray(0, keyHashBytes).equals(key.hash)) return false
  const der = Buffer.concat([publicKeyPrefix, key.publicKey])
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
  return verify(null, Buffer.from(text), publicKey, bytes.subarray(keyHashBytes))
}

function keyName(storeId: string): string {
  return `strongroom/${storeId}`
}

/** The signed note's own: which key, not whether it is good. */
function keyHash(name: string, publicKey: Uint8Array): Buffer {
  const bytes = Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(ed25519), publicKey])
  return hash('sha256', bytes, 'buffer').subarray(0, keyHashBytes)
}
