/** `/api/secrets/lists`: the lists, as the vendor's clients see them. */
import { Type } from 'typebox'
import type { List as StoredList } from '../../../model/list.ts'
import { deleteList } from '../../../vault/deletion.ts'
import { createList, listLists, readList, renameList } from '../../../vault/lists.ts'
import { allOf, everything } from '../../../vault/pages.ts'
import { askerOf } from '../../asker.ts'
import { markReplayed } from '../../once.ts'
import { defineRoute, form, noBody, noParams, type Route } from '../../route.ts'
import { success } from '../../secret-lists/envelope.ts'
import { listOf, required, textsOf } from '../../secret-lists/request.ts'
import { markDeleted } from '../../state-headers.ts'
import { AnyQuery, envelope, List, ListParams } from './schemas.ts'

const name = Type.String({ minLength: 1, maxLength: 128 })
const NewList = Type.Object({ name: Type.Optional(name) }, { title: 'NewSecretList', examples: [{ name: 'shop' }] })
const ListName = Type.Object({ name }, { title: 'SecretListName', examples: [{ name: 'office' }] })

export const listRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/api/secrets/lists',
    operationId: 'listSecretLists',
    tag: 'Secret Lists',
    summary: 'List the secret lists',
    description: '',
    scope: 'secrets:list',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: AnyQuery,
      body: noBody,
      answers: { 200: envelope(Type.Array(List)) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        success((await allOf(await listLists(vault, askerOf(request), everything))).map(shownList)),
  }),

  defineRoute({
    method: 'POST',
    path: '/api/secrets/lists',
    operationId: 'createSecretList',
    tag: 'Secret Lists',
    summary: 'Create a secret list',
    description: 'Without a name, one is made.',
    scope: 'secrets:write',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: AnyQuery,
      body: form(NewList),
      answers: { 200: envelope(List) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { name } = textsOf(request, 'name')
        const { result: list, isReplayed } = await createList(vault, askerOf(request), name)
        markReplayed(reply, isReplayed)
        return success(shownList(list))
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/api/secrets/lists/:list',
    operationId: 'getSecretList',
    tag: 'Secret Lists',
    summary: 'Read a secret list',
    description: '',
    scope: ['secrets:list', 'secrets:read'],
    repeat: 'safe',
    schemas: {
      params: ListParams,
      query: AnyQuery,
      body: noBody,
      answers: { 200: envelope(List) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        success(shownList(await readList(vault, askerOf(request), listOf(request.params)))),
  }),

  defineRoute({
    method: 'POST',
    path: '/api/secrets/lists/:list',
    operationId: 'renameSecretList',
    tag: 'Secret Lists',
    summary: 'Rename a secret list',
    description: '',
    scope: 'secrets:write',
    repeat: 'safe',
    schemas: {
      params: ListParams,
      query: AnyQuery,
      body: form(ListName),
      answers: { 200: envelope(List) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const name = required(textsOf(request, 'name').name, 'name')
        const { list } = await renameList(vault, askerOf(request), listOf(request.params), name)
        return success(shownList(list))
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/api/secrets/lists/:list',
    operationId: 'deleteSecretList',
    tag: 'Secret Lists',
    summary: 'Delete a secret list and its values',
    description: '',
    scope: 'secrets:delete',
    repeat: 'safe',
    schemas: {
      params: ListParams,
      query: AnyQuery,
      body: noBody,
      answers: { 200: envelope(Type.Null()) },
      refusals: [],
    },
    headers: { takes: [], gives: ['Strongroom-Stale-Deployments', 'Strongroom-Deleted'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        markDeleted(reply, await deleteList(vault, askerOf(request), listOf(request.params)))
        return success(null)
      },
  }),
]

function shownList({ id, name }: StoredList) {
  return { id, name }
}
