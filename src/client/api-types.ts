/** What the API takes and gives, with its own names for the fields. Written by `npm run client` from the definitions of the routes: change those. */

export interface AccountInfo {
  readonly id: number
  readonly name: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  readonly key: AccountKey
  readonly limits: Limits
}

export interface AccountKey {
  /** The newest version. */
  readonly version: number
  /** Whether older versions are there still. */
  readonly rotating: boolean
  /** Secrets whose keys an older version wraps. */
  readonly outdated: number
}

export interface ActionCount {
  readonly action: string
  /** With the outcome `ok` or `replayed`. */
  readonly ok: number
  /** With any other. */
  readonly refused: number
}

export interface Activity {
  /** The step of time, in UTC. Weeks begin on Mondays. */
  readonly by: 'minute' | 'hour' | 'day' | 'week'
  /** The time of the oldest record that was looked at, RFC 3339 to the millisecond. */
  readonly from: string
  /** The time of the newest one. */
  readonly to: string
  /** Whether that is all that was asked for: of more than 250000 records, those before `from` are left out. */
  readonly complete: boolean
  /** How many match. */
  readonly records: number
  /** Oldest first; steps without a record are left out. */
  readonly steps: readonly StepCount[]
  /** The 20 who were handed out most values, most first. */
  readonly readers: readonly Reader[]
}

export interface ApiKey {
  readonly id: number
  /** 1 to 128 characters on one line, without blanks at either end. */
  readonly name: string
  readonly scopes: readonly string[]
  readonly networks: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly revoked_at: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly last_used_at: string | null
  readonly created_by: Maker | null
}

export interface AuditObject {
  readonly kind: string
  readonly id: number | null
  readonly uid: string | null
  readonly name: string | null
  readonly version: number | null
  /** SHA-256 of the stored, sealed value. */
  readonly hash: string | null
}

export interface AuditRecord {
  readonly seq: number
  /** RFC 3339 in UTC, to the millisecond. */
  readonly time: string
  readonly principal: Principal
  readonly action: string
  readonly object: AuditObject | null
  /** `ok`, `replayed`, or the code of the refusal. */
  readonly outcome: string
  readonly request_id: string
  readonly address: string
  /** Head of the chain after this record, hexadecimal. */
  readonly head: string
}

export interface Away {
  /** Where the browser goes. */
  readonly url: string
}

/** A record that is known: `seq` and `head`. */
export interface ChainPoint {
  /** The number of a record. */
  readonly seq: number
  /** The head of that record. */
  readonly head: string
}

export interface Deployment {
  readonly id: number
  readonly target: string
  readonly secrets: readonly HeldSecret[]
  readonly stale: boolean
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  readonly principal?: Principal
}

export interface DetailsInput {
  /** A file name, or null. */
  readonly filename?: string | null
  /** A text of at most 1024 characters. */
  readonly description?: string
  /** At most 32 tags, each a text. */
  readonly tags?: readonly string[]
  /** A time such as 2027-01-31T00:00:00Z, or null. */
  readonly expires_at?: string | null
}

export interface Ended {
  readonly message: string
  readonly ended?: MadeThings
}

export interface Enrolment {
  readonly enrolment: string
  readonly secret: string
  readonly uri: string
}

export interface Factors {
  readonly passkeys: readonly Passkey[]
  readonly authenticator: {
    readonly id: number /** A time in UTC, such as 2026-01-15T10:30:00Z. */
    readonly created_at: string /** A time in UTC, such as 2026-01-15T10:30:00Z. */
    readonly last_used_at: string | null
  } | null
  readonly recovery_codes_left: number
  readonly sso: readonly {
    readonly issuer: string /** A time in UTC, such as 2026-01-15T10:30:00Z. */
    readonly created_at: string /** A time in UTC, such as 2026-01-15T10:30:00Z. */
    readonly last_used_at: string | null
  }[]
}

export interface Fingerprint {
  readonly id: number
  readonly name: string
  readonly version: number
  /** How the value is written: raw, line-ends, one-line, base64, json or url. */
  readonly form: string
  readonly length: number
  readonly offset: number
  readonly filter: number
  /** Hexadecimal. */
  readonly mac: string
}

export interface FingerprintFilter {
  /** A name, or a pattern such as `prod-*`; all without it. */
  readonly names?: string
}

export interface Fingerprints {
  readonly base: number
  readonly mix: number
  /** Hexadecimal. */
  readonly mac_key: string
  readonly fingerprints: readonly Fingerprint[]
  readonly unscannable: readonly Unscannable[]
}

export interface HeldSecret {
  readonly id: number
  readonly name: string
  readonly version: number
  /** Null for a secret that was deleted. */
  readonly current_version: number | null
}

