/** `/v3/secrets/by-name/{name}`: a secret by what it is called. */
import { Type } from 'typebox'
import { secretTypes } from '../../model/secret.ts'
import { putSecret, readUnlessKnown } from '../../vault/secrets.ts'
import { askerOf, identityOf } from '../asker.ts'
import { isNewOnly, knownOf, matchOf } from '../conditions.ts'
import { defineRoute, json, noBody, type Route } from '../route.ts'
import { formatTime, formOf, NoQuery, ReadQuery } from '../schema.ts'
import {
  EncodingOf,
  isUnchanged,
  Listed,
  listed,
  markChange,
  Name,
  shown,
  typeWords,
  Updated,
  Value,
  WithValue,
} from './secrets.ts'

const NameParams = Type.Object({ name: Name })

export const namedSecretRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/secrets/by-name/:name',
    operationId: 'getSecretByName',
    tag: 'Secrets',
    summary: 'Read a secret by its name',
    description:
      'As by its id. In the path, `/` of a name is written `%2F`. It asks for no other right than to read the secret. As a name may lead to another secret later, `If-None-Match` had best name version and id: `"3.17"`.',
    scope: 'secrets:read',
    repeat: 'safe',
    schemas: {
      params: NameParams,
      query: ReadQuery,
      body: noBody,
      answers: { 200: WithValue },
      refusals: [413, 422],
    },
    headers: {
      takes: ['If-None-Match-of-read'],
      gives: ['ETag', 'Strongroom-Encoding', 'Strongroom-Expires-At', 'Strongroom-Expired'],
    },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { headers, params, query } = request
        const read = await readUnlessKnown(
          vault,
          askerOf(request),
          { id: params.name },
          formOf(query),
          knownOf(headers),
        )
        return isUnchanged(vault, reply, read) ? reply.send() : shown(read)
      },
  }),

  defineRoute({
    method: 'PUT',
    path: '/v3/secrets/by-name/:name',
    operationId: 'putSecret',
    tag: 'Secrets',
    summary: 'Create or update the secret of a name',
    description:
      'Makes the secret, in the list `default`, and answers 201; or stores a new version of it, and answers 200. `If-None-Match: *` only makes it, `If-Match` with an `ETag` only stores a version upon that one; else 412.',
    scope: 'secrets:write',
    repeat: 'keyed',
    schemas: {
      params: NameParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            value: Value,
            encoding: EncodingOf,
            type: Type.Optional(
              Type.Enum(secretTypes, {
                description: typeWords,
                'x-about':
                  'Of a secret that is made: `text` unless it is given. Of one that is there, the type that it has.',
              }),
            ),
          },
          {
            title: 'PutValue',
            additionalProperties: false,
            description: 'The value that the secret of a name is to have.',
            examples: [{ value: 's3cur3-p4ssw0rd' }],
          },
        ),
      ),
      answers: { 200: Updated, 201: Listed },
      refusals: [409],
    },
    headers: {
      takes: ['If-Match', 'If-None-Match'],
      gives: ['ETag', 'Location', 'Strongroom-Stale-Deployments'],
    },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { headers, params, body } = request
        const changed = await putSecret(vault, askerOf(request), identityOf(request), {
          ...{ name: params.name, type: body.type },
          value: { text: body.value, encoding: body.encoding },
          ...{ match: matchOf(headers), isNewOnly: isNewOnly(headers) },
        })
        const { secret } = changed
        const { id, name, version, updatedAt } = secret
        markChange(reply, changed).header('location', `/v3/secrets/${id}`)
        if (version === 1) return reply.code(201).send(listed(secret))
        return { id, name, updated_at: formatTime(updatedAt) }
      },
  }),
]
