/** `/v3/deployments`: which target holds which version of which secret, and what of it is old. */
import { Type } from 'typebox'
import { invalid } from '../../errors.ts'
import { isSecretName, parseId } from '../../model/name.ts'
import { deleteDeployment, listDeployments, type ShownDeployment } from '../../vault/deployments.ts'
import { readMetadata } from '../../vault/metadata.ts'
import { allOf, everything } from '../../vault/pages.ts'
import { askerOf } from '../asker.ts'
import { answerListing, pageQuery } from '../listing.ts'
import { Acted } from '../made.ts'
import { defineRoute, noBody, noParams, type Route } from '../route.ts'
import { formatTime, IdParams, idOf, KeyQuery, ListName, Message, NoQuery, Time, withoutNul } from '../schema.ts'

const Id = Type.Integer({ minimum: 1 })
const Shown = Type.Object(
  {
    id: Id,
    target: Type.String(),
    secrets: Type.Array(
      Type.Object(
        {
          id: Id,
          name: Type.String(),
          version: Id,
          current_version: Type.Union([Id, Type.Null()], { description: 'null for a secret that was deleted' }),
        },
        { title: 'HeldSecret', description: 'A secret that a target holds, and in which version.' },
      ),
    ),
    stale: Type.Boolean({ description: 'Whether it holds an old version, or a secret that was deleted.' }),
    created_at: Time,
    principal: Type.Optional(Acted),
  },
  { title: 'Deployment', description: 'What a target holds since it was last rendered for.' },
)
const Include = Type.Optional(Type.Literal('principal', { description: '"principal"' }))
const Listed = Type.Object({ deployments: Type.Array(Shown) })

export const deploymentRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/deployments',
    operationId: 'listDeployments',
    tag: 'Deployments',
    summary: 'List deployments',
    description:
      'What each target holds since it was last rendered for. `stale=true`: those that hold an old version, or a secret that was deleted. `list`: those that hold something of the list of this name. `include=principal` says who had it rendered.',
    scope: 'secrets:list',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: Type.Object(
        {
          ...pageQuery,
          target: Type.Optional(
            Type.String({ minLength: 1, maxLength: 128, pattern: withoutNul, description: 'the name of a target' }),
          ),
          secret: Type.Optional(Type.String({ maxLength: 255, description: 'the id or the name of a secret' })),
          list: Type.Optional(ListName),
          stale: Type.Optional(Type.Literal('true', { description: '"true"' })),
          include: Include,
        },
        { additionalProperties: false },
      ),
      body: noBody,
      answers: { 200: Listed },
      refusals: [404],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { target, list, secret, stale, include } = request.query
        const filter = {
          ...{ target, list },
          secret: secret === undefined ? undefined : secretOf(secret),
          isStale: stale === 'true',
        }
        return answerListing(vault, request.query, reply, {
          listing: 'deployments',
          read: (wanted) => listDeployments(vault, askerOf(request), filter, wanted),
          shown: (one) => shown(one, include !== undefined),
          answer: (deployments) => ({ deployments }),
        })
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/secrets/:id/deployments',
    operationId: 'listDeploymentsOfSecret',
    tag: 'Deployments',
    summary: 'List who holds a secret',
    description: 'After its deletion too, as long as anybody holds it.',
    scope: 'secrets:list',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: Type.Object({ ...KeyQuery, include: Include }, { additionalProperties: false }),
      body: noBody,
      answers: { 200: Listed },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const secret = idOf(request.params)
        const found = await allOf(await listDeployments(vault, askerOf(request), { secret }, everything))
        if (found.length === 0) await readMetadata(vault, askerOf(request), { id: secret })
        return { deployments: found.map((one) => shown(one, request.query.include !== undefined)) }
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/deployments/:id',
    operationId: 'deleteDeployment',
    tag: 'Deployments',
    summary: 'Forget a deployment',
    description: 'When a machine is gone. Needs the right to write every secret that it holds.',
    scope: 'secrets:write',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Message },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        await deleteDeployment(vault, askerOf(request), idOf(request.params))
        return { message: 'Deployment deleted successfully' }
      },
  }),
]

/** All digits are an id, as in the paths of the Secret Lists API. */
function secretOf(text: string): number | string {
  const id = parseId(text)
  if (id !== undefined) return id
  if (!isSecretName(text)) throw invalid('secret', 'Must be the id or the name of a secret.')
  return text
}

function shown({ id, target, secrets, isStale, createdAt, principal }: ShownDeployment, isWithPrincipal: boolean) {
  return {
    id,
    target,
    secrets: secrets.map(({ id, name, version, currentVersion }) => ({
      id,
      name,
      version,
      current_version: currentVersion,
    })),
    stale: isStale,
    created_at: formatTime(createdAt),
    ...(isWithPrincipal ? { principal: { ...principal } } : {}),
  }
}
