/** `strongroom render`: a file made of a template and secrets, and kept as they are: the agent of a machine. */
import { spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Metadata } from '../client/model.ts'
import { isPassing } from '../client/retry.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { namesIn } from '../render/template.ts'
import { parseUserData } from '../render/user-data.ts'
import {
  type AwayOptions,
  checkAway,
  destroyIfRefused,
  type Form,
  keep,
  type Patience,
  patienceOf,
  readOrOpen,
} from './away.ts'
import { connect, keysOf, until } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { fail } from './failure.ts'
import { withInherited } from './find.ts'
import { numberOf, readInputFile, readStandardInput } from './input.ts'
import { complain, Fault, printJson, tell } from './output.ts'
import { exitCodeOf } from './process.ts'
import { environmentForOthers } from './process-env.ts'
import { modeOf, replaceFile } from './replace-file.ts'
import { Changes, hasTemplate } from './watch.ts'

interface Options extends RemoteOptions, AwayOptions {
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
  checkAway(options)
  const client = await connect(options)
  if (output === undefined) return void process.stdout.write(await renderOnce(client, await read(file), options))
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

/** From the sealed copy, where the server is away and that was asked for. */
async function renderOnce(client: Strongroom, template: Buffer, options: Options): Promise<Buffer> {
  const patience = await patienceFor(client, template, options)
  const found = await readOrOpen(client, patience, packed, async (now) => ({
    state: undefined,
    document: await render(now, template, options),
  }))
  return found.document
}

function patienceFor(client: Strongroom, template: Buffer, options: Options): Promise<Patience> {
  return patienceOf(client, options, ['render', hash('sha256', template)])
}

interface Found {
  /** What it was made of; `undefined` where that has to be found out. */
  readonly state: string | undefined
  readonly document: Buffer
}

/** As it is sealed for when the server is away. */
const packed: Form<Found> = {
  pack: ({ document }) => Buffer.from(document),
  unpack: (content) => ({ state: undefined, document: Buffer.from(content) }),
}

class Agent {
  readonly #client: Strongroom
  readonly #options: Options & { readonly output: string }
  readonly #mode: number | undefined
  readonly #stop = new AbortController()
  /** What was rendered last: the template, and the versions of its secrets. */
  #known: string | undefined
  #templateHash: string | undefined
  /** What is wrong, said once. */
  #trouble: string | undefined
  #isStarted = false
  #patience: Patience = { failAfterMs: undefined, copy: undefined }

  constructor(client: Strongroom, options: Options & { readonly output: string }, mode: number | undefined) {
    // Whoever ends it waits for no server.
    this.#client = until(client, this.#stop.signal)
    this.#options = options
    this.#mode = mode
  }

  /** @returns whether the file is another one now */
  async once(): Promise<boolean> {
    return this.#write(await renderOnce(this.#client, await read(this.#options.file), this.#options))
  }

