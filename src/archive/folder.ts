/** The folder of an archive: a folder for each account, a file for each segment. Nothing in it is ever replaced or deleted here. */
import { type FileHandle, link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { longestAmong, SegmentFault, type SegmentFiles, type SegmentSource, sourceOf } from '../audit/segment.ts'
import { randomBytes } from '../crypto/random.ts'
import { codeOf } from '../error-code.ts'

/** What was left by those that were killed as they wrote: whoever writes holds a lease. */
const unfinished = '.unfinished-'
/** Ten thousand records of the longest kind are shorter. */
export const maxSegmentBytes = 2 ** 28
/** Lines that are written at once. */
const linesAtOnce = 500

export class ArchiveFolder implements SegmentFiles {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async find(accountId: number, firstSeq: number, lastSeq: number): Promise<string | undefined> {
    const names = await readdir(join(this.#path, String(accountId))).catch(nothingThere)
    const files = names?.map((name) => `${accountId}/${name}`) ?? []
    return longestAmong(files, { accountId, firstSeq, lastSeq })
  }

  async open(file: string, signal?: AbortSignal): Promise<SegmentSource | undefined> {
    return openSegment(join(this.#path, file), signal)
  }

  async make(file: string, lines: AsyncIterable<string>): Promise<void> {
    const path = join(this.#path, file)
    const folder = dirname(path)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await clear(folder)
    // Of this writer alone: another one may have taken the lease meanwhile, and write the same file.
    const temporary = join(folder, `${unfinished}${randomBytes(4).toString('hex')}-${basename(path)}`)
    try {
      const handle = await open(temporary, 'wx', 0o600)
      try {
        await writeLines(handle, lines)
        await handle.sync()
      } finally {
        await handle.close()
      }
      // A name that is taken is not given to another file.
      await link(temporary, path)
    } finally {
      await rm(temporary, { force: true })
    }
    for (const one of [folder, this.#path]) await syncFolder(one)
  }
}

/** A segment wherever it lies; nothing where there is no such file. */
export async function openSegment(path: string, signal?: AbortSignal): Promise<SegmentSource | undefined> {
  const found = await stat(path).catch(nothingThere)
  if (found?.isFile() !== true) return undefined
  if (found.size > maxSegmentBytes) throw new SegmentFault(1, `The file ${path} is too long to be a segment.`)
  return sourceOf(await readFile(path, { signal }))
}

async function clear(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith(unfinished)) await rm(join(folder, name), { force: true })
}

async function writeLines(handle: FileHandle, lines: AsyncIterable<string>): Promise<void> {
  let some: string[] = []
  for await (const line of lines) {
    some.push(line, '\n')
    if (some.length < 2 * linesAtOnce) continue
    await handle.appendFile(some.join(''))
    some = []
  }
  await handle.appendFile(some.join(''))
}

/** A file is there after a power cut only when its folder says so. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function nothingThere(error: unknown): undefined {
  const code = codeOf(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
  throw error
}
