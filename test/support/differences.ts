/** Whether the rows of a store are what its trails say. */
import { verifyAudit } from '../../src/vault/audit.ts'
import type { Vault } from '../../src/vault/vault.ts'

/** What is otherwise, of all accounts; and what is wrong with the trails themselves. */
export async function differencesOf(vault: Vault): Promise<readonly string[]> {
  const verdicts = await Array.fromAsync(verifyAudit(vault, { state: true }))
  return verdicts.flatMap(({ fault, differences }) => [...(fault === undefined ? [] : [fault.reason]), ...differences])
}
