/**
 * `/v3/logins`: a command asks for an API key, and a person gives it in the portal. The device authorization of RFC 8628, with
 * the API's own words: what that has as errors of the token endpoint is `state` here.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { clientNetwork } from '../../model/client-network.ts'
import { defaultKeySeconds, formatUserCode, loginLifetimeMs, maxKeySeconds } from '../../model/login.ts'
import { formatScope, maxScopes } from '../../model/scope.ts'
import {
  beginLogin,
  cancelLogin,
  confirmLogin,
  type LoginAnswer,
  pollLogin,
  readLogin,
  refuseLogin,
  type ShownLogin,
} from '../../vault/logins.ts'
import { askerOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { addressOf } from '../peer.ts'
import { toRefusal } from '../problem.ts'
import { putOff } from '../put-off.ts'
import { defineRoute, json, noParams, type Route } from '../route.ts'
import { formatTime, Message, NoQuery, Time } from '../schema.ts'
import { AccountName, strangerOf } from '../session-answer.ts'
import { originOf } from '../site.ts'

/** Of strangers. */
const bodyLimit = 16 * 1024

const body = { additionalProperties: false, description: 'a JSON object' }
const UserCode = Type.String({
  minLength: 1,
  maxLength: 32,
  description: 'a code such as BCDF-GHJK',
  'x-about': 'As the command shows it; blanks, hyphens and case do not matter.',
})
const DeviceCode = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'the device code that the login was begun with',
})
const Host = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'a name of 1 to 100 characters',
  'x-about': 'What the computer is called. It is in the name of the key.',
})
const ByDevice = json(
  Type.Object(
    { device_code: DeviceCode },
    {
      ...body,
      title: 'DeviceCode',
      examples: [{ device_code: 'sr_00000000000000000000000000000000000000000002CZclj' }],
    },
  ),
  bodyLimit,
)
const ByUser = json(
  Type.Object({ user_code: UserCode }, { ...body, title: 'UserCode', examples: [{ user_code: 'BCDF-GHJK' }] }),
  bodyLimit,
)

const Shown = Type.Object(
  {
    host: Type.String({ description: 'What the command says that its computer is called.' }),
    address: Type.String({ description: 'Where it asked from.' }),
    same_network: Type.Boolean({ description: 'Whether you ask from there too.' }),
    state: Type.String({ enum: ['pending', 'approved'] }),
    scopes: Type.Array(Type.String(), { description: 'What its key would be given.' }),
    networks: Type.Array(Type.String(), { description: 'Where the key is good from; none for anywhere.' }),
    wants_network: Type.Boolean({ description: 'Whether it asks for a key that is good from its address alone.' }),
    key_expires_in: Type.Integer({ description: 'For how long the key would be good, in seconds.' }),
    created_at: Time,
    expires_at: Time,
  },
  { title: 'Login', description: 'A command that waits for a person to confirm it.' },
)

const Begun = Type.Object(
  {
    device_code: Type.String({ description: 'What the command asks with. It is shown to nobody.' }),
    user_code: Type.String({ description: 'What the person types.' }),
    verification_uri: Type.String({ description: 'Where the person types it.' }),
    verification_uri_complete: Type.String({
      description:
        'The same with the code behind a `#`, which no server is sent: for a browser that the command opens itself.',
    }),
    expires_in: Type.Integer({ description: 'For how long the codes are good, in seconds.' }),
    interval: Type.Integer({ description: 'How long to wait between two questions, in seconds.' }),
  },
  { title: 'BegunLogin', description: 'A login that was just begun.' },
)

const Waiting = Type.Object(
  {
    state: Type.String({ enum: ['pending', 'slow_down', 'refused', 'expired', 'used'] }),
    interval: Type.Integer({ description: 'How long to wait before the next question, in seconds.' }),
  },
  {
    title: 'LoginProgress',
    description:
      'How a login stands. `pending` and `slow_down`: ask again after `interval`, which is longer with `slow_down`. `refused`: by the person, or called off. `expired`: nobody answered in time. `used`: the key was given out already.',
  },
)

const Granted = Type.Object(
  {
    state: Type.String({ enum: ['granted'] }),
    api_key: Type.String({ description: 'The API key. It is not shown again.' }),
    key_id: Type.Integer({ minimum: 1 }),
    name: Type.String(),
    scopes: Type.Array(Type.String()),
    networks: Type.Array(Type.String()),
    expires_at: Time,
    person: Type.String({ description: 'Who confirmed it.' }),
  },
  { title: 'GrantedLogin', description: 'The API key that a person gave the command. It is not shown again.' },
)

const confirmable = { params: noParams, query: NoQuery, answers: { 200: Shown }, refusals: [404] } as const

