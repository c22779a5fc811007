/** Passwords of users: hashed slowly, compared alike whether there is anybody or not, and refused when weak. */

import { argon2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { randomBytes } from '../crypto/random.ts'
import { Refusal } from '../errors.ts'
import { strengthOf } from './strength.ts'

/** What a hash of Argon2id takes: KiB of memory, passes over it, and lanes. */
export interface PasswordCost {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

/** OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane. */
export const passwordCost: PasswordCost = { memory: 19_456, passes: 2, parallelism: 1 }
const saltBytes = 16
const tagLength = 32
/** Each takes its memory for some 30 ms: strangers who sign in at random must not take all of it. */
const maxAtOnce = 4
const maxWaiting = 64
const minLength = 10
const maxLength = 256
/** Of 0 to 4: "safely unguessable: moderate protection from offline slow-hash scenario". */
const minScore = 3

const derive = promisify(argon2)

let running = 0
const waiting: (() => void)[] = []

/** @returns a PHC string, `$argon2id$v=19$m=…,t=…,p=…$SALT$HASH` */
export async function hashPassword(password: string, cost: PasswordCost): Promise<string> {
  const salt = randomBytes(saltBytes)
  const tag = await slowHash(password, salt, cost)
  const { memory, passes, parallelism } = cost
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(tag)}`
}

/** Whether the password is the one of the PHC string. Without one it takes as long as a new one, and is never. */
export async function isPassword(password: string, phc: string | null, cost: PasswordCost): Promise<boolean> {
  const [, memory, passes, parallelism, salt = '', tag = ''] =
    /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(phc ?? '') ?? []
  const own = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) }
  const isKnown = memory !== undefined
  const expected = isKnown ? Buffer.from(tag, 'base64') : Buffer.alloc(tagLength)
  const found = await slowHash(
    password,
    isKnown ? Buffer.from(salt, 'base64') : Buffer.alloc(saltBytes),
    isKnown ? own : cost,
  )
  return isKnown && expected.length === found.length && timingSafeEqual(found, expected)
}

/**
 * @param about what the person is called: parts of it make a password weaker
 * @throws Refusal `weak_password` saying what to do
 */
export async function checkPassword(password: string, about: readonly string[]): Promise<void> {
  if (password.length < minLength) throw weak(`Use at least ${minLength} characters.`)
  if (password.length > maxLength || !password.isWellFormed()) throw weak(`Use at most ${maxLength} characters.`)
  if ((await strengthOf(password, about)) < minScore)
    throw weak('It is easy to guess, or among those that have leaked. Use several unrelated words.')
}

async function slowHash(password: string, nonce: Uint8Array, { memory, passes, parallelism }: PasswordCost) {
  if (running >= maxAtOnce) {
    if (waiting.length >= maxWaiting) {
      throw new Refusal('overloaded', 'Too many people sign in at once. Try again shortly.')
    }
    await new Promise<void>((resolve) => waiting.push(resolve))
  }
  running++
  try {
    const message = Buffer.from(password.normalize('NFC'))
    return await derive('argon2id', { message, nonce, memory, passes, parallelism, tagLength })
  } finally {
    running--
    waiting.shift()?.()
  }
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

function weak(why: string): Refusal {
  return new Refusal('weak_password', why, { fields: [{ field: 'password', detail: why }] })
}
