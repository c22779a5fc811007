/** What the API takes and gives, with its own names for the fields. */

/** A secret as listings show it, without its value. */
export interface SecretHead {
  /** Never given to another secret of the account. */
  readonly id: number
  /** Unique in the account. */
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

/** What may be said of a secret beside its value. */
export interface DetailsInput {
  /** Of a secret of type `file`. */
  readonly filename?: string | null
  readonly description?: string
  /** At most 32, such as `team:db`. */
  readonly tags?: readonly string[]
  /** From then on the value should not be relied upon; it can still be read. */
  readonly expires_at?: string | null
}

/** What is known of a secret beside its value. */
export interface Metadata extends SecretHead {
  /** `text` or `file`. */
  readonly type: string
  readonly filename: string | null
  readonly list: ListRef
  readonly version: number
  readonly description: string
  readonly tags: readonly string[]
  readonly expires_at: string | null
}

export interface ListRef {
  readonly id: number
  readonly name: string
}

/** A list that secrets are kept in. */
export interface List extends ListRef {
  readonly created_at: string
  readonly updated_at: string
}

export interface NewList {
  /** 1 to 128 characters on one line. */
  readonly name: string
}

export interface Moved {
  readonly id: number
  readonly name: string
  readonly list: ListRef
}

/** What asks from these addresses may read without a key, while `vm_auth` is on. */
export interface Machine {
  readonly id: number
  readonly name: string
  readonly addresses: readonly string[]
  readonly scopes: readonly string[]
  readonly created_at: string
  /** `null` for one from before this was kept. */
  readonly created_by: Principal | null
}

export interface NewMachine {
  readonly name: string
  /** Addresses or networks that no other machine has. */
  readonly addresses: readonly string[]
  /** Only to list and to read; without any, everything. */
  readonly scopes?: readonly string[]
}

/** What a target holds since it was last rendered for. */
export interface Deployment {
  readonly id: number
  readonly target: string
  readonly secrets: readonly HeldSecret[]
  /** Whether it holds an old version, or a secret that was deleted. */
  readonly stale: boolean
  readonly created_at: string
  /** Who had it rendered, where that is asked for. */
  readonly principal?: { readonly kind: string; readonly id: number; readonly name: string }
}

export interface HeldSecret {
  readonly id: number
  readonly name: string
  readonly version: number
  /** `null` for a secret that was deleted. */
  readonly current_version: number | null
}

/** What it takes to find values in a text without knowing them: see docs/scan.md. */
export interface Fingerprints {
  readonly base: number
  readonly mix: number
  /** Hexadecimal. */
  readonly mac_key: string
  readonly fingerprints: readonly Fingerprint[]
  readonly unscannable: readonly Unscannable[]
}

export interface Fingerprint {
  readonly id: number
  readonly name: string
  readonly version: number
  /** How the value is written: `raw`, `line-ends`, `one-line`, `base64`, `json` or `url`. */
  readonly form: string
  readonly length: number
  readonly offset: number
  readonly filter: number
  /** Hexadecimal. */
  readonly mac: string
}

/** A value that cannot be looked for. */
export interface Unscannable {
  readonly id: number
  readonly name: string
  readonly version: number
  /** `short`, `guessable`, or `tag` for a secret that is tagged `no-scan`. */
  readonly reason: string
}

export interface FingerprintFilter {
  /** A name, or a pattern such as `prod-*`. */
  readonly names?: string
}

export interface DeploymentFilter {
  readonly target?: string
  /** The id or the name of a secret. */
  readonly secret?: string
  readonly stale?: 'true'
  readonly include?: 'principal'
}

/** A NoCloud data source for one machine. */
export interface NewSeed {
  readonly user_data: string
  /** The machine's name. */
  readonly target: string
  readonly meta_data?: string
  readonly vendor_data?: string
  readonly network_config?: string
  /** In seconds; an hour unless it is said otherwise, seven days at most. */
  readonly expires_in?: number
  /** How often user-data may be fetched; once unless it is said otherwise. */
  readonly max_fetches?: number
}

export interface IssuedSeed {
  readonly id: number
  /** What to give to the machine. */
  readonly url: string
  readonly target: string
  readonly expires_at: string
}

export interface Seed {
  readonly id: number
  readonly target: string
  readonly state: 'open' | 'used' | 'expired'
  readonly max_fetches: number
  readonly fetches: {
    readonly user_data: number
    readonly meta_data: number
    readonly vendor_data: number
    readonly network_config: number
  }
  readonly created_at: string
  readonly expires_at: string
  readonly used_at: string | null
  /** When it was last asked again for what had been fetched, as its machine does at each later boot; to the hour. */
  readonly refetched_at: string | null
}

export interface Template {
  /** The document, or */
  readonly template?: string
  /** the document in base64. */
  readonly script_content?: string
  /** Name of the machine that it is for. */
  readonly target?: string
}

/** The document as it was sent, with values in the places of its references. */
export interface Rendered {
  readonly rendered?: string
  readonly script_content?: string
}

/** The settings of an account. */
export interface Settings {
  /** Whether machines may read without a key. */
  readonly vm_auth: boolean
  /** Where its API keys, sessions, seeds and machines work from; none: from anywhere. */
  readonly networks: readonly string[]
  /** What the host gave it for its machines. */
  readonly machine_networks: readonly string[]
}

/** What is not named stays as it is. */
export type SettingsChange = Partial<Pick<Settings, 'vm_auth' | 'networks'>>

/** How the people of an account must sign in. */
export interface SignInRules {
  readonly second_factor_required: boolean
}

/** An OpenID provider that an account's people come through. */
export interface SsoSettings {
  /** What the button says. */
  readonly label: string
  readonly issuer: string
  readonly client_id: string
  /** Whose verified addresses may come uninvited; only with a `role`. */
  readonly domains: readonly string[]
  /** What they become; `null` where only who was invited may come. */
  readonly role: 'editor' | 'reader' | 'auditor' | null
  /** Whether nobody but owners may sign in otherwise. */
  readonly only: boolean
}

export interface NewSso extends SsoSettings {
  /** Without it, the one that is there stays. */
  readonly client_secret?: string
}

export interface Sso extends SsoSettings {
  /** Where the provider sends people back to. */
  readonly redirect_uri: string
  /** Where people begin. */
  readonly sign_in_url: string
}

export interface NewSecret extends DetailsInput {
  /** 1 to 255 letters, digits, `_`, `.` or `-`, beginning with a letter, a digit or `_`. */
  readonly name: string
  /** At most 64 KiB of UTF-8, or 1 MiB of a file, unless the server is set otherwise. */
  readonly value: string
  /** Of `value`: base64 for a file, and text as it is, unless it is given. */
  readonly encoding?: 'utf-8' | 'base64'
  readonly type?: 'text' | 'file'
  /** The name of a list; without one, `default`. */
  readonly list?: string
}

export interface NewValue {
  readonly value: string
  readonly encoding?: 'utf-8' | 'base64'
  /** If given, the name that the secret has. */
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
  /** `null` for one from before this was kept. */
  readonly created_by: Principal | null
}

/** Who did something: an API key, a user, a job under a trust rule, or somebody on the host. */
export interface Principal {
  readonly kind: string
  readonly id: number
  readonly name: string
}

/** What somebody made, and what that made in turn: it goes on without its maker, unless it is ended with them. */
export interface MadeThings {
  readonly keys: readonly Named[]
  readonly trust_rules: readonly Named[]
  readonly machines: readonly Named[]
}

export interface Named {
  readonly id: number
  readonly name: string
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
  /** `kind` is `key`, `machine`, `host` or `system`. */
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
  /** The name of a list. */
  readonly list?: string
  readonly tag?: string
  readonly expires_before?: string
  /** Those that have expired before all others. */
  readonly expired?: 'first'
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

/** The entity tag of the value's version, of metadata one of its own: hand it back as `ifMatch`. */
export interface Tagged {
  readonly etag: string
}
