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
    if (Buffer.byteLength(text) >= leastMaskedBytes)
      patterns.push(patternOf(alternativesOf(text).map(brokenToo), softBreaks))
  }
  return new Patterns([...patterns, ...[...coded.values()].flatMap(codedPatterns)])
}

/** Where quoted-printable breaks a line that is none. */
const softBreaks = ['=\n', '=\r\n'].map((gap) => Buffer.from(gap))
const broken = new WeakMap<readonly string[], readonly string[]>()

/** The ways to write a character, with those in which quoted-printable breaks a line between its bytes. */
function brokenToo(ways: readonly string[]): readonly string[] {
  const known = broken.get(ways)
  if (known !== undefined) return known
  const bytewise = ways.filter((way) => /^(=[0-9A-F]{2}){2,}$/.test(way)).map((way) => way.match(/.{3}/g) ?? [])
  const parted = bytewise.flatMap((bytes) =>
    bytes.slice(1).flatMap((_, at) => {
      return ['=\n', '=\r\n'].map((gap) => bytes.slice(0, at + 1).join('') + gap + bytes.slice(at + 1).join(''))
    }),
  )
  const all = parted.length === 0 ? ways : [...ways, ...parted]
  broken.set(ways, all)
  return all
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
 * clear whether it is. Each place is looked at once, and what was read of a pattern is not read again from a later place
 * (Knuth, Morris and Pratt): also where a value is one character, repeated, and flows by as such.
 */
export class Mask extends Transform {
  readonly #patterns: Patterns
  readonly #held = new Held()
  readonly #spans: Span[] = []
  readonly #paths = new Map<Pattern, Path>()
  /** The next place that is looked at. */
  #place = 0
  /** Pieces of patterns compared, for tests. */
  steps = 0

  constructor(patterns: Patterns) {
    super()
    this.#patterns = patterns
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#held.append(chunk)
    this.#look(false)
    this.#writeClear()
    done()
  }

  override _flush(done: TransformCallback): void {
    this.#look(true)
    this.#writeClear()
    done()
  }

  /** Finds the spans, up to the first place at which a pattern may begin whose end has not come. */
  #look(isLast: boolean): void {
    const { start, end } = this.#held
    const bytes = this.#held.all()
    for (let place = this.#place; place < end; place++) {
      const begun = this.#patterns.at(bytes, place - start)
      if (begun === none) continue
      this.#place = place
      if (this.#isOpenAt(begun) && !isLast) return
    }
    this.#place = end
  }

  /** Whether the end of what begins there has not come. */
  #isOpenAt(begun: Iterable<Pattern>): boolean {
    let isOpen = false
    for (const pattern of begun) {
      const found = this.#follow(pattern)
      if (found.isOpen) isOpen = true
      if (found.end !== undefined) this.#note(found.end)
    }
    return isOpen
  }

  /** Those that overlap are one. */
  #note(end: number): void {
    const last = this.#spans.at(-1)
    if (last === undefined || this.#place >= last.end) this.#spans.push({ start: this.#place, end })
    else if (end > last.end) this.#spans[this.#spans.length - 1] = { start: last.start, end }
  }

  #follow(pattern: Pattern): Followed {
    const known = this.#paths.get(pattern)
    const path = (known && moved(pattern, known, this.#place)) ?? pathFrom(this.#place)
    const found = walk(pattern, path, this.#held, () => this.steps++)
    if (known === undefined || path.way.at >= known.way.at) this.#paths.set(pattern, path)
    return found
  }

  #writeClear(): void {
    const last = this.#spans.at(-1)
    // What comes may make a span longer.
    const end = last !== undefined && last.end > this.#place ? last.start : this.#place
    let at = this.#held.start
    while (this.#spans[0] !== undefined && this.#spans[0].end <= end) {
      const { start, end: behind } = this.#spans.shift() ?? { start: end, end }
      this.push(this.#held.copy(at, start))
      this.push(stars)
      at = behind
    }
    if (at < end) this.push(this.#held.copy(at, end))
    this.#held.drop(end)
  }
}

/** Bytes that are kept, by their places in the whole stream. */
class Held {
  #bytes = Buffer.alloc(2 ** 16)
  #from = 0
  #to = 0
  /** The place of the first one. */
  start = 0

  get end(): number {
    return this.start + this.#to - this.#from
  }

  append(chunk: Buffer): void {
    const length = this.#to - this.#from
    if (this.#to + chunk.length > this.#bytes.length) {
      const isRoomy = (length + chunk.length) * 2 <= this.#bytes.length
      const bytes = isRoomy ? this.#bytes : Buffer.alloc((length + chunk.length) * 2)
      this.#bytes.copy(bytes, 0, this.#from, this.#to)
      this.#bytes = bytes
      this.#from = 0
      this.#to = length
    }
    this.#to += chunk.copy(this.#bytes, this.#to)
  }

  all(): Buffer {
    return this.#bytes.subarray(this.#from, this.#to)
  }

  at(place: number): number | undefined {
    const index = place - this.start + this.#from
    return index < this.#to ? this.#bytes[index] : undefined
  }

  copy(from: number, to: number): Buffer {
    return Buffer.from(this.all().subarray(from - this.start, to - this.start))
  }

  drop(until: number): void {
    this.#from += until - this.start
    this.start = until
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

/** How far a pattern was followed: which part comes next, where, and how long a gap goes before it. */
interface Way {
  readonly part: number
  readonly at: number
  readonly gap: number
}

/** How the bytes from a place on are read as a pattern, as far as there is one way alone to do so. */
interface Path {
  readonly start: number
  /** Where each part that was read begins, from the first of another path on, of which this one is the rest. */
  readonly begins: number[]
  readonly first: number
  way: Way
}

function pathFrom(start: number): Path {
  return { start, begins: [], first: 0, way: { part: 0, at: start, gap: 0 } }
}

/** So much of it that lies behind is let go. */
const longPath = 2 ** 16

/** The path from a later place, as far as it is known: the pattern begins there as it does at its own beginning. */
function moved(pattern: Pattern, path: Path, start: number): Path | undefined {
  if (path.start === start) return path
  const { part, at, gap } = path.way
  const borders = bordersOf(pattern)
  for (let left = borders[part] ?? 0; left > 0; left = borders[left] ?? 0) {
    const first = path.first + part - left
    const place = path.begins[first] ?? Number.POSITIVE_INFINITY
    if (place > start) return undefined
    if (place !== start) continue
    const isLong = first > longPath
    const begins = isLong ? path.begins.slice(first) : path.begins
    return { start, begins, first: isLong ? 0 : first, way: { part: left, at, gap } }
  }
  return undefined
}

const knownBorders = new WeakMap<Pattern, Int32Array>()

/** For so many parts from the beginning on, how many of the last are the first again, and not all of them. */
function bordersOf(pattern: Pattern): Int32Array {
  const known = knownBorders.get(pattern)
  if (known !== undefined) return known
  const parts = pattern.parts.map(numberOf)
  const borders = new Int32Array(parts.length + 1)
  for (let at = 1, left = 0; at < parts.length; at++) {
    while (left > 0 && parts[at] !== parts[left]) left = borders[left] ?? 0
    if (parts[at] === parts[left]) left++
    borders[at + 1] = left
  }
  knownBorders.set(pattern, borders)
  return borders
}

const numbers = new Map<string, number>()
const numbered = new WeakMap<readonly Buffer[], number>()

/** The same for parts that are written in the same ways. */
function numberOf(part: readonly Buffer[]): number {
  const known = numbered.get(part)
  if (known !== undefined) return known
  const text = JSON.stringify(part.map((one) => one.toString('latin1')))
  const number = numbers.get(text) ?? numbers.size
  numbers.set(text, number)
  numbered.set(part, number)
  return number
}

/** Goes on where the path is, as long as there is one way, and then follows all that there are. */
function walk(pattern: Pattern, path: Path, bytes: Held, onStep: () => void): Followed {
  for (;;) {
    if (path.way.part === pattern.parts.length) return { end: path.way.at, isOpen: false }
    const { next, isOpen } = waysFrom(pattern, path.way, bytes, onStep)
    const [only] = next
    if (only === undefined) return { end: undefined, isOpen }
    if (next.length > 1 || isOpen) return follow(pattern, path.way, bytes, onStep)
    const read = path.first + path.way.part
    // A path that this one is the rest of may have gone further, or elsewhere.
    if (only.part > path.way.part) path.begins.splice(read, Number.POSITIVE_INFINITY, path.way.at)
    path.way = only
  }
}

interface Ways {
  readonly next: readonly Way[]
  readonly isOpen: boolean
}

function waysFrom({ parts, gaps }: Pattern, { part, at, gap }: Way, bytes: Held, onStep: () => void): Ways {
  const next: Way[] = []
  let isOpen = false
  const go = (one: Buffer, then: Omit<Way, 'at'>) => {
    onStep()
    const how = compare(one, bytes, at)
    if (how === 'open') isOpen = true
    if (how === 'same') next.push({ ...then, at: at + one.length })
  }
  for (const one of parts[part] ?? []) go(one, { part: part + 1, gap: 0 })
  if (part > 0 && part < parts.length && gap < maxGap) for (const one of gaps) go(one, { part, gap: gap + one.length })
  return { next, isOpen }
}

/** Follows all ways in which the bytes may be read as the rest of the pattern. */
function follow(pattern: Pattern, from: Way, bytes: Held, onStep: () => void): Followed {
  let end: number | undefined
  let isOpen = false
  const waiting: Way[] = [from]
  const been = new Set<number>()
  for (let way = waiting.pop(); way !== undefined; way = waiting.pop()) {
    if (way.part === pattern.parts.length) {
      if (end === undefined || way.at > end) end = way.at
      continue
    }
    const found = waysFrom(pattern, way, bytes, onStep)
    if (found.isOpen) isOpen = true
    for (const next of found.next) {
      const place = (next.at - from.at) * (pattern.parts.length + 1) + next.part
      // Another way has led here before.
      if (been.has(place)) continue
      been.add(place)
      waiting.push(next)
    }
  }
  return { end, isOpen }
}

function compare(one: Buffer, bytes: Held, at: number): 'same' | 'other' | 'open' {
  for (let index = 0; index < one.length; index++) {
    const byte = bytes.at(at + index)
    if (byte === undefined) return 'open'
    if (byte !== one[index]) return 'other'
  }
  return 'same'
}
