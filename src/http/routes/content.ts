/** `/v3/secrets/{id}/content`: a secret's value as plain bytes. */
import contentDisposition from 'content-disposition'
import { Type } from 'typebox'
import { readUnlessKnown, updateSecret } from '../../vault/secrets.ts'
import { askerOf, identityOf } from '../asker.ts'
import { knownOf, matchOf } from '../conditions.ts'
import { bytes, defineRoute, noBody, type Route } from '../route.ts'
import { formatTime, formOf, IdParams, idOf, NoQuery, ReadQuery } from '../schema.ts'
import { isUnchanged, markChange, Updated } from './secrets.ts'

const binary = { schema: Type.String({ format: 'binary' }) }
const Content = {
  description: 'The value.',
  content: { 'text/plain': binary, 'application/octet-stream': binary },
}

export const contentRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/secrets/:id/content',
    operationId: 'getContent',
    tag: 'Secrets',
    summary: "Read a secret's value as plain bytes",
    description: 'A text as text/plain, a file as application/octet-stream with its file name.',
    scope: 'secrets:read',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: ReadQuery,
      body: noBody,
      answers: { 200: Content },
      refusals: [413, 422],
    },
    headers: {
      takes: ['If-None-Match-of-read'],
      gives: ['ETag', 'Strongroom-Expires-At', 'Strongroom-Expired', 'Content-Disposition'],
    },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { headers, params, query } = request
        const read = await readUnlessKnown(
          vault,
          askerOf(request),
          { id: idOf(params) },
          formOf(query),
          knownOf(headers),
        )
        if (isUnchanged(vault, reply, read)) return reply.send()
        const { secret, value } = read
        reply.removeHeader('strongroom-encoding')
        const type = secret.type === 'file' ? 'application/octet-stream' : 'text/plain; charset=utf-8'
        reply.header('content-disposition', contentDisposition.create(secret.filename ?? secret.name)).type(type)
        return reply.serializer(asItIs).send(value as never)
      },
  }),

  defineRoute({
    method: 'PUT',
    path: '/v3/secrets/:id/content',
    operationId: 'updateContent',
    tag: 'Secrets',
    summary: "Update a secret's value with plain bytes",
    description: 'The body, of any type, is the value. `If-Match` with an `ETag` makes it conditional.',
    scope: 'secrets:write',
    repeat: 'keyed',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: bytes('application/octet-stream', 'text/plain'),
      answers: { 200: Updated },
      refusals: [],
    },
    headers: { takes: ['If-Match'], gives: ['ETag', 'Strongroom-Stale-Deployments'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { headers, params } = request
        const value = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
        const input = { value: { bytes: value }, match: matchOf(headers) }
        const place = { id: idOf(params) }
        const changed = await updateSecret(vault, askerOf(request), identityOf(request), place, input).finally(() =>
          value.fill(0),
        )
        const { id, name, updatedAt } = changed.secret
        markChange(reply, changed)
        return { id, name, updated_at: formatTime(updatedAt) }
      },
  }),
]

const asItIs = (payload: unknown) => payload as string
