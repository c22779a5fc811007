/** The versions of the schema, oldest first. A migration that has been released is never changed. */
import { Refusal } from '../../errors.ts'
import { foundation } from './0001-foundation.ts'
import { lists } from './0002-lists.ts'
import { machines } from './0003-machines.ts'
import { users } from './0004-users.ts'
import { deployments } from './0005-deployments.ts'
import { trustRules } from './0006-trust-rules.ts'
import { factors } from './0007-factors.ts'
import { keyUses } from './0009-key-uses.ts'
import { rowMacs } from './0010-row-macs.ts'
import { makers } from './0011-makers.ts'
import { networks } from './0012-networks.ts'
import { attempts } from './0013-attempts.ts'
import { seedRefetches } from './0014-seed-refetches.ts'
import { addressesWithinAccounts } from './0015-addresses-within-accounts.ts'
import { recordFormats } from './0016-record-formats.ts'
import { repliesToAll } from './0017-replies.ts'
import { seeking } from './0018-seeking.ts'
import { deletionInParts } from './0019-deletion-in-parts.ts'
import { ownersAndHolders } from './0020-owners-and-holders.ts'
import { chain } from './0021-chain.ts'
import { heldVersions } from './0022-held-versions.ts'
import { listings } from './0023-listings.ts'
import { logins } from './0024-logins.ts'
import { environmentsOfAccounts } from './0025-environments.ts'
import { leases } from './0026-leases.ts'
import { auditSinks } from './0027-audit-sinks.ts'
import { recovery } from './0028-recovery.ts'
import { webhooks } from './0029-webhooks.ts'
import { decoys } from './0030-decoys.ts'
import { auditIndex } from './0032-audit-index.ts'
import { archive } from './0033-archive.ts'
import { wrappings } from './0034-wrappings.ts'
import { customerKeys } from './0035-customer-keys.ts'
import { keyApis } from './0036-key-apis.ts'
import { destroyedVersions } from './0037-destroyed-versions.ts'
import { words } from './0038-words.ts'
import { sinkDoubts } from './0039-sink-doubts.ts'
import type { Migration } from './migration.ts'

export const migrations: readonly Migration[] = [
  foundation,
  lists,
  machines,
  users,
  deployments,
  trustRules,
  factors,
  keyUses,
  rowMacs,
  makers,
  networks,
  attempts,
  seedRefetches,
  addressesWithinAccounts,
  recordFormats,
  repliesToAll,
  seeking,
  deletionInParts,
  ownersAndHolders,
  chain,
  heldVersions,
  listings,
  logins,
  environmentsOfAccounts,
  leases,
  auditSinks,
  recovery,
  webhooks,
  decoys,
  auditIndex,
  archive,
  wrappings,
  customerKeys,
  keyApis,
  destroyedVersions,
  words,
  sinkDoubts,
]

/** What this program speaks: the name of the newest one. */
export const schema: string = migrations.at(-1)?.name ?? ''

/**
 * The migrations that a store still lacks.
 *
 * @param applied names of those that it has, in the order applied
 * @throws Refusal `invalid` when the store is of a newer program
 */
export function pending(applied: readonly string[]): readonly Migration[] {
  const unknown = applied.find((name, at) => migrations[at]?.name !== name)
  if (unknown !== undefined) {
    throw new Refusal(
      'invalid',
      `The store has the migration ${unknown}, which this version of Strongroom does not know. Use the newer version.`,
    )
  }
  return migrations.slice(applied.length)
}
