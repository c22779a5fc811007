/** `/v3/secrets/batch/…`: many secrets in one request and one transaction. */
import { type Static, Type } from 'typebox'
import { invalid } from '../../errors.ts'
import {
  changeSecrets,
  deleteSecrets,
  type Each,
  maxTogether,
  moveSecrets,
  previewSecrets,
  storeSecrets,
} from '../../vault/secret-batches.ts'
import { createSecrets, maxCreated, maxRead, type ReadSecret, readBatch } from '../../vault/secrets.ts'
import { encodingOf } from '../../vault/values.ts'
import type { Asker, Vault } from '../../vault/vault.ts'
import { askerOf, identityOf } from '../asker.ts'
import { FaultFields } from '../components.ts'
import { markReplayed } from '../once.ts'
import { defineRoute, json, noParams, type Route } from '../route.ts'
import { ListName, NoQuery, parseTime, TimeInput } from '../schema.ts'
import { Listed, listed, Name, NewBody, newSecretOf, shown, typeWords, WithValue } from './secrets.ts'

const OneOfMany = Type.Object(
  { ...NewBody.properties },
  { title: 'OneOfNewSecrets', additionalProperties: false, description: 'A secret that is to be, with others.' },
)

const Int = Type.Integer({ minimum: 0 })
const Id = Type.Integer({ minimum: 1 })
const version = Type.Optional(
  Type.Integer({
    minimum: 0,
    description: 'a version, or 0',
    'x-about': 'The version that it is stored upon, as it was last seen; 0 where no secret may have the name.',
  }),
)
const OneToStore = Type.Object(
  { ...NewBody.properties, version },
  {
    title: 'OneToStore',
    additionalProperties: false,
    description: 'A value to be kept under a name. Of a secret that is there, everything but the value stays.',
  },
)
const StoreBody = Type.Object(
  {
    secrets: Type.Array(OneToStore, {
      minItems: 1,
      maxItems: maxTogether,
      description: `an array of 1 to ${maxTogether} secrets`,
    }),
    dry_run: Type.Optional(
      Type.Boolean({
        description: 'true or false',
        'x-about': 'Stores nothing, and tells what would be: where a value is compared, that is a recorded read.',
      }),
    ),
  },
  {
    title: 'SecretsToStore',
    additionalProperties: false,
    description: 'Values to be kept under their names.',
    examples: [
      {
        secrets: [
          { name: 'db-user', value: 'app' },
          { name: 'db-host', value: '10.0.0.5' },
        ],
        dry_run: true,
      },
    ],
  },
)
const StoredOne = Type.Object(
  {
    id: Type.Union([Id, Type.Null()]),
    name: Type.String(),
    version: Int,
    state: Type.String({
      description:
        '"new", "changed" or "same"; "unread" where the caller may not read what is there, and "forbidden" where it may store nothing',
    }),
    stale_deployments: Int,
  },
  { title: 'StoredSecret', description: 'What became of a value that was to be stored, or would.' },
)

const Ids = Type.Array(Id, {
  minItems: 1,
  maxItems: maxTogether,
  uniqueItems: true,
  description: `an array of 1 to ${maxTogether} ids, each once`,
})
const TagNames = Type.Optional(Type.Array(Type.String(), { maxItems: 32, description: 'at most 32 tags' }))
const ChangeBody = Type.Object(
  {
    ids: Ids,
    list: Type.Optional(Type.String({ ...ListName, 'x-about': 'The list that they go into; alone.' })),
    add_tags: TagNames,
    remove_tags: TagNames,
    expires_at: Type.Optional(
      Type.Union([TimeInput, Type.Null()], { description: 'a time such as 2027-01-31T00:00:00Z, or null' }),
    ),
  },
  {
    title: 'ManyChanges',
    additionalProperties: false,
    description: 'What is to be different of several secrets.',
    examples: [{ ids: [1, 2], add_tags: ['team:web'], expires_at: null }],
  },
)
const Failed = Type.Array(
  Type.Object(
    { id: Id, code: Type.String(), detail: Type.String() },
    { title: 'FailedSecret', description: 'One of several that was refused, and why.' },
  ),
)
const Done = Type.Array(
  Type.Object({ id: Id, name: Type.String() }, { title: 'NamedSecret', description: 'A secret by its id and name.' }),
)
const Deleted = Type.Array(
  Type.Object(
    {
      id: Id,
      name: Type.String(),
      deletion: Type.Optional(
        Type.Integer({ minimum: 1, description: 'By which it can be restored; absent where it is gone for good.' }),
      ),
    },
    { title: 'DeletedSecret', description: 'A secret that was deleted.' },
  ),
)
const ReadOfMany = Type.Object(
  {
    ...WithValue.properties,
    version: Type.Integer({ minimum: 1 }),
    type: Type.String({ description: typeWords }),
    encoding: Type.String({ description: 'Of the value: `utf-8`, or `base64` for a file.' }),
  },
  { title: 'SecretOfMany', description: 'A secret with its current value, read with others.' },
)

