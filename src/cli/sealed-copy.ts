/**
 * The values that a program started with, sealed in a file of this machine, for when the server is away: bound to whom they
 * were read from, as whom and what, and good for a time. docs/decisions/0028 says what that protects from, and what not.
 */
import { createSecretKey, hash, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import { type FileHandle, lstat, open as openFile, readFile, rm } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import type { Strongroom } from '../client/strongroom.ts'
import { open, overheadBytes, seal } from '../crypto/aead.ts'
import { codeOf } from '../error-code.ts'
import { placeOf } from './connection.ts'
import { complain, Fault } from './output.ts'
import { variable } from './process-env.ts'
import { replaceFile } from './replace-file.ts'
import { placeNew } from './write-new.ts'

export interface SealedCopyOptions {
  readonly path: string
  /** 32 bytes or more; made when a copy is first sealed. Without it, the API key seals. */
  readonly keyFile: string | undefined
  readonly maxAgeMs: number
  /** What was chosen, in any words that say all of it. */
  readonly chosen: readonly unknown[]
  readonly now?: () => number
}

export interface Opened {
  readonly content: Buffer
  /** How long ago it was read from the server. */
  readonly ageMs: number
}

/** Before the blob; a file of another form is none of ours. */
const heading = Buffer.from('strongroom sealed copy 1\n')
const form = 1
const leastKeyBytes = 32
const mostKeyBytes = 64 * 1024
/** An account of thousands of values has a few MiB. */
const mostBytes = 256 * 2 ** 20
/** Clocks are set by that much without anything being wrong. */
const clockStepMs = 60_000
const timesBytes = 16

export class SealedCopy {
  readonly path: string
  readonly #options: SealedCopyOptions
  readonly #context: Buffer
  readonly #apiKey: string | undefined
  readonly #now: () => number

  /** @throws Fault `usage` where nothing that stays could seal it */
  constructor(client: Strongroom, options: SealedCopyOptions) {
    const { url, environment = '', credential } = placeOf(client)
    const whose = typeof credential === 'string' ? hash('sha256', credential) : [credential.account, credential.rule]
    this.path = options.path
    this.#options = options
    this.#context = Buffer.from(JSON.stringify(['sealed copy', form, url, environment, whose, options.chosen]))
    this.#apiKey = typeof credential === 'string' ? credential : undefined
    this.#now = options.now ?? Date.now
    if (options.keyFile !== undefined || this.#apiKey !== undefined) return
    throw new Fault(
      'usage',
      '--fallback needs --fallback-key-file here: the keys that a token is traded for do not stay.',
    )
  }

  /**
   * Seals what was just read in the place of what is there. That it cannot is said, and ends nothing.
   *
   * @param content wiped by whoever has it
   */
  async keep(content: Buffer): Promise<void> {
    try {
      const now = this.#now()
      await this.#write(await this.#key(true), content, { sealedAt: now, seenAt: now })
    } catch (error) {
      complain(`No sealed copy is kept: ${error instanceof Error ? error.message : 'an unknown error'}`)
    }
  }

  /** @throws Fault `unreachable` that says why it is not used */
  async open(): Promise<Opened> {
    const sealed = await this.#read()
    const key = await this.#key(false)
    const message = this.#unseal(key, sealed)
    const [sealedAt, seenAt] = [Number(message.readBigUInt64BE(0)), Number(message.readBigUInt64BE(8))]
    const content = message.subarray(timesBytes)
    const now = this.#now()
    if (now < Math.max(sealedAt, seenAt) - clockStepMs) {
      throw this.#notUsed('the clock of this machine has gone back since it was used')
    }
    const ageMs = Math.max(0, now - sealedAt)
    if (ageMs > this.#options.maxAgeMs) {
      throw this.#notUsed(`it is ${ageText(ageMs)} old, and --fallback-max-age is ${ageText(this.#options.maxAgeMs)}`)
    }
    await this.#markUsed(sealed, key, content, { sealedAt, seenAt: Math.max(now, seenAt) })
    return { content, ageMs }
  }

  /** So that a clock that goes back is noticed from here on. What somebody sealed meanwhile is newer, and stays. */
  async #markUsed(sealed: Buffer, key: KeyObject, content: Buffer, times: Times): Promise<void> {
    try {
      if (sealed.equals(await this.#read())) await this.#write(key, content, times)
    } catch (error) {
      complain(`${this.path} could not be marked as used: ${error instanceof Error ? error.message : 'unknown error'}`)
    }
  }

  /** Nobody starts from it any more: the server has refused what it holds. That it cannot is said, and ends nothing. */
  async destroy(): Promise<void> {
    const found = await lstat(this.path).catch(() => undefined)
    if (found === undefined) return
    try {
      await destroyFile(this.path, found)
      complain(`${this.path} is destroyed: the server has refused what it holds.`)
    } catch (error) {
      const why = error instanceof Error ? error.message : 'an unknown error'
      complain(`${this.path} could not be destroyed, and the server has refused what it holds. Remove it: ${why}`)
    }
  }

  async #read(): Promise<Buffer> {
    let bytes: Buffer
    try {
      const { size } = await lstat(this.path)
      if (size > mostBytes) throw this.#notUsed('it is longer than any')
      bytes = await readFile(this.path)
    } catch (error) {
      if (error instanceof Fault) throw error
      const code = codeOf(error) ?? 'unknown'
      throw this.#notUsed(code === 'ENOENT' ? 'there is none yet' : `it cannot be read (${code})`)
    }
    if (heading.equals(bytes.subarray(0, heading.length))) return bytes.subarray(heading.length)
    throw this.#notUsed('it is none of this version of strongroom')
  }

  #unseal(key: KeyObject, sealed: Buffer): Buffer {
    try {
      const message = open(key, sealed, this.#context, form)
      if (message.length >= timesBytes) return message
    } catch {
      // Which of them it is, nobody can tell.
    }
    throw this.#notUsed('it was altered, or sealed for another server, environment, choice or key')
  }

  async #write(key: KeyObject, content: Buffer, { sealedAt, seenAt }: Times): Promise<void> {
    const message = Buffer.alloc(timesBytes + content.length)
    message.writeBigUInt64BE(BigInt(sealedAt), 0)
    message.writeBigUInt64BE(BigInt(seenAt), 8)
    content.copy(message, timesBytes)
    try {
      await replaceFile(this.path, Buffer.concat([heading, seal(key, message, this.#context, form)]), 0o600)
    } finally {
      message.fill(0)
    }
  }

  async #key(mayMake: boolean): Promise<KeyObject> {
    const { keyFile } = this.#options
    const material = keyFile === undefined ? Buffer.from(this.#apiKey ?? '') : await readKey(keyFile, mayMake)
    const bytes = Buffer.from(hkdfSync('sha256', material, Buffer.alloc(0), 'strongroom sealed copy', 32))
    const key = createSecretKey(bytes)
    material.fill(0)
    bytes.fill(0)
    return key
  }

  #notUsed(why: string): Fault {
    return new Fault('unreachable', `The sealed copy ${this.path} is not used: ${why}.`)
  }
}

interface Times {
  /** Milliseconds since 1970: when it was read from the server, and last used. */
  readonly sealedAt: number
  readonly seenAt: number
}

/** In words, for whoever reads how old something is. */
export function ageText(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000)
  if (minutes < 1) return `${Math.floor(milliseconds / 1000)} s`
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24]
  if (days > 0) return `${days} d ${hours} h`
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`
}

/** @throws Fault `settings` for one that others may read, or that is too short */
async function readKey(path: string, mayMake: boolean): Promise<Buffer> {
  const file = await openFile(path, 'r').catch((error: unknown) => {
    const code = codeOf(error) ?? 'unknown'
    if (code === 'ENOENT' && mayMake) return undefined
    throw new Fault('settings', `The key in ${path} cannot be read (${code}).`)
  })
  if (file === undefined) return makeKey(path)
  try {
    await checkKey(path, file)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

async function checkKey(path: string, file: FileHandle): Promise<void> {
  const { mode, size, uid } = await file.stat()
  const own = process.getuid?.()
  if (own !== undefined) {
    // What systemd hands to a service, and to nobody else, may show the group by which it does.
    const credentials = variable('CREDENTIALS_DIRECTORY')
    const isHanded = credentials !== undefined && resolve(path).startsWith(resolve(credentials) + sep)
    const isOpen = (mode & (isHanded ? 0o007 : 0o077)) !== 0
    if (isOpen) throw new Fault('settings', `Others may read ${path}, which seals. Run: chmod 600 ${path}`)
    if (uid !== own && uid !== 0) throw new Fault('settings', `${path}, which seals, belongs to another user.`)
  }
  if (size >= leastKeyBytes && size <= mostKeyBytes) return
  throw new Fault(
    'settings',
    `The key in ${path} must have ${leastKeyBytes} bytes or more: "openssl rand -out ${path} 32".`,
  )
}

async function makeKey(path: string): Promise<Buffer> {
  const key = randomBytes(leastKeyBytes)
  // Somebody may be faster: theirs is the one.
  return placeNew(path, key, 0o600) ? key : readKey(path, false)
}

async function destroyFile(path: string, found: Stats): Promise<void> {
  try {
    if (found.isFile()) await overwrite(path, found.size)
  } finally {
    await rm(path, { force: true })
  }
}

/** As far as the disk lets it: some write elsewhere. */
async function overwrite(path: string, size: number): Promise<void> {
  const file = await openFile(path, 'r+')
  try {
    await file.write(Buffer.alloc(Math.min(size, heading.length + overheadBytes)), 0, undefined, 0)
    await file.truncate(heading.length + overheadBytes)
    await file.sync()
  } finally {
    await file.close()
  }
}
