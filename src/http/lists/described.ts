/** What the description of the API says of the Secret Lists API, whose routes check what they get by hand. */
import type { FastifyContextConfig, FastifySchema } from 'fastify'
import { Type } from 'typebox'
import type { Given } from '../components.ts'

const tags = ['Secret Lists']

const List = Type.Object({ id: Type.Integer({ minimum: 1 }), name: Type.String() }, { title: 'SecretList' })
const Value = Type.Object(
  {
    id: Type.Integer({ minimum: 1 }),
    secret_list_id: Type.Integer({ minimum: 1 }),
    secret_key: Type.String(),
    secret_value: Type.String({ description: 'of a file, in base64' }),
  },
  { title: 'SecretListValue' },
)

const list = Type.String({ minLength: 1, description: 'the id of a list, or its name', examples: ['default'] })
const value = Type.String({ minLength: 1, description: 'the id of a value, or its key', examples: ['db-password'] })
const ofList = Type.Object({ list })
const ofValue = Type.Object({ list, value })

const ListFields = (isOptional: boolean) => {
  const name = Type.String({ minLength: 1, maxLength: 128 })
  return isOptional
    ? Type.Object({ name: Type.Optional(name) }, { title: 'NewSecretList', examples: [{ name: 'shop' }] })
    : Type.Object({ name }, { title: 'SecretListName', examples: [{ name: 'office' }] })
}
const fields = { secret_key: Type.String(), secret_value: Type.String() }
const NewValue = Type.Object(fields, {
  title: 'NewSecretListValue',
  examples: [{ secret_key: 'smtp-password', secret_value: 's3cur3-p4ssw0rd' }],
})
const ValueChange = Type.Partial(Type.Object(fields), {
  title: 'SecretListValueChange',
  examples: [{ secret_value: 'new-s3cur3-p4ssw0rd' }],
})

/** Clients send forms, the vendor's documents show JSON. */
const consumes = ['application/json', 'application/x-www-form-urlencoded']

function envelope(data: Type.TSchema) {
  return Type.Object({
    result: Type.Literal('success'),
    message: Type.Null(),
    code: Type.Integer({ description: '200' }),
    data,
  })
}

interface More {
  readonly description?: string
  readonly params?: Type.TSchema
  readonly body?: Type.TSchema
  readonly gives?: readonly Given[]
}

function one(operationId: string, summary: string, data: Type.TSchema, more: More = {}): FastifySchema {
  const { body, ...others } = more
  return {
    ...{ tags, operationId, summary, ...others, response: { 200: envelope(data) } },
    ...(body === undefined ? {} : { body, consumes }),
  }
}

const stale = ['Strongroom-Stale-Deployments'] as const

export const described = {
  listSecretLists: one('listSecretLists', 'List the secret lists', Type.Array(List)),
  createSecretList: one('createSecretList', 'Create a secret list', List, {
    description: 'Without a name, one is made.',
    body: ListFields(true),
  }),
  getSecretList: one('getSecretList', 'Read a secret list', List, { params: ofList }),
  renameSecretList: one('renameSecretList', 'Rename a secret list', List, { params: ofList, body: ListFields(false) }),
  deleteSecretList: one('deleteSecretList', 'Delete a secret list and its values', Type.Null(), {
    params: ofList,
    gives: stale,
  }),
  listAllSecretValues: one('listAllSecretValues', 'Read the values of every list', Type.Array(Value)),
  listSecretListValues: one('listSecretListValues', 'Read the values of a list', Type.Array(Value), { params: ofList }),
  getSecretListValue: one('getSecretListValue', 'Read a value of a list', Value, {
    params: ofValue,
    gives: ['Strongroom-Expired'],
  }),
  createSecretListValue: one('createSecretListValue', 'Create a value in a list', Value, {
    params: ofList,
    body: NewValue,
  }),
  updateSecretListValue: one('updateSecretListValue', 'Change a value of a list', Value, {
    description: 'What is left out stays as it is.',
    params: ofValue,
    body: ValueChange,
    gives: stale,
  }),
  deleteSecretListValue: one('deleteSecretListValue', 'Delete a value of a list', Type.Null(), {
    params: ofValue,
    gives: stale,
  }),
  listLocations: one('listLocations', 'List no locations', Type.Array(Type.Unknown()), {
    description: "For the vendor's Terraform provider, which asks for them when it is configured.",
  }),
} as const

/** @param isShown whether it is described here: the same routes stand at the root too */
export function called(
  isShown: boolean,
  schema: FastifySchema,
): { schema: FastifySchema; config: FastifyContextConfig } {
  const config = {
    // Clients ask for all sorts of types, and read JSON.
    isAcceptIgnored: true,
    problems: 'envelope' as const,
    // As an empty form is: HTTP libraries name a type for a body that they then leave empty.
    ...(schema.body === undefined ? {} : { isBodyOptional: true }),
    ...(isShown ? { described: schema } : {}),
  }
  return { schema: { hide: true }, config }
}
