/** Hides values in what flows by, however it is cut into pieces, in every form that programs give to them. */
import { isUtf8 } from 'node:buffer'
import { Transform, type TransformCallback } from 'node:stream'
import { alternativesOf, base64Behind, decodedText, linesOf, writtenDigit } from '../formats/forms.ts'

/** A shorter one is a word or a digit, which is everywhere. */
export const leastMaskedBytes = 4

const stars = Buffer.from('***')

/** What must not be seen: one after the other, each of its parts in any of the ways in which it is written. */
interface Pattern {
  readonly parts: readonly (readonly Buffer[])[]
  /** Whether it may be broken into lines, or parted by blanks, between its parts. */
  readonly gaps: readonly Buffer[]
}

/**
 * What must not be seen: each value and each of its lines, as JSON, URLs, XML, a shell and others write them; and its
 * base64, alone or behind something, in one line or in several, and its bytes in hexadecimal or decimal.
 */
export function patternsOf(values: Iterable<Buffer>): Patterns {
  const texts = new Set<string>()
  const coded = new Map<string, Buffer>()
  const code = (bytes: Buffer) => {
    if (bytes.length >= leastMaskedBytes) coded.set(bytes.toString('latin1'), bytes)
  }
  const patterns: Pattern[] = []
  for (const value of values) {
    code(value)
    if (!isUtf8(value)) {
      if (value.length >= leastMaskedBytes) patterns.push(plain(value))
      continue
    }
    const text = value.toString()
    const inside = decodedText(text)
    for (const one of inside === undefined ? [text] : [text, inside]) {
      for (const part of [one, one.trim(), ...linesOf(one)]) texts.add(part)
    }
    if (inside !== undefined) code(Buffer.from(inside))
    code(Buffer.from(text.trim()))
    // As PowerShell has its commands encoded.
    const wide = Buffer.from(text, 'utf16le')
    if (text.length >= leastMaskedBytes) code(wide)
    // As programs of Windows, and those of another locale, print it.
    const others = [wide, Buffer.from(wide).swap16(), Buffer.from(text, 'latin1')]
    for (const one of others) if (!one.equals(value) && text.length >= leastMaskedBytes) patterns.push(plain(one))
  }
  for (const text of texts) {
    if (Buffer.byteLength(text) >= leastMaskedBytes) patterns.push(patternOf(alternativesOf(text)))
  }
  return new Patterns([...patterns, ...[...coded.values()].flatMap(codedPatterns)])
}

/** Where lines of base64 end, with how they are indented, and where they end within a text of JSON. */
const lineGaps = ['\n', '\r\n', '\\n', '\\r\\n', ' ', '\t'].map((gap) => Buffer.from(gap))
/** And what stands between bytes in hexadecimal, as in `70:51`, `0x70, 0x51`, `\\x70\\x51` and `%70%51`. */
const byteGaps = [...lineGaps, ...[':', '-', ',', '0x', '\\x', '%'].map((gap) => Buffer.from(gap))]
/** And in decimal, where one of them must. */
const betweenNumbers = [',', ' ', '.', '\n']

/** Bytes as they are. */
function plain(bytes: Buffer): Pattern {
  return { parts: [...bytes].map((one) => [Buffer.from([one])]), gaps: [] }
}

function codedPatterns(bytes: Buffer): readonly Pattern[] {
  const inBase64 = ([0, 1, 2] as const).map((before) => {
    const { digits, last } = base64Behind(bytes, before)
    const written = [...digits].map(writtenDigit)
    // What fills up the last four belongs to it.
    const ends = last.flatMap(writtenDigit).flatMap((digit) => [digit, `${digit}=`, `${digit}==`])
    return patternOf(last.length === 0 ? written : [...written, ends], lineGaps)
  })
  const inHex = [...bytes].map((byte) => {
    const digits = byte.toString(16).padStart(2, '0')
    return [...new Set([digits, digits.toUpperCase()])]
  })
  const inDecimal = [...bytes].flatMap((byte, at) => [...(at === 0 ? [] : [betweenNumbers]), [String(byte)]])
  return [...inBase64, patternOf(inHex, byteGaps), patternOf(inDecimal, lineGaps)]
}

function patternOf(parts: readonly (readonly string[])[], gaps: readonly Buffer[] = []): Pattern {
  return { parts: parts.map(bytesOf), gaps }
}

const asBytes = new WeakMap<readonly string[], readonly Buffer[]>()

/** Once for those of one character, which are the same in all values. */
function bytesOf(some: readonly string[]): readonly Buffer[] {
  const found = asBytes.get(some) ?? some.map((one) => Buffer.from(one))
  asBytes.set(some, found)
  return found
}

/** What is looked for, found by its first bytes: in most places nothing begins with what is there. */
export class Patterns {
  readonly #begins = new Uint8Array(2 ** (8 * prefixBytes - 3))
  readonly #byPrefix = new Map<number, Pattern[]>()
  readonly #byFirst = new Map<number, Set<Pattern>>()

  constructor(patterns: readonly Pattern[]) {
    for (const pattern of patterns) for (const prefix of prefixesOf(pattern)) this.#add(pattern, prefix)
  }

