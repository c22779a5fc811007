/** `/v3/rollback`: an environment made again what it was at a time. */
import { Type } from 'typebox'
import { previewRollback, type RollbackItem, rollBack } from '../../vault/rollback.ts'
import { askerOf } from '../asker.ts'
import { defineRoute, json, noParams, type Route } from '../route.ts'
import { NoQuery, parseTime, TimeInput } from '../schema.ts'

const Version = Type.Union([Type.Integer({ minimum: 1 }), Type.Null()])
const Item = Type.Object(
  {
    state: Type.String({
      description:
        'changed, deleted and created are rolled back, created only when asked for; renamed, moved and details are only named; lost can no longer be had',
    }),
    id: Type.Integer({ minimum: 0 }),
    name: Type.String(),
    version: Version,
    was: Version,
    detail: Type.Union([Type.String(), Type.Null()]),
  },
  { title: 'RollbackItem', description: 'How a secret stands to what it was: `version` now, `was` then.' },
)
const Answer = Type.Object(
  { environment: Type.String(), dry_run: Type.Boolean(), items: Type.Array(Item) },
  { title: 'Rollback', description: 'What rolling an environment back does, or would do.' },
)

export const rollbackRoutes: readonly Route[] = [
  defineRoute({
    method: 'POST',
    path: '/v3/rollback',
    operationId: 'rollBack',
    tag: 'Deleted',
    summary: 'Roll an environment back to a time',
    description:
      'Secrets get the values that they had then, as new versions; what was deleted since is restored, if it is kept; what was created since stays, unless `delete_created` says otherwise. One transaction, of at most 100 secrets: all of it, or nothing where the key may not do a part of it. It is about the secrets that the key may list. With `dry_run`, nothing is done.',
    scope: 'secrets:write',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            to: TimeInput,
            name: Type.Optional(
              Type.String({ minLength: 1, maxLength: 255, description: 'a name, or a pattern such as db-*' }),
            ),
            delete_created: Type.Optional(Type.Boolean({ description: 'true or false' })),
            dry_run: Type.Optional(Type.Boolean({ description: 'true or false' })),
          },
          {
            title: 'RollingBack',
            additionalProperties: false,
            description: 'To which time, and how far.',
            examples: [{ to: '2026-01-15T10:30:00Z', dry_run: true }],
          },
        ),
      ),
      answers: { 200: Answer },
      refusals: [404, 409],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { to, name, delete_created: deletesCreated = false, dry_run: isDry = false } = request.body
        const input = { to: parseTime(to, 'to'), name, deletesCreated }
        const work = isDry ? previewRollback : rollBack
        const { environment, items } = await work(vault, askerOf(request), input)
        return { environment, dry_run: isDry, items: items.map(shown) }
      },
  }),
]

function shown({ state, id, name, version, was, detail }: RollbackItem) {
  return { state, id, name, version, was, detail }
}
