/** A command that stands for another one: hands signals on to it, and ends as it ended. */
import type { ChildProcess } from 'node:child_process'
import { constants } from 'node:os'

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

const deadly: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']

/** Of a terminal, which sends them to all processes in the foreground, and so to both. */
const ofKeyboard: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT', 'SIGWINCH']

/** Hands every signal on to `child` until it has ended, and none that it has got already. */
export function passSignals(child: ChildProcess): Passing {
  const hasTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY)
  let ending: NodeJS.Signals | undefined
  const listeners = passed.map((signal) => {
    const listener = () => {
      if (deadly.includes(signal)) ending ??= signal
      if (!hasTerminal || !ofKeyboard.includes(signal)) child.kill(signal)
    }
    process.on(signal, listener)
    return [signal, listener] as const
  })
  const ended = new Promise<Ending>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  }).finally(() => {
    for (const [signal, listener] of listeners) process.removeListener(signal, listener)
  })
  return { ended, deadly: () => ending }
}

/** As shells have it: its own, or 128 and the number of the signal. */
export function exitCodeOf({ code, signal }: Ending): number {
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal]
}
