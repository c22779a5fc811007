/** `/v3/environments`: name spaces of the account. */
import { Type } from 'typebox'
import { environmentPattern, environmentRule } from '../../model/environment.ts'
import {
  createEnvironment,
  deleteEnvironment,
  listEnvironments,
  readEnvironment,
  type ShownEnvironment,
  updateEnvironment,
} from '../../vault/environments.ts'
import { askerOf } from '../asker.ts'
import { markReplayed } from '../once.ts'
import { defineRoute, json, noBody, noParams, type Route, type Scope } from '../route.ts'
import { formatTime, IdParams, idOf, Message, NoQuery, Time } from '../schema.ts'
import { markKept } from '../state-headers.ts'

const Name = Type.String({ pattern: environmentPattern, description: environmentRule })
const Base = Type.Union([Name, Type.Null()], {
  description: 'the name of an environment, or null',
  'x-about': 'The environment that a name is looked up in which this one lacks.',
})
const Shown = Type.Object(
  {
    id: Type.Integer({ minimum: 1, description: 'Never given to another environment of the account.' }),
    name: Type.String(),
    base: Type.Union([Type.String(), Type.Null()]),
    secrets: Type.Integer({ minimum: 0, description: 'How many of its own secrets the key may list.' }),
    created_at: Time,
  },
  { title: 'Environment', description: 'A name space of the account, with secrets and lists of its own.' },
)

/** Any right over secrets, or over the account. */
const seeing: Scope = [
  ...(['secrets:list', 'secrets:read', 'secrets:scan', 'secrets:write', 'secrets:delete', 'account:manage'] as const),
]

export const environmentRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/environments',
    operationId: 'listEnvironments',
    tag: 'Environments',
    summary: 'List the environments',
    description: 'Those in which the key has a right over secrets, oldest first; with `account:manage`, all.',
    scope: seeing,
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Type.Object({ environments: Type.Array(Shown) }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => ({ environments: (await listEnvironments(vault, askerOf(request))).map(shown) }),
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/environments/:id',
    operationId: 'getEnvironment',
    tag: 'Environments',
    summary: 'Read an environment',
    description: '',
    scope: seeing,
    repeat: 'safe',
    schemas: { params: IdParams, query: NoQuery, body: noBody, answers: { 200: Shown }, refusals: [] },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) =>
        shown(await readEnvironment(vault, askerOf(request), idOf(request.params))),
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/environments',
    operationId: 'createEnvironment',
    tag: 'Environments',
    summary: 'Create an environment',
    description: 'With a `base`, the key must have the right to list and read all of that.',
    scope: 'account:manage',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { name: Name, base: Type.Optional(Base) },
          {
            title: 'NewEnvironment',
            additionalProperties: false,
            description: 'An environment that is to be.',
            examples: [{ name: 'prod', base: null }],
          },
        ),
      ),
      answers: { 201: Shown },
      refusals: [409],
    },
    headers: { takes: [], gives: ['Location'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { name, base = null } = request.body
        const { result, isReplayed } = await createEnvironment(vault, askerOf(request), { name, base })
        markReplayed(reply, isReplayed).header('location', `/v3/environments/${result.id}`)
        return shown(result)
      },
  }),

  defineRoute({
    method: 'PATCH',
    path: '/v3/environments/:id',
    operationId: 'updateEnvironment',
    tag: 'Environments',
    summary: 'Rename an environment, or set its base',
    description:
      'What is left out stays. Scopes name environments, so that a new name is what keys reach it by: the key must have every right over its secrets, and `audit:read`, under both names. With a `base`, it must have the right to list and read all of that, and to write all secrets of this one. `default` keeps its name, and has no base.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { name: Type.Optional(Name), base: Type.Optional(Base) },
          {
            title: 'EnvironmentChange',
            additionalProperties: false,
            description: 'What is to change of an environment.',
            examples: [{ name: 'production' }],
          },
        ),
      ),
      answers: { 200: Shown },
      refusals: [409],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { name, base } = request.body
        const parts = { ...(name === undefined ? {} : { name }), ...(base === undefined ? {} : { base }) }
        return shown(await updateEnvironment(vault, askerOf(request), idOf(request.params), parts))
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/environments/:id',
    operationId: 'deleteEnvironment',
    tag: 'Environments',
    summary: 'Delete an environment',
    description:
      'Only an empty one: with secrets, lists (but for an empty `default`), deployments or seeds in it, or as the base of another, it is refused with `not_empty`, and `errors` names what there is.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: { params: IdParams, query: NoQuery, body: noBody, answers: { 200: Message }, refusals: [409] },
    headers: { takes: [], gives: ['Strongroom-Deleted'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        markKept(reply, await deleteEnvironment(vault, askerOf(request), idOf(request.params)))
        return { message: 'Environment deleted successfully' }
      },
  }),
]

function shown({ id, name, base, secrets, createdAt }: ShownEnvironment) {
  return { id, name, base, secrets, created_at: formatTime(createdAt) }
}
