/** The audit trail: records, each with the head of its chain. */

import { type Aside, type AuditObject, type AuditRecord, namingActions } from '../../audit/record.ts'
import type { StoredRecord } from '../../audit/verify.ts'
import { fact, plainly } from '../rows.ts'
import {
  bytes,
  type Field,
  integer,
  integerOrNull,
  type NamedRow,
  principal,
  text,
  textOrNull,
  wordOrNull,
} from './field.ts'
import { openTable } from './table.ts'

/** A record, and what is beside its text: the head, and what it is besides to who manages the account. */
interface RecordRow extends AuditRecord {
  readonly head: Uint8Array
  readonly aside: Aside | null
}

export const audit = openTable<RecordRow>()({
  name: 'audit',
  key: ['accountId', 'seq'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  unsealed:
    'the chain covers them, and signed checkpoints; but for `aside`, which says of a record that it is of a decoy: whoever clears that keeps those who manage the account from being told, and not the record of the read',
  fields: {
    accountId: integer('account_id'),
    seq: integer('seq'),
    time: integer('ms'),
    principal: principal('principal'),
    action: text('action'),
    object: objectOrNull(),
    outcome: text('outcome'),
    requestId: text('request_id'),
    address: text('address'),
    head: bytes('head'),
    format: integer('format', { added: { by: '0016-record-formats', value: 1 } }),
    environmentId: integerOrNull('environment_id', { added: { by: '0025-environments', value: null } }),
    aside: wordOrNull('aside', { added: { by: '0030-decoys', value: null } }),
  },
})

/** What `changesNames` is of a row `t`. */
export const isChangeSql = `t.outcome = 'ok' and t.action in (${namingActions.map((one) => `'${one}'`).join(', ')})`

/** What those secrets are called, of which it is asked. */
export const changedNames = fact<readonly [accountId: number], readonly string[]>('changed names')

/** What a record is about, in a column for each of its parts. */
function objectOrNull(): Field<AuditObject | null> {
  const kind = textOrNull('object_kind')
  const id = integerOrNull('object_id')
  const uid = textOrNull('object_uid')
  const name = textOrNull('object_name')
  const version = integerOrNull('object_version')
  const hash = textOrNull('object_hash')
  return {
    columns: [kind, id, uid, name, version, hash].flatMap(({ columns }) => columns),
    isConstant: true,
    isPlain: false,
    cover: undefined,
    read: (row) => {
      // The words of a tampered row are taken as they are: the chain tells that they are not what was written.
      const of = kind.read(row) as AuditObject['kind'] | null
      if (of === null) return null
      return {
        kind: of,
        id: id.read(row),
        uid: uid.read(row),
        name: name.read(row),
        version: version.read(row),
        hash: hash.read(row),
      }
    },
    write: (object, to) => {
      kind.write(object?.kind ?? null, to)
      id.write(object?.id ?? null, to)
      uid.write(object?.uid ?? null, to)
      name.write(object?.name ?? null, to)
      version.write(object?.version ?? null, to)
      hash.write(object?.hash ?? null, to)
    },
  }
}

const record = audit.part(
  ...([
    'accountId',
    'seq',
    'time',
    'principal',
    'action',
    'object',
    'outcome',
    'requestId',
    'address',
    'format',
    'environmentId',
  ] as const),
)
const { read: readBeside } = audit.part('head', 'aside')

export function toStoredRecord(row: NamedRow): StoredRecord {
  const { head, aside } = readBeside(row)
  return aside === null ? { record: record.read(row), head } : { record: record.read(row), head, aside }
}
