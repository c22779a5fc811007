/**
 * What was deleted and is kept for a while: rows that have left their tables, so that nothing which asks those finds them. A
 * secret's key and its versions stay in theirs, where only the row leads to them.
 */
import type { Deleted, KeptRow } from '../../model/deleted.ts'
import { fact, index, plainly, whole } from '../rows.ts'
import type { StoredDeleted } from '../stored.ts'
import type { TableOf } from './described.ts'
import { constant, integer, integerOrNull, json, mac, type NamedRow, principal, text, textOrNull } from './field.ts'
import { keyOfSecret } from './secret.ts'
import { sealedTable } from './table.ts'

export const deleted = sealedTable<Deleted>()({
  name: 'deleted',
  key: ['accountId', 'id'],
  unique: [['accountId', 'kind', 'thingId']],
  holdsKeys: false,
  since: '0028-recovery',
  writing: plainly,
  called: ({ id, uid, name }) => ({ kind: 'deleted', id, uid, name }),
  whenMissing: 'what was deleted can no longer be restored',
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    kind: text('kind', constant),
    thingId: integer('thing_id', constant),
    uid: text('uid', constant),
    name: text('name', constant),
    environmentId: integer('environment_id', constant),
    version: integerOrNull('version', constant),
    withId: integerOrNull('with_id', constant),
    deletedAt: integer('deleted_ms', constant),
    deleter: principal('deleter', constant),
    state: text('state'),
    row: json<KeptRow>('was', { ...constant, fallback: {}, cover: (row) => JSON.stringify(row) }),
    hash: textOrNull('value_hash', constant),
    newName: textOrNull('new_name'),
    mac: mac(),
  },
})

export const storedDeleted = whole<StoredDeleted>()(deleted, ({ deleted: row }) => row, plainly)

export const deletedByThing = index(storedDeleted, 'accountId', 'kind', 'thingId')

/** The ids of the deletions of what was in something: a few more than go in one part. */
export const deletedContents = fact<readonly [accountId: number, id: number], readonly number[]>('deleted contents')

/** By a row of `deleted`, of a secret's key and of its value. */
export function toStoredDeleted(row: NamedRow): StoredDeleted {
  const { keyVersion, wrapped } = keyOfSecret.read(row)
  return {
    deleted: deleted.read(row),
    key: { keyVersion: Number(keyVersion), wrapped: bytesOf(wrapped) },
    sealed: bytesOf(row['sealed']),
  }
}

function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array()
}

/** Whether it is a secret whose current value had been destroyed. */
export function isValueless({ kind, row }: Pick<Deleted, 'kind' | 'row'>): boolean {
  return kind === 'secret' && (row['destroyed_ms'] ?? null) !== null
}

/** The columns of a row but for its MAC: none of those that are kept has other bytes. */
export function keptRow<Model extends { readonly mac: Uint8Array }>(table: TableOf<Model>, model: Model): KeptRow {
  const values = table.write(model)
  const named = Object.keys(table.columns).map((name, at) => [name, values[at] ?? null] as const)
  return Object.fromEntries(named.filter((one): one is readonly [string, string | number | null] => isPlain(one[1])))
}

function isPlain(value: unknown): value is string | number | null {
  return !(value instanceof Uint8Array)
}

/** What was kept, as a row of its table: what is younger than the deletion is as in older rows. */
export function rowOf<Model>(table: TableOf<Model>, { row }: Deleted): Omit<Model, 'mac'> {
  const older = Object.entries(table.added).map(([name, { value }]) => [name, value] as const)
  return table.read({ ...Object.fromEntries(older), ...row, mac: new Uint8Array() })
}
