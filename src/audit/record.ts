/**
 * One audit record and its canonical bytes, which the chain hashes and an export prints.
 *
 * The bytes are a JSON object in the canonical form of RFC 8785: members sorted by name, no blanks, only strings,
 * safe integers and null. A record is built from typed fields alone, never from a request; it cannot hold a value.
 */
import type { Principal } from '../model/principal.ts'

export type Action =
  | 'authenticate'
  | 'secret.list'
  | 'secret.read'
  | 'secret.create'
  | 'secret.update'
  | 'secret.delete'
  | 'metadata.read'
  | 'metadata.update'
  | 'secret.move'
  | 'list.list'
  | 'list.read'
  | 'list.values'
  | 'list.create'
  | 'list.rename'
  | 'list.delete'
  | 'render'
  | 'deployment.list'
  | 'deployment.delete'
  | 'seed.create'
  | 'seed.list'
  | 'seed.read'
  | 'seed.delete'
  | 'seed.fetch'
  | 'seed.return'
  | 'version.list'
  | 'version.read'
  | 'version.restore'
  | 'machine.list'
  | 'machine.read'
  | 'machine.create'
  | 'machine.delete'
  | 'settings.read'
  | 'settings.update'
  | 'user.list'
  | 'user.read'
  | 'user.create'
  | 'user.update'
  | 'user.delete'
  | 'user.accept'
  | 'session.open'
  | 'session.read'
  | 'session.confirm'
  | 'session.end'
  | 'key.list'
  | 'key.read'
  | 'key.create'
  | 'key.rotate'
  | 'key.revoke'
  | 'audit.read'
  | 'audit.verify'
  | 'account.read'
  | 'account.create'
  | 'account.rotate_key'
  | 'account.drop_key'
  | 'account.rewrap_key'
  | 'master_key.add'
  | 'root_key.add'
  | 'root_key.drop'
  | 'store.backup'
  | 'store.restore'
  | 'store.migrate'

export const actions: readonly Action[] = [
  'authenticate',
  'secret.list',
  'secret.read',
  'secret.create',
  'secret.update',
  'secret.delete',
  'metadata.read',
  'metadata.update',
  'secret.move',
  'list.list',
  'list.read',
  'list.values',
  'list.create',
  'list.rename',
  'list.delete',
  'render',
  'deployment.list',
  'deployment.delete',
  'seed.create',
  'seed.list',
  'seed.read',
  'seed.delete',
  'seed.fetch',
  'seed.return',
  'version.list',
  'version.read',
  'version.restore',
  'machine.list',
  'machine.read',
  'machine.create',
  'machine.delete',
  'settings.read',
  'settings.update',
  'user.list',
  'user.read',
  'user.create',
  'user.update',
  'user.delete',
  'user.accept',
  'session.open',
  'session.read',
  'session.confirm',
  'session.end',
  'key.list',
  'key.read',
  'key.create',
  'key.rotate',
  'key.revoke',
  'audit.read',
  'audit.verify',
  'account.read',
  'account.create',
  'account.rotate_key',
  'account.drop_key',
  'account.rewrap_key',
  'master_key.add',
  'root_key.add',
  'root_key.drop',
  'store.backup',
  'store.restore',
  'store.migrate',
]

/** What was acted on. Absent parts were not known: a refused read of an unknown id has an id alone. */
export interface AuditObject {
  readonly kind: 'secret' | 'list' | 'machine' | 'settings' | 'target' | 'seed' | 'key' | 'user' | 'session' | 'account'
  readonly id: number | null
  readonly uid: string | null
  readonly name: string | null
  readonly version: number | null
  /**
   * SHA-256, hexadecimal: of a secret's sealed value; of the row MAC of an API key, a machine, a seed or
   * settings; of what a target holds; with
   * `metadata.update` of the details, with `secret.move` of the list's uid.
   */
  readonly hash: string | null
}

export interface AuditRecord {
  readonly accountId: number
  /** From 1, without gaps, in its account. */
  readonly seq: number
  /** Milliseconds since 1970; never less than the record before it. */
  readonly time: number
  readonly principal: Principal
  readonly action: Action
  readonly object: AuditObject | null
  /** `ok`, `replayed`, or the code of the refusal. */
  readonly outcome: string
  readonly requestId: string
  readonly address: string
}

/** The record's canonical text. Members are in the order of their names: keep it so. */
export function encodeRecord(record: AuditRecord): string {
  const object = record.object
  return JSON.stringify({
    account_id: record.accountId,
    action: record.action,
    address: record.address,
    object:
      object === null
        ? null
        : {
            hash: object.hash,
            id: object.id,
            kind: object.kind,
            name: object.name,
            uid: object.uid,
            version: object.version,
          },
    outcome: record.outcome,
    principal: { id: record.principal.id, kind: record.principal.kind, name: record.principal.name },
    request_id: record.requestId,
    seq: record.seq,
    time: new Date(record.time).toISOString(),
  })
}
