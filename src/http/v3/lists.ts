/** `/v3/lists`: the lists that secrets are kept in. */
import { Type } from 'typebox'
import { invalid } from '../../errors.ts'
import type { List } from '../../model/list.ts'
import { parseId } from '../../model/name.ts'
import { createList, deleteList, listLists, moveSecret, readList, renameList } from '../../vault/lists.ts'
import { listSecrets } from '../../vault/secrets.ts'
import { askerOf } from '../asker.ts'
import type { Context } from '../context.ts'
import { markStale } from '../marks.ts'
import { formatTime, IdParams, IdText, idOf, ListName, Message, NoQuery, responses, Time } from './schema.ts'
import { Listed, Name, sendAll } from './secrets.ts'
import type { V3 } from './typed.ts'

const Id = Type.Integer({ minimum: 1 })
const Shown = Type.Object({ id: Id, name: Type.String(), created_at: Time, updated_at: Time }, { title: 'List' })
export const ListRef = Type.Object({ id: Id, name: Type.String() }, { title: 'ListRef' })
const NameBody = Type.Object(
  { name: ListName },
  { title: 'NewList', additionalProperties: false, description: 'a JSON object', examples: [{ name: 'web' }] },
)
const MoveParams = Type.Object({
  ...IdParams.properties,
  secret: IdText,
})

const tags = ['Lists']

export function listRoutes(app: V3, { vault }: Context): void {
  app.get(
    '/lists',
    {
      schema: {
        tags,
        operationId: 'listLists',
        summary: 'List the lists',
        description: 'All lists of the account, oldest first.',
        querystring: NoQuery,
        response: responses(200, Type.Object({ lists: Type.Array(Shown) })),
      },
    },
    async (request) => ({ lists: (await listLists(vault, askerOf(request))).map(shown) }),
  )

  app.get(
    '/lists/:id',
    {
      schema: {
        tags,
        operationId: 'getList',
        summary: 'Read a list',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Shown),
      },
    },
    async (request) => shown(await readList(vault, askerOf(request), idOf(request.params))),
  )

  app.post(
    '/lists',
    {
      schema: {
        tags,
        operationId: 'createList',
        gives: ['Location'],
        summary: 'Create a list',
        querystring: NoQuery,
        body: NameBody,
        response: responses(201, Shown, 409),
      },
    },
    async (request, reply) => {
      const list = await createList(vault, askerOf(request), request.body.name)
      reply.code(201).header('location', `/v3/lists/${list.id}`)
      return shown(list)
    },
  )

  app.put(
    '/lists/:id',
    {
      schema: {
        tags,
        operationId: 'renameList',
        summary: 'Rename a list',
        description: 'Needs the right to write every secret of the account.',
        params: IdParams,
        querystring: NoQuery,
        body: NameBody,
        response: responses(200, Shown, 409),
      },
    },
    async (request) => shown(await renameList(vault, askerOf(request), idOf(request.params), request.body.name)),
  )

  app.delete(
    '/lists/:id',
    {
      schema: {
        tags,
        operationId: 'deleteList',
        gives: ['Strongroom-Stale-Deployments'],
        summary: 'Delete a list and its secrets',
        description: 'Permanent. Every secret in the list goes with it; if one of them may not be deleted, nothing is.',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Message),
      },
    },
    async (request, reply) => {
      markStale(reply, await deleteList(vault, askerOf(request), idOf(request.params)))
      return { message: 'List deleted successfully' }
    },
  )
}

export function contentsOfListRoutes(app: V3, { vault }: Context): void {
  app.get(
    '/lists/:id/secrets',
    {
      schema: {
        tags,
        operationId: 'listSecretsOfList',
        summary: 'List the secrets of a list',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Type.Object({ secrets: Type.Array(Listed) })),
      },
    },
    async (request, reply) => {
      const filter = { list: idOf(request.params) }
      const { pages } = await listSecrets(vault, askerOf(request), filter, () => undefined)
      return sendAll(reply, pages)
    },
  )

  app.put(
    '/lists/:id/secrets/:secret',
    {
      schema: {
        tags,
        operationId: 'moveSecret',
        summary: 'Move a secret into a list',
        params: MoveParams,
        querystring: NoQuery,
        response: responses(200, Type.Object({ id: Id, name: Name, list: ListRef }, { title: 'Moved' })),
      },
    },
    async (request) => {
      const secretId = parseId(request.params.secret)
      if (secretId === undefined) throw invalid('secret', 'Must be a positive integer.')
      const { secret, list } = await moveSecret(vault, askerOf(request), secretId, idOf(request.params))
      return { id: secret.id, name: secret.name, list: { id: list.id, name: list.name } }
    },
  )
}

function shown({ id, name, createdAt, updatedAt }: List) {
  return { id, name, created_at: formatTime(createdAt), updated_at: formatTime(updatedAt) }
}
