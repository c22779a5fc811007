/** `strongroom auth oidc`: trades the token of a job for an API key that lives minutes, and prints the key. */
import type { JobKey } from '../client/model.ts'
import { tradeToken } from '../client/trust-rules.ts'
import { certificateOfVariables } from './client-certificate.ts'
import { fetchShowing } from './connection.ts'
import { readInputFile, readStandardInput } from './input.ts'
import { Fault, print, printJson, shown, tell } from './output.ts'
import { chosenProfile, knownUrl } from './profiles.ts'
import { isOnGitHub, readToken } from './tokens.ts'

export interface AuthOptions {
  readonly tokenFile?: string
  readonly audience?: string
  readonly account?: string
  readonly rule?: string
  readonly profile?: string
  readonly json?: boolean
}

export async function oidc({ tokenFile, audience, account, rule, profile, json }: AuthOptions): Promise<void> {
  const url = serverOf(profile)
  const token = await tokenOf(tokenFile, audience, url)
  const input = { token, ...(account === undefined ? {} : { account }), ...(rule === undefined ? {} : { rule }) }
  const fetch = fetchShowing(certificateOfVariables() ?? certificateFor(url, profile))
  const key = await tradeToken({ url, fetch, timeoutMs: 30_000 }, input)
  if (json) return printJson(key)
  tell(`By the trust rule ${shown(key.rule)}, until ${key.expires_at}: ${scopesOf(key)}`)
  print(key.api_key)
}

function scopesOf({ scopes }: JobKey): string {
  return scopes.join(' ')
}

/** A key is not needed, so a profile is good for its URL alone. */
function serverOf(profile: string | undefined): string {
  const url = knownUrl(profile)
  if (url !== undefined) return url
  throw new Fault('usage', 'No server is known. Set STRONGROOM_URL.')
}

/** Of the profile, where it is its server that is asked. */
function certificateFor(url: string, wanted: string | undefined) {
  const profile = chosenProfile(wanted)
  return profile?.url === url ? profile.certificate : undefined
}

async function tokenOf(path: string | undefined, audience: string | undefined, url: string): Promise<string> {
  if (path === undefined && isOnGitHub()) return readToken({ platform: 'github', audience }, url)
  const bytes = path === undefined || path === '-' ? await readStandardInput() : readInputFile(path)
  const token = bytes.toString().trim()
  if (token !== '') return token
  throw new Fault('usage', 'There is no token. Name a file with --token-file, or pipe it into this command.')
}
