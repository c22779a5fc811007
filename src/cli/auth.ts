/** `strongroom auth oidc`: trades the token of a job for an API key that lives minutes, and prints the key. */
import type { JobKey } from '../client/model.ts'
import { tradeToken } from '../client/trust-rules.ts'
import { readInputFile, readStandardInput } from './input.ts'
import { Fault, print, printJson, shown, tell } from './output.ts'
import { variable } from './process-env.ts'
import { knownUrl } from './profiles.ts'

export interface AuthOptions {
  readonly tokenFile?: string
  readonly audience?: string
  readonly account?: string
  readonly rule?: string
  readonly profile?: string
  readonly json?: boolean
}

/** What GitHub Actions sets for jobs that may have a token. */
const github = { url: 'ACTIONS_ID_TOKEN_REQUEST_URL', token: 'ACTIONS_ID_TOKEN_REQUEST_TOKEN' }
const fetchMs = 10_000

export async function oidc({ tokenFile, audience, account, rule, profile, json }: AuthOptions): Promise<void> {
  const url = serverOf(profile)
  // Nobody else's: another server must not be able to use the token.
  const token = await tokenOf(tokenFile, audience ?? url.replace(/\/+$/, ''))
  const input = { token, ...(account === undefined ? {} : { account }), ...(rule === undefined ? {} : { rule }) }
  const key = await tradeToken({ url, timeoutMs: 30_000 }, input)
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

async function tokenOf(path: string | undefined, audience: string): Promise<string> {
  const [url, secret] = [variable(github.url), variable(github.token)]
  if (path === undefined && url !== undefined && secret !== undefined) return askGitHub(url, secret, audience)
  const bytes = path === undefined || path === '-' ? await readStandardInput() : readInputFile(path)
  const token = bytes.toString().trim()
  if (token !== '') return token
  throw new Fault('usage', 'There is no token. Name a file with --token-file, or pipe it into this command.')
}

/** @throws Fault `failure` which quotes nothing of the answer: it may hold the token */
async function askGitHub(url: string, secret: string, audience: string): Promise<string> {
  const address = new URL(url)
  address.searchParams.set('audience', audience)
  try {
    const answer = await fetch(address, {
      headers: { authorization: `Bearer ${secret}`, accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(fetchMs),
    })
    const body: unknown = answer.ok ? await answer.json() : undefined
    if (typeof body === 'object' && body !== null && 'value' in body && typeof body.value === 'string')
      return body.value
    throw new Fault('failure', `GitHub gave no token: it answered ${answer.status}.`)
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('failure', 'GitHub gave no token: it does not answer.')
  }
}
