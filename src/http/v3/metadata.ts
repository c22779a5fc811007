/** `/v3/secrets/{id}/metadata` and `/content`: what is known of a secret, and its value as plain bytes. */
import type { IncomingMessage } from 'node:http'
import contentDisposition from 'content-disposition'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { type Metadata, readMetadata, updateMetadata, withLists } from '../../vault/metadata.ts'
import { readSecret, updateSecret } from '../../vault/secrets.ts'
import { askerOf, identityOf } from '../asker.ts'
import { readBody } from '../bodies.ts'
import type { Context } from '../context.ts'
import { idempotencyKeyOf, matchOf, metadataEtagOf, metadataMatchOf } from './conditions.ts'
import { ListRef } from './lists.ts'
import { DetailFields, detailsOf, formatTime, IdParams, idOf, NoQuery, responses, Time } from './schema.ts'
import { ListQuery, markChange, markRead, Name, pageOf, Updated } from './secrets.ts'
import type { V3 } from './typed.ts'

const Id = Type.Integer({ minimum: 1 })
const Known = Type.Object(
  {
    id: Id,
    name: Name,
    type: Type.String({ description: '"text" or "file"' }),
    filename: Type.Union([Type.String(), Type.Null()]),
    list: ListRef,
    version: Id,
    description: Type.String(),
    tags: Type.Array(Type.String()),
    expires_at: Type.Union([Time, Type.Null()]),
    created_at: Time,
    updated_at: Time,
  },
  { title: 'Metadata' },
)

const bytes = { schema: Type.String({ format: 'binary' }) }
const Content = {
  description: 'The value.',
  content: { 'text/plain': bytes, 'application/octet-stream': bytes },
}

const tags = ['Metadata']

/** A page is as long as what the store reads at once. */
const defaultLimit = 1000

export function metadataRoutes(app: V3, { vault }: Context): void {
  app.get(
    '/metadata',
    {
      schema: {
        tags,
        operationId: 'listMetadata',
        summary: 'List what is known of secrets',
        description:
          'Everything but the values, filtered as `GET /v3/secrets` is, 1000 unless `limit` says otherwise. `Strongroom-Next-Cursor` leads to the next page.',
        querystring: ListQuery,
        response: responses(200, Type.Object({ secrets: Type.Array(Known) }), 404),
      },
    },
    async (request, reply) => {
      const limit = Number(request.query.limit ?? defaultLimit)
      const { accountId, page } = await pageOf(vault, request, reply, limit)
      return { secrets: (await withLists(vault, askerOf(request), accountId, page)).map(shown) }
    },
  )

  app.get(
    '/secrets/:id/metadata',
    {
      schema: {
        tags,
        operationId: 'getMetadata',
        gives: ['ETag'],
        summary: 'Read what is known of a secret',
        description:
          'Everything but the value. `ETag` changes with any of it but the version: a new value leaves it as it is.',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Known),
      },
    },
    async (request, reply) => {
      const found = await readMetadata(vault, askerOf(request), { id: idOf(request.params) })
      reply.header('etag', metadataEtagOf(found.secret))
      return shown(found)
    },
  )

  app.patch(
    '/secrets/:id/metadata',
    {
      schema: {
        tags,
        operationId: 'updateMetadata',
        takes: ['If-Match'],
        gives: ['ETag'],
        summary: 'Change what is known of a secret',
        description:
          'Fields that are left out stay as they are. The value and its version stay too. `If-Match` with the `ETag` of the metadata makes it conditional.',
        params: IdParams,
        querystring: NoQuery,
        body: Type.Object(DetailFields, {
          title: 'DetailsInput',
          additionalProperties: false,
          description: 'a JSON object',
          examples: [{ description: 'of the web shop', tags: ['web'] }],
        }),
        response: responses(200, Known),
      },
    },
    async (request, reply) => {
      const { headers, params, body } = request
      const place = { id: idOf(params) }
      const parts = detailsOf(body)
      const match = metadataMatchOf(headers)
      const found = await updateMetadata(vault, askerOf(request), identityOf(request), place, parts, match)
      reply.header('etag', metadataEtagOf(found.secret))
      return shown(found)
    },
  )
}

/** In a plugin of its own: here a body of any type is a value. */
export function contentRoutes(context: Context) {
  return async (app: V3) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (request: FastifyRequest, payload: IncomingMessage) =>
      readBody(request, payload, request.routeOptions.bodyLimit),
    )
    readContent(app, context)
    writeContent(app, context)
  }
}

function readContent(app: V3, { vault }: Context): void {
  app.get(
    '/secrets/:id/content',
    {
      schema: {
        tags: ['Secrets'],
        operationId: 'getContent',
        gives: ['ETag', 'Strongroom-Expires-At', 'Strongroom-Expired', 'Content-Disposition'],
        summary: "Read a secret's value as plain bytes",
        description: 'A text as text/plain, a file as application/octet-stream with its file name.',
        params: IdParams,
        querystring: NoQuery,
        response: { ...responses(200, Type.Unknown()), 200: Content },
      },
    },
    async (request, reply) => {
      const { secret, value } = await readSecret(vault, askerOf(request), { id: idOf(request.params) })
      markRead(reply, secret, vault.now()).removeHeader('strongroom-encoding')
      const type = secret.type === 'file' ? 'application/octet-stream' : 'text/plain; charset=utf-8'
      reply.header('content-disposition', contentDisposition.create(secret.filename ?? secret.name)).type(type)
      return reply.serializer(asItIs).send(value as never)
    },
  )
}

function writeContent(app: V3, { vault, maxFileBytes }: Context): void {
  app.put(
    '/secrets/:id/content',
    {
      bodyLimit: maxFileBytes,
      schema: {
        tags: ['Secrets'],
        operationId: 'updateContent',
        takes: ['If-Match', 'Idempotency-Key'],
        gives: ['ETag', 'Strongroom-Stale-Deployments'],
        sends: ['application/octet-stream', 'text/plain'],
        summary: "Update a secret's value with plain bytes",
        description: 'The body, of any type, is the value. `If-Match` with an `ETag` makes it conditional.',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Updated),
      },
    },
    async (request, reply) => {
      const { headers, params } = request
      const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const input = { value: { bytes }, match: matchOf(headers), idempotencyKey: idempotencyKeyOf(headers) }
      const place = { id: idOf(params) }
      const changed = await updateSecret(vault, askerOf(request), identityOf(request), place, input)
      const { id, name, updatedAt } = changed.secret
      markChange(reply, changed)
      return { id, name, updated_at: formatTime(updatedAt) }
    },
  )
}

const asItIs = (payload: unknown) => payload as string

function shown({ secret, list }: Metadata) {
  const { id, name, type, filename, version, description, expiresAt, createdAt, updatedAt } = secret
  return {
    id,
    name,
    type,
    filename,
    list: { id: list.id, name: list.name },
    version,
    description,
    tags: [...secret.tags],
    expires_at: expiresAt === null ? null : formatTime(expiresAt),
    created_at: formatTime(createdAt),
    updated_at: formatTime(updatedAt),
  }
}
