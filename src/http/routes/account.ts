/** `/v3/account`: the account itself, its key and the replacing of it, and what the server allows it. */
import { Type } from 'typebox'
import { type KeyState, readAccount, rotateTo } from '../../vault/rotation.ts'
import { askerOf, identityOf } from '../asker.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, NoQuery, Time } from '../schema.ts'

const Count = Type.Integer({ minimum: 0 })
const Key = {
  version: Type.Integer({ minimum: 1, description: 'The newest version.' }),
  rotating: Type.Boolean({ description: 'Whether older versions are there still.' }),
  outdated: Type.Integer({ minimum: 0, description: 'Secrets whose keys an older version wraps.' }),
}
const AccountKey = Type.Object(Key, {
  title: 'AccountKey',
  description: 'The key that wraps the keys of an account’s secrets.',
})
const Limits = Type.Object(
  {
    keep_versions: Count,
    max_value_bytes: Count,
    max_file_bytes: Count,
    requests_per_second: Type.Union([Count, Type.Null()], { description: 'Of one API key, and of one address.' }),
  },
  { title: 'Limits', description: 'What the server is set to allow.' },
)

export const accountRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path: '/v3/account',
    operationId: 'getAccount',
    tag: 'Account',
    summary: 'Read the account',
    description: '`limits` are settings of the server, read when it starts.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: {
        200: Type.Object(
          {
            id: Type.Integer({ minimum: 1 }),
            name: Type.String(),
            created_at: Time,
            key: AccountKey,
            limits: Limits,
          },
          { title: 'AccountInfo', description: 'The account itself.' },
        ),
      },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault, limits }) =>
      async (request) => {
        const { account, key } = await readAccount(vault, askerOf(request))
        const { id, name, createdAt } = account
        const { keepVersions, maxValueBytes, maxFileBytes, rateLimit } = limits
        return {
          id,
          name,
          created_at: formatTime(createdAt),
          key: shown(key),
          limits: {
            keep_versions: keepVersions,
            max_value_bytes: maxValueBytes,
            max_file_bytes: maxFileBytes,
            requests_per_second: rateLimit ?? null,
          },
        }
      },
  }),

  defineRoute({
    method: 'POST',
    path: '/v3/account/rotate-key',
    operationId: 'rotateAccountKey',
    tag: 'Account',
    summary: "Replace the account's key, a part at a time",
    description:
      'With the next `version` it begins; with the newest one it goes on. Repeat until `rotating` is false. Values are not touched, and everything works meanwhile.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(
        Type.Object(
          { version: Type.Integer({ minimum: 2, maximum: 1_000_000, description: 'a whole number from 2' }) },
          { additionalProperties: false, description: 'a JSON object', examples: [{ version: 2 }] },
        ),
      ),
      answers: { 200: AccountKey },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { accountId } = identityOf(request)
        return shown(await rotateTo(vault, askerOf(request), accountId, request.body.version))
      },
  }),
]

function shown({ version, isRotating, outdated }: KeyState) {
  return { version, rotating: isRotating, outdated }
}
