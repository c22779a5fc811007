/** Searches one file or other stream, and says in which line and column what was found begins. */
import type { Fingerprint } from '../fingerprint/fingerprint.ts'
import type { Match, Matcher, Scan } from '../fingerprint/matcher.ts'

/** A fingerprint, and which value it is of. */
export interface Sought extends Omit<Fingerprint, 'form'> {
  readonly form: string
  readonly id: number
  readonly name: string
  readonly version: number
}

export interface Found {
  readonly secret: string
  readonly versions: readonly number[]
  readonly form: string
  readonly line: number
  /** In bytes, from 1. */
  readonly column: number
}

interface Placed extends Match<Sought> {
  readonly line: number
  readonly column: number
}

interface Chunk {
  readonly from: number
  readonly bytes: Buffer
  /** Of line ends before it, and where the last of them is. */
  readonly linesBefore: number
  readonly lastEnd: number
}

export class StreamSearch {
  readonly #scan: Scan<Sought>
  /** How far back a match may begin. */
  readonly #reach: number
  readonly #placed: Placed[] = []
  #chunks: Chunk[] = []
  #length = 0
  #lines = 0
  #lastEnd = -1

  constructor(matcher: Matcher<Sought>) {
    this.#scan = matcher.stream()
    this.#reach = matcher.before + matcher.after
  }

  /** @param bytes which are not changed afterwards */
  push(bytes: Buffer): void {
    const before = this.#length - this.#reach
    this.#chunks = this.#chunks.filter(({ from, bytes: { length } }) => from + length > before)
    this.#chunks.push({ from: this.#length, bytes, linesBefore: this.#lines, lastEnd: this.#lastEnd })
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
      this.#lines++
      this.#lastEnd = this.#length + at
    }
    this.#length += bytes.length
    this.#place(this.#scan.push(bytes))
  }

  /** @returns all that was found, in the order of the places */
  end(): readonly Found[] {
    this.#place(this.#scan.end())
    return this.#placed
      .filter((one) => !this.#isPart(one))
      .sort((a, b) => a.at - b.at)
      .flatMap(foundOf)
  }

  /** One line of a value that was found whole. */
  #isPart({ at, length, of }: Placed): boolean {
    return of.every(
      ({ form, id }) =>
        form === 'one-line' &&
        this.#placed.some(
          (other) =>
            other.at <= at &&
            other.at + other.length >= at + length &&
            other.of.some((one) => one.id === id && one.form !== 'one-line'),
        ),
    )
  }

  #place(matches: readonly Match<Sought>[]): void {
    for (const match of matches) {
      const chunk = this.#chunks.findLast(({ from }) => from <= match.at)
      if (chunk === undefined) throw new Error('A match lies before what is kept.')
      let [line, end] = [chunk.linesBefore, chunk.lastEnd]
      const { bytes, from } = chunk
      for (let at = bytes.indexOf(10); at >= 0 && from + at < match.at; at = bytes.indexOf(10, at + 1)) {
        line++
        end = from + at
      }
      this.#placed.push({ ...match, line: line + 1, column: match.at - end })
    }
  }
}

/** One for each secret: several versions may have the same value. */
function foundOf({ of, line, column }: Placed): readonly Found[] {
  const bySecret = Map.groupBy(of, ({ id }) => id)
  return [...bySecret.values()].map((same) => {
    const [first] = same
    const versions = [...new Set(same.map(({ version }) => version))].sort((a, b) => a - b)
    return { secret: first?.name ?? '', versions, form: first?.form ?? '', line, column }
  })
}
