/** Opens the vault for one command on the host, beside a running server or without one. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:os'
import { type Config, readConfig } from '../../config.ts'
import { hostName, openVault } from '../../open.ts'
import type { HostAsker } from '../../vault/accounts.ts'
import type { Vault } from '../../vault/vault.ts'
import { tell } from '../output.ts'
import { deadly } from '../process.ts'

/** How every command on the host begins, but the server itself. */
export function begin(): void {
  // What this command makes is for its owner alone.
  process.umask(0o077)
  // By default a signal would leave no time to take away what is unfinished ("exit" does).
  for (const signal of deadly) process.once(signal, () => process.exit(128 + constants.signals[signal]))
}

/** The settings, for a command that may open the store: who typed it is asked for the shares of a root key, if it needs them. */
export function hostConfig(): Config {
  const config = readConfig()
  for (const source of config.rootKeys) {
    if (source.kind !== 'shamir') continue
    source.shares.askWith(async (shares) => (await import('./shares.ts')).askForShares(shares))
  }
  return config
}

/**
 * @param mayMake whether a store is made where there is none, which is said
 * @throws Refusal `not_found` when there is none
 */
export async function withVault<T>(
  work: (vault: Vault, host: HostAsker, config: Config) => Promise<T>,
  { mayMake = false }: { readonly mayMake?: boolean } = {},
): Promise<T> {
  begin()
  const config = hostConfig()
  const { vault, madeIn, close } = await openVault(config, { mayMake })
  // Whoever meant another one sees it at once.
  if (madeIn !== undefined) tell(`There was no store in ${madeIn}: a new one is made.`)
  try {
    return await work(vault, hostAsker(), config)
  } finally {
    await close()
  }
}

/** Whoever typed the command, for the audit trail. */
export function hostAsker(): HostAsker {
  return { name: hostName(), requestId: `cli-${randomBytes(6).toString('base64url')}` }
}
