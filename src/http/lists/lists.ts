/**
 * The Secret Lists API, as the vendor's published clients and Terraform provider call it: the same secrets as `/v3`,
 * in lists. Its envelope and its traps: docs/netactuate.md.
 */

import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Refusal } from '../../errors.ts'
import { checkCharset } from '../../json.ts'
import type { List } from '../../model/list.ts'
import { isLabel, isName, parseId } from '../../model/name.ts'
import type { Secret } from '../../model/secret.ts'
import type { IdOrName } from '../../store/operation.ts'
import { createList, deleteList, listLists, readList, readValues, renameList } from '../../vault/lists.ts'
import { createSecret, deleteSecret, type ReadSecret, readSecret, updateSecret } from '../../vault/secrets.ts'
import { encodingOf } from '../../vault/values.ts'
import { authenticate } from '../../vault/vault.ts'
import { askerOf, checkKeysOf, identityOf } from '../asker.ts'
import { readBody } from '../bodies.ts'
import type { Context } from '../context.ts'
import { markExpired, markStale } from '../marks.ts'
import { collectMethods, refuseOtherMethods } from '../methods.ts'
import { NoSuchPath } from '../problem.ts'
import { called, described } from './described.ts'
import { answerInEnvelope, success, Unprocessable } from './envelope.ts'
import { parseForm } from './form.ts'

interface ListParams {
  readonly list: string
}

interface ValueParams extends ListParams {
  readonly value: string
}

/** Whether a client of this API asks for the path: any below `/api`, and at the root those that its calls begin with. */
export function isListsPath(path: string): boolean {
  return /^\/(api|secrets|cloud)(\/|$)/.test(path)
}

/** Answers in the envelope. */
export function answerListsError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return answerInEnvelope(error, request, reply, isAboutValue(request) ? 'secret_key' : 'name')
}

export function lists(context: Context) {
  return async (app: FastifyInstance) => {
    const { vault } = context
    checkKeysOf(app, context, answerListsError)
    acceptForms(app, context)
    const methods = collectMethods(app)
    // The same routes stand at the root too, and are described once.
    const isDescribed = app.prefix === '/api'
    listCalls(app, context, isDescribed)
    valueCalls(app, context, isDescribed)
    // The Terraform provider asks for it when it is configured, and ignores the answer.
    app.get('/cloud/locations', called(isDescribed, described.listLocations), async (request) => {
      const { key } = await authenticate(vault, askerOf(request))
      // Of a session that is not finished: it may do nothing else.
      if (key?.scopes.length === 0) throw new Refusal('enrolment_required', 'Set up a second factor first.')
      return success([])
    })
    refuseOtherMethods(app, methods)
    refuseOtherPaths(app)
  }
}

function refuseOtherPaths(app: FastifyInstance): void {
  const refuse = () => {
    throw new NoSuchPath()
  }
  if (app.prefix !== '') app.setNotFoundHandler(refuse)
  const options = {
    method: app.supportedMethods,
    schema: { hide: true },
    config: { isAcceptIgnored: true, isOpen: true },
  }
  for (const url of ['/secrets', '/secrets/*', '/cloud', '/cloud/*']) app.route({ ...options, url, handler: refuse })
}

/** Of the longest value, with three characters for each byte of its text. */
function acceptForms(app: FastifyInstance, { vault }: Context): void {
  const longest = Math.max(vault.maxValueBytes, Math.ceil(vault.maxFileBytes / 3) * 4)
  const bodyLimit = 3 * longest + 16 * 1024
  const type = 'application/x-www-form-urlencoded'
  app.addContentTypeParser(type, async (request: FastifyRequest, payload: IncomingMessage) => {
    checkCharset(request.headers['content-type'])
    return parseForm(await readBody(request, payload, bodyLimit))
  })
}

function listCalls(app: FastifyInstance, { vault }: Context, isDescribed: boolean): void {
  app.get('/secrets/lists', called(isDescribed, described.listSecretLists), async (request) =>
    success((await listLists(vault, askerOf(request))).map(shownList)),
  )

  app.post('/secrets/lists', called(isDescribed, described.createSecretList), async (request) => {
    const { name } = textsOf(request, 'name')
    return success(shownList(await createList(vault, askerOf(request), name)))
  })

  app.get<{ Params: ListParams }>(
    '/secrets/lists/:list',
    called(isDescribed, described.getSecretList),
    async (request) => success(shownList(await readList(vault, askerOf(request), listOf(request.params)))),
  )

  app.post<{ Params: ListParams }>(
    '/secrets/lists/:list',
    called(isDescribed, described.renameSecretList),
    async (request) => {
      const name = required(textsOf(request, 'name').name, 'name')
      return success(shownList(await renameList(vault, askerOf(request), listOf(request.params), name)))
    },
  )

  app.delete<{ Params: ListParams }>(
    '/secrets/lists/:list',
    called(isDescribed, described.deleteSecretList),
    async (request, reply) => {
      markStale(reply, await deleteList(vault, askerOf(request), listOf(request.params)))
      return success(null)
    },
  )
}

