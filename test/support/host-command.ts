/**
 * Commands on the host in this process, for tests that look at what they do: a process of their own takes ten times as long, and
 * is for what only that shows (`child.ts`), such as a command that is killed.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { run } from '../../src/commands.ts'
import { environment, type Ran } from './child.ts'
import type { Place } from './engines.ts'

/** What a command has printed: whatever the test runner writes meanwhile is none of it. */
interface Printed {
  stdout: string
  stderr: string
}

const printing = new AsyncLocalStorage<Printed>()

for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name]
  const write = stream.write.bind(stream) as (...all: unknown[]) => boolean
  stream.write = (...[chunk, ...more]: unknown[]) => {
    const printed = printing.getStore()
    if (printed === undefined) return write(chunk, ...more)
    printed[name] += String(chunk)
    for (const callback of more) if (typeof callback === 'function') process.nextTick(callback)
    return true
  }
}

/** Runs a host command to its end. One at a time: what it reads of its process is that of the test. */
export async function runHere(
  place: Place,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const giveBack = lend({ ...environment(place), ...env })
  const printed = { stdout: '', stderr: '' }
  try {
    await printing.run(printed, async () => {
      try {
        await run(words)
      } catch (error) {
        const { fail } = await import('../../src/cli/failure.ts')
        process.exitCode = fail(error)
      }
    })
    return { code: Number(process.exitCode ?? 0), ...printed }
  } finally {
    giveBack()
  }
}

/** What a command takes for its own and leaves as it is, as its process ends. @returns what puts that back, as that end */
function lend(env: Record<string, string>): () => void {
  const before = { env: process.env, exitCode: process.exitCode, umask: process.umask() }
  const listening = new Map(process.eventNames().map((name) => [name, new Set(process.rawListeners(name))]))
  process.env = env
  process.exitCode = undefined
  return () => {
    const left = (name: string | symbol) =>
      process.rawListeners(name as string).filter((one) => listening.get(name)?.has(one) !== true)
    for (const listener of left('exit')) listener.call(process, process.exitCode)
    process.env = before.env
    process.exitCode = before.exitCode
    process.umask(before.umask)
    for (const name of process.eventNames()) {
      for (const listener of left(name)) process.off(name, listener as () => void)
    }
  }
}
