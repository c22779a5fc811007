/** Rows as both databases give them (columns in snake case, whole numbers as numbers) and what they mean. */
import type { Action, AuditObject } from '../audit/record.ts'
import type { StoredRecord } from '../audit/verify.ts'
import type { Account } from '../model/account.ts'
import type { List } from '../model/list.ts'
import type { AccountSettings, Machine } from '../model/machine.ts'
import type { Principal } from '../model/principal.ts'
import type { Secret } from '../model/secret.ts'
import type { AccountKeyRow } from './account-key-rows.ts'
import type { DeploymentTables } from './deployment-rows.ts'
import { type ApiKeyRow, words } from './key-rows.ts'
import { type MakerRow, toMaker } from './maker-rows.ts'
import type { Reply, SecretHead, VersionRowHead } from './reply.ts'
import type { RecordCount } from './store.ts'
import type { StoredSecret } from './stored.ts'
import type { TrustTables } from './trust-rows.ts'
import type { UserTables } from './user-rows.ts'
import type { Claim } from './world.ts'

export { type ApiKeyRow, toApiKey } from './key-rows.ts'
export { makerValues } from './maker-rows.ts'
export type { Reply, VersionRowHead }

export interface AccountRow {
  id: number
  name: string
  created_ms: number
  next_secret_id: number
  next_key_id: number
  audit_size: number
  audit_head: Uint8Array
  audit_ms: number
  next_list_id: number
  next_machine_id: number
  next_user_id: number
  next_deployment_id: number
  next_seed_id: number
  next_trust_rule_id: number
  mac: Uint8Array
  networks: string
  machine_networks: string
}

export interface SecretRow {
  account_id: number
  id: number
  uid: string
  name: string
  version: number
  created_ms: number
  updated_ms: number
  mac: Uint8Array
  list_id: number
  type: string
  filename: string | null
  description: string
  tags: string
  expires_ms: number | null
}

export interface ListRow {
  account_id: number
  id: number
  uid: string
  name: string
  created_ms: number
  updated_ms: number
  mac: Uint8Array
}

export interface MachineRow extends MakerRow {
  account_id: number
  id: number
  uid: string
  name: string
  addresses: string
  scopes: string
  created_ms: number
  mac: Uint8Array
}

export interface SettingsRow {
  account_id: number
  vm_auth: number
  mac: Uint8Array
}

export interface ClaimRow {
  first: string
  last: string
  account_id: number
  machine_id: number
}

export interface StoredSecretRow extends SecretRow {
  /** Nothing where the row of the key, or of the value, is missing. */
  key_version: number | null
  wrapped: Uint8Array | null
  sealed: Uint8Array | null
}

export interface SecretKeyRow {
  account_id: number
  secret_id: number
  key_version: number
  wrapped: Uint8Array
}

export interface VersionHeadRow {
  account_id: number
  secret_id: number
  version: number
  created_ms: number
  /** The name that it was sealed under. */
  name: string
  mac: Uint8Array
}

export interface VersionRow extends VersionHeadRow {
  sealed: Uint8Array
}

export interface ReplyRow {
  account_id: number
  key_id: number
  hash: string
  fingerprint: string
  secret: string
  created_ms: number
  mac: Uint8Array
}

export interface AuditRow {
  account_id: number
  seq: number
  ms: number
  principal_kind: string
  principal_id: number
  principal_name: string
  action: string
  object_kind: string | null
  object_id: number | null
  object_uid: string | null
  object_name: string | null
  object_version: number | null
  object_hash: string | null
  outcome: string
  request_id: string
  address: string
  head: Uint8Array
}

/** Records of one kind, counted. */
export interface CountRow extends Pick<AuditRow, 'principal_kind' | 'principal_id' | 'principal_name' | 'action'> {
  readonly start: number
  readonly is_ok: number
  readonly name: string | null
  readonly count: number
}

/** The tables, for the queries that are built (`queries.ts`). */
export interface Tables extends DeploymentTables, TrustTables, UserTables {
  meta: { name: string; value: Uint8Array }
  accounts: AccountRow
  account_keys: AccountKeyRow
  api_keys: ApiKeyRow
  secrets: SecretRow
  secret_keys: SecretKeyRow
  lists: ListRow
  versions: VersionRow
  machines: MachineRow
  account_settings: SettingsRow
  machine_addresses: ClaimRow
  replies: ReplyRow
  audit: AuditRow
  attempts: { name: string; until_ms: number; count: number }
}

