/** The store as the vault sees it: operations in, outcomes out, each recorded in the transaction that carries it out. */
import type { KeyObject } from 'node:crypto'
import type { Action } from '../audit/record.ts'
import type { StoredRecord } from '../audit/verify.ts'
import type { Code } from '../errors.ts'
import type { Account, AccountKey } from '../model/account.ts'
import type { CustomerKey } from '../model/customer-key.ts'
import type { Deployment } from '../model/deployment.ts'
import type { Factor } from '../model/factor.ts'
import type { List } from '../model/list.ts'
import type { AccountSettings } from '../model/machine.ts'
import type { Principal } from '../model/principal.ts'
import type { Secret, SecretKey, SecretSearch } from '../model/secret.ts'
import type { SignInRules } from '../model/sign-in.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import type { User } from '../model/user.ts'
import type { Followers } from './followers.ts'
import type { ListedRows, Part } from './listings.ts'
import type { Kind, Outcome, Request } from './operation.ts'
import type {
  DecoyRead,
  DeletedRef,
  Environments,
  KeptVersion,
  Spent,
  StoredDeleted,
  StoredSecret,
  StoredVersion,
  VersionHead,
  Within,
} from './stored.ts'
import type { Claim } from './tables/machine.ts'
import type { Watched } from './watched.ts'

export interface Store extends Watched, Followers {
  /**
   * Carries out an operation in the next batch: one durable transaction, with one audit record for each operation.
   *
   * @throws Refusal `audit_unavailable` if the record could not be written: nothing happened
   * @throws Refusal `outcome_unknown` if the connection broke around COMMIT: it may have happened
   * @throws Refusal `storage_full` if a change found no room: nothing happened
   * @throws Refusal `overloaded` if too much waits already: nothing happened
   */
  submit<K extends Kind>(request: Request<K>): Promise<Outcome<K>>

  /** Secrets by ascending id, after one. Who may see them has been decided by `list_secrets`. */
  secretsAfter(within: Within, after: number, limit: number): Promise<readonly Secret[]>
  /** Those of a search, in an order, page by page. Who may see them has been decided by `list_secrets`. */
  secretPages(accountId: number, listing: SecretListing): AsyncIterable<SecretPage>
  /** How many secrets a search is about, counted in turns with others. */
  countSecrets(accountId: number, search: SecretSearch): Promise<number>
  /** How many of them are in each list, by its id. */
  countByList(accountId: number, search: SecretSearch): Promise<ReadonlyMap<number, number>>
  /** The tags that secrets of the environment have, by their letters, the first so many. */
  tags(within: Within, limit: number): Promise<readonly string[]>
  secretsOfListAfter(within: Within, listId: number, after: number, limit: number): Promise<readonly Secret[]>
  /** All of the account, but for `default`, by ascending id. */
  environments(accountId: number): Promise<Environments>
  /** Those of these ids that are there, by ascending id. */
  listsOfIds(accountId: number, ids: readonly number[]): Promise<readonly List[]>
  /** By its exact name. */
  secretNamed(within: Within, name: string): Promise<Secret | undefined>
  /** Lists of any account that are deleted, and of whose secrets some are still to go: some of them. */
  deletedLists(): Promise<readonly Pick<List, 'accountId' | 'id'>[]>
  /** What is stored of the versions of these secrets, by ascending id and oldest first: of what is kept of deleted ones, too. */
  versionHeadsOf(accountId: number, ids: readonly number[]): Promise<readonly (VersionHead & KeptVersion)[]>
  /** What was deleted and is kept, by ascending id, after one: each with its key and its value, as far as these are there. */
  storedDeletedAfter(accountId: number, after: number, limit: number): Promise<readonly StoredDeleted[]>
  /** What is kept past its end, or is on its way somewhere: of all accounts, after one. */
  overDeleted(now: number, after: Pick<DeletedRef, 'accountId' | 'id'>, limit: number): Promise<readonly DeletedRef[]>
  /** Deployments by ascending id, after one, and whether they hold anything of a list. */
  holdersOfListAfter(
    accountId: number,
    listId: number,
    after: number,
    limit: number,
  ): Promise<readonly { readonly id: number; readonly environmentId: number; readonly isHolding: boolean }[]>
  /** A part of a listing. Who may see its rows has been decided by the operation that lists them. */
  rowsOf<Row>(accountId: number, rows: ListedRows<Row>, part: Part): Promise<readonly Row[]>
  /** By ascending id, after one. Who may see them has been decided by `list_deployments`. */
  deploymentsAfter(accountId: number, filter: DeploymentFilter, after: number, limit: number): Promise<DeploymentPage>
  /** By ascending id: all, or the first so many. */
  accounts(limit?: number): Promise<readonly Account[]>
  account(id: number): Promise<Account | undefined>
  /** `undefined` when the account has no key of that version, or none any more. */
  accountKey(accountId: number, version: number): Promise<AccountKey | undefined>
  /** All versions of an account's key, oldest first. */
  accountKeys(accountId: number): Promise<readonly AccountKey[]>
  /** What the account keeps its key with, where it has its own provider. */
  customerKey(accountId: number): Promise<CustomerKey | undefined>
  /** Of all accounts. */
  customerKeys(): Promise<readonly CustomerKey[]>
  /** Secrets as they stand, with the hash of their current sealed value, by ascending id, after one. */
  /** Each with its current value, sealed, and the uid of its list, as far as they are there. */
  storedSecretsAfter(
    accountId: number,
    after: number,
    limit: number,
  ): Promise<readonly { secret: Secret; sealed: Uint8Array | null; listUid: string | null }[]>
  /** For an account that is made now: no row of any table is of it. */
  nextAccountId(): Promise<number>
  accountNamed(name: string): Promise<Account | undefined>
  /** By ascending id; with an issuer, those of its tokens alone. */
  trustRules(accountId: number, issuer?: string): Promise<readonly TrustRule[]>
  /** Those of these secrets that are there, by ascending id, each with its key and its current value. */
  storedOf(accountId: number, ids: readonly number[]): Promise<readonly StoredSecret[]>
  /** Of each of these secrets, by ascending id, the versions that are kept, oldest first. */
  versionsOf(accountId: number, ids: readonly number[]): Promise<readonly (StoredVersion & Pick<KeptVersion, 'mac'>)[]>
  /** The ranges that the account's machines are found by. */
  claims(accountId: number): Promise<readonly Claim[]>
  /** By an address in lower case. */
  userWithEmail(accountId: number, email: string): Promise<User | undefined>
  /** Of whatever account, by the look-up hash of a one-time link. */
  userWithLink(linkHash: string): Promise<User | undefined>
  user(accountId: number, id: number): Promise<User | undefined>
  factorsOf(accountId: number, userId: number): Promise<readonly Factor[]>
  /** Of whatever account. */
  factorWith(lookup: string): Promise<Factor | undefined>
  /** Whether it was used up already, and its mark is still there. */
  isSpent(used: Pick<Spent, 'accountId' | 'hash'>): Promise<boolean>
  rules(accountId: number): Promise<SignInRules | undefined>
  settings(accountId: number): Promise<AccountSettings | undefined>
  /** Secret keys that are wrapped under an older version than this one, by ascending secret id, after one. */
  secretKeysBelow(accountId: number, version: number, after: number, limit: number): Promise<readonly OldSecretKey[]>
  /** How many there are of them. */
  countSecretKeysBelow(accountId: number, version: number): Promise<number>

