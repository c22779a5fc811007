/** `strongroom login`, `logout` and `profiles`: which servers and keys this computer knows. */
import { StrongroomError, Unauthorized } from '../client/errors.ts'
import type { GrantedLogin } from '../client/model.ts'
import { isOnThisHost } from '../this-host.ts'
import { certificateTyped } from './client-certificate.ts'
import { clientOf, fetchShowing, readProject, underVariables } from './connection.ts'
import { readHiddenInput, secondsOf } from './input.ts'
import { complain, Fault, print, printJson, printTable, shown } from './output.ts'
import { variable } from './process-env.ts'
import {
  changeProfiles,
  checkProfileName,
  type Profile,
  type Profiles,
  profilesPath,
  readProfiles,
} from './profiles.ts'
import { askHidden, askText, isInteractive } from './prompt.ts'
import { sourceOf, type Workload, workloadOf } from './tokens.ts'

interface Options {
  readonly json?: boolean
}

interface LoginOptions extends Options {
  readonly url?: string
  readonly profile: string
  /** Whether to log in with the browser without asking for a key. */
  readonly web?: boolean
  /** Whether a browser may be opened. */
  readonly browser: boolean
  readonly account?: string
  readonly scope?: readonly string[]
  readonly expires: string
  readonly bindNetwork?: boolean
  /** Where tokens come from, in place of a key. */
  readonly tokenFile?: string
  readonly oidc?: string
  readonly rule?: string
  readonly audience?: string
  readonly clientCert?: string
  readonly clientKey?: string
}

/** Stores a server and a key, once the server takes that key. */
export async function login(options: LoginOptions): Promise<void> {
  const name = checkProfileName(options.profile)
  // A file that cannot be read is told of before anybody is asked for a key.
  readProfiles()
  const url = await urlFor(options)
  warnOfPlainHttp(url)
  const certificate = certificateTyped(options.clientCert, options.clientKey)
  const workload = workloadFor(options)
  if (workload !== undefined) return loginOfJob(name, { url, credential: workload, certificate }, options)
  const apiKey = options.web ? '' : await readKey()
  const profile: Profile = { url, credential: apiKey, certificate, isMadeHere: false }
  const given = apiKey === '' ? await keyByBrowser(name, profile, options) : undefined
  if (given === undefined) await storeWorking(name, profile)
  if (options.json) {
    const { person, key_id, scopes, networks, expires_at } = given ?? {}
    return printJson({ profile: name, url, stored_in: profilesPath(), person, key_id, scopes, networks, expires_at })
  }
  if (given !== undefined) {
    print(`Logged in as ${shown(given.person)}, until ${given.expires_at}.`)
    print(`Permissions: ${given.scopes.join(' ')}`)
  }
  print(`API key accepted. Saved as profile ${name} in ${profilesPath()}.`)
}

/** What was typed wins over variables, which say so to each command by themselves and are not stored. */
function asTyped(profile: Profile): Profile {
  return profile.certificate === undefined ? underVariables(profile) : profile
}

/** Stores a profile once the server takes its key. */
async function storeWorking(name: string, profile: Profile, signal?: AbortSignal): Promise<void> {
  await clientOf(asTyped(profile)).keys.self(signal === undefined ? {} : { signal })
  signal?.throwIfAborted()
  await store(name, profile)
}

async function store(name: string, profile: Profile): Promise<void> {
  // As they are now: a person takes minutes, and logs in elsewhere meanwhile.
  const { before } = await changeProfiles(({ profiles }) => {
    return { current: name, profiles: new Map([...profiles, [name, profile]]) }
  })
  const former = before.profiles.get(name)
  if (former !== undefined && former.credential !== profile.credential) await endKey(former)
}

/** A server that does not answer is not waited for longer. */
const revokeTimeoutMs = 10_000

/**
 * Revokes the key of a profile that a login had made for it. Whatever else is in a profile was made elsewhere, and may be in use there.
 *
 * @returns whether such a key is good no more
 */
async function endKey(profile: Profile): Promise<boolean> {
  if (profile.isMadeHere !== true) return false
  try {
    await clientOf(underVariables(profile)).keys.revokeSelf({ timeoutMs: revokeTimeoutMs, retries: 0 })
    return true
  } catch (error) {
    if (error instanceof Unauthorized) return true
    const { hostOf } = await import('./browser-login.ts')
    const why = error instanceof StrongroomError ? error.message : 'It cannot be asked.'
    complain(`The key of this login could not be revoked at ${profile.url}. ${why}`)
    complain(`It is good until it ends. To end it now, revoke "CLI on ${hostOf()}" in the portal.`)
    return false
  }
}

/** Only as it was typed: a variable says so to each command by itself. */
function workloadFor({ tokenFile, oidc, account, rule, audience }: LoginOptions): Workload | undefined {
  if (tokenFile === undefined && oidc === undefined) {
    if (rule === undefined && audience === undefined) return undefined
    throw new Fault('usage', '--rule and --audience go with --token-file or --oidc.')
  }
  const workload = workloadOf({ tokenFile, oidc })
  if (workload === undefined) return undefined
  const { account: setAccount, rule: setRule, audience: setAudience } = workload
  return { ...workload, account: account ?? setAccount, rule: rule ?? setRule, audience: audience ?? setAudience }
}

