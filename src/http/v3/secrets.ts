/** `/v3/secrets`: the five operations, with just the fields that the contract shows. */
import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { invalid } from '../../errors.ts'
import { namePattern, nameRule } from '../../model/name.ts'
import { isPattern } from '../../model/pattern.ts'
import type { Secret } from '../../model/secret.ts'
import type { Changed } from '../../store/operation.ts'
import { decodeCursor, encodeCursor } from '../../vault/cursors.ts'
import { createSecret, deleteSecret, listSecrets, readSecret, updateSecret } from '../../vault/secrets.ts'
import type { Context } from '../context.ts'
import { askerOf, identityOf } from './asker.ts'
import { etagOf, idempotencyKeyOf, matchOf } from './conditions.ts'
import { CursorQuery, formatTime, IdParams, idOf, KeyQuery, LimitQuery, NoQuery, responses, Time } from './schema.ts'
import type { V3 } from './typed.ts'

export const Name = Type.String({ pattern: namePattern, maxLength: 255, description: nameRule })
export const Value = Type.String({
  description: 'text, at most 65536 bytes of UTF-8 unless the server is set otherwise',
})
const Id = Type.Integer({ minimum: 1 })

const Listed = Type.Object({ id: Id, name: Name, created_at: Time, updated_at: Time })
const WithValue = Type.Object({ id: Id, name: Name, value: Value, created_at: Time, updated_at: Time })
export const Updated = Type.Object({ id: Id, name: Name, updated_at: Time })

const ListQuery = Type.Object(
  {
    ...KeyQuery,
    limit: LimitQuery,
    cursor: CursorQuery,
    name: Type.Optional(Type.String({ maxLength: 255, description: 'a name, or a pattern with * for any characters' })),
  },
  { additionalProperties: false },
)

const tags = ['Secrets']

export function secretRoutes(app: V3, { vault }: Context): void {
  app.get(
    '/secrets',
    {
      schema: {
        tags,
        summary: 'List secrets',
        description:
          'All secrets that the key may list, oldest first, never a value. With `limit`, one page: `Strongroom-Next-Cursor` leads to the next.',
        querystring: ListQuery,
        response: responses(200, Type.Object({ secrets: Type.Array(Listed) }), 400, 401, 403),
      },
    },
    async (request, reply) => {
      const { limit, cursor, name } = request.query
      if (name !== undefined && !isPattern(name)) throw invalid('name', `Must be ${nameRule}, or a pattern with "*".`)
      const after = (accountId: number) =>
        cursor === undefined ? 0 : decodeCursor(vault, accountId, 'secrets', cursor)
      const { accountId, pages } = await listSecrets(vault, askerOf(request), name, after)
      if (limit === undefined) return sendAll(reply, pages)
      const found = await take(pages, Number(limit) + 1)
      const page = found.slice(0, Number(limit))
      const last = page.at(-1)
      if (found.length > page.length && last !== undefined) {
        reply.header('strongroom-next-cursor', encodeCursor(vault, accountId, 'secrets', last.id))
      }
      return { secrets: page.map(listed) }
    },
  )

  app.get(
    '/secrets/:id',
    {
      schema: {
        tags,
        summary: 'Read a secret',
        description: 'The current value. `ETag` is the version.',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, WithValue, 400, 401, 403, 404),
      },
    },
    async (request, reply) => {
      const { secret, value } = await readSecret(vault, askerOf(request), idOf(request.params))
      reply.header('etag', etagOf(secret.version))
      const { id, name, createdAt, updatedAt } = secret
      return { id, name, value: value.toString(), created_at: formatTime(createdAt), updated_at: formatTime(updatedAt) }
    },
  )

  app.post(
    '/secrets',
    {
      schema: {
        tags,
        summary: 'Create a secret',
        description: 'With `Idempotency-Key`, a repeated request gets the first answer again.',
        querystring: NoQuery,
        body: Type.Object({ name: Name, value: Value }, { additionalProperties: false, description: 'a JSON object' }),
        response: responses(201, Listed, 400, 401, 403, 409, 413, 415, 422),
      },
    },
    async (request, reply) => {
      const input = { ...request.body, idempotencyKey: idempotencyKeyOf(request.headers) }
      const changed = await createSecret(vault, askerOf(request), identityOf(request), input)
      markChange(reply.code(201), changed).header('location', `/v3/secrets/${changed.secret.id}`)
      return listed(changed.secret)
    },
  )

  app.put(
    '/secrets/:id',
    {
      schema: {
        tags,
        summary: 'Update a secret',
        description: 'Stores a new version. `If-Match` with an `ETag` makes it conditional.',
        params: IdParams,
        querystring: NoQuery,
        body: Type.Object(
          { value: Value, name: Type.Optional(Name) },
          { additionalProperties: false, description: 'a JSON object' },
        ),
        response: responses(200, Updated, 400, 401, 403, 404, 412, 413, 415, 422),
      },
    },
    async (request, reply) => {
      const { value, name } = request.body
      const match = matchOf(request.headers)
      const input = { value, name, match, idempotencyKey: idempotencyKeyOf(request.headers) }
      const changed = await updateSecret(vault, askerOf(request), identityOf(request), idOf(request.params), input)
      markChange(reply, changed)
      const { id, name: kept, updatedAt } = changed.secret
      return { id, name: kept, updated_at: formatTime(updatedAt) }
    },
  )

  app.delete(
    '/secrets/:id',
    {
      schema: {
        tags,
        summary: 'Delete a secret',
        description:
          'Permanent: every version and the key that they are sealed with. Machines that hold the value keep it until they are redeployed.',
        params: IdParams,
        querystring: NoQuery,
        response: responses(200, Type.Object({ message: Type.String() }), 400, 401, 403, 404, 412),
      },
    },
    async (request) => {
      await deleteSecret(vault, askerOf(request), idOf(request.params), matchOf(request.headers))
      return { message: 'Secret deleted successfully' }
    },
  )
}