export interface Invitation {
  readonly kind: 'setup' | 'invitation' | 'reset'
  readonly account: string
  readonly email: string | null
  readonly name: string | null
  readonly role: 'owner' | 'admin' | 'editor' | 'reader' | 'auditor'
}

export interface InvitedUser {
  readonly id: number
  readonly name: string
  readonly email: string | null
  readonly role: Role
  /** Names or patterns that narrow the role, or null. */
  readonly name_patterns: readonly string[] | null
  readonly state: 'active' | 'invited' | 'disabled'
  /** Whether a passkey or an authenticator app is set up. */
  readonly second_factor: boolean
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly last_sign_in_at: string | null
  /** A one-time link, shown this once. */
  readonly invitation_url: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly invitation_expires_at: string
}

export interface IssuedApiKey {
  readonly id: number
  /** 1 to 128 characters on one line, without blanks at either end. */
  readonly name: string
  readonly scopes: readonly string[]
  readonly networks: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly revoked_at: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly last_used_at: string | null
  readonly created_by: Maker | null
  /** The API key. It is not shown again. */
  readonly api_key: string
}

export interface IssuedSeed {
  readonly id: number
  /** What to give to the machine. It is not shown again. */
  readonly url: string
  readonly target: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string
}

export interface JobKey {
  /** The API key. It is not shown again. */
  readonly api_key: string
  readonly key_id: number
  /** The trust rule that the token matched. */
  readonly rule: string
  readonly scopes: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string
}

export interface JobToken {
  /** A signed token. */
  readonly token: string
  /** The name of an account. */
  readonly account?: string
  /** The name of a trust rule. */
  readonly rule?: string
}

export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

export interface Limits {
  readonly keep_versions: number
  readonly max_value_bytes: number
  readonly max_file_bytes: number
  /** Of one API key, and of one address. */
  readonly requests_per_second: number | null
}

export interface List {
  readonly id: number
  readonly name: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
}

export interface ListRef {
  readonly id: number
  readonly name: string
}

export interface Machine {
  readonly id: number
  readonly name: string
  readonly addresses: readonly string[]
  readonly scopes: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  readonly created_by: Maker | null
}

export interface MadeThings {
  readonly keys: readonly Named[]
  readonly trust_rules: readonly Named[]
  readonly machines: readonly Named[]
}

export interface Maker {
  /** Key, user, workload or host. */
  readonly kind: string
  /** Of the API key, the user or the trust rule. */
  readonly id: number
  readonly name: string
}

export interface Message {
  readonly message: string
}

export interface Metadata {
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly name: string
  /** "text" or "file". */
  readonly type: string
  readonly filename: string | null
  readonly list: ListRef
  readonly version: number
  readonly description: string
  readonly tags: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
}

export interface Moved {
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly name: string
  readonly list: ListRef
}

export interface Named {
  readonly id: number
  readonly name: string
}

export interface NewApiKey {
  /** 1 to 128 characters on one line, without blanks at either end. */
  readonly name: string
  /** A list of 1 to 64 scopes. */
  readonly scopes: readonly string[]
  /** A list of at most 32 networks in CIDR notation; none for anywhere. */
  readonly networks?: readonly string[]
  /** A time such as 2026-01-15T10:30:00Z. */
  readonly expires_at?: string | null
}

export interface NewCredential {
  /** Bytes in base64url. */
  readonly id: string
  /** Bytes in base64url. */
  readonly rawId: string
  /** "public-key". */
  readonly type: 'public-key'
  readonly response: {
    /** Bytes in base64url. */ readonly clientDataJSON: string /** Bytes in base64url. */
    readonly attestationObject: string
    readonly transports?: readonly string[]
  }
  readonly clientExtensionResults: Readonly<Record<string, unknown>>
}

export interface NewList {
  /** The name of a list. */
  readonly name: string
}

export interface NewMachine {
  /** A name of 1 to 128 characters. */
  readonly name: string
  /** Addresses or networks. */
  readonly addresses: readonly string[]
  readonly scopes?: readonly string[]
}

export interface NewSecret {
  /** 1 to 255 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly name: string
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** "utf-8" or "base64". */
  readonly encoding?: 'utf-8' | 'base64'
  /** "text" or "file". */
  readonly type?: 'text' | 'file'
  /** The name of a list. */
  readonly list?: string
  /** A file name, or null. */
  readonly filename?: string | null
  /** A text of at most 1024 characters. */
  readonly description?: string
  /** At most 32 tags, each a text. */
  readonly tags?: readonly string[]
  /** A time such as 2027-01-31T00:00:00Z, or null. */
  readonly expires_at?: string | null
}

