/** Opens the vault for one command on the host, beside a running server or without one. */
import { randomBytes } from 'node:crypto'
import { readConfig } from '../../config.ts'
import { hostName, openVault } from '../../open.ts'
import type { HostAsker } from '../../vault/accounts.ts'
import type { Vault } from '../../vault/vault.ts'

export async function withVault<T>(work: (vault: Vault, host: HostAsker) => Promise<T>): Promise<T> {
  // What this command makes is for its owner alone.
  process.umask(0o077)
  const { vault, close } = await openVault(readConfig())
  try {
    return await work(vault, hostAsker())
  } finally {
    await close()
  }
}

/** Whoever typed the command, for the audit trail. */
export function hostAsker(): HostAsker {
  return { name: hostName(), requestId: `cli-${randomBytes(6).toString('base64url')}` }
}
