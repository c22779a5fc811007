/** `/v3/secrets`: the five operations, with just the fields that the contract shows. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { invalid } from '../../errors.ts'
import { folderStart, maxName, secretNamePattern, secretNameRule } from '../../model/name.ts'
import { isPattern } from '../../model/pattern.ts'
import { type Decoy as DecoyMark, plainDetails, type Secret, secretTypes } from '../../model/secret.ts'
import type { Changed } from '../../store/operation.ts'
import { decodePosition, encodeCursor } from '../../vault/cursors.ts'
import { listSecrets, type SecretFilter, type SecretsFound, type SecretsInOrder } from '../../vault/secret-listing.ts'
import {
  createSecret,
  deleteSecret,
  type NewSecret,
  type ReadSecret,
  readUnlessKnown,
  type Unchanged,
  updateSecret,
} from '../../vault/secrets.ts'
import { encodingOf } from '../../vault/values.ts'
import type { Vault } from '../../vault/vault.ts'
import { askerOf, identityOf } from '../asker.ts'
import { etagOf, knownOf, matchOf } from '../conditions.ts'
import { sendAll, take } from '../listing.ts'
import { markReplayed } from '../once.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import {
  CursorQuery,
  DetailFields,
  detailsOf,
  FolderQuery,
  formatTime,
  formOf,
  IdParams,
  idOf,
  KeyQuery,
  LimitQuery,
  ListName,
  Message,
  NoQuery,
  OffsetQuery,
  parseTime,
  ReadQuery,
  Tag,
  Time,
  TimeInput,
  withoutNul,
} from '../schema.ts'
import { markDeleted, markExpired, markStale } from '../state-headers.ts'

export const Name = Type.String({ pattern: secretNamePattern, maxLength: maxName, description: secretNameRule })
export const Value = Type.String({
  description: 'text, at most 65536 bytes of UTF-8 unless the server is set otherwise',
})
const Id = Type.Integer({ minimum: 1, description: 'Never given to another secret of the account.' })

export const Listed = Type.Object(
  { id: Id, name: Name, created_at: Time, updated_at: Time },
  { title: 'SecretHead', description: 'A secret as listings show it, without its value.' },
)
export const WithValue = Type.Object(
  { id: Id, name: Name, value: Value, created_at: Time, updated_at: Time },
  { title: 'Secret', description: 'A secret with its current value.' },
)
export const Updated = Type.Object(
  { id: Id, name: Name, updated_at: Time },
  { title: 'UpdatedSecret', description: 'A secret after a change.' },
)

export const typeWords = `one of ${secretTypes.join(', ')}`
const encodings = ['utf-8', 'base64'] as const
export const EncodingOf = Type.Optional(
  Type.Enum(encodings, {
    description: '"utf-8" or "base64"',
    'x-about': 'Of `value`: base64 for a file, and text as it is, unless it is given.',
  }),
)
/** What is said of a secret that is to be, alone or with others. */
export const NewBody = Type.Object({
  name: Name,
  value: Value,
  encoding: EncodingOf,
  type: Type.Optional(Type.Enum(secretTypes, { description: typeWords })),
  list: Type.Optional(Type.String({ ...ListName, 'x-about': 'The name of a list; without one, `default`.' })),
  ...DetailFields,
})

export type NewInput = Static<typeof NewBody>

/** A secret as a request has it. */
export function newSecretOf({ name, value, encoding, type = 'text', list, ...details }: NewInput): NewSecret {
  const isPlain = type === 'text' && Object.keys(details).length === 0
  return {
    name,
    value: { text: value, encoding },
    list,
    details: isPlain ? undefined : { ...plainDetails, ...detailsOf(details), type },
  }
}

export const Decoy = Type.Object(
  {
    revoke: Type.Boolean({
      description: 'true or false',
      'x-about': 'Whether reading it also revokes the key that read it.',
    }),
  },
  {
    ...{ title: 'Decoy', additionalProperties: false, description: 'a JSON object with "revoke"' },
    'x-about':
      'Of a decoy, every read of which is told at once to those who manage the account. Asks for `account:manage`; nobody else is shown it.',
  },
)

export function decoyOf({ revoke }: Static<typeof Decoy>): DecoyMark {
  return revoke ? 'revoke' : 'tell'
}

/** Of a secret that is made by itself, what is not said of one of many. */
const MadeBody = Type.Object(
  {
    ...NewBody.properties,
    decoy: Type.Optional(Decoy),
  },
  {
    title: 'NewSecret',
    additionalProperties: false,
    description: 'A secret that is to be.',
    examples: [{ name: 'db-password', value: 's3cur3-p4ssw0rd' }],
  },
)

