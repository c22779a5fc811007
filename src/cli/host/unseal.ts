/** `strongroom unseal`: gives a sealed server of this host the shares of its root key, at a socket that its user alone may open. */
import { request } from 'node:http'
import { readConfig } from '../../config.ts'
import { Fault, print, printJson, tell } from '../output.ts'
import { isInteractive } from '../prompt.ts'
import { isReady } from './health.ts'
import { givenShares, notFitting, wrongOnes } from './shares.ts'
import { begin } from './with-vault.ts'

export interface UnsealOptions {
  readonly status?: boolean
  readonly reset?: boolean
  readonly json?: boolean
}

/** What a server says of its shares. */
interface Shown {
  readonly status: string
  readonly threshold: number
  readonly shares: number
  readonly have: number
  readonly set: string
  readonly outcome: string | undefined
  readonly wrong: readonly number[]
}

const patienceMs = 15_000

/** Ends with 6 when the server is still sealed. */
export async function unseal({ status, reset, json = false }: UnsealOptions): Promise<void> {
  if (status === true && reset === true) throw new Fault('usage', 'Say one of --status and --reset.')
  begin()
  const config = readConfig()
  const path = config.unsealSocket?.path
  if (path === undefined) {
    throw new Fault('settings', 'No root key of the settings has shares: STRONGROOM_ROOT_KEY_URLS names no shamir:.')
  }
  const method = reset === true ? 'DELETE' : 'GET'
  const first = await ask(path, method).catch(async (error: unknown) => {
    if (!(await isReady(config))) throw error
  })
  if (first === undefined) {
    if (json) return printJson({ status: 'open' })
    return print('The server is open already, and needs no shares.')
  }
  const last = status === true || reset === true ? first : await giveAll(path, first)
  if (json) printJson(jsonOf(last))
  else print(sentenceOf(last))
  if (last.status !== 'open') process.exitCode = 6
}

/** Until it is open, or no more are given. */
async function giveAll(path: string, first: Shown): Promise<Shown> {
  let last = first
  if (isInteractive()) tell(`${sentenceOf(first)} An empty line ends this.`)
  for await (const text of givenShares(() => `Share ${last.have + 1} of ${last.threshold}`)) {
    try {
      last = await ask(path, 'POST', text)
      if (last.outcome === 'same') tell('That share is there already.')
      if (last.outcome === 'mismatch') tell(notFitting(last))
      if (last.wrong.length > 0) tell(wrongOnes(last.wrong))
      if (last.status === 'open') return last
      if (isInteractive() && last.outcome === 'kept') tell(sentenceOf(last))
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'failure' || !isInteractive()) throw error
      tell(error.message)
    }
  }
  return last
}

function sentenceOf({ status, threshold, shares, have, set }: Shown): string {
  if (status === 'open') return 'The root key is whole, and the server opens its store.'
  // A store that is not there yet has no set.
  if (set === '') return 'The server is sealed, and has not read its store yet. Its log says why.'
  return `The server is sealed: ${have} of ${threshold} shares are there (of ${shares}, set ${set}).`
}

function jsonOf({ status, threshold, shares, have, set, wrong }: Shown) {
  return { status, threshold, shares, have, set, wrong_shares: wrong }
}

/** @throws Fault `failure` when the server refuses, `unreachable` when none is there */
async function ask(path: string, method: 'GET' | 'POST' | 'DELETE', share?: Buffer): Promise<Shown> {
  const body = share === undefined ? undefined : Buffer.from(JSON.stringify({ share: share.toString('latin1') }))
  try {
    const { status, text } = await send(path, method, body)
    const said = parsed(text)
    if (status !== 200) {
      throw new Fault('failure', textIn(said, 'detail') ?? `The server answered ${status}.`)
    }
    return shownIn(said)
  } finally {
    body?.fill(0)
  }
}

function send(
  path: string,
  method: string,
  body: Buffer | undefined,
): Promise<{ readonly status: number | undefined; readonly text: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }
    const options = { socketPath: path, path: '/unseal', method, headers, agent: false, timeout: patienceMs }
    const asked = request(options, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.once('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(parts) }))
      answer.once('error', reject)
    })
    asked.once('timeout', () => asked.destroy(new Error(`nothing came for ${patienceMs / 1000} seconds`)))
    asked.once('error', (error: NodeJS.ErrnoException) => reject(notThere(path, error)))
    asked.end(body)
  })
}

function parsed(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString())
  } catch {
    throw new Fault('unreachable', 'Something else than a server answers there.')
  }
}

function notThere(path: string, error: NodeJS.ErrnoException): Fault {
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new Fault('denied', `${path} is for the user that the server runs as: run this as that user.`)
  }
  if (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED') {
    return new Fault('unreachable', `The server does not answer at ${path}: ${error.message}.`)
  }
  return new Fault('unreachable', `No sealed server takes shares at ${path}. "strongroom health" says how it is.`)
}

function shownIn(said: unknown): Shown {
  const numbers = isMap(said) && Array.isArray(said['wrong_shares']) ? said['wrong_shares'] : []
  return {
    status: textIn(said, 'status') ?? '',
    set: textIn(said, 'set') ?? '',
    outcome: textIn(said, 'outcome'),
    threshold: numberIn(said, 'threshold'),
    shares: numberIn(said, 'shares'),
    have: numberIn(said, 'have'),
    wrong: numbers.filter((one) => typeof one === 'number'),
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function textIn(said: unknown, name: string): string | undefined {
  const found = isMap(said) ? said[name] : undefined
  return typeof found === 'string' ? found : undefined
}

function numberIn(said: unknown, name: string): number {
  const found = isMap(said) ? said[name] : undefined
  return typeof found === 'number' ? found : 0
}