  /** Until a signal ends it. */
  async watch(pauseMs: number): Promise<void> {
    const stop = () => this.#stop.abort()
    const signals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
    for (const signal of signals) process.on(signal, stop)
    const { signal } = this.#stop
    const signedOut = keysOf(this.#client)?.signedOut
    const either = signedOut === undefined ? signal : AbortSignal.any([signal, signedOut])
    const changes = new Changes(this.#client, pauseMs)
    await changes.ready()
    try {
      while (!signal.aborted) {
        await this.#look(changes)
        await this.#nextLook(changes, pauseMs, either)
        // No look will go better: nobody gives this job a key any more.
        signedOut?.throwIfAborted()
      }
    } finally {
      changes.close()
      for (const one of signals) process.removeListener(one, stop)
    }
  }

  /** When the server tells of a change, or the template on this machine is another one. */
  async #nextLook(changes: Changes, pauseMs: number, signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    const changed = changes.next(either).then(() => 'changed')
    while (!either.aborted) {
      const pause = setTimeout(pauseMs, 'pause', { signal: either }).catch(() => undefined)
      if ((await Promise.race([changed, pause])) !== 'pause') break
      // Nothing is asked of the server while it tells of changes, and all went well.
      if (!changes.isTold || this.#trouble !== undefined || this.#isTemplateOther()) break
    }
    over.abort()
  }

  #isTemplateOther(): boolean {
    try {
      return hash('sha256', readInputFile(this.#options.file)) !== this.#templateHash
    } catch {
      return true
    }
  }

  /** Renders again if something is another than it was. A server that is away for a while ends nothing. */
  async #look(changes: Changes): Promise<void> {
    try {
      const template = readInputFile(this.#options.file)
      this.#templateHash = hash('sha256', template)
      this.#patience = await patienceFor(this.#client, template, this.#options)
      if (this.#isStarted) await this.#follow(template, changes)
      else await this.#begin(template, changes)
      if (this.#trouble !== undefined) complain('All is well again.')
      this.#trouble = undefined
    } catch (error) {
      if (this.#stop.signal.aborted) return
      await destroyIfRefused(this.#patience.copy, error)
      const isGivenUp = !this.#isStarted && this.#options.failAfter !== undefined
      if (this.#known === undefined && (isGivenUp || !mayPass(error))) throw error
      this.#report(error)
    } finally {
      this.#isStarted = true
    }
  }

  /** With as much patience as was asked for, and then from the sealed copy. */
  async #begin(template: Buffer, changes: Changes): Promise<void> {
    const reading = async (client: Strongroom) => ({
      state: (await stateOf(client, template, changes)).state,
      document: await render(client, template, this.#options),
    })
    const found = await readOrOpen(this.#client, this.#patience, packed, reading, this.#stop.signal)
    await this.#write(found.document)
    this.#known = found.state
  }

  async #follow(template: Buffer, changes: Changes): Promise<void> {
    const { state, isMade } = await stateOf(this.#client, template, changes)
    // What a secret of type template refers to may have changed: it is rendered, and held against the file.
    if (state === this.#known && !isMade) return
    const document = await render(this.#client, template, this.#options)
    await keep(this.#patience.copy, packed, { state, document })
    await this.#write(document)
    this.#known = state
  }

  /** Once for each trouble: a machine that is offline for days fills no log. */
  #report(error: unknown): void {
    const trouble = error instanceof Error ? `${error.name} ${error.message}` : ''
    if (trouble === this.#trouble) return
    this.#trouble = trouble
    fail(error)
    complain(`  ${this.#options.output} stays as it is; the next try is in ${this.#options.interval} seconds.`)
  }

  /** @returns whether the file is another one now */
  async #write(document: Buffer): Promise<boolean> {
    const { output, exec } = this.#options
    const isWritten = await replaceFile(output, document, this.#mode)
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

/**
 * By versions alone: no value is read to find out whether one has changed.
 *
 * @returns with it, whether a secret is made of others, whose versions are not in it
 */
async function stateOf(client: Strongroom, template: Buffer, changes: Changes) {
  const names = new Set(namesIn(parseUserData(template, 'template').templates))
  const found: Metadata[] = []
  if (names.size > 0) {
    const filter = { ...withInherited, name: patternOf([...names]) }
    for await (const secret of client.secrets.listMetadata(filter)) if (names.has(secret.name)) found.push(secret)
  }
  changes.follow([...names], found)
  const versions = found.map(({ name, id, version }) => [name, id, version])
  return { state: JSON.stringify([hash('sha256', template), versions]), isMade: hasTemplate(found) }
}

/** One listing for all of them. */
function patternOf(names: readonly string[]): string {
  const [first = '', ...others] = names
  if (others.length === 0) return first
  let length = first.length
  for (const name of others) while (!name.startsWith(first.slice(0, length))) length--
  return `${first.slice(0, length)}*`
}

/** Whether waiting may help: the server, or the platform whose token it wants, is away. */
function mayPass(error: unknown): boolean {
  return isPassing(error) || (error instanceof Fault && error.kind === 'unreachable')
}