  /** Records that pass the filter, newest first; looks at no more than `window` sequence numbers at once. */
  recordsBefore(accountId: number, filter: RecordFilter): Promise<RecordPage>
  /** How many records there are of each kind, in no order, among those of a stretch of sequence numbers. */
  countRecords(accountId: number, counting: RecordCounting): Promise<readonly RecordCount[]>
  /** Who was handed out values of a secret, in no order, among the records of a stretch. */
  countReaders(accountId: number, secretId: number, after: number, upTo: number): Promise<readonly ReaderCount[]>
  /** What was done, in no order, among the records of a stretch: what was refused is left out. */
  countUses(accountId: number, match: UseMatch, after: number, upTo: number): Promise<readonly UseCount[]>
  /** Records by their sequence numbers, a few hundred at most, oldest first. */
  recordsOf(accountId: number, seqs: readonly number[]): Promise<readonly StoredRecord[]>
  auditSize(accountId: number): Promise<number>
  /** Records of a stretch of sequence numbers, oldest first. */
  recordsAmong(accountId: number, stretch: RecordStretch): Promise<readonly StoredRecord[]>
  /** Records with their chain heads, oldest first, after a sequence number. */
  recordsAfter(accountId: number, after: number, limit: number): Promise<readonly StoredRecord[]>

