/** `strongroom run`: starts a command with secrets in its environment, and nowhere else. */
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Metadata } from '../client/model.ts'
import type { Strongroom } from '../client/strongroom.ts'
import { codeOf } from '../error-code.ts'
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
import { connectIn, keysOf, readProject, until } from './connection.ts'
import type { RemoteOptions } from './define.ts'
import { numberOf } from './input.ts'
import { leastMaskedBytes, Mask, patternsOf } from './mask.ts'
import { complain, Fault, printJson, printTable } from './output.ts'
import { closeEnd, makePipes, type Pipe } from './pipes.ts'
import { type Ending, exitCodeOf, type Passing, startPassing } from './process.ts'
import { environmentForOthers, variable } from './process-env.ts'
import type { Project } from './project.ts'
import { readValues, readValuesFor } from './values.ts'
import { checkedPrefix, checkedValue, isBeginning, type Naming, variablesOf } from './variables.ts'
import { Changes, hasTemplate } from './watch.ts'

export interface RunOptions extends RemoteOptions, AwayOptions {
  readonly only?: readonly string[]
  readonly list?: string
  readonly prefix: string
  readonly stripPrefix?: string
  readonly dryRun?: boolean
  readonly target?: string
  readonly override?: boolean
  readonly mask?: boolean
  readonly watch?: boolean
  readonly signal?: string
  readonly interval: string
  readonly keepKey?: boolean
}

/** What is chosen, and its values. */
interface Found {
  readonly secrets: readonly Known[]
  readonly values: ReadonlyMap<string, Buffer>
}

type Known = Pick<Metadata, 'id' | 'name' | 'version' | 'type'>

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

export async function run(
  program: string | undefined,
  parameters: readonly string[],
  typed: RunOptions,
): Promise<void> {
  const rules = checked(typed)
  checkAway(typed)
  const project = await readProject()
  const options = inProject(typed, project)
  if (typed.dryRun) return showVariables(connectIn(typed, project), options)
  if (program === undefined) throw new Fault('usage', 'Say what to run, such as: strongroom run -- npm start')
  const client = connectIn(typed, project)
  const patience = await patienceOf(client, typed, ['run', options.only ?? null, options.list ?? null])
  const start = (now: Given) => startCommand(program, parameters, now, options)
  // From before anything is read, so that nothing is missed.
  const changes = rules.isWatching ? new Changes(client, rules.pauseMs) : undefined
  try {
    await changes?.ready()
    const found = await readOrOpen(client, patience, packed, async (now) =>
      read(now, await selectWatched(now, options, changes), options),
    )
    const given = await give(client, found, options)
    // Whoever needs no more values needs no more keys: a command may run for months.
    if (!rules.isWatching && !options.keepKey) await keysOf(client)?.close()
    const started = await start(given)
    const watching = changes && { client, options, rules, patience, start, changes }
    const ending = watching === undefined ? started.passing.ended : watch(watching, started, found.secrets, given)
    process.exitCode = exitCodeOf(await ending)
  } finally {
    changes?.close()
  }
}

async function selectWatched(
  client: Strongroom,
  options: RunOptions,
  changes: Changes | undefined,
  isTold = true,
): Promise<readonly Metadata[]> {
  const found = await select(client, options, isTold)
  changes?.follow(options.list === undefined ? options.only : undefined, found)
  return found
}

/** What the command line leaves open, the project file says. */
interface Chosen extends RunOptions {
  readonly naming: Naming
}

function inProject(options: RunOptions, project: Project | undefined): Chosen {
  const { names, variables = new Map(), stripPrefix = '' } = project ?? {}
  const naming = { prefix: options.prefix, stripPrefix: options.stripPrefix ?? stripPrefix, variables }
  const isChosen = options.only !== undefined || options.list !== undefined || names === undefined
  // Whoever gives a secret a variable wants it.
  return { ...options, ...(isChosen ? {} : { only: [...new Set([...names, ...variables.keys()])] }), naming }
}

