/** `/v3/secrets/{id}/versions`: what a secret's value was, and how to bring it back. */
import { Type } from 'typebox'
import { invalid } from '../../errors.ts'
import { parseId } from '../../model/name.ts'
import { listVersions, readVersion, restoreVersion } from '../../vault/versions.ts'
import { askerOf, identityOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { etagOf, idempotencyKeyOf, matchOf } from './conditions.ts'
import { formatTime, IdParams, IdText, idOf, NoQuery, responses, Time } from './schema.ts'
import { inJson, markChange, Name, Updated, Value } from './secrets.ts'
import type { V3 } from './typed.ts'

const Id = Type.Integer({ minimum: 1 })
const VersionParams = Type.Object({
  ...IdParams.properties,
  version: IdText,
})
const Head = Type.Object({ version: Id, created_at: Time }, { title: 'VersionHead' })
const Whole = Type.Object({ id: Id, name: Name, version: Id, value: Value, created_at: Time }, { title: 'Version' })

const tags = ['Versions']

export function versionRoutes(app: V3, { vault }: Context): void {
  app.get(
    '/secrets/:id/versions',
    {
      schema: {
        tags,
        operationId: 'listVersions',
        gives: ['ETag'],
        summary: 'List the versions of a secret',
        description: 'Those that are kept, newest first, never a value. `ETag` is the current version.',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Type.Object({ versions: Type.Array(Head) })),
      },
    },
    async (request, reply) => {
      const { secret, versions } = await listVersions(vault, askerOf(request), idOf(request.params))
      reply.header('etag', etagOf(secret.version))
      return { versions: versions.map(({ version, createdAt }) => ({ version, created_at: formatTime(createdAt) })) }
    },
  )

  app.get(
    '/secrets/:id/versions/:version',
    {
      schema: {
        tags,
        operationId: 'getVersion',
        gives: ['Strongroom-Encoding'],
        summary: 'Read a version of a secret',
        params: VersionParams,
        querystring: NoQuery,
        response: responses(200, Whole),
      },
    },
    async (request, reply) => {
      const wanted = versionOf(request.params)
      const { stored, value } = await readVersion(vault, askerOf(request), idOf(request.params), wanted)
      const { secret, version, createdAt } = stored
      const { id, name } = secret
      if (secret.type === 'file') reply.header('strongroom-encoding', 'base64')
      return { id, name, version, value: inJson(secret, value), created_at: formatTime(createdAt) }
    },
  )

  app.post(
    '/secrets/:id/versions/:version/restore',
    {
      schema: {
        tags,
        operationId: 'restoreVersion',
        takes: ['If-Match', 'Idempotency-Key'],
        gives: ['ETag', 'Strongroom-Stale-Deployments'],
        summary: 'Restore a version of a secret',
        description: 'Stores its value as a new version. `If-Match` with an `ETag` makes it conditional.',
        params: VersionParams,
        querystring: NoQuery,
        response: responses(200, Updated),
      },
    },
    async (request, reply) => {
      const { headers, params } = request
      const restoring = {
        version: versionOf(params),
        match: matchOf(headers),
        idempotencyKey: idempotencyKeyOf(headers),
      }
      const changed = await restoreVersion(vault, askerOf(request), identityOf(request), idOf(params), restoring)
      markChange(reply, changed)
      const { id, name, updatedAt } = changed.secret
      return { id, name, updated_at: formatTime(updatedAt) }
    },
  )
}

/** @throws Refusal `invalid` */
function versionOf({ version }: { version: string }): number {
  const found = parseId(version)
  if (found === undefined) throw invalid('version', 'Must be a positive integer.')
  return found
}
