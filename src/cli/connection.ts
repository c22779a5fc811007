/** The server that a command asks, and the API key that it asks with: from the environment, the project file, a profile. */
import type { Fetch, StrongroomOptions } from '../client/options.ts'
import { Strongroom } from '../client/strongroom.ts'
import { TradedKeys } from '../client/traded-keys.ts'
import { type ClientCertificate, certificateOfVariables, certificateReader } from './client-certificate.ts'
import { complain, Fault, tell } from './output.ts'
import { variable } from './process-env.ts'
import { type Profile, readProfiles } from './profiles.ts'
import type { Project } from './project.ts'
import { findProjectFile } from './project-file.ts'
import { readToken, sourceOf, type TokenOptions, type Workload, workloadOf } from './tokens.ts'

export interface Where extends Profile {
  /** Where the URL and the key come from, in words. */
  readonly source: string
  readonly project: Project | undefined
  /** The environment that is meant, and who says so; without one, the server finds it by the key. */
  readonly environment: { readonly name: string; readonly source: string; readonly isOfProject?: boolean } | undefined
}

interface Wanted extends TokenOptions {
  /** As it was typed. */
  readonly profile?: string | undefined
  readonly environment?: string | undefined
}

/**
 * The client for one command.
 *
 * @throws Fault `settings` if it is not known whom to ask
 */
export async function connect(wanted: Wanted): Promise<Strongroom> {
  return connectIn(wanted, await readProject())
}

/** The same for a command that has read the project file. */
export function connectIn(wanted: Wanted, project: Project | undefined): Strongroom {
  const where = whereIn(wanted, project)
  return clientAt(where, where.environment?.name)
}

/** The same for a command about environments, which are themselves in none. */
export async function connectToAccount(wanted: Wanted): Promise<Strongroom> {
  return clientAt(await whereTo(wanted))
}

/**
 * The same for a command that stores values. A folder's project file may say where they go, and a repository may be anybody's: so
 * that is said before one is typed.
 */
export async function connectToStore(wanted: Wanted): Promise<Strongroom> {
  const where = await whereTo(wanted)
  const { environment } = where
  if (environment?.isOfProject) {
    tell(`What is stored goes into the environment ${environment.name}, as ${where.project?.path} says.`)
  }
  return clientAt(where, environment?.name)
}

/** Whoever did not type it is told where it comes from. */
function clientAt(where: Where, environment?: string): Strongroom {
  try {
    return clientOf(where, environment)
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'settings') throw error
    const source = error.message.startsWith('environment:') ? where.environment?.source : where.source
    throw new Fault('settings', `${error.message} It comes from ${source ?? where.source}.`)
  }
}

/** @throws Fault `settings` for a URL or a key that cannot be one; neither is quoted */
export function clientOf({ url, credential, certificate }: Profile, environment?: string): Strongroom {
  const place = environment === undefined ? {} : { environment }
  const fetch = fetchShowing(certificate)
  try {
    const apiKey = typeof credential === 'string' ? credential : tradedKeys(url, credential, fetch)
    return made({ url, apiKey, fetch, timeoutMs, ...place }, credential)
  } catch (error) {
    if (error instanceof TypeError) throw new Fault('settings', error.message)
    throw error
  }
}

const timeoutMs = 30_000

/**
 * What requests are sent with; loaded when something is asked.
 *
 * @throws Fault `settings` for a certificate that cannot be shown
 */
export function fetchShowing(certificate: ClientCertificate | undefined): Fetch {
  const read = certificate === undefined ? undefined : certificateReader(certificate)
  return async (url, init) => (await import('./http.ts')).fetch(url, init, read?.())
}

/** The same profile, with the certificate that variables name, if they do. */
export function underVariables<P extends Profile>(profile: P): P {
  const certificate = certificateOfVariables()
  return certificate === undefined ? profile : { ...profile, certificate }
}

const makings = new WeakMap<Strongroom, Made>()
/** How long a refused trade is tried again, where a command says so. */
let refusedMs: number | undefined

/** What a client was made of. */
interface Made {
  readonly options: StrongroomOptions
  readonly credential: Profile['credential']
}

function made(options: StrongroomOptions, credential: Profile['credential']): Strongroom {
  const client = new Strongroom(options)
  makings.set(client, { options, credential })
  return client
}