const sorts = ['created', 'name', 'updated', 'expires', 'list', 'type'] as const
const orders = ['asc', 'desc'] as const
const holdings = ['any', 'old'] as const

export const ListQuery = Type.Object(
  {
    ...KeyQuery,
    limit: LimitQuery,
    cursor: CursorQuery,
    offset: OffsetQuery,
    name: Type.Optional(Type.String({ maxLength: 255, description: 'a name, or a pattern with * for any characters' })),
    folder: FolderQuery,
    list: Type.Optional(ListName),
    tag: Type.Optional(Tag),
    expires_before: Type.Optional(TimeInput),
    expired: Type.Optional(
      Type.Literal('first', { description: '"first"', 'x-about': 'Those that have expired come first.' }),
    ),
    q: Type.Optional(
      Type.String({
        maxLength: 255,
        pattern: withoutNul,
        description: 'words, at most 255 characters',
        'x-about': 'Each must be somewhere in the name, the description or a tag; A to Z are as a to z.',
      }),
    ),
    type: Type.Optional(Type.Enum(secretTypes, { description: typeWords })),
    updated_before: Type.Optional(TimeInput),
    held: Type.Optional(
      Type.Enum(holdings, {
        description: '"any" or "old"',
        'x-about': 'Those that some target holds, or holds in an older version.',
      }),
    ),
    sort: Type.Optional(
      Type.Enum(sorts, {
        description: `one of ${sorts.join(', ')}`,
        'x-about':
          'By id, unless it is given. Names are in the order of their bytes; what never expires comes last; files come before texts.',
      }),
    ),
    effective: Type.Optional(
      Type.Literal('true', {
        description: '"true"',
        'x-about':
          'With what the environment inherits, by name. Filters are of what a name means here, and not of what it hides. Without `list`, `held`, `expired` and another `sort`.',
      }),
    ),
    order: Type.Optional(Type.Enum(orders, { description: '"asc" or "desc"', 'x-about': '`asc` unless it is given.' })),
    count: Type.Optional(
      Type.Literal('true', {
        description: '"true"',
        'x-about': 'Has `Strongroom-Total-Count` say how many there are on all pages.',
      }),
    ),
  },
  { additionalProperties: false },
)

