/** `/v3/lists`: the lists that secrets are kept in. */
import { Type } from 'typebox'
import { invalid } from '../../errors.ts'
import type { List } from '../../model/list.ts'
import { parseId } from '../../model/name.ts'
import { deleteList } from '../../vault/deletion.ts'
import { createList, listLists, moveSecret, readList, renameList } from '../../vault/lists.ts'
import { askerOf } from '../asker.ts'
import { answerListing, PageQuery, sendAll } from '../listing.ts'
import { markReplayed } from '../once.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, IdParams, IdText, idOf, ListName, Message, NoQuery, Time } from '../schema.ts'
import { markDeleted } from '../state-headers.ts'
import { answerOf, Listed, listed, listingOf, Name, pageOf } from './secrets.ts'

const Id = Type.Integer({ minimum: 1 })
const Shown = Type.Object(
  { id: Id, name: Type.String(), created_at: Time, updated_at: Time },
  { title: 'List', description: 'A list that secrets are kept in.' },
)
const Renamed = Type.Object(
  { id: Id, name: Type.String(), created_at: Type.Optional(Time), updated_at: Time },
  {
    title: 'RenamedList',
    description: 'A list under its new name: with `created_at` where the key may list or read secrets.',
  },
)
export const ListRef = Type.Object({ id: Id, name: Type.String() }, { title: 'ListRef' })
const NameBody = Type.Object(
  { name: ListName },
  { title: 'NewList', additionalProperties: false, description: 'The name of a list.', examples: [{ name: 'web' }] },
)
const MoveParams = Type.Object({
  ...IdParams.properties,
  secret: IdText,
})

export const listRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/lists',
    operationId: 'listLists',
    tag: 'Lists',
    summary: 'List the lists',
    description: 'All lists of the account, oldest first.',
    scope: 'secrets:list',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: PageQuery,
      body: noBody,
      answers: { 200: Type.Object({ lists: Type.Array(Shown) }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      (request, reply) =>
        answerListing(vault, request.query, reply, {
          listing: 'lists',
          read: (wanted) => listLists(vault, askerOf(request), wanted),
          shown,
          answer: (lists) => ({ lists }),
        }),
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/lists/:id',
    operationId: 'getList',
    tag: 'Lists',
    summary: 'Read a list',
    description: '',
    scope: ['secrets:list', 'secrets:read'],
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
        shown(await readList(vault, askerOf(request), idOf(request.params))),
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/lists',
    operationId: 'createList',
    tag: 'Lists',
    summary: 'Create a list',
    description: '',
    scope: 'secrets:write',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(NameBody),
      answers: { 201: Shown },
      refusals: [409],
    },
    headers: { takes: [], gives: ['Location'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { result: list, isReplayed } = await createList(vault, askerOf(request), request.body.name)
        markReplayed(reply, isReplayed).header('location', `/v3/lists/${list.id}`)
        return shown(list)
      },
  }),

  defineRoute({
    method: 'PUT',
    path: '/v3/lists/:id',
    operationId: 'renameList',
    tag: 'Lists',
    summary: 'Rename a list',
    description: 'Needs the right to write every secret of the account.',
    scope: 'secrets:write',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: json(NameBody),
      answers: { 200: Renamed },
      refusals: [409],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { list, isSeen } = await renameList(vault, askerOf(request), idOf(request.params), request.body.name)
        const { created_at, ...others } = shown(list)
        return { ...others, ...(isSeen ? { created_at } : {}) }
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/lists/:id',
    operationId: 'deleteList',
    tag: 'Lists',
    summary: 'Delete a list and its secrets',
    description:
      'Permanent, unless the account keeps what is deleted for a while. Every secret in the list goes with it; if one of them may not be deleted, nothing is. The answer comes when all of it is gone.',
    scope: 'secrets:delete',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Message },
      refusals: [],
    },
    headers: { takes: [], gives: ['Strongroom-Stale-Deployments', 'Strongroom-Deleted'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        markDeleted(reply, await deleteList(vault, askerOf(request), idOf(request.params)))
        return { message: 'List deleted successfully' }
      },
  }),
]

export const contentsOfListRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/lists/:id/secrets',
    operationId: 'listSecretsOfList',
    tag: 'Lists',
    summary: 'List the secrets of a list',
    description: '',
    scope: 'secrets:list',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: PageQuery,
      body: noBody,
      answers: { 200: Type.Object({ secrets: Type.Array(Listed) }) },
      refusals: [],
    },
    headers: { takes: [], gives: ['Strongroom-Previous-Cursor'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const part = { list: idOf(request.params) }
        if (request.query.limit === undefined) {
          const { pages } = await listingOf(vault, request, undefined, part)
          return sendAll(reply, pages, listed, answerOf)
        }
        const { page } = await pageOf(vault, request, reply, undefined, part)
        return answerOf(page.map(listed))
      },
  }),

  defineRoute({
    method: 'PUT',
    path: '/v3/lists/:id/secrets/:secret',
    operationId: 'moveSecret',
    tag: 'Lists',
    summary: 'Move a secret into a list',
    description: '',
    scope: 'secrets:write',
    repeat: 'safe',
    schemas: {
      params: MoveParams,
      query: NoQuery,
      body: noBody,
      answers: {
        200: Type.Object(
          {
            id: Id,
            name: Name,
            list: Type.Object(
              { id: Id, name: Type.Optional(Type.String({ description: 'where the key may list or read secrets' })) },
              { title: 'MovedInto' },
            ),
          },
          { title: 'Moved', description: 'A secret in its new list.' },
        ),
      },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const secretId = parseId(request.params.secret)
        if (secretId === undefined) throw invalid('secret', 'Must be a positive integer.')
        const { secret, list, isSeen } = await moveSecret(vault, askerOf(request), secretId, idOf(request.params))
        return { id: secret.id, name: secret.name, list: { id: list.id, ...(isSeen ? { name: list.name } : {}) } }
      },
  }),
]

function shown({ id, name, createdAt, updatedAt }: List) {
  return { id, name, created_at: formatTime(createdAt), updated_at: formatTime(updatedAt) }
}
