/** `/v3/keys`: API keys. The key itself is in the answer that makes it, and nowhere after. */
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { type ApiKey, apiNames } from '../../model/api-key.ts'
import { labelRule } from '../../model/name.ts'
import { maxNetworks } from '../../model/network.ts'
import { maxScopes, rights } from '../../model/scope.ts'
import { createKey, listKeys, readKey, readOwnKey, revokeKey, revokeOwnKey, rotateKey } from '../../vault/keys.ts'
import { listMade, namesOf } from '../../vault/made.ts'
import { askerOf, identityOf } from '../asker.ts'
import { answerListing, PageQuery } from '../listing.ts'
import { CascadeQuery, CreatedBy, Ended, ended, MadeThings, shownMaker } from '../made.ts'
import { MadeBefore, madeBefore } from '../once.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, IdParams, idOf, NoQuery, parseTime, Time, TimeInput } from '../schema.ts'

const Nullable = Type.Union([Time, Type.Null()])
const LastApi = Type.Union([Type.Enum(apiNames), Type.Null()], {
  description:
    'The API that it was used through at `last_used_at`: `v3`, `lists` (Secret Lists API) or `vault` (Vault API); null where that is not known.',
})
const LastUse = Type.Union([Time, Type.Null()], { description: 'Exact to a minute.' })
const Label = Type.String({ minLength: 1, maxLength: 128, description: labelRule })
const Scopes = Type.Array(
  Type.String({
    maxLength: 300,
    description: `one of ${rights.join(', ')}, each optionally with ":PATTERN" of secret names`,
  }),
  {
    minItems: 1,
    maxItems: maxScopes,
    description: `a list of 1 to ${maxScopes} scopes`,
    examples: [['secrets:list', 'secrets:read:prod-*']],
  },
)
const Networks = Type.Array(Type.String({ maxLength: 64 }), {
  maxItems: maxNetworks,
  description: `a list of at most ${maxNetworks} networks in CIDR notation; none for anywhere`,
})
const Expiry = Type.Optional(Type.Union([TimeInput, Type.Null()]))

const fields = {
  id: Type.Integer({ minimum: 1 }),
  name: Label,
  scopes: Type.Array(Type.String(), { description: 'Such as `secrets:read:prod-*`.' }),
  networks: Type.Array(Type.String(), {
    description: 'Where it may be used from, such as `10.0.0.0/8`; none for anywhere.',
  }),
  created_at: Time,
  expires_at: Nullable,
  revoked_at: Nullable,
  last_used_at: LastUse,
  last_used_api: LastApi,
  created_by: CreatedBy,
}
const Shown = Type.Object(fields, { title: 'ApiKey', description: 'An API key as it is shown once it has been made.' })
const Issued = Type.Object(
  { ...fields, api_key: Type.String({ description: 'The API key. It is not shown again.' }) },
  { title: 'IssuedApiKey', description: 'An API key that was just made.' },
)

const maxOverlapSeconds = 30 * 24 * 60 * 60
const defaultOverlapSeconds = 60 * 60

