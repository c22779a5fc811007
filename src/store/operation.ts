/** Operations and their outcomes: the words that the vault and the engines speak. */
import type { Action, AuditObject, RecordedOutcome, ShutOut } from '../audit/record.ts'
import type { Code, FieldFault } from '../errors.ts'
import type { Account, AccountKey } from '../model/account.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { List } from '../model/list.ts'
import type { AccountSettings, Machine } from '../model/machine.ts'
import type { Principal } from '../model/principal.ts'
import type { Right, Scope } from '../model/scope.ts'
import type { Details, Secret, SecretKey } from '../model/secret.ts'
import type { User } from '../model/user.ts'
import type { Caller } from './caller.ts'
import type { Unsealed } from './coverage.ts'
import type { FactorOperation, FactorResults, NewFactor, Proof, SessionEnds } from './factor-operation.ts'
import type { FingerprintOperation, FingerprintResults } from './fingerprint-operation.ts'
import type { Made, MadeOperation, MadeResults } from './made-operation.ts'
import type { SecretHead } from './reply.ts'
import type { RotationOperation, RotationResults } from './rotation-operation.ts'
import type { SeedOperation, SeedResults } from './seed-operation.ts'
import type { TrustOperation, TrustResults } from './trust-operation.ts'

export type { SecretHead }

/** The operation of one kind. */
export type Op<K extends Kind> = Extract<Operation, { kind: K }>

export interface Request<K extends Kind = Kind> {
  readonly caller: Caller
  readonly requestId: string
  readonly address: string
  readonly operation: Op<K>
}

/** Makes a repeated request answer as the first did. All three are keyed hashes or ids, never the caller's text. */
export interface Idempotency {
  readonly hash: string
  readonly fingerprint: string
}

/** `If-Match`: the versions that will do, or any that exists. */
export type Match = readonly number[] | '*'

/** `If-Match` of what is known of a secret: the tags that will do (`metadataTag`), or any that exists. */
export type MetadataMatch = readonly string[] | '*'

/** A secret or a list: by id, or by its exact name. */
export type IdOrName = number | string

/** A secret, and the list that it must be in, if any will not do. */
export interface Place {
  readonly id: IdOrName
  readonly list?: IdOrName | undefined
}

