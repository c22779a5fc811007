/** What `strongroom login` stores: servers and API keys by name, in a file for its owner alone. */
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { codeOf } from '../error-code.ts'
import type { ClientCertificate } from './client-certificate.ts'
import { Fault } from './output.ts'
import { configFolder, variable } from './process-env.ts'
import { reasonOf } from './system.ts'
import { checkedPlatform, type Workload } from './tokens.ts'

export interface Profile {
  readonly url: string
  /** An API key, or where the tokens come from that keys are traded for. */
  readonly credential: string | Workload
  /** What is shown to the server, where it asks for a certificate. */
  readonly certificate?: ClientCertificate | undefined
  /** Whether `strongroom login` had the key made, for this computer alone: it ends with the profile. */
  readonly isMadeHere?: boolean
}

export interface Profiles {
  /** Which one is used unless another is asked for. */
  readonly current: string | undefined
  readonly profiles: ReadonlyMap<string, Profile>
}

const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/

export function profilesPath(): string {
  return join(configFolder(), 'profiles.json')
}

/** @throws Fault `usage` for a name that would be hard to type or to tell apart */
export function checkProfileName(name: string): string {
  if (namePattern.test(name)) return name
  throw new Fault('usage', 'The name of a profile has 1 to 64 letters, digits, "_", "." or "-".')
}

/** @throws Fault if others may read the file, or it is not what was written */
export function readProfiles(): Profiles {
  const path = profilesPath()
  const text = textOf(path)
  if (text === undefined) return { current: undefined, profiles: new Map() }
  if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) {
    throw new Fault('failure', `Others may read ${path}, and so the keys in it. Run: chmod 600 ${path}`)
  }
  const found = parse(text)
  if (found === undefined) throw new Fault('failure', `${path} is damaged. Remove it, and run "strongroom login".`)
  return found
}

/** The URL that is known without a project file, for whoever needs no key. @param wanted a profile, as it was typed */
export function knownUrl(wanted?: string): string | undefined {
  return variable('STRONGROOM_URL') ?? chosenProfile(wanted)?.url
}

/** The profile that is meant, if it is stored. @param wanted as it was typed */
export function chosenProfile(wanted?: string): Profile | undefined {
  const { current, profiles } = readProfiles()
  return profiles.get(wanted ?? variable('STRONGROOM_PROFILE') ?? current ?? '')
}

/**
 * Changes what is stored, one command after the other: none writes over what another one has just stored.
 *
 * @param change makes what is to be stored of what is
 * @returns what was stored before, and what is now
 * @throws Fault as `readProfiles`, and what `change` throws
 */
export async function changeProfiles(
  change: (stored: Profiles) => Profiles,
): Promise<{ readonly before: Profiles; readonly after: Profiles }> {
  const folder = dirname(profilesPath())
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
  const letGo = await holdProfiles()
  try {
    const before = readProfiles()
    const after = change(before)
    await writeProfiles(after)
    return { before, after }
  } finally {
    letGo()
  }
}

/** Nobody holds it for longer than it takes to write a small file. */
const leftBehindMs = 10_000
const pauseMs = 20

/** @returns what lets the next one in */
async function holdProfiles(): Promise<() => void> {
  const path = `${profilesPath()}.lock`
  for (;;) {
    try {
      closeSync(openSync(path, 'wx', 0o600))
      return () => rmSync(path, { force: true })
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw new Fault('failure', `${path} cannot be written: ${reasonOf(error)}.`)
    }
    const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
    // Whoever made it was killed.
    if (Math.abs(Date.now() - since) > leftBehindMs) rmSync(path, { force: true })
    else await setTimeout(pauseMs)
  }
}

/** Replaces the file whole: a broken write leaves the old one. */
async function writeProfiles({ current, profiles }: Profiles): Promise<void> {
  const path = profilesPath()
  const entries = [...profiles].map(([name, { url, credential, certificate, isMadeHere }]) => {
    const made = isMadeHere === true ? { made_by_login: true } : {}
    const files =
      certificate === undefined ? {} : { client_cert: certificate.cert.path, client_key: certificate.key.path }
    return [name, { url, ...storedOf(credential), ...files, ...made }] as const
  })
  const text = JSON.stringify({ current, profiles: Object.fromEntries(entries) }, undefined, 2)
  // Every command reads profiles, and few write them.
  const { replaceFile } = await import('./replace-file.ts')
  await replaceFile(path, Buffer.from(`${text}\n`), 0o600)
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** @returns `undefined` for anything that `writeProfiles` does not write */
function parse(text: string): Profiles | undefined {
  const found = jsonOf(text)
  if (!isObject(found) || !isObject(found['profiles'])) return undefined
  const profiles = new Map<string, Profile>()
  for (const [name, entry] of Object.entries(found['profiles'])) {
    const credential = isObject(entry) ? credentialIn(entry) : undefined
    if (!isObject(entry) || typeof entry['url'] !== 'string' || credential === undefined) return undefined
    const isMadeHere = entry['made_by_login'] === true
    profiles.set(name, { url: entry['url'], credential, certificate: certificateIn(name, entry), isMadeHere })
  }
  const { current } = found
  return { current: typeof current === 'string' && profiles.has(current) ? current : undefined, profiles }
}

function storedOf(credential: Profile['credential']): object {
  if (typeof credential === 'string') return { api_key: credential }
  const { tokenFile, platform, account, rule, audience } = credential
  return { token_file: tokenFile, oidc: platform, account, rule, audience }
}

function credentialIn(entry: Readonly<Record<string, unknown>>): Profile['credential'] | undefined {
  const textOf = (field: string) => (typeof entry[field] === 'string' ? entry[field] : undefined)
  const [tokenFile, platform] = [textOf('token_file'), textOf('oidc')]
  if (tokenFile === undefined && platform === undefined) return textOf('api_key')
  return {
    tokenFile,
    platform: platform === undefined ? undefined : checkedPlatform(platform),
    account: textOf('account'),
    rule: textOf('rule'),
    audience: textOf('audience'),
  }
}

function certificateIn(name: string, entry: Readonly<Record<string, unknown>>): ClientCertificate | undefined {
  const [cert, key] = [entry['client_cert'], entry['client_key']]
  if (typeof cert !== 'string' || typeof key !== 'string') return undefined
  const fileOf = (field: string, path: string) => ({ setting: `The ${field} of the profile ${name}`, path })
  return { cert: fileOf('client_cert', cert), key: fileOf('client_key', key) }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
