/** `/v3/keys`: API keys. The key itself is in the answer that makes it, and nowhere after. */
import { Type } from 'typebox'
import type { ApiKey } from '../../model/api-key.ts'
import { labelRule } from '../../model/name.ts'
import { maxNetworks } from '../../model/network.ts'
import { maxScopes, rights } from '../../model/scope.ts'
import { createKey, listKeys, readKey, readOwnKey, revokeKey, revokeOwnKey, rotateKey } from '../../vault/keys.ts'
import { listMade, namesOf } from '../../vault/made.ts'
import { askerOf, identityOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { CascadeQuery, CreatedBy, Ended, ended, MadeThings, shownMaker } from './made.ts'
import { formatTime, IdParams, idOf, NoQuery, parseTime, responses, Time, TimeInput } from './schema.ts'
import type { V3 } from './typed.ts'

const Nullable = Type.Union([Time, Type.Null()])
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
  scopes: Type.Array(Type.String()),
  networks: Type.Array(Type.String()),
  created_at: Time,
  expires_at: Nullable,
  revoked_at: Nullable,
  last_used_at: Nullable,
  created_by: CreatedBy,
}
const Shown = Type.Object(fields, { title: 'ApiKey' })
const Issued = Type.Object(
  { ...fields, api_key: Type.String({ description: 'The API key. It is not shown again.' }) },
  { title: 'IssuedApiKey' },
)

const maxOverlapSeconds = 30 * 24 * 60 * 60
const defaultOverlapSeconds = 60 * 60
const tags = ['API keys']

export function keyRoutes(app: V3, { vault }: Context): void {
  app.get(
    '/keys',
    {
      schema: {
        tags,
        operationId: 'listKeys',
        summary: 'List API keys',
        description: 'The keys that this key may manage, revoked ones too.',
        querystring: NoQuery,
        response: responses(200, Type.Object({ keys: Type.Array(Shown) })),
      },
    },
    async (request) => ({ keys: (await listKeys(vault, askerOf(request))).map(shown) }),
  )

  app.get(
    '/keys/self',
    {
      schema: {
        tags,
        operationId: 'getOwnKey',
        summary: 'Show the API key that asks',
        description: 'Needs no scope: whoever holds a key may know what it is good for.',
        querystring: NoQuery,
        response: responses(200, Shown, 404),
      },
    },
    async (request) => shown(await readOwnKey(vault, askerOf(request))),
  )

  app.get(
    '/keys/:id',
    {
      schema: {
        tags,
        operationId: 'getKey',
        summary: 'Show an API key',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Shown),
      },
    },
    async (request) => shown(await readKey(vault, askerOf(request), idOf(request.params))),
  )

  app.get(
    '/keys/:id/made',
    {
      schema: {
        tags,
        operationId: 'listMadeByKey',
        summary: 'List what an API key made',
        description:
          'API keys, trust rules and machines that go on when it is revoked, and what they made in turn. Revoked keys are left out.',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, MadeThings),
      },
    },
    async (request) => namesOf(await listMade(vault, askerOf(request), { kind: 'key', id: idOf(request.params) })),
  )

  app.post(
    '/keys',
    {
      schema: {
        tags,
        operationId: 'createKey',
        gives: ['Location'],
        summary: 'Create an API key',
        description: 'With no more rights, networks and lifetime than the key that asks.',
        querystring: NoQuery,
        body: Type.Object(
          { name: Label, scopes: Scopes, networks: Type.Optional(Networks), expires_at: Expiry },
          {
            title: 'NewApiKey',
            additionalProperties: false,
            description: 'a JSON object',
            examples: [{ name: 'web-1', scopes: ['secrets:read:web-*'] }],
          },
        ),
        response: responses(201, Issued),
      },
    },
    async (request, reply) => {
      const { name, scopes, networks = [], expires_at } = request.body
      const input = { name, scopes, networks, expiresAt: expiryOf(expires_at) ?? null }
      const { key, token } = await createKey(vault, askerOf(request), identityOf(request), input)
      reply.code(201).header('location', `/v3/keys/${key.id}`)
      return { ...shown(key), api_key: token }
    },
  )

  app.post(
    '/keys/:id/rotate',
    {
      schema: {
        tags,
        operationId: 'rotateKey',
        gives: ['Location'],
        summary: 'Rotate an API key',
        description:
          'Makes a key with the same rights. The old one stays good for the overlap, an hour unless said otherwise.',
        params: IdParams,
        querystring: NoQuery,
        body: Type.Object(
          {
            overlap_seconds: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: maxOverlapSeconds,
                description: `a whole number from 0 to ${maxOverlapSeconds}`,
              }),
            ),
            expires_at: Expiry,
          },
          {
            title: 'Rotation',
            additionalProperties: false,
            description: 'a JSON object',
            examples: [{ overlap_seconds: 3600 }],
          },
        ),
        response: responses(201, Issued),
      },
    },
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
      reply.code(201).header('location', `/v3/keys/${key.id}`)
      return { ...shown(key), api_key: token }
    },
  )

  app.delete(
    '/keys/self',
    {
      schema: {
        tags,
        operationId: 'revokeOwnKey',
        summary: 'Revoke the API key that asks',
        description: 'Needs no scope. For good, and at once on every node: once more is answered with 401.',
        querystring: CascadeQuery,
        response: responses(200, Ended, 404),
      },
    },
    async (request) => {
      const { made } = await revokeOwnKey(vault, askerOf(request), request.query.cascade === 'true')
      return ended('API key revoked successfully', request.query, made)
    },
  )

  app.delete(
    '/keys/:id',
    {
      schema: {
        tags,
        operationId: 'revokeKey',
        summary: 'Revoke an API key',
        description:
          'For good, and at once on every node. What it made goes on, seeds apart; with `cascade=true` that ends too.',
        params: IdParams,
        querystring: CascadeQuery,
        response: responses(200, Ended),
      },
    },
    async (request) => {
      const isWhole = request.query.cascade === 'true'
      const { made } = await revokeKey(vault, askerOf(request), idOf(request.params), isWhole)
      return ended('API key revoked successfully', request.query, made)
    },
  )
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
    created_by: shownMaker(key.maker),
  }
}

function expiryOf(text: string | null | undefined): number | null | undefined {
  return typeof text === 'string' ? parseTime(text, 'expires_at') : text
}
