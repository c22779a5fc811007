/**
 * Fingerprints of values: enough to recognize a value in a text, and to anybody who does not know it nothing but its
 * length and where its strongest stretch is. Two hashes, under keys that are drawn anew for each set: a rolling one of
 * 20 bytes, cut to so few bits that it rules out most places and tells nearly nothing; and HMAC-SHA-256 of it all.
 */
import { isUtf8 } from 'node:buffer'
import { createHmac, type KeyObject } from 'node:crypto'
import { strongWindow, windowBytes } from './strength.ts'

/** How many bits of the rolling hash are kept. */
export const filterBits = 22
const macBytes = 16
/** Longer values are looked for as they are, and in base64. */
const maxEscaped = 65_536

export interface Keys {
  /** Of the rolling hash: 32 bits, 5 modulo 8. */
  readonly base: number
  /** An odd number of 32 bits that its bits are mixed with. */
  readonly mix: number
  readonly mac: KeyObject
}

/** How a value is written in a text. */
export type Form = 'raw' | 'line-ends' | 'one-line' | 'base64' | 'json' | 'url'

export interface Fingerprint {
  readonly form: Form
  /** Of the text that is looked for, in bytes. */
  readonly length: number
  /** Where the rolling hash's window begins in it. */
  readonly offset: number
  readonly filter: number
  /** 16 bytes. */
  readonly mac: Uint8Array
}

/** Numbers for the rolling hash, of eight random bytes; the key of the MAC is the caller's to draw. */
export function rollingKeys(bytes: Buffer): Pick<Keys, 'base' | 'mix'> {
  // Powers of such a base take the longest to repeat.
  return { base: ((bytes.readUInt32LE(0) & ~7) | 5) >>> 0, mix: (bytes.readUInt32LE(4) | 1) >>> 0 }
}

/**
 * The fingerprints of the ways in which a value may be written.
 *
 * @returns none when the value is too short or could be guessed
 */
export function fingerprintsOf(value: Uint8Array, keys: Keys): readonly Fingerprint[] {
  return [...textsOf(value)].map(({ form, text, offset }) => ({
    form,
    length: text.length,
    offset,
    filter: filterOf(text.subarray(offset, offset + windowBytes), keys),
    mac: macOf(text, keys.mac),
  }))
}

/** The kept bits of the rolling hash of a window. */
export function filterOf(window: Uint8Array, { base, mix }: Keys): number {
  let hash = 0
  for (const byte of window) hash = (Math.imul(hash, base) + byte + 1) | 0
  return Math.imul(hash, mix) >>> (32 - filterBits)
}

export function macOf(text: Uint8Array, key: KeyObject): Buffer {
  return createHmac('sha256', key).update(text).digest().subarray(0, macBytes)
}

interface Written {
  readonly form: Form
  readonly text: Buffer
  readonly offset: number
}

function* textsOf(value: Uint8Array): Generator<Written> {
  const raw = withoutLineEnd(Buffer.from(value.buffer, value.byteOffset, value.length))
  const offset = strongWindow(raw)
  if (offset === undefined) return
  yield { form: 'raw', text: raw, offset }
  yield* inBase64(raw, offset)
  if (raw.length > maxEscaped || !isUtf8(raw)) return
  const before = raw.toString('latin1', 0, offset)
  const rewrite = (form: Form, change: (text: string) => string) => {
    // Byte for byte, so that a character may stand on both sides of the offset.
    const text = Buffer.from(change(raw.toString('latin1')), 'latin1')
    const at = Math.min(change(before).length, text.length - windowBytes)
    return text.equals(raw) || at < 0 ? [] : [{ form, text, offset: at }]
  }
  yield* rewrite('line-ends', (text) => text.replaceAll('\r\n', '\n'))
  yield* rewrite('line-ends', (text) => text.replaceAll(/\r?\n/g, '\r\n'))
  yield* rewrite('json', jsonEscaped)
  yield* rewrite('url', urlEscaped)
  yield* oneLine(raw)
}

/** The last line end is lost or added too easily. */
function withoutLineEnd(value: Buffer): Buffer {
  let end = value.length
  while (end > 0 && (value[end - 1] === 10 || value[end - 1] === 13)) end--
  return value.subarray(0, end)
}

/** Without what depends on the bytes that may follow: a line end, or nothing and the padding. */
function* inBase64(raw: Buffer, offset: number): Generator<Written> {
  const whole = raw.subarray(0, raw.length - (raw.length % 3))
  const at = Math.min(Math.ceil(offset / 3) * 4, (whole.length / 3) * 4 - windowBytes)
  const [plain, forUrls] = [Buffer.from(whole.toString('base64')), Buffer.from(whole.toString('base64url'))]
  yield { form: 'base64', text: plain, offset: at }
  if (!plain.equals(forUrls)) yield { form: 'base64', text: forUrls, offset: at }
}

const jsonEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
}

function jsonEscaped(text: string): string {
  return text.replaceAll(/["\\\n\r\t\b\f]/g, (one) => jsonEscapes[one] ?? one)
}

function urlEscaped(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_.!~*'()-]/g, (one) => {
    return `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}

/** Of several lines the one in the middle that could be a value itself: it is found where others are indented. */
function* oneLine(raw: Buffer): Generator<Written> {
  const lines = raw.toString('latin1').split(/\r?\n/)
  if (lines.length === 1) return
  const strong = lines.flatMap((line) => {
    const text = Buffer.from(line, 'latin1')
    const offset = strongWindow(text)
    return offset === undefined ? [] : [{ form: 'one-line' as const, text, offset }]
  })
  yield* strong.slice(Math.floor(strong.length / 2)).slice(0, 1)
}