const UnresolvedOne = Type.Object(
  {
    id: Id,
    name: Type.String(),
    code: Type.String({
      description:
        '`unresolved_references`, `unsafe_rendering` or `too_large`; `not_found` where the value was destroyed',
    }),
    detail: Type.String(),
    errors: Type.Array(Type.Object(FaultFields, { title: 'UnresolvedReference' }), {
      description: 'Each reference at fault, and the template that it is in.',
    }),
  },
  { title: 'UnresolvedSecret', description: 'A secret of several that has no value now, and why.' },
)

export const secretBatchRoutes: readonly Route[] = [
  defineRoute({
    method: 'POST',
    path: '/v3/secrets/batch',
    operationId: 'getSecrets',
    tag: 'Secrets',
    summary: 'Read many secrets',
    description:
      'At most 1000, by name or by id, in one transaction: each is read once, with a record of its own. `missing` has those that are not there, or that the key may not see; `unresolved` those that have no value now, each with the reason: templates that cannot be resolved, and secrets whose current version was destroyed. One that it may see and not read is 403 for all; `errors` names each of those. Values of more than 16 MiB together are 413. People confirm first that it is they, as wherever many values are read at once.',
    scope: 'secrets:read',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            names: Type.Optional(
              Type.Array(Name, { minItems: 1, maxItems: maxRead, description: `an array of 1 to ${maxRead} names` }),
            ),
            ids: Type.Optional(
              Type.Array(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: 'an id' }), {
                minItems: 1,
                maxItems: maxRead,
                description: `an array of 1 to ${maxRead} ids`,
              }),
            ),
            resolve: Type.Optional(
              Type.Boolean({
                description: 'true or false',
                'x-about': 'With `false`, templates come as they were stored, without what they refer to.',
              }),
            ),
          },
          {
            title: 'SecretRefs',
            additionalProperties: false,
            description: 'Which secrets are wanted: `names`, or `ids`.',
            examples: [{ names: ['db-password', 'web/api-token'] }],
          },
        ),
      ),
      answers: {
        200: Type.Object({
          secrets: Type.Array(ReadOfMany),
          missing: Type.Array(Type.Union([Type.String(), Type.Integer()]), { description: 'Names or ids.' }),
          unresolved: Type.Array(UnresolvedOne),
        }),
      },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { names, ids, resolve = true } = request.body
        const refs = names ?? ids
        if (refs === undefined || (names !== undefined && ids !== undefined)) {
          throw invalid('names', 'Give either names or ids.')
        }
        const { found, missing, unresolved } = await readBatch<number | string>(
          vault,
          askerOf(request),
          refs,
          resolve ? 'resolved' : 'stored',
        )
        return {
          secrets: found.map(shownOfMany),
          missing: [...missing],
          unresolved: unresolved.map(({ secret: { id, name }, refusal: { code, message, fields } }) => ({
            ...{ id, name, code, detail: message, errors: [...fields] },
          })),
        }
      },
  }),

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

  defineRoute({
    method: 'POST',
    path: '/v3/secrets/batch/store',
    operationId: 'storeSecrets',
    tag: 'Secrets',
    summary: 'Create or update many secrets',
    description:
      'At most 100, in one transaction: all of them, each with its record, or none. A name that no secret has makes one; of a secret that is there the value becomes the next version, and the rest of it stays. With `dry_run` nothing is stored, and each value is compared with the one that is there, inside the server: a recorded read each. With `Idempotency-Key`, a repeated request gets the first answer again.',
    scope: 'secrets:write',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(StoreBody),
      answers: { 200: Type.Object({ secrets: Type.Array(StoredOne) }) },
      refusals: [404, 409, 412],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { secrets, dry_run: isDry = false } = request.body
        const inputs = secrets.map(({ version: upon, ...one }) => ({ ...newSecretOf(one), version: upon }))
        if (isDry) {
          const seen = await previewSecrets(vault, askerOf(request), inputs)
          return { secrets: seen.map((one, at) => previewed(one, inputs[at]?.name ?? '')) }
        }
        const { result, isReplayed } = await storeSecrets(vault, askerOf(request), identityOf(request), inputs)
        markReplayed(reply, isReplayed)
        return {
          secrets: result.map(({ secret: { id, name, version: stored }, stale }) => ({
            ...{ id, name, version: stored, state: stored === 1 ? 'new' : 'changed', stale_deployments: stale },
          })),
        }
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/secrets/batch/change',
    operationId: 'changeSecrets',
    tag: 'Secrets',
    summary: 'Move, tag or expire many secrets',
    description:
      'At most 100, in one transaction. Each is changed by itself, with its record: `failed` says which are refused, and why.',
    scope: 'secrets:write',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(ChangeBody),
      answers: { 200: Type.Object({ changed: Done, failed: Failed }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { body } = request
        const made = await changeEach(vault, askerOf(request), body)
        return { changed: made.flatMap((one) => ('code' in one ? [] : named(one))), failed: failedOf(body.ids, made) }
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/secrets/batch/delete',
    operationId: 'deleteSecrets',
    tag: 'Secrets',
    summary: 'Delete many secrets',
    description:
      'At most 100, in one transaction, permanently unless the account keeps what is deleted for a while. Each is deleted by itself, with its record: `failed` says which are refused, and why.',
    scope: 'secrets:delete',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { ids: Ids },
          {
            title: 'ManyIds',
            additionalProperties: false,
            description: 'Several secrets by their ids.',
            examples: [{ ids: [1, 2] }],
          },
        ),
      ),
      answers: { 200: Type.Object({ deleted: Deleted, failed: Failed }) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { ids } = request.body
        const deleted = await deleteSecrets(vault, askerOf(request), ids)
        return {
          deleted: deleted.flatMap((one) => ('code' in one ? [] : gone(one))),
          failed: failedOf(ids, deleted),
        }
      },
  }),
]

