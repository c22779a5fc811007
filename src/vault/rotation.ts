/**
 * Replacing the keys that wrap others, while the store is in use. An account's: a new version, every secret's key wrapped
 * under it, the old versions destroyed. The master key's: every account's key wrapped under its newest version. Values are
 * not touched. Killed at any point, either goes on where it was when it is run again.
 */
import { keyChanged } from '../crypto/guards.ts'
import { invalid, Refusal } from '../errors.ts'
import type { Account, AccountKey } from '../model/account.ts'
import type { OldSecretKey } from '../store/store.ts'
import { askerOf, checkMasterKey, findAccount, type HostAsker } from './accounts.ts'
import { runLongWork } from './long-work.ts'
import { type Asker, ask, authenticate, learnKeyOf, outdated, tryAsk, type Vault } from './vault.ts'

/** Secret keys wrapped anew in one transaction. */
const pageSize = 500
/** Pages of one request. */
const pagesAtOnce = 10
/** How often it is looked again which version is the newest, when that changes meanwhile. */
const maxTries = 5

export interface Rotation {
  /** The version that wraps everything now. */
  readonly version: number
  /** Secret keys wrapped anew. */
  readonly rewrapped: number
  /** Whether it finished one that was broken off, instead of making a new version. */
  readonly resumed: boolean
}

/**
 * @param onProgress told how many secret keys have been wrapped anew, after each page
 * @throws Refusal `not_found` for an unknown account, `overloaded` when its key keeps changing
 */
export async function rotateAccountKey(
  vault: Vault,
  host: HostAsker,
  accountName: string,
  onProgress: (rewrapped: number) => void = () => {},
): Promise<Rotation> {
  const asker = askerOf(host, (await findAccount(vault, accountName)).id)
  const { accountId } = await authenticate(vault, asker)
  await checkMasterKey(vault)
  const { newest, resumed } = await newestOf(vault, asker, accountId, ({ isRotating }) => !isRotating)
  const { rewrapped } = await rewrapAll(vault, asker, newest, Number.POSITIVE_INFINITY, onProgress)
  await dropOlder(vault, asker, newest)
  return { version: newest.version, rewrapped, resumed }
}

/** How far the key of an account is. */
export interface KeyState {
  /** The newest version. */
  readonly version: number
  /** Whether older versions are there still. */
  readonly isRotating: boolean
  /** Secret keys that an older version wraps. */
  readonly outdated: number
}

/** @throws Refusal `forbidden` */
export async function readAccount(vault: Vault, asker: Asker): Promise<{ account: Account; key: KeyState }> {
  const account = await ask(vault, asker, { kind: 'read_account' })
  return { account, key: await stateOf(vault, account.id) }
}

/**
 * Does a part of a rotation: asked for the next version it begins one, asked for the newest it goes on, and asked once
 * more when all is done it does nothing.
 *
 * @throws Refusal `forbidden`, `confirmation_required`, `invalid` for another version, `overloaded`
 */
export async function rotateTo(vault: Vault, asker: Asker, accountId: number, version: number): Promise<KeyState> {
  return runLongWork(vault, 'rotate', accountId, async () => {
    await ask(vault, asker, { kind: 'read_account' })
    await checkMasterKey(vault)
    const { newest } = await newestOf(vault, asker, accountId, ({ last, isRotating }) => {
      const isNext = !isRotating && version === last.version + 1
      if (!isNext && version !== last.version) throw invalid('version', faultOf(last.version, isRotating))
      return isNext
    })
    const { isDone } = await rewrapAll(vault, asker, newest, pagesAtOnce)
    if (isDone) await dropOlder(vault, asker, newest)
    return stateOf(vault, accountId)
  })
}

function faultOf(newest: number, isRotating: boolean): string {
  return isRotating
    ? `Must be ${newest}: the rotation to it is not finished.`
    : `Must be ${newest + 1}: the account is at ${newest}.`
}

async function stateOf({ store }: Vault, accountId: number): Promise<KeyState> {
  const keys = await store.accountKeys(accountId)
  const { version } = keys.at(-1) ?? noKey()
  const isRotating = keys.length > 1
  return { version, isRotating, outdated: isRotating ? await store.countSecretKeysBelow(accountId, version) : 0 }
}

function noKey(): never {
  throw new Refusal('integrity_failure', 'The account has no key.')
}

async function dropOlder(vault: Vault, asker: Asker, newest: AccountKey): Promise<void> {
  for (const { version } of await vault.store.accountKeys(newest.accountId)) {
    if (version < newest.version) await ask(vault, asker, { kind: 'drop_account_key', version })
  }
}

