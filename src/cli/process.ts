/** A command that stands for another one: hands signals on to it, and ends as it ended. */
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import { setImmediate } from 'node:timers/promises'

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Passing {
  /** How the process ended. Rejects if it could not be started. */
  readonly ended: Promise<Ending>
  /** The first signal that would have ended this process, if there was one. */
  deadly(): NodeJS.Signals | undefined
}

const passed: readonly NodeJS.Signals[] = [
  ...(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const),
  ...(process.platform === 'win32' ? [] : (['SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const)),
]

/** What ends a process that does not listen to it. */
export const deadly: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']

/** Of a terminal, which sends them to all processes in the foreground, and so to both. */
const ofKeyboard: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH']

/**
 * Starts a process, and hands every signal on to it until it has ended, but none that it has got already. Signals are
 * listened to before it starts: none can end this process and leave the other one behind.
 *
 * @throws whatever `start` throws
 */
export function startPassing<Child extends ChildProcess>(start: () => Child): Passing & { readonly child: Child } {
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY)
  let ending: NodeJS.Signals | undefined
  let child: Child | undefined
  const listeners = passed.map((signal) => {
    const listener = () => {
      if (deadly.includes(signal)) ending ??= signal
      if (!hasTerminal || !ofKeyboard.includes(signal)) child?.kill(signal)
    }
    process.on(signal, listener)
    return [signal, listener] as const
  })
  const stop = () => {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener)
  }
  try {
    child = start()
  } catch (error) {
    stop()
    throw error
  }
  // Signals that came with its end are told of one after the other, and so after it.
  const ended = endOf(child).finally(() => setImmediate().then(stop))
  return { child, ended, deadly: () => ending }
}

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}

/** As shells have it: its own, or 128 and the number of the signal. */
export function exitCodeOf({ code, signal }: Ending): number {
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal]
}
