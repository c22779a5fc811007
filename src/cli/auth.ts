/** `strongroom auth`: a job without an API key gets one for the token that its platform signed. */
import { auth } from '../client/auth.ts'
import { variable } from './environment.ts'
import { readInputFile, readStandardInput } from './input.ts'
import { Fault, print, printJson } from './output.ts'

interface OidcOptions {
  readonly url?: string
  readonly account?: string
  readonly rule?: string
  readonly tokenFile?: string
  readonly audience?: string
  readonly format: 'json' | 'env'
}

const timeoutMs = 30_000

export async function oidc(options: OidcOptions): Promise<void> {
  const { account, rule, format } = options
  const url = options.url ?? variable('STRONGROOM_URL')
  if (url === undefined) throw new Fault('usage', 'No server is known: say --url, or set STRONGROOM_URL.')
  const token = await tokenOf(options, url)
  const input = { token, ...(account === undefined ? {} : { account }), ...(rule === undefined ? {} : { rule }) }
  const made = await trade(url, input)
  if (format === 'json') return printJson(made)
  print(`export STRONGROOM_URL=${quoted(url)}`)
  print(`export STRONGROOM_API_KEY=${quoted(made.api_key)}`)
}

async function trade(url: string, input: Parameters<typeof auth.oidc>[1]) {
  try {
    return await auth.oidc({ url, timeoutMs }, input)
  } catch (error) {
    if (error instanceof TypeError) throw new Fault('usage', error.message)
    throw error
  }
}

/** @throws Fault `usage` when there is none */
async function tokenOf({ tokenFile, audience }: OidcOptions, url: string): Promise<string> {
  const request = variable('ACTIONS_ID_TOKEN_REQUEST_URL')
  const bearer = variable('ACTIONS_ID_TOKEN_REQUEST_TOKEN')
  const isOfGitHub = tokenFile === undefined && request !== undefined && bearer !== undefined
  if (isOfGitHub) return requestToken(request, bearer, audience ?? url.replace(/\/+$/, ''))
  if (tokenFile === undefined && process.stdin.isTTY) {
    throw new Fault('usage', 'No token: say --token-file, give it on standard input, or run this on GitHub Actions.')
  }
  const isStandardInput = tokenFile === undefined || tokenFile === '-'
  const bytes = isStandardInput ? await readStandardInput() : readInputFile(tokenFile)
  const token = bytes.toString().trim()
  if (token === '') throw new Fault('usage', 'The token is empty.')
  return token
}

/** Asks GitHub Actions for a token that names the job. @throws Fault */
async function requestToken(request: string, bearer: string, audience: string): Promise<string> {
  const url = new URL(request)
  url.searchParams.set('audience', audience)
  const headers = { authorization: `Bearer ${bearer}`, accept: 'application/json' }
  try {
    // A redirect would carry the platform's own token elsewhere.
    const answer = await fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) })
    const body: unknown = answer.ok ? await answer.json() : undefined
    const { value }: { readonly value?: unknown } = typeof body === 'object' && body !== null ? body : {}
    if (typeof value === 'string' && value !== '') return value
    throw new Fault('denied', `GitHub Actions answered ${answer.status}, without a token. May the job write id-token?`)
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('unreachable', 'GitHub Actions gave no token: its endpoint does not answer.', { cause: error })
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
