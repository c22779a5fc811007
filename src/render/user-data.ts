/**
 * User-data in the forms that cloud-init takes (cloudinit/user_data.py): text, gzip, MIME multipart. What is rendered
 * comes back in the form it had.
 */
import { gunzipSync, gzipSync } from 'node:zlib'
import { invalid, Refusal } from '../errors.ts'
import type { Value } from './fill.ts'
import { kindOf } from './kind.ts'
import { defaultLimits, type Limits, tooLarge } from './limits.ts'
import { decodeBase64, decodeBody, encodePart, isMime, type Part, type Section, splitMessage } from './mime.ts'
import { atOnce, type Steps } from './steps.ts'
import { parsing, renderingAll, type Template } from './template.ts'

/** User-data that was read. */
export interface UserData {
  /** Those of all parts, in their order. */
  readonly templates: readonly Template[]
  /** How it is put together again. */
  readonly sections: readonly (string | Slot)[]
  readonly bytes: Buffer
  readonly isMime: boolean
  readonly isCompressed: boolean
  readonly field: string
}

/** A place for a rendered template: the part that it is the body of, or everything. */
interface Slot {
  readonly template: number
  readonly part: Part | undefined
  readonly isCompressed: boolean
}

/** What cloud-init decompresses. */
const compressedTypes = new Set([
  'application/gzip',
  'application/gzip-compressed',
  'application/gzipped',
  'application/x-compress',
  'application/x-compressed',
  'application/x-gunzip',
  'application/x-gzip',
  'application/x-gzip-compressed',
])

const opening = '${{'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads user-data: text as it is, gzip once, and each text of a MIME message. Other attachments are left alone.
 *
 * @param field what a refusal calls it
 * @throws Refusal `invalid`, `too_large`
 */
export function parseUserData(bytes: Uint8Array, field = 'user_data', limits: Limits = defaultLimits): UserData {
  return atOnce(parsingUserData(bytes, field, limits))
}

/** As `parseUserData`, in steps. */
export function* parsingUserData(
  bytes: Uint8Array,
  field = 'user_data',
  limits: Limits = defaultLimits,
): Steps<UserData> {
  const reader = new Reader(field, limits)
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b
  const whole = isCompressed ? reader.decompress(bytes) : Buffer.from(bytes)
  if (whole.length > limits.templateBytes) throw tooLarge(field, limits.templateBytes, 'bytes')
  if (isWide(whole)) throw invalid(field, `Is in UTF-16. ${saveAsUtf8}`)
  const plain = withoutMark(whole)
  const kept = plain === whole ? Buffer.from(bytes) : isCompressed ? gzipSync(plain) : plain
  const shared = { templates: reader.templates, bytes: kept, isCompressed, field }
  if (isMime(plain)) {
    const sections: (string | Slot)[] = []
    for (const section of splitMessage(plain.toString('latin1'), field, limits)) {
      sections.push(yield* reader.readSection(section))
    }
    return { ...shared, isMime: true, sections }
  }
  if (!plain.includes(opening)) return { ...shared, isMime: false, sections: [] }
  const text = decode(plain)
  if (text === undefined) throw invalid(field, 'Must be UTF-8, gzip or MIME.')
  reader.templates.push(yield* parsing(text, { field, limits }))
  return { ...shared, isMime: false, sections: [{ template: 0, part: undefined, isCompressed: false }] }
}

/** The bytes of a `script_content`. */
export function decodeScriptContent(base64: string, field = 'script_content'): Buffer {
  return decodeBase64(base64, field)
}

/**
 * Renders user-data whole, or not at all.
 *
 * @throws Refusal as `render` does
 */
export function renderUserData(
  data: UserData,
  values: ReadonlyMap<string, Value>,
  limits: Limits = defaultLimits,
): Buffer {
  return atOnce(renderingUserData(data, values, limits))
}

/** As `renderUserData`, in steps. */
export function* renderingUserData(
  data: UserData,
  values: ReadonlyMap<string, Value>,
  limits: Limits = defaultLimits,
): Steps<Buffer> {
  const texts = yield* renderingAll(data.templates, values, limits)
  if (data.sections.every((section) => typeof section === 'string')) return data.bytes
  const sections = data.sections.map((section) => (typeof section === 'string' ? section : write(section, texts)))
  const bytes = Buffer.from(sections.join(''), 'latin1')
  if (isMime(bytes) !== data.isMime) {
    const detail = 'A value makes cloud-init read the document as MIME.'
    throw new Refusal('unsafe_rendering', `${data.field}: ${detail}`, { fields: [{ field: data.field, detail }] })
  }
  return data.isCompressed ? gzipSync(bytes) : bytes
}

