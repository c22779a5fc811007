/** Which records an asker may see: their account's environments, and what their scopes say of each. */
import type { Scope } from '../model/scope.ts'
import { type AuditView, viewAmong } from './seen.ts'
import { type Asker, type Vault, verifyAll } from './vault.ts'

/** @throws Refusal `integrity_failure` */
export async function viewOf(
  vault: Vault,
  asker: Pick<Asker, 'requestId' | 'address'>,
  accountId: number,
  scopes: readonly Scope[],
): Promise<AuditView> {
  const environments = await vault.store.environments(accountId)
  await verifyAll(vault, asker, 'environments', environments, 'audit.read')
  return viewAmong(environments, scopes)
}
