/** `strongroom render`: a file made of a template and secrets, and kept as they are: the agent of a machine. */
import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { RateLimited, StrongroomError, Unavailable, Unreachable } from '../client/errors.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { namesIn } from '../render/template.ts'
import { parseUserData } from '../render/user-data.ts'
import { connect, keysOf } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { fail } from './failure.ts'
import { numberOf, readInputFile, readStandardInput } from './input.ts'
import { complain, Fault, printJson, tell } from './output.ts'
import { exitCodeOf } from './process.ts'
import { environmentForOthers } from './process-env.ts'
import { modeOf, replaceFile } from './replace-file.ts'

interface Options extends RemoteOptions {
  readonly file: string
  readonly output?: string
  readonly mode?: string
  readonly target?: string
  readonly watch?: boolean
  readonly exec?: string
  readonly interval: string
}

export async function renderFile(options: Options): Promise<void> {
  const { file, output, watch, exec } = options
  const mode = options.mode === undefined ? undefined : modeOf(options.mode)
  const pauseMs = numberOf('--interval', options.interval, 1, 86_400) * 1000
  if (output === undefined && (watch || exec !== undefined || options.json)) {
    throw new Fault('usage', '--watch, --exec and --json go with --output.')
  }
  if (watch && file === '-') throw new Fault('usage', '--watch needs a template in a file.')
  const client = await connect(options)
  if (output === undefined) return void process.stdout.write(await render(client, await read(file), options))
  const agent = new Agent(client, { ...options, output }, mode)
  if (watch) return agent.watch(pauseMs)
  const isWritten = await agent.once()
  if (options.json) printJson({ output, written: isWritten })
}

function read(file: string): Buffer | Promise<Buffer> {
  return file === '-' ? readStandardInput() : readInputFile(file)
}

/** In base64 both ways: whatever the document is, it comes back in its own bytes. */
async function render(client: Strongroom, template: Buffer, { target }: Pick<Options, 'target'>): Promise<Buffer> {
  const document = { script_content: template.toString('base64'), ...(target === undefined ? {} : { target }) }
  const { script_content: rendered } = await client.render(document)
  if (rendered === undefined) throw new Fault('failure', 'The server left the document out.')
  return Buffer.from(rendered, 'base64')
}

class Agent {
  readonly #client: Strongroom
  readonly #options: Options & { readonly output: string }
  readonly #mode: number | undefined
  readonly #stop = new AbortController()
  /** What was rendered last: the template, and the versions of its secrets. */
  #known: string | undefined
  /** What is wrong, said once. */
  #trouble: string | undefined

  constructor(client: Strongroom, options: Options & { readonly output: string }, mode: number | undefined) {
    this.#client = client
    this.#options = options
    this.#mode = mode
  }

  /** @returns whether the file is another one now */
  async once(): Promise<boolean> {
    return this.#renew(await read(this.#options.file))
  }

  /** Until a signal ends it. */
  async watch(pauseMs: number): Promise<void> {
    const stop = () => this.#stop.abort()
    const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
    for (const signal of signals) process.on(signal, stop)
    const { signal } = this.#stop
    const signedOut = keysOf(this.#client)?.signedOut
    const either = signedOut === undefined ? signal : AbortSignal.any([signal, signedOut])
    try {
      while (!signal.aborted) {
        await this.#look()
        await setTimeout(pauseMs, undefined, { signal: either }).catch(() => {})
        // No look will go better: nobody gives this job a key any more.
        signedOut?.throwIfAborted()
      }
    } finally {
      for (const one of signals) process.removeListener(one, stop)
    }
  }

  /** Renders again if something is another than it was. A server that is away for a while ends nothing. */
  async #look(): Promise<void> {
    try {
      const template = readInputFile(this.#options.file)
      const now = await this.#stateOf(template)
      if (now !== this.#known) {
        await this.#renew(template)
        this.#known = now
      }
      if (this.#trouble !== undefined) complain('All is well again.')
      this.#trouble = undefined
    } catch (error) {
      if (this.#known === undefined && !isPassing(error)) throw error
      this.#report(error)
    }
  }

  /** Once for each trouble: a machine that is offline for days fills no log. */
  #report(error: unknown): void {
    const trouble = error instanceof Error ? `${error.name} ${error.message}` : ''
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    fail(error)
    complain(`  ${this.#options.output} stays as it is; the next try is in ${this.#options.interval} seconds.`)
  }

  /** By versions alone: no value is read to find out whether one has changed. */
  async #stateOf(template: Buffer): Promise<string> {
    const names = new Set(namesIn(parseUserData(template, 'template').templates))
    const versions: [string, number, number][] = []
    if (names.size > 0) {
      for await (const { name, id, version } of this.#client.secrets.listMetadata({ name: patternOf([...names]) })) {
        if (names.has(name)) versions.push([name, id, version])
      }
    }
    return JSON.stringify([hash('sha256', template), versions])
  }

  async #renew(template: Buffer): Promise<boolean> {
    const { output, exec } = this.#options
    const isWritten = await replaceFile(output, await render(this.#client, template, this.#options), this.#mode)
    if (!isWritten) return false
    tell(`${output} is written.`)
    if (exec !== undefined) await this.#run(exec)
    return true
  }

  /** With a shell, as it was typed. That it fails is said, and ends nothing. */
  async #run(command: string): Promise<void> {
    const child = spawn(command, { shell: true, stdio: ['ignore', 'inherit', 'inherit'], env: environmentForOthers() })
    const pass = () => void child.kill('SIGTERM')
    this.#stop.signal.addEventListener('abort', pass, { once: true })
    const code = await new Promise<number>((resolve) => {
      child.once('error', () => resolve(127))
      child.once('close', (own, signal) => resolve(exitCodeOf({ code: own, signal })))
    })
    this.#stop.signal.removeEventListener('abort', pass)
    if (code === 0 || this.#stop.signal.aborted) return
    complain(`The command of --exec ended with ${code}.`)
    if (!this.#options.watch) process.exitCode = 1
  }
}

/** One listing for all of them. */
function patternOf(names: readonly string[]): string {
  const [first = '', ...others] = names
  if (others.length === 0) return first
  let length = first.length
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length--
  return `${first.slice(0, length)}*`
}

/** Whether waiting may help. */
function isPassing(error: unknown): boolean {
  const isAway = [Unreachable, Unavailable, RateLimited].some((kind) => error instanceof kind)
  return isAway || (error instanceof StrongroomError && (error.status ?? 0) >= 500)
}
