/** Where the server puts its checkpoints: appended to a file, durably, one for each account that has anything new. */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeFileSync } from 'node:fs'
import { signCheckpoints } from '../../vault/checkpoints.ts'
import type { Vault } from '../../vault/vault.ts'

export class CheckpointWriter {
  readonly #vault: Vault
  readonly #write: (notes: string) => void
  readonly #written = new Map<number, number>()

  /** @param write takes one or more notes, and throws when it cannot keep them */
  constructor(vault: Vault, write: (notes: string) => void) {
    this.#vault = vault
    this.#write = write
  }

  /** Signs and writes what is new since the last time. */
  async write(): Promise<void> {
    const notes = await signCheckpoints(this.#vault)
    const fresh = notes.filter(({ accountId, size }) => this.#written.get(accountId) !== size)
    if (fresh.length === 0) return
    this.#write(fresh.map(({ text }) => text).join(''))
    for (const { accountId, size } of fresh) this.#written.set(accountId, size)
  }
}

/** Opens anew each time, so that the file may be moved away. A disk that is full keeps no half of a note. */
export function appendTo(path: string): (notes: string) => void {
  return (notes) => {
    const file = openSync(path, 'a', 0o600)
    try {
      const { size } = fstatSync(file)
      try {
        writeFileSync(file, notes)
        fsyncSync(file)
      } catch (error) {
        cutOff(file, size)
        throw error
      }
    } finally {
      closeSync(file)
    }
  }
}

/** What is no file, or may only be appended to, keeps what it has. */
function cutOff(file: number, size: number): void {
  try {
    ftruncateSync(file, size)
  } catch {
    // Said by what it is cut off for.
  }
}
