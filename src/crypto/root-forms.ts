/**
 * The forms in which a version of the master key is kept, one for each root key that opens it:
 *
 *   set  = 0x02 | count u8 | form ...
 *   form = length of the kind u8 | kind | length of the id u16 | id | length of what is wrapped u16 | wrapped | check 32
 *
 *   check = HMAC-SHA-256(key, context ‖ the form without its check)
 *   key   = HKDF-SHA-512(IKM = the master key, salt = store id, info = "strongroom 1 root-forms", L = 32)
 *
 * What begins with 0x01 is of before: one local key's sealed message, without a check.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { Refusal } from '../errors.ts'
import { sealAlgorithm } from './aead.ts'

export interface RootForm {
  /** Which providers can open it. */
  readonly kind: string
  /** Which key it was; empty where that was not noted. */
  readonly id: string
  readonly wrapped: Uint8Array
  /** `undefined` in a store of before, whose sealed message commits to its key by itself. */
  readonly check: Uint8Array | undefined
}

/** Where a master key belongs. */
export interface FormPlace {
  /** Hexadecimal. */
  readonly storeId: string
  readonly context: Uint8Array
}

const setAlgorithm = 0x02
const checkBytes = 32
export const maxForms = 5

/** @throws Refusal `integrity_failure` for anything that `writeForms` does not write, but what is of before */
export function readForms(bytes: Uint8Array): readonly RootForm[] {
  if (bytes[0] === sealAlgorithm) return [{ kind: 'local', id: '', wrapped: bytes, check: undefined }]
  const reader = new FormReader(bytes)
  if (reader.number(1) !== setAlgorithm) throw broken()
  const forms = Array.from({ length: reader.number(1) }, () => ({
    kind: reader.text(1),
    id: reader.text(2),
    wrapped: reader.take(reader.number(2)),
    check: reader.take(checkBytes),
  }))
  reader.end()
  if (forms.length === 0) throw broken()
  return forms
}

export function writeForms(forms: readonly (RootForm & { readonly check: Uint8Array })[]): Buffer {
  return Buffer.concat([
    Buffer.from([setAlgorithm, forms.length]),
    ...forms.flatMap((form) => [headOf(form), form.check]),
  ])
}

/** What proves that a form is this master key's, in this place. */
export function checkOf(master: Uint8Array, { storeId, context }: FormPlace, form: Omit<RootForm, 'check'>): Buffer {
  const key = hkdfSync('sha512', master, Buffer.from(storeId, 'hex'), 'strongroom 1 root-forms', checkBytes)
  return createHmac('sha256', Buffer.from(key)).update(context).update(headOf(form)).digest()
}

/** Whether what a provider made of a form is what was wrapped in it. */
export function isChecked(master: Uint8Array, place: FormPlace, { check, ...form }: RootForm): boolean {
  return check === undefined || timingSafeEqual(checkOf(master, place, form), check)
}

function headOf({ kind, id, wrapped }: Omit<RootForm, 'check'>): Buffer {
  return Buffer.concat([
    lengthOf(kind, 1),
    Buffer.from(kind),
    lengthOf(id, 2),
    Buffer.from(id),
    lengthOf(wrapped, 2),
    wrapped,
  ])
}

function lengthOf(part: string | Uint8Array, bytes: number): Buffer {
  const length = Buffer.alloc(bytes)
  length.writeUIntBE(Buffer.byteLength(part), 0, bytes)
  return length
}

class FormReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  take(length: number): Buffer {
    const part = this.#bytes.subarray(this.#at, this.#at + length)
    if (part.length < length) throw broken()
    this.#at += length
    return part
  }

  number(bytes: number): number {
    return this.take(bytes).readUIntBE(0, bytes)
  }

  text(bytes: number): string {
    return this.take(this.number(bytes)).toString('utf8')
  }

  end(): void {
    if (this.#at < this.#bytes.length) throw broken()
  }
}

function broken(): Refusal {
  return new Refusal(
    'integrity_failure',
    'The wrapped master key of this store cannot be read: it was changed, or a newer version of Strongroom wrote it.',
  )
}
