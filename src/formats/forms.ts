/**
 * How programs write a value when they print it: within JSON, URLs, XML, quotes of a shell, base64. What hides values
 * looks for these: the command in all that flows by, the GitHub Action by naming them to its runner.
 */

/** Writes one character, or what stands for one, as some program does. */
type Encoder = (character: string) => string

const controls: Readonly<Record<string, string>> = { '\b': '\\b', '\t': '\\t', '\n': '\\n', '\f': '\\f', '\r': '\\r' }

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0')
}

function unitsOf(character: string): readonly number[] {
  return Array.from({ length: character.length }, (_, at) => character.charCodeAt(at))
}

function bytesOf(character: string): readonly number[] {
  return [...Buffer.from(character)]
}

/** `\u0026`: by UTF-16's units, so that a character beyond them is two. */
function escapedUnits(character: string, isUpper = false): string {
  return unitsOf(character)
    .map((unit) => `\\u${isUpper ? hex(unit, 4).toUpperCase() : hex(unit, 4)}`)
    .join('')
}

/** As ECMAScript writes JSON, and escaped besides what fits the pattern. */
function json(also: RegExp | undefined, isUpper = false): Encoder {
  return (character) => {
    if (character === '\\') return '\\\\'
    if (also?.test(character)) return escapedUnits(character, isUpper)
    return JSON.stringify(character).slice(1, -1)
  }
}

const beyondAscii = /[^\p{ASCII}]/u
const jsonAscii = json(beyondAscii)
const pythonJson = json(/\x7f|[^\p{ASCII}]/u)
const plainJson = json(undefined)
const goJson = json(/[&<>\u2028\u2029]/u)

function again(written: string): string {
  return written.replaceAll('\\', '\\\\').replaceAll('"', '\\"')
}

/** The characters that a URL takes as they are, for one program or another, besides letters and digits. */
function percent(safe: string, { blank = '%20', isLower = false } = {}): Encoder {
  return (character) => {
    if (character === ' ') return blank
    if (safe.includes(character)) return character
    const written = bytesOf(character).map((byte) => `%${isLower ? hex(byte, 2) : hex(byte, 2).toUpperCase()}`)
    return written.join('')
  }
}

/** As the URLs of browsers have them: only what is in the set, and what is not ASCII, is escaped. */
function percentOf(unsafe: string): Encoder {
  const all = percent('')
  return (character) => (/[^\x21-\x7e]/u.test(character) || unsafe.includes(character) ? all(character) : character)
}

/** `escape` of JavaScript. */
function escaped(character: string): string {
  if ('@*_+-./'.includes(character)) return character
  const units = unitsOf(character).map((unit) => {
    return unit < 256 ? `%${hex(unit, 2).toUpperCase()}` : `%u${hex(unit, 4).toUpperCase()}`
  })
  return units.join('')
}

function entities(names: Readonly<Record<string, string>>): Encoder {
  return (character) => names[character] ?? character
}

/** A literal in a program's source, as Python, Node or Go show a text. */
function literal(quotes: string, isAscii: boolean): Encoder {
  return (character) => {
    if (quotes.includes(character)) return `\\${character}`
    if (character === '\\') return '\\\\'
    const short = controls[character]
    if (short !== undefined) return short
    const isStrange = /\p{Cc}/u.test(character) || (isAscii && beyondAscii.test(character))
    return isStrange
      ? bytesOf(character)
          .map((byte) => `\\x${hex(byte, 2)}`)
          .join('')
      : character
  }
}

/** What is no ASCII, and control characters: each of their bytes. */
function byBytes(write: (byte: number) => string): Encoder {
  return (character) => {
    if (!beyondAscii.test(character) && !/\p{Cc}/u.test(character)) return character
    return bytesOf(character).map(write).join('')
  }
}

/** With the octal digits that C has, all three or as few as it takes. */
function octal(byte: number, digits: 1 | 3 = 3): string {
  return `\\${byte.toString(8).padStart(digits, '0')}`
}

