/** What look-ups are asked for: rows by what they are named by. */

/** A row of an account. */
export interface Ref {
  readonly accountId: number
  readonly id: number
}

export interface NameRef {
  readonly accountId: number
  readonly name: string
}

/** What has a name in an environment. */
export interface PlacedRef extends NameRef {
  readonly environmentId: number
}

export interface EmailRef {
  readonly accountId: number
  readonly email: string
}

export interface VersionRef extends Ref {
  readonly version: number
}

export interface ReplyRef {
  readonly accountId: number
  readonly keyId: number
  readonly hash: string
}

export interface UsedRef {
  readonly accountId: number
  readonly ruleId: number
  readonly hash: string
}

export interface SpentRef {
  readonly accountId: number
  readonly hash: string
}
