/** What the API takes and gives, with its own names for the fields. Written by `npm run client` from the definitions of the routes: change those. */

/** Somebody who can read a secret now. */
export interface Able {
  readonly principal: Principal
  readonly environments: readonly Opening[]
  /** Of a user. */
  readonly role: string | null
  /** Of a key that was given for a token: the id of the rule. */
  readonly trust_rule: number | null
  /** It can from there alone; none for anywhere. */
  readonly networks: readonly string[]
  /** When it ends. */
  readonly expires_at: string | null
}

/** Who can read a secret, who did, and what holds it. */
export interface Access {
  readonly secret: AccessedSecret
  /** Of environments. */
  readonly environments: readonly string[]
  /** Back to here the audit log was looked at. */
  readonly from?: string
  /** Whether that is all that was asked for: of more than 250000 records, the older ones are left out. Ask on with `to`. */
  readonly complete?: boolean
  /** Who read it, the last one first. Who cannot any more has `can` false. */
  readonly did?: readonly PastReader[]
  readonly targets?: readonly Holder[]
  /** Templates that refer to it, by themselves or by others: those that this key may read. */
  readonly templates?: readonly LeadingTemplate[]
  /** Of `did`, `targets` and `templates`, those of which there are more. */
  readonly cut?: readonly string[]
  /** Users, API keys, trust rules, machines, seeds. Not the host, which may do anything. */
  readonly can: readonly Able[]
}

export interface AccessedSecret {
  readonly id: number
  readonly name: string
  readonly version: number
}

/** The account itself. */
export interface AccountInfo {
  readonly id: number
  readonly name: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  readonly key: AccountKey
  readonly limits: Limits
}

/** The key that wraps the keys of an account’s secrets. */
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

/** What happens in an account, as it is counted. */
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

export interface AddressUse {
  readonly address: string
  readonly requests: number
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly last_at: string
}

/** An API key as it is shown once it has been made. */
export interface ApiKey {
  readonly id: number
  /** 1 to 128 characters on one line, without blanks at either end. */
  readonly name: string
  /** Such as `secrets:read:prod-*`. */
  readonly scopes: readonly string[]
  /** Where it may be used from, such as `10.0.0.0/8`; none for anywhere. */
  readonly networks: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly revoked_at: string | null
  /** Exact to a minute. */
  readonly last_used_at: string | null
  /** The API that it was used through at `last_used_at`: `v3`, `lists` (Secret Lists API) or `vault` (Vault API); null where that is not known. */
  readonly last_used_api: 'v3' | 'lists' | 'vault' | null
  /** `null` for what was made before this was kept. */
  readonly created_by: Maker | null
}

/** Archived records that this page leaves out, older than all that it has, as they cannot be read. */
export interface Archived {
  /** The number of the first of them. */
  readonly first: number
  readonly last: number
  /** The time of the first of them, RFC 3339 to the millisecond. */
  readonly from: string
  /** The time of the last one. */
  readonly to: string
  /** Why they are not shown, for programs. */
  readonly code: 'not_configured' | 'missing' | 'altered' | 'unavailable'
  /** Why they are not shown, and what to do, for people. */
  readonly detail: string
}

/** What a record is about. */
export interface AuditObject {
  readonly kind: string
  readonly id: number | null
  readonly uid: string | null
  readonly name: string | null
  readonly version: number | null
  /** SHA-256 of the stored, sealed value. */
  readonly hash: string | null
}

/** One record of the audit trail. */
export interface AuditRecord {
  readonly seq: number
  /** RFC 3339 in UTC, to the millisecond. */
  readonly time: string
  readonly principal: Principal
  readonly action: string
  readonly object: AuditObject | null
  readonly environment?: EnvironmentRef
  /** `ok`, `replayed`, or the code of the refusal. */
  readonly outcome: string
  readonly request_id: string
  /** Where the request came from. */
  readonly address: string
  /** Head of the chain after this record, hexadecimal. */
  readonly head: string
}

/** Where the browser goes on. */
export interface Away {
  /** Where the browser goes. */
  readonly url: string
}

/** A login that was just begun. */
export interface BegunLogin {
  /** What the command asks with. It is shown to nobody. */
  readonly device_code: string
  /** What the person types. */
  readonly user_code: string
  /** Where the person types it. */
  readonly verification_uri: string
  /** The same with the code behind a `#`, which no server is sent: for a browser that the command opens itself. */
  readonly verification_uri_complete: string
  /** For how long the codes are good, in seconds. */
  readonly expires_in: number
  /** How long to wait between two questions, in seconds. */
  readonly interval: number
}

/** A record that is known: `seq` and `head`. */
export interface ChainPoint {
  /** The number of a record. */
  readonly seq: number
  /** The head of that record. */
  readonly head: string
}

/** What is known of a secret after a change: without `secrets:list`, `id`, `name` and `updated_at` alone. */
export interface ChangedMetadata {
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
  /** One of text, file, template. */
  readonly type?: string
  readonly filename?: string | null
  /** `null` for what is inherited from an environment that the key may not know of. */
  readonly list?: ListRef | null
  readonly version?: number
  readonly description?: string
  readonly tags?: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at?: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at?: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
  /** With `effective=true`: where it is kept, if the key may know of that. */
  readonly environment?: string | null
  /** With `effective=true`: whether it comes from a base. */
  readonly inherited?: boolean
  /** For those with `account:manage` alone: whether it is a decoy, and what becomes of who reads it. */
  readonly decoy?: Decoy | null
}