/** As words of a shell have them in `$'…'`. */
function shellByte(byte: number): string {
  return controls[String.fromCharCode(byte)] ?? octal(byte)
}

/** As `cat -v` shows a byte, with what stands for Control and for Meta. */
function caret(control: string, meta: string): (byte: number) => string {
  const write = (byte: number): string => {
    if (byte >= 128) return meta + write(byte - 128)
    return byte < 32 || byte === 127 ? control + String.fromCharCode(byte ^ 64) : String.fromCharCode(byte)
  }
  return write
}

/** What is no ASCII, by its number: `\\xe4` of Python and YAML, `\\u{e4}` of Rust and Ruby, `&#228;` of XML. */
function byNumber(write: (code: number) => string): Encoder {
  return (character) => {
    if (!beyondAscii.test(character) && !/\p{Cc}/u.test(character)) return character
    return write(character.codePointAt(0) ?? 0)
  }
}

function pythonNumber(code: number): string {
  if (code < 0x100) return `\\x${hex(code, 2)}`
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
}

/** The same with the digits of YAML. */
function yamlNumber(code: number): string {
  const written = pythonNumber(code)
  return written.slice(0, 2) + written.slice(2).toUpperCase()
}

/** As e-mail has it. */
function quotedPrintable(character: string): string {
  if (/[\x21-\x3c\x3e-\x7e]/.test(character)) return character
  const written = bytesOf(character).map((byte) => `=${hex(byte, 2).toUpperCase()}`)
  return written.join('')
}

/** What `printf %q` of bash and `set -x` put before a character, but for those that they let stand; in octal what is no ASCII. */
function shellWord(safe: string): Encoder {
  return (character) => {
    if (safe.includes(character)) return character
    if (!beyondAscii.test(character)) return controls[character] ?? `\\${character}`
    const octal = bytesOf(character).map((byte) => `\\${byte.toString(8)}`)
    return octal.join('')
  }
}

const xml = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
const unreserved = '-_.~'

