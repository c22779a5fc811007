/** `/v3/metadata` and `/v3/secrets/{id}/metadata`: what is known of secrets beside their values. */
import { Type } from 'typebox'
import { type Metadata, readMetadata, summarize, updateMetadata, withLists } from '../../vault/metadata.ts'
import { updateSecret } from '../../vault/secrets.ts'
import { askerOf, identityOf } from '../asker.ts'
import { matchOf, metadataEtagOf, metadataMatchOf } from '../conditions.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { DetailFields, detailsOf, formatTime, IdParams, idOf, NoQuery, Time } from '../schema.ts'
import { ListRef } from './lists.ts'
import { Decoy, decoyOf, ListQuery, markChange, Name, pageOf, typeWords, Updated } from './secrets.ts'

const Id = Type.Integer({ minimum: 1 })
const Known = Type.Object(
  {
    id: Id,
    name: Name,
    type: Type.String({ description: typeWords }),
    filename: Type.Union([Type.String(), Type.Null()]),
    list: Type.Union([ListRef, Type.Null()], {
      description: '`null` for what is inherited from an environment that the key may not know of',
    }),
    version: Id,
    description: Type.String(),
    tags: Type.Array(Type.String()),
    expires_at: Type.Union([Time, Type.Null()]),
    created_at: Time,
    updated_at: Time,
    environment: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description: 'with `effective=true`: where it is kept, if the key may know of that',
      }),
    ),
    inherited: Type.Optional(Type.Boolean({ description: 'with `effective=true`: whether it comes from a base' })),
    decoy: Type.Optional(
      Type.Union([Decoy, Type.Null()], {
        description: 'for those with `account:manage` alone: whether it is a decoy, and what becomes of who reads it',
      }),
    ),
  },
  { title: 'Metadata', description: 'What is known of a secret beside its value.' },
)

const { id, name, updated_at } = Known.properties
/** A key that may write and not list is told no more than after every other change. */
const ChangedKnown = Type.Object(
  { ...Type.Partial(Known).properties, id, name, updated_at },
  {
    title: 'ChangedMetadata',
    description:
      'What is known of a secret after a change: without `secrets:list`, `id`, `name` and `updated_at` alone.',
  },
)

const Amount = Type.Integer({ minimum: 0 })
const Counts = Type.Object(
  {
    secrets: Amount,
    files: Amount,
    expiring: Type.Integer({ minimum: 0, description: 'Those that expire within 30 days, or have expired.' }),
    unchanged: Type.Integer({ minimum: 0, description: 'Those of which nothing changed for 365 days.' }),
    held_old: Type.Integer({ minimum: 0, description: 'Those that some target holds in an older version.' }),
    lists: Type.Array(Type.Object({ id: Id, name: Type.String(), secrets: Amount }, { title: 'ListCount' })),
    tags: Type.Array(Type.String(), { description: 'The first 500 by their letters.' }),
  },
  { title: 'Summary', description: 'How many secrets there are of which kind.' },
)

/** A page is as long as what the store reads at once. */
const defaultLimit = 1000

