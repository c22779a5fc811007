/** Files that are there whole, on the disk, or not at all: several of them together. */
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault } from '../output.ts'

export class UnfinishedFiles {
  /** By the name that each is to have. */
  readonly #files = new Map<string, { readonly unfinished: string; handle?: FileHandle }>()
  readonly #removeAll = () => {
    for (const { unfinished } of this.#files.values()) rmSync(unfinished, { force: true })
  }

  constructor() {
    // Also when a signal ends the command.
    process.once('exit', this.#removeAll)
  }

  /** @throws Fault when there is something else than a file, or an error of the system when it cannot be made there */
  async open(path: string): Promise<void> {
    // Found now, and not when the first of them has its name already.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
      throw new Fault('failure', `${path} is there, and is no file.`)
    }
    // Another's, or of one that was killed, is left alone.
    const unfinished = `${path}.${randomBytes(4).toString('hex')}.unfinished`
    // Known before it is there: a signal may come between.
    const file: { readonly unfinished: string; handle?: FileHandle } = { unfinished }
    this.#files.set(path, file)
    // Made at once: made in the background, it could come after a signal has had everything removed.
    closeSync(openSync(unfinished, 'wx', 0o600))
    file.handle = await open(unfinished, 'r+')
  }

  handleOf(path: string): FileHandle {
    const handle = this.#files.get(path)?.handle
    if (handle === undefined) throw new Error('This file was not opened.')
    return handle
  }

  /** Gives all of them their names, once all of them are on the disk. */
  async finish(): Promise<void> {
    for (const { handle } of this.#files.values()) await handle?.sync()
    for (const [path, { unfinished }] of this.#files) await rename(unfinished, path)
    for (const path of this.#files.keys()) {
      const folder = await open(dirname(path), 'r')
      await folder.sync().finally(() => folder.close())
    }
  }

  /** Takes away what was not finished. */
  async close(): Promise<void> {
    for (const { handle } of this.#files.values()) await handle?.close().catch(() => {})
    this.#removeAll()
    process.removeListener('exit', this.#removeAll)
  }
}
