/** `/api/secrets/lists/{list}/values`: secrets, as the vendor's clients see them. */
import { Readable } from 'node:stream'
import { Type } from 'typebox'
import type { Secret } from '../../../model/secret.ts'
import { readValues } from '../../../vault/lists.ts'
import { createSecret, deleteSecret, type ReadSecret, readSecret, updateSecret } from '../../../vault/secrets.ts'
import { encodingOf } from '../../../vault/values.ts'
import { askerOf, identityOf } from '../../asker.ts'
import { markReplayed } from '../../once.ts'
import { defineRoute, form, noBody, noParams, type Route } from '../../route.ts'
import { success } from '../../secret-lists/envelope.ts'
import { listOf, placeOf, required, textsOf } from '../../secret-lists/request.ts'
import { markDeleted, markExpired, markStale } from '../../state-headers.ts'
import { AnyQuery, envelope, ListParams, Value, ValueParams } from './schemas.ts'

const fields = { secret_key: Type.String(), secret_value: Type.String() }
const NewValue = Type.Object(fields, {
  title: 'NewSecretListValue',
  examples: [{ secret_key: 'smtp-password', secret_value: 's3cur3-p4ssw0rd' }],
})
const ValueChange = Type.Partial(Type.Object(fields), {
  title: 'SecretListValueChange',
  examples: [{ secret_value: 'new-s3cur3-p4ssw0rd' }],
})

export const valueRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/api/secrets/all-values',
    operationId: 'listAllSecretValues',
    tag: 'Secret Lists',
    summary: 'Read the values of every list',
    description: '',
    scope: 'secrets:read',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: AnyQuery,
      body: noBody,
      answers: { 200: envelope(Type.Array(Value)) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) =>
        reply
          .type('application/json; charset=utf-8')
          .serializer(asItIs)
          .send(await streamed(await readValues(vault, askerOf(request), undefined))),
  }),

  defineRoute({
    method: 'GET',
    path: '/api/secrets/lists/:list/values',
    operationId: 'listSecretListValues',
    tag: 'Secret Lists',
    summary: 'Read the values of a list',
    description: '',
    scope: 'secrets:read',
    repeat: 'safe',
    schemas: {
      params: ListParams,
      query: AnyQuery,
      body: noBody,
      answers: { 200: envelope(Type.Array(Value)) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) =>
        reply
          .type('application/json; charset=utf-8')
          .serializer(asItIs)
          .send(await streamed(await readValues(vault, askerOf(request), listOf(request.params)))),
  }),

  defineRoute({
    method: 'GET',
    path: '/api/secrets/lists/:list/values/:value',
    operationId: 'getSecretListValue',
    tag: 'Secret Lists',
    summary: 'Read a value of a list',
    description: '',
    scope: 'secrets:read',
    repeat: 'safe',
    schemas: {
      params: ValueParams,
      query: AnyQuery,
      body: noBody,
      answers: { 200: envelope(Value) },
      refusals: [],
    },
    headers: { takes: [], gives: ['Strongroom-Expired'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const read = await readSecret(vault, askerOf(request), placeOf(request.params))
        markExpired(reply, read.secret, vault.now())
        return success(shownValue(read))
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/api/secrets/lists/:list/values',
    operationId: 'createSecretListValue',
    tag: 'Secret Lists',
    summary: 'Create a value in a list',
    description: '',
    scope: 'secrets:write',
    repeat: 'keyed',
    schemas: {
      params: ListParams,
      query: AnyQuery,
      body: form(NewValue),
      answers: { 200: envelope(Value) },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const texts = textsOf(request, 'secret_key', 'secret_value')
        const name = required(texts.secret_key, 'secret_key')
        const text = required(texts.secret_value, 'secret_value')
        const input = { name, value: { text }, list: listOf(request.params) }
        const { secret, replayed } = await createSecret(vault, askerOf(request), identityOf(request), input)
        markReplayed(reply, replayed)
        return success({ id: secret.id, secret_list_id: secret.listId, secret_key: secret.name, secret_value: text })
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/api/secrets/lists/:list/values/:value',
    operationId: 'updateSecretListValue',
    tag: 'Secret Lists',
    summary: 'Change a value of a list',
    description: 'What is left out stays as it is.',
    scope: 'secrets:write',
    repeat: 'safe',
    schemas: {
      params: ValueParams,
      query: AnyQuery,
      body: form(ValueChange),
      answers: { 200: envelope(Value) },
      refusals: [],
    },
    headers: { takes: [], gives: ['Strongroom-Stale-Deployments'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { secret_key: rename, secret_value: text } = textsOf(request, 'secret_key', 'secret_value')
        const place = placeOf(request.params)
        const asker = askerOf(request)
        // The answer holds the value: where none was sent, it is read first, by whoever may read it.
        const kept = text === undefined ? shownValue(await readSecret(vault, asker, place)) : undefined
        if (kept !== undefined && (rename === undefined || rename === kept.secret_key)) return success(kept)
        const value = text === undefined ? undefined : { text }
        const input = { value, rename, match: undefined }
        const { secret, stale } = await updateSecret(vault, asker, identityOf(request), place, input)
        markStale(reply, stale)
        return success({
          id: secret.id,
          secret_list_id: secret.listId,
          secret_key: secret.name,
          secret_value: text ?? kept?.secret_value ?? '',
        })
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/api/secrets/lists/:list/values/:value',
    operationId: 'deleteSecretListValue',
    tag: 'Secret Lists',
    summary: 'Delete a value of a list',
    description: '',
    scope: 'secrets:delete',
    repeat: 'safe',
    schemas: {
      params: ValueParams,
      query: AnyQuery,
      body: noBody,
      answers: { 200: envelope(Type.Null()) },
      refusals: [],
    },
    headers: { takes: [], gives: ['Strongroom-Stale-Deployments', 'Strongroom-Deleted'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        markDeleted(reply, await deleteSecret(vault, askerOf(request), placeOf(request.params), undefined))
        return success(null)
      },
  }),
]

const asItIs = (payload: unknown) => payload as string

function shownValue({ secret, value }: ReadSecret) {
  const { id, listId, name } = secret
  return { id, secret_list_id: listId, secret_key: name, secret_value: textOf(secret, value) }
}

function textOf({ type }: Secret, value: Buffer): string {
  return value.toString(encodingOf(type) === 'base64' ? 'base64' : 'utf8')
}

/** The first page is read before anything is sent, so that a refusal is still answered as one. */
async function streamed(pages: AsyncGenerator<readonly ReadSecret[]>): Promise<Readable> {
  const first = await pages.next()
  return Readable.from(joined(first.done === true ? [] : first.value, pages))
}

async function* joined(first: readonly ReadSecret[], rest: AsyncGenerator<readonly ReadSecret[]>) {
  const before = JSON.stringify(success([])).slice(0, -2)
  let separator = before
  for (let page: readonly ReadSecret[] | undefined = first; page !== undefined; ) {
    if (page.length > 0) {
      yield separator + page.map((read) => JSON.stringify(shownValue(read))).join(',')
      separator = ','
    }
    const next: IteratorResult<readonly ReadSecret[]> = await rest.next()
    page = next.done === true ? undefined : next.value
  }
  yield separator === ',' ? ']}' : `${before}]}`
}
