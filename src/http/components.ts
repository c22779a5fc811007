/** What many operations share in the description of the API: headers, refusals, and who may ask. */
import { Type } from 'typebox'
import { environmentPattern } from '../model/environment.ts'
import { statusOf } from './problem.ts'

/** The form of refusals: RFC 9457, or the envelope of the Secret Lists API. */
export type Problems = 'problem' | 'envelope'

/** One of what a refusal names. */
export const FaultFields = {
  field: Type.String(),
  detail: Type.String(),
  name: Type.Optional(Type.String({ description: 'The secret that a template refers to.' })),
  line: Type.Optional(Type.Integer()),
  column: Type.Optional(Type.Integer()),
  part: Type.Optional(Type.Integer({ description: 'Of a multipart document.' })),
}

export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    code: Type.String({ description: 'Stable; see docs/api.md for the list.' }),
    message: Type.String({ description: 'Equal to detail.' }),
    request_id: Type.String(),
    errors: Type.Optional(Type.Array(Type.Object(FaultFields))),
  },
  { title: 'Problem', description: 'A problem (RFC 9457).' },
)

export const EnvelopeProblem = Type.Object(
  {
    result: Type.Literal('error'),
    message: Type.String(),
    code: Type.Integer({ description: 'Equal to the status.' }),
    data: Type.Null(),
    fields: Type.Optional(
      Type.Record(Type.String(), Type.Array(Type.String()), { description: 'What is wrong with each field.' }),
    ),
  },
  { title: 'EnvelopeProblem', description: 'A refusal of the Secret Lists API.' },
)

const text = { type: 'string' }
const time = { type: 'string', format: 'date-time' }
const count = { type: 'integer', format: 'int64', minimum: 0 }

const requestHeaders = {
  'If-Match': {
    schema: text,
    example: '"3"',
    description:
      'The `ETag` of an earlier answer, or `*`: the change is made only if it is still the one; else 412 `stale_version`.',
  },
  'If-None-Match': {
    schema: { type: 'string', enum: ['*'] },
    description: '`*`: only what is not there yet is made; else 412 `stale_version`.',
  },
  'If-None-Match-of-read': {
    name: 'If-None-Match',
    schema: text,
    example: '"3"',
    description:
      'The `ETag` of an earlier answer, or several: when that version is still the newest, the answer is 304. By its name, a secret is best told by version and id, `"3.17"`. A template, whose parts may have changed, is answered anew.',
  },
  'Last-Event-ID': {
    schema: text,
    example: '17',
    description: 'The `id` of the last event that was taken: a stream goes on after it, whatever `after` says.',
  },
  'Strongroom-Environment': {
    schema: { type: 'string', maxLength: 63, pattern: environmentPattern },
    example: 'default',
    description:
      'The name of the environment that is meant, as the parameter `environment` has it; both, when they differ, are refused.',
  },
  'Idempotency-Key': {
    schema: { type: 'string', maxLength: 255, pattern: '^[!-~]+$' },
    description:
      'A text that no other request has: sent again within a day, the request gets the first answer again, and changes nothing.',
  },
}
export type Taken = Exclude<keyof typeof requestHeaders, 'Idempotency-Key' | 'Strongroom-Environment'>

const answerHeaders = {
  ETag: { schema: text, required: true, description: 'The version in double quotes, for `If-Match`.' },
  Location: { schema: text, required: true, description: 'The path of what was made.' },
  'Content-Disposition': { schema: text, required: true, description: 'A file name for the value.' },
  'Set-Cookie': { schema: text, description: "The session's cookie, or that of a sign-in that is under way." },
  'Idempotent-Replayed': { schema: { type: 'string', enum: ['true'] }, description: 'The first answer, given again.' },
  'Strongroom-Request-Id': { schema: text, required: true, description: 'The id that the log and the trail have.' },
  'Strongroom-Environment': {
    schema: text,
    required: true,
    description: 'The name of the environment that it was done in.',
  },
  'Strongroom-Next-Cursor': { schema: text, description: 'The `cursor` of the next page; absent on the last one.' },
  'Strongroom-Previous-Cursor': {
    schema: text,
    description: 'The `cursor` of the page before; absent on the first one.',
  },
  'Strongroom-Total-Count': { schema: count, description: 'With `count=true`: how many there are on all pages.' },
  'Strongroom-Stale-Deployments': { schema: count, description: 'How many targets hold what is old now.' },
  'Strongroom-Deleted': {
    schema: count,
    description: 'The id by which what was deleted can be restored; absent where it is gone for good.',
  },
  'Strongroom-Recovery-Days': {
    schema: count,
    required: true,
    description: 'For how many days what is deleted now can be restored; 0: deletion is permanent.',
  },
  'Strongroom-Encoding': { schema: { type: 'string', enum: ['base64'] }, description: 'Of the value of a file.' },
  'Strongroom-Expires-At': { schema: time, description: 'When the value should be replaced.' },
  'Strongroom-Expired': { schema: { type: 'string', enum: ['true'] }, description: 'It should have been by now.' },
  'X-Accel-Buffering': {
    schema: { type: 'string', enum: ['no'] },
    description: 'Of a stream: proxies pass it on at once.',
  },
  'Retry-After': { schema: count, required: true, description: 'Seconds to wait before the next try.' },
  'WWW-Authenticate': { schema: text, description: 'How to authenticate.' },
}
export type Given = Exclude<keyof typeof answerHeaders, 'Retry-After' | 'WWW-Authenticate'>

