/** A file of JSON lines: appended to, on disk before it counts, and opened anew when it was moved away. */
import { constants } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOrName } from '../error-code.ts'
import { linesOf } from './lines.ts'
import { all, NotTaken, type Piece, type Receiver, type Taken } from './receiver.ts'

interface OpenFile {
  readonly handle: FileHandle
  readonly dev: number
  readonly ino: number
  /** How long it was when it was last written to. */
  size: number
  /** The last record of each account that was written since it was opened. */
  readonly written: Map<number, number>
}

/** A torn line is at the end, and shorter than this. */
const tailBytes = 65_536
const lineFeed = 0x0a

export class FileReceiver implements Receiver {
  readonly #path: string
  readonly #storeId: string
  #file: OpenFile | undefined
  /** One at a time: a write that hangs may still be on its way when it was given up. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(path: string, storeId: string) {
    this.#path = path
    this.#storeId = storeId
  }

  take(pieces: readonly Piece[]): Promise<Taken> {
    const next = this.#last.then(() => this.#append(pieces))
    this.#last = next.catch(() => {})
    return next
  }

  async close(): Promise<void> {
    this.#last = this.#last.then(() => this.#close())
    await this.#last
  }

  async #append(pieces: readonly Piece[]): Promise<Taken> {
    try {
      const file = await this.#open()
      const lines = pieces.flatMap((piece) =>
        linesOf(this.#storeId, piece, file.written.get(piece.accountId) === piece.after),
      )
      const text = Buffer.from(lines.join(''))
      await this.#write(file, text)
      for (const { accountId, after, records } of pieces) file.written.set(accountId, after + records.length)
      return all
    } catch (error) {
      await this.#close()
      if (error instanceof NotTaken) throw error
      throw new NotTaken(`The file cannot be written (${codeOrName(error)}).`, { cause: error })
    }
  }

  /** All of it, or nothing: a disk that is full keeps no half of a line. */
  async #write(file: OpenFile, text: Buffer): Promise<void> {
    try {
      await file.handle.appendFile(text)
      await file.handle.datasync()
      file.size += text.length
    } catch (error) {
      await file.handle.truncate(file.size).catch(() => {})
      throw error
    }
  }

  async #open(): Promise<OpenFile> {
    const known = this.#file
    if (known !== undefined) {
      const there = await stat(this.#path).catch(() => undefined)
      if (there?.ino === known.ino && there.dev === known.dev && there.size === known.size) return known
      await this.#close()
    }
    const handle = await openToAppend(this.#path)
    try {
      const found = await handle.stat()
      if (!found.isFile()) throw new NotTaken('What is at the path of the file is something else.')
      const size = found.size === 0 ? await beginFile(this.#path, handle) : await mendTail(handle, found.size)
      this.#file = { handle, dev: found.dev, ino: found.ino, size, written: new Map() }
      return this.#file
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async #close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.handle.close().catch(() => {})
  }
}

/** Read as well, to see its end; of a pipe that nobody reads, opening would not return otherwise. */
function openToAppend(path: string): Promise<FileHandle> {
  const { O_RDWR, O_APPEND, O_CREAT, O_NONBLOCK } = constants
  return open(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK, 0o600)
}

/** A new file is there after a power cut only when its folder says so. */
async function beginFile(path: string, handle: FileHandle): Promise<number> {
  await handle.datasync()
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
  return 0
}

/**
 * Whoever was killed while they wrote left a part of a line, which is written again: it is cut off, or ended where that may
 * not be (a file that can only be appended to).
 *
 * @returns how long the file is then
 */
async function mendTail(handle: FileHandle, size: number): Promise<number> {
  const length = Math.min(size, tailBytes)
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length)
  if (buffer.at(-1) === lineFeed) return size
  const end = buffer.lastIndexOf(lineFeed) + 1
  const isOurs = buffer[end] === 0x7b && (end > 0 || length === size)
  if (isOurs) {
    const kept = size - length + end
    const isCut = await handle.truncate(kept).then(
      () => true,
      () => false,
    )
    if (isCut) return kept
  }
  await handle.appendFile('\n')
  return size + 1
}
