/** Files in the age format (https://age-encryption.org/v1), streamed: whom they are for, and what opens them. */
import { createReadStream, readFileSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { Decrypter, Encrypter } from 'age-encryption'
import { codeOf } from '../../error-code.ts'
import { invalid, Refusal } from '../../errors.ts'

export interface ForWhom {
  /** `age1…` */
  readonly recipient?: readonly string[]
  readonly recipientsFile?: string
  readonly passphraseFile?: string
}

export interface WithWhat {
  readonly identity?: string
  readonly passphraseFile?: string
}

/** @throws Refusal `invalid` naming the option */
export function encrypterFor({ recipient = [], recipientsFile, passphraseFile }: ForWhom): Encrypter {
  const recipients = [
    ...recipient,
    ...(recipientsFile === undefined ? [] : linesOf(recipientsFile, '--recipients-file')),
  ]
  const encrypter = new Encrypter()
  if ((passphraseFile === undefined) === (recipients.length === 0)) {
    throw invalid(
      '--recipient',
      'Say for whom the backup is: --recipient or --recipients-file, or else --passphrase-file.',
    )
  }
  if (passphraseFile !== undefined) encrypter.setPassphrase(passphraseOf(passphraseFile))
  try {
    for (const one of recipients) encrypter.addRecipient(one)
  } catch (error) {
    throw new Refusal('invalid', '--recipient: Must be public keys of age, such as age1…', { cause: error })
  }
  return encrypter
}

/** @throws Refusal `invalid` naming the option */
export function decrypterWith({ identity, passphraseFile }: WithWhat): Decrypter {
  const decrypter = new Decrypter()
  if ((identity === undefined) === (passphraseFile === undefined)) {
    throw invalid('--identity', 'Say what opens the backup: --identity or --passphrase-file.')
  }
  if (passphraseFile !== undefined) decrypter.addPassphrase(passphraseOf(passphraseFile))
  try {
    for (const one of identity === undefined ? [] : linesOf(identity, '--identity')) decrypter.addIdentity(one)
  } catch {
    throw invalid('--identity', 'Must be a file of secret keys of age, as age-keygen writes it.')
  }
  return decrypter
}

/** Writes to an open file, which stays open. */
export async function writeEncrypted(
  file: FileHandle,
  encrypter: Encrypter,
  text: AsyncIterable<string>,
): Promise<void> {
  const plain = Readable.toWeb(Readable.from(bytesOf(text), { objectMode: false })) as ReadableStream<Uint8Array>
  const sealed = await encrypter.encrypt(plain)
  await file.writeFile(Readable.fromWeb(sealed as never))
}

/**
 * @param onBytes told of how many bytes of the file were read since the last time
 * @throws Refusal `invalid` when it cannot be opened, is cut or was changed
 */
export async function* readEncrypted(
  path: string,
  decrypter: Decrypter,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array> {
  try {
    const file = Readable.from(watched(createReadStream(path), onBytes), { objectMode: false })
    const sealed = Readable.toWeb(file) as ReadableStream<Uint8Array>
    yield* (await decrypter.decrypt(sealed)) as unknown as AsyncIterable<Uint8Array>
  } catch (error) {
    if (codeOf(error) === 'ENOENT') {
      throw new Refusal('invalid', `There is no backup file ${path}, and nothing was changed.`, { cause: error })
    }
    const message = `${path} cannot be opened, and nothing was changed: it is another's, is cut, or was changed.`
    throw new Refusal('invalid', message, { cause: error })
  }
}

async function* watched(chunks: AsyncIterable<Buffer>, onBytes: (count: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    onBytes(chunk.length)
    yield chunk
  }
}

async function* bytesOf(text: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const chunk of text) yield Buffer.from(chunk)
}

function linesOf(path: string, option: string): string[] {
  const lines = read(path, option).split('\n')
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'))
}

function passphraseOf(path: string): string {
  const text = read(path, '--passphrase-file').replace(/\r?\n$/, '')
  if (text.length < 12) throw invalid('--passphrase-file', 'Must hold at least 12 characters, on one line.')
  return text
}

function read(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new Refusal('invalid', `${option}: ${path} cannot be read.`, { cause: error })
  }
}
