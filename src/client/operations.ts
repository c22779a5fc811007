/** Every operation of the API: what it takes and gives, how its answer looks, and when it may be repeated. */
import type { AccountInfo, AccountKey, ChainPoint, Verified } from './account-model.ts'
import type { ActionCount, Activity, ActivityFilter, Reader, StepCount } from './activity-model.ts'
import type {
  ApiKey,
  AuditFilter,
  AuditObject,
  AuditRecord,
  Deployment,
  DeploymentFilter,
  DetailsInput,
  Fingerprint,
  FingerprintFilter,
  Fingerprints,
  HeldSecret,
  IssuedApiKey,
  IssuedSeed,
  List,
  ListRef,
  Machine,
  MadeThings,
  Metadata,
  Moved,
  Named,
  NewApiKey,
  NewList,
  NewMachine,
  NewSecret,
  NewSeed,
  NewSso,
  NewValue,
  PageQuery,
  Principal,
  Rendered,
  Rotation,
  Secret,
  SecretFilter,
  SecretHead,
  Seed,
  Settings,
  SettingsChange,
  SignInRules,
  Sso,
  Template,
  Unscannable,
  UpdatedSecret,
  Version,
  VersionHead,
} from './model.ts'
import { anything, bool, fields, integer, list, oneOf, optional, orNull, record, type Shape, text } from './shape.ts'
import type { JobKey, JobToken, KeySet, NewTrustRule, TrustRule, TrustRuleChange } from './trust-model.ts'

interface Message {
  readonly message: string
}

interface Ended extends Message {
  /** With a cascade. */
  readonly ended?: MadeThings
}

/** `true` ends what was made, and what that made in turn. */
interface CascadeQuery {
  readonly cascade?: 'true' | 'false'
}

/** Held against `/openapi.json` by a test: each operation, each field, whether it may be left out. */
export interface Operations {
  'GET /v3/secrets': { query: SecretFilter & PageQuery; answer: { readonly secrets: readonly SecretHead[] } }
  'POST /v3/secrets': { body: NewSecret; answer: SecretHead }
  'GET /v3/secrets/{id}': { answer: Secret }
  'PUT /v3/secrets/{id}': { body: NewValue; answer: UpdatedSecret }
  'DELETE /v3/secrets/{id}': { answer: Message }
  'GET /v3/metadata': { query: SecretFilter & PageQuery; answer: { readonly secrets: readonly Metadata[] } }
  'GET /v3/secrets/{id}/metadata': { answer: Metadata }
  'PATCH /v3/secrets/{id}/metadata': { body: DetailsInput; answer: Metadata }
  'GET /v3/lists': { answer: { readonly lists: readonly List[] } }
  'POST /v3/lists': { body: NewList; answer: List }
  'GET /v3/lists/{id}': { answer: List }
  'PUT /v3/lists/{id}': { body: NewList; answer: List }
  'DELETE /v3/lists/{id}': { answer: Message }
  'GET /v3/lists/{id}/secrets': { answer: { readonly secrets: readonly SecretHead[] } }
  'PUT /v3/lists/{id}/secrets/{secret}': { answer: Moved }
  'GET /v3/machines': { answer: { readonly machines: readonly Machine[] } }
  'POST /v3/machines': { body: NewMachine; answer: Machine }
  'GET /v3/machines/{id}': { answer: Machine }
  'DELETE /v3/machines/{id}': { answer: Message }
  'GET /v3/trust-rules': { answer: { readonly trust_rules: readonly TrustRule[] } }
  'POST /v3/trust-rules': { body: NewTrustRule; answer: TrustRule }
  'GET /v3/trust-rules/{id}': { answer: TrustRule }
  'PATCH /v3/trust-rules/{id}': { body: TrustRuleChange; answer: TrustRule }
  'DELETE /v3/trust-rules/{id}': { answer: Message }
  'POST /v3/auth/oidc': { body: JobToken; answer: JobKey }
  'POST /v3/seeds': { body: NewSeed; answer: IssuedSeed }
  'GET /v3/seeds': { query: PageQuery; answer: { readonly seeds: readonly Seed[] } }
  'GET /v3/seeds/{id}': { answer: Seed }
  'DELETE /v3/seeds/{id}': { answer: Message }
  'GET /v3/deployments': {
    query: DeploymentFilter & PageQuery
    answer: { readonly deployments: readonly Deployment[] }
  }
  'GET /v3/secrets/{id}/deployments': {
    query: Pick<DeploymentFilter, 'include'>
    answer: { readonly deployments: readonly Deployment[] }
  }
  'DELETE /v3/deployments/{id}': { answer: Message }
  'POST /v3/render': { body: Template; answer: Rendered }
  'POST /v3/fingerprints': { body: FingerprintFilter; answer: Fingerprints }
  'GET /v3/settings': { answer: Settings }
  'PUT /v3/settings': { body: SettingsChange; answer: Settings }
  'GET /v3/sign-in': { answer: SignInRules }
  'PUT /v3/sign-in': { body: SignInRules; answer: SignInRules }
  'GET /v3/sso': { answer: Sso }
  'PUT /v3/sso': { body: NewSso; answer: Sso }
  'DELETE /v3/sso': { answer: Message }
  'GET /v3/account': { answer: AccountInfo }
  'POST /v3/account/rotate-key': { body: { readonly version: number }; answer: AccountKey }
  'POST /v3/audit/verify': { body: { readonly after?: ChainPoint }; answer: Verified }
  'GET /v3/secrets/{id}/versions': { answer: { readonly versions: readonly VersionHead[] } }
  'GET /v3/secrets/{id}/versions/{version}': { answer: Version }
  'POST /v3/secrets/{id}/versions/{version}/restore': { answer: UpdatedSecret }
  'GET /v3/keys': { answer: { readonly keys: readonly ApiKey[] } }
  'POST /v3/keys': { body: NewApiKey; answer: IssuedApiKey }
  'GET /v3/keys/self': { answer: ApiKey }
  'DELETE /v3/keys/self': { query: CascadeQuery; answer: Ended }
  'GET /v3/keys/{id}': { answer: ApiKey }
  'DELETE /v3/keys/{id}': { query: CascadeQuery; answer: Ended }
  'GET /v3/keys/{id}/made': { answer: MadeThings }
  'POST /v3/keys/{id}/rotate': { body: Rotation; answer: IssuedApiKey }
  'GET /v3/audit': { query: AuditFilter & PageQuery; answer: { readonly records: readonly AuditRecord[] } }
  'GET /v3/audit/activity': { query: ActivityFilter; answer: Activity }
}

