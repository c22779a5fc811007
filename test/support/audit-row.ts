/** A row of the audit trail, as the databases hold it. */
import type { Value } from '../../src/store/tables/field.ts'

export interface AuditRow {
  readonly [column: string]: Value
  readonly account_id: number
  readonly seq: number
  readonly ms: number
  readonly principal_kind: string
  readonly principal_id: number
  readonly principal_name: string
  readonly action: string
  readonly object_kind: string | null
  readonly object_id: number | null
  readonly object_uid: string | null
  readonly object_name: string | null
  readonly object_version: number | null
  readonly object_hash: string | null
  readonly outcome: string
  readonly request_id: string
  readonly address: string
  readonly head: Uint8Array
}