export const secretRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/secrets',
    operationId: 'listSecrets',
    tag: 'Secrets',
    summary: 'List secrets',
    description:
      'All secrets that the key may list, oldest first, never a value. With `limit`, one page: `Strongroom-Next-Cursor` leads to the next, `Strongroom-Previous-Cursor` to the one before.',
    scope: 'secrets:list',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: ListQuery,
      body: noBody,
      answers: { 200: Type.Object({ secrets: Type.Array(Listed) }) },
      refusals: [404],
    },
    headers: { takes: [], gives: ['Strongroom-Previous-Cursor', 'Strongroom-Total-Count'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        if (request.query.limit === undefined) {
          const listing = await listingOf(vault, request)
          await markCount(request, reply, listing)
          return sendAll(reply, listing.pages, listed, answerOf)
        }
        const { page } = await pageOf(vault, request, reply)
        return answerOf(page.map(listed))
      },
  }),

  defineRoute({
    method: 'GET',
    path: '/v3/secrets/:id',
    operationId: 'getSecret',
    tag: 'Secrets',
    summary: 'Read a secret',
    description:
      'The current value; of a file, in base64, and `Strongroom-Encoding` says so; of a template, with what it refers to. `ETag` is the version: with it as `If-None-Match`, what has not changed is answered 304, without a value and without a record.',
    scope: 'secrets:read',
    repeat: 'safe',
    schemas: {
      params: IdParams,
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
          { id: idOf(params) },
          formOf(query),
          knownOf(headers),
        )
        return isUnchanged(vault, reply, read) ? reply.send() : shown(read)
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/secrets',
    operationId: 'createSecret',
    tag: 'Secrets',
    summary: 'Create a secret',
    description: 'With `Idempotency-Key`, a repeated request gets the first answer again.',
    scope: 'secrets:write',
    repeat: 'keyed',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(MadeBody),
      answers: { 201: Listed },
      refusals: [404, 409],
    },
    headers: { takes: [], gives: ['ETag', 'Location'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { decoy, ...body } = request.body
        const input = { ...newSecretOf(body), decoy: decoy === undefined ? undefined : decoyOf(decoy) }
        const changed = await createSecret(vault, askerOf(request), identityOf(request), input)
        markChange(reply, changed).header('location', `/v3/secrets/${changed.secret.id}`)
        return listed(changed.secret)
      },
  }),

  defineRoute({
    method: 'PUT',
    path: '/v3/secrets/:id',
    operationId: 'updateSecret',
    tag: 'Secrets',
    summary: 'Update a secret',
    description: 'Stores a new version. `If-Match` with an `ETag` makes it conditional.',
    scope: 'secrets:write',
    repeat: 'keyed',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: json(
        Type.Object(
          {
            value: Value,
            name: Type.Optional(Type.String({ ...Name, 'x-about': 'If given, the name that the secret has.' })),
            encoding: EncodingOf,
          },
          {
            title: 'NewValue',
            additionalProperties: false,
            description: 'A new value of a secret.',
            examples: [{ value: 'new-s3cur3-p4ssw0rd' }],
          },
        ),
      ),
      answers: { 200: Updated },
      refusals: [409],
    },
    headers: { takes: ['If-Match'], gives: ['ETag', 'Strongroom-Stale-Deployments'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const { value, name, encoding } = request.body
        const match = matchOf(request.headers)
        const input = {
          value: { text: value, encoding },
          name,
          match,
        }
        const changed = await updateSecret(
          vault,
          askerOf(request),
          identityOf(request),
          { id: idOf(request.params) },
          input,
        )
        markChange(reply, changed)
        const { id, name: kept, updatedAt } = changed.secret
        return { id, name: kept, updated_at: formatTime(updatedAt) }
      },
  }),

  defineRoute({
    method: 'DELETE',
    path: '/v3/secrets/:id',
    operationId: 'deleteSecret',
    tag: 'Secrets',
    summary: 'Delete a secret',
    description:
      'Permanent: every version and the key that they are sealed with; unless the account keeps what is deleted for a while. Machines that hold the value keep it until they are redeployed.',
    scope: 'secrets:delete',
    repeat: 'safe',
    schemas: {
      params: IdParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Message },
      refusals: [],
    },
    headers: { takes: ['If-Match'], gives: ['Strongroom-Stale-Deployments', 'Strongroom-Deleted'] },
    use:
      ({ vault }) =>
      async (request, reply) => {
        const deleted = await deleteSecret(
          vault,
          askerOf(request),
          { id: idOf(request.params) },
          matchOf(request.headers),
        )
        markDeleted(reply, deleted)
        return { message: 'Secret deleted successfully' }
      },
  }),
]

type Asking = FastifyRequest & { readonly query: Static<typeof ListQuery> }

/** What a listing's query asks for. */
function wantedOf({ query }: Asking): SecretsInOrder {
  const { name, folder, q: text, list, tag, type, held, expired, sort = 'created', order } = query
  if (name !== undefined && !isPattern(name)) throw invalid('name', `Must be ${secretNameRule}, or a pattern with "*".`)
  if (expired === 'first' && (query.sort ?? order) !== undefined) {
    throw invalid('expired', 'Must be left out where `sort` or `order` is given.')
  }
  if (query.offset !== undefined && query.cursor !== undefined) {
    throw invalid('offset', 'Must be left out where `cursor` is given.')
  }
  const isEffective = query.effective === 'true'
  if (isEffective) refuseNarrowing(query)
  return {
    isEffective,
    skip: Number(query.offset ?? 0),
    ...{ name, text, list, tag, type },
    folder: folder === undefined ? undefined : folderStart(folder),
    expiresBefore: timeOf(query.expires_before, 'expires_before'),
    updatedBefore: timeOf(query.updated_before, 'updated_before'),
    isHeld: held === 'any',
    isHeldOld: held === 'old',
    order: isEffective ? 'name' : expired === 'first' ? 'expired first' : sort,
    isDown: order === 'desc',
  }
}

/** What cannot be told of several environments at once. */
function refuseNarrowing({ list, held, expired, sort = 'name' }: Static<typeof ListQuery>): void {
  if (list !== undefined)
    throw invalid('list', 'Must be left out where `effective` is given: a list is in one environment.')
  if (held !== undefined)
    throw invalid('held', 'Must be left out where `effective` is given: it filters the secrets of one environment.')
  if (expired !== undefined) {
    throw invalid(
      'expired',
      'Must be left out where `effective` is given: environments and their bases are listed by name.',
    )
  }
  if (sort !== 'name') {
    throw invalid(
      'sort',
      'Must be name, or left out, where `effective` is given: environments and their bases are listed by name.',
    )
  }
}

function timeOf(text: string | undefined, field: string): number | undefined {
  return text === undefined ? undefined : parseTime(text, field)
}

