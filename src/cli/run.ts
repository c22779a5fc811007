/** `strongroom run`: starts a command with secrets in its environment, and nowhere else. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import type { Metadata } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { connect } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { environmentForOthers, variable } from './environment.ts'
import { numberOf } from './input.ts'
import { leastMaskedBytes, Mask, patternsOf } from './mask.ts'
import { complain, Fault } from './output.ts'
import { type Ending, exitCodeOf, type Passing, startPassing } from './process.ts'
import { readValues } from './values.ts'
import { checkedPrefix, checkedValue, variablesOf } from './variables.ts'

export interface RunOptions extends RemoteOptions {
  readonly only?: readonly string[]
  readonly list?: string
  readonly prefix: string
  readonly target?: string
  readonly override?: boolean
  readonly mask?: boolean
  readonly watch?: boolean
  readonly signal?: string
  readonly interval: string
  readonly keepKey?: boolean
}

/** What a command is started with. */
interface Given {
  readonly environment: Record<string, string>
  readonly values: readonly Buffer[]
}

interface Started {
  readonly child: ChildProcess
  readonly passing: Passing
}

/** How long a command may take to end before it is killed. */
const graceMs = 10_000

export async function run(program: string, parameters: readonly string[], options: RunOptions): Promise<void> {
  const client = connect(options)
  const rules = checked(options)
  const selected = await select(client, options)
  const given = await read(client, selected, options)
  const start = (now: Given) => startCommand(program, parameters, now, options)
  const ending = rules.isWatching
    ? watch({ client, options, rules, start }, start(given), selected)
    : start(given).passing.ended
  process.exitCode = exitCodeOf(await ending)
}

interface Rules {
  readonly isWatching: boolean
  readonly pauseMs: number
  readonly signal: NodeJS.Signals | undefined
}

/** @throws Fault `usage` */
function checked({ prefix, watch: isWatching = false, signal, interval }: RunOptions): Rules {
  checkedPrefix(prefix)
  if (signal !== undefined && !isWatching) throw new Fault('usage', '--signal goes with --watch.')
  const pauseMs = numberOf('--interval', interval, 1, 86_400) * 1000
  return { isWatching, pauseMs, signal: signal === undefined ? undefined : signalOf(signal) }
}

function signalOf(text: string): NodeJS.Signals {
  const name = text.toUpperCase().replace(/^(SIG)?/, 'SIG')
  const found = Object.keys(constants.signals).find((one): one is NodeJS.Signals => one === name)
  if (found !== undefined) return found
  throw new Fault('usage', '--signal must be such as SIGHUP or USR1.')
}

/**
 * What the options choose, without values, in the order of their ids.
 *
 * @throws Fault `notFound` for a name that nothing has
 */
export async function select(
  { secrets }: Strongroom,
  { only, list }: Pick<RunOptions, 'only' | 'list'>,
): Promise<readonly Metadata[]> {
  const found = new Map<number, Metadata>()
  for (const name of only ?? [undefined]) {
    const filter = { ...(name === undefined ? {} : { name }), ...(list === undefined ? {} : { list }) }
    const before = found.size
    for await (const secret of secrets.listMetadata(filter)) found.set(secret.id, secret)
    if (name !== undefined && !name.includes('*') && found.size === before && !hasName(found, name)) {
      throw new Fault('notFound', `No secret is called "${name}", or none that this key may list.`)
    }
  }
  return [...found.values()].sort((a, b) => a.id - b.id)
}

function hasName(found: ReadonlyMap<number, Metadata>, name: string): boolean {
  return [...found.values()].some((secret) => secret.name === name)
}

/** Reads the values, and makes variables of them. Files are no variables: they are left out, and named. */
async function read(client: Strongroom, selected: readonly Metadata[], options: RunOptions): Promise<Given> {
  const { target, prefix, override, keepKey, mask } = options
  const files = selected.filter(({ type }) => type === 'file').map(({ name }) => name)
  if (files.length > 0) complain(`Files are left out of the environment: ${files.join(', ')}.`)
  const names = selected.filter(({ type }) => type === 'text').map(({ name }) => name)
  const environment = environmentForOthers()
  const variables = variablesOf(names, prefix, new Set(override ? [] : Object.keys(environment)))
  const values = await readValues(client, names, target)
  const short: string[] = []
  for (const [name, secret] of variables) {
    const value = values.get(secret) ?? Buffer.alloc(0)
    environment[name] = checkedValue(secret, value)
    if (value.length < leastMaskedBytes) short.push(secret)
  }
  if (mask && short.length > 0) complain(`Too short to be hidden in what is printed: ${short.join(', ')}.`)
  const apiKey = variable('STRONGROOM_API_KEY')
  if (keepKey && apiKey !== undefined) environment['STRONGROOM_API_KEY'] = apiKey
  return { environment, values: [...values.values()] }
}