function write({ template, part, isCompressed }: Slot, texts: readonly string[]): string {
  const bytes = Buffer.from(texts[template] ?? '')
  if (part === undefined) return bytes.toString('latin1')
  return encodePart(part, isCompressed ? gzipSync(bytes) : bytes)
}

/** Collects the templates of a document, and bounds what its parts unpack to. */
class Reader {
  readonly templates: Template[] = []
  readonly #field: string
  readonly #limits: Limits
  #parts = 0
  #references = 0
  #lexemes = 0
  #left: number

  constructor(field: string, limits: Limits) {
    this.#field = field
    this.#limits = limits
    this.#left = limits.templateBytes
  }

  /** A part without references is kept as it was written. */
  *readSection(section: Section): Steps<string | Slot> {
    if (typeof section === 'string') return section
    const number = ++this.#parts
    const isCompressed = compressedTypes.has(section.type ?? '')
    const isText = section.type?.startsWith('text/') ?? true
    if (!isCompressed && !isText) return section.text
    const body = decodeBody(section, this.#field, number)
    const whole = isCompressed ? this.decompress(body) : body
    if (isWide(whole)) throw invalid(this.#field, `Part ${number} is in UTF-16. ${saveAsUtf8}`)
    const plain = withoutMark(whole)
    if (plain === whole && !plain.includes(opening)) return section.text
    const text = decode(plain)
    if (text === undefined && isCompressed) return section.text
    if (text === undefined) throw invalid(this.#field, `Part ${number} must be UTF-8.`)
    const type = isCompressed ? undefined : section.type
    const template = yield* parsing(text, { field: this.#field, part: number, type, limits: this.#limits })
    this.#references += template.references.length
    if (this.#references > this.#limits.references) throw tooLarge(this.#field, this.#limits.references, 'references')
    this.#lexemes += template.meaning.outline?.lexemes ?? 0
    if (this.#lexemes > this.#limits.lexemes) throw tooLarge(this.#field, this.#limits.lexemes, 'words and signs')
    this.templates.push(template)
    return { template: this.templates.length - 1, part: section, isCompressed }
  }

  decompress(bytes: Uint8Array): Buffer {
    try {
      const plain = gunzipSync(bytes, { maxOutputLength: Math.max(1, this.#left) })
      this.#left -= plain.length
      return plain
    } catch (error) {
      if (error instanceof RangeError) throw tooLarge(this.#field, this.#limits.templateBytes, 'bytes, decompressed')
      throw invalid(this.#field, 'Is not valid gzip.')
    }
  }
}

const saveAsUtf8 = 'Save it as UTF-8 (PowerShell: Out-File -Encoding utf8), so that its references are found.'

/** How references begin in UTF-16 and UTF-32, whichever byte is first. */
const wideOpenings = [2, 4].flatMap((width) =>
  [0, width - 1].map((at) =>
    Buffer.from(
      [...opening].flatMap((sign) =>
        Array.from({ length: width }, (_, byte) => (byte === at ? sign.charCodeAt(0) : 0)),
      ),
    ),
  ),
)

/** Whether there are references in UTF-16 or UTF-32: none would be found, and all be handed back as they are. */
function isWide(bytes: Buffer): boolean {
  return wideOpenings.some((one) => bytes.includes(one))
}

const mark = Buffer.from('\ufeff')

/** What cloud-init knows by its first line it takes for nothing behind a byte order mark; elsewhere the mark belongs there. */
function withoutMark(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, mark.length).equals(mark)) return bytes
  const rest = bytes.subarray(mark.length)
  const isKnown =
    isMime(rest) || kindOf(rest.toString('utf8', 0, 256)) !== '' || ofWindows.test(rest.toString('latin1', 0, 64))
  return isKnown ? rest : bytes
}

/** As cloudbase-init knows scripts of Windows. */
const ofWindows = /^\s*(#ps1|<powershell|<script|rem cmd)/i

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