export const securitySchemes = {
  bearer: { type: 'http', scheme: 'bearer', description: 'An API key: `sr_…`' },
  query: { type: 'apiKey', in: 'query', name: 'key', description: 'As some clients send it; prefer the header.' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-strongroom',
    description: 'The session of somebody who signed in; without TLS its cookie is called `strongroom_session`.',
  },
  portal: {
    type: 'apiKey',
    in: 'header',
    name: 'Strongroom-Portal',
    description: '`1`: what another site cannot make a browser send.',
  },
}

interface Refused {
  readonly name: string
  readonly text: string
}

/** Every status of a refusal that a route may answer with. */
const refusals: Readonly<Record<number, Refused>> = {
  400: { name: 'Invalid', text: 'The request is malformed; `errors` names the fields.' },
  401: { name: 'Unauthenticated', text: 'The API key, or whatever else proves who asks, is missing or invalid.' },
  403: { name: 'Forbidden', text: 'Whoever asks may not do this.' },
  404: { name: 'NotFound', text: 'There is no such object in this account, or none that may be seen.' },
  406: { name: 'NotAcceptable', text: 'The `Accept` header excludes JSON.' },
  409: { name: 'Conflict', text: 'The name is taken, or nothing would be left.' },
  412: {
    name: 'StaleVersion',
    text: 'It is at another version than `If-Match`, or the body, names; or it is there, and `If-None-Match` is given.',
  },
  413: { name: 'TooLarge', text: 'The body or the value is too long.' },
  414: { name: 'UriTooLong', text: 'The URL is too long.' },
  415: { name: 'UnsupportedMediaType', text: 'The body is not of a type that is taken here, or is compressed.' },
  422: { name: 'Unprocessable', text: 'The request is well-formed and cannot be carried out.' },
  429: { name: 'TooManyRequests', text: 'Too many requests.' },
  431: { name: 'TooManyHeaders', text: 'The request has too many headers.' },
  500: { name: 'InternalError', text: 'Stored data failed its integrity check, or an internal error happened.' },
  503: { name: 'Unavailable', text: 'The store cannot record or confirm the request, or the server is busy.' },
  507: { name: 'StorageFull', text: 'The disk is full.' },
}

/** @throws Error for a status that is no refusal of a route */
export function problemName(problems: Problems, status: number): string {
  const name = refusals[status]?.name
  if (name === undefined) throw new Error(`No route refuses with ${status}.`)
  return problems === 'envelope' ? `Envelope${name}` : name
}

const headersOf: Readonly<Record<number, readonly string[]>> = {
  401: ['WWW-Authenticate'],
  429: ['Retry-After'],
  503: ['Retry-After'],
}

/** Of a read on condition. */
const notModified = {
  description: 'What `If-None-Match` names is still what is there: no value, and no record in the audit trail.',
  headers: Object.fromEntries(
    ['ETag', 'Strongroom-Expires-At', 'Strongroom-Expired', 'Strongroom-Environment', 'Strongroom-Request-Id'].map(
      (name) => [name, { $ref: `#/components/headers/${name}` }],
    ),
  ),
}

/** @param shown a schema as the description has it */
export function components(shown: (schema: object) => unknown) {
  const forms = [
    { problems: 'problem', type: 'application/problem+json', schema: shown(Problem) },
    { problems: 'envelope', type: 'application/json', schema: shown(EnvelopeProblem) },
  ] as const
  const responses = forms.flatMap(({ problems, type, schema }) =>
    Object.entries(refusals).map(([status, { text }]) => [
      problemName(problems, Number(status)),
      {
        description: `${text}${problems === 'problem' ? codesText(Number(status)) : ''}`,
        headers: Object.fromEntries(
          ['Strongroom-Request-Id', ...(headersOf[Number(status)] ?? [])].map((name) => [
            name,
            { $ref: `#/components/headers/${name}` },
          ]),
        ),
        content: { [type]: { schema } },
      },
    ]),
  )
  return {
    headers: answerHeaders,
    parameters: Object.fromEntries(
      Object.entries(requestHeaders).map(([name, header]) => [
        name,
        { name, in: 'header', required: false, ...header },
      ]),
    ),
    responses: Object.fromEntries([...responses, ['NotModified', notModified]]),
  }
}

/** The codes that have a status: those that a client switches on. */
function codesText(status: number): string {
  const codes = Object.entries(statusOf).filter(([, one]) => one === status)
  return ` ${codes.map(([code]) => `\`${code}\``).join(', ')}.`
}
