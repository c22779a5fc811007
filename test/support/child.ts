/** The real command as a process of its own, which can be stopped, killed and traced. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Api } from './api.ts'
import type { Place } from './engines.ts'
import { main } from './main.ts'

export interface ChildOptions {
  readonly env?: Record<string, string>
  /** A program and its parameters that run the server, such as a tracer. */
  readonly under?: readonly string[]
  /** Another `main`. */
  readonly main?: string
}

export class Child {
  readonly process: ChildProcess
  readonly url: string
  /** Everything that it printed and logged. */
  readonly output: () => string
  /** Once it has ended, and all that it printed is there. */
  readonly #closed: Promise<void>

  constructor(child: ChildProcess, url: string, output: () => string) {
    this.process = child
    this.#closed = new Promise((resolve) => void child.once('close', () => resolve()))
    this.url = url
    this.output = output
  }

  /** The API key that was printed, when this was the first start. */
  get firstKey(): string | undefined {
    return /^ +(sr_\w{49})$/m.exec(this.output())?.[1]
  }

  get hasEnded(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }

  api(key: string): Api {
    return new Api(this.url, key)
  }

  /** Waits until it has printed this, which comes some time after what it is about. */
  async says(what: RegExp): Promise<void> {
    while (!what.test(this.output())) {
      if (this.hasEnded) throw new Error(`It ended without saying ${what}: ${this.output()}`)
      await setTimeout(5)
    }
  }

  /** @returns how it ended, once it has */
  async end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    const { process: child } = this
    if (!this.hasEnded) child.kill(signal)
    await this.#closed
    return { code: child.exitCode, signal: child.signalCode }
  }
}

/** Starts `strongroom serve` and waits until it listens. It is killed when the test ends. */
export async function startChild(
  t: Pick<TestContext, 'after'>,
  place: Place,
  options: ChildOptions = {},
): Promise<Child> {
  const { env = {}, under = [] } = options
  const [program = '', ...parameters] = [...under, process.execPath, options.main ?? main, 'serve']
  const child = spawn(program, parameters, {
    env: { ...environment(place), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => void child.kill('SIGKILL'))
  return listening(child)
}

/** Starts `strongroom serve` on a port that is known, and does not wait: it may not get ready. It is killed when the test ends. */
export function startUnready(
  t: Pick<TestContext, 'after'>,
  place: Place,
  port: number,
  env: Record<string, string>,
  program = main,
): Child {
  const child = spawn(process.execPath, [program, 'serve'], {
    env: { ...environment(place), STRONGROOM_LISTEN: `127.0.0.1:${port}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => void child.kill('SIGKILL'))
  let text = ''
  const take = (chunk: Buffer) => {
    text += chunk
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  return new Child(child, `http://127.0.0.1:${port}`, () => text)
}

/** Waits until a server that was just started says where it listens; on a Unix socket, its URL leads nowhere. */
export async function listening(child: ChildProcess): Promise<Child> {
  let text = ''
  const url = await new Promise<string>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      text += chunk
      const found = /(https?:\/\/(?:127\.0\.0\.1:\d+|localhost))\/v3\s/.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    }
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    child.once('exit', (code) => reject(new Error(`It ended with ${code}: ${text}`)))
  })
  return new Child(child, url, () => text)
}

/** Starts a host command, for a test that does not let it come to its end. */
export function startCommand(
  place: Place,
  parameters: readonly string[],
  stdout: 'ignore' | 'pipe' = 'ignore',
  env: Record<string, string> = {},
): ChildProcess {
  const stdio = ['ignore', stdout, 'ignore'] as const
  return spawn(process.execPath, [main, ...parameters], {
    env: { ...environment(place), ...env },
    stdio: [...stdio],
  })
}

/** What a host command has printed, and its exit code. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a host command to its end. */
export function runCommand(place: Place, parameters: readonly string[], env: Record<string, string> = {}): Ran {
  try {
    const stdout = execFileSync(process.execPath, [main, ...parameters], {
      env: { ...environment(place), ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return { code: 0, stdout, stderr: '' }
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number | null; stdout: string; stderr: string }
    return { code: status, stdout, stderr }
  }
}

/** Runs a host command to its end, beside what this process does meanwhile. */
export async function runBeside(place: Place, parameters: readonly string[], env: Record<string, string> = {}) {
  const child = startCommand(place, parameters, 'pipe', env)
  let stdout = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk
  })
  const [code]: (number | null)[] = await once(child, 'close')
  return { code, stdout }
}

/** Of a command on the host of a store. */
export function environment({ dataDir, databaseUrl }: Place): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    STRONGROOM_LISTEN: '127.0.0.1:0',
    STRONGROOM_DATA_DIR: dataDir,
    STRONGROOM_RATE_LIMIT: 'off',
    STRONGROOM_DRAIN_SECONDS: '0',
    ...(databaseUrl === undefined ? {} : { STRONGROOM_DATABASE_URL: databaseUrl }),
  }
}