/** Each of them as some program has it, for every character of a value. */
const encoders: readonly Encoder[] = [
  (character) => character,
  // JSON: Node; Go; Python; PHP; .NET; what is put into HTML.
  plainJson,
  goJson,
  jsonAscii,
  pythonJson,
  (character) => (character === '/' ? '\\/' : character),
  (character) => (character === '/' ? '\\/' : jsonAscii(character)),
  json(/["&'+<>`\x7f]|[^\p{ASCII}]/u, true),
  json(/["&'<>/=]|[^\p{ASCII}]/u),
  // And within a text that is JSON again, as logs have it.
  ...[plainJson, goJson, jsonAscii, pythonJson].map(
    (encode): Encoder =>
      (character) =>
        again(encode(character)),
  ),
  // URLs: RFC 3986 (Go's and PHP's too), Python, forms, Go's paths and users, Node, browsers, .NET.
  ...[false, true].flatMap((isLower) => [
    percent(unreserved, { isLower }),
    percent(`${unreserved}/`, { isLower }),
    percent(unreserved, { isLower, blank: '+' }),
    percent(`${unreserved}$&+:=@`, { isLower }),
    percent(`${unreserved}$&+,/:;=@`, { isLower }),
    percent(`${unreserved}$&+,;=`, { isLower }),
    percent(`${unreserved}!*'()`, { isLower }),
    percent('-_.!*()', { isLower, blank: '+' }),
    percent('*-._', { isLower, blank: '+' }),
    percent('-_.', { isLower, blank: '+' }),
  ]),
  percent(`;/?:@&=+$,#${unreserved}!*'()`),
  percentOf('"#<>?`{}/:;=@[\\]^|'),
  percentOf('"#<>?`{}'),
  percentOf('"#<>\''),
  escaped,
  // XML and HTML: texts, attributes, Python, Go.
  entities(xml),
  entities({ ...xml, '"': '&quot;', "'": '&apos;', '\n': '&#10;', '\r': '&#13;', '\t': '&#9;' }),
  entities({ ...xml, '"': '&quot;', "'": '&#x27;' }),
  entities({ ...xml, '"': '&quot;', "'": '&#39;', '\n': '&#xA;', '\r': '&#xD;' }),
  entities({ ...xml, '"': '&#34;', "'": '&#39;' }),
  // Quotes: of a shell, YAML, SQL, CSV, and literals.
  entities({ "'": "'\\''" }),
  entities({ "'": "\\''" }),
  entities({ "'": `'"'"'` }),
  entities({ "'": "''" }),
  entities({ '"': '""' }),
  entities({ '"': '\\"', '\\': '\\\\', $: '\\$', '`': '\\`' }),
  shellWord('_@%+=:./-'),
  shellWord('_@%+=:,./-'),
  byNumber(pythonNumber),
  byNumber(yamlNumber),
  byNumber((code) => `\\u{${hex(code, 1)}}`),
  byNumber((code) => `\\u{${hex(code, 1).toUpperCase()}}`),
  byNumber((code) => `\\x{${hex(code, 1)}}`),
  byNumber((code) => `&#${code};`),
  byNumber((code) => `&#x${hex(code, 1)};`),
  byNumber((code) => `&#x${hex(code, 1).toUpperCase()};`),
  quotedPrintable,
  (character) => (character === ' ' ? '_' : quotedPrintable(character)),
  (character) => (character === ' ' ? '_' : percent('')(character).replaceAll('%', '=')),
  // Whatever is neither letter nor digit: regular expressions, Ruby's words of a shell, units of systemd.
  (character) => `\\${character}`,
  (character) => percent('')(character).replaceAll('%', '\\x'),
  (character) => percent('', { blank: '%20', isLower: true })(character).replaceAll('%', '\\x'),
  // Control characters, and what is no ASCII: strace, ls, zsh, cat -v, ksh, fish, bash, Ruby, and what leaves them out.
  byBytes((byte) => octal(byte)),
  byBytes((byte) => octal(byte, 1)),
  byBytes((byte) => `$'${shellByte(byte)}'`),
  byBytes((byte) => `'$'${shellByte(byte)}''`),
  byBytes(caret('^', 'M-')),
  byBytes(caret('\\C-', '\\M-')),
  byBytes((byte) => caret('\\c', '')(byte).toLowerCase()),
  byBytes((byte) => `\\x[${hex(byte, 2)}]`),
  entities({ '\x07': '\\a', '\v': '\\v', '\x1b': '\\e' }),
  entities({ '\x1b': '\\E' }),
  (character) => (/\p{Cc}/u.test(character) ? '\ufffd' : character),
  // Paths of URLs, where browsers take one for the other.
  entities({ '\\': '/' }),
  literal("'", false),
  literal('"', false),
  literal("'", true),
  literal('"', true),
]

const lineEnds = ['\n', '\r\n', '\r']

/** Of characters that were met before: the same few stand in most values. */
const known = new Map<string, readonly string[]>()
const maxKnown = 1000

/** The characters of a text, each with every way in which it is written; a line end is one, whichever it is. */
export function alternativesOf(text: string): readonly (readonly string[])[] {
  return [...text.matchAll(/\r\n|[\s\S]/gu)].map(([character]) => {
    const found = known.get(character) ?? writtenCharacter(character)
    if (known.size < maxKnown) known.set(character, found)
    return found
  })
}

function writtenCharacter(character: string): readonly string[] {
  if (/[A-Za-z0-9]/.test(character)) return [character]
  const same = lineEnds.includes(character) ? lineEnds : [character]
  const written = same.flatMap((one) => encoders.map((encode) => encodedBy(encode, one)))
  // A URL within a URL, too.
  return [...new Set([...written, ...written.map(again), ...written.map((one) => one.replaceAll('%', '%25'))])]
}

/** Every way in which one program writes the whole text. */
function writtenForms(text: string): readonly string[] {
  return encoders.map((encode) => encodedBy(encode, text))
}

function encodedBy(encode: Encoder, text: string): string {
  return [...text].map((one) => (/[A-Za-z0-9]/.test(one) ? one : encode(one))).join('')
}

/** Canonical base64 of 12 bytes or more. */
const isBase64 = /^(?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The text in a value that is itself the base64 of one. */
export function decodedText(value: string): string | undefined {
  const text = value.trim()
  if (!isBase64.test(text)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(text, 'base64'))
  } catch {
    return undefined
  }
}

/** As a log is cut into lines; without the blanks around them, so that they are found however they are indented. */
export function linesOf(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/).map((line) => line.trim())
}

/** Where base64 cuts bytes into digits, three bytes being four. */
export interface Base64 {
  /** The digits that the bytes alone decide, in the standard alphabet. */
  readonly digits: string
  /** The one after them, which the byte behind has a part of: any of these, or none where there is no such digit. */
  readonly last: readonly string[]
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/**
 * The base64 of bytes that stand behind others: so many more than a multiple of three, as in `user:password`. The digit
 * that the byte before has a part of is left out: it has four bits of the first byte, at the most.
 */
export function base64Behind(bytes: Uint8Array, before: 0 | 1 | 2): Base64 {
  const whole = Buffer.concat([Buffer.alloc(before), bytes, Buffer.alloc(2)]).toString('base64')
  const [start, end] = [before * 8, (before + bytes.length) * 8]
  const [from, to] = [Math.ceil(start / 6), Math.floor(end / 6)]
  const lastBits = end - to * 6
  const last = alphabet.indexOf(whole[to] ?? 'A') >> (6 - lastBits)
  return {
    digits: whole.slice(from, to),
    last: lastBits === 0 ? [] : [...alphabet].filter((_, digit) => digit >> (6 - lastBits) === last),
  }
}

/** How a digit of base64 is written: in the alphabet for URLs too, and escaped in a URL or in JSON. */
export function writtenDigit(digit: string): readonly string[] {
  if (digit === '+') return ['+', '-', '%2B', '%2b', '\\u002b', '\\u002B']
  if (digit === '/') return ['/', '_', '%2F', '%2f', '\\/', '\\u002f', '\\u002F']
  return [digit]
}

/** As programs wrap base64: PEM, and MIME. */
const wraps = [64, 76]
/** A shorter one is in every log. */
const leastDigits = 8

/** Lines such as `}` say nothing of a value, and hiding them would hide half of the log. */
const isPunctuation = /^[{}[\](),;:"'`]{1,3}$/

/**
 * The texts by which a value is known in a log, where only whole texts can be looked for, line by line.
 *
 * @param value a text, or the bytes of a file
 */
export function formsOf(value: string | Uint8Array): readonly string[] {
  const bytes = Buffer.from(value)
  const text = typeof value === 'string' ? value : textOf(bytes)
  const inside = text === undefined ? undefined : decodedText(text)
  const forms = [...formsOfText(text), ...formsOfText(inside), ...inBase64(bytes)]
  if (inside !== undefined) forms.push(...inBase64(Buffer.from(inside)))
  return [...new Set(forms)].filter((form) => form.trim() !== '' && !isPunctuation.test(form.trim()))
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function formsOfText(text: string | undefined): readonly string[] {
  if (text === undefined) return []
  return [text, text.trim(), ...linesOf(text)].flatMap((one) => writtenForms(one))
}

function inBase64(bytes: Buffer): readonly string[] {
  if (bytes.length === 0) return []
  const whole = [bytes.toString('base64'), bytes.toString('base64url')]
  const lines = whole.flatMap((one) => wraps.flatMap((width) => one.match(new RegExp(`.{1,${width}}`, 'g')) ?? []))
  const behind = ([0, 1, 2] as const).map((before) => base64Behind(bytes, before).digits)
  const others = [...lines, ...behind, ...behind.map(forUrls), bytes.toString('hex')]
  return [...whole, ...[...others, bytes.toString('hex').toUpperCase()].filter(({ length }) => length >= leastDigits)]
}

function forUrls(digits: string): string {
  return digits.replaceAll('+', '-').replaceAll('/', '_')
}