  /**
   * Hands over the key of row MACs, and seals anew what an older version left: before the first request.
   *
   * @throws Refusal `integrity_failure` when a row of the older version is not authentic
   */
  takeRowKey(key: KeyObject): Promise<void>
  /** The store's keyring; `make` gives it when the store is new. Every process gets the same one. */
  keyring(make: () => Promise<KeyringRow>): Promise<KeyringRow>
  /** Keeps another version of the master key, unless there is one of this number. */
  addMasterKey(key: KeyringRow['masterKeys'][number]): Promise<void>
  /**
   * Replaces every version, as it is wrapped, where it is what was read before. Broken off, it has done so with the first ones.
   *
   * @returns whether all were replaced
   */
  replaceMasterKeys(before: KeyringRow['masterKeys'], keys: KeyringRow['masterKeys']): Promise<boolean>
  /** How much the keys that wrap others have been used. */
  wraps(): Promise<Wraps>
  /** How many things there are, by counting their rows: not for the path of a request. Nothing of it is recorded. */
  objectCounts(now: number): Promise<ObjectCounts>
  /**
   * Counts an attempt before it is made, for all nodes, unless there are `max` already until the end of their window.
   *
   * @param until when the window ends that it begins, if it is the first
   * @returns when its window ends, and whether it was counted
   */
  takeAttempt(
    name: string,
    max: number,
    now: number,
    until: number,
  ): Promise<{ readonly until: number; readonly isTaken: boolean }>
  /** One that was counted in the window that ends then. */
  giveBackAttempt(name: string, until: number): Promise<void>
  forgetAttempts(name: string): Promise<void>
  /** Removes the counts whose window is over. */
  pruneAttempts(now: number): Promise<void>
  /** Requests that have no durable record yet. */
  backlog(): Backlog
  readonly dialect: 'sqlite' | 'postgres'
  /** Whether so little room is left on the disk that changes must wait; always `false` on PostgreSQL. */
  isNearlyFull(): boolean
  /** @throws when the store does not answer */
  ping(): Promise<void>
  /** @throws when nothing can be made durable now */
  probe(): Promise<void>
  /** Gives back what memory its opening took beside this thread's. */
  collect(): Promise<void>
  /** What the store has done, for the metrics. */
  readonly events: StoreEvents
  /** Waits for what was submitted, then lets go of everything. */
  close(): Promise<void>
}

export type { Within }

/** Over all accounts. */
export interface ObjectCounts {
  readonly accounts: number
  readonly keys: {
    readonly active: number
    readonly expired: number
    readonly revoked: number
    /** Of the active ones, those that expire within so many days. */
    readonly within7Days: number
    readonly within30Days: number
  }
  readonly secrets: {
    readonly all: number
    /** Those of which neither value nor metadata changed for so many days. */
    readonly over90Days: number
    readonly over365Days: number
    /** Those whose `expires_at` is past, and those for which it comes within so many days. */
    readonly expired: number
    readonly within7Days: number
    readonly within30Days: number
  }
  readonly wraps: Wraps
  readonly deployments: {
    readonly all: number
    /** Those that hold an old version, or a secret that was deleted. */
    readonly stale: number
  }
  readonly webhooks: {
    /** Deliveries to be sent, or sent again. */
    readonly waiting: number
    /** Those that were given up. */
    readonly failed: number
    /** How long the oldest waits. */
    readonly oldestMs: number
  }
  /** Records that have no index yet, of whole segments of trails. */
  readonly notIndexed: number
}

/** How often a key was used to wrap others, at the most: the one key of an account, and one version of the master key. */
export interface Wraps {
  readonly account: number
  readonly master: number
}

export interface Backlog {
  /** Not sent to the database yet. */
  readonly waiting: number
  /** Sent, and not known to be durable. */
  readonly sent: number
  /** How long the oldest batch is on its way; 0 when none is. */
  readonly oldestMs: number
}

/** A secret's key as it is wrapped, and what it belongs to. */
export interface OldSecretKey {
  readonly id: number
  readonly uid: string
  readonly key: SecretKey
}

/** What the keyring keeps in the store: nothing of it opens without the root key. */
export interface KeyringRow {
  readonly storeId: string
  /** Each wrapped under the root keys; in a store of before, while one was being replaced, under the next one as well. Oldest first. */
  readonly masterKeys: readonly {
    readonly version: number
    readonly wrapped: Uint8Array
    readonly next: Uint8Array | undefined
  }[]
  readonly canary: Uint8Array
}

/** Ascending: by id, by name, by the time of the last change, of the end, by the name of the list, files before texts. */
export type SecretOrder = 'created' | 'name' | 'updated' | 'expires' | 'list' | 'type' | 'expired first'

/** Where a listing goes on: a part of its order, and what a secret has there. */
export type SecretPosition = readonly (string | number)[]

export interface SecretListing {
  readonly search: SecretSearch
  readonly order: SecretOrder
  readonly isDown: boolean
  readonly after: SecretPosition | undefined
  /** How many are passed over, of a listing from its beginning. */
  readonly skip?: number | undefined
  /** How many are wanted, at most. */
  readonly limit: number
  /** Milliseconds since 1970. */
  readonly now: number
}

export interface SecretPage {
  readonly secrets: readonly Secret[]
  /** Where a listing goes on after one of them. */
  positionOf(secret: Secret): SecretPosition
}

