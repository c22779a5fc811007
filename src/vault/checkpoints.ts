/** Checkpoints of the audit trail: signed here, to be kept elsewhere. */
import { emptyHead } from '../audit/chain.ts'
import { type Checkpoint, checkpointText, signedNote, verifierKey } from '../audit/checkpoint.ts'
import type { Vault } from './vault.ts'

/**
 * One signed note for each account, of the chains as they stand: once a standby has them, where there are any. Else a failover
 * would leave checkpoints of records that are nowhere, which is what a trail that was cut looks like.
 *
 * @throws when no standby has them in time
 */
export async function signCheckpoints({ store, keyring, now }: Vault): Promise<readonly Note[]> {
  const { storeId } = keyring
  const accounts = await store.accounts()
  await store.replicated()
  return accounts.map(({ id, auditSize, auditHead }) => {
    const head = auditSize === 0 ? emptyHead(storeId, id) : auditHead
    const text = signedCheckpoint({ keyring, now }, { accountId: id, size: auditSize, head })
    return { accountId: id, size: auditSize, text }
  })
}

/** A signed note of what a chain is at a size. */
export function signedCheckpoint(
  { keyring, now }: Pick<Vault, 'keyring' | 'now'>,
  of: Pick<Checkpoint, 'accountId' | 'size' | 'head'>,
): string {
  const { storeId } = keyring
  const text = checkpointText({ ...of, storeId, time: now() })
  return signedNote(text, storeId, keyring.checkpointKey(), keyring.signCheckpoint(text))
}

export interface Note {
  readonly accountId: number
  readonly size: number
  readonly text: string
}

/** What this store's checkpoints are verified with. */
export function verifierKeyOf({ keyring }: Pick<Vault, 'keyring'>): string {
  return verifierKey(keyring.storeId, keyring.checkpointKey())
}
