/** Accounts: made and listed on the host. */
import { generateToken } from '../crypto/token.ts'
import { Refusal } from '../errors.ts'
import { type Account, maxWraps } from '../model/account.ts'
import { checkName } from '../model/name.ts'
import { rights } from '../model/scope.ts'
import { newKey } from './keys.ts'
import { type Asker, outdated, tryAsk, type Vault, verify, verifyAll } from './vault.ts'

const maxTries = 20
/** Whoever looks for an account on the host, before it is known which one they act in. */
export const onHost = { requestId: 'host', address: 'host' }

export interface HostAsker {
  /** Who acts on the host, for the audit trail. */
  readonly name: string
  readonly requestId: string
}

/**
 * Makes an account with a key that may do everything in it.
 *
 * @param token the first API key; without it a new one
 * @throws Refusal `name_taken`, `invalid`
 */
export async function createAccount(
  vault: Vault,
  host: HostAsker,
  name: string,
  token = generateToken(),
): Promise<{ account: Account; token: string }> {
  checkName(name, 'name')
  await checkMasterKey(vault)
  for (let tries = 0; tries < maxTries; tries++) {
    const id = await vault.store.nextAccountId()
    const made = await tryAsk(vault, askerOf(host, id), {
      kind: 'create_account',
      id,
      name,
      accountKey: { accountId: id, ...vault.keyring.newAccountKey(id, 1), uses: 0 },
      key: newKey(vault, id, token, {
        ...{ name: 'first key', scopes: rights, networks: [], expiresAt: null },
        maker: { kind: 'host', id: 0, name: host.name },
        isOwner: true,
      }),
    })
    if (made !== outdated) return { account: made.account, token }
  }
  throw new Refusal('overloaded', 'Other accounts are being made. Try again.')
}

/** @throws Refusal `key_exhausted` when the master key has wrapped all that it may */
export async function checkMasterKey({ store }: Vault): Promise<void> {
  if ((await store.wraps()).master < maxWraps) return
  throw new Refusal('key_exhausted', 'The master key has wrapped all that it may. Run "strongroom rewrap --master".')
}

/**
 * The accounts that are wanted, by ascending id.
 *
 * @throws Refusal `integrity_failure` when one of them is not authentic: another's name must not lead to it
 */
export async function accountsThat(
  vault: Vault,
  asker: Pick<Asker, 'requestId' | 'address'>,
  isWanted: (account: Account) => boolean,
): Promise<readonly Account[]> {
  const found = (await vault.store.accounts()).filter(isWanted)
  await verifyAll(vault, asker, 'accounts', found, 'account.read')
  return found
}

/**
 * The account that somebody means who is not signed in: of a name, or without one the only one that there is.
 *
 * @throws Refusal `integrity_failure` when it is not authentic
 */
export async function accountCalled(
  vault: Vault,
  asker: Pick<Asker, 'requestId' | 'address'>,
  name: string | undefined,
): Promise<{ readonly account: Account | undefined; readonly areSeveral: boolean }> {
  const [first, second] = await vault.store.accounts(2)
  const areSeveral = second !== undefined
  const only = areSeveral ? undefined : first
  const account = name === undefined ? only : await vault.store.accountNamed(name)
  if (account !== undefined) await verify(vault, asker, 'accounts', account, 'account.read')
  return { account, areSeveral }
}

/** @throws Refusal `not_found`, `integrity_failure` */
export async function findAccount(vault: Vault, name: string): Promise<Account> {
  const found = await vault.store.accountNamed(name)
  if (found !== undefined) await verify(vault, onHost, 'accounts', found, 'account.read')
  else throw new Refusal('not_found', 'No account of this name. See "strongroom account list".')
  return found
}

/** @throws Refusal `integrity_failure` */
export async function accountOf(
  vault: Vault,
  asker: Pick<Asker, 'requestId' | 'address'>,
  id: number,
): Promise<Account | undefined> {
  const found = await vault.store.account(id)
  if (found !== undefined) await verify(vault, asker, 'accounts', found, 'account.read')
  return found
}

/** Somebody on the host, acting in an account. */
export function askerOf({ name, requestId }: HostAsker, accountId: number) {
  return { caller: { kind: 'host', accountId, name }, requestId, address: 'host' } as const
}