export type Operation = keyof Operations
export type AnswerOf<O extends Operation> = Operations[O]['answer']

/**
 * `safe`: as often as one likes. `keyed`: with an `Idempotency-Key` the server acts once. `never`: twice is not once,
 * so only after an answer that says that nothing was done.
 */
type Repeat = 'safe' | 'keyed' | 'never'

export interface Rule<Answer> {
  readonly repeat: Repeat
  readonly answer: Shape<Answer>
}

const secretHead = { id: integer, name: text, created_at: text, updated_at: text }
const listRef = fields<ListRef>({ id: integer, name: text })
const aList = fields<List>(secretHead)
const metadata = fields<Metadata>({
  ...secretHead,
  type: text,
  filename: orNull(text),
  list: listRef,
  version: integer,
  description: text,
  tags: list(text),
  expires_at: orNull(text),
})
const deployment = fields<Deployment>({
  id: integer,
  target: text,
  secrets: list(fields<HeldSecret>({ id: integer, name: text, version: integer, current_version: orNull(integer) })),
  stale: bool,
  created_at: text,
  principal: optional(fields({ kind: text, id: integer, name: text })),
})
const seed = fields<Seed>({
  id: integer,
  target: text,
  state: oneOf('open', 'used', 'expired'),
  max_fetches: integer,
  fetches: fields({ user_data: integer, meta_data: integer, vendor_data: integer, network_config: integer }),
  created_at: text,
  expires_at: text,
  used_at: orNull(text),
  refetched_at: orNull(text),
})
const principal = fields<Principal>({ kind: text, id: integer, name: text })
const machine = fields<Machine>({
  id: integer,
  name: text,
  addresses: list(text),
  scopes: list(text),
  created_at: text,
  created_by: orNull(principal),
})
const trustRule = fields<TrustRule>({
  id: integer,
  name: text,
  issuer: text,
  audience: text,
  claims: record(text),
  scopes: list(text),
  networks: list(text),
  key_ttl: integer,
  single_use: bool,
  jwks_url: orNull(text),
  jwks: orNull(fields<KeySet>({ keys: list(record(anything)) })),
  created_at: text,
  updated_at: text,
  created_by: orNull(principal),
})
const jobKey = fields<JobKey>({ api_key: text, key_id: integer, rule: text, scopes: list(text), expires_at: text })
const accountKey = fields<AccountKey>({ version: integer, rotating: bool, outdated: integer })
const ofVersion = { id: integer, name: text, version: integer }
const fingerprints = fields<Fingerprints>({
  base: integer,
  mix: integer,
  mac_key: text,
  fingerprints: list(
    fields<Fingerprint>({ ...ofVersion, form: text, length: integer, offset: integer, filter: integer, mac: text }),
  ),
  unscannable: list(fields<Unscannable>({ ...ofVersion, reason: text })),
})
const accountSettings = fields<Settings>({ vm_auth: bool, networks: list(text), machine_networks: list(text) })
const signInRules = fields<SignInRules>({ second_factor_required: bool })
const sso = fields<Sso>({
  label: text,
  issuer: text,
  client_id: text,
  domains: list(text),
  role: orNull(oneOf('editor', 'reader', 'auditor')),
  only: bool,
  redirect_uri: text,
  sign_in_url: text,
})
const updatedSecret = fields<UpdatedSecret>({ id: integer, name: text, updated_at: text })
const versionHead = { version: integer, created_at: text }
const message = fields<Message>({ message: text })
const named = list(fields<Named>({ id: integer, name: text }))
const madeThings = fields<MadeThings>({ keys: named, trust_rules: named, machines: named })
const ended = fields<Ended>({ message: text, ended: optional(madeThings) })
const apiKey = {
  id: integer,
  name: text,
  scopes: list(text),
  networks: list(text),
  created_at: text,
  expires_at: orNull(text),
  revoked_at: orNull(text),
  last_used_at: orNull(text),
  created_by: orNull(principal),
}
const issuedApiKey = fields<IssuedApiKey>({ ...apiKey, api_key: text })
const auditObject = fields<AuditObject>({
  kind: text,
  id: orNull(integer),
  uid: orNull(text),
  name: orNull(text),
  version: orNull(integer),
  hash: orNull(text),
})
const auditRecord = fields<AuditRecord>({
  seq: integer,
  time: text,
  principal,
  action: text,
  object: orNull(auditObject),
  outcome: text,
  request_id: text,
  address: text,
  head: text,
})

