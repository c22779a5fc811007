/** Whom a backup is for. A passphrase would take a second of CPU each time that it makes the key of a file. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { makeFolder } from './engines.ts'

export interface Identity {
  /** A file as `age-keygen` writes it. */
  readonly file: string
  readonly recipient: string
}

export async function makeIdentity(): Promise<Identity> {
  const identity = await generateIdentity()
  const file = join(makeFolder(), 'identity.txt')
  writeFileSync(file, `# made for a test\n${identity}\n`)
  return { file, recipient: await identityToRecipient(identity) }
}