/** How a listing of secrets is answered. */
export function answerOf<Item>(secrets: readonly Item[]) {
  return { secrets }
}

/**
 * The secrets that a listing's query asks for.
 *
 * @param limit how many are wanted, at most
 * @param part of which secrets, whatever the query says
 */
export async function listingOf(vault: Vault, request: Asking, limit?: number, part?: SecretFilter) {
  const { cursor } = request.query
  const wanted = { ...wantedOf(request), ...part }
  const way = wanted.isEffective === true ? 'effective' : wanted.order
  const listing = `secrets ${way} ${wanted.isDown}` as const
  const begin = (accountId: number) => {
    if (cursor === undefined) return undefined
    const [direction, ...after] = decodePosition(vault, accountId, listing, cursor)
    return { after, isBack: direction === back }
  }
  return { ...(await listSecrets(vault, askerOf(request), wanted, begin, limit)), listing }
}

const forth = 0
const back = 1

/** One page of the listing; `Strongroom-Next-Cursor` leads to the next, `Strongroom-Previous-Cursor` to the one before. */
export async function pageOf(
  vault: Vault,
  request: Asking,
  reply: FastifyReply,
  limit = Number(request.query.limit),
  part?: SecretFilter,
): Promise<Pick<SecretsFound, 'accountId' | 'isManaged' | 'placeOf'> & { readonly page: readonly Secret[] }> {
  // One more tells whether there is another page.
  const asked = await listingOf(vault, request, limit + 1, part)
  const { accountId, isManaged, pages, positionOf, placeOf, listing, isBack } = asked
  await markCount(request, reply, asked)
  const found = await take(pages, limit + 1)
  const inOrder = found.slice(0, limit)
  const page = isBack ? inOrder.toReversed() : inOrder
  const isMore = found.length > page.length
  const cursorAt = (secret: Secret | undefined, direction: number) =>
    secret === undefined ? undefined : encodeCursor(vault, accountId, listing, [direction, ...positionOf(secret)])
  // Whoever was led here came from somewhere.
  const next = isMore || isBack ? cursorAt(page.at(-1), forth) : undefined
  const { cursor, offset = '0' } = request.query
  const isLed = cursor !== undefined || offset !== '0'
  const previous = (isBack ? isMore : isLed) ? cursorAt(page.at(0), back) : undefined
  if (next !== undefined) reply.header('strongroom-next-cursor', next)
  if (previous !== undefined) reply.header('strongroom-previous-cursor', previous)
  return { accountId, isManaged, page, placeOf }
}

async function markCount({ query }: Asking, reply: FastifyReply, { count }: SecretsFound): Promise<void> {
  if (query.count !== undefined) reply.header('strongroom-total-count', await count())
}

/** Says of what was read what there is to say beside the value, or that it is what the caller has. */
export function isUnchanged(
  { now }: Pick<Vault, 'now'>,
  reply: FastifyReply,
  read: ReadSecret | Unchanged,
): read is Unchanged {
  const isKnown = 'unchanged' in read
  markRead(reply, isKnown ? read.unchanged : read.secret, now())
  if (isKnown) reply.code(304).removeHeader('strongroom-encoding')
  return isKnown
}

/** What is said of a value that is read: its version, its encoding in JSON, and when it ends. */
export function markRead(reply: FastifyReply, secret: Secret, now: number): FastifyReply {
  const { version, type, expiresAt } = secret
  reply.header('etag', etagOf(version))
  if (type === 'file') reply.header('strongroom-encoding', 'base64')
  if (expiresAt !== null) reply.header('strongroom-expires-at', formatTime(expiresAt))
  return markExpired(reply, secret, now)
}

/** A value as the text that JSON can carry. */
export function inJson({ type }: Secret, value: Buffer): string {
  return value.toString(encodingOf(type) === 'base64' ? 'base64' : 'utf8')
}

/** A secret with its value. */
export function shown({ secret, value }: ReadSecret) {
  const { id, name, createdAt, updatedAt } = secret
  const times = { created_at: formatTime(createdAt), updated_at: formatTime(updatedAt) }
  return { id, name, value: inJson(secret, value), ...times }
}

export function listed({ id, name, createdAt, updatedAt }: Pick<Secret, 'id' | 'name' | 'createdAt' | 'updatedAt'>) {
  return { id, name, created_at: formatTime(createdAt), updated_at: formatTime(updatedAt) }
}

export function markChange(reply: FastifyReply, { secret, replayed, stale }: Changed): FastifyReply {
  markReplayed(reply, replayed)
  if (secret.version > 1) markStale(reply, stale)
  return reply.header('etag', etagOf(secret.version))
}