export const operations: { readonly [O in Operation]: Rule<AnswerOf<O>> } = {
  'GET /v3/secrets': { repeat: 'safe', answer: fields({ secrets: list(fields<SecretHead>(secretHead)) }) },
  'POST /v3/secrets': { repeat: 'keyed', answer: fields<SecretHead>(secretHead) },
  'GET /v3/secrets/{id}': { repeat: 'safe', answer: fields<Secret>({ ...secretHead, value: text }) },
  'PUT /v3/secrets/{id}': { repeat: 'keyed', answer: updatedSecret },
  // Once more deletes nothing else: ids are not given twice.
  'DELETE /v3/secrets/{id}': { repeat: 'safe', answer: message },
  'GET /v3/metadata': { repeat: 'safe', answer: fields({ secrets: list(metadata) }) },
  'GET /v3/secrets/{id}/metadata': { repeat: 'safe', answer: metadata },
  // To the same state, however often.
  'PATCH /v3/secrets/{id}/metadata': { repeat: 'safe', answer: metadata },
  'GET /v3/lists': { repeat: 'safe', answer: fields({ lists: list(aList) }) },
  'POST /v3/lists': { repeat: 'never', answer: aList },
  'GET /v3/lists/{id}': { repeat: 'safe', answer: aList },
  'PUT /v3/lists/{id}': { repeat: 'safe', answer: aList },
  'DELETE /v3/lists/{id}': { repeat: 'safe', answer: message },
  'GET /v3/lists/{id}/secrets': { repeat: 'safe', answer: fields({ secrets: list(fields<SecretHead>(secretHead)) }) },
  'PUT /v3/lists/{id}/secrets/{secret}': {
    repeat: 'safe',
    answer: fields<Moved>({ id: integer, name: text, list: listRef }),
  },
  'GET /v3/machines': { repeat: 'safe', answer: fields({ machines: list(machine) }) },
  'POST /v3/machines': { repeat: 'never', answer: machine },
  'GET /v3/machines/{id}': { repeat: 'safe', answer: machine },
  'DELETE /v3/machines/{id}': { repeat: 'safe', answer: message },
  'GET /v3/trust-rules': { repeat: 'safe', answer: fields({ trust_rules: list(trustRule) }) },
  'POST /v3/trust-rules': { repeat: 'never', answer: trustRule },
  'GET /v3/trust-rules/{id}': { repeat: 'safe', answer: trustRule },
  'PATCH /v3/trust-rules/{id}': { repeat: 'safe', answer: trustRule },
  'DELETE /v3/trust-rules/{id}': { repeat: 'safe', answer: message },
  // A token may be good for one key only.
  'POST /v3/auth/oidc': { repeat: 'never', answer: jobKey },
  'POST /v3/seeds': {
    repeat: 'never',
    answer: fields<IssuedSeed>({ id: integer, url: text, target: text, expires_at: text }),
  },
  'GET /v3/seeds': { repeat: 'safe', answer: fields({ seeds: list(seed) }) },
  'GET /v3/seeds/{id}': { repeat: 'safe', answer: seed },
  'DELETE /v3/seeds/{id}': { repeat: 'safe', answer: message },
  'GET /v3/deployments': { repeat: 'safe', answer: fields({ deployments: list(deployment) }) },
  'GET /v3/secrets/{id}/deployments': { repeat: 'safe', answer: fields({ deployments: list(deployment) }) },
  'DELETE /v3/deployments/{id}': { repeat: 'safe', answer: message },
  'POST /v3/render': {
    repeat: 'safe',
    answer: fields<Rendered>({ rendered: optional(text), script_content: optional(text) }),
  },
  // Nothing changes but the trail.
  'POST /v3/fingerprints': { repeat: 'safe', answer: fingerprints },
  'GET /v3/settings': { repeat: 'safe', answer: accountSettings },
  'PUT /v3/settings': { repeat: 'safe', answer: accountSettings },
  'GET /v3/sign-in': { repeat: 'safe', answer: signInRules },
  'PUT /v3/sign-in': { repeat: 'safe', answer: signInRules },
  'GET /v3/sso': { repeat: 'safe', answer: sso },
  'PUT /v3/sso': { repeat: 'safe', answer: sso },
  'DELETE /v3/sso': { repeat: 'safe', answer: message },
  'GET /v3/account': {
    repeat: 'safe',
    answer: fields<AccountInfo>({
      id: integer,
      name: text,
      created_at: text,
      key: accountKey,
      limits: fields({
        keep_versions: integer,
        max_value_bytes: integer,
        max_file_bytes: integer,
        requests_per_second: orNull(integer),
      }),
    }),
  },
  'POST /v3/account/rotate-key': { repeat: 'safe', answer: accountKey },
  'GET /v3/audit/activity': {
    repeat: 'safe',
    answer: fields<Activity>({
      by: oneOf('minute', 'hour', 'day', 'week'),
      from: text,
      to: text,
      complete: bool,
      records: integer,
      steps: list(
        fields<StepCount>({
          start: text,
          actions: list(fields<ActionCount>({ action: text, ok: integer, refused: integer })),
        }),
      ),
      readers: list(fields<Reader>({ principal, reads: integer })),
    }),
  },
  'POST /v3/audit/verify': {
    repeat: 'safe',
    answer: fields<Verified>({
      records: integer,
      total: integer,
      head: text,
      fault: orNull(fields({ seq: integer, reason: text })),
    }),
  },
  'GET /v3/secrets/{id}/versions': {
    repeat: 'safe',
    answer: fields({ versions: list(fields<VersionHead>(versionHead)) }),
  },
  'GET /v3/secrets/{id}/versions/{version}': {
    repeat: 'safe',
    answer: fields<Version>({ ...versionHead, id: integer, name: text, value: text }),
  },
  'POST /v3/secrets/{id}/versions/{version}/restore': { repeat: 'keyed', answer: updatedSecret },
  'GET /v3/keys': { repeat: 'safe', answer: fields({ keys: list(fields<ApiKey>(apiKey)) }) },
  'POST /v3/keys': { repeat: 'never', answer: issuedApiKey },
  'GET /v3/keys/self': { repeat: 'safe', answer: fields<ApiKey>(apiKey) },
  'DELETE /v3/keys/self': { repeat: 'safe', answer: ended },
  'GET /v3/keys/{id}': { repeat: 'safe', answer: fields<ApiKey>(apiKey) },
  'DELETE /v3/keys/{id}': { repeat: 'safe', answer: ended },
  'GET /v3/keys/{id}/made': { repeat: 'safe', answer: madeThings },
  'POST /v3/keys/{id}/rotate': { repeat: 'never', answer: issuedApiKey },
  'GET /v3/audit': { repeat: 'safe', answer: fields({ records: list(auditRecord) }) },
}
