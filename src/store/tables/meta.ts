/** What is kept of the store itself: its id, and its keyring under the root key. */
import { plainly } from '../rows.ts'
import { bytes, text } from './field.ts'
import { openTable } from './table.ts'

export interface Meta {
  readonly name: string
  readonly value: Uint8Array
}

export const meta = openTable<Meta>()({
  name: 'meta',
  key: ['name'],
  unique: [],
  holdsKeys: true,
  writing: plainly,
  unsealed: 'keys sealed under the root key, and the store id that they are bound to: with another, nothing opens',
  fields: {
    name: text('name'),
    value: bytes('value'),
  },
})
