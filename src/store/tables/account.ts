/** Accounts and their keys. */
import type { Account, AccountKey } from '../../model/account.ts'
import { fact, index, plainly } from '../rows.ts'
import { bytes, constant, integer, mac, text, words } from './field.ts'
import { openTable, sealedTable } from './table.ts'

const trail = 'moves with every record; the chain and its signed checkpoints cover it'
const networks = { by: '0012-networks', value: '' }

export const accounts = sealedTable<Account>()({
  name: 'accounts',
  key: ['id'],
  unique: [['name']],
  holdsKeys: false,
  writing: plainly,
  called: ({ id, name }) => ({ kind: 'account', id, uid: null, name }),
  whenMissing: 'the account is gone, with all that is in it; `audit verify` with a checkpoint finds it',
  fields: {
    id: integer('id'),
    name: text('name', constant),
    createdAt: integer('created_ms', constant),
    nextSecretId: integer('next_secret_id'),
    nextKeyId: integer('next_key_id'),
    nextListId: integer('next_list_id'),
    nextMachineId: integer('next_machine_id'),
    nextUserId: integer('next_user_id'),
    nextDeploymentId: integer('next_deployment_id'),
    nextSeedId: integer('next_seed_id'),
    nextTrustRuleId: integer('next_trust_rule_id'),
    auditSize: integer('audit_size', { uncovered: trail }),
    auditHead: bytes('audit_head', { uncovered: trail }),
    auditAt: integer('audit_ms', { uncovered: trail }),
    mac: mac({ added: { by: '0010-row-macs', value: new Uint8Array() } }),
    networks: words('networks', { added: networks }),
    machineNetworks: words('machine_networks', { added: networks }),
    nextEnvironmentId: integer('next_environment_id', { added: { by: '0025-environments', value: 2 } }),
    nextDeletedId: integer('next_deleted_id', { added: { by: '0028-recovery', value: 1 } }),
    nextWebhookId: integer('next_webhook_id', { added: { by: '0029-webhooks', value: 1 } }),
  },
})

export const accountKeys = openTable<AccountKey>()({
  name: 'account_keys',
  key: ['accountId', 'version'],
  unique: [],
  holdsKeys: true,
  writing: plainly,
  unsealed: 'sealed, and bound to account, version and guard; `uses` only counts when a key is to be replaced',
  fields: {
    accountId: integer('account_id'),
    version: integer('version'),
    wrapped: bytes('wrapped'),
    uses: integer('uses'),
    guard: text('guard', { added: { by: '0035-customer-keys', value: '' } }),
  },
})

export const newestAccountKeys = index(accountKeys, 'accountId')

/** Versions of account keys that still wrap secret keys, of the accounts where one is to be dropped. */
export const accountKeysInUse = fact<readonly [accountId: number], Set<number>>('account keys in use')