function previewed(preview: Awaited<ReturnType<typeof previewSecrets>>[number], name: string) {
  const known = 'id' in preview ? { id: preview.id, version: preview.version } : { id: null, version: 0 }
  return { ...known, name, state: preview.state, stale_deployments: 0 }
}

/** @throws Refusal `invalid` where it is not one kind of change */
async function changeEach(vault: Vault, asker: Asker, body: Static<typeof ChangeBody>) {
  const { ids, list, add_tags: addTags, remove_tags: removeTags, expires_at: expiry } = body
  const isOfDetails = addTags !== undefined || removeTags !== undefined || expiry !== undefined
  if (list === undefined && !isOfDetails)
    throw invalid('body', 'Must have "list", "add_tags", "remove_tags" or "expires_at".')
  if (list === undefined) {
    const expiresAt = typeof expiry === 'string' ? parseTime(expiry, 'expires_at') : expiry
    return changeSecrets(vault, asker, ids, { addTags: addTags ?? [], removeTags: removeTags ?? [], expiresAt })
  }
  if (isOfDetails) throw invalid('list', 'Must be alone: move them first, then change the rest.')
  return moveSecrets(vault, asker, ids, list)
}

function named({ id, name }: { readonly id: number; readonly name: string }) {
  return { id, name }
}

function gone({ secret, deletedId }: Exclude<Awaited<ReturnType<typeof deleteSecrets>>[number], { code: unknown }>) {
  return { ...named(secret), ...(deletedId === null ? {} : { deletion: deletedId }) }
}

function failedOf(ids: readonly number[], each: readonly Each<object>[]) {
  return each.flatMap((one, at) => ('code' in one ? [{ id: ids[at] ?? 0, code: one.code, detail: one.message }] : []))
}

function shownOfMany(read: ReadSecret) {
  const { version, type } = read.secret
  return { ...shown(read), version, type, encoding: encodingOf(type) }
}