function valueCalls(app: FastifyInstance, { vault }: Context, isDescribed: boolean): void {
  app.get('/secrets/all-values', called(isDescribed, described.listAllSecretValues), async (request, reply) =>
    reply
      .type('application/json; charset=utf-8')
      .serializer((payload: unknown) => payload as string)
      .send(await streamed(await readValues(vault, askerOf(request), undefined))),
  )

  app.get<{ Params: ListParams }>(
    '/secrets/lists/:list/values',
    called(isDescribed, described.listSecretListValues),
    async (request, reply) =>
      reply
        .type('application/json; charset=utf-8')
        .serializer((payload: unknown) => payload as string)
        .send(await streamed(await readValues(vault, askerOf(request), listOf(request.params)))),
  )

  app.get<{ Params: ValueParams }>(
    '/secrets/lists/:list/values/:value',
    called(isDescribed, described.getSecretListValue),
    async (request, reply) => {
      const read = await readSecret(vault, askerOf(request), placeOf(request.params))
      markExpired(reply, read.secret, vault.now())
      return success(shownValue(read))
    },
  )

  app.post<{ Params: ListParams }>(
    '/secrets/lists/:list/values',
    called(isDescribed, described.createSecretListValue),
    async (request) => {
      const texts = textsOf(request, 'secret_key', 'secret_value')
      const name = required(texts.secret_key, 'secret_key')
      const text = required(texts.secret_value, 'secret_value')
      const input = { name, value: { text }, list: listOf(request.params), idempotencyKey: undefined }
      const { secret } = await createSecret(vault, askerOf(request), identityOf(request), input)
      return success({ id: secret.id, secret_list_id: secret.listId, secret_key: secret.name, secret_value: text })
    },
  )

  app.post<{ Params: ValueParams }>(
    '/secrets/lists/:list/values/:value',
    called(isDescribed, described.updateSecretListValue),
    async (request, reply) => {
      const { secret_key: rename, secret_value: text } = textsOf(request, 'secret_key', 'secret_value')
      const place = placeOf(request.params)
      const asker = askerOf(request)
      // The answer holds the value: where none was sent, it is read first, by whoever may read it.
      const kept = text === undefined ? shownValue(await readSecret(vault, asker, place)) : undefined
      if (text === undefined && (rename === undefined || rename === kept?.secret_key)) return success(kept)
      const value = text === undefined ? undefined : { text }
      const input = { value, rename, match: undefined, idempotencyKey: undefined }
      const { secret, stale } = await updateSecret(vault, asker, identityOf(request), place, input)
      markStale(reply, stale)
      return success({
        id: secret.id,
        secret_list_id: secret.listId,
        secret_key: secret.name,
        secret_value: text ?? kept?.secret_value,
      })
    },
  )

  app.delete<{ Params: ValueParams }>(
    '/secrets/lists/:list/values/:value',
    called(isDescribed, described.deleteSecretListValue),
    async (request, reply) => {
      markStale(reply, await deleteSecret(vault, askerOf(request), placeOf(request.params), undefined))
      return success(null)
    },
  )
}

function isAboutValue({ routeOptions }: FastifyRequest): boolean {
  return routeOptions.url?.includes('/values') ?? false
}

/** The fields of a form or of a JSON object that are given. */
function textsOf<Name extends string>(request: FastifyRequest, ...names: Name[]): Partial<Record<Name, string>> {
  const { body } = request
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body))
    throw new Unprocessable({ body: ['Must be an object of fields.'] })
  const given = names.flatMap((name) => {
    const value = (body as Record<string, unknown>)[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const wrong = given.filter(([, value]) => typeof value !== 'string')
  if (wrong.length > 0) {
    throw new Unprocessable(Object.fromEntries(wrong.map(([name]) => [name, ['Must be a text, given once.']])))
  }
  return Object.fromEntries(given) as Partial<Record<Name, string>>
}

function required(text: string | undefined, field: string): string {
  if (text === undefined) throw new Unprocessable({ [field]: ['Is required.'] })
  return text
}

/** All digits are an id, anything else is an exact name. What can be neither is the id of nothing. */
function listOf({ list }: ListParams): IdOrName {
  if (/^\d+$/.test(list)) return parseId(list) ?? 0
  return isLabel(list) ? list : 0
}

function placeOf(params: ValueParams): { id: IdOrName; list: IdOrName } {
  const { value } = params
  if (/^\d+$/.test(value)) return { id: parseId(value) ?? 0, list: listOf(params) }
  return { id: isName(value) ? value : 0, list: listOf(params) }
}

function shownList({ id, name }: List) {
  return { id, name }
}

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
