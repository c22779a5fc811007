/** Hides values in what flows by, however it is cut into pieces. */
import { Transform, type TransformCallback } from 'node:stream'

/** A shorter one is a word or a digit, which is everywhere. */
export const leastMaskedBytes = 4

const stars = Buffer.from('***')

/**
 * What must not be seen: each value, each of its lines, and the forms that JSON, a URL and base64 give to it.
 *
 * @returns the longest first
 */
export function patternsOf(values: Iterable<Buffer>): readonly Buffer[] {
  const found = new Set<string>()
  for (const value of values) {
    const text = value.toString()
    const lines = text.split(/\r?\n/).map((line) => line.trim())
    const forms = [text, text.trim(), ...lines, JSON.stringify(text).slice(1, -1), value.toString('base64')]
    for (const form of [...forms, value.toString('base64url'), percentEncoded(text)]) found.add(form)
  }
  return [...found]
    .map((form) => Buffer.from(form))
    .filter(({ length }) => length >= leastMaskedBytes)
    .sort((a, b) => b.length - a.length)
}

/** Half a character has no such form. */
function percentEncoded(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : ''
}

/**
 * A stream that writes `***` in the place of every pattern. What may be the beginning of one is held back until it is
 * clear whether it is.
 */
export class Mask extends Transform {
  readonly #patterns: readonly Buffer[]
  #rest = Buffer.alloc(0)

  constructor(patterns: readonly Buffer[]) {
    super()
    this.#patterns = patterns
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const spans = this.#spansIn(bytes)
    let end = this.#openFrom(bytes)
    // What is open may make a span longer.
    for (const { start, end: last } of spans) if (start < end && last > end) end = start
    this.#write(bytes.subarray(0, end), spans)
    this.#rest = Buffer.from(bytes.subarray(end))
    done()
  }

  override _flush(done: TransformCallback): void {
    this.#write(this.#rest, this.#spansIn(this.#rest))
    done()
  }

  #write(bytes: Buffer, spans: readonly Span[]): void {
    let at = 0
    for (const { start, end } of spans) {
      if (end > bytes.length) break
      this.push(bytes.subarray(at, start))
      this.push(stars)
      at = end
    }
    if (at < bytes.length) this.push(bytes.subarray(at))
  }

  /** Where patterns are, in order; those that overlap are one. */
  #spansIn(bytes: Buffer): readonly Span[] {
    const found: Span[] = []
    for (const pattern of this.#patterns) {
      for (let at = bytes.indexOf(pattern); at >= 0; at = bytes.indexOf(pattern, at + 1)) {
        found.push({ start: at, end: at + pattern.length })
      }
    }
    found.sort((a, b) => a.start - b.start)
    const spans: Span[] = []
    for (const span of found) {
      const last = spans.at(-1)
      if (last === undefined || span.start >= last.end) spans.push(span)
      else if (span.end > last.end) spans[spans.length - 1] = { start: last.start, end: span.end }
    }
    return spans
  }

  /** From where on the end of the bytes may be the beginning of a pattern. */
  #openFrom(bytes: Buffer): number {
    let first = bytes.length
    for (const pattern of this.#patterns) {
      const least = Math.max(0, bytes.length - pattern.length + 1)
      for (let at = bytes.indexOf(pattern[0] ?? 0, least); at >= 0 && at < first; ) {
        if (bytes.compare(pattern, 0, bytes.length - at, at) === 0) first = at
        at = bytes.indexOf(pattern[0] ?? 0, at + 1)
      }
    }
    return first
  }
}

interface Span {
  readonly start: number
  readonly end: number
}