export const metadataRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/metadata',
    operationId: 'listMetadata',
    tag: 'Metadata',
    summary: 'List what is known of secrets',
    description:
      'Everything but the values, filtered as `GET /v3/secrets` is, 1000 unless `limit` says otherwise. `Strongroom-Next-Cursor` leads to the next page.',
    scope: 'secrets:list',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: ListQuery,
      body: noBody,
      answers: { 200: Type.Object({ secrets: Type.Array(Known) }) },
      refusals: [404],
    },
    headers: { takes: [], gives: ['Strongroom-Previous-Cursor', 'Strongroom-Total-Count'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const limit = Number(request.query.limit ?? defaultLimit)
        const { page, ...listing } = await pageOf(vault, request, reply, limit)
        const known = await withLists(vault, askerOf(request), listing, page)
        if (request.query.effective === undefined) return { secrets: known.map(shown) }
        return {
          secrets: known.map((one) => {
            const { environment, isInherited: inherited } = listing.placeOf(one.secret)
            return { ...shown(one), environment, inherited }
          }),
        }
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/metadata/summary',
    operationId: 'getSummary',
    tag: 'Metadata',
    summary: 'Count secrets',
    description: 'Of the secrets that the key may list: how many of each kind, and in each list; and their tags.',
    scope: 'secrets:list',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Counts },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { secrets, files, expiring, unchanged, heldOld, lists, tags } = await summarize(vault, askerOf(request))
        return {
          ...{ secrets, files, expiring, unchanged, held_old: heldOld },
          lists: lists.map(({ list: { id, name }, secrets: amount }) => ({ id, name, secrets: amount })),
          tags: [...tags],
        }
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/secrets/:id/metadata',
    operationId: 'getMetadata',
    tag: 'Metadata',
    summary: 'Read what is known of a secret',
    description:
      'Everything but the value. `ETag` changes with any of it but the version: a new value leaves it as it is.',
    scope: 'secrets:list',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Known },
      refusals: [],
    },
    headers: { takes: [], gives: ['ETag'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const found = await readMetadata(vault, askerOf(request), { id: idOf(request.params) })
        reply.header('etag', metadataEtagOf(found.secret))
        return shown(found)
      },
  }),

  defineRoute({
    method: 'PATCH',
    path: '/v3/secrets/:id/metadata',
    operationId: 'updateMetadata',
    tag: 'Metadata',
    summary: 'Change what is known of a secret',
    description:
      'Fields that are left out stay as they are. The value and its version stay too. `If-Match` with the `ETag` of the metadata makes it conditional. A key that may not list the secret is answered `id`, `name` and `updated_at`, without an `ETag`.',
    scope: 'secrets:write',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            ...DetailFields,
            decoy: Type.Optional(
              Type.Union([Decoy, Type.Null()], {
                description: 'a JSON object with "revoke", or null',
                'x-about':
                  'Makes it a decoy, every read of which is told at once to those who manage the account; null makes it an ordinary secret. Asks for `account:manage`.',
              }),
            ),
          },
          {
            title: 'DetailsInput',
            additionalProperties: false,
            description: 'What may be said of a secret beside its value.',
            examples: [{ description: 'of the web shop', tags: ['web'] }],
          },
        ),
      ),
      answers: { 200: ChangedKnown },
      refusals: [],
    },
    headers: { takes: ['If-Match'], gives: ['ETag'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { headers, params } = request
        const { decoy: marked, ...body } = request.body
        const decoy = marked == null ? marked : decoyOf(marked)
        const [place, parts, match] = [{ id: idOf(params) }, detailsOf(body), metadataMatchOf(headers)]
        const found = await updateMetadata(vault, askerOf(request), identityOf(request), place, parts, match, decoy)
        if (!found.isSeen) {
          const { secret } = found
          return { id: secret.id, name: secret.name, updated_at: formatTime(secret.updatedAt) }
        }
        reply.header('etag', metadataEtagOf(found.secret))
        return shown(found)
      },
  }),

  defineRoute({
    method: 'PUT',
    path: '/v3/secrets/:id/name',
    operationId: 'renameSecret',
    tag: 'Metadata',
    summary: 'Rename a secret',
    description:
      'Stores the value again under the new name, as the next version: its seal is bound to the name. Programs and templates that ask for the old name no longer find it. `If-Match` with an `ETag` of the secret makes it conditional.',
    scope: 'secrets:write',
    repeat: 'keyed',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { name: Name },
          {
            title: 'NewName',
            additionalProperties: false,
            description: 'What a secret is to be called.',
            examples: [{ name: 'prod-db-password' }],
          },
        ),
      ),
      answers: { 200: Updated },
      refusals: [409],
    },
    headers: { takes: ['If-Match'], gives: ['ETag', 'Strongroom-Stale-Deployments'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { headers, params, body } = request
        const input = { value: undefined, rename: body.name, match: matchOf(headers) }
        const changed = await updateSecret(vault, askerOf(request), identityOf(request), { id: idOf(params) }, input)
        markChange(reply, changed)
        const { id, name, updatedAt } = changed.secret
        return { id, name, updated_at: formatTime(updatedAt) }
      },
  }),
]

function shown({ secret, isManaged, list }: Metadata) {
  const { id, name, type, filename, version, description, expiresAt, createdAt, updatedAt, decoy } = secret
  return {
    id,
    name,
    type,
    filename,
    list: list === undefined ? null : { id: list.id, name: list.name },
    version,
    description,
    tags: [...secret.tags],
    expires_at: expiresAt === null ? null : formatTime(expiresAt),
    created_at: formatTime(createdAt),
    updated_at: formatTime(updatedAt),
    ...(isManaged ? { decoy: decoy === null ? null : { revoke: decoy === 'revoke' } } : {}),
  }
}
