/** Checkpoints of the audit trail: signed here, to be kept elsewhere. */
import { emptyHead } from '../audit/chain.ts'
import { checkpointText, signedNote, verifierKey } from '../audit/checkpoint.ts'
import type { Vault } from './vault.ts'

/** One signed note for each account, of the chains as they stand. */
export async function signCheckpoints({ store, keyring, now }: Vault): Promise<readonly Note[]> {
  const publicKey = keyring.checkpointKey()
  const { storeId } = keyring
  return (await store.accounts()).map(({ id, auditSize, auditHead }) => {
    const head = auditSize === 0 ? emptyHead(storeId, id) : auditHead
    const text = checkpointText({ storeId, accountId: id, size: auditSize, head, time: now() })
    return { accountId: id, size: auditSize, text: signedNote(text, storeId, publicKey, keyring.signCheckpoint(text)) }
  })
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