  #add(pattern: Pattern, prefix: Buffer): void {
    const number = prefix.readUIntBE(0, prefixBytes)
    this.#begins[number >> 3] = (this.#begins[number >> 3] ?? 0) | (1 << (number & 7))
    const same = this.#byPrefix.get(number)
    if (same === undefined) this.#byPrefix.set(number, [pattern])
    else same.push(pattern)
    const first = prefix[0] ?? 0
    this.#byFirst.set(first, (this.#byFirst.get(first) ?? new Set()).add(pattern))
  }

  /** Those that may begin at a place. */
  at(bytes: Buffer, place: number): Iterable<Pattern> {
    if (place + prefixBytes > bytes.length) return this.#byFirst.get(bytes[place] ?? 0) ?? none
    const number = ((bytes[place] ?? 0) << 16) | ((bytes[place + 1] ?? 0) << 8) | (bytes[place + 2] ?? 0)
    if (((this.#begins[number >> 3] ?? 0) & (1 << (number & 7))) === 0) return none
    return this.#byPrefix.get(number) ?? none
  }
}

const none: readonly Pattern[] = []
/** No pattern is shorter. */
const prefixBytes = 3

/** All that a pattern may begin with. */
function prefixesOf({ parts, gaps }: Pattern): readonly Buffer[] {
  const found = new Map<string, Buffer>()
  const extend = (before: Buffer, part: number) => {
    if (before.length >= prefixBytes) {
      const prefix = before.subarray(0, prefixBytes)
      found.set(prefix.toString('latin1'), prefix)
      return
    }
    for (const one of parts[part] ?? []) extend(Buffer.concat([before, one]), part + 1)
    if (part > 0 && part < parts.length) for (const gap of gaps) extend(Buffer.concat([before, gap]), part)
  }
  extend(Buffer.alloc(0), 0)
  return [...found.values()]
}

/**
 * A stream that writes `***` in the place of every pattern. What may be the beginning of one is held back until it is
 * clear whether it is.
 */
export class Mask extends Transform {
  readonly #patterns: Patterns
  #rest = Buffer.alloc(0)

  constructor(patterns: Patterns) {
    super()
    this.#patterns = patterns
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const { spans, open } = this.#look(bytes)
    let end = open
    // What is open may make a span longer.
    for (const { start, end: last } of spans) if (start < end && last > end) end = start
    this.#write(bytes.subarray(0, end), spans)
    this.#rest = Buffer.from(bytes.subarray(end))
    done()
  }

  override _flush(done: TransformCallback): void {
    this.#write(this.#rest, this.#look(this.#rest).spans)
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

  /** Where patterns are, in order, those that overlap as one; and from where on the end may be the beginning of one. */
  #look(bytes: Buffer): { readonly spans: readonly Span[]; readonly open: number } {
    const spans: Span[] = []
    let open = bytes.length
    for (let at = 0; at < bytes.length; at++) {
      for (const pattern of this.#patterns.at(bytes, at)) {
        const { end, isOpen } = follow(pattern, bytes, at)
        if (isOpen && at < open) open = at
        if (end === undefined) continue
        const last = spans.at(-1)
        if (last === undefined || at >= last.end) spans.push({ start: at, end })
        else if (end > last.end) spans[spans.length - 1] = { start: last.start, end }
      }
    }
    return { spans, open }
  }
}

interface Span {
  readonly start: number
  readonly end: number
}

interface Followed {
  /** Where the longest way to read the pattern ends. */
  readonly end: number | undefined
  /** Whether the bytes end before it is clear. */
  readonly isOpen: boolean
}

/** Longer gaps are no line ends. */
const maxGap = 64

/** Follows all ways in which the bytes may be read as the pattern. */
function follow({ parts, gaps }: Pattern, bytes: Buffer, start: number): Followed {
  let end: number | undefined
  let isOpen = false
  const waiting: Way[] = [{ part: 0, at: start, gap: 0 }]
  const been = new Set<number>()
  const go = (one: Buffer, { at }: Way, part: number, gap: number) => {
    const how = compare(one, bytes, at)
    if (how === 'open') isOpen = true
    if (how !== 'same') return
    // Another way has led here before.
    const next = { part, at: at + one.length, gap }
    const place = next.at * (parts.length + 1) + part
    if (been.has(place)) return
    been.add(place)
    waiting.push(next)
  }
  for (let way = waiting.pop(); way !== undefined; way = waiting.pop()) {
    const some = parts[way.part]
    if (some === undefined) {
      if (end === undefined || way.at > end) end = way.at
      continue
    }
    for (const one of some) go(one, way, way.part + 1, 0)
    if (way.part === 0 || way.gap >= maxGap) continue
    for (const one of gaps) go(one, way, way.part, way.gap + one.length)
  }
  return { end, isOpen }
}

/** How far a pattern was followed: which part comes next, where, and how long a gap goes before it. */
interface Way {
  readonly part: number
  readonly at: number
  readonly gap: number
}

function compare(one: Buffer, bytes: Buffer, at: number): 'same' | 'other' | 'open' {
  for (let index = 0; index < one.length; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return 'open'
    if (byte !== one[index]) return 'other'
  }
  return 'same'
}