/** Stores where tokens come from, and no key: each command trades for its own. */
async function loginOfJob(name: string, profile: Profile, { json }: LoginOptions): Promise<void> {
  const { scopes } = await clientOf(asTyped(profile)).keys.self()
  await store(name, profile)
  const { url, credential } = profile
  if (json) return printJson({ profile: name, url, stored_in: profilesPath(), scopes })
  print(`Permissions: ${scopes.map(shown).join(' ')}`)
  const source = typeof credential === 'string' ? 'the key' : sourceOf(credential)
  print(`The server takes ${shown(source)}. That is stored as profile ${name}, in ${profilesPath()}; no key is.`)
}

async function keyByBrowser(name: string, profile: Profile, options: LoginOptions): Promise<GrantedLogin> {
  const { account, scope, expires, bindNetwork = false, browser, json = false } = options
  const seconds = secondsOf('--expires', expires)
  const { logInWithBrowser } = await import('./browser-login.ts')
  const wanted = { account, scopes: scope, seconds, bindsNetwork: bindNetwork, opens: browser, isQuiet: json }
  const { url, certificate } = asTyped(profile)
  return logInWithBrowser(url, fetchShowing(certificate), wanted, async ({ api_key: credential }, signal) => {
    const made = { ...profile, credential, isMadeHere: true }
    try {
      await storeWorking(name, made, signal)
    } catch (error) {
      // Nobody else has it, and nobody could revoke it by what is stored.
      await endKey(made)
      throw error
    }
  })
}

/** Revokes what a login had made, and forgets what was stored; a key that was typed in stays good. */
export async function logout(options: Options & { readonly profile?: string; readonly all?: boolean }): Promise<void> {
  const { before, after } = await changeProfiles((stored) => without(stored, options))
  const { profiles } = before
  const next = after.current
  const forgotten = [...profiles.keys()].filter((one) => !after.profiles.has(one))
  const revoked: string[] = []
  for (const one of forgotten) {
    const profile = profiles.get(one)
    if (profile !== undefined && (await endKey(profile))) revoked.push(one)
  }
  if (options.json) return printJson({ forgotten, revoked })
  print(`Forgotten: ${forgotten.join(', ') || 'nothing'}.`)
  if (revoked.length > 0)
    print(`Revoked, with the server: the ${revoked.length === 1 ? 'key' : 'keys'} of ${revoked.join(', ')}.`)
  const kept = forgotten.filter((one) => typeof profiles.get(one)?.credential === 'string' && !revoked.includes(one))
  if (kept.length > 0)
    print(`Still good until revoked: the ${kept.length === 1 ? 'key' : 'keys'} of ${kept.join(', ')}.`)
  if (next !== undefined) print(`In use: ${next}.`)
}

/** @throws Fault `notFound` */
function without({ current, profiles }: Profiles, { profile, all }: { profile?: string; all?: boolean }): Profiles {
  const name = profile ?? current
  if (!all && (name === undefined || !profiles.has(name))) {
    throw new Fault('notFound', name === undefined ? 'No profile is stored.' : `No profile is called "${name}".`)
  }
  const rest = new Map([...profiles].filter(([one]) => !all && one !== name))
  return { current: current !== undefined && rest.has(current) ? current : [...rest.keys()][0], profiles: rest }
}

export async function listProfiles({ json }: Options): Promise<void> {
  const { current, profiles } = readProfiles()
  const all = [...profiles].map(([name, { url }]) => ({ name, url, current: name === current }))
  if (json) return printJson({ profiles: all })
  if (all.length === 0) return print('No profile is stored. Run "strongroom login".')
  printTable(
    ['', 'NAME', 'SERVER'],
    all.map(({ name, url, current: isCurrent }) => [isCurrent ? { text: '*', style: 'green' } : '', name, url]),
  )
}

export async function useProfile(name: string, { json }: Options): Promise<void> {
  await changeProfiles(({ profiles }) => {
    if (!profiles.has(name)) throw new Fault('notFound', `No profile is called "${name}". See "strongroom profiles".`)
    return { current: name, profiles }
  })
  if (json) return printJson({ profile: name })
  print(`In use: ${name}.`)
}

/**
 * The server: as it was typed, or asked for. That of the folder's project file is offered to a person, who sees it: a key that comes on
 * standard input goes to no server that a file alone names.
 */
async function urlFor({ url }: LoginOptions): Promise<string> {
  const given = url ?? variable('STRONGROOM_URL')
  if (given !== undefined) return given.trim()
  const offered = isInteractive() ? (await readProject())?.url : undefined
  const question =
    offered === undefined ? 'URL of the server' : `URL of the server (Enter for ${offered}, as the project file says)`
  const typed = (await askText(question, 'Say --url, and give the key on standard input.')).trim()
  return typed === '' && offered !== undefined ? offered : typed
}

/** @returns nothing when a person on a terminal chose the browser */
async function readKey(): Promise<string> {
  if (isInteractive())
    return (await askHidden('Press Enter to log in with your browser, or paste an API key', '')).trim()
  const key = (await readHiddenInput()).toString().trim()
  if (key === '') throw new Fault('usage', 'Standard input has no API key.')
  return key
}

function warnOfPlainHttp(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol !== 'http:' || isOnThisHost(url)) return
  complain('This is http: whoever is on the way reads the key and every value. Use https.')
}
