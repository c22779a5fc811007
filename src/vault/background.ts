/** What a vault does by itself while it is open. */
import type { ClosedReason } from '../model/customer-key.ts'
import { lookMs } from './customer-guards.ts'
import { tellLost } from './lost-trail.ts'
import { recordRepeats } from './repeats.ts'
import { bySystem, type Vault } from './vault.ts'

/** How often it is looked whether repeated refusals are to be recorded. */
const repeatsMs = 2000

/** @returns what ends it, once what is left to record is recorded */
export function runInBackground(vault: Vault): () => Promise<void> {
  vault.store.trails.onLost((known, found) => void tellLost(vault, known, found))
  // What could not be recorded stays counted, and is tried again.
  const recording = setInterval(() => recordRepeats(vault).catch(() => {}), repeatsMs).unref()
  // A look that failed, as the database was away, is made up for by the next.
  const looking = setInterval(() => vault.customerKeys.lookAgain().catch(() => {}), lookMs).unref()
  return async () => {
    clearInterval(recording)
    clearInterval(looking)
    vault.listeners.stop()
    await recordRepeats(vault, true)
  }
}

/**
 * What follows from what is found out about keys of customers.
 *
 * @param isRecording servers alone record it: a command on the host only looks
 */
export function customerKeyEvents(vaultOf: () => Vault, isRecording: boolean) {
  return {
    note: async (accountId: number, uid: string, closedFor: ClosedReason | null): Promise<void> => {
      if (!isRecording) return
      const asked = { requestId: 'customer-key', address: 'host' }
      await bySystem(vaultOf(), asked, accountId, { kind: 'note_customer_key', uid, closedFor })
    },
    /** What API keys lead to says how the account's key is sealed. */
    onChange: (accountId: number | undefined): void => {
      const { identities } = vaultOf()
      for (const [hash, identity] of identities) {
        if (accountId === undefined || identity.accountId === accountId) identities.delete(hash)
      }
    },
  }
}
