/** Long work that a request may ask for: once at a time for an account, and little of it on one node. */
import { Refusal } from '../errors.ts'
import type { Vault } from './vault.ts'

const maxRunning = 2

/**
 * Runs the work, unless the same already runs for the account, or too much does for others.
 *
 * @param what the work is, for all accounts alike
 * @throws Refusal `overloaded`: nothing was done
 */
export async function runLongWork<T>(
  { running }: Pick<Vault, 'running'>,
  what: string,
  accountId: number,
  work: () => Promise<T>,
): Promise<T> {
  const name = `${what} ${accountId}`
  if (running.has(name) || running.size >= maxRunning) {
    const message = 'The same, or as much as this server does at once, is on its way already. Try again.'
    throw new Refusal('overloaded', message, { headers: { 'retry-after': '1' } })
  }
  running.add(name)
  try {
    return await work()
  } finally {
    running.delete(name)
  }
}