export interface NewSeed {
  /** A text. */
  readonly user_data: string
  /** 1 to 128 characters on one line, without blanks at either end. */
  readonly target: string
  /** A text. */
  readonly meta_data?: string
  /** A text. */
  readonly vendor_data?: string
  /** A text. */
  readonly network_config?: string
  /** A whole number of seconds from 1 to 604800. */
  readonly expires_in?: number
  /** A whole number from 1 to 100. */
  readonly max_fetches?: number
}

export interface NewSso {
  /** A name of 1 to 128 characters. */
  readonly label: string
  /** A URL. */
  readonly issuer: string
  /** A text. */
  readonly client_id: string
  /** Domains. */
  readonly domains: readonly string[]
  /** One of editor, reader, auditor, or null. */
  readonly role: 'editor' | 'reader' | 'auditor' | null
  /** True or false. */
  readonly only: boolean
  /** A text. */
  readonly client_secret?: string
}

export interface NewTrustRule {
  /** A name of 1 to 64 characters. */
  readonly name: string
  /** The URL that its tokens have as iss. */
  readonly issuer: string
  /** What its tokens have as aud. */
  readonly audience: string
  /** An object of claims, each an exact text or a pattern with `*`. */
  readonly claims: Readonly<Record<string, string>>
  /** A list of 1 to 64 scopes. */
  readonly scopes: readonly string[]
  /** A list of at most 32 networks in CIDR notation; none for anywhere. */
  readonly networks?: readonly string[]
  /** A whole number of seconds from 60 to 3600; 900 unless given. */
  readonly key_ttl?: number
  /** Whether a token with a jti is good for one key only; true unless given. */
  readonly single_use?: boolean
  /** Where the issuer's keys are, or null to look for them at the issuer. */
  readonly jwks_url?: string | null
  /** The issuer's public keys, so that nothing is fetched, or null. */
  readonly jwks?: KeySet | null
}

export interface NewUser {
  /** An email address. */
  readonly email: string
  readonly role: Role
  /** A name of 1 to 128 characters. */
  readonly name?: string
  /** Names or patterns that narrow the role, or null. */
  readonly name_patterns?: readonly string[] | null
}

export interface NewValue {
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** 1 to 255 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly name?: string
  /** "utf-8" or "base64". */
  readonly encoding?: 'utf-8' | 'base64'
}

export interface OneTimeLink {
  /** A one-time link, shown this once. */
  readonly invitation_url: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly invitation_expires_at: string
}

export interface OpenSession {
  readonly id: number
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly last_used_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string
  readonly address: string
  readonly user_agent: string
  readonly current: boolean
}

export interface Passkey {
  readonly id: number
  readonly name: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly last_used_at: string | null
}

/** The answer of an authenticator. */
export interface PasskeyAnswer {
  /** Bytes in base64url. */
  readonly id: string
  /** Bytes in base64url. */
  readonly rawId: string
  /** "public-key". */
  readonly type: 'public-key'
  readonly response: {
    /** Bytes in base64url. */ readonly clientDataJSON: string /** Bytes in base64url. */
    readonly authenticatorData: string /** Bytes in base64url. */
    readonly signature: string /** Bytes in base64url. */
    readonly userHandle?: string
  }
  readonly clientExtensionResults: Readonly<Record<string, unknown>>
}

export interface Principal {
  readonly kind: string
  readonly id: number
  readonly name: string
}

export interface Reader {
  readonly principal: Principal
  /** Values that were handed out: `secret.read` and `version.read`. */
  readonly reads: number
}

export interface RecoveryCodes {
  /** Recovery codes, shown this once; null where there are some already. */
  readonly recovery_codes: readonly string[] | null
}

export interface Rendered {
  readonly rendered?: string
  readonly script_content?: string
}

/** One of owner, admin, editor, reader, auditor. */
export type Role = 'owner' | 'admin' | 'editor' | 'reader' | 'auditor'

export interface Rotation {
  /** A whole number from 0 to 2592000. */
  readonly overlap_seconds?: number
  /** A time such as 2026-01-15T10:30:00Z. */
  readonly expires_at?: string | null
}

export interface Secret {
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly name: string
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
}

export interface SecretHead {
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly name: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
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
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly used_at: string | null
  /** When it was last asked again for what had been fetched, as its machine does at each later boot; to the hour. */
  readonly refetched_at: string | null
}

export interface Session {
  readonly user: {
    readonly id: number
    readonly name: string
    readonly email: string
    readonly role: 'owner' | 'admin' | 'editor' | 'reader' | 'auditor'
  }
  readonly account: { readonly id: number; readonly name: string }
  readonly scopes: readonly string[]
  readonly name_patterns: readonly string[] | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly idle_expires_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly confirmed_until: string
  /** Whether a second factor must be set up before anything else. */
  readonly enrolment_required: boolean
  readonly confirm_with: readonly ('password' | 'passkey' | 'sso')[]
}

