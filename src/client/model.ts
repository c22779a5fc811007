/** What the API takes and gives, with its own names for the fields. */

/** A secret as listings show it, without its value. */
export interface SecretHead {
  /** Never given to another secret of the account. */
  readonly id: number
  /** Unique in the account, and fixed for the secret's life. */
  readonly name: string
  /** Times are RFC 3339 in UTC. */
  readonly created_at: string
  readonly updated_at: string
}

/** A secret with its current value. */
export interface Secret extends SecretHead {
  readonly value: string
}

/** A secret after a change. */
export interface UpdatedSecret {
  readonly id: number
  readonly name: string
  readonly updated_at: string
}

export interface NewSecret {
  /** 1 to 255 letters, digits, `_`, `.` or `-`, beginning with a letter, a digit or `_`. */
  readonly name: string
  /** At most 64 KiB of UTF-8, unless the server is set otherwise. */
  readonly value: string
}

export interface NewValue {
  readonly value: string
  /** If given, the name that the secret has: names do not change. */
  readonly name?: string
}

/** A version that is kept of a secret. */
export interface VersionHead {
  readonly version: number
  readonly created_at: string
}

/** A secret's value as it was. */
export interface Version extends VersionHead {
  /** The secret's. */
  readonly id: number
  readonly name: string
  readonly value: string
}

/** An API key as it is shown once it has been made. */
export interface ApiKey {
  readonly id: number
  readonly name: string
  /** Such as `secrets:read:prod-*`. */
  readonly scopes: readonly string[]
  /** Where it may be used from, such as `10.0.0.0/8`; none for anywhere. */
  readonly networks: readonly string[]
  readonly created_at: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
  /** Exact to a minute. */
  readonly last_used_at: string | null
}

/** An API key that was just made. */
export interface IssuedApiKey extends ApiKey {
  /** The key itself. It is not shown again. */
  readonly api_key: string
}

export interface NewApiKey {
  /** 1 to 128 characters on one line. */
  readonly name: string
  /** 1 to 64, none beyond those of the key that asks. */
  readonly scopes: readonly string[]
  readonly networks?: readonly string[]
  readonly expires_at?: string | null
}

export interface Rotation {
  /** How long the old key stays good: 0 to 2592000, 3600 unless said otherwise. */
  readonly overlap_seconds?: number
  /** Of the new key. Unless it is given, the new one lives as long as the old one was to live. */
  readonly expires_at?: string | null
}

/** One record of the audit trail. */
export interface AuditRecord {
  readonly seq: number
  readonly time: string
  /** `kind` is `key`, `host` or `system`. */
  readonly principal: { readonly kind: string; readonly id: number; readonly name: string }
  readonly action: string
  readonly object: AuditObject | null
  /** `ok`, `replayed`, or the code of a refusal. */
  readonly outcome: string
  readonly request_id: string
  readonly address: string
  /** Head of the chain after this record, hexadecimal. */
  readonly head: string
}

/** What a record is about. */
export interface AuditObject {
  readonly kind: string
  readonly id: number | null
  readonly uid: string | null
  readonly name: string | null
  readonly version: number | null
  /** SHA-256 of the sealed value, hexadecimal. */
  readonly hash: string | null
}

export interface SecretFilter {
  /** A name, or a pattern with `*` for any characters. */
  readonly name?: string
}

export interface AuditFilter {
  /** Times, both inclusive. */
  readonly from?: string
  readonly to?: string
  readonly action?: string
  /** A secret's id or name. */
  readonly secret?: string | number
  /** An API key's id, or the name of whoever acted. */
  readonly principal?: string | number
  readonly outcome?: string
}

/** Which page of a listing. */
export interface PageQuery {
  /** The most items, 1 to 1000. */
  readonly limit?: number
  /** The `next` of an earlier page. */
  readonly cursor?: string
}

/** A page of a listing. */
export interface Page<Item> {
  readonly items: readonly Item[]
  /** The cursor of the next page, if there is one. */
  readonly next?: string
}

/** The entity tag of the secret's version: hand it back as `ifMatch`. */
export interface Tagged {
  readonly etag: string
}