function listed({ id, name, createdAt, updatedAt }: Pick<Secret, 'id' | 'name' | 'createdAt' | 'updatedAt'>) {
  return { id, name, created_at: formatTime(createdAt), updated_at: formatTime(updatedAt) }
}

export function markChange(reply: FastifyReply, { secret, replayed }: Changed): FastifyReply {
  if (replayed) reply.header('idempotent-replayed', 'true')
  return reply.header('etag', etagOf(secret.version))
}

async function take(pages: AsyncIterable<readonly Secret[]>, count: number): Promise<readonly Secret[]> {
  const found: Secret[] = []
  for await (const page of pages) {
    found.push(...page)
    if (found.length >= count) break
  }
  return found.slice(0, count)
}

/** One page is answered at once; a longer list is streamed, so that its length never has to fit into memory. */
async function sendAll(reply: FastifyReply, pages: AsyncIterable<readonly Secret[]>) {
  const rest = pages[Symbol.asyncIterator]()
  const first = await rest.next()
  const second = await rest.next()
  const head: readonly Secret[] = first.done === true ? [] : first.value
  if (second.done === true) return { secrets: head.map(listed) }
  const body = Readable.from(joined(head, second.value, rest))
  return reply
    .type('application/json; charset=utf-8')
    .serializer((payload: unknown) => payload as string)
    .send(body)
}

async function* joined(first: readonly Secret[], second: readonly Secret[], rest: AsyncIterator<readonly Secret[]>) {
  let separator = '{"secrets":['
  for (let page: readonly Secret[] | undefined = first, next = second; page !== undefined; ) {
    if (page.length > 0) {
      yield separator + page.map((secret) => JSON.stringify(listed(secret))).join(',')
      separator = ','
    }
    if (page === first) page = next
    else {
      const result = await rest.next()
      page = result.done === true ? undefined : result.value
      next = page ?? []
    }
  }
  yield separator === ',' ? ']}' : '{"secrets":[]}'
}
