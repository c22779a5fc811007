/**
 * What is asked of a token of PKCS#11, in a process of its own. What it wraps:
 *
 *   0x01 | nonce 12 | AES-GCM under the token's key, with the context as associated data: ciphertext and tag 16
 */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { codeOrName } from '../../error-code.ts'
import { randomBytes } from '../random.ts'
import type { RootKeySource } from './provider.ts'

export type TokenSource = Extract<RootKeySource, { readonly kind: 'pkcs11' }>

export type TokenRequest = TokenSource & {
  readonly operation: 'wrap' | 'unwrap'
  /** After that the process ends itself, when nobody has ended it. */
  readonly lifeMs: number
  /** Hexadecimal. */
  readonly context: string
  readonly pinSalt: string
  /** What `pinMark` makes of the PIN that the token refused last. */
  readonly refusedPin: string | undefined
}

export type TokenAnswer =
  | { readonly state: 'done' | 'foreign' }
  | {
      readonly state: 'away' | 'denied'
      readonly message: string
      /** Of the PIN that is not to be tried again, whether it was just refused or before. */
      readonly refusedPin?: string
    }

/** Whether it is one: a process that ended early wrote anything. */
export function isAnswer(value: unknown): value is TokenAnswer {
  return typeof value === 'object' && value !== null && 'state' in value
}

type Handle = Buffer
type Attribute = { readonly type: number; readonly value?: number | boolean | string | Buffer }

/** Of the package what is used. */
export interface Pkcs11 {
  load(path: string): void
  C_Initialize(): void
  C_GetSlotList(isTokenPresent: boolean): readonly Handle[]
  C_GetTokenInfo(slot: Handle): { readonly label: string; readonly serialNumber: string; readonly flags: number }
  C_OpenSession(slot: Handle, flags: number): Handle
  C_Login(session: Handle, user: number, pin: string): void
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void
  C_FindObjects(session: Handle, count: number): readonly Handle[]
  C_FindObjectsFinal(session: Handle): void
  C_GetAttributeValue(
    session: Handle,
    object: Handle,
    template: readonly Attribute[],
  ): readonly { readonly value: Buffer }[]
  C_EncryptInit(session: Handle, mechanism: object, key: Handle): void
  C_Encrypt(session: Handle, plain: Buffer, into: Buffer): Buffer
  C_DecryptInit(session: Handle, mechanism: object, key: Handle): void
  C_Decrypt(session: Handle, wrapped: Buffer, into: Buffer): Buffer
  C_Finalize(): void
}

// As the standard numbers them, and for the package `gcmParameters`.
const serialSession = 4
const user = 1
const flag = { pinFinalTry: 0x20000, pinLocked: 0x40000 }
const attribute = { class: 0, label: 3, keyType: 0x100, id: 0x102, sensitive: 0x103, length: 0x161, extractable: 0x162 }
const secretKey = 4
const aes = 0x1f
const aesGcm = 0x1087
const gcmParameters = 7

const format = 1
const nonceBytes = 12
const tagBytes = 16
const keyBytes = 32
const packageName: string = 'pkcs11js'

/** Why the token does nothing, as a sentence without anything secret. */
class TokenTrouble extends Error {
  override readonly name = 'TokenTrouble'
  readonly state: 'away' | 'denied'
  /** What is known of the PIN now: `undefined` when nothing was found out about it. */
  readonly pin: PinKnowledge | undefined

  constructor(state: 'away' | 'denied', message: string, pin?: PinKnowledge) {
    super(message)
    this.state = state
    this.pin = pin
  }
}

/** The mark of one that was refused; `undefined` where any is to be tried. */
interface PinKnowledge {
  readonly refused: string | undefined
}

export async function loadPackage(): Promise<Pkcs11> {
  const loaded: { readonly default: { readonly PKCS11: new () => Pkcs11 } } = await import(packageName)
  return new loaded.default.PKCS11()
}

