/** What is stored of secrets and of what was used up, as engines load and write it. */
import type { Deleted } from '../model/deleted.ts'
import type { Environment } from '../model/environment.ts'
import type { Principal } from '../model/principal.ts'
import type { Secret, SecretKey } from '../model/secret.ts'

/** In which environment of which account things are looked for. */
export interface Within {
  readonly accountId: number
  readonly environmentId: number
}

/** Of an account, those beside `default`. */
export type Environments = readonly Environment[]

/** A secret with its key and its current value, sealed. */
export interface StoredSecret {
  readonly secret: Secret
  readonly key: SecretKey
  readonly sealed: Uint8Array
  /** Whether its list is deleted, and it is next to go. */
  readonly isGoing?: boolean
}

/** One of a secret's versions, without its value. */
export interface VersionHead {
  readonly version: number
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** When its value was destroyed, if it was. */
  readonly destroyedAt: number | null
}

/** Whose version it is, the name that it was sealed under, and the MAC of its row. */
export interface KeptVersion {
  readonly accountId: number
  readonly secretId: number
  readonly name: string
  readonly mac: Uint8Array
}

/** One of a secret's versions with its value, sealed. */
export interface StoredVersion extends VersionHead {
  readonly secret: Secret
  /** The name that it was sealed under. */
  readonly name: string
  readonly key: SecretKey
  readonly sealed: Uint8Array
}

/** What was deleted and is kept, with what a secret has beside its row: nothing for a list or an environment. */
export interface StoredDeleted extends Pick<StoredSecret, 'key' | 'sealed'> {
  readonly deleted: Deleted
}

/** Which deletion, and how it stands. */
export type DeletedRef = Pick<Deleted, 'accountId' | 'id' | 'kind' | 'state'>

/** A challenge or a code that is good once: kept until it would have expired anyway. */
export interface Spent {
  readonly accountId: number
  readonly hash: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** A token that is not accepted again. */
export interface UsedToken {
  readonly accountId: number
  readonly ruleId: number
  /** A keyed hash of its `jti`. */
  readonly hash: string
  /** Until when it would be accepted; milliseconds since 1970. */
  readonly until: number
}

/** That a decoy's value was handed out: by ids alone, for the log. */
export interface DecoyRead {
  readonly accountId: number
  readonly secretId: number | null
  readonly requestId: string
  readonly reader: Pick<Principal, 'kind' | 'id'>
}
