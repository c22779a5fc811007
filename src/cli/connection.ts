/** The server that a command asks, and the API key that it asks with: from the environment, the project file, a profile. */
import { Strongroom } from '../client/strongroom.ts'
import { complain, Fault, tell } from './output.ts'
import { variable } from './process-env.ts'
import { type Profile, readProfiles } from './profiles.ts'
import type { Project } from './project.ts'
import { findProjectFile } from './project-file.ts'

export interface Where extends Profile {
  /** Where the URL and the key come from, in words. */
  readonly source: string
  readonly project: Project | undefined
  /** The environment that is meant, and who says so; without one, the server finds it by the key. */
  readonly environment: { readonly name: string; readonly source: string; readonly isOfProject?: boolean } | undefined
}

interface Wanted {
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
  return clientOf(where, where.environment?.name)
}

/** The same for a command about environments, which are themselves in none. */
export async function connectToAccount(wanted: Wanted): Promise<Strongroom> {
  return clientOf(await whereTo(wanted))
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
  return clientOf(where, environment?.name)
}

/** @throws Fault `settings` for a URL or a key that cannot be one; neither is quoted */
export function clientOf({ url, apiKey }: Profile, environment?: string): Strongroom {
  const place = environment === undefined ? {} : { environment }
  try {
    return new Strongroom({ url, apiKey, timeoutMs: 30_000, ...place })
  } catch (error) {
    if (error instanceof TypeError) throw new Fault('settings', error.message)
    throw error
  }
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
  return { ...keyFor(wanted, project), project, environment: environmentFor(wanted, project) }
}

function environmentFor({ environment: typed }: Wanted, project: Project | undefined): Where['environment'] {
  if (typed !== undefined) return { name: typed, source: '--environment' }
  const set = variable('STRONGROOM_ENVIRONMENT')
  if (set !== undefined) return { name: set, source: 'STRONGROOM_ENVIRONMENT' }
  if (project?.environment === undefined) return undefined
  return { name: project.environment, source: 'the project file', isOfProject: true }
}

function keyFor({ profile }: Wanted, project: Project | undefined): Omit<Where, 'project' | 'environment'> {
  const url = variable('STRONGROOM_URL')
  const apiKey = variable('STRONGROOM_API_KEY')
  if (url !== undefined && apiKey !== undefined) {
    if (profile !== undefined) complain(`STRONGROOM_URL and STRONGROOM_API_KEY win over --profile ${profile}.`)
    return { url, apiKey, source: 'STRONGROOM_URL and STRONGROOM_API_KEY' }
  }
  const stored =
    url === undefined && project?.url !== undefined
      ? profileOfProject(profile, { path: project.path, url: project.url }, apiKey !== undefined)
      : storedProfile(profile ?? variable('STRONGROOM_PROFILE'))
  if (stored === undefined) throw nowhere(url, apiKey)
  if (url !== undefined && !isSameServer(url, stored.url)) {
    // A key is for its own server alone, whatever a folder's settings say.
    // Not quoted: who writes a user and a password into it has them on no screen.
    const text = `STRONGROOM_URL names another server than the one that the key of the profile is for, ${stored.url}.`
    throw new Fault('settings', `${text} Set STRONGROOM_API_KEY too, or unset STRONGROOM_URL.`)
  }
  const how = apiKey === undefined ? `profile ${stored.name}` : `STRONGROOM_API_KEY, and profile ${stored.name}`
  return { url: stored.url, apiKey: apiKey ?? stored.apiKey, source: how }
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
  hasOwnKey: boolean,
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
  if (hasOwnKey) {
    const text = `STRONGROOM_API_KEY is not known to be for ${url}, the server that ${path} names.`
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

function nowhere(url: string | undefined, apiKey: string | undefined): Fault {
  if (url !== undefined) return new Fault('settings', 'STRONGROOM_URL is set, and STRONGROOM_API_KEY is not.')
  if (apiKey !== undefined) return new Fault('settings', 'STRONGROOM_API_KEY is set, and STRONGROOM_URL is not.')
  return new Fault(
    'settings',
    'No server is known. Run "strongroom login", or set STRONGROOM_URL and STRONGROOM_API_KEY.',
  )
}