/** Asks once, and leaves the library. */
export function askToken(
  pkcs11: Pkcs11,
  request: TokenRequest,
  bytes: Buffer,
): { readonly answer: TokenAnswer; readonly bytes: Buffer } {
  const none = Buffer.alloc(0)
  try {
    const done = withSession(pkcs11, request, (session, key) =>
      request.operation === 'wrap'
        ? wrap(pkcs11, request, session, key, bytes)
        : unwrap(pkcs11, request, session, key, bytes),
    )
    return done === undefined
      ? { answer: { state: 'foreign' }, bytes: none }
      : { answer: { state: 'done' }, bytes: done }
  } catch (error) {
    const { state, message, pin } = error instanceof TokenTrouble ? error : troubleOf(error)
    const refusedPin = pin === undefined ? request.refusedPin : pin.refused
    return { answer: { state, message, ...(refusedPin === undefined ? {} : { refusedPin }) }, bytes: none }
  }
}

function withSession<T>(pkcs11: Pkcs11, request: TokenRequest, work: (session: Handle, key: Handle) => T): T {
  try {
    pkcs11.load(request.modulePath)
  } catch {
    throw new TokenTrouble('away', `The PKCS#11 module ${request.modulePath} is not there, or cannot be loaded.`)
  }
  pkcs11.C_Initialize()
  try {
    const { slot, flags } = findToken(pkcs11, request)
    const session = pkcs11.C_OpenSession(slot, serialSession)
    if (request.pinPath !== undefined) logIn(pkcs11, session, request, request.pinPath, flags)
    return work(session, findKey(pkcs11, session, request))
  } finally {
    pkcs11.C_Finalize()
  }
}

function findToken(pkcs11: Pkcs11, { token, serial }: TokenSource) {
  let unknown = ''
  // Another's token may be in trouble, and keeps nobody from this one.
  const infoOf = (slot: Handle) => {
    try {
      return [pkcs11.C_GetTokenInfo(slot)]
    } catch (error) {
      unknown = `, or in one that cannot be asked (${codeOf(error)})`
      return []
    }
  }
  const isNamed = (wanted: string | undefined, is: string) =>
    wanted === undefined || wanted === is?.replace(/[ \0]+$/, '')
  const found = pkcs11
    .C_GetSlotList(true)
    .flatMap((slot) =>
      infoOf(slot).flatMap(({ label, serialNumber, flags }) =>
        isNamed(token, label) && isNamed(serial, serialNumber) ? [{ slot, flags }] : [],
      ),
    )
  const [first] = found
  if (first === undefined) throw new TokenTrouble('away', `The token is in no slot of the PKCS#11 module${unknown}.`)
  if (found.length > 1) throw new TokenTrouble('denied', 'Several tokens are called so: name one by serial=.')
  return first
}

/** Never with a PIN that was refused, nor with the last try before the token locks. */
function logIn(
  pkcs11: Pkcs11,
  session: Handle,
  { pinSalt, refusedPin }: TokenRequest,
  pinPath: string,
  flags: number,
): void {
  const pin = readPin(pinPath)
  if ((flags & flag.pinLocked) !== 0) throw lockedPin()
  const mark = createHmac('sha256', Buffer.from(pinSalt, 'hex')).update(pin).digest('hex')
  const refused = `The token refuses the PIN of ${pinPath}. It is not tried again until another one is there.`
  if (mark === refusedPin) throw new TokenTrouble('denied', refused)
  if ((flags & flag.pinFinalTry) !== 0) {
    const why = 'The token locks its PIN if that is wrong once more: log in with another program first.'
    throw new TokenTrouble('denied', why)
  }
  try {
    pkcs11.C_Login(session, user, pin)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'CKR_PIN_LOCKED') throw lockedPin()
    if (code.startsWith('CKR_PIN_')) throw new TokenTrouble('denied', refused, { refused: mark })
    throw error
  }
}

/** Whichever PIN it has afterwards, it may be the one that was refused. */
function lockedPin(): TokenTrouble {
  const why = "The token's PIN is locked: its security officer can set another one."
  return new TokenTrouble('denied', why, { refused: undefined })
}

/** Up to the end of its line, as editors and `echo` put one there. */
function readPin(path: string): string {
  const pin = readText(path).replace(/\r?\n$/, '')
  // Another one is being written: not worth a try.
  if (pin === '') throw new TokenTrouble('away', `The file ${path} has no PIN in it.`)
  return pin
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new TokenTrouble('away', `The file ${path} cannot be read (${codeOrName(error)}).`)
  }
}

