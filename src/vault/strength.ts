/**
 * How hard a password is to guess. Working that out takes up to some tenths of a second, and building the dictionaries
 * some hundredths: a thread of its own does it, one password after the other, and builds them once.
 */
import { extname } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { Refusal } from '../errors.ts'
import { startThread } from '../thread.ts'

/** Beside this file, in the sources and in what is built of them. */
const workerUrl = new URL(`./strength-worker${extname(import.meta.url)}`, import.meta.url)

/** Strangers with a link may ask. */
const maxWaiting = 64
/** The time grows with the square of the length and more: seconds for the longest passwords that there may be. */
const maxJudgedLength = 64

/** Parts of a password, and what its user is called. */
export interface Question {
  readonly id: number
  readonly parts: readonly string[]
  readonly about: readonly string[]
}

export interface Answer {
  readonly id: number
  /** Of 0 to 4: of the part that is hardest to guess. */
  readonly score: number
}

interface Pending {
  readonly resolve: (score: number) => void
  readonly reject: (error: Error) => void
}

const pending = new Map<number, Pending>()
let worker: Worker | undefined
let lastId = 0

/**
 * @param about what makes it weaker
 * @returns 0 to 4, as zxcvbn has it
 * @throws Refusal `overloaded`
 */
export function strengthOf(password: string, about: readonly string[]): Promise<number> {
  if (pending.size >= maxWaiting) {
    return Promise.reject(new Refusal('overloaded', 'Too many passwords are set at once. Try again shortly.'))
  }
  const running = worker ?? start()
  worker = running
  const id = ++lastId
  const question = { id, parts: judgedParts(password), about: about.map((text) => text.slice(0, maxJudgedLength)) }
  return new Promise((resolve, reject) => {
    pending.set(id, { resolve, reject })
    running.ref()
    running.postMessage(question satisfies Question)
  })
}

/** What is looked at: all of it, or where it begins and where it ends. It is no easier to guess than either. */
export function judgedParts(password: string): readonly string[] {
  if (password.length <= maxJudgedLength) return [password]
  return [password.slice(0, maxJudgedLength), password.slice(-maxJudgedLength)]
}

function start(): Worker {
  const started = startThread(workerUrl)
  started.on('message', ({ id, score }: Answer) => {
    pending.get(id)?.resolve(score)
    pending.delete(id)
    // The process may end while nobody waits.
    if (pending.size === 0) started.unref()
  })
  started.on('error', (error) => fail(started, error instanceof Error ? error : new Error('unknown')))
  started.on('exit', () => fail(started, new Error('The thread that judges passwords ended.')))
  return started
}

/** The next password gets a new thread. */
function fail(failed: Worker, error: Error): void {
  if (worker !== failed) return
  worker = undefined
  for (const { reject } of pending.values()) reject(error)
  pending.clear()
}