/** The same client, with the same keys, until the signal gives its requests up. */
export function until(client: Strongroom, signal: AbortSignal): Strongroom {
  const found = makings.get(client)
  return found === undefined ? client : made({ ...found.options, signal }, found.credential)
}

/** The same client, with the same keys, that tries each request once, until the signal gives them up. */
export function limited(client: Strongroom, signal: AbortSignal): Strongroom {
  const found = makings.get(client)
  return found === undefined ? client : made({ ...found.options, signal, retries: 0 }, found.credential)
}

/** Where a client asks, for what and as whom. */
export function placeOf(client: Strongroom): Profile & Pick<StrongroomOptions, 'environment'> {
  const found = makings.get(client)
  if (found === undefined) throw new TypeError('This client was not made here.')
  const { url, environment } = found.options
  return { url, credential: found.credential, ...(environment === undefined ? {} : { environment }) }
}

/** Sets how long refused tokens are tried again before an agent ends, for what connects from now on. */
export function endAfterRefusals(milliseconds: number): void {
  refusedMs = milliseconds
}

/** The keys that a client trades tokens for, where it has none of its own. */
export function keysOf(client: Strongroom): TradedKeys | undefined {
  const apiKey = makings.get(client)?.options.apiKey
  return apiKey instanceof TradedKeys ? apiKey : undefined
}

function tradedKeys(url: string, workload: Workload, fetch: Fetch): TradedKeys {
  const { account, rule } = workload
  const keys = new TradedKeys({
    url,
    fetch,
    timeoutMs,
    token: (signal) => readToken(workload, url, signal),
    ...(account === undefined ? {} : { account }),
    ...(rule === undefined ? {} : { rule }),
    ...(refusedMs === undefined ? {} : { refusedMs }),
  })
  // Nothing is left to do: what was traded for is given back.
  process.once('beforeExit', () => void keys.close())
  return keys
}

/** @throws Fault `settings` */
export async function readProject(): Promise<Project | undefined> {
  const file = findProjectFile()
  if (file === undefined) return undefined
  // Most commands are typed where there is none.
  const { parseProject } = await import('./project.ts')
  return parseProject(file.path, file.text)
}

/**
 * `STRONGROOM_URL` and `STRONGROOM_API_KEY`, each of which wins over what the project file and the profile have. A key
 * goes to the server that it is for, and to no other: the project file may choose among servers, and never leads a key
 * to one.
 */
export async function whereTo(wanted: Wanted): Promise<Where> {
  return whereIn(wanted, await readProject())
}

function whereIn(wanted: Wanted, project: Project | undefined): Where {
  return { ...underVariables(keyFor(wanted, project)), project, environment: environmentFor(wanted, project) }
}

function environmentFor({ environment: typed }: Wanted, project: Project | undefined): Where['environment'] {
  if (typed !== undefined) return { name: typed, source: '--environment' }
  const set = variable('STRONGROOM_ENVIRONMENT')
  if (set !== undefined) return { name: set, source: 'STRONGROOM_ENVIRONMENT' }
  if (project?.environment === undefined) return undefined
  return { name: project.environment, source: 'the project file', isOfProject: true }
}

function keyFor(wanted: Wanted, project: Project | undefined): Omit<Where, 'project' | 'environment'> {
  const { profile } = wanted
  const url = variable('STRONGROOM_URL')
  const given = givenCredential(wanted)
  const apiKey = given?.credential
  if (url !== undefined && given !== undefined) {
    if (profile !== undefined) complain(`STRONGROOM_URL and ${given.source} win over --profile ${profile}.`)
    return { url, credential: given.credential, source: `STRONGROOM_URL and ${given.source}` }
  }
  const stored =
    url === undefined && project?.url !== undefined
      ? profileOfProject(profile, { path: project.path, url: project.url }, given?.source)
      : storedProfile(profile ?? variable('STRONGROOM_PROFILE'))
  if (stored === undefined) throw nowhere(url, given?.source)
  if (url !== undefined && !isSameServer(url, stored.url)) {
    // A key is for its own server alone, whatever a folder's settings say.
    // Not quoted: who writes a user and a password into it has them on no screen.
    const text = `STRONGROOM_URL names another server than the one that the key of the profile is for, ${stored.url}.`
    throw new Fault('settings', `${text} Set STRONGROOM_API_KEY too, or unset STRONGROOM_URL.`)
  }
  const { credential, certificate } = stored
  const of = typeof credential === 'string' ? '' : `, with ${sourceOf(credential)}`
  const how = given === undefined ? `profile ${stored.name}${of}` : `${given.source}, and profile ${stored.name}`
  return { url: stored.url, credential: apiKey ?? credential, certificate, source: how }
}

