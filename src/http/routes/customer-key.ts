/** `/v3/account/customer-key`: the provider that an account keeps its key with. */
import { Type } from 'typebox'
import { Refusal } from '../../errors.ts'
import { type CustomerKey, closedReasons } from '../../model/customer-key.ts'
import { readCustomerKey, removeCustomerKey, setCustomerKey } from '../../vault/customer-keys.ts'
import { askerOf } from '../asker.ts'
import { defineRoute, json, noBody, noParams, type Route } from '../route.ts'
import { formatTime, Message, NoQuery, Time } from '../schema.ts'

const path = '/v3/account/customer-key'
const Provider = Type.String({
  maxLength: 2048,
  description: 'transit:https://host/mount/name, or awskms:key?region=name',
  'x-about': 'Where the key is. Nothing secret is in it.',
})
const Part = (what: string) => Type.Optional(Type.String({ maxLength: 8192, description: 'a text', 'x-about': what }))
const New = Type.Object(
  {
    provider: Provider,
    credentials: Type.Optional(
      Type.Object(
        {
          token: Part('Of OpenBao or Vault.'),
          role_id: Part('Of an AppRole of OpenBao or Vault.'),
          secret_id: Part('Of the AppRole.'),
          access_key_id: Part('Of AWS.'),
          secret_access_key: Part('Of AWS.'),
        },
        {
          additionalProperties: false,
          description: 'an object with token, with role_id and secret_id, or with access_key_id and secret_access_key',
          'x-about':
            'What the server shows the provider. It is never answered again. Left out, what the same provider is shown already stays.',
        },
      ),
    ),
  },
  {
    additionalProperties: false,
    title: 'NewCustomerKey',
    description: 'a JSON object',
    examples: [{ provider: 'transit:https://bao.example.com/transit/strongroom', credentials: { token: 's.example' } }],
  },
)
const Shown = Type.Object(
  {
    provider: Provider,
    open: Type.Boolean({ description: 'Whether the account’s values open.' }),
    closed_at: Type.Union([Time, Type.Null()], { description: 'Since when they do not, or null.' }),
    closed_for: Type.Union([Type.String({ enum: [...closedReasons] }), Type.Null()], {
      description:
        'Why: the provider cannot be reached (`away`), refuses (`denied`), or opens to something else than was wrapped (`wrong`); or null.',
    }),
    created_at: Time,
  },
  { title: 'CustomerKey', description: 'The provider that an account keeps its key with.' },
)

export const customerKeyRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    path,
    operationId: 'getCustomerKey',
    tag: 'Account',
    summary: 'Which provider the account keeps its key with',
    description: '404 where there is none: the key of the account is then under the operator’s keys alone.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: { params: noParams, query: NoQuery, body: noBody, answers: { 200: Shown }, refusals: [404] },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const found = await readCustomerKey(vault, askerOf(request))
        if (found === null) throw new Refusal('not_found', 'This account has no key of its own.')
        return shown(found)
      },
  }),

  defineRoute({
    method: 'PUT',
    path,
    operationId: 'setCustomerKey',
    tag: 'Account',
    summary: 'Keep the key of the account with a provider',
    description:
      'From then on the account’s values open while the provider opens their key, and no longer than a minute after it stopped to: they are then refused with `account_key_unavailable`. Set anew, another provider takes its place, or other credentials. Values are not touched. For owners, and API keys that may do everything.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: json(New),
      answers: { 200: Shown },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        const { provider, credentials } = request.body
        return shown(await setCustomerKey(vault, askerOf(request), { provider, credentials: given(credentials) }))
      },
  }),

  defineRoute({
    method: 'DELETE',
    path,
    operationId: 'removeCustomerKey',
    tag: 'Account',
    summary: 'Keep the key of the account with the operator alone',
    description: 'While the provider opens it, as no one else can. For owners, and API keys that may do everything.',
    scope: 'account:manage',
    repeat: 'safe',
    schemas: {
      params: noParams,
      query: NoQuery,
      body: noBody,
      answers: { 200: Message },
      refusals: [],
    },
    headers: { takes: [], gives: [] },
    use:
      ({ vault }) =>
      async (request) => {
        await removeCustomerKey(vault, askerOf(request))
        return { message: 'Key of the account removed from its provider' }
      },
  }),
]

/** Those that were sent. */
function given(credentials: Readonly<Record<string, string | undefined>> | undefined) {
  if (credentials === undefined) return undefined
  return Object.fromEntries(
    Object.entries(credentials).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  )
}

function shown({ provider, closedAt, closedFor, createdAt }: CustomerKey) {
  return {
    provider,
    open: closedFor === null,
    closed_at: closedAt === null ? null : formatTime(closedAt),
    closed_for: closedFor,
    created_at: formatTime(createdAt),
  }
}
