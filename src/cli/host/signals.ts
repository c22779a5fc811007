/** What signals mean to the server, and what becomes of those that come before it can do what they ask for. */
import { constants } from 'node:os'

/**
 * Left to itself the system ends a process upon these at once, with requests on their way; upon SIGUSR1, Node opens its
 * inspector, and with it the memory.
 */
const meaningless = ['SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGVTALRM', 'SIGIO', 'SIGXFSZ'] as const

/** Whether SIGHUP says that the terminal is gone, which the server then goes with; else, that files are to be read anew. */
function hasTerminal(): boolean {
  return process.stdin.isTTY || process.stdout.isTTY
}

/** Upon which the server answers whom it let in, and ends. */
function endings(): readonly NodeJS.Signals[] {
  return known(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGPWR', 'SIGXCPU', ...(hasTerminal() ? (['SIGHUP'] as const) : [])])
}

export function passOverSignals(): { log: (signal: NodeJS.Signals) => void } {
  const handler: { log: (signal: NodeJS.Signals) => void } = { log: () => {} }
  for (const signal of known(meaningless)) process.on(signal, (name) => handler.log(name))
  return handler
}

/** Those that this system has. */
function known(signals: readonly NodeJS.Signals[]): readonly NodeJS.Signals[] {
  return signals.filter((signal) => signal in constants.signals)
}

interface Waiting {
  /** Ends the process at once: while it waits for its store it has nobody to answer first. */
  readonly end: (signal: NodeJS.Signals) => void
  /** Told that files are to be read anew, which is done later. */
  readonly onReload: () => void
}

interface Serving {
  /** Ends the server in order; told of each signal that asks for it. */
  readonly stop: (signal: NodeJS.Signals) => void
  readonly reload: () => void
}

/**
 * Signals from the start on. As the first process of a container the server would pass those over that nobody listens to; as any
 * other, it would end in the middle of what it does, and upon SIGHUP, too. Who listens stays the same until the end: one that is on
 * its way while listeners change is lost.
 */
export class ServerSignals {
  readonly #waiting: Waiting
  #isOpen = false
  #serving: Serving | undefined
  #ending: NodeJS.Signals | undefined
  #isReload = false

  constructor(waiting: Waiting) {
    this.#waiting = waiting
    for (const signal of endings()) process.on(signal, () => this.#take(signal))
    if (!hasTerminal()) process.on('SIGHUP', () => this.#reload())
  }

  /** The store is open: from now on one that asks for the end waits until the server can be stopped. Whoever says it twice does not. */
  hold(): void {
    this.#isOpen = true
  }

  /** The server can do what is asked for, and what was asked for meanwhile. @returns whether it is to end at once */
  serve(serving: Serving): boolean {
    this.#serving = serving
    if (this.#isReload) serving.reload()
    if (this.#ending !== undefined) serving.stop(this.#ending)
    return this.#ending !== undefined
  }

  #take(signal: NodeJS.Signals): void {
    if (this.#serving !== undefined) this.#serving.stop(signal)
    else if (this.#isOpen && this.#ending === undefined) this.#ending = signal
    else this.#waiting.end(signal)
  }

  #reload(): void {
    if (this.#serving !== undefined) this.#serving.reload()
    else {
      this.#isReload = true
      this.#waiting.onReload()
    }
  }
}