/** Which deployments a listing is about: those that pass every part that is given. */
export interface DeploymentFilter {
  /** Without it, of all environments. */
  readonly environmentId?: number | undefined
  readonly target?: string | undefined
  /** A secret by id, or by the name that it has or that it had then. */
  readonly secret?: number | string | undefined
  /** Only those that hold something of the list. */
  readonly listId?: number | undefined
  /** Only those that hold an old version, or a secret that is gone. */
  readonly isStale?: boolean | undefined
}

export interface StoredDeployment {
  readonly deployment: Deployment
  /** The versions that its secrets have now, by id; without those that are gone. */
  readonly current: ReadonlyMap<number, number>
  /** The lists that they are in now, by id. */
  readonly lists: ReadonlyMap<number, number>
}

export interface DeploymentPage {
  readonly found: readonly StoredDeployment[]
  /** Look on after this id; nothing when all was looked at. */
  readonly next: number | undefined
}

/** What records are like: every part that is given. */
export interface RecordMatch {
  readonly action?: string | undefined
  /** What it is besides, for who manages the account. */
  readonly aside?: string | undefined
  readonly outcome?: string | undefined
  /** A secret by id or by name. */
  readonly secret?: number | string | undefined
  /** A principal by id (API keys) or by name. */
  readonly principal?: number | string | undefined
  /** What was asked in this environment. */
  readonly environmentId?: number | undefined
  /** What kind of principal acted. */
  readonly kind?: string | undefined
}

/** What is looked for in a trail. */
export interface RecordSought extends RecordMatch {
  /** Milliseconds since 1970, inclusive. */
  readonly from?: number | undefined
  readonly to?: number | undefined
}

export interface RecordFilter extends RecordSought {
  /** Only records with a lower sequence number: one more than there are, at the most. */
  readonly before: number
  /** How many sequence numbers to look at, at most. */
  readonly window: number
  readonly limit: number
}

export interface RecordStretch {
  /** Sequence numbers above this one, */
  readonly after: number
  /** up to this one: some thousand, so that looking through them does not hold the store up. */
  readonly upTo: number
  readonly limit: number
  /** Only what did one of these, and was not refused. */
  readonly changes?: readonly Action[] | undefined
}

export interface RecordCounting extends RecordMatch {
  /** Sequence numbers above this one, */
  readonly after: number
  /** up to this one: a few thousand, so that counting does not hold the store up. */
  readonly upTo: number
  /** Whole milliseconds of one step of time, and from when since 1970 the steps are counted. */
  readonly stepMs: number
  readonly shiftMs: number
  /** Whether to count by what records are about, too: for whoever may not see them all. */
  readonly isNarrowed: boolean
}

/** So many records of one action by one principal, in one step of time. */
export interface RecordCount {
  /** Where the step begins, in milliseconds since 1970. */
  readonly start: number
  readonly action: Action
  /** Whether it was done, now or when it was asked for first. */
  readonly isOk: boolean
  readonly principal: Principal
  /** What they are about, where records were counted by that. */
  readonly about?: {
    readonly kind: string | null
    readonly name: string | null
    readonly environmentId: number | null
    readonly outcome: string
  }
  readonly count: number
}

/** So many reads of a secret by one principal, in one environment, under one name. */
export interface ReaderCount {
  readonly principal: Principal
  readonly action: Action
  readonly environmentId: number | null
  readonly name: string | null
  readonly count: number
  /** The newest of their records. */
  readonly lastSeq: number
}

/** Whose records, or about which secret: every part that is given. */
export interface UseMatch {
  readonly kind?: string | undefined
  readonly principalId?: number | undefined
  readonly secretId?: number | undefined
}

/** So often something was done by one principal, about one thing, from one address. */
export interface UseCount {
  readonly principal: Principal
  readonly action: Action
  /** What it was about. */
  readonly kind: string | null
  readonly name: string | null
  readonly environmentId: number | null
  readonly address: string
  readonly count: number
  /** Milliseconds since 1970. */
  readonly lastAt: number
}

export interface RecordPage {
  readonly records: readonly StoredRecord[]
  /** Look on before this sequence number; 1 when everything was looked at. */
  readonly next: number
}

/** Called as it happens; replaced by whoever wants to know. */
export interface StoreEvents {
  onBatch: (batch: BatchReport) => void
  /** Of a node's own batches. */
  onDecoyRead: (read: DecoyRead) => void
}

/** A batch that came back. Times are those of `performance.now()`. */
export interface BatchReport {
  readonly requests: readonly Request[]
  /** When the request that waited longest came. */
  readonly waitingSince: number
  readonly sentAt: number
  readonly backAt: number
  /** Why nobody in it was answered; `undefined` when it is durable. */
  readonly failure: Code | undefined
}