function findKey(pkcs11: Pkcs11, session: Handle, { object, id, pinPath }: TokenSource): Handle {
  pkcs11.C_FindObjectsInit(session, [
    { type: attribute.class, value: secretKey },
    { type: attribute.keyType, value: aes },
    ...(object === undefined ? [] : [{ type: attribute.label, value: object }]),
    ...(id === undefined ? [] : [{ type: attribute.id, value: Buffer.from(id, 'hex') }]),
  ])
  const found = pkcs11.C_FindObjects(session, 2)
  pkcs11.C_FindObjectsFinal(session)
  const [key] = found
  if (found.length > 1)
    throw new TokenTrouble('denied', 'Several AES keys of the token are called so: name one by id=.')
  if (key !== undefined) return key
  const hint = pinPath === undefined ? ', or shows it to nobody who has not logged in (pin-source=)' : ''
  throw new TokenTrouble('denied', `The token has no AES key of this name${hint}.`)
}

function wrap(pkcs11: Pkcs11, request: TokenRequest, session: Handle, key: Handle, plain: Buffer): Buffer {
  const [sensitive, extractable, length] = pkcs11.C_GetAttributeValue(session, key, [
    { type: attribute.sensitive },
    { type: attribute.extractable },
    { type: attribute.length },
  ])
  if (sensitive?.value[0] !== 1 || extractable?.value[0] !== 0) {
    const why = 'The key can leave the token: make one that is sensitive and not extractable.'
    throw new TokenTrouble('denied', why)
  }
  // A number of the machine: its lowest byte comes first.
  if (length?.value[0] !== keyBytes)
    throw new TokenTrouble('denied', 'The key is shorter than 256 bits: make one of 32 bytes.')
  const nonce = randomBytes(nonceBytes)
  pkcs11.C_EncryptInit(session, mechanismOf(nonce, request.context), key)
  const sealed = pkcs11.C_Encrypt(session, plain, Buffer.alloc(plain.length + tagBytes))
  return Buffer.concat([Buffer.of(format), nonce, sealed])
}

/** @returns `undefined` when the key did not wrap it, or not in this context */
function unwrap(
  pkcs11: Pkcs11,
  request: TokenRequest,
  session: Handle,
  key: Handle,
  wrapped: Buffer,
): Buffer | undefined {
  const from = 1 + nonceBytes
  if (wrapped[0] !== format || wrapped.length < from + tagBytes) return undefined
  const decrypt = (nonce: Buffer, sealed: Buffer) => {
    pkcs11.C_DecryptInit(session, mechanismOf(nonce, request.context), key)
    return pkcs11.C_Decrypt(session, sealed, Buffer.alloc(sealed.length))
  }
  try {
    return decrypt(wrapped.subarray(1, from), wrapped.subarray(from))
  } catch (error) {
    // What a token says of a wrong tag is not agreed upon: a right one shows whether it is that.
    const nonce = randomBytes(nonceBytes)
    pkcs11.C_EncryptInit(session, mechanismOf(nonce, request.context), key)
    const right = pkcs11.C_Encrypt(session, nonce, Buffer.alloc(nonceBytes + tagBytes))
    if (decrypt(nonce, right).equals(nonce)) return undefined
    throw error
  }
}

function mechanismOf(iv: Buffer, context: string) {
  const parameter = {
    type: gcmParameters,
    iv,
    ivBits: iv.length * 8,
    aad: Buffer.from(context, 'hex'),
    tagBits: tagBytes * 8,
  }
  return { mechanism: aesGcm, parameter }
}

const denying = /^CKR_(MECHANISM|KEY|USER|FUNCTION_NOT_SUPPORTED|ACTION_PROHIBITED)/

function troubleOf(error: unknown): TokenTrouble {
  const code = codeOf(error)
  if (denying.test(code))
    return new TokenTrouble('denied', `The token does not do AES-GCM with this key for us (${code}).`)
  return new TokenTrouble('away', `The token cannot be asked (${code}).`)
}

/** By its name alone. */
function codeOf(error: unknown): string {
  const text = error instanceof Error ? error.message : ''
  return /CKR_\w+/.exec(text)?.[0] ?? 'unknown'
}