export const loginRoutes: readonly Route[] = [
  defineRoute({
    method: 'POST',
    path: '/v3/logins',
    operationId: 'beginLogin',
    tag: 'Logins',
    summary: 'Ask a person for an API key',
    description:
      'Begins a login as in RFC 8628 (device authorization). Show `user_code` and `verification_uri` to the person, and ask `POST /v3/logins/poll` until they have answered. Without `scopes` it asks for all that they may do with secrets.',
    scope: 'open',
    repeat: { never: 'The codes are given out once: begin another login.' },
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            account: Type.Optional(AccountName),
            host: Host,
            scopes: Type.Optional(
              Type.Array(Type.String({ maxLength: 300, description: 'a scope such as secrets:read:prod-*' }), {
                maxItems: maxScopes,
                description: `a list of at most ${maxScopes} scopes`,
              }),
            ),
            expires_in: Type.Optional(
              Type.Integer({
                minimum: 300,
                maximum: maxKeySeconds,
                description: `a whole number of seconds from 300 to ${maxKeySeconds}`,
                'x-about': `For how long the key is good; ${defaultKeySeconds} unless given.`,
              }),
            ),
            bind_network: Type.Optional(
              Type.Boolean({
                description: 'true or false',
                'x-about': 'Whether to ask for a key that is good from this address alone.',
              }),
            ),
          },
          { ...body, title: 'NewLogin', examples: [{ host: 'ada-laptop' }] },
        ),
        bodyLimit,
      ),
      answers: { 201: Begun },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { account, host, scopes = [], expires_in, bind_network: wantsNetwork = false } = request.body
        const input = { account, host, scopes, lifetimeSeconds: expires_in ?? defaultKeySeconds, wantsNetwork }
        const { login, deviceCode, userCode } = await beginLogin(vault, strangerOf(request), input)
        const place = `${originOf(request)}/portal/device`
        return {
          device_code: deviceCode,
          user_code: formatUserCode(userCode),
          verification_uri: place,
          verification_uri_complete: `${place}#${formatUserCode(userCode)}`,
          expires_in: loginLifetimeMs / 1000,
          interval: login.intervalSeconds,
        }
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/logins/poll',
    operationId: 'pollLogin',
    tag: 'Logins',
    summary: 'Ask how a login stands, and for its API key',
    description: '201 with the API key, once, when the person has confirmed; otherwise 200 with the `state`.',
    scope: 'open',
    repeat: { never: 'The key is given out once: whoever lost the answer begins another login.' },
    schemas: {
      params: noParams,
      query: NoQuery,
      body: ByDevice,
      answers: { 200: Waiting, 201: Granted },
      refusals: [401],
    },
    headers: { takes: [], gives: [] },
    use: (context) => async (request, reply) =>
      answered(
        reply,
        await orPutOff(context, request, () => pollLogin(context.vault, strangerOf(request), request.body.device_code)),
      ),
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/logins/cancel',
    operationId: 'cancelLogin',
    tag: 'Logins',
    summary: 'Call a login off',
    description: 'By the command, which waits no longer. Nobody can confirm it any more.',
    scope: 'open',
    repeat: 'safe',
    schemas: { params: noParams, query: NoQuery, body: ByDevice, answers: { 200: Message }, refusals: [401] },
    headers: { takes: [], gives: [] },
    use: (context) => async (request) => {
      await orPutOff(context, request, () => cancelLogin(context.vault, strangerOf(request), request.body.device_code))
      return { message: 'Login cancelled successfully' }
    },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/logins/show',
    operationId: 'showLogin',
    tag: 'Logins',
    summary: 'Show what waits under a code',
    description: 'For a person who is signed in. The code is in the body, as URLs are kept in histories and logs.',
    scope: 'session',
    repeat: 'safe',
    schemas: { ...confirmable, body: ByUser },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        shown(request, await readLogin(vault, askerOf(request), request.body.user_code)),
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/logins/confirm',
    operationId: 'confirmLogin',
    tag: 'Logins',
    summary: 'Give the command its API key',
    description:
      'With no more rights than the person has, and good as long as they are: it ends when they are removed or disabled, lose a right that it has, or their sessions are ended.',
    scope: 'session',
    repeat: 'safe',
    schemas: {
      ...confirmable,
      body: json(
        Type.Object(
          {
            user_code: UserCode,
            bind_network: Type.Optional(
              Type.Boolean({
                description: 'true or false',
                'x-about': 'Whether the key is good from the command’s address alone.',
              }),
            ),
          },
          { ...body, title: 'LoginConfirmation', examples: [{ user_code: 'BCDF-GHJK', bind_network: true }] },
        ),
        bodyLimit,
      ),
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { user_code: code, bind_network: bindsNetwork = false } = request.body
        return shown(request, await confirmLogin(vault, askerOf(request), code, bindsNetwork))
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/logins/refuse',
    operationId: 'refuseLogin',
    tag: 'Logins',
    summary: 'Refuse the command its API key',
    description: '',
    scope: 'session',
    repeat: 'safe',
    schemas: { params: noParams, query: NoQuery, body: ByUser, answers: { 200: Message }, refusals: [404] },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        await refuseLogin(vault, askerOf(request), request.body.user_code)
        return { message: 'Login refused successfully' }
      },
  }),
]

function shown(request: FastifyRequest, { login, granted }: ShownLogin) {
  return {
    host: login.host,
    address: login.address,
    same_network: clientNetwork(login.address) === clientNetwork(addressOf(request)),
    state: login.state,
    scopes: granted.map(formatScope),
    networks: [...login.networks],
    wants_network: login.wantsNetwork,
    key_expires_in: login.lifetimeSeconds,
    created_at: formatTime(login.createdAt),
    expires_at: formatTime(login.expiresAt),
  }
}

function answered(reply: FastifyReply, answer: LoginAnswer) {
  if (answer.state !== 'granted') return { state: answer.state, interval: answer.intervalSeconds }
  const { key, token } = answer
  reply.code(201)
  return {
    state: answer.state,
    api_key: token,
    key_id: key.id,
    name: key.name,
    scopes: [...key.scopes],
    networks: [...key.networks],
    expires_at: formatTime(key.expiresAt ?? 0),
    person: key.maker?.name ?? '',
  }
}

/** Who guesses device codes too often learns only that. Whoever has a good one is never put off by others. */
async function orPutOff<T>(context: Context, request: FastifyRequest, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const refusal = toRefusal(error)
    throw refusal.code === 'invalid_credentials' ? putOff(context, request, refusal) : refusal
  }
}
