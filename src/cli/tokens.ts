/** Tokens that the platform of a job signs for it, where keys are traded for them: from a file or from the platform itself. */
import { resolve } from 'node:path'
import { platforms } from '../client/platforms.ts'
import { codeOf } from '../error-code.ts'
import { Fault } from './output.ts'
import { variable } from './process-env.ts'

/** The platforms that a token is asked for. */
export const askedPlatforms = ['github', 'gitlab', 'netactuate'] as const

type Asked = (typeof askedPlatforms)[number]

/** Who a job is, in place of a key: where its tokens come from, and what they are traded by. Nothing of it is secret. */
export interface Workload {
  readonly tokenFile?: string | undefined
  readonly platform?: Asked | undefined
  /** The account and the name of the trust rule. */
  readonly account?: string | undefined
  readonly rule?: string | undefined
  /** For whom GitHub is asked to sign. */
  readonly audience?: string | undefined
}

/** As it was typed. */
export interface TokenOptions {
  readonly tokenFile?: string | undefined
  readonly oidc?: string | undefined
}

/** What GitHub Actions sets for jobs that may have a token. */
const github = { url: 'ACTIONS_ID_TOKEN_REQUEST_URL', token: 'ACTIONS_ID_TOKEN_REQUEST_TOKEN' }
const fetchMs = 10_000
/** No server takes a longer one. */
const maxTokenLength = 64 * 1024

/**
 * What a command is told of its job: by options, else by variables. Never by a project file, which comes with a repository:
 * that must not choose which file of this machine is sent to whom.
 *
 * @throws Fault `usage`, `settings` for two that do not go together
 */
export function workloadOf({ tokenFile, oidc }: TokenOptions): Workload | undefined {
  if (tokenFile !== undefined && oidc !== undefined) throw new Fault('usage', 'Say --token-file or --oidc, not both.')
  const isTyped = tokenFile !== undefined || oidc !== undefined
  const path = isTyped ? tokenFile : variable('STRONGROOM_TOKEN_FILE')
  const platform = isTyped ? oidc : variable('STRONGROOM_OIDC')
  if (path === undefined && platform === undefined) return undefined
  if (path !== undefined && platform !== undefined) {
    throw new Fault('settings', 'STRONGROOM_TOKEN_FILE and STRONGROOM_OIDC are both set. Unset one of them.')
  }
  if (path === '-') throw new Fault('usage', 'The token is read anew whenever it is traded: name a file.')
  return {
    tokenFile: path === undefined ? undefined : resolve(path),
    platform: platform === undefined ? undefined : checkedPlatform(platform),
    ...tradedBy(),
  }
}

function tradedBy(): Pick<Workload, 'account' | 'rule' | 'audience'> {
  return {
    account: variable('STRONGROOM_ACCOUNT'),
    rule: variable('STRONGROOM_TRUST_RULE'),
    audience: variable('STRONGROOM_AUDIENCE'),
  }
}

/** @throws Fault `settings` for one that no token is asked for */
export function checkedPlatform(text: string): Asked {
  const found = askedPlatforms.find((one) => one === text)
  if (found !== undefined) return found
  throw new Fault('settings', `A token is asked for from ${askedPlatforms.join(', ')}; of others it is in a file.`)
}

/** In words, for whoever asks where a key comes from. */
export function sourceOf({ tokenFile, platform, rule }: Workload): string {
  const from = tokenFile ?? platforms.find(({ id }) => id === platform)?.label ?? 'nobody'
  return `tokens of ${from}${rule === undefined ? '' : `, by the trust rule ${rule}`}`
}

/**
 * Gets a token as it is now.
 *
 * @param url of the server that it is for
 * @throws Fault `settings`; `unreachable` where another try may help. Nothing that was answered is in a message
 */