/** What would be set, for whoever may list secrets and not read them. */
async function showVariables(client: Strongroom, options: Chosen): Promise<void> {
  const selected = await select(client, options)
  const of = new Map(selected.map((secret) => [secret.name, secret]))
  const found = [...variablesFor(selected, options)].map(([variable, secret]) => {
    return { variable, secret, version: of.get(secret)?.version ?? 0 }
  })
  if (options.json) return printJson({ variables: found })
  printTable(
    ['VARIABLE', 'SECRET', 'VERSION'],
    found.map(({ variable, secret, version }) => [variable, secret, String(version)]),
  )
}

/** Files are no variables: they are left out, and named. */
function variablesFor(
  selected: readonly Known[],
  { naming, override }: Chosen,
  environment: Readonly<Record<string, string>> = environmentForOthers(),
  isTold = true,
): ReadonlyMap<string, string> {
  const files = selected.filter(({ type }) => type === 'file').map(({ name }) => name)
  if (isTold && files.length > 0) complain(`Files are left out of the environment: ${files.join(', ')}.`)
  const names = selected.filter(({ type }) => type !== 'file').map(({ name }) => name)
  if (names.length === 0) throw new Fault('notFound', 'Only files are chosen, and none of them can be a variable.')
  return variablesOf(names, naming, new Set(override ? [] : Object.keys(environment)))
}

interface Rules {
  readonly isWatching: boolean
  readonly pauseMs: number
  readonly signal: NodeJS.Signals | undefined
}