export type Operation =
  | SeedOperation
  | TrustOperation
  | FactorOperation
  | FingerprintOperation
  | MadeOperation
  /** Only checks the key. Recorded when it is refused. */
  | { readonly kind: 'authenticate' }
  /** Authorizes a listing, whose pages are then read by `Pages`. */
  | { readonly kind: 'list_secrets'; readonly list?: IdOrName | undefined }
  | ({ readonly kind: 'read_secret' } & Place)
  /** Reads many at once, each with its record. */
  | { readonly kind: 'read_secrets'; readonly refs: readonly IdOrName[] }
  | ({ readonly kind: 'read_metadata' } & Place)
  /** Loads what is needed to seal a new version. Never answered to anybody, so not recorded. */
  | ({ readonly kind: 'prepare_secret' } & Place)
  | {
      readonly kind: 'create_secret'
      /** The account that `sealed` is bound to. */
      readonly accountId: number
      readonly name: string
      /** The list that it goes into; `undefined` for the default one. */
      readonly list: IdOrName | undefined
      readonly details: Details
      readonly uid: string
      readonly key: SecretKey
      readonly sealed: Uint8Array
      readonly idempotency: Idempotency | undefined
    }
  | ({
      readonly kind: 'update_secret'
      /** What the caller says the name is; refused when it is another. */
      readonly name: string | undefined
      /** What it is to be called from now on. */
      readonly rename: string | undefined
      readonly match: Match | undefined
      /** The next version, sealed upon the row that was prepared; `undefined` when there was none. */
      readonly next: NextVersion | undefined
      readonly idempotency: Idempotency | undefined
    } & Place)
  | ({
      readonly kind: 'update_metadata'
      readonly match: MetadataMatch | undefined
      /** What is known of it from now on, upon the row that was prepared; `undefined` when there was none. */
      readonly change: DetailsChange | undefined
    } & Place)
  | { readonly kind: 'move_secret'; readonly id: IdOrName; readonly to: IdOrName }
  | ({ readonly kind: 'delete_secret'; readonly match: Match | undefined } & Place)
  /** Authorizes the reading of all values, or of those of a list: each is then read by `read_secrets`. */
  | { readonly kind: 'list_values'; readonly list: IdOrName | undefined }
  /** Authorizes a listing of the lists. */
  | { readonly kind: 'list_lists' }
  | { readonly kind: 'read_list'; readonly list: IdOrName }
  | { readonly kind: 'create_list'; readonly name: string }
  | { readonly kind: 'rename_list'; readonly list: IdOrName; readonly name: string }
  /** Deletes its secrets with it. */
  | { readonly kind: 'delete_list'; readonly list: IdOrName }
  | { readonly kind: 'list_versions'; readonly id: number }
  | { readonly kind: 'read_version'; readonly id: number; readonly version: number }
  /** Loads an old version to be sealed anew. Not recorded. */
  | { readonly kind: 'prepare_version'; readonly id: number; readonly version: number }
  | {
      readonly kind: 'restore_version'
      readonly id: number
      /** The version whose value `next` has. */
      readonly version: number
      readonly match: Match | undefined
      readonly next: NextVersion | undefined
      readonly idempotency: Idempotency | undefined
    }
  | { readonly kind: 'list_machines' }
  | { readonly kind: 'read_machine'; readonly id: number }
  | { readonly kind: 'create_machine'; readonly machine: NewMachine }
  | { readonly kind: 'delete_machine'; readonly id: number }
  | { readonly kind: 'read_settings' }
  | { readonly kind: 'update_settings'; readonly change: SettingsChange }
  | { readonly kind: 'list_users' }
  | { readonly kind: 'read_user'; readonly id: number }
  /** Loads what is needed to authenticate a changed row. Not recorded. */
  | { readonly kind: 'prepare_user'; readonly id: number }
  | { readonly kind: 'create_user'; readonly user: NewUser }
  | {
      readonly kind: 'update_user'
      readonly id: number
      /** Upon the row that was prepared; `undefined` when there was none. */
      readonly change: UserChange | undefined
      /** Whether it is the user's own password, changed by whoever knows the old one. */
      readonly isProven: boolean
      /** Whether what a user made ends, who is disabled. */
      readonly isWhole: boolean
    }
  /** With all their sessions, and what they made if that is to end too. */
  | { readonly kind: 'delete_user'; readonly id: number; readonly isWhole: boolean }
  | {
      readonly kind: 'open_session'
      readonly change: UserChange
      /** `undefined` when the user is to sign in by other means. */
      readonly session: NewKey | undefined
      /** Whether a one-time link is accepted, which ends all other sessions. */
      readonly isLink: boolean
      /** How, for the trail: such as `password` or `passkey`. */
      readonly method: string
      readonly proof: Proof
      /** What the user can be recognized by from now on. */
      readonly add: readonly NewFactor[]
      /** Of the account's rules by which the session was judged. */
      readonly rulesMac: Uint8Array
    }
  | { readonly kind: 'read_session' }
  | {
      readonly kind: 'confirm_session'
      readonly change: { readonly rowMac: Uint8Array; readonly confirmedAt: number }
      readonly proof: Proof
    }
  | {
      readonly kind: 'end_session'
      readonly id: number
      readonly change: KeyChange | undefined
      /** The user's row as it will be, where it is another session than the one that asks. */
      readonly user: { readonly rowMac: Uint8Array; readonly user: User } | undefined
    }
  | { readonly kind: 'list_keys' }
  | { readonly kind: 'read_key'; readonly id: number }
  /** The key that asks, whatever its scopes. */
  | { readonly kind: 'read_own_key' }
  /** Loads what is needed to authenticate a changed row. Not recorded. */
  | { readonly kind: 'prepare_key'; readonly id: number }
  | { readonly kind: 'create_key'; readonly key: NewKey }
  | {
      readonly kind: 'rotate_key'
      readonly id: number
      /** The old key as it will be, upon the row that was prepared; `undefined` when there was none. */
      readonly change: KeyChange | undefined
      readonly key: NewKey | undefined
    }
  | {
      readonly kind: 'revoke_key'
      readonly id: number
      readonly change: KeyChange | undefined
      /** Whether what it made ends with it. */
      readonly isWhole: boolean
    }
  /** The key that asks, whatever its scopes. */
  | { readonly kind: 'revoke_own_key'; readonly change: KeyChange | undefined; readonly isWhole: boolean }
  | { readonly kind: 'read_audit' }
  /** Authorizes the verification of the whole trail. */
  | { readonly kind: 'verify_audit' }
  | { readonly kind: 'read_account' }
  | {
      readonly kind: 'create_account'
      readonly name: string
      /** The id that `accountKey` and `key` are bound to: must be the next one. */
      readonly id: number
      readonly accountKey: AccountKey
      readonly key: NewKey
    }
  | RotationOperation
  /** Only leaves a record. */
  | {
      readonly kind: 'record'
      readonly action: Action
      readonly object: AuditObject | null
      readonly outcome: RecordedOutcome
    }

export type Kind = Operation['kind']

export interface DetailsChange {
  readonly rowMac: Uint8Array
  readonly details: Details
}

export interface NextVersion {
  /** The row that it was sealed upon. */
  readonly version: number
  readonly rowMac: Uint8Array
  /** The name that it is sealed under. */
  readonly name: string
  readonly sealed: Uint8Array
}

/** A user without what the transaction gives it. */
export type NewUser = Omit<User, 'id' | 'lastSignInAt' | 'factorIds' | 'mac'>

export interface UserChange {
  /** The row that it was made upon. */
  readonly rowMac: Uint8Array
  readonly user: Unsealed<User>
  readonly ends: SessionEnds
}

/** A machine without what the transaction gives it. */
export type NewMachine = Omit<Machine, 'id' | 'mac'>

/** A key without what the transaction gives it. */
export type NewKey = Omit<ApiKey, 'id' | 'lastUsedAt' | 'mac'>