export interface Settings {
  /** True or false. */
  readonly vm_auth: boolean
  readonly networks: readonly string[]
  readonly machine_networks: readonly string[]
}

/** A JSON object with a setting. */
export interface SettingsChange {
  /** True or false. */
  readonly vm_auth?: boolean
  /** At most 32 networks such as 10.0.0.0/8, or none for anywhere. */
  readonly networks?: readonly string[]
}

export interface SignInRules {
  /** True or false. */
  readonly second_factor_required: boolean
}

export interface Sso {
  /** A name of 1 to 128 characters. */
  readonly label: string
  /** A URL. */
  readonly issuer: string
  /** A text. */
  readonly client_id: string
  /** Domains. */
  readonly domains: readonly string[]
  /** One of editor, reader, auditor, or null. */
  readonly role: 'editor' | 'reader' | 'auditor' | null
  /** True or false. */
  readonly only: boolean
  readonly redirect_uri: string
  readonly sign_in_url: string
}

export interface SsoProvider {
  readonly account: string
  readonly label: string
}

export interface StepCount {
  /** Where the step begins. */
  readonly start: string
  readonly actions: readonly ActionCount[]
}

export interface Template {
  /** A text. */
  readonly template?: string
  /** A text. */
  readonly script_content?: string
  /** A name of 1 to 128 characters. */
  readonly target?: string
}

export interface TrustRule {
  readonly id: number
  /** A name of 1 to 64 characters. */
  readonly name: string
  /** The URL that its tokens have as iss. */
  readonly issuer: string
  /** What its tokens have as aud. */
  readonly audience: string
  /** An object of claims, each an exact text or a pattern with `*`. */
  readonly claims: Readonly<Record<string, string>>
  /** A list of 1 to 64 scopes. */
  readonly scopes: readonly string[]
  /** A list of at most 32 networks in CIDR notation; none for anywhere. */
  readonly networks: readonly string[]
  /** A whole number of seconds from 60 to 3600; 900 unless given. */
  readonly key_ttl: number
  /** Whether a token with a jti is good for one key only; true unless given. */
  readonly single_use: boolean
  /** Where the issuer's keys are, or null to look for them at the issuer. */
  readonly jwks_url: string | null
  /** The issuer's public keys, so that nothing is fetched, or null. */
  readonly jwks: KeySet | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
  readonly created_by: Maker | null
}

export interface TrustRuleChange {
  /** A name of 1 to 64 characters. */
  readonly name?: string
  /** The URL that its tokens have as iss. */
  readonly issuer?: string
  /** What its tokens have as aud. */
  readonly audience?: string
  /** An object of claims, each an exact text or a pattern with `*`. */
  readonly claims?: Readonly<Record<string, string>>
  /** A list of 1 to 64 scopes. */
  readonly scopes?: readonly string[]
  /** A list of at most 32 networks in CIDR notation; none for anywhere. */
  readonly networks?: readonly string[]
  /** A whole number of seconds from 60 to 3600; 900 unless given. */
  readonly key_ttl?: number
  /** Whether a token with a jti is good for one key only; true unless given. */
  readonly single_use?: boolean
  /** Where the issuer's keys are, or null to look for them at the issuer. */
  readonly jwks_url?: string | null
  /** The issuer's public keys, so that nothing is fetched, or null. */
  readonly jwks?: KeySet | null
}

export interface Unscannable {
  readonly id: number
  readonly name: string
  readonly version: number
  /** Short, guessable or tag. */
  readonly reason: string
}

export interface UpdatedSecret {
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly name: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
}

export interface User {
  readonly id: number
  readonly name: string
  readonly email: string | null
  readonly role: Role
  /** Names or patterns that narrow the role, or null. */
  readonly name_patterns: readonly string[] | null
  readonly state: 'active' | 'invited' | 'disabled'
  /** Whether a passkey or an authenticator app is set up. */
  readonly second_factor: boolean
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly last_sign_in_at: string | null
}

export interface UserChange {
  /** A name of 1 to 128 characters. */
  readonly name?: string
  readonly role?: Role
  /** Names or patterns that narrow the role, or null. */
  readonly name_patterns?: readonly string[] | null
  /** True or false. */
  readonly disabled?: boolean
}

export interface Verified {
  /** Up to here it was looked at, and holds. */
  readonly records: number
  /** Records in the trail: ask on until `records` is this. */
  readonly total: number
  /** Head of the chain there, hexadecimal: `after` of the next call. */
  readonly head: string
  readonly fault: { readonly seq: number; readonly reason: string } | null
}

export interface Version {
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly name: string
  readonly version: number
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
}

export interface VersionHead {
  readonly version: number
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
}
