/** Fills stores with more than a test would ask for one by one. */
import type { IdOrName } from '../../src/store/naming.ts'
import { createSecret } from '../../src/vault/secrets.ts'
import { type Asker, authenticate, type Vault } from '../../src/vault/vault.ts'

/** On their way at once: as many as go into one batch. */
const atOnce = 256

/** Makes secrets `PREFIX-0`, `PREFIX-1`, … in the first account, as its host. */
export async function fillSecrets(vault: Vault, prefix: string, count: number, list?: IdOrName): Promise<void> {
  const asker: Asker = {
    caller: { kind: 'host', accountId: 1, name: 'test' },
    requestId: 'fill',
    address: '127.0.0.1',
  }
  const identity = await authenticate(vault, asker)
  const waiting = Array.from({ length: count }, (_, at) => at).values()
  const worker = async () => {
    for (const at of waiting) {
      const name = `${prefix}-${at}`
      await createSecret(vault, asker, identity, { name, value: { text: `v-${at}` }, list })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
