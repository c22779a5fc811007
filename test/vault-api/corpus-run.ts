/** Sends the corpus to a server, and compares what it answers with what is expected, field by field. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { Case, Expected } from './corpus.ts'

/** A server, and the tokens that cases are sent with. */
export interface Target {
  readonly url: string
  readonly token: string
  /** One that may list, and nothing else. */
  readonly lister: string
  readonly stranger: string
}

export interface Answered {
  readonly case: Case
  readonly status: number
  readonly text: string
  /** From the engine; otherwise from the server around it. Only that of Vault's engine says so. */
  readonly isOfEngine: boolean
}

/** In their order, as some rest upon those before. */
export async function sendAll(target: Target, cases: readonly Case[]): Promise<readonly Answered[]> {
  const answers: Answered[] = []
  let wrappingToken = ''
  for (const one of cases) {
    const answer = await send(target, one, wrappingToken)
    answers.push({ case: one, ...answer })
    wrappingToken = /"wrap_info":\{"token":"([^"]+)"/.exec(answer.text)?.[1] ?? wrappingToken
  }
  return answers
}

/** As it is written in the case: no client puts a type of body where none is named. */
function send({ url, token, lister, stranger }: Target, one: Case, wrappingToken: string) {
  const own = { lister, stranger, nobody: undefined, 'wrapping token': wrappingToken }
  const key = one.as === undefined ? token : own[one.as]
  const text = typeof one.body === 'string' ? one.body : one.body === undefined ? undefined : JSON.stringify(one.body)
  const body = text?.replace('{token}', wrappingToken)
  const headers = {
    ...(key === undefined ? {} : { 'x-vault-token': key }),
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    ...one.headers,
  }
  const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))
  return new Promise<Omit<Answered, 'case'>>((resolve, reject) => {
    const sent = request(`${url}/v1/${one.path}`, { method: one.method, headers: given }, (answer) => {
      let received = ''
      answer.setEncoding('utf8').on('data', (piece) => (received += piece))
      const isOfEngine = answer.headers['x-of-engine'] === 'yes'
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: received, isOfEngine }))
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

export function assertAnswered(
  { case: { name }, status, text }: Omit<Answered, 'isOfEngine'>,
  expected: Expected,
): void {
  assert.equal(status, expected.status, `${name}: ${text}`)
  const { body } = expected
  const [how = '', what = ''] = typeof body === 'string' ? (/^(\w+) (.*)$/s.exec(body)?.slice(1) ?? []) : []
  if (how === 'contains') assert.ok(text.includes(what), `${name}: ${text}`)
  else if (how === 'matches') assert.match(text, new RegExp(what), name)
  else if (body === undefined) assert.equal(text, '', name)
  else assert.deepEqual(alike(JSON.parse(text), body), body, name)
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/

/** What was answered, with the words for what differs from one answer to the next, where those are expected. */
function alike(found: unknown, expected: unknown): unknown {
  if (expected === '<id>') return typeof found === 'string' ? expected : found
  if (expected === '<time>') return typeof found === 'string' && time.test(found) ? expected : found
  if (expected === '<token>') return typeof found === 'string' && found !== '' ? expected : found
  if (typeof expected === 'string' && expected.endsWith('…')) {
    return typeof found === 'string' && found.startsWith(expected.slice(0, -1)) ? expected : found
  }
  if (Array.isArray(found))
    return found.map((one, at) => alike(one, Array.isArray(expected) ? expected[at] : undefined))
  if (typeof found !== 'object' || found === null) return found
  const inside = new Map(Object.entries(typeof expected === 'object' && expected !== null ? expected : {}))
  return Object.fromEntries(Object.entries(found).map(([name, one]) => [name, alike(one, inside.get(name))]))
}
