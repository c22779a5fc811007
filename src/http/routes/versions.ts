/** `/v3/secrets/{id}/versions`: what a secret's value was, and how to bring it back. */
import { Type } from 'typebox'
import { invalid } from '../../errors.ts'
import { parseId } from '../../model/name.ts'
import { destroyVersions, listVersions, readVersion, restoreVersion, type VersionHead } from '../../vault/versions.ts'
import { askerOf, identityOf } from '../asker.ts'
import { etagOf, matchOf } from '../conditions.ts'
import { defineRoute, noBody, type Route } from '../route.ts'
import { formatTime, formOf, IdParams, IdText, idOf, Message, NoQuery, ReadQuery, Time } from '../schema.ts'
import { inJson, markChange, Name, Updated, Value } from './secrets.ts'

const Id = Type.Integer({ minimum: 1 })
const VersionParams = Type.Object({
  ...IdParams.properties,
  version: IdText,
})
const Head = Type.Object(
  {
    version: Id,
    created_at: Time,
    destroyed_at: Type.Optional(Type.String({ ...Time, description: 'Of one whose value was destroyed.' })),
  },
  { title: 'VersionHead', description: 'A version that is kept of a secret.' },
)
const Whole = Type.Object(
  { id: Id, name: Name, version: Id, value: Value, created_at: Time },
  { title: 'Version', description: 'A secret’s value as it was.' },
)

export const versionRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/secrets/:id/versions',
    operationId: 'listVersions',
    tag: 'Versions',
    summary: 'List the versions of a secret',
    description: 'Those that are kept, newest first, never a value. `ETag` is the current version.',
    scope: 'secrets:list',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Type.Object({ versions: Type.Array(Head) }) },
      refusals: [],
    },
    headers: { takes: [], gives: ['ETag'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { secret, versions } = await listVersions(vault, askerOf(request), idOf(request.params))
        reply.header('etag', etagOf(secret.version))
        return { versions: versions.map(headOf) }
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/secrets/:id/versions/:version',
    operationId: 'getVersion',
    tag: 'Versions',
    summary: 'Read a version of a secret',
    description: 'Of a template, with what it refers to as that is now.',
    scope: 'secrets:read',
    repeat: 'safe',
    schemas: {
      params: VersionParams,
      query: ReadQuery,
      body: noBody,
      answers: { 200: Whole },
      refusals: [413, 422],
    },
    headers: { takes: [], gives: ['Strongroom-Encoding'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const wanted = versionOf(request.params)
        const { stored, value } = await readVersion(
          vault,
          askerOf(request),
          idOf(request.params),
          wanted,
          formOf(request.query),
        )
        const { secret, version, createdAt } = stored
        const { id, name } = secret
        if (secret.type === 'file') reply.header('strongroom-encoding', 'base64')
        return { id, name, version, value: inJson(secret, value), created_at: formatTime(createdAt) }
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/secrets/:id/versions/:version/restore',
    operationId: 'restoreVersion',
    tag: 'Versions',
    summary: 'Restore a version of a secret',
    description: 'Stores its value as a new version. `If-Match` with an `ETag` makes it conditional.',
    scope: 'secrets:write',
    repeat: 'keyed',
    schemas: {
      params: VersionParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Updated },
      refusals: [],
    },
    headers: { takes: ['If-Match'], gives: ['ETag', 'Strongroom-Stale-Deployments'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { headers, params } = request
        const restoring = {
          version: versionOf(params),
          match: matchOf(headers),
        }
        const changed = await restoreVersion(vault, askerOf(request), identityOf(request), idOf(params), restoring)
        markChange(reply, changed)
        const { id, name, updatedAt } = changed.secret
        return { id, name, updated_at: formatTime(updatedAt) }
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/secrets/:id/versions/:version',
    operationId: 'destroyVersion',
    tag: 'Versions',
    summary: 'Destroy the value of a version',
    description:
      'Permanent, and never kept for restoring. The version keeps its number and its time, and its value is 404. Of the current one, the secret has no value until another is stored.',
    scope: 'secrets:delete',
    repeat: 'safe',
    schemas: { params: VersionParams, query: NoQuery, body: noBody, answers: { 200: Message }, refusals: [] },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { params } = request
        await destroyVersions(vault, askerOf(request), idOf(params), [versionOf(params)], true)
        return { message: 'Version destroyed successfully' }
      },
  }),
]

function headOf({ version, createdAt, destroyedAt }: VersionHead) {
  const head = { version, created_at: formatTime(createdAt) }
  return destroyedAt === null ? head : { ...head, destroyed_at: formatTime(destroyedAt) }
}

/** @throws Refusal `invalid` */
function versionOf({ version }: { version: string }): number {
  const found = parseId(version)
  if (found === undefined) throw invalid('version', 'Must be a positive integer.')
  return found
}
