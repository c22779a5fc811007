/**
 * The command in this process, for tests that look at what it does: a process of its own takes ten times as long, and is for what
 * only that shows (`child.ts`), such as a command that is killed, or that hands its output to another.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import http from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { Readable } from 'node:stream'
import { run } from '../../src/commands.ts'

/** What a command has printed: whatever the test runner writes meanwhile is none of it. */
interface Printed {
  readonly stdout: Buffer[]
  readonly stderr: Buffer[]
}

const printing = new AsyncLocalStorage<Printed>()

for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name]
  const write = stream.write.bind(stream) as (...all: unknown[]) => boolean
  stream.write = (...[chunk, ...more]: unknown[]) => {
    const printed = printing.getStore()
    if (printed === undefined) return write(chunk, ...more)
    printed[name].push(Buffer.from(chunk as Buffer))
    for (const callback of more) if (typeof callback === 'function') process.nextTick(callback)
    return true
  }
}

// Of the system's variables, which stay those of the test.
const { homedir } = os
os.homedir = () => process.env['HOME'] ?? homedir()
syncBuiltinESMExports()

/** What a process is given when it starts. */
export interface Given {
  readonly env: Readonly<Record<string, string>>
  /** Where it is; without it, where the test is. */
  readonly folder?: string
  readonly input?: string | Buffer
}

export interface RanHere {
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: Buffer
}

let last: Promise<unknown> = Promise.resolve()

/** Runs a command to its end, after those before it: what it reads of its process is that of the test. */
export function runInProcess(words: readonly string[], given: Given): Promise<RanHere> {
  const ran = last.then(() => runNow(words, given))
  last = ran.catch(() => {})
  return ran
}

async function runNow(words: readonly string[], given: Given): Promise<RanHere> {
  const giveBack = lend(given)
  const printed: Printed = { stdout: [], stderr: [] }
  try {
    await printing.run(printed, async () => {
      try {
        await run(words)
      } catch (error) {
        const { fail } = await import('../../src/cli/failure.ts')
        process.exitCode = fail(error)
      }
    })
    return {
      code: Number(process.exitCode ?? 0),
      stdout: Buffer.concat(printed.stdout),
      stderr: Buffer.concat(printed.stderr),
    }
  } finally {
    giveBack()
  }
}

/** What a command takes for its own and leaves as it is, as its process ends. @returns what puts that back, as that end */
function lend({ env, folder, input = '' }: Given): () => void {
  const before = { env: process.env, exitCode: process.exitCode, umask: process.umask(), folder: process.cwd() }
  const standardInput = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {}
  const listening = new Map(process.eventNames().map((name) => [name, new Set(process.rawListeners(name))]))
  process.env = { ...env }
  process.exitCode = undefined
  if (folder !== undefined) process.chdir(folder)
  const value = Readable.from(input.length === 0 ? [] : [Buffer.from(input)], { objectMode: false })
  Object.defineProperty(process, 'stdin', { value, configurable: true })
  return () => {
    const left = (name: string | symbol) =>
      process.rawListeners(name as string).filter((one) => listening.get(name)?.has(one) !== true)
    for (const listener of left('exit')) listener.call(process, process.exitCode)
    const isUnfinished = left('beforeExit').length > 0
    process.env = before.env
    process.exitCode = before.exitCode
    process.umask(before.umask)
    process.chdir(before.folder)
    Object.defineProperty(process, 'stdin', standardInput)
    for (const name of process.eventNames()) {
      for (const listener of left(name)) process.off(name, listener as () => void)
    }
    closeIdle()
    if (isUnfinished) throw new Error('This command does more before its process ends: it needs one of its own.')
  }
}

/** The connections that a command leaves for the next request. */
function closeIdle(): void {
  for (const { freeSockets } of [http.globalAgent, https.globalAgent]) {
    for (const sockets of Object.values(freeSockets)) for (const socket of sockets ?? []) socket.destroy()
  }
}