/**
 * The version that all is to be wrapped under: the newest, or a new one upon it, under the same guard. Where another
 * rotation began meanwhile, or the customer's key was set, it looks again.
 */
async function newestOf(
  vault: Vault,
  asker: Asker,
  accountId: number,
  wantsNext: (keys: { readonly last: AccountKey; readonly isRotating: boolean }) => boolean,
): Promise<{ readonly newest: AccountKey; readonly resumed: boolean }> {
  for (let tries = 0; tries < maxTries; tries++) {
    const keys = await accountKeysOf(vault, accountId)
    const last = keys.at(-1) ?? noKey()
    if (!vault.keyring.knowsGuard(accountId, last)) continue
    if (!wantsNext({ last, isRotating: keys.length > 1 })) return { newest: last, resumed: true }
    const next = { accountId, ...vault.keyring.newAccountKey(accountId, last.version + 1, last.guard), uses: 0 }
    const added = await tryAsk(vault, asker, { kind: 'add_account_key', accountKey: next })
    if (added === null) return { newest: next, resumed: false }
  }
  throw keyChanged()
}

async function accountKeysOf(vault: Vault, accountId: number): Promise<readonly AccountKey[]> {
  const keys = await vault.store.accountKeys(accountId)
  for (const key of keys) await learnKeyOf(vault, key)
  return keys
}

/** A secret whose key changes meanwhile is met again: pages go on until nothing older is left, or there were enough. */
async function rewrapAll(
  vault: Vault,
  asker: Asker,
  newest: AccountKey,
  maxPages: number,
  onProgress: (rewrapped: number) => void = () => {},
): Promise<{ readonly rewrapped: number; readonly isDone: boolean }> {
  const { accountId, version } = newest
  const older = new Map((await accountKeysOf(vault, accountId)).map((key) => [key.version, key]))
  let rewrapped = 0
  for (let pages = 0; ; pages++) {
    const page = await vault.store.secretKeysBelow(accountId, version, 0, pageSize)
    if (page.length === 0 || pages >= maxPages) return { rewrapped, isDone: page.length === 0 }
    const keys = page.map((old) => ({ id: old.id, from: old.key, to: rewrap(vault, newest, older, old) }))
    rewrapped += await ask(vault, asker, { kind: 'rewrap_secret_keys', keys })
    onProgress(rewrapped)
  }
}

function rewrap(
  { keyring }: Vault,
  newest: AccountKey,
  older: ReadonlyMap<number, AccountKey>,
  { uid, key }: OldSecretKey,
) {
  const under = older.get(key.keyVersion)
  if (under === undefined) throw new Refusal('integrity_failure', 'A secret key is wrapped under a key that is gone.')
  return keyring.rewrapSecretKey({ accountId: newest.accountId, uid }, key, under, newest)
}

/** Accounts whose keys are wrapped anew at once. */
const accountsAtOnce = 16

/**
 * Wraps the key of every account under the newest version of the master key that this vault knows.
 *
 * @param onProgress told how many accounts are done, and of how many
 * @returns how many keys were wrapped anew
 */
export async function rewrapAccountKeys(
  vault: Vault,
  host: HostAsker,
  onProgress: (done: number, all: number) => void = () => {},
): Promise<number> {
  const accounts = await vault.store.accounts()
  const waiting = accounts.map(({ id }) => id).values()
  let [done, rewrapped] = [0, 0]
  const worker = async () => {
    for (const accountId of waiting) {
      if (await rewrapAccountKey(vault, askerOf(host, accountId))) rewrapped++
      onProgress(++done, accounts.length)
    }
  }
  await Promise.all(Array.from({ length: accountsAtOnce }, worker))
  return rewrapped
}

/** Until nobody has replaced the account's key meanwhile. @returns whether there was anything to do */
async function rewrapAccountKey(vault: Vault, asker: ReturnType<typeof askerOf>): Promise<boolean> {
  for (;;) {
    const { accountId, accountKey } = await authenticate(vault, asker)
    if (vault.keyring.masterVersionOf(accountKey) === vault.keyring.masterKeyVersion) return false
    const to = { ...accountKey, ...vault.keyring.rewrapAccountKey(accountId, accountKey) }
    const answer = await tryAsk(vault, asker, { kind: 'rewrap_account_key', from: accountKey.wrapped, to })
    if (answer !== outdated) return true
  }
}