/** A name, in the environments that have it. */
export interface ComparedName {
  readonly name: string
  /** `missing` where one of them lacks it; `inherited` where those that have none of their own inherit one, and the others do not differ; `unknown` where all have it, and some of it may not be compared. */
  readonly state: 'same' | 'different' | 'missing' | 'inherited' | 'unknown'
  /** The environments that have none of their own, and inherit one. It is not compared. */
  readonly inherited: readonly string[]
  readonly in: readonly HeldInEnvironment[]
}

/** What became of one of the secrets that were copied, or would. */
export interface CopiedSecret {
  readonly name: string
  /** What became of it, or would: `refused` in a dry run alone. */
  readonly state: 'created' | 'replaced' | 'same' | 'refused'
  /** Where it is copied to; null for what is not there. */
  readonly id: number | null
  readonly version: number | null
  /** Why it is refused. */
  readonly why: string | null
}

/** What is to be copied, from where, to where. */
export interface CopyRequest {
  /** 1 to 63 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly from: string
  /** 1 to 63 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly to: string
  /** An array of 1 to 100 names, or patterns with `*`. */
  readonly names: readonly string[]
  /** True or false. */
  readonly dry_run?: boolean
}

/** The provider that an account keeps its key with. */
export interface CustomerKey {
  /** Where the key is. Nothing secret is in it. */
  readonly provider: string
  /** Whether the account’s values open. */
  readonly open: boolean
  /** Since when they do not, or null. */
  readonly closed_at: string | null
  /** Why: the provider cannot be reached (`away`), refuses (`denied`), or opens to something else than was wrapped (`wrong`); or null. */
  readonly closed_for: 'away' | 'denied' | 'wrong' | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
}

/** Of a decoy, every read of which is told at once to those who manage the account. Asks for `account:manage`; nobody else is shown it. */
export interface Decoy {
  /** Whether reading it also revokes the key that read it. */
  readonly revoke: boolean
}

/** Something that was deleted and can be restored. */
export interface Deleted {
  /** Of the deletion: to restore it, or to purge it. */
  readonly id: number
  /** Secret, list or environment. */
  readonly kind: 'secret' | 'list' | 'environment'
  /** The id that it had, and has again when it is restored. */
  readonly thing: number
  readonly name: string
  /** The environment that it was in; `null` for an environment. */
  readonly environment: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly deleted_at: string
  readonly deleted_by: Principal
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly restorable_until: string
}

/** A secret that was deleted. */
export interface DeletedSecret {
  readonly id: number
  readonly name: string
  /** By which it can be restored; absent where it is gone for good. */
  readonly deletion?: number
}

/** One event, and what became of it. */
export interface Delivery {
  /** The number of the record in the audit trail. */
  readonly id: number
  readonly action: string
  /** `waiting` to be sent or sent again, `delivered`, or `failed`: given up. */
  readonly state: 'waiting' | 'delivered' | 'failed'
  readonly attempts: number
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** When it was last sent, or null. */
  readonly attempted_at: string | null
  /** When it is sent next, or null when it is over. */
  readonly next_attempt_at: string | null
  /** What the receiver answered last; null where it did not. */
  readonly status: number | null
  /** Why there was no answer, such as `timeout`, `connection`, `redirect` or `address`; `forbidden` where the maker of the webhook may not see the record any more. */
  readonly fault: string | null
  /** How long the last answer took, or null. */
  readonly took_ms: number | null
}

/** What a target holds since it was last rendered for. */
export interface Deployment {
  readonly id: number
  readonly target: string
  readonly secrets: readonly HeldSecret[]
  /** Whether it holds an old version, or a secret that was deleted. */
  readonly stale: boolean
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  readonly principal?: Principal
}

/** What may be said of a secret beside its value. */
export interface DetailsInput {
  /** Of a secret of type `file`. */
  readonly filename?: string | null
  /** A text of at most 1024 characters. */
  readonly description?: string
  /** At most 32, such as `team:db`. */
  readonly tags?: readonly string[]
  /** A time, from when on the value should not be relied upon; it can still be read. */
  readonly expires_at?: string | null
  /** Makes it a decoy, every read of which is told at once to those who manage the account; null makes it an ordinary secret. Asks for `account:manage`. */
  readonly decoy?: Decoy | null
}

export interface DeviceCode {
  /** The device code that the login was begun with. */
  readonly device_code: string
}

/** What was revoked or deleted, and with a cascade what ended with it. */
export interface Ended {
  readonly message: string
  readonly ended?: MadeThings
}

/** An authenticator app that is being set up. */
export interface Enrolment {
  readonly enrolment: string
  readonly secret: string
  readonly uri: string
}

/** A name space of the account, with secrets and lists of its own. */
export interface Environment {
  /** Never given to another environment of the account. */
  readonly id: number
  readonly name: string
  readonly base: string | null
  /** How many of its own secrets the key may list. */
  readonly secrets: number
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
}

/** What is to change of an environment. */
export interface EnvironmentChange {
  /** 1 to 63 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly name?: string
  /** The environment that a name is looked up in which this one lacks. */
  readonly base?: string | null
}

/** The environment that it was asked in, if another than `default`. */
export interface EnvironmentRef {
  readonly id: number
  /** What it is called now, if it is there. */
  readonly name: string | null
}

/** What somebody signs in with beside the password. */
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

/** One of several that was refused, and why. */
export interface FailedSecret {
  readonly id: number
  readonly code: string
  readonly detail: string
}

/** By which one value is recognized. */
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

