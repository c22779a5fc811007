/**
 * How hard a value is to guess, estimated from below: whoever holds a fingerprint can try guesses on their own, so only
 * what has a stretch that looks drawn at random gets one. Words, dates, host names, sequences and repetitions count as
 * next to nothing, as do letters between separators; a value may be stronger than this says, rarely weaker.
 */
import { isUtf8 } from 'node:buffer'

/** The bytes that the rolling hash goes over: values that are shorter have no fingerprint. */
export const windowBytes = 20
/** What the strongest stretch must have. */
export const minBits = 76
/** How long that stretch may be. */
const stretchBytes = 32
/** Where the window is looked for, from the beginning of the stretch on. */
const regionBytes = 64
/** Long values are judged by their beginning. */
const maxJudged = 8192
/** Of bytes that are no text: for each that is different in the stretch. */
const bitsPerByte = 4
/** Of punctuation that texts are not made of, for each that is different. */
const bitsPerSign = 3

/**
 * Where the strongest stretch of the value is.
 *
 * @returns where a window of `windowBytes` begins in it; `undefined` when no stretch is strong enough
 */
export function strongWindow(value: Uint8Array): number | undefined {
  const judged = value.subarray(0, maxJudged)
  if (judged.length < windowBytes) return undefined
  const isText = isUtf8(value)
  const counted = isText ? countedOf(judged) : undefined
  const last = Math.max(0, judged.length - stretchBytes)
  for (let from = 0; from <= last; from++) {
    const stretch = judged.subarray(from, from + stretchBytes)
    const bits = counted === undefined ? bytesStrength(stretch) : textStrength(stretch, counted.subarray(from))
    if (bits >= minBits) return from + bestWindow(judged.subarray(from, from + regionBytes), counted?.subarray(from))
  }
  return undefined
}

function bytesStrength(stretch: Uint8Array): number {
  return new Set(stretch).size * bitsPerByte
}

/** The bits of those characters that count: each as many as the smallest alphabet that all of them are of. */
function textStrength(stretch: Uint8Array, counted: Uint8Array): number {
  let [size, digits, hex, lower, upper] = [0, 0, 0, 0, 0]
  const signs = new Set<number>()
  for (const [at, byte] of stretch.entries()) {
    if (isSign(byte)) signs.add(byte)
    if (counted[at] !== 1) continue
    size++
    if (isDigit(byte)) digits++
    else if (isUpper(byte)) upper++
    else lower++
    if (isHex(byte)) hex++
  }
  const perSign = signs.size * bitsPerSign
  if (size === digits) return perSign + size * Math.log2(10)
  if (size === hex) return perSign + size * 4
  return perSign + size * (lower > 0 && upper > 0 ? 5.75 : 5)
}

function bestWindow(region: Uint8Array, counted: Uint8Array | undefined): number {
  let [best, most] = [0, -1]
  for (let from = 0; from + windowBytes <= region.length; from++) {
    const bytes = region.subarray(from, from + windowBytes)
    const size = counted === undefined ? new Set(bytes).size : sum(counted.subarray(from, from + windowBytes))
    if (size > most) [best, most] = [from, size]
  }
  return best
}

/** For each byte 1 if it counts. */
function countedOf(value: Uint8Array): Uint8Array {
  const counted = new Uint8Array(value.length)
  const text = Buffer.from(value).toString('latin1')
  for (const { 0: word, index } of text.matchAll(/[A-Za-z0-9]+/g)) {
    for (const at of drawn(word)) counted[index + at] = 1
  }
  dropSequences(value, counted)
  dropRepetitions(text, counted)
  return counted
}

/** Which characters between two separators seem to be drawn at random. */
function drawn(word: string): readonly number[] {
  if (/^([A-Za-z][a-z]*|[A-Z]+|[a-z]+[A-Z][a-z]+|([A-Z][a-z]+)+|[0-9]+)$/.test(word)) return [0]
  if (/^[0-9]*[A-Za-z][0-9]*$/.test(word)) return [0, 1].slice(0, word.length)
  return [...word.matchAll(/[A-Z]?[a-z]+|[A-Z]+|[0-9]+/g)].flatMap(({ 0: run, index }) => {
    const counts =
      run.length >= 4 && !/[0-9]/.test(run) ? drawnLetters(run) : Array.from(run.slice(0, 4), (_, at) => at)
    return counts.map((at) => index + at)
  })
}

/** Of letters in a row: the first, and where a third of the pairs is of no word, all that are in such a pair. */
function drawnLetters(run: string): readonly number[] {
  const letters = run.toLowerCase()
  const strange = Array.from({ length: letters.length - 1 }, (_, at) => !pairs.has(letters.slice(at, at + 2)))
  if (strange.filter(Boolean).length * 3 < strange.length) return [0]
  return Array.from(letters, (_, at) => at).filter((at) => at === 0 || strange[at - 1] || strange[at])
}

/**
 * Which letters follow which: 95 of 100 pairs in common words and passwords, and those that are neighbours on a keyboard.
 * Of pairs that are drawn at random it is 55.
 */
const pairsOfWords = [
  'a:abcdefghiklmnpqrstuvwxyz b:abegilnorsuvy c:acdehiklnortuvxy d:abcdefgilmorsuy',
  'e:abcdefghiklmnoprstuvwxy f:adefghilortuvy g:abefghilnorstu h:abefgijnortuy i:abcdefgklmnoprstuvxz',
  'j:aehikmou k:abeijlmorstuy l:abdefiklmopstuvy m:abeijmnopsuy n:abcdefghijklmnostuy',
  'o:abcdefghiklmnoprstuvwxy p:aehiloprstuy q:auw r:abcdefgiklmnoprstuvy s:acdehiklmnopstuwxy',
  't:abceghilmnorstuvwy u:abcdefgijklmnprsty v:abcefiot w:aehinoqsz x:cesxz y:abdefhlmnostu z:aeiwxz',
]
const pairs = new Set(
  pairsOfWords.flatMap((line) =>
    line.split(' ').flatMap((row) => Array.from(row.slice(2), (second) => `${row[0] ?? ''}${second}`)),
  ),
)

/** `abc`, `111`, and `a1b2c3`: each goes on as the two of its kind before it. */
function dropSequences(value: Uint8Array, counted: Uint8Array): void {
  const before = { digit: [-9, -99], upper: [-9, -99], lower: [-9, -99] }
  for (const [at, byte] of value.entries()) {
    const seen = isDigit(byte) ? before.digit : isUpper(byte) ? before.upper : before.lower
    const [last = 0, previous = 0] = seen
    const step = byte - last
    if (Math.abs(step) <= 1 && step === last - previous) counted[at] = 0
    seen.unshift(byte)
    seen.length = 2
  }
}

/** The last of four characters that stood together before. */
function dropRepetitions(text: string, counted: Uint8Array): void {
  const seen = new Set<string>()
  for (let at = 3; at < text.length; at++) {
    const four = text.slice(at - 3, at + 1)
    if (seen.has(four)) counted[at] = 0
    seen.add(four)
  }
}

function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => total + byte, 0)
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57
}

function isSign(byte: number): boolean {
  return '!#$%^&*()+~{}[]<>|;?'.includes(String.fromCharCode(byte))
}

function isUpper(byte: number): boolean {
  return byte >= 65 && byte <= 90
}

function isHex(byte: number): boolean {
  return isDigit(byte) || (byte >= 65 && byte <= 70) || (byte >= 97 && byte <= 102)
}
