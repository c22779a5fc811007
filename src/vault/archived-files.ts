/** Gives files of the archive to whoever asks over the API: few at once, one for each account, and in bounded time. */
import type { SegmentFiles, SegmentSource } from '../audit/segment.ts'
import { Turns } from './turns.ts'

/** For one file: to wait for others, fetch it, and read it. */
const patienceMs = 10_000
/** Files that are in memory at once, on one node. */
const maxAtOnce = 2
/** One file is read for an answer, and others while they have no more together. */
const recordsForPage = 100_000
/** Requests of one account that wait for others of it. */
const maxWaiting = 8

/** What became of reading a file that is not there, or not in time. */
export type NotRead = 'not_configured' | 'missing' | 'unavailable'

export class ArchivedFiles {
  readonly #open: (() => Promise<SegmentFiles>) | undefined
  readonly #turns = new Turns(maxAtOnce, maxWaiting)
  #files: Promise<SegmentFiles> | undefined

  /** @param open opens the archive when it is first asked; nothing where none is known */
  constructor(open: (() => Promise<SegmentFiles>) | undefined) {
    this.#open = open
  }

  get isKnown(): boolean {
    return this.#open !== undefined
  }

  /** Records of files that are read for one answer: of one file more, at the most. */
  get recordsForPage(): number {
    return recordsForPage
  }

  /**
   * @param work reads a file, and gives it up when its time is over
   * @throws Refusal `overloaded` when too many requests of the account wait for files; and whatever opening and reading throw
   */
  async read<T extends object>(
    accountId: number,
    file: string,
    work: (source: SegmentSource, signal: AbortSignal) => Promise<T>,
  ): Promise<T | NotRead> {
    const open = this.#open
    if (open === undefined) return 'not_configured'
    const end = new AbortController()
    const late = setTimeout(() => end.abort(), patienceMs).unref()
    const ended = new Promise<'unavailable'>((resolve) => {
      end.signal.addEventListener('abort', () => resolve('unavailable'))
    })
    const reading = async () => {
      const source = await (await this.#known(open)).open(file, end.signal)
      if (source === undefined) return 'missing'
      return work(source, end.signal)
    }
    try {
      // What hangs keeps its turn, so that no more than a few do.
      return await Promise.race([this.#turns.take(String(accountId), reading, end.signal), ended])
    } finally {
      clearTimeout(late)
    }
  }

  /** One that could not be opened is tried again by the next who asks. */
  #known(open: () => Promise<SegmentFiles>): Promise<SegmentFiles> {
    this.#files ??= open().catch((error: unknown) => {
      this.#files = undefined
      throw error
    })
    return this.#files
  }
}
