/** The rows that a batch is about, loaded under its accounts' locks, as they are and as the batch leaves them. */
import type { AuditRecord } from '../audit/record.ts'
import type { Account, AccountKey } from '../model/account.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { Deployment } from '../model/deployment.ts'
import type { Factor } from '../model/factor.ts'
import type { List } from '../model/list.ts'
import type { AccountSettings, Machine } from '../model/machine.ts'
import type { SecretKey } from '../model/secret.ts'
import type { Seed } from '../model/seed.ts'
import type { SignInRules } from '../model/sign-in.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import type { User } from '../model/user.ts'
import type { Forged } from './forged.ts'
import type { Reply } from './reply.ts'
import type { RowMacs } from './row-macs.ts'
import type { Spent, StoredSecret, UsedToken, VersionHead } from './stored.ts'
import type { Claim } from './tables/machine.ts'
import type { Version } from './tables/secret.ts'

export type { Claim }

/** The claim that covers an address. */
export function claimOn(claims: readonly Claim[], address: string): Claim | undefined {
  return claims.find(({ first, last }) => first <= address && address <= last)
}

/** A row before the batch (if there was one) and after it (`null`: deleted). */
export interface Fate<Row> {
  readonly existed: boolean
  readonly row: Row | null
}

/** A row whose name another row may take in the same batch. */
export interface Renamed {
  readonly table: 'secrets' | 'lists'
  readonly accountId: number
  readonly id: number
}

export interface NewRecord {
  readonly record: AuditRecord
  readonly head: Uint8Array
}

/** What a batch writes. Each row appears once, in its final state. */
export interface Changes {
  readonly secrets: Map<string, Fate<StoredSecret>>
  readonly lists: Map<string, Fate<List>>
  readonly machines: Map<string, Fate<Machine>>
  readonly settings: Map<number, AccountSettings>
  readonly users: Map<string, Fate<User>>
  readonly deployments: Map<string, Fate<Deployment>>
  readonly seeds: Map<string, Fate<Seed>>
  readonly trustRules: Map<string, Fate<TrustRule>>
  readonly usedTokens: UsedToken[]
  /** Where what jobs have left behind is cleared away: keys long expired, tokens that nobody accepts any more. */
  readonly workloads: Set<number>
  readonly factors: Map<string, Fate<Factor>>
  /** With the time by which older ones are forgotten. */
  readonly spent: (Spent & { readonly now: number })[]
  readonly rules: Map<number, SignInRules>
  readonly renamed: Renamed[]
  readonly versions: Version[]
  readonly keys: Map<string, Fate<ApiKey>>
  readonly accounts: Map<number, Fate<Account>>
  readonly accountKeys: AccountKey[]
  /** The newest keys of accounts, wrapped anew or used more than before. */
  readonly changedAccountKeys: Map<number, AccountKey>
  readonly droppedAccountKeys: { readonly accountId: number; readonly version: number }[]
  readonly rewrapped: { readonly accountId: number; readonly id: number; readonly key: SecretKey }[]
  readonly replies: Reply[]
  readonly records: NewRecord[]
}

/** Names a row within the store. */
export function ref(accountId: number, id: number | string): string {
  return `${accountId} ${id}`
}

export function versionRef(accountId: number, secretId: number, version: number): string {
  return `${accountId} ${secretId} ${version}`
}

export function replyRef(accountId: number, keyId: number, hash: string): string {
  return `${accountId} ${keyId} ${hash}`
}

export function usedRef(accountId: number, ruleId: number, hash: string): string {
  return `${accountId} ${ruleId} ${hash}`
}

/** A version's value, and the name that it was sealed under. */
export interface SealedVersion {
  readonly sealed: Uint8Array
  readonly name: string
}

/** Everything loaded for one batch. The maps hold the present state and follow what the batch does. */
export interface World {
  readonly storeId: string
  /** Every row here that has a MAC is authentic; what is put gets its own. */
  readonly macs: RowMacs
  /** What was not authentic, or missing, as it was loaded: then nothing is decided. */
  readonly forged: Forged[]
  /** Milliseconds since 1970. */
  readonly now: number
  readonly accounts: Map<number, Account>
  /** The newest of each account. */
  readonly accountKeys: Map<number, AccountKey>
  /** Versions of account keys that still wrap secret keys, of the accounts where one is to be dropped. */
  readonly accountKeysInUse: Map<number, Set<number>>
  /** By look-up hash. */
  readonly keysByToken: Map<string, ApiKey>
  /** By account and id. */
  readonly keys: Map<string, ApiKey>
  readonly secrets: Map<string, StoredSecret>
  /** Ids of secrets by account and name. */
  readonly names: Map<string, number>
  /** By account and id. */
  readonly lists: Map<string, List>
  /** Ids of lists by account and name. */
  readonly listNames: Map<string, number>
  /** By account and id; all of an account, where they are asked for. */
  readonly machines: Map<string, Machine>
  readonly settings: Map<number, AccountSettings>
  /** By account and id; all of an account, where they are asked for. */
  readonly users: Map<string, User>
  /** Ids of users by account and address, of those that are to be given. */
  readonly emails: Map<string, number>
  /** By account and id; all of a user, where that user signs in or changes them. */
  readonly factors: Map<string, Factor>
  /** Those of any account that are to be given. */
  readonly factorLookups: Set<string>
  /** What has been used up, of that which is to be, by account and hash. */
  readonly spent: Set<string>
  readonly rules: Map<number, SignInRules>
  /** By account and id. */
  readonly deployments: Map<string, Deployment>
  /** Ids of deployments by account and target. */
  readonly targets: Map<string, number>
  /** How many deployments hold a secret, of those that change, by account and id. */
  readonly holders: Map<string, number>
  /** By account and id. */
  readonly seeds: Map<string, Seed>
  /** By look-up hash. */
  readonly seedsByToken: Map<string, Seed>
  /** By account and id; all of an account, where they are asked for. */
  readonly trustRules: Map<string, TrustRule>
  /** How many keys of a rule are alive, of the rules that another is asked of, by account and id. */
  readonly livingKeys: Map<string, number>
  /** Those that are asked for and were found. */
  readonly usedTokens: Set<string>
  /** Those that meet an address which is asked from, or which is to be claimed. */
  readonly claims: Claim[]
  /** The lists whose secrets are all here, by account and id: how many deployments hold something of each. */
  readonly wholeLists: Map<string, number>
  readonly replies: Map<string, Reply>
  /** Versions of the secrets whose history is asked for, oldest first. */
  readonly versions: Map<string, readonly VersionHead[]>
  /** Sealed values of the versions that are asked for. */
  readonly sealed: Map<string, SealedVersion>
  readonly keepVersions: number
  /** Present when the batch makes an account. */
  readonly accountNames: ReadonlySet<string>
  readonly nextAccountId: number
}

/** For so long after its end a job's key is still shown. */
export const workloadKeyLingersMs = 60 * 60 * 1000

/** For how long a reply is remembered. */
export const replyLifetimeMs = 24 * 60 * 60 * 1000