interface Given extends Pick<Profile, 'credential'> {
  readonly source: string
}

/**
 * What takes the place of what a profile has.
 *
 * @throws Fault `settings`, `usage` for two that do not go together
 */
function givenCredential(wanted: Wanted): Given | undefined {
  const workload = workloadOf(wanted)
  const apiKey = variable('STRONGROOM_API_KEY')
  const isTyped = wanted.tokenFile !== undefined || wanted.oidc !== undefined
  if (workload !== undefined && apiKey !== undefined && !isTyped) {
    const name = workload.tokenFile === undefined ? 'STRONGROOM_OIDC' : 'STRONGROOM_TOKEN_FILE'
    throw new Fault('settings', `STRONGROOM_API_KEY and ${name} are both set. Unset one of them.`)
  }
  if (workload !== undefined) return { credential: workload, source: sourceOf(workload) }
  return apiKey === undefined ? undefined : { credential: apiKey, source: 'STRONGROOM_API_KEY' }
}

interface Stored extends Profile {
  readonly name: string
}

/**
 * The profile for the server that the project file names.
 *
 * @throws Fault `settings` where no key is known to be for that server
 */
function profileOfProject(
  flag: string | undefined,
  { path, url }: { readonly path: string; readonly url: string },
  ownKey: string | undefined,
): Stored {
  const wanted = flag ?? variable('STRONGROOM_PROFILE')
  const known = readProfiles()
  const chosen = storedProfile(wanted, known)
  if (chosen !== undefined && (wanted !== undefined || isSameServer(chosen.url, url))) {
    if (!isSameServer(chosen.url, url)) {
      complain(`${flag === undefined ? 'STRONGROOM_PROFILE' : '--profile'} ${wanted} wins over the url in ${path}.`)
    }
    return chosen
  }
  if (ownKey !== undefined) {
    const what = ownKey === 'STRONGROOM_API_KEY' ? 'STRONGROOM_API_KEY is' : `What is traded for ${ownKey} is`
    const text = `${what} not known to be for ${url}, the server that ${path} names.`
    throw new Fault('settings', `${text} Set STRONGROOM_URL too, if it is.`)
  }
  const [found, another] = [...known.profiles].filter(([, one]) => isSameServer(one.url, url))
  if (found === undefined) {
    const text = `${path} names the server ${url}, and no key is stored for it.`
    throw new Fault('settings', `${text} If you trust it, run "strongroom login --url ${url}".`)
  }
  if (another !== undefined) {
    const text = `${path} names the server ${url}, for which several profiles are stored.`
    throw new Fault('settings', `${text} Choose one with --profile or STRONGROOM_PROFILE.`)
  }
  const [name, profile] = found
  return { ...profile, name }
}

/** Whatever of a URL means nothing. */
function isSameServer(one: string, other: string): boolean {
  return one === other || serverOf(one) === serverOf(other)
}

function serverOf(text: string): string {
  return URL.canParse(text) ? new URL(text).href.replace(/\/+$/, '').replace(/\/v3$/, '') : text
}

function storedProfile(wanted: string | undefined, { current, profiles } = readProfiles()): Stored | undefined {
  const name = wanted ?? current
  const found = name === undefined ? undefined : profiles.get(name)
  if (name !== undefined && found !== undefined) return { ...found, name }
  if (wanted === undefined) return undefined
  const known = profiles.size === 0 ? 'none is stored' : `there are ${[...profiles.keys()].join(', ')}`
  throw new Fault('settings', `No profile is called "${wanted}": ${known}. See "strongroom profiles".`)
}

function nowhere(url: string | undefined, ownKey: string | undefined): Fault {
  if (url !== undefined) return new Fault('settings', 'STRONGROOM_URL is set, and STRONGROOM_API_KEY is not.')
  if (ownKey === 'STRONGROOM_API_KEY') {
    return new Fault('settings', 'STRONGROOM_API_KEY is set, and STRONGROOM_URL is not.')
  }
  if (ownKey !== undefined) return new Fault('settings', `No server is known for ${ownKey}. Set STRONGROOM_URL.`)
  return new Fault(
    'settings',
    'No server is known. Run "strongroom login", or set STRONGROOM_URL and STRONGROOM_API_KEY.',
  )
}
