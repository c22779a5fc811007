/** Keys of customers: an account's owner names a provider, without which nobody opens the account's values. */
import type { Action } from '../audit/record.ts'
import { keyUnavailable, newGuard, unwrapGuard, wrapGuard } from '../crypto/guards.ts'
import type { OpenGuard } from '../crypto/keyring.ts'
import { type Credentials, checkCredentials } from '../crypto/providers/customer.ts'
import { ProviderTrouble, type RootKeyProvider } from '../crypto/providers/provider.ts'
import { parseCustomerKeyUrl } from '../crypto/providers/urls.ts'
import { newUid } from '../crypto/random.ts'
import { invalid, Refusal } from '../errors.ts'
import type { AccountKey } from '../model/account.ts'
import type { CustomerKey } from '../model/customer-key.ts'
import { guardPlaceOf } from './customer-guards.ts'
import { type Asker, ask, isUnavailable, learnKeyOf, outdated, recordUnavailable, tryAsk, type Vault } from './vault.ts'

const maxTries = 5

export interface CustomerKeyInput {
  readonly provider: string
  /** Without them, those that the same provider is shown already. */
  readonly credentials: Credentials | undefined
}

/** @throws Refusal `forbidden` */
export function readCustomerKey(vault: Vault, asker: Asker): Promise<CustomerKey | null> {
  return ask(vault, asker, { kind: 'read_customer_key' })
}

/**
 * Seals the account's key under a guard that the provider wraps: a new one each time. Values are not touched.
 *
 * @throws Refusal `invalid` for a provider that may not be named, cannot be reached or refuses; `account_key_unavailable` while the key
 *   is closed, unless this provider opens it; `confirmation_required`, `forbidden`
 */
export async function setCustomerKey(vault: Vault, asker: Asker, input: CustomerKeyInput): Promise<CustomerKey> {
  const source = parseCustomerKeyUrl(input.provider)
  if (typeof source === 'string') throw invalid('provider', sentence(source))
  const given = input.credentials === undefined ? undefined : checkCredentials(source, input.credentials)
  // One for all that it is asked, however often the change is begun anew.
  const patience = vault.customerKeys.patience()
  return change(vault, asker, 'customer_key.set', async ({ before, accountKey }) => {
    const { keyring, customerKeys } = vault
    const { accountId } = accountKey
    const credentials = given ?? keptOf(vault, before, input.provider)
    const provider = await customerKeys.makeProvider(source, credentials)
    const asked = patience.with(provider)
    const opened = await openAgain(vault, before, accountKey, asked, input.provider)
    const uid = newUid()
    const bytes = newGuard()
    const shown = Buffer.from(JSON.stringify(credentials))
    try {
      const askedAt = keyring.guards.now()
      const form = await wrapGuard(asked, bytes, guardPlaceOf(keyring, { accountId, uid })).catch(refusedBy)
      // Another change was made while the provider was asked.
      if (!keyring.knowsGuard(accountId, accountKey)) return outdated
      const to = { ...accountKey, ...keyring.guardAccountKey(accountId, accountKey, { uid, bytes }, opened) }
      const customerKey = {
        ...{ accountId, uid, provider: input.provider, credentials: keyring.sealCredentials(accountId, uid, shown) },
        ...{ form, createdAt: vault.now(), closedAt: null, closedFor: null },
      }
      const upon = { rowMac: before?.mac ?? null, from: accountKey.wrapped, to }
      const made = await tryAsk(vault, asker, { kind: 'set_customer_key', ...upon, customerKey })
      if (made !== outdated) customerKeys.adopt(made, provider, bytes, askedAt)
      return made
    } finally {
      bytes.fill(0)
      shown.fill(0)
      opened?.bytes.fill(0)
    }
  })
}

/**
 * The account's key is sealed under the master key alone again.
 *
 * @throws Refusal `account_key_unavailable` while the key is closed; `confirmation_required`, `forbidden`
 */
export async function removeCustomerKey(vault: Vault, asker: Asker): Promise<void> {
  await change(vault, asker, 'customer_key.remove', async ({ before, accountKey }) => {
    if (before === null) return null
    const to = { ...accountKey, ...vault.keyring.guardAccountKey(accountKey.accountId, accountKey, undefined) }
    const upon = { rowMac: before.mac, from: accountKey.wrapped, to }
    const removed = await tryAsk(vault, asker, { kind: 'remove_customer_key', ...upon })
    if (removed !== outdated) await vault.customerKeys.learn(accountKey.accountId)
    return removed
  })
}

interface Prepared {
  readonly before: CustomerKey | null
  readonly accountKey: AccountKey
}

/** Upon the keys as they are. */
async function change<T>(
  vault: Vault,
  asker: Asker,
  action: Action,
  make: (prepared: Prepared) => Promise<T | typeof outdated>,
): Promise<T> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { customerKey: before, accountKey } = await ask(vault, asker, { kind: 'prepare_customer_key' })
    if (accountKey === null) throw new Refusal('integrity_failure', 'The account has no key.')
    if ((await vault.store.accountKeys(accountKey.accountId)).length > 1) {
      throw invalid('provider', 'The key of the account is being replaced. Finish that first, then repeat this.')
    }
    await learnKeyOf(vault, accountKey)
    const made = await make({ before, accountKey }).catch(async (error: unknown) => {
      if (isUnavailable(error)) await recordUnavailable(vault, asker, accountKey.accountId, action, null)
      throw error
    })
    if (made !== outdated) return made
  }
  throw new Refusal('overloaded', 'The key of the account keeps changing. Try again.', {
    headers: { 'retry-after': '1' },
  })
}

function keptOf(vault: Vault, before: CustomerKey | null, provider: string): Credentials {
  if (before?.provider !== provider) throw invalid('credentials', 'Are required for another provider.')
  return vault.customerKeys.credentialsOf(before)
}

/**
 * What is closed may be opened by the provider as it is named now: with other credentials, for one.
 *
 * @returns the guard, for this change alone: for whatever else is asked, the account stays closed until it is made
 */
async function openAgain(
  vault: Vault,
  before: CustomerKey | null,
  accountKey: AccountKey,
  provider: RootKeyProvider,
  named: string,
): Promise<OpenGuard | undefined> {
  const { keyring } = vault
  if (before === null || keyring.guards.isOpen(before.accountId)) return undefined
  const bytes = await unwrapGuard(provider, before.form, guardPlaceOf(keyring, before)).catch((error: unknown) => {
    // Why, is of use where it is the provider that could open it.
    if (named === before.provider) return refusedBy(error)
    throw error instanceof ProviderTrouble ? keyUnavailable() : error
  })
  if (typeof bytes === 'string') throw keyUnavailable()
  const opened = { uid: before.uid, bytes }
  if (keyring.isGuardOf(before.accountId, accountKey, opened)) return opened
  bytes.fill(0)
  throw keyUnavailable()
}

function refusedBy(error: unknown): never {
  if (error instanceof ProviderTrouble) throw invalid('provider', error.message)
  throw error
}

function sentence(fault: string): string {
  return `${fault.slice(0, 1).toUpperCase()}${fault.slice(1)}.`
}