/** Of which secrets. */
export interface FingerprintFilter {
  /** Has the answer hold about so many, and `Strongroom-Next-Cursor` lead to the next part, under the same keys. Without it all are answered, or none where they are more than 100000. */
  readonly limit?: number
  /** One that an earlier answer gave. */
  readonly cursor?: string
  /** A name, or a pattern such as `prod-*`; all without it. */
  readonly names?: string
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

/** A folder of secrets: what names have before a "/". */
export interface Folder {
  /** All of its name, with "/" at the end. */
  readonly name: string
}

/** The API key that a person gave the command. It is not shown again. */
export interface GrantedLogin {
  readonly state: 'granted'
  /** The API key. It is not shown again. */
  readonly api_key: string
  readonly key_id: number
  readonly name: string
  readonly scopes: readonly string[]
  readonly networks: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string
  /** Who confirmed it. */
  readonly person: string
}

/** What an environment has under a name. */
export interface HeldInEnvironment {
  readonly environment: string
  readonly id: number
  readonly version: number
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
  /** The same number for the same value, counted from 1 for each name. `null` for a value that is short or guessable, or tagged `no-scan`, where the key may scan it and not read it. */
  readonly group: number | null
}

/** A secret that a target holds, and in which version. */
export interface HeldSecret {
  readonly id: number
  readonly name: string
  readonly version: number
  /** Null for a secret that was deleted. */
  readonly current_version: number | null
}

/** A target that holds a secret. */
export interface Holder {
  readonly id: number
  readonly target: string
  readonly environment: string
  readonly version: number
  readonly stale: boolean
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly since: string
}

/** What a one-time link is for. */
export interface Invitation {
  readonly kind: 'setup' | 'invitation' | 'reset'
  readonly account: string
  readonly email: string | null
  readonly name: string | null
  readonly role: 'owner' | 'admin' | 'editor' | 'reader' | 'auditor'
}

/** A user who was just invited. */
export interface InvitedUser {
  readonly id: number
  readonly name: string
  readonly email: string | null
  readonly role: Role
  /** Names or patterns that narrow the role, or null. */
  readonly name_patterns: readonly string[] | null
  /** With any, the rights over secrets come from these roles alone; the other one keeps its rights over the account. */
  readonly environment_roles?: Readonly<Record<string, 'admin' | 'editor' | 'reader' | 'auditor'>>
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

/** An API key that was just made. */
export interface IssuedApiKey {
  readonly id: number
  /** 1 to 128 characters on one line, without blanks at either end. */
  readonly name: string
  /** Such as `secrets:read:prod-*`. */
  readonly scopes: readonly string[]
  /** Where it may be used from, such as `10.0.0.0/8`; none for anywhere. */
  readonly networks: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly revoked_at: string | null
  /** Exact to a minute. */
  readonly last_used_at: string | null
  /** The API that it was used through at `last_used_at`: `v3`, `lists` (Secret Lists API) or `vault` (Vault API); null where that is not known. */
  readonly last_used_api: 'v3' | 'lists' | 'vault' | null
  /** `null` for what was made before this was kept. */
  readonly created_by: Maker | null
  /** The API key. It is not shown again. */
  readonly api_key: string
}

/** A seed that was just made. */
export interface IssuedSeed {
  readonly id: number
  /** What to give to the machine. It is not shown again. */
  readonly url: string
  readonly target: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string
}

/** A webhook with the secret that it signs with from now on. */
export interface IssuedWebhook {
  readonly id: number
  /** Where each event is sent, by POST. No redirect is followed. */
  readonly url: string
  /** A list of 1 to 32 actions of the audit trail, such as "secret.update", "`secret.*`" or "`*`". */
  readonly actions: readonly string[]
  /** A name or a pattern such as `prod-*`: only what is about secrets of such names; or null for all. */
  readonly name: string | null
  /** The environment that it is about, or null for all. */
  readonly environment: WebhookEnvironment | null
  readonly enabled: boolean
  /** Why the server disabled it: `gone` (the receiver answered 410), `failing` (nothing was taken for five days), `maker` (whoever made it may read nothing of the trail any more); or null. */
  readonly disabled_for: string | null
  /** When it was disabled, or null. */
  readonly disabled_at: string | null
  /** Until when the secret before signs too, or null. */
  readonly previous_secret_until: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
  /** `null` for what was made before this was kept. */
  readonly created_by: Maker | null
  readonly warning?: WebhookWarning
  /** What receivers check signatures with: `whsec_` and base64. It is not shown again. */
  readonly secret: string
}

/** The API key that a job got for its token. It is not shown again. */
export interface JobKey {
  /** The API key. It is not shown again. */
  readonly api_key: string
  readonly key_id: number
  /** The trust rule that the token matched. */
  readonly rule: string
  readonly scopes: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string
  /** Seconds that the key lives, for whoever has another clock than the server. */
  readonly expires_in: number
}

/** A token of a job, and for which account it is. */
export interface JobToken {
  /** A signed token. */
  readonly token: string
  /** By name; `default` unless given. */
  readonly account?: string
  /** By name; the first that the token matches unless given. */
  readonly rule?: string
}

/** Public keys of an issuer (RFC 7517). */
export interface KeySet {
  readonly keys: readonly Readonly<Record<string, unknown>>[]
}

/** What an API key used of what it may. */
export interface KeyUsage {
  readonly key: UsedKey
  /** Back to here the audit log was looked at. */
  readonly from: string
  /** Whether that is all of the days. */
  readonly complete: boolean
  readonly requests: number
  readonly scopes: readonly ScopeUse[]
  readonly used: readonly Use[]
  readonly addresses: readonly AddressUse[]
  /** Null where no narrower ones would have done, or where not all of its records were looked at. */
  readonly suggested: SuggestedScopes | null
}

export interface LeadingTemplate {
  readonly id: number
  readonly name: string
  /** Of environments. */
  readonly environments: readonly string[]
}

/** What the server is set to allow. */
export interface Limits {
  readonly keep_versions: number
  readonly max_value_bytes: number
  readonly max_file_bytes: number
  /** Of one API key, and of one address. */
  readonly requests_per_second: number | null
}

/** A list that secrets are kept in. */
export interface List {
  readonly id: number
  readonly name: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
}

export interface ListCount {
  readonly id: number
  readonly name: string
  readonly secrets: number
}

export interface ListRef {
  readonly id: number
  readonly name: string
}

/** A command that waits for a person to confirm it. */
export interface Login {
  /** What the command says that its computer is called. */
  readonly host: string
  /** Where it asked from. */
  readonly address: string
  /** Whether you ask from there too. */
  readonly same_network: boolean
  readonly state: 'pending' | 'approved'
  /** What its key would be given. */
  readonly scopes: readonly string[]
  /** Where the key is good from; none for anywhere. */
  readonly networks: readonly string[]
  /** Whether it asks for a key that is good from its address alone. */
  readonly wants_network: boolean
  /** For how long the key would be good, in seconds. */
  readonly key_expires_in: number
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string
}

export interface LoginConfirmation {
  /** As the command shows it; blanks, hyphens and case do not matter. */
  readonly user_code: string
  /** Whether the key is good from the command’s address alone. */
  readonly bind_network?: boolean
}

/** How a login stands. `pending` and `slow_down`: ask again after `interval`, which is longer with `slow_down`. `refused`: by the person, or called off. `expired`: nobody answered in time. `used`: the key was given out already. */
export interface LoginProgress {
  readonly state: 'pending' | 'slow_down' | 'refused' | 'expired' | 'used'
  /** How long to wait before the next question, in seconds. */
  readonly interval: number
}

export interface LostTemplate {
  readonly id: number
  readonly name: string
  readonly environments: readonly string[]
}

/** What asks from these addresses may read without a key, while `vm_auth` is on. */
export interface Machine {
  readonly id: number
  readonly name: string
  /** Addresses and networks, which no other machine has. */
  readonly addresses: readonly string[]
  /** What it may list and read. */
  readonly scopes: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** `null` for what was made before this was kept. */
  readonly created_by: Maker | null
}

/** What somebody made, and what that made in turn: it goes on without its maker, unless it is ended with them. */
export interface MadeThings {
  readonly keys: readonly Named[]
  readonly trust_rules: readonly Named[]
  readonly machines: readonly Named[]
  readonly webhooks: readonly Named[]
}

/** Who made something: an API key, a user, a job under a trust rule, or somebody on the host. */
export interface Maker {
  /** Key, user, workload or host. */
  readonly kind: string
  /** Of the API key, the user or the trust rule. */
  readonly id: number
  readonly name: string
}

/** What is to be different of several secrets. */
export interface ManyChanges {
  /** An array of 1 to 100 ids, each once. */
  readonly ids: readonly number[]
  /** The list that they go into; alone. */
  readonly list?: string
  /** At most 32 tags. */
  readonly add_tags?: readonly string[]
  /** At most 32 tags. */
  readonly remove_tags?: readonly string[]
  /** A time such as 2027-01-31T00:00:00Z, or null. */
  readonly expires_at?: string | null
}

/** Several secrets by their ids. */
export interface ManyIds {
  /** An array of 1 to 100 ids, each once. */
  readonly ids: readonly number[]
}

/** That it was done. */
export interface Message {
  readonly message: string
}

/** What is known of a secret beside its value. */
export interface Metadata {
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
  /** One of text, file, template. */
  readonly type: string
  readonly filename: string | null
  /** `null` for what is inherited from an environment that the key may not know of. */
  readonly list: ListRef | null
  readonly version: number
  readonly description: string
  readonly tags: readonly string[]
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly expires_at: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
  /** With `effective=true`: where it is kept, if the key may know of that. */
  readonly environment?: string | null
  /** With `effective=true`: whether it comes from a base. */
  readonly inherited?: boolean
  /** For those with `account:manage` alone: whether it is a decoy, and what becomes of who reads it. */
  readonly decoy?: Decoy | null
}

/** What somebody did, and would have been refused. */
export interface MissedUse {
  readonly principal: Principal
  /** One of authenticate, secret.list, secret.read and the other actions. */
  readonly action: string
  /** Of what it was about. */
  readonly name: string | null
  /** The environment that it was asked in. */
  readonly environment: string | null
  readonly requests: number
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly last_at: string
}

/** A secret in its new list. */
export interface Moved {
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
  readonly list: MovedInto
}

export interface MovedInto {
  readonly id: number
  /** Where the key may list or read secrets. */
  readonly name?: string
}

export interface Named {
  readonly id: number
  readonly name: string
}

/** A secret by its id and name. */
export interface NamedSecret {
  readonly id: number
  readonly name: string
}

/** An API key that is to be. */
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

/** What the browser gives for a new passkey. */
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

export interface NewCustomerKey {
  /** Where the key is. Nothing secret is in it. */
  readonly provider: string
  /** What the server shows the provider. It is never answered again. Left out, what the same provider is shown already stays. */
  readonly credentials?: {
    /** Of OpenBao or Vault. */ readonly token?: string /** Of an AppRole of OpenBao or Vault. */
    readonly role_id?: string /** Of the AppRole. */
    readonly secret_id?: string /** Of AWS. */
    readonly access_key_id?: string /** Of AWS. */
    readonly secret_access_key?: string
  }
}

/** An environment that is to be. */
export interface NewEnvironment {
  /** 1 to 63 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`". */
  readonly name: string
  /** The environment that a name is looked up in which this one lacks. */
  readonly base?: string | null
}

/** The name of a list. */
export interface NewList {
  /** The name of a list: 1 to 128 characters on one line. */
  readonly name: string
}

export interface NewLogin {
  /** The name of an account. */
  readonly account?: string
  /** What the computer is called. It is in the name of the key. */
  readonly host: string
  /** A list of at most 64 scopes. */
  readonly scopes?: readonly string[]
  /** For how long the key is good; 43200 unless given. */
  readonly expires_in?: number
  /** Whether to ask for a key that is good from this address alone. */
  readonly bind_network?: boolean
}

/** A machine that is to be. */
export interface NewMachine {
  /** A name of 1 to 128 characters. */
  readonly name: string
  /** Addresses or networks that no other machine has. */
  readonly addresses: readonly string[]
  /** Only to list and to read; without any, everything. */
  readonly scopes?: readonly string[]
}

/** What a secret is to be called. */
export interface NewName {
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
}

/** A secret that is to be. */
export interface NewSecret {
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** Of `value`: base64 for a file, and text as it is, unless it is given. */
  readonly encoding?: 'utf-8' | 'base64'
  /** One of text, file, template. */
  readonly type?: 'text' | 'file' | 'template'
  /** The name of a list; without one, `default`. */
  readonly list?: string
  /** Of a secret of type `file`. */
  readonly filename?: string | null
  /** A text of at most 1024 characters. */
  readonly description?: string
  /** At most 32, such as `team:db`. */
  readonly tags?: readonly string[]
  /** A time, from when on the value should not be relied upon; it can still be read. */
  readonly expires_at?: string | null
  readonly decoy?: Decoy
}

/** Secrets that are to be. */
export interface NewSecrets {
  /** An array of 1 to 100 secrets. */
  readonly secrets: readonly OneOfNewSecrets[]
}

/** A NoCloud data source for one machine. */
export interface NewSeed {
  /** A text. */
  readonly user_data: string
  /** The name of the machine. */
  readonly target: string
  /** A text. */
  readonly meta_data?: string
  /** A text. */
  readonly vendor_data?: string
  /** A text. */
  readonly network_config?: string
  /** In seconds; an hour unless it is said otherwise, seven days at most. */
  readonly expires_in?: number
  /** How often user-data may be fetched; once unless it is said otherwise. */
  readonly max_fetches?: number
  /** With `false` the seed is made even if its documents could not be rendered with the values of now. */
  readonly check?: boolean
}

/** An OpenID provider for the people of an account. */
export interface NewSso {
  /** What the button says. */
  readonly label: string
  /** A URL. */
  readonly issuer: string
  /** A text. */
  readonly client_id: string
  /** Whose verified addresses may come uninvited; only with a `role`. */
  readonly domains: readonly string[]
  /** What they become; `null` where only who was invited may come. */
  readonly role: 'editor' | 'reader' | 'auditor' | null
  /** Whether nobody but owners may sign in otherwise. */
  readonly only: boolean
  /** Without it, the one that is there stays. */
  readonly client_secret?: string
}

/** A trust rule that is to be. */
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

/** A user who is to be. */
export interface NewUser {
  /** An email address. */
  readonly email: string
  readonly role: Role
  /** A name of 1 to 128 characters. */
  readonly name?: string
  /** Names or patterns that narrow the role, or null. */
  readonly name_patterns?: readonly string[] | null
  /** With any, the rights over secrets come from these roles alone; the other one keeps its rights over the account. */
  readonly environment_roles?: Readonly<Record<string, 'admin' | 'editor' | 'reader' | 'auditor'>>
}

/** A new value of a secret. */
export interface NewValue {
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** If given, the name that the secret has. */
  readonly name?: string
  /** Of `value`: base64 for a file, and text as it is, unless it is given. */
  readonly encoding?: 'utf-8' | 'base64'
}

/** A webhook that is to be. */
export interface NewWebhook {
  /** Where each event is sent, by POST. No redirect is followed. */
  readonly url: string
  /** A list of 1 to 32 actions of the audit trail, such as "secret.update", "`secret.*`" or "`*`". */
  readonly actions: readonly string[]
  /** A name or a pattern such as `prod-*`: only what is about secrets of such names; or null for all. */
  readonly name?: string | null
  /** Only what is in this environment (1 to 63 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`"), or null for all. */
  readonly environment?: string | null
}

/** A secret that is to be, with others. */
export interface OneOfNewSecrets {
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** Of `value`: base64 for a file, and text as it is, unless it is given. */
  readonly encoding?: 'utf-8' | 'base64'
  /** One of text, file, template. */
  readonly type?: 'text' | 'file' | 'template'
  /** The name of a list; without one, `default`. */
  readonly list?: string
  /** Of a secret of type `file`. */
  readonly filename?: string | null
  /** A text of at most 1024 characters. */
  readonly description?: string
  /** At most 32, such as `team:db`. */
  readonly tags?: readonly string[]
  /** A time, from when on the value should not be relied upon; it can still be read. */
  readonly expires_at?: string | null
}

/** A link that sets a password, once. */
export interface OneTimeLink {
  /** A one-time link, shown this once. */
  readonly invitation_url: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly invitation_expires_at: string
}

/** A value to be kept under a name. Of a secret that is there, everything but the value stays. */
export interface OneToStore {
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** Of `value`: base64 for a file, and text as it is, unless it is given. */
  readonly encoding?: 'utf-8' | 'base64'
  /** One of text, file, template. */
  readonly type?: 'text' | 'file' | 'template'
  /** The name of a list; without one, `default`. */
  readonly list?: string
  /** Of a secret of type `file`. */
  readonly filename?: string | null
  /** A text of at most 1024 characters. */
  readonly description?: string
  /** At most 32, such as `team:db`. */
  readonly tags?: readonly string[]
  /** A time, from when on the value should not be relied upon; it can still be read. */
  readonly expires_at?: string | null
  /** The version that it is stored upon, as it was last seen; 0 where no secret may have the name. */
  readonly version?: number
}

/** One of the sessions of whoever asks. */
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

/** An environment in which a secret can be read, and by which scope. */
export interface Opening {
  readonly name: string
  /** The scope that lets it in. */
  readonly scope: string
}

/** A passkey of whoever is signed in. */
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

/** Somebody who has read a secret. Keys of a trust rule are counted as the rule. */
export interface PastReader {
  readonly principal: Principal
  /** Of environments. */
  readonly environments: readonly string[]
  readonly reads: number
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly last_at: string
  /** The version that was read last. */
  readonly version: number | null
  /** Whether they can read it now. */
  readonly can: boolean
}

/** Who did something: an API key, a user, a job under a trust rule, or somebody on the host. */
export interface Principal {
  readonly kind: string
  readonly id: number
  readonly name: string
}

/** The value that the secret of a name is to have. */
export interface PutValue {
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** Of `value`: base64 for a file, and text as it is, unless it is given. */
  readonly encoding?: 'utf-8' | 'base64'
  /** Of a secret that is made: `text` unless it is given. Of one that is there, the type that it has. */
  readonly type?: 'text' | 'file' | 'template'
}

export interface Reader {
  readonly principal: Principal
  /** Values that were handed out: `secret.read` and `version.read`. */
  readonly reads: number
}

/** Codes that stand in for a second factor, each once. */
export interface RecoveryCodes {
  /** Recovery codes, shown this once; null where there are some already. */
  readonly recovery_codes: readonly string[] | null
}

/** A list under its new name: with `created_at` where the key may list or read secrets. */
export interface RenamedList {
  readonly id: number
  readonly name: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at?: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
}

/** The document as it was sent, with values in the places of its references. */
export interface Rendered {
  readonly rendered?: string
  readonly script_content?: string
}

/** Something that was deleted and is there again. */
export interface Restored {
  /** Secret, list or environment. */
  readonly kind: 'secret' | 'list' | 'environment'
  /** The id that it had before. */
  readonly id: number
  readonly name: string
  /** The environment that it was in; `null` for an environment. */
  readonly environment: string | null
}

/** How something is to be restored. */
export interface Restoring {
  /** Where its own is taken. */
  readonly name?: string
  /** For a secret whose list is gone. */
  readonly list?: number | string
}

/** One of owner, admin, editor, reader, auditor. */
export type Role = 'owner' | 'admin' | 'editor' | 'reader' | 'auditor'

/** What rolling an environment back does, or would do. */
export interface Rollback {
  readonly environment: string
  readonly dry_run: boolean
  readonly items: readonly RollbackItem[]
}

/** How a secret stands to what it was: `version` now, `was` then. */
export interface RollbackItem {
  /** Changed, deleted and created are rolled back, created only when asked for; renamed, moved and details are only named; lost can no longer be had. */
  readonly state: string
  readonly id: number
  readonly name: string
  readonly version: number | null
  readonly was: number | null
  readonly detail: string | null
}

/** To which time, and how far. */
export interface RollingBack {
  /** A time such as 2026-01-15T10:30:00Z. */
  readonly to: string
  /** A name, or a pattern such as `db-*`. */
  readonly name?: string
  /** True or false. */
  readonly delete_created?: boolean
  /** True or false. */
  readonly dry_run?: boolean
}

/** How an API key is replaced. */
export interface Rotation {
  /** How long the old key stays good: 0 to 2592000, 3600 unless said otherwise. */
  readonly overlap_seconds?: number
  /** Of the new key. Unless it is given, the new one lives as long as the old one was to live. */
  readonly expires_at?: string | null
}

/** A scope that the key has, and how often it was what let it in. */
export interface ScopeUse {
  readonly scope: string
  readonly requests: number
  /** When it was used last. */
  readonly last_at: string | null
}

/** A secret with its current value. */
export interface Secret {
  /** Never given to another secret of the account. */
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
}

/** A secret as listings show it, without its value. */
export interface SecretHead {
  /** Never given to another secret of the account. */
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
}

/** A secret with its current value, read with others. */
export interface SecretOfMany {
  /** Never given to another secret of the account. */
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
  readonly version: number
  /** One of text, file, template. */
  readonly type: string
  /** Of the value: `utf-8`, or `base64` for a file. */
  readonly encoding: string
}

/** Which secrets are wanted: `names`, or `ids`. */
export interface SecretRefs {
  /** An array of 1 to 1000 names. */
  readonly names?: readonly string[]
  /** An array of 1 to 1000 ids. */
  readonly ids?: readonly number[]
  /** With `false`, templates come as they were stored, without what they refer to. */
  readonly resolve?: boolean
}

/** Values to be kept under their names. */
export interface SecretsToStore {
  /** An array of 1 to 100 secrets. */
  readonly secrets: readonly OneToStore[]
  /** Stores nothing, and tells what would be: where a value is compared, that is a recorded read. */
  readonly dry_run?: boolean
}

/** A seed, and how often it was fetched. */
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

/** Who is signed in, with which rights, and for how long. */
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

/** The settings of an account. */
export interface Settings {
  /** Whether machines may read without a key. */
  readonly vm_auth: boolean
  /** Where its API keys, sessions, seeds and machines work from; none: from anywhere. */
  readonly networks: readonly string[]
  /** What the host gave it for its machines. */
  readonly machine_networks: readonly string[]
  /** For how many days what is deleted can be restored; 0: deletion is permanent. */
  readonly recovery_days: number
}

/** What is not named stays as it is. */
export interface SettingsChange {
  /** Whether machines may read without a key. */
  readonly vm_auth?: boolean
  /** For how many days what is deleted can be restored; 0: deletion is permanent. */
  readonly recovery_days?: number
  /** At most 32 networks such as 10.0.0.0/8, or none for anywhere. */
  readonly networks?: readonly string[]
}

/** How the people of an account must sign in. */
export interface SignInRules {
  /** True or false. */
  readonly second_factor_required: boolean
}

/** The OpenID provider that an account’s people come through. */
export interface Sso {
  /** What the button says. */
  readonly label: string
  /** A URL. */
  readonly issuer: string
  /** A text. */
  readonly client_id: string
  /** Whose verified addresses may come uninvited; only with a `role`. */
  readonly domains: readonly string[]
  /** What they become; `null` where only who was invited may come. */
  readonly role: 'editor' | 'reader' | 'auditor' | null
  /** Whether nobody but owners may sign in otherwise. */
  readonly only: boolean
  /** Where the provider sends people back to. */
  readonly redirect_uri: string
  /** Where people begin. */
  readonly sign_in_url: string
}

/** A provider that somebody may sign in through. */
export interface SsoProvider {
  readonly account: string
  readonly label: string
}

export interface StaleTarget {
  readonly id: number
  readonly target: string
  readonly environment: string
  readonly version: number
}

export interface StepCount {
  /** Where the step begins. */
  readonly start: string
  readonly actions: readonly ActionCount[]
}

/** What became of a value that was to be stored, or would. */
export interface StoredSecret {
  readonly id: number | null
  readonly name: string
  readonly version: number
  /** "new", "changed" or "same"; "unread" where the caller may not read what is there, and "forbidden" where it may store nothing. */
  readonly state: string
  readonly stale_deployments: number
}

/** Scopes and networks that would have done. */
export interface SuggestedScopes {
  readonly scopes: readonly string[]
  readonly networks: readonly string[]
}

/** How many secrets there are of which kind. */
export interface Summary {
  readonly secrets: number
  readonly files: number
  /** Those that expire within 30 days, or have expired. */
  readonly expiring: number
  /** Those of which nothing changed for 365 days. */
  readonly unchanged: number
  /** Those that some target holds in an older version. */
  readonly held_old: number
  readonly lists: readonly ListCount[]
  /** The first 500 by their letters. */
  readonly tags: readonly string[]
}

/** A document with references to secrets. */
export interface Template {
  /** The document. */
  readonly template?: string
  /** The document in base64, in place of the other. */
  readonly script_content?: string
  /** The name of the machine that it is for. */
  readonly target?: string
}

/** What a change would have refused, and what it would make old. */
export interface Tried {
  /** Back to here the audit log was looked at. */
  readonly from: string
  /** Whether that is all of the days. */
  readonly complete: boolean
  /** Requests of these days that were done, and tried. */
  readonly requests: number
  /** Of those, the ones that would have been refused. */
  readonly refused_requests: number
  readonly refused: readonly MissedUse[]
  readonly stale_targets: readonly StaleTarget[]
  readonly unresolved_templates: readonly LostTemplate[]
}

/** Whose tokens are traded for API keys, and of which scopes. */
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
  /** `null` for what was made before this was kept. */
  readonly created_by: Maker | null
}

/** What is left out stays as it is. */
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

export interface UnresolvedReference {
  readonly field: string
  readonly detail: string
  /** The secret that a template refers to. */
  readonly name?: string
  readonly line?: number
  readonly column?: number
  /** Of a multipart document. */
  readonly part?: number
}

/** A secret of several that has no value now, and why. */
export interface UnresolvedSecret {
  readonly id: number
  readonly name: string
  /** `unresolved_references`, `unsafe_rendering` or `too_large`; `not_found` where the value was destroyed. */
  readonly code: string
  readonly detail: string
  /** Each reference at fault, and the template that it is in. */
  readonly errors: readonly UnresolvedReference[]
}

/** A value that cannot be looked for. */
export interface Unscannable {
  readonly id: number
  readonly name: string
  readonly version: number
  /** Short, guessable, tag or unresolved. */
  readonly reason: string
}

/** A secret after a change. */
export interface UpdatedSecret {
  /** Never given to another secret of the account. */
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
}

/** A right that was used, for which secret and where. */
export interface Use {
  readonly right: string
  /** Of the secret, if it was about one. */
  readonly name: string | null
  /** The environment that it was asked in. */
  readonly environment: string | null
  readonly requests: number
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly last_at: string
}

export interface UsedKey {
  readonly id: number
  readonly name: string
}

/** Somebody of the account. */
export interface User {
  readonly id: number
  readonly name: string
  readonly email: string | null
  readonly role: Role
  /** Names or patterns that narrow the role, or null. */
  readonly name_patterns: readonly string[] | null
  /** With any, the rights over secrets come from these roles alone; the other one keeps its rights over the account. */
  readonly environment_roles?: Readonly<Record<string, 'admin' | 'editor' | 'reader' | 'auditor'>>
  readonly state: 'active' | 'invited' | 'disabled'
  /** Whether a passkey or an authenticator app is set up. */
  readonly second_factor: boolean
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly last_sign_in_at: string | null
}

/** What is left out stays as it is. */
export interface UserChange {
  /** A name of 1 to 128 characters. */
  readonly name?: string
  readonly role?: Role
  /** Names or patterns that narrow the role, or null. */
  readonly name_patterns?: readonly string[] | null
  /** With any, the rights over secrets come from these roles alone; the other one keeps its rights over the account. */
  readonly environment_roles?: Readonly<Record<string, 'admin' | 'editor' | 'reader' | 'auditor'>>
  /** True or false. */
  readonly disabled?: boolean
}

export interface UserCode {
  /** As the command shows it; blanks, hyphens and case do not matter. */
  readonly user_code: string
}

/** What a verification of the trail came to. */
export interface Verified {
  /** Up to here it was looked at, and holds. */
  readonly records: number
  /** Records in the trail: ask on until `records` is this. */
  readonly total: number
  /** Head of the chain there, hexadecimal: `after` of the next call. */
  readonly head: string
  /** The first record that does not hold. */
  readonly fault: { readonly seq: number; readonly reason: string } | null
  /** Records that were passed over, as they are archived: the operator verifies them with `strongroom audit verify`. */
  readonly archived: number
}

/** A secret’s value as it was. */
export interface Version {
  readonly id: number
  /** 1 to 255 letters, digits, "`_`", "." or "-", with "/" behind each folder; every part begins with a letter, a digit or "`_`". */
  readonly name: string
  readonly version: number
  /** Text, at most 65536 bytes of UTF-8 unless the server is set otherwise. */
  readonly value: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
}

/** A version that is kept of a secret. */
export interface VersionHead {
  readonly version: number
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** Of one whose value was destroyed. */
  readonly destroyed_at?: string
}

/** Where records of the trail are told of. */
export interface Webhook {
  readonly id: number
  /** Where each event is sent, by POST. No redirect is followed. */
  readonly url: string
  /** A list of 1 to 32 actions of the audit trail, such as "secret.update", "`secret.*`" or "`*`". */
  readonly actions: readonly string[]
  /** A name or a pattern such as `prod-*`: only what is about secrets of such names; or null for all. */
  readonly name: string | null
  /** The environment that it is about, or null for all. */
  readonly environment: WebhookEnvironment | null
  readonly enabled: boolean
  /** Why the server disabled it: `gone` (the receiver answered 410), `failing` (nothing was taken for five days), `maker` (whoever made it may read nothing of the trail any more); or null. */
  readonly disabled_for: string | null
  /** When it was disabled, or null. */
  readonly disabled_at: string | null
  /** Until when the secret before signs too, or null. */
  readonly previous_secret_until: string | null
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly created_at: string
  /** A time in UTC, such as 2026-01-15T10:30:00Z. */
  readonly updated_at: string
  /** `null` for what was made before this was kept. */
  readonly created_by: Maker | null
  readonly warning?: WebhookWarning
}

/** What is left out stays as it is. */
export interface WebhookChange {
  /** Where each event is sent, by POST. No redirect is followed. */
  readonly url?: string
  /** A list of 1 to 32 actions of the audit trail, such as "secret.update", "`secret.*`" or "`*`". */
  readonly actions?: readonly string[]
  /** A name or a pattern such as `prod-*`: only what is about secrets of such names; or null for all. */
  readonly name?: string | null
  /** Only what is in this environment (1 to 63 letters, digits, "`_`", "." or "-", beginning with a letter, a digit or "`_`"), or null for all. */
  readonly environment?: string | null
  /** True or false. */
  readonly enabled?: boolean
}

export interface WebhookEnvironment {
  readonly id: number
  /** What it is called now, if it is there. */
  readonly name: string | null
}

/** Once it is made, changed or rotated: why nothing can be sent to the URL now. It is stored nevertheless. */
export interface WebhookWarning {
  /** As a delivery would name it. */
  readonly fault: string
  readonly detail: string
}

/** A change that is tried. */
export interface WhatIf {
  /** One of key, `trust_rule`, machine, user, secret. */
  readonly kind: 'key' | 'trust_rule' | 'machine' | 'user' | 'secret'
  /** A positive integer; of secrets, in place of `ids`. */
  readonly id?: number
  /** Secrets that are removed, rotated or renamed together. */
  readonly ids?: readonly number[]
  /** Narrow, remove (revoke, disable, delete), rotate for a secret that gets another value, or rename for one that gets another name. */
  readonly change: 'narrow' | 'remove' | 'rotate' | 'rename'
  /** Of a key, a trust rule or a machine that is narrowed: the scopes that it would have. */
  readonly scopes?: readonly string[]
  /** Where it could be used from; none for anywhere. */
  readonly networks?: readonly string[]
  /** Of a user that is narrowed: the role they would have. */
  readonly role?: 'owner' | 'admin' | 'editor' | 'reader' | 'auditor'
  /** Names or patterns that the role would be narrowed to; null for all secrets. */
  readonly name_patterns?: readonly string[] | null
  /** With any, the rights over secrets come from these roles alone; the other one keeps its rights over the account. */
  readonly environment_roles?: Readonly<Record<string, 'admin' | 'editor' | 'reader' | 'auditor'>>
  /** A whole number of days from 1 to 30. */
  readonly days?: number
}