/** @throws Fault with the exit code that shells have for it, here or from `ended` */
function startCommand(program: string, parameters: readonly string[], given: Given, { mask }: RunOptions): Started {
  const output = mask ? 'pipe' : 'inherit'
  try {
    const { child, ended, deadly } = startPassing((): ChildProcess => {
      return spawn(program, parameters, { env: given.environment, stdio: ['inherit', output, output] })
    })
    if (mask) hide(child, given.values)
    return { child, passing: { deadly, ended: ended.catch((error) => Promise.reject(notStarted(program, error))) } }
  } catch (error) {
    throw notStarted(program, error)
  }
}

function hide({ stdout, stderr }: ChildProcess, values: readonly Buffer[]): void {
  const patterns = patternsOf(values)
  stdout?.pipe(new Mask(patterns)).pipe(process.stdout, { end: false })
  stderr?.pipe(new Mask(patterns)).pipe(process.stderr, { end: false })
  // Nobody reads on: the command is told so, as it would be without the mask.
  process.stdout.removeAllListeners('error').on('error', () => stdout?.destroy())
}

interface Watching {
  readonly client: Strongroom
  readonly options: RunOptions
  readonly rules: Rules
  readonly start: (given: Given) => Started
}

/** Looks from time to time whether another version is there, until the command ends by itself. */
async function watch(watching: Watching, started: Started, selected: readonly Metadata[]): Promise<Ending> {
  const { client, options, rules } = watching
  let now = started
  let known = versionsOf(selected)
  for (;;) {
    const ending = await endingWithin(now, rules.pauseMs)
    if (ending !== undefined) return ending
    const found = await orComplain(() => select(client, options))
    if (found === undefined || versionsOf(found) === known) continue
    if (rules.signal === undefined) {
      // The old one goes on until everything for the new one is there.
      const given = await orComplain(() => read(client, found, options))
      if (given === undefined) continue
      complain('A value has changed: the command is started anew.')
      const last = await stop(now)
      if (last !== undefined) return last
      now = watching.start(given)
    } else {
      complain(`A value has changed: ${rules.signal} is sent.`)
      now.child.kill(rules.signal)
    }
    known = versionsOf(found)
  }
}

async function endingWithin({ passing }: Started, pauseMs: number): Promise<Ending | undefined> {
  const pause = new AbortController()
  const over = setTimeout(pauseMs, undefined, { signal: pause.signal }).catch(() => undefined)
  try {
    return await Promise.race([passing.ended, over])
  } finally {
    pause.abort()
  }
}

/** A server that is away for a while ends nothing. */
async function orComplain<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    complain(`Looking for changes failed: ${error instanceof Error ? error.message : 'an unknown error'}`)
    return undefined
  }
}

/** @returns how it ended, if that was for another reason than that it was to be started anew */
async function stop({ child, passing }: Started): Promise<Ending | undefined> {
  child.kill('SIGTERM')
  const grace = new AbortController()
  const killed = setTimeout(graceMs, undefined, { signal: grace.signal }).then(() => child.kill('SIGKILL'))
  const ending = await passing.ended.finally(() => grace.abort())
  await killed.catch(() => {})
  const signal = passing.deadly()
  return signal === undefined ? undefined : { ...ending, code: null, signal }
}

function versionsOf(secrets: readonly Metadata[]): string {
  return JSON.stringify(secrets.map(({ id, version }) => [id, version]))
}

function notStarted(program: string, error: unknown): Fault {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return new Fault('noCommand', `There is no command ${program}.`)
  const tooLong = 'The values are too long for an environment. Choose fewer with --only.'
  const why = error instanceof Error ? error.message : 'an unknown error'
  return new Fault('noStart', code === 'E2BIG' ? tooLong : `${program} cannot be run: ${why}.`)
}