export async function readToken(
  { tokenFile, platform, audience }: Workload,
  url: string,
  signal?: AbortSignal,
): Promise<string> {
  if (tokenFile !== undefined) return readTokenFile(tokenFile, signal)
  if (platform === 'github') return askGitHub(audience ?? audienceOf(url), signal)
  if (platform === 'netactuate') return askNetActuate(signal)
  const token = variable('STRONGROOM_TOKEN')
  if (token !== undefined) return token
  throw new Fault('settings', 'STRONGROOM_TOKEN is not set. Name it in the id_tokens of this job of GitLab.')
}

/** Nobody else's: another server must not be able to use the token. */
function audienceOf(url: string): string {
  return url.replace(/\/+$/, '')
}

async function readTokenFile(path: string, signal: AbortSignal | undefined): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  let text: string
  try {
    text = (await readFile(path, { encoding: 'utf8', ...(signal === undefined ? {} : { signal }) })).trim()
  } catch (error) {
    signal?.throwIfAborted()
    throw new Fault('settings', `The token in ${path} cannot be read (${codeOf(error) ?? 'unknown'}).`)
  }
  if (text !== '' && text.length <= maxTokenLength) return text
  throw new Fault('settings', `There is no token in ${path}: it is ${text === '' ? 'empty' : 'too long'}.`)
}

/** Whether a job of GitHub Actions may ask for a token. */
export function isOnGitHub(): boolean {
  return variable(github.url) !== undefined && variable(github.token) !== undefined
}

async function askGitHub(audience: string, signal?: AbortSignal): Promise<string> {
  const [url, secret] = [variable(github.url), variable(github.token)]
  if (url === undefined || secret === undefined || !URL.canParse(url)) {
    throw new Fault('settings', 'GitHub gives this job no token. Give the job "permissions: id-token: write".')
  }
  const address = new URL(url)
  address.searchParams.set('audience', audience)
  const headers = { authorization: `Bearer ${secret}`, accept: 'application/json' }
  return ask({ who: 'GitHub', field: 'value', url: address, init: { headers }, signal })
}

async function askNetActuate(signal?: AbortSignal): Promise<string> {
  const [id, file] = [variable('STRONGROOM_CLIENT_ID'), variable('STRONGROOM_CLIENT_SECRET_FILE')]
  const secret = file === undefined ? variable('STRONGROOM_CLIENT_SECRET') : await readTokenFile(file, signal)
  if (id === undefined || secret === undefined) {
    const text = 'Set STRONGROOM_CLIENT_ID, and STRONGROOM_CLIENT_SECRET_FILE or STRONGROOM_CLIENT_SECRET'
    throw new Fault('settings', `${text}: the client of OpenID Connect that NetActuate's portal shows.`)
  }
  const { issuer = '' } = platforms.find(({ id: one }) => one === 'netactuate') ?? {}
  const form = { grant_type: 'client_credentials', scope: 'openid', client_id: id, client_secret: secret }
  const init = { method: 'POST', headers: { accept: 'application/json' }, body: new URLSearchParams(form) }
  return ask({ who: 'NetActuate', field: 'id_token', url: new URL('/oauth/token', issuer), init, signal })
}

interface Question {
  readonly who: string
  /** Of the answer: where the token is. */
  readonly field: string
  readonly url: URL
  readonly init: RequestInit
  readonly signal: AbortSignal | undefined
}

/** @throws Fault which quotes nothing of the answer: it may hold the token */
async function ask({ who, field, url, init, signal }: Question): Promise<string> {
  const limits = [AbortSignal.timeout(fetchMs), ...(signal === undefined ? [] : [signal])]
  let status = 0
  try {
    const answer = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.any(limits) })
    status = answer.status
    const body: unknown = answer.ok ? await answer.json() : undefined
    const token = typeof body === 'object' && body !== null ? Reflect.get(body, field) : undefined
    if (typeof token === 'string' && token !== '') return token
  } catch {
    signal?.throwIfAborted()
  }
  const isAway = status === 0 || status === 429 || status >= 500
  const why = status === 0 ? 'it does not answer' : `it answered ${status}`
  throw new Fault(isAway ? 'unreachable' : 'failure', `${who} gave no token: ${why}.`)
}
