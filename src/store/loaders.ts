/** What an engine loads and writes within one transaction. */
import type { Account, AccountKey } from '../model/account.ts'
import type { AddressRange } from '../model/address.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { Deployment } from '../model/deployment.ts'
import type { Factor } from '../model/factor.ts'
import type { List } from '../model/list.ts'
import type { AccountSettings, Machine } from '../model/machine.ts'
import type { Seed } from '../model/seed.ts'
import type { SignInRules } from '../model/sign-in.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import type { User } from '../model/user.ts'
import type { EmailRef, NameRef, Ref, ReplyRef, SpentRef, UsedRef, VersionRef } from './needs.ts'
import type { Reply, VersionRowHead } from './reply.ts'
import type { StoredSecret } from './stored.ts'
import type { Changes, Claim, SealedVersion } from './world.ts'

/** What an engine can do within one open transaction. Called in this order; nothing is asked for an empty list. */
export interface Transaction {
  /** The accounts that machines at these addresses belong to. */
  accountsAt(addresses: readonly string[]): Result<readonly number[]>
  /** The claims that meet any of these ranges. With `lock`, nobody else claims anything until the transaction ends. */
  claims(ranges: readonly AddressRange[], lock: boolean): Result<readonly Claim[]>
  machinesOf(accountId: number): Result<readonly Machine[]>
  settings(accountIds: readonly number[]): Result<readonly AccountSettings[]>
  /** The accounts with these ids and of these API keys, locked until the transaction ends. */
  lockAccounts(ids: readonly number[], tokenHashes: readonly string[]): Result<readonly Account[]>
  /** Milliseconds since 1970, taken under the locks. */
  now(): Result<number>
  keysByToken(tokenHashes: readonly string[]): Result<readonly ApiKey[]>
  /** The current key of each account. */
  accountKeys(ids: readonly number[]): Result<readonly AccountKey[]>
  /** Versions of the account's key that wrap secret keys. */
  accountKeysInUse(accountId: number): Result<readonly number[]>
  keys(refs: readonly Ref[]): Result<readonly ApiKey[]>
  /** Revoked ones too. */
  keysMadeBy(makers: readonly KeyMaker[]): Result<readonly ApiKey[]>
  users(accountIds: readonly number[]): Result<readonly User[]>
  usersOfRefs(refs: readonly Ref[]): Result<readonly User[]>
  usersWith(emails: readonly EmailRef[]): Result<readonly User[]>
  /** The sessions of users that have not been ended. */
  sessionsOf(users: readonly Ref[]): Result<readonly ApiKey[]>
  /** All factors of these users. */
  factorsOf(users: readonly Ref[]): Result<readonly Factor[]>
  /** Those of these look-ups that somebody has. */
  takenLookups(lookups: readonly string[]): Result<readonly string[]>
  /** Those of these that have been used up. */
  spent(refs: readonly SpentRef[]): Result<readonly SpentRef[]>
  rules(accountIds: readonly number[]): Result<readonly SignInRules[]>
  /** The accounts that these seeds belong to. */
  accountsOfSeeds(tokenHashes: readonly string[]): Result<readonly number[]>
  seedsByToken(tokenHashes: readonly string[]): Result<readonly Seed[]>
  seeds(refs: readonly Ref[]): Result<readonly Seed[]>
  trustRulesOf(accountIds: readonly number[]): Result<readonly TrustRule[]>
  trustRules(refs: readonly Ref[]): Result<readonly TrustRule[]>
  /** The keys of rules that have not been revoked, expired ones too. */
  keysOfRules(rules: readonly Ref[]): Result<readonly ApiKey[]>
  /** How many keys of each of these rules can be used, of those that have any. */
  livingKeys(rules: readonly Ref[], now: number): Result<readonly (Ref & { readonly count: number })[]>
  /** Those of these that are used already. */
  usedTokens(refs: readonly UsedRef[]): Result<readonly UsedRef[]>
  deployments(refs: readonly Ref[]): Result<readonly Deployment[]>
  deploymentsTo(targets: readonly NameRef[]): Result<readonly Deployment[]>
  /** How many deployments hold each of these secrets, of those that any holds. */
  holders(secrets: readonly Ref[]): Result<readonly (Ref & { readonly count: number })[]>
  /** How many deployments hold any secret of a list. */
  holdersOfList(list: Ref): Result<number>
  secrets(refs: readonly Ref[]): Result<readonly StoredSecret[]>
  secretsNamed(refs: readonly NameRef[]): Result<readonly StoredSecret[]>
  secretsOfList(list: Ref): Result<readonly StoredSecret[]>
  lists(refs: readonly Ref[]): Result<readonly List[]>
  listsNamed(refs: readonly NameRef[]): Result<readonly List[]>
  /** The ids of the secrets of these names, as far as they exist. */
  named(refs: readonly NameRef[]): Result<readonly (NameRef & Ref)[]>
  /** All versions of these secrets, oldest first. */
  versions(refs: readonly Ref[]): Result<readonly VersionRowHead[]>
  sealed(refs: readonly VersionRef[]): Result<readonly (VersionRef & SealedVersion)[]>
  replies(refs: readonly ReplyRef[], since: number): Result<readonly Reply[]>
  /** Locks the making of accounts, and says which of the names are taken and what the next id is. */
  newAccounts(names: readonly string[]): Result<{ readonly taken: readonly string[]; readonly nextId: number }>
  apply(changes: Changes, keepVersions: number, now: number): Result<void>
}

export type Result<T> = T | Promise<T>

/** Who made keys, in an account. */
export interface KeyMaker extends Ref {
  readonly kind: string
}