export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    name: row.name,
    createdAt: row.created_ms,
    nextSecretId: row.next_secret_id,
    nextKeyId: row.next_key_id,
    nextListId: row.next_list_id,
    nextMachineId: row.next_machine_id,
    nextUserId: row.next_user_id,
    nextDeploymentId: row.next_deployment_id,
    nextSeedId: row.next_seed_id,
    nextTrustRuleId: row.next_trust_rule_id,
    auditSize: row.audit_size,
    auditHead: row.audit_head,
    auditAt: row.audit_ms,
    networks: words(row.networks),
    machineNetworks: words(row.machine_networks),
    mac: row.mac,
  }
}

export function toSecret(row: SecretRow): Secret {
  return {
    accountId: row.account_id,
    id: row.id,
    uid: row.uid,
    name: row.name,
    version: row.version,
    createdAt: row.created_ms,
    updatedAt: row.updated_ms,
    listId: row.list_id,
    type: row.type as Secret['type'],
    filename: row.filename,
    description: row.description,
    tags: words(row.tags),
    expiresAt: row.expires_ms,
    mac: row.mac,
  }
}

export function toMachine(row: MachineRow): Machine {
  return {
    accountId: row.account_id,
    id: row.id,
    uid: row.uid,
    name: row.name,
    addresses: words(row.addresses),
    scopes: words(row.scopes),
    createdAt: row.created_ms,
    maker: toMaker(row),
    mac: row.mac,
  }
}

export function toSettings(row: SettingsRow): AccountSettings {
  return { accountId: row.account_id, vmAuth: row.vm_auth === 1, mac: row.mac }
}

export function toClaim({ first, last, account_id, machine_id }: ClaimRow): Claim {
  return { first, last, accountId: account_id, machineId: machine_id }
}

export function toList(row: ListRow): List {
  return {
    accountId: row.account_id,
    id: row.id,
    uid: row.uid,
    name: row.name,
    createdAt: row.created_ms,
    updatedAt: row.updated_ms,
    mac: row.mac,
  }
}

export function toStoredSecret(row: StoredSecretRow): StoredSecret {
  const { key_version: keyVersion, wrapped, sealed } = row
  return {
    secret: toSecret(row),
    key: { keyVersion: keyVersion ?? 0, wrapped: wrapped ?? new Uint8Array() },
    sealed: sealed ?? new Uint8Array(),
  }
}

export function toVersionHead(row: VersionHeadRow): VersionRowHead {
  const { account_id: accountId, secret_id: secretId, version, created_ms: createdAt, name, mac } = row
  return { accountId, secretId, version, createdAt, name, mac }
}

export function toReply(row: ReplyRow): Reply {
  return {
    accountId: row.account_id,
    keyId: row.key_id,
    hash: row.hash,
    fingerprint: row.fingerprint,
    secret: toHead(row.secret),
    createdAt: row.created_ms,
    mac: row.mac,
  }
}

/** What is no JSON is no answer of ours: the row's MAC then does not hold, and its neighbours in a batch do. */
function toHead(text: string): SecretHead {
  try {
    return JSON.parse(text) as SecretHead
  } catch {
    return { id: 0, name: '', version: 0, createdAt: 0, updatedAt: 0, listId: 0 }
  }
}

/** The words of a tampered row are taken as they are: the chain tells that they are not what was written. */
export function toRecordCount(row: CountRow): RecordCount {
  const { start, action, is_ok: isOk, principal_kind: kind, principal_id: id, name, count } = row
  const principal = { kind: kind as Principal['kind'], id, name: row.principal_name }
  return { start, action: action as Action, isOk: isOk === 1, principal, name, count }
}

export function toStoredRecord(row: AuditRow): StoredRecord {
  return {
    record: {
      accountId: row.account_id,
      seq: row.seq,
      time: row.ms,
      principal: { kind: row.principal_kind as Principal['kind'], id: row.principal_id, name: row.principal_name },
      action: row.action as Action,
      object:
        row.object_kind === null
          ? null
          : {
              kind: row.object_kind as AuditObject['kind'],
              id: row.object_id,
              uid: row.object_uid,
              name: row.object_name,
              version: row.object_version,
              hash: row.object_hash,
            },
      outcome: row.outcome,
      requestId: row.request_id,
      address: row.address,
    },
    head: row.head,
  }
}

/** A record's row: its values in the order of the table's columns. */
export function recordValues({ record, head }: StoredRecord): (string | number | Uint8Array | null)[] {
  const { principal, object } = record
  return [
    record.accountId,
    record.seq,
    record.time,
    principal.kind,
    principal.id,
    principal.name,
    record.action,
    object?.kind ?? null,
    object?.id ?? null,
    object?.uid ?? null,
    object?.name ?? null,
    object?.version ?? null,
    object?.hash ?? null,
    record.outcome,
    record.requestId,
    record.address,
    head,
  ]
}
