/** The job shows who it is: a token that the platform signs is traded for an API key that lives for minutes. */
import { Fault } from './fault.ts'
import type { Environment, Inputs } from './inputs.ts'

const tries = 3
const timeoutMs = 10_000

/**
 * Asks the platform for a token that names the job.
 *
 * @throws Fault when the job may not have one
 */
export async function requestToken(environment: Environment, audience: string): Promise<string> {
  const text = environment['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? ''
  const bearer = environment['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? ''
  if (!URL.canParse(text) || bearer === '') {
    throw new Fault(
      'The job has no identity to show. Give it "permissions: id-token: write", or give this action an api-key.',
    )
  }
  const url = new URL(text)
  url.searchParams.set('audience', audience)
  const headers = { authorization: `Bearer ${bearer}`, accept: 'application/json' }
  const { status, body } = await ask("The platform's token endpoint", url.href, { headers })
  if (status === 200 && typeof body['value'] === 'string' && body['value'] !== '') return body['value']
  throw new Fault(`The platform's token endpoint answered ${status} without a token.`)
}

/**
 * Trades the token for an API key.
 *
 * @throws Fault with what the server says
 */
export async function tradeToken({ url, account, rule }: Inputs, token: string): Promise<string> {
  const given = { token, ...(account === undefined ? {} : { account }), ...(rule === undefined ? {} : { rule }) }
  const init = {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(given),
  }
  const endpoint = `${url.replace(/\/+$/, '').replace(/\/v3$/, '')}/v3/auth/oidc`
  const { status, body } = await ask('Strongroom', endpoint, init)
  if (status === 201 && typeof body['api_key'] === 'string' && /^[\x21-\x7e]+$/.test(body['api_key'])) {
    return body['api_key']
  }
  const why = typeof body['message'] === 'string' ? `: ${body['message'].slice(0, 500)}` : '. Is the URL right?'
  throw new Fault(`Strongroom answered the job's token with ${status}${why}`)
}

interface Answered {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

/** Asks again when nobody answered, or nobody could. */
async function ask(who: string, url: string, init: RequestInit): Promise<Answered> {
  for (let tried = 1; ; tried++) {
    const answered = await askOnce(url, init)
    const isFinal = answered !== undefined && answered.status < 500 && answered.status !== 429
    if (isFinal) return answered
    if (tried === tries) {
      throw new Fault(
        `${who} gave no answer${answered === undefined ? '' : ` but ${answered.status}`}. Try again later.`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1000 * 2 ** tried))
  }
}

async function askOnce(url: string, init: RequestInit): Promise<Answered | undefined> {
  try {
    // A redirect would carry the token elsewhere.
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    const body: unknown = await response.json().catch(() => undefined)
    return { status: response.status, body: typeof body === 'object' && body !== null ? { ...body } : {} }
  } catch {
    return undefined
  }
}
