/** What the Secret Lists API takes and gives: described, and checked by hand, as its clients send what they like. */
import { Type } from 'typebox'

const Id = Type.Integer({ minimum: 1 })
export const List = Type.Object({ id: Id, name: Type.String() }, { title: 'SecretList' })
export const Value = Type.Object(
  {
    id: Id,
    secret_list_id: Id,
    secret_key: Type.String(),
    secret_value: Type.String({ description: 'of a file, in base64' }),
  },
  { title: 'SecretListValue' },
)

const list = Type.String({ minLength: 1, description: 'the id of a list, or its name', examples: ['default'] })
const value = Type.String({ minLength: 1, description: 'the id of a value, or its key', examples: ['db-password'] })
export const ListParams = Type.Object({ list })
export const ValueParams = Type.Object({ list, value })
/** Parameters of the query are not looked at. */
export const AnyQuery = Type.Object({})

export function envelope<Data extends Type.TSchema>(data: Data) {
  return Type.Object({
    result: Type.Literal('success'),
    message: Type.Null(),
    code: Type.Integer({ description: '200' }),
    data,
  })
}
