/** Every table of a store, in an order in which every row comes after those that it refers to. `migrations` is the schema's own. */
import { accountKeys, accounts } from './account.ts'
import { apiKeys } from './api-key.ts'
import { auditIndex } from './audit-index.ts'
import { auditSegments } from './audit-segment.ts'
import { customerKeys } from './customer-key.ts'
import { deleted } from './deleted.ts'
import { deploymentSecrets, deployments } from './deployment.ts'
import { environments } from './environment.ts'
import { factors, spent } from './factor.ts'
import { leases } from './lease.ts'
import { lists } from './list.ts'
import { logins } from './login.ts'
import { accountSettings, machineAddresses, machines } from './machine.ts'
import { meta } from './meta.ts'
import { audit } from './record.ts'
import { replies } from './reply.ts'
import { secretKeys, secrets, versions } from './secret.ts'
import { seeds } from './seed.ts'
import { attempts, signInRules } from './sign-in.ts'
import { auditSinks } from './sink.ts'
import type { Table } from './table.ts'
import { trustRules, usedTokens } from './trust-rule.ts'
import { users } from './user.ts'
import { deliveries, webhookPositions, webhooks } from './webhook.ts'
import { wrappings } from './wrapping.ts'

/** Those whose rows have MACs. */
export const sealedTables = {
  accounts,
  account_settings: accountSettings,
  api_keys: apiKeys,
  users,
  factors,
  sign_in_rules: signInRules,
  environments,
  lists,
  secrets,
  versions,
  deleted,
  machines,
  deployments,
  seeds,
  trust_rules: trustRules,
  webhooks,
  logins,
  wrappings,
  replies,
  audit_index: auditIndex,
  audit_segments: auditSegments,
  customer_keys: customerKeys,
}

export const tables: readonly Table[] = [
  meta,
  accounts,
  accountKeys,
  accountSettings,
  apiKeys,
  users,
  factors,
  spent,
  signInRules,
  attempts,
  environments,
  lists,
  secrets,
  secretKeys,
  versions,
  deleted,
  machines,
  machineAddresses,
  deployments,
  deploymentSecrets,
  seeds,
  trustRules,
  usedTokens,
  webhooks,
  webhookPositions,
  deliveries,
  logins,
  wrappings,
  replies,
  leases,
  auditSinks,
  auditIndex,
  auditSegments,
  customerKeys,
  audit,
]
