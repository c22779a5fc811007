/** Rows as the parameters of a statement: the columns of each table, and the values of one row, in the tables' order. */
import type { Account, AccountKey } from '../../model/account.ts'
import type { ApiKey } from '../../model/api-key.ts'
import type { List } from '../../model/list.ts'
import type { Machine } from '../../model/machine.ts'
import { makerValues } from '../maker-rows.ts'
import type { StoredSecret } from '../stored.ts'
import type { NewVersion } from '../world.ts'

export type Column = 'bigint' | 'text' | 'bytea'

const columns = (text: string) => text.split(' ') as readonly Column[]

export const accountColumns = columns(
  'bigint text bigint bigint bigint bigint bytea bigint bigint bigint bigint bigint bigint bigint bytea text text',
)
export const accountKeyColumns = columns('bigint bigint bytea bigint')
export const keyColumns = columns(
  'bigint bigint text text text text text bigint bigint bigint bigint bytea bigint bigint text bigint text bigint text bigint',
)
export const listColumns = columns('bigint bigint text text bigint bigint bytea')
export const secretColumns = columns(
  'bigint bigint text text bigint bigint bigint bytea bigint text text text text bigint',
)
export const secretKeyColumns = columns('bigint bigint bigint bytea')
export const versionColumns = columns('bigint bigint bigint bigint bytea text bytea')
export const machineColumns = columns('bigint bigint text text text text bigint bytea text bigint text')
export const userColumns = columns(
  'bigint bigint text text text text text text bigint text bigint bigint bigint bytea bigint text bigint',
)
export const factorColumns = columns('bigint bigint text bigint text text text text bigint bigint bytea')
export const spentColumns = columns('bigint text bigint')
export const rulesColumns = columns('bigint bigint text bytea')
export const deploymentColumns = columns('bigint bigint text text bigint text bigint bigint bytea')
export const heldColumns = columns('bigint bigint bigint text text bigint')
export const seedColumns = columns(
  'bigint bigint text text text bytea text text bigint text bigint bigint bigint text bigint bigint bytea bigint bigint',
)
export const trustRuleColumns = columns(
  'bigint bigint text text text text text text text bigint bigint text text bigint bigint bytea text bigint text',
)
export const usedTokenColumns = columns('bigint bigint text bigint')
export const auditColumns = columns(
  'bigint bigint bigint text bigint text text text bigint text text bigint text text text text bytea',
)

export function accountValues(account: Account): unknown[] {
  const { id, name, createdAt, nextSecretId, nextKeyId, nextListId, nextMachineId, nextUserId } = account
  const { auditSize, auditHead, auditAt, mac, nextDeploymentId, nextSeedId, nextTrustRuleId } = account
  const counters = [nextListId, nextMachineId, nextUserId, nextDeploymentId, nextSeedId, nextTrustRuleId]
  const networks = [account.networks.join(' '), account.machineNetworks.join(' ')]
  return [id, name, createdAt, nextSecretId, nextKeyId, auditSize, auditHead, auditAt, ...counters, mac, ...networks]
}

export function accountKeyValues({ accountId, version, wrapped, uses }: AccountKey): unknown[] {
  return [accountId, version, wrapped, uses]
}

export function listValues({ accountId, id, uid, name, createdAt, updatedAt, mac }: List): unknown[] {
  return [accountId, id, uid, name, createdAt, updatedAt, mac]
}

export function machineValues(machine: Machine): unknown[] {
  const { accountId, id, uid, name, addresses, scopes, createdAt, mac } = machine
  return [
    accountId,
    id,
    uid,
    name,
    addresses.join(' '),
    scopes.join(' '),
    createdAt,
    mac,
    ...makerValues(machine.maker),
  ]
}

export function secretValues({ secret }: StoredSecret): unknown[] {
  const { accountId, id, uid, name, version, createdAt, updatedAt, mac } = secret
  const { listId, type, filename, description, tags, expiresAt } = secret
  const details = [listId, type, filename, description, tags.join(' '), expiresAt]
  return [accountId, id, uid, name, version, createdAt, updatedAt, mac, ...details]
}

export function secretKeyValues({ secret, key }: StoredSecret): unknown[] {
  return [secret.accountId, secret.id, key.keyVersion, key.wrapped]
}

export function versionValues({ accountId, secretId, version, createdAt, sealed, name, mac }: NewVersion): unknown[] {
  return [accountId, secretId, version, createdAt, sealed, name, mac]
}

export function keyValues(key: ApiKey): unknown[] {
  const { accountId, id, uid, name, tokenHash, createdAt, expiresAt, revokedAt, lastUsedAt, mac } = key
  const [scopes, networks] = [key.scopes.join(' '), key.networks.join(' ')]
  const times = [createdAt, expiresAt, revokedAt, lastUsedAt]
  const session = [key.userId, key.confirmedAt, key.agent, key.ruleId]
  const made = [...makerValues(key.maker), key.isOwner ? 1 : 0]
  return [accountId, id, uid, name, tokenHash, scopes, networks, ...times, mac, ...session, ...made]
}

/** Rows as a table of a statement, from one array for each column. */
export function unnest(columns: readonly Column[]): string {
  return `unnest(${columns.map((type, at) => `$${at + 1}::${type}[]`).join(', ')})`
}

/** The named members of every row, as one array each. */
export function columnsOf<Row>(rowsOf: readonly Row[], ...names: (keyof Row)[]): unknown[] {
  return names.map((name) => rowsOf.map((row) => row[name]))
}
