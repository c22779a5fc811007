/** `/v3/secrets/batch/…`: many secrets in one request and one transaction. */
import { Type } from 'typebox'
import { createSecrets, maxCreated } from '../../vault/secrets.ts'
import { askerOf, identityOf } from '../asker.ts'
import { markReplayed } from '../once.ts'
import { defineRoute, json, noParams, type Route } from '../route.ts'
import { NoQuery } from '../schema.ts'
import { Listed, listed, NewBody, newSecretOf } from './secrets.ts'

const OneOfMany = Type.Object(
  { ...NewBody.properties },
  { title: 'OneOfNewSecrets', additionalProperties: false, description: 'A secret that is to be, with others.' },
)

export const secretBatchRoutes: readonly Route[] = [
  defineRoute({
    method: 'POST',
    path: '/v3/secrets/batch/create',
    operationId: 'createSecrets',
    tag: 'Secrets',
    summary: 'Create many secrets',
    description:
      'At most 100, in one transaction: all of them, each with its record, or none. What is refused is what would be if they were created one after the other; `errors` names every one that is at fault, by its place. With `Idempotency-Key`, a repeated request gets the first answer again.',
    scope: 'secrets:write',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            secrets: Type.Array(OneOfMany, {
              minItems: 1,
              maxItems: maxCreated,
              description: `an array of 1 to ${maxCreated} secrets`,
            }),
          },
          {
            title: 'NewSecrets',
            additionalProperties: false,
            description: 'Secrets that are to be.',
            examples: [
              {
                secrets: [
                  { name: 'db-user', value: 'app' },
                  { name: 'db-host', value: '10.0.0.5' },
                ],
              },
            ],
          },
        ),
      ),
      answers: { 201: Type.Object({ secrets: Type.Array(Listed) }) },
      refusals: [404, 409],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const inputs = request.body.secrets.map(newSecretOf)
        const { result, isReplayed } = await createSecrets(vault, askerOf(request), identityOf(request), inputs)
        markReplayed(reply, isReplayed)
        return { secrets: result.map(listed) }
      },
  }),
]