export interface KeyChange {
  /** The row that it was made upon. */
  readonly rowMac: Uint8Array
  readonly expiresAt: number | null
  readonly revokedAt: number | null
}

/** A secret with its key and its current value, sealed. */
export interface StoredSecret {
  readonly secret: Secret
  readonly key: SecretKey
  readonly sealed: Uint8Array
}

/** One of a secret's versions, without its value. */
export interface VersionHead {
  readonly version: number
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** One of a secret's versions with its value, sealed. */
export interface StoredVersion extends VersionHead {
  readonly secret: Secret
  /** The name that it was sealed under. */
  readonly name: string
  readonly key: SecretKey
  readonly sealed: Uint8Array
}

export interface Changed {
  readonly secret: SecretHead
  /** Whether an earlier request had done it already. */
  readonly replayed: boolean
  /** How many deployments hold an older version. */
  readonly stale: number
}

/** What a caller's key leads to. */
export interface Identified {
  readonly accountId: number
  readonly accountKey: AccountKey
  readonly key: ApiKey | undefined
  /** Who makes what is made. */
  readonly maker: Principal
  /** Whether it hands on what is an owner's alone. */
  readonly isOwner: boolean
  /** Of a user. */
  readonly generation: number
}

/** What a page may be read by. */
export interface Grant {
  readonly accountId: number
  readonly scopes: readonly Scope[]
}

export interface Results
  extends SeedResults,
    TrustResults,
    FactorResults,
    FingerprintResults,
    RotationResults,
    MadeResults {
  authenticate: Identified
  list_secrets: Grant & { readonly list: List | undefined }
  read_secret: StoredSecret
  /** In the order of the references. */
  read_secrets: readonly (StoredSecret | Refused)[]
  read_metadata: { readonly secret: Secret; readonly list: List }
  prepare_secret: StoredSecret
  create_secret: Changed
  update_secret: Changed
  update_metadata: { readonly secret: Secret; readonly list: List }
  move_secret: { readonly secret: Secret; readonly list: List }
  delete_secret: { readonly secret: Secret; readonly stale: number }
  list_values: Grant & { readonly list: List | undefined }
  list_lists: Grant
  read_list: List
  create_list: List
  rename_list: List
  /** The secrets that went with it. */
  delete_list: { readonly secrets: readonly Pick<Secret, 'accountId' | 'uid'>[]; readonly stale: number }
  list_versions: { readonly secret: Secret; readonly versions: readonly VersionHead[] }
  read_version: StoredVersion
  prepare_version: StoredVersion
  restore_version: Changed
  list_machines: readonly Machine[]
  read_machine: Machine
  create_machine: Machine
  delete_machine: null
  read_settings: Settings
  update_settings: Settings
  list_users: readonly User[]
  read_user: User
  prepare_user: { readonly user: User; readonly sessions: readonly ApiKey[] }
  create_user: User
  update_user: { readonly user: User; readonly made: Made }
  delete_user: Made
  open_session: { readonly user: User; readonly session: ApiKey | undefined }
  read_session: { readonly user: User; readonly session: ApiKey }
  confirm_session: ApiKey
  end_session: null
  list_keys: Grant
  read_key: ApiKey
  read_own_key: ApiKey
  prepare_key: ApiKey
  create_key: ApiKey
  rotate_key: ApiKey
  revoke_key: { readonly key: ApiKey; readonly made: Made }
  revoke_own_key: { readonly key: ApiKey; readonly made: Made }
  read_audit: Grant
  verify_audit: Account
  read_account: Account
  create_account: { readonly account: Account; readonly key: ApiKey }
  record: null
}

/** How an operation ended. Refusals are values here, so that one does not sink its neighbours in a batch. */
export type Outcome<K extends Kind = Kind> =
  | { readonly kind: 'done'; readonly result: Results[K] }
  | Refused
  /** A row that the operation rests upon is not authentic, or is missing. Nothing was done, and nothing recorded yet. */
  | Forged
  /** The row changed since it was prepared: prepare again. Nothing was done. */
  | { readonly kind: 'outdated' }

export interface Forged {
  readonly kind: 'forged'
  readonly accountId: number
  readonly object: AuditObject
  /** What it was asked for. */
  readonly action: Action
}

export interface Refused {
  readonly kind: 'refused'
  readonly code: Code
  readonly message: string
  /** The missing right, when that is why. */
  readonly right?: Right
  /** What of the request is at fault. */
  readonly fields?: readonly FieldFault[]
  /** There is no record of it yet. Whoever is not let in may repeat that for nothing: the vault records it, or counts it. */
  readonly shutOut?: ShutOut
}

/** What an account is set to. */
export interface Settings extends Pick<AccountSettings, 'vmAuth'>, Pick<Account, 'networks' | 'machineNetworks'> {}

/** What is not named stays as it is. Networks for machines are for the host alone to give. */
export type SettingsChange = { readonly [Name in keyof Settings]?: Settings[Name] | undefined }

/** Everything that arrived while the store was busy; one transaction. */
export interface Batch {
  readonly requests: readonly Request[]
  /** Milliseconds since 1970 to take as now; `undefined` for the store's own clock. */
  readonly now: number | undefined
}
