/** What a node says when the database has lost what was acknowledged: a failover to a standby that lagged, or a restore. */
import type { Store } from '../store/store.ts'
import { integrityFailure, type Vault } from './vault.ts'

type Known = Store['trails']['known'][number]

/**
 * Makes it a condition of the store, which lasts until the node is started again, and a record in what is left of the trail.
 *
 * @param found how far the trail goes now
 */
export async function tellLost(vault: Vault, known: Known, found: number): Promise<void> {
  const { accountId, size } = known
  const what =
    found < size
      ? `was acknowledged up to record ${size}, and ends at ${found}`
      : `has another record ${size} than the one that was acknowledged`
  const detail = `the trail of account ${accountId} ${what}: see "A lost tail" in docs/operations.md`
  vault.store.conditions.begin({ name: 'trail', detail, isRefusing: false })
  const object = {
    kind: 'account',
    id: accountId,
    uid: null,
    name: `The trail ${what}`,
    version: null,
    hash: null,
  } as const
  const asker = { requestId: 'lost-trail', address: 'host' }
  // Where it cannot be recorded, the condition says it all the same.
  await integrityFailure(vault, asker, accountId, 'audit.verify', object).catch(() => {})
}