export const keyRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/keys',
    operationId: 'listKeys',
    tag: 'API keys',
    summary: 'List API keys',
    description: 'The keys that this key may manage, revoked ones too.',
    scope: 'keys:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: PageQuery,
      body: noBody,
      answers: { 200: Type.Object({ keys: Type.Array(Shown) }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      (request, reply) =>
        answerListing(vault, request.query, reply, {
          listing: 'keys',
          read: (wanted) => listKeys(vault, askerOf(request), wanted),
          shown,
          answer: (keys) => ({ keys }),
        }),
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/keys/self',
    operationId: 'getOwnKey',
    tag: 'API keys',
    summary: 'Show the API key that asks',
    description: 'Needs no scope: whoever holds a key may know what it is good for.',
    scope: 'any',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Shown },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        shown(await readOwnKey(vault, askerOf(request))),
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/keys/:id',
    operationId: 'getKey',
    tag: 'API keys',
    summary: 'Show an API key',
    description: '',
    scope: 'keys:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Shown },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        shown(await readKey(vault, askerOf(request), idOf(request.params))),
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/keys/:id/made',
    operationId: 'listMadeByKey',
    tag: 'API keys',
    summary: 'List what an API key made',
    description:
      'API keys, trust rules and machines that go on when it is revoked, and what they made in turn. Revoked keys are left out.',
    scope: 'keys:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: MadeThings },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        namesOf(await listMade(vault, askerOf(request), { kind: 'key', id: idOf(request.params) })),
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/keys',
    operationId: 'createKey',
    tag: 'API keys',
    summary: 'Create an API key',
    description: 'With no more rights, networks and lifetime than the key that asks.',
    scope: 'keys:manage',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { name: Label, scopes: Scopes, networks: Type.Optional(Networks), expires_at: Expiry },
          {
            title: 'NewApiKey',
            additionalProperties: false,
            description: 'An API key that is to be.',
            examples: [{ name: 'web-1', scopes: ['secrets:read:web-*'] }],
          },
        ),
      ),
      answers: { 200: MadeBefore, 201: Issued },
      refusals: [],
    },
    headers: { takes: [], gives: ['Location'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { name, scopes, networks = [], expires_at } = request.body
        const input = { name, scopes, networks, expiresAt: expiryOf(expires_at) ?? null }
        const { key, token } = await createKey(vault, askerOf(request), identityOf(request), input)
        return answerIssued(reply, key, token)
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/keys/:id/rotate',
    operationId: 'rotateKey',
    tag: 'API keys',
    summary: 'Rotate an API key',
    description:
      'Makes a key with the same rights. The old one stays good for the overlap, an hour unless said otherwise.',
    scope: 'keys:manage',
    repeat: 'keyed',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            overlap_seconds: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: maxOverlapSeconds,
                description: `a whole number from 0 to ${maxOverlapSeconds}`,
                'x-about': `How long the old key stays good: 0 to ${maxOverlapSeconds}, ${defaultOverlapSeconds} unless said otherwise.`,
              }),
            ),
            expires_at: Type.Optional(
              Type.Union([TimeInput, Type.Null()], {
                description:
                  'Of the new key. Unless it is given, the new one lives as long as the old one was to live.',
              }),
            ),
          },
          {
            title: 'Rotation',
            additionalProperties: false,
            description: 'How an API key is replaced.',
            examples: [{ overlap_seconds: 3600 }],
          },
        ),
      ),
      answers: { 200: MadeBefore, 201: Issued },
      refusals: [],
    },
    headers: { takes: [], gives: ['Location'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { overlap_seconds: overlapSeconds = defaultOverlapSeconds, expires_at } = request.body
        const rotation = { overlapSeconds, expiresAt: expiryOf(expires_at) }
        const { key, token } = await rotateKey(
          vault,
          askerOf(request),
          identityOf(request),
          idOf(request.params),
          rotation,
        )
        return answerIssued(reply, key, token)
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/keys/self',
    operationId: 'revokeOwnKey',
    tag: 'API keys',
    summary: 'Revoke the API key that asks',
    description: 'Needs no scope. For good, and at once on every node: once more is answered with 401.',
    scope: 'any',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: CascadeQuery,
      body: noBody,
      answers: { 200: Ended },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { made } = await revokeOwnKey(vault, askerOf(request), request.query.cascade === 'true')
        return ended('API key revoked successfully', request.query, made)
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/keys/:id',
    operationId: 'revokeKey',
    tag: 'API keys',
    summary: 'Revoke an API key',
    description:
      'For good, and at once on every node. What it made goes on, seeds apart; with `cascade=true` that ends too.',
    scope: 'keys:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: CascadeQuery,
      body: noBody,
      answers: { 200: Ended },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const isWhole = request.query.cascade === 'true'
        const { made } = await revokeKey(vault, askerOf(request), idOf(request.params), isWhole)
        return ended('API key revoked successfully', request.query, made)
      },
  }),
]

/** The key with its token; or that an earlier request was given that. */
function answerIssued(reply: FastifyReply, key: ApiKey, token: string | undefined) {
  reply.header('location', `/v3/keys/${key.id}`)
  if (token === undefined)
    return madeBefore(reply, 'API key', key.id, 'For a usable one, rotate it without an overlap.')
  reply.code(201)
  return { ...shown(key), api_key: token }
}

function shown(key: ApiKey) {
  const time = (milliseconds: number | null) => (milliseconds === null ? null : formatTime(milliseconds))
  return {
    id: key.id,
    name: key.name,
    scopes: [...key.scopes],
    networks: [...key.networks],
    created_at: formatTime(key.createdAt),
    expires_at: time(key.expiresAt),
    revoked_at: time(key.revokedAt),
    last_used_at: time(key.lastUsedAt),
    last_used_api: key.lastUsedApi,
    created_by: shownMaker(key.maker),
  }
}

function expiryOf(text: string | null | undefined): number | null | undefined {
  return typeof text === 'string' ? parseTime(text, 'expires_at') : text
}
