/** The job shows who it is: a token that the platform signs is traded for an API key that lives for minutes. */
import { ask, endpointOf } from './ask.ts'
import { Fault } from './fault.ts'
import type { Environment, Inputs } from './inputs.ts'

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
 * Revokes a key that a token was traded for, whether or not it is good any more.
 *
 * @throws Fault when it may be good still
 */
export async function revokeKey(url: string, apiKey: string): Promise<void> {
  const init = { method: 'DELETE', headers: { authorization: `Bearer ${apiKey}`, accept: 'application/json' } }
  const { status } = await ask('Strongroom', endpointOf(url, '/v3/keys/self'), init)
  // Expired, or revoked by a request whose answer was lost.
  if (status !== 200 && status !== 401) throw new Fault(`Strongroom answered with ${status}.`)
}

/**
 * Trades a token for an API key.
 *
 * @param token gets one: of a trade whose answer was lost, the server may have taken it, and takes none twice
 * @throws Fault with what the server says
 */
export async function tradeToken({ url, account, rule }: Inputs, token: () => Promise<string>): Promise<string> {
  const { status, body } = await ask('Strongroom', endpointOf(url, '/v3/auth/oidc'), async () => ({
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({
      token: await token(),
      ...(account === undefined ? {} : { account }),
      ...(rule === undefined ? {} : { rule }),
    }),
  }))
  if (status === 201 && typeof body['api_key'] === 'string' && /^[\x21-\x7e]+$/.test(body['api_key'])) {
    return body['api_key']
  }
  const why = typeof body['message'] === 'string' ? `: ${body['message'].slice(0, 500)}` : '. Is the URL right?'
  throw new Fault(`Strongroom answered the job's token with ${status}${why}`)
}