/** @throws Fault `usage` */
function checked({ prefix, stripPrefix = '', watch: isWatching = false, signal, interval }: RunOptions): Rules {
  checkedPrefix(prefix)
  if (stripPrefix !== '' && !isBeginning(stripPrefix)) {
    throw new Fault('usage', '--strip-prefix must be the beginning of names of secrets, such as "web-" or "web/".')
  }
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
 * @throws Fault `notFound` for a name that nothing has, and when nothing is chosen at all
 */
export async function select(
  { secrets }: Strongroom,
  { only, list }: Pick<RunOptions, 'only' | 'list'>,
  isTold = true,
): Promise<readonly Metadata[]> {
  const found = new Map<number, Metadata>()
  for (const name of only ?? [undefined]) {
    // What is inherited is in no list of the environment.
    const place = list === undefined ? ({ effective: 'true' } as const) : { list }
    const filter = { ...(name === undefined ? {} : { name }), ...place }
    const before = found.size
    for await (const secret of secrets.listMetadata(filter)) found.set(secret.id, secret)
    if (name === undefined || found.size > before) continue
    if (name.includes('*')) {
      if (isTold) complain(`Nothing more is chosen by "${name}".`)
    } else if (!hasName(found, name)) {
      throw new Fault('notFound', `No secret is called "${name}", or none that this key may list.`)
    }
  }
  if (found.size === 0) throw new Fault('notFound', 'There is no such secret, or none that this key may list.')
  return [...found.values()].sort((a, b) => a.id - b.id)
}

function hasName(found: ReadonlyMap<number, Metadata>, name: string): boolean {
  return [...found.values()].some((secret) => secret.name === name)
}

/** Reads the values of what will be variables. */
async function read(client: Strongroom, selected: readonly Known[], options: Chosen): Promise<Found> {
  const { target } = options
  const wanted = [...variablesFor(selected, options).values()]
  const values = target === undefined ? await readValues(client, wanted) : await readValuesFor(client, wanted, target)
  return { secrets: selected.map(({ id, name, version, type }) => ({ id, name, version, type })), values }
}

/** As it is sealed for when the server is away. */
const packed: Form<Found> = {
  pack: ({ secrets, values }) => {
    const texts = [...values].map(([name, value]) => [name, value.toString('base64')])
    return Buffer.from(JSON.stringify({ secrets, values: texts }))
  },
  // Nobody but this command could have sealed it.
  unpack: (content) => {
    const { secrets, values }: { secrets: readonly Known[]; values: readonly [string, string][] } = JSON.parse(
      content.toString(),
    )
    return { secrets, values: new Map(values.map(([name, value]) => [name, Buffer.from(value, 'base64')])) }
  },
}

/** Makes variables of the values. */
async function give(client: Strongroom, { secrets, values }: Found, options: Chosen): Promise<Given> {
  const { keepKey, mask } = options
  const environment = environmentForOthers()
  const variables = variablesFor(secrets, options, environment, false)
  const short: string[] = []
  for (const [name, secret] of variables) {
    const value = values.get(secret) ?? Buffer.alloc(0)
    environment[name] = checkedValue(secret, value)
    if (value.length < leastMaskedBytes) short.push(secret)
  }
  if (mask && short.length > 0) complain(`Too short to be hidden in what is printed: ${short.join(', ')}.`)
  const apiKey = keepKey ? await keyOf(client) : undefined
  if (apiKey !== undefined) environment['STRONGROOM_API_KEY'] = apiKey
  return { environment, values: [...values.values()] }
}

/** For a command that is to have it, too. One that was traded for ends after minutes there as here. */
function keyOf(client: Strongroom): Promise<string> | string | undefined {
  return keysOf(client)?.key() ?? variable('STRONGROOM_API_KEY')
}

/** @throws Fault with the exit code that shells have for it, here or from `ended` */
async function startCommand(
  program: string,
  parameters: readonly string[],
  given: Given,
  { mask }: RunOptions,
): Promise<Started> {
  const pipes = mask ? await makePipes() : undefined
  try {
    const [output, errors] = pipes?.map(({ end }) => end) ?? (['inherit', 'inherit'] as const)
    const { child, ended, deadly } = startPassing((): ChildProcess => {
      return spawn(program, parameters, { env: given.environment, stdio: ['inherit', output, errors] })
    })
    const hidden = pipes === undefined ? undefined : hide(child, pipes, given.values)
    const whole = Promise.all([ended, hidden]).then(([ending]) => ending)
    return { child, passing: { deadly, ended: whole.catch((error) => Promise.reject(notStarted(program, error))) } }
  } catch (error) {
    for (const { output } of pipes ?? []) output?.destroy()
    throw notStarted(program, error)
  } finally {
    for (const pipe of pipes ?? []) closeEnd(pipe)
  }
}

/** @returns when all that the command and whom it has started wrote is on its way */
async function hide({ stdout, stderr }: ChildProcess, pipes: readonly [Pipe, Pipe], values: readonly Buffer[]) {
  const patterns = patternsOf(values)
  const [output, errors] = [pipes[0].output ?? stdout, pipes[1].output ?? stderr]
  const over = [output, errors].map((stream) => new Promise((resolve) => stream?.once('close', resolve)))
  output?.pipe(new Mask(patterns)).pipe(process.stdout, { end: false })
  errors?.pipe(new Mask(patterns)).pipe(process.stderr, { end: false })
  // Nobody reads on: the command is told so, as it would be without the mask.
  process.stdout.removeAllListeners('error').on('error', () => output?.destroy())
  process.stderr.removeAllListeners('error').on('error', () => errors?.destroy())
  await Promise.all(over)
}

interface Watching {
  readonly client: Strongroom
  readonly options: Chosen
  readonly rules: Rules
  readonly patience: Patience
  readonly start: (given: Given) => Promise<Started>
  readonly changes: Changes
}

/** Looks whether another version is there whenever something has changed, until the command ends by itself. */
async function watch(watching: Watching, started: Started, selected: readonly Known[], first: Given): Promise<Ending> {
  const { client, rules, changes } = watching
  let now = started
  let holds: Held = { versions: versionsOf(selected), given: first }
  for (;;) {
    const before = holds
    const { ending, done: found } = await endingBefore(now, async (signal) => {
      await changes.next(signal)
      const isOver = signal.aborted || keysOf(client)?.signedOut.aborted
      return isOver ? undefined : look({ ...watching, client: until(client, signal) }, signal, before)
    })
    if (ending !== undefined) return ending
    if (keysOf(client)?.signedOut.aborted) return endWatching(client, now)
    if (found === undefined) continue
    holds = found
    if (!found.isOther) continue
    if (rules.signal === undefined) {
      complain('A value has changed: restarting the command.')
      const last = await stop(now)
      if (last !== undefined) return last
      now = await watching.start(found.given)
    } else {
      complain(`A value has changed: ${rules.signal} is sent.`)
      now.child.kill(rules.signal)
    }
  }
}

/** What the command was started with, or told of. */
interface Held {
  readonly versions: string
  readonly given: Given
}

interface Looked extends Held {
  /** Whether the command is to be told, or started anew. */
  readonly isOther: boolean
}

/** @returns what there is now, before anything is stopped; nothing if it cannot be told */
async function look(watching: Watching, signal: AbortSignal, holds: Held): Promise<Looked | undefined> {
  const { client, options, rules, changes } = watching
  return orComplain(watching, signal, async () => {
    const found = await selectWatched(client, options, changes, false)
    const versions = versionsOf(found)
    const isSame = versions === holds.versions
    // What a template refers to may have changed: it is read, and held against what it was.
    if (isSame && !hasTemplate(found)) return { ...holds, isOther: false }
    // Whoever is told by a signal reads the value itself.
    if (rules.signal !== undefined && !hasTemplate(found)) return { versions, given: holds.given, isOther: true }
    const given = await readAnew(watching, found)
    return { versions, given, isOther: !isSameGiven(given, holds.given) }
  })
}

/** Nobody gives this job a key any more: what runs goes on, with what it has. */
function endWatching(client: Strongroom, { passing }: Started): Promise<Ending> {
  const reason: unknown = keysOf(client)?.signedOut.reason
  complain(reason instanceof Error ? reason.message : 'No key is given for the token of this job any more.')
  complain('  The command goes on as it is; changes are not looked for any more.')
  return passing.ended
}

function isSameGiven(one: Given, other: Given): boolean {
  return isDeepStrictEqual(one.environment, other.environment)
}

/** Does what is to be done meanwhile, and gives it up when the command ends. */
async function endingBefore<T>(
  { passing }: Started,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly ending?: Ending; readonly done?: T }> {
  const over = new AbortController()
  const ended = passing.ended.then((ending) => ({ ending }))
  try {
    return await Promise.race([ended, work(over.signal).then((done) => ({ done }))])
  } finally {
    over.abort()
  }
}

async function readAnew({ client, options, patience }: Watching, selected: readonly Metadata[]): Promise<Given> {
  const found = await read(client, selected, options)
  await keep(patience.copy, packed, found)
  return give(client, found, options)
}

/** A server that is away for a while ends nothing: it is looked again, though nobody may tell of the same change twice. */
async function orComplain<T>(
  { patience, changes }: Watching,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (signal.aborted) return undefined
    changes.lookFailed()
    await destroyIfRefused(patience.copy, error)
    complain(`Looking for changes failed: ${error instanceof Error ? error.message : 'an unknown error'}`)
    return undefined
  }
}

/** @returns how it ended, if that was for another reason than that it was to be started anew */
async function stop({ child, passing }: Started): Promise<Ending | undefined> {
  // It has ended by itself, a moment before.
  if (!child.kill('SIGTERM')) return passing.ended
  const grace = new AbortController()
  const killed = setTimeout(graceMs, undefined, { signal: grace.signal }).then(() => child.kill('SIGKILL'))
  const ending = await passing.ended.finally(() => grace.abort())
  await killed.catch(() => {})
  const signal = passing.deadly()
  return signal === undefined ? undefined : { ...ending, code: null, signal }
}

function versionsOf(secrets: readonly Known[]): string {
  return JSON.stringify(secrets.map(({ id, version }) => [id, version]))
}

function notStarted(program: string, error: unknown): Fault {
  const code = codeOf(error)
  if (code === 'ENOENT') return new Fault('noCommand', `There is no command ${program}.`)
  const tooLong = 'The values are too long for an environment. Choose fewer with --only.'
  const why = error instanceof Error ? error.message : 'an unknown error'
  return new Fault('noStart', code === 'E2BIG' ? tooLong : `${program} cannot be run: ${why}.`)
}
