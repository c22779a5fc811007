/** `/v3/deleted`: what was deleted and can be restored for a while. */
import { Type } from 'typebox'
import { listDeleted, purgeDeleted, restoreDeleted, type ShownDeleted } from '../../vault/deleted.ts'
import { askerOf } from '../asker.ts'
import { answerListing, PageQuery } from '../listing.ts'
import { Acted } from '../made.ts'
import { defineRoute, json, noBody, noParams, type Route, type Scope } from '../route.ts'
import { formatTime, IdParams, idOf, Message, NoQuery, Time } from '../schema.ts'

const Kind = Type.Union([Type.Literal('secret'), Type.Literal('list'), Type.Literal('environment')], {
  description: 'secret, list or environment',
})
const Environment = Type.Union([Type.String(), Type.Null()], {
  description: 'The environment that it was in; `null` for an environment.',
})
const Shown = Type.Object(
  {
    id: Type.Integer({ minimum: 1, description: 'Of the deletion: to restore it, or to purge it.' }),
    kind: Kind,
    thing: Type.Integer({ minimum: 1, description: 'The id that it had, and has again when it is restored.' }),
    name: Type.String(),
    environment: Environment,
    deleted_at: Time,
    deleted_by: Acted,
    restorable_until: Time,
  },
  { title: 'Deleted', description: 'Something that was deleted and can be restored.' },
)
const Again = Type.Object(
  {
    kind: Kind,
    id: Type.Integer({ minimum: 1, description: 'The id that it had before.' }),
    name: Type.String(),
    environment: Environment,
  },
  { title: 'Restored', description: 'Something that was deleted and is there again.' },
)
const Restoring = Type.Object(
  {
    name: Type.Optional(
      Type.String({ minLength: 1, maxLength: 255, description: 'another name', 'x-about': 'Where its own is taken.' }),
    ),
    list: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1 }), Type.String({ minLength: 1, maxLength: 128 })], {
        description: 'the id or the name of a list',
        'x-about': 'For a secret whose list is gone.',
      }),
    ),
  },
  {
    title: 'Restoring',
    additionalProperties: false,
    description: 'How something is to be restored.',
    examples: [{ name: 'db-password-old' }],
  },
)

const listing: Scope = ['secrets:list', 'account:manage']
const restoring: Scope = ['secrets:write', 'account:manage']
const purging: Scope = ['secrets:delete', 'account:manage']

export const deletedRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/deleted',
    operationId: 'listDeleted',
    tag: 'Deleted',
    summary: 'List what can be restored',
    description:
      'Secrets and lists that were deleted in the environment, as far as the key may know of them, and with `account:manage` environments that were; the newest first. What went with a list is restored with it. `Strongroom-Recovery-Days` says for how long what is deleted now would be kept.',
    scope: listing,
    inEnvironment: true,
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: PageQuery,
      body: noBody,
      answers: { 200: Type.Object({ deleted: Type.Array(Shown) }) },
      refusals: [],
    },
    headers: { takes: [], gives: ['Strongroom-Recovery-Days'] },
    use:
      ({ vault }) =>
      (request, reply) =>
        answerListing(vault, request.query, reply, {
          listing: 'deleted',
          read: (wanted) => listDeleted(vault, askerOf(request), wanted),
          shown,
          answer: (deleted, { recoveryDays }) => {
            // Not before the rows were found to be whole: an error has no such header.
            reply.header('strongroom-recovery-days', recoveryDays)
            return { deleted }
          },
        }),
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/deleted/:id/restore',
    operationId: 'restoreDeleted',
    tag: 'Deleted',
    summary: 'Restore what was deleted',
    description:
      'With its id and its history; a list together with all that was in it. Where its name is taken, `name` gives another; where the list of a secret is gone, `list` does. An environment asks for `account:manage`, and for what creating it with its base would.',
    scope: restoring,
    inEnvironment: true,
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: json(Restoring),
      answers: { 200: Again },
      refusals: [409],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { name, list } = request.body
        const {
          kind,
          id,
          name: now,
          environment,
        } = await restoreDeleted(vault, askerOf(request), idOf(request.params), {
          name,
          list,
        })
        return { kind, id, name: now, environment }
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/deleted/:id',
    operationId: 'purgeDeleted',
    tag: 'Deleted',
    summary: 'Purge what was deleted',
    description:
      'Destroys it at once, a list and an environment with all that is kept of what was in it. An environment asks for `account:manage` and for `secrets:delete` over all that was in it.',
    scope: purging,
    inEnvironment: true,
    repeat: 'safe',
    schemas: { params: IdParams, query: NoQuery, body: noBody, answers: { 200: Message }, refusals: [] },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        await purgeDeleted(vault, askerOf(request), idOf(request.params))
        return { message: 'Purged successfully' }
      },
  }),
]

function shown(one: ShownDeleted) {
  const { kind, id, name } = one.deleter
  return {
    id: one.id,
    kind: one.kind,
    thing: one.thingId,
    name: one.name,
    environment: one.environment,
    deleted_at: formatTime(one.deletedAt),
    deleted_by: { kind, id, name },
    restorable_until: formatTime(one.end),
  }
}
