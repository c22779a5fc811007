/** Every operation of the API: what it takes and gives, how its answer looks, and when it may be repeated. Written by `npm run client` from the definitions of the routes: change those. */
import type * as Api from './api-types.ts'
import {
  anything,
  bool,
  either,
  fields,
  integer,
  list,
  oneOf,
  optional,
  orNull,
  record,
  type Shape,
  text,
} from './shape.ts'

/** What each operation takes and gives. */
export interface Operations {
  /** List secrets. */
  'GET /v3/secrets': {
    query: {
      readonly limit?: number
      readonly cursor?: string
      readonly offset?: number
      readonly name?: string
      readonly folder?: string
      readonly list?: string
      readonly tag?: string
      readonly expires_before?: string
      readonly expired?: 'first'
      readonly q?: string
      readonly type?: 'text' | 'file' | 'template'
      readonly updated_before?: string
      readonly held?: 'any' | 'old'
      readonly sort?: 'created' | 'name' | 'updated' | 'expires' | 'list' | 'type'
      readonly effective?: 'true'
      readonly order?: 'asc' | 'desc'
      readonly count?: 'true'
      readonly environment?: string
    }
    answer: { readonly secrets: readonly Api.SecretHead[] }
  }
  /** Read a secret. */
  'GET /v3/secrets/{id}': {
    ids: 'id'
    query: { readonly resolve?: 'true' | 'false'; readonly environment?: string }
    answer: Api.Secret
  }
  /** Create a secret. */
  'POST /v3/secrets': { query: { readonly environment?: string }; body: Api.NewSecret; answer: Api.SecretHead }
  /** Update a secret. */
  'PUT /v3/secrets/{id}': {
    ids: 'id'
    query: { readonly environment?: string }
    body: Api.NewValue
    answer: Api.UpdatedSecret
  }
  /** Delete a secret. */
  'DELETE /v3/secrets/{id}': { ids: 'id'; query: { readonly environment?: string }; answer: Api.Message }
  /** Read a secret by its name. */
  'GET /v3/secrets/by-name/{name}': {
    names: 'name'
    query: { readonly resolve?: 'true' | 'false'; readonly environment?: string }
    answer: Api.Secret
  }
  /** Create or update the secret of a name. */
  'PUT /v3/secrets/by-name/{name}': {
    names: 'name'
    query: { readonly environment?: string }
    body: Api.PutValue
    answer: Api.UpdatedSecret | Api.SecretHead
  }
  /** List folders. */
  'GET /v3/folders': {
    query: {
      readonly folder?: string
      readonly effective?: 'true'
      readonly limit?: number
      readonly cursor?: string
      readonly environment?: string
    }
    answer: { readonly folders: readonly Api.Folder[] }
  }
  /** Read many secrets. */
  'POST /v3/secrets/batch': {
    query: { readonly environment?: string }
    body: Api.SecretRefs
    answer: {
      readonly secrets: readonly Api.SecretOfMany[]
      readonly missing: readonly (string | number)[]
      readonly unresolved: readonly Api.UnresolvedSecret[]
    }
  }
  /** Create many secrets. */
  'POST /v3/secrets/batch/create': {
    query: { readonly environment?: string }
    body: Api.NewSecrets
    answer: { readonly secrets: readonly Api.SecretHead[] }
  }
  /** Create or update many secrets. */
  'POST /v3/secrets/batch/store': {
    query: { readonly environment?: string }
    body: Api.SecretsToStore
    answer: { readonly secrets: readonly Api.StoredSecret[] }
  }
  /** Move, tag or expire many secrets. */
  'POST /v3/secrets/batch/change': {
    query: { readonly environment?: string }
    body: Api.ManyChanges
    answer: { readonly changed: readonly Api.NamedSecret[]; readonly failed: readonly Api.FailedSecret[] }
  }
  /** Delete many secrets. */
  'POST /v3/secrets/batch/delete': {
    query: { readonly environment?: string }
    body: Api.ManyIds
    answer: { readonly deleted: readonly Api.DeletedSecret[]; readonly failed: readonly Api.FailedSecret[] }
  }
  /** List the versions of a secret. */
  'GET /v3/secrets/{id}/versions': {
    ids: 'id'
    query: { readonly environment?: string }
    answer: { readonly versions: readonly Api.VersionHead[] }
  }
  /** Read a version of a secret. */
  'GET /v3/secrets/{id}/versions/{version}': {
    ids: 'id' | 'version'
    query: { readonly resolve?: 'true' | 'false'; readonly environment?: string }
    answer: Api.Version
  }
  /** Restore a version of a secret. */
  'POST /v3/secrets/{id}/versions/{version}/restore': {
    ids: 'id' | 'version'
    query: { readonly environment?: string }
    answer: Api.UpdatedSecret
  }
  /** Destroy the value of a version. */
  'DELETE /v3/secrets/{id}/versions/{version}': {
    ids: 'id' | 'version'
    query: { readonly environment?: string }
    answer: Api.Message
  }
  /** Show who can read a secret, and who did. */
  'GET /v3/secrets/{id}/access': {
    ids: 'id'
    query: {
      readonly limit?: number
      readonly cursor?: string
      readonly from?: string
      readonly to?: string
      readonly environment?: string
    }
    answer: Api.Access
  }
  /** List what is known of secrets. */
  'GET /v3/metadata': {
    query: {
      readonly limit?: number
      readonly cursor?: string
      readonly offset?: number
      readonly name?: string
      readonly folder?: string
      readonly list?: string
      readonly tag?: string
      readonly expires_before?: string
      readonly expired?: 'first'
      readonly q?: string
      readonly type?: 'text' | 'file' | 'template'
      readonly updated_before?: string
      readonly held?: 'any' | 'old'
      readonly sort?: 'created' | 'name' | 'updated' | 'expires' | 'list' | 'type'
      readonly effective?: 'true'
      readonly order?: 'asc' | 'desc'
      readonly count?: 'true'
      readonly environment?: string
    }
    answer: { readonly secrets: readonly Api.Metadata[] }
  }
  /** Count secrets. */
  'GET /v3/metadata/summary': { query: { readonly environment?: string }; answer: Api.Summary }
  /** Read what is known of a secret. */
  'GET /v3/secrets/{id}/metadata': { ids: 'id'; query: { readonly environment?: string }; answer: Api.Metadata }
  /** Change what is known of a secret. */
  'PATCH /v3/secrets/{id}/metadata': {
    ids: 'id'
    query: { readonly environment?: string }
    body: Api.DetailsInput
    answer: Api.ChangedMetadata
  }
  /** Rename a secret. */
  'PUT /v3/secrets/{id}/name': {
    ids: 'id'
    query: { readonly environment?: string }
    body: Api.NewName
    answer: Api.UpdatedSecret
  }
  /** List the lists. */
  'GET /v3/lists': {
    query: { readonly limit?: number; readonly cursor?: string; readonly environment?: string }
    answer: { readonly lists: readonly Api.List[] }
  }
  /** Read a list. */
  'GET /v3/lists/{id}': { ids: 'id'; query: { readonly environment?: string }; answer: Api.List }
  /** Create a list. */
  'POST /v3/lists': { query: { readonly environment?: string }; body: Api.NewList; answer: Api.List }
  /** Rename a list. */
  'PUT /v3/lists/{id}': {
    ids: 'id'
    query: { readonly environment?: string }
    body: Api.NewList
    answer: Api.RenamedList
  }
  /** Delete a list and its secrets. */
  'DELETE /v3/lists/{id}': { ids: 'id'; query: { readonly environment?: string }; answer: Api.Message }
  /** List the secrets of a list. */
  'GET /v3/lists/{id}/secrets': {
    ids: 'id'
    query: { readonly limit?: number; readonly cursor?: string; readonly environment?: string }
    answer: { readonly secrets: readonly Api.SecretHead[] }
  }
  /** Move a secret into a list. */
  'PUT /v3/lists/{id}/secrets/{secret}': {
    ids: 'id' | 'secret'
    query: { readonly environment?: string }
    answer: Api.Moved
  }
  /** List the environments. */
  'GET /v3/environments': { answer: { readonly environments: readonly Api.Environment[] } }
  /** Read an environment. */
  'GET /v3/environments/{id}': { ids: 'id'; answer: Api.Environment }
  /** Create an environment. */
  'POST /v3/environments': { body: Api.NewEnvironment; answer: Api.Environment }
  /** Rename an environment, or set its base. */
  'PATCH /v3/environments/{id}': { ids: 'id'; body: Api.EnvironmentChange; answer: Api.Environment }
  /** Delete an environment. */
  'DELETE /v3/environments/{id}': { ids: 'id'; answer: Api.Message }
  /** Compare environments. */
  'GET /v3/compare': {
    query: { readonly limit?: number; readonly cursor?: string; readonly environments?: string; readonly name?: string }
    answer: { readonly environments: readonly string[]; readonly secrets: readonly Api.ComparedName[] }
  }
  /** Copy secrets into another environment. */
  'POST /v3/copy': {
    body: Api.CopyRequest
    answer: { readonly dry_run: boolean; readonly secrets: readonly Api.CopiedSecret[] }
  }
  /** List what can be restored. */
  'GET /v3/deleted': {
    query: { readonly limit?: number; readonly cursor?: string; readonly environment?: string }
    answer: { readonly deleted: readonly Api.Deleted[] }
  }
  /** Restore what was deleted. */
  'POST /v3/deleted/{id}/restore': {
    ids: 'id'
    query: { readonly environment?: string }
    body: Api.Restoring
    answer: Api.Restored
  }
  /** Purge what was deleted. */
  'DELETE /v3/deleted/{id}': { ids: 'id'; query: { readonly environment?: string }; answer: Api.Message }
  /** Roll an environment back to a time. */
  'POST /v3/rollback': { query: { readonly environment?: string }; body: Api.RollingBack; answer: Api.Rollback }
  /** Render a template. */
  'POST /v3/render': { query: { readonly environment?: string }; body: Api.Template; answer: Api.Rendered }
  /** Make a seed. */
  'POST /v3/seeds': { query: { readonly environment?: string }; body: Api.NewSeed; answer: Api.IssuedSeed }
  /** List seeds. */
  'GET /v3/seeds': {
    query: {
      readonly limit?: number
      readonly cursor?: string
      readonly order?: 'asc' | 'desc'
      readonly environment?: string
    }
    answer: { readonly seeds: readonly Api.Seed[] }
  }
  /** Show a seed. */
  'GET /v3/seeds/{id}': { ids: 'id'; query: { readonly environment?: string }; answer: Api.Seed }
  /** Revoke a seed. */
  'DELETE /v3/seeds/{id}': { ids: 'id'; query: { readonly environment?: string }; answer: Api.Message }
  /** List deployments. */
  'GET /v3/deployments': {
    query: {
      readonly limit?: number
      readonly cursor?: string
      readonly target?: string
      readonly secret?: string
      readonly list?: string
      readonly stale?: 'true'
      readonly include?: 'principal'
      readonly environment?: string
    }
    answer: { readonly deployments: readonly Api.Deployment[] }
  }
  /** List who holds a secret. */
  'GET /v3/secrets/{id}/deployments': {
    ids: 'id'
    query: { readonly include?: 'principal'; readonly environment?: string }
    answer: { readonly deployments: readonly Api.Deployment[] }
  }
  /** Forget a deployment. */
  'DELETE /v3/deployments/{id}': { ids: 'id'; query: { readonly environment?: string }; answer: Api.Message }
  /** Make fingerprints of values. */
  'POST /v3/fingerprints': {
    query: { readonly environment?: string }
    body: Api.FingerprintFilter
    answer: Api.Fingerprints
  }
  /** List API keys. */
  'GET /v3/keys': {
    query: { readonly limit?: number; readonly cursor?: string }
    answer: { readonly keys: readonly Api.ApiKey[] }
  }
  /** Show the API key that asks. */
  'GET /v3/keys/self': { answer: Api.ApiKey }
  /** Show an API key. */
  'GET /v3/keys/{id}': { ids: 'id'; answer: Api.ApiKey }
  /** List what an API key made. */
  'GET /v3/keys/{id}/made': { ids: 'id'; answer: Api.MadeThings }
  /** Create an API key. */
  'POST /v3/keys': { body: Api.NewApiKey; answer: Api.IssuedApiKey }
  /** Rotate an API key. */
  'POST /v3/keys/{id}/rotate': { ids: 'id'; body: Api.Rotation; answer: Api.IssuedApiKey }
  /** Revoke the API key that asks. */
  'DELETE /v3/keys/self': { query: { readonly cascade?: 'true' | 'false' }; answer: Api.Ended }
  /** Revoke an API key. */
  'DELETE /v3/keys/{id}': { ids: 'id'; query: { readonly cascade?: 'true' | 'false' }; answer: Api.Ended }
  /** List the machines that may read without a key. */
  'GET /v3/machines': {
    query: { readonly limit?: number; readonly cursor?: string }
    answer: { readonly machines: readonly Api.Machine[] }
  }
  /** Read a machine. */
  'GET /v3/machines/{id}': { ids: 'id'; answer: Api.Machine }
  /** Register a machine. */
  'POST /v3/machines': { body: Api.NewMachine; answer: Api.Machine }
  /** Remove a machine. */
  'DELETE /v3/machines/{id}': { ids: 'id'; answer: Api.Message }
  /** Read the account's settings. */
  'GET /v3/settings': { answer: Api.Settings }
  /** Change the account's settings. */
  'PUT /v3/settings': { body: Api.SettingsChange; answer: Api.Settings }
  /** Read the account. */
  'GET /v3/account': { answer: Api.AccountInfo }
  /** Replace the account's key, a part at a time. */
  'POST /v3/account/rotate-key': { body: { readonly version: number }; answer: Api.AccountKey }
  /** Which provider the account keeps its key with. */
  'GET /v3/account/customer-key': { answer: Api.CustomerKey }
  /** Keep the key of the account with a provider. */
  'PUT /v3/account/customer-key': { body: Api.NewCustomerKey; answer: Api.CustomerKey }
  /** Keep the key of the account with the operator alone. */
  'DELETE /v3/account/customer-key': { answer: Api.Message }
  /** List the users. */
  'GET /v3/users': {
    query: { readonly limit?: number; readonly cursor?: string }
    answer: { readonly users: readonly Api.User[] }
  }
  /** Invite a user. */
  'POST /v3/users': { body: Api.NewUser; answer: Api.InvitedUser }
  /** Read a user. */
  'GET /v3/users/{id}': { ids: 'id'; answer: Api.User }
  /** List what a user made. */
  'GET /v3/users/{id}/made': { ids: 'id'; answer: Api.MadeThings }
  /** Change a user. */
  'PATCH /v3/users/{id}': {
    ids: 'id'
    query: { readonly cascade?: 'true' | 'false' }
    body: Api.UserChange
    answer: Api.User
  }
  /** Make a link that sets a new password. */
  'POST /v3/users/{id}/reset': { ids: 'id'; answer: Api.OneTimeLink }
  /** Reset what a user signs in with beside the password. */
  'DELETE /v3/users/{id}/factors': { ids: 'id'; answer: Api.Message }
  /** Delete a user. */
  'DELETE /v3/users/{id}': { ids: 'id'; query: { readonly cascade?: 'true' | 'false' }; answer: Api.Ended }
  /** Who is signed in. */
  'GET /v3/session': { answer: Api.Session }
  /** Sign out. */
  'DELETE /v3/session': { answer: Api.Message }
  /** Prove again who is signed in. */
  'POST /v3/session/confirm': {
    body: { readonly password?: string; readonly passkey?: Api.PasskeyAnswer }
    answer: Api.Session
  }
  /** Change your password. */
  'PUT /v3/session/password': {
    body: { readonly current_password: string; readonly password: string }
    answer: Api.Message
  }
  /** List your sessions. */
  'GET /v3/sessions': {
    query: { readonly limit?: number; readonly cursor?: string }
    answer: { readonly sessions: readonly Api.OpenSession[] }
  }
  /** End one of your sessions. */
  'DELETE /v3/sessions/{id}': { ids: 'id'; answer: Api.Message }
  /** Sign in. */
  'POST /v3/session': {
    body: { readonly account?: string; readonly email: string; readonly password: string; readonly code?: string }
    answer: Api.Session
  }
  /** Sign in with a passkey. */
  'POST /v3/session/passkey': { body: { readonly passkey: Api.PasskeyAnswer }; answer: Api.Session }
  /** Look at a one-time link. */
  'POST /v3/invitations/check': { body: { readonly token: string }; answer: Api.Invitation }
  /** Accept a one-time link. */
  'POST /v3/invitations/accept': {
    body: { readonly token: string; readonly password: string; readonly name?: string; readonly email?: string }
    answer: Api.Message | Api.Session
  }
  /** Ask a person for an API key. */
  'POST /v3/logins': { body: Api.NewLogin; answer: Api.BegunLogin }
  /** Ask how a login stands, and for its API key. */
  'POST /v3/logins/poll': { body: Api.DeviceCode; answer: Api.LoginProgress | Api.GrantedLogin }
  /** Call a login off. */
  'POST /v3/logins/cancel': { body: Api.DeviceCode; answer: Api.Message }
  /** Show what waits under a code. */
  'POST /v3/logins/show': { body: Api.UserCode; answer: Api.Login }
  /** Give the command its API key. */
  'POST /v3/logins/confirm': { body: Api.LoginConfirmation; answer: Api.Login }
  /** Refuse the command its API key. */
  'POST /v3/logins/refuse': { body: Api.UserCode; answer: Api.Message }
  /** Begin to sign in or to confirm with a passkey. */
  'POST /v3/session/passkey/challenge': { answer: Readonly<Record<string, unknown>> }
  /** What you sign in with. */
  'GET /v3/session/factors': { answer: Api.Factors }
  /** Begin to set up an authenticator app. */
  'POST /v3/session/totp': { answer: Api.Enrolment }
  /** Set up an authenticator app. */
  'PUT /v3/session/totp': { body: { readonly enrolment: string; readonly code: string }; answer: Api.RecoveryCodes }
  /** Begin to set up a passkey. */
  'POST /v3/session/passkeys/challenge': { answer: Readonly<Record<string, unknown>> }
  /** Set up a passkey. */
  'POST /v3/session/passkeys': {
    body: { readonly name: string; readonly credential: Api.NewCredential }
    answer: { readonly id: number; readonly recovery_codes: readonly string[] | null }
  }
  /** Make new recovery codes. */
  'POST /v3/session/recovery-codes': { answer: Api.RecoveryCodes }
  /** Rename a passkey. */
  'PATCH /v3/session/factors/{id}': { ids: 'id'; body: { readonly name: string }; answer: Api.Passkey }
  /** Remove a passkey, or the authenticator app. */
  'DELETE /v3/session/factors/{id}': { ids: 'id'; answer: Api.Message }
  /** Which provider one may sign in through. */
  'GET /v3/session/sso': {
    query: { readonly account?: string }
    answer: { readonly provider: Api.SsoProvider | null; readonly account_required: boolean }
  }
  /** Begin to sign in through the provider. */
  'POST /v3/session/sso': {
    body: { readonly account: string; readonly return?: string; readonly fresh?: boolean }
    answer: Api.Away
  }
  /** Begin to connect your user with the provider. */
  'POST /v3/session/sso/link': { body: { readonly return?: string }; answer: Api.Away }
  /** Read the single sign-on of the account. */
  'GET /v3/sso': { answer: Api.Sso }
  /** Set up single sign-on by OpenID Connect. */
  'PUT /v3/sso': { body: Api.NewSso; answer: Api.Sso }
  /** End single sign-on. */
  'DELETE /v3/sso': { answer: Api.Message }
  /** How the people of the account must sign in. */
  'GET /v3/sign-in': { answer: Api.SignInRules }
  /** Change how the people of the account must sign in. */
  'PUT /v3/sign-in': { body: Api.SignInRules; answer: Api.SignInRules }
  /** List the trust rules. */
  'GET /v3/trust-rules': {
    query: { readonly limit?: number; readonly cursor?: string }
    answer: { readonly trust_rules: readonly Api.TrustRule[] }
  }
  /** Create a trust rule. */
  'POST /v3/trust-rules': { body: Api.NewTrustRule; answer: Api.TrustRule }
  /** Read a trust rule. */
  'GET /v3/trust-rules/{id}': { ids: 'id'; answer: Api.TrustRule }
  /** Change a trust rule. */
  'PATCH /v3/trust-rules/{id}': { ids: 'id'; body: Api.TrustRuleChange; answer: Api.TrustRule }
  /** Delete a trust rule. */
  'DELETE /v3/trust-rules/{id}': { ids: 'id'; answer: Api.Message }
  /** Trade a token for an API key. */
  'POST /v3/auth/oidc': { body: Api.JobToken; answer: Api.JobKey }
  /** Read the audit trail. */
  'GET /v3/audit': {
    query: {
      readonly limit?: number
      readonly cursor?: string
      readonly from?: string
      readonly to?: string
      readonly action?: string
      readonly secret?: string
      readonly principal?: string
      readonly kind?: 'key' | 'user' | 'machine' | 'seed' | 'workload' | 'login' | 'wrapping' | 'host' | 'system'
      readonly outcome?: string
      readonly environment?: string
    }
    answer: { readonly records: readonly Api.AuditRecord[]; readonly archived?: Api.Archived }
  }
  /** Count the records of the audit trail. */
  'GET /v3/audit/activity': {
    query: {
      readonly from?: string
      readonly to?: string
      readonly action?: string
      readonly secret?: string
      readonly principal?: string
      readonly kind?: 'key' | 'user' | 'machine' | 'seed' | 'workload' | 'login' | 'wrapping' | 'host' | 'system'
      readonly outcome?: string
      readonly environment?: string
      readonly by?: string
    }
    answer: Api.Activity
  }
  /** Verify a part of the audit trail. */
  'POST /v3/audit/verify': { body: { readonly after?: Api.ChainPoint }; answer: Api.Verified }
  /** Show what an API key uses of what it may. */
  'GET /v3/keys/{id}/usage': { ids: 'id'; query: { readonly days?: string }; answer: Api.KeyUsage }
  /** Try a change against the audit log. */
  'POST /v3/what-if': { body: Api.WhatIf; answer: Api.Tried }
  /** List the webhooks. */
  'GET /v3/webhooks': {
    query: { readonly limit?: number; readonly cursor?: string }
    answer: { readonly webhooks: readonly Api.Webhook[] }
  }
  /** Create a webhook. */
  'POST /v3/webhooks': { body: Api.NewWebhook; answer: Api.IssuedWebhook }
  /** Read a webhook. */
  'GET /v3/webhooks/{id}': { ids: 'id'; answer: Api.Webhook }
  /** Change a webhook. */
  'PATCH /v3/webhooks/{id}': { ids: 'id'; body: Api.WebhookChange; answer: Api.Webhook }
  /** Delete a webhook. */
  'DELETE /v3/webhooks/{id}': { ids: 'id'; answer: Api.Message }
  /** Make another secret for a webhook. */
  'POST /v3/webhooks/{id}/rotate': { ids: 'id'; answer: Api.IssuedWebhook }
  /** Send a test to a webhook. */
  'POST /v3/webhooks/{id}/test': { ids: 'id'; answer: Api.Delivery }
  /** List the deliveries of a webhook. */
  'GET /v3/webhooks/{id}/deliveries': {
    ids: 'id'
    query: { readonly limit?: number; readonly cursor?: string; readonly state?: 'waiting' | 'delivered' | 'failed' }
    answer: { readonly deliveries: readonly Api.Delivery[] }
  }
  /** Send a delivery again. */
  'POST /v3/webhooks/{id}/deliveries/{delivery}/retry': { ids: 'id' | 'delivery'; answer: Api.Delivery }
}

export type Operation = keyof Operations
export type AnswerOf<O extends Operation> = Operations[O]['answer']

/**
 * `safe`: as often as one likes. `keyed`: with an `Idempotency-Key` the server acts once. `never`: twice is not once,
 * so only after an answer that says that nothing was done.
 */
type Repeat = 'safe' | 'keyed' | 'never'

export interface Rule<Answer> {
  /** Which parts of the path are names; the others are ids. */
  readonly names?: readonly string[]
  readonly repeat: Repeat
  /** Whether it needs no API key. */
  readonly isOpen: boolean
  readonly answer: Shape<Answer>
}

const principalShape: Shape<Api.Principal> = fields<Api.Principal>({ kind: text, id: integer, name: text })
const openingShape: Shape<Api.Opening> = fields<Api.Opening>({ name: text, scope: text })
const ableShape: Shape<Api.Able> = fields<Api.Able>({
  principal: principalShape,
  environments: list(openingShape),
  role: orNull(text),
  trust_rule: orNull(integer),
  networks: list(text),
  expires_at: orNull(text),
})
const accessedSecretShape: Shape<Api.AccessedSecret> = fields<Api.AccessedSecret>({
  id: integer,
  name: text,
  version: integer,
})
const pastReaderShape: Shape<Api.PastReader> = fields<Api.PastReader>({
  principal: principalShape,
  environments: list(text),
  reads: integer,
  last_at: text,
  version: orNull(integer),
  can: bool,
})
const holderShape: Shape<Api.Holder> = fields<Api.Holder>({
  id: integer,
  target: text,
  environment: text,
  version: integer,
  stale: bool,
  since: text,
})
const leadingTemplateShape: Shape<Api.LeadingTemplate> = fields<Api.LeadingTemplate>({
  id: integer,
  name: text,
  environments: list(text),
})
const accessShape: Shape<Api.Access> = fields<Api.Access>({
  secret: accessedSecretShape,
  environments: list(text),
  from: optional(text),
  complete: optional(bool),
  did: optional(list(pastReaderShape)),
  targets: optional(list(holderShape)),
  templates: optional(list(leadingTemplateShape)),
  cut: optional(list(text)),
  can: list(ableShape),
})
const accountKeyShape: Shape<Api.AccountKey> = fields<Api.AccountKey>({
  version: integer,
  rotating: bool,
  outdated: integer,
})
const limitsShape: Shape<Api.Limits> = fields<Api.Limits>({
  keep_versions: integer,
  max_value_bytes: integer,
  max_file_bytes: integer,
  requests_per_second: orNull(integer),
})
const accountInfoShape: Shape<Api.AccountInfo> = fields<Api.AccountInfo>({
  id: integer,
  name: text,
  created_at: text,
  key: accountKeyShape,
  limits: limitsShape,
})
const actionCountShape: Shape<Api.ActionCount> = fields<Api.ActionCount>({
  action: text,
  ok: integer,
  refused: integer,
})
const stepCountShape: Shape<Api.StepCount> = fields<Api.StepCount>({ start: text, actions: list(actionCountShape) })
const readerShape: Shape<Api.Reader> = fields<Api.Reader>({ principal: principalShape, reads: integer })
const activityShape: Shape<Api.Activity> = fields<Api.Activity>({
  by: oneOf('minute', 'hour', 'day', 'week'),
  from: text,
  to: text,
  complete: bool,
  records: integer,
  steps: list(stepCountShape),
  readers: list(readerShape),
})
const addressUseShape: Shape<Api.AddressUse> = fields<Api.AddressUse>({
  address: text,
  requests: integer,
  last_at: text,
})
const makerShape: Shape<Api.Maker> = fields<Api.Maker>({ kind: text, id: integer, name: text })
const apiKeyShape: Shape<Api.ApiKey> = fields<Api.ApiKey>({
  id: integer,
  name: text,
  scopes: list(text),
  networks: list(text),
  created_at: text,
  expires_at: orNull(text),
  revoked_at: orNull(text),
  last_used_at: orNull(text),
  last_used_api: orNull(oneOf('v3', 'lists', 'vault')),
  created_by: orNull(makerShape),
})
const archivedShape: Shape<Api.Archived> = fields<Api.Archived>({
  first: integer,
  last: integer,
  from: text,
  to: text,
  code: oneOf('not_configured', 'missing', 'altered', 'unavailable'),
  detail: text,
})
const auditObjectShape: Shape<Api.AuditObject> = fields<Api.AuditObject>({
  kind: text,
  id: orNull(integer),
  uid: orNull(text),
  name: orNull(text),
  version: orNull(integer),
  hash: orNull(text),
})
const environmentRefShape: Shape<Api.EnvironmentRef> = fields<Api.EnvironmentRef>({ id: integer, name: orNull(text) })
const auditRecordShape: Shape<Api.AuditRecord> = fields<Api.AuditRecord>({
  seq: integer,
  time: text,
  principal: principalShape,
  action: text,
  object: orNull(auditObjectShape),
  environment: optional(environmentRefShape),
  outcome: text,
  request_id: text,
  address: text,
  head: text,
})
const awayShape: Shape<Api.Away> = fields<Api.Away>({ url: text })
const begunLoginShape: Shape<Api.BegunLogin> = fields<Api.BegunLogin>({
  device_code: text,
  user_code: text,
  verification_uri: text,
  verification_uri_complete: text,
  expires_in: integer,
  interval: integer,
})
const listRefShape: Shape<Api.ListRef> = fields<Api.ListRef>({ id: integer, name: text })
const decoyShape: Shape<Api.Decoy> = fields<Api.Decoy>({ revoke: bool })
const changedMetadataShape: Shape<Api.ChangedMetadata> = fields<Api.ChangedMetadata>({
  id: integer,
  name: text,
  type: optional(text),
  filename: optional(orNull(text)),
  list: optional(orNull(listRefShape)),
  version: optional(integer),
  description: optional(text),
  tags: optional(list(text)),
  expires_at: optional(orNull(text)),
  created_at: optional(text),
  updated_at: text,
  environment: optional(orNull(text)),
  inherited: optional(bool),
  decoy: optional(orNull(decoyShape)),
})
const heldInEnvironmentShape: Shape<Api.HeldInEnvironment> = fields<Api.HeldInEnvironment>({
  environment: text,
  id: integer,
  version: integer,
  updated_at: text,
  group: orNull(integer),
})
const comparedNameShape: Shape<Api.ComparedName> = fields<Api.ComparedName>({
  name: text,
  state: oneOf('same', 'different', 'missing', 'inherited', 'unknown'),
  inherited: list(text),
  in: list(heldInEnvironmentShape),
})
const copiedSecretShape: Shape<Api.CopiedSecret> = fields<Api.CopiedSecret>({
  name: text,
  state: oneOf('created', 'replaced', 'same', 'refused'),
  id: orNull(integer),
  version: orNull(integer),
  why: orNull(text),
})
const customerKeyShape: Shape<Api.CustomerKey> = fields<Api.CustomerKey>({
  provider: text,
  open: bool,
  closed_at: orNull(text),
  closed_for: orNull(oneOf('away', 'denied', 'wrong')),
  created_at: text,
})
const deletedShape: Shape<Api.Deleted> = fields<Api.Deleted>({
  id: integer,
  kind: oneOf('secret', 'list', 'environment'),
  thing: integer,
  name: text,
  environment: orNull(text),
  deleted_at: text,
  deleted_by: principalShape,
  restorable_until: text,
})
const deletedSecretShape: Shape<Api.DeletedSecret> = fields<Api.DeletedSecret>({
  id: integer,
  name: text,
  deletion: optional(integer),
})
const deliveryShape: Shape<Api.Delivery> = fields<Api.Delivery>({
  id: integer,
  action: text,
  state: oneOf('waiting', 'delivered', 'failed'),
  attempts: integer,
  created_at: text,
  attempted_at: orNull(text),
  next_attempt_at: orNull(text),
  status: orNull(integer),
  fault: orNull(text),
  took_ms: orNull(integer),
})
const heldSecretShape: Shape<Api.HeldSecret> = fields<Api.HeldSecret>({
  id: integer,
  name: text,
  version: integer,
  current_version: orNull(integer),
})
const deploymentShape: Shape<Api.Deployment> = fields<Api.Deployment>({
  id: integer,
  target: text,
  secrets: list(heldSecretShape),
  stale: bool,
  created_at: text,
  principal: optional(principalShape),
})
const namedShape: Shape<Api.Named> = fields<Api.Named>({ id: integer, name: text })
const madeThingsShape: Shape<Api.MadeThings> = fields<Api.MadeThings>({
  keys: list(namedShape),
  trust_rules: list(namedShape),
  machines: list(namedShape),
  webhooks: list(namedShape),
})
const endedShape: Shape<Api.Ended> = fields<Api.Ended>({ message: text, ended: optional(madeThingsShape) })
const enrolmentShape: Shape<Api.Enrolment> = fields<Api.Enrolment>({ enrolment: text, secret: text, uri: text })
const environmentShape: Shape<Api.Environment> = fields<Api.Environment>({
  id: integer,
  name: text,
  base: orNull(text),
  secrets: integer,
  created_at: text,
})
const passkeyShape: Shape<Api.Passkey> = fields<Api.Passkey>({
  id: integer,
  name: text,
  created_at: text,
  last_used_at: orNull(text),
})
const factorsShape: Shape<Api.Factors> = fields<Api.Factors>({
  passkeys: list(passkeyShape),
  authenticator: orNull(
    fields<{ readonly id: number; readonly created_at: string; readonly last_used_at: string | null }>({
      id: integer,
      created_at: text,
      last_used_at: orNull(text),
    }),
  ),
  recovery_codes_left: integer,
  sso: list(
    fields<{ readonly issuer: string; readonly created_at: string; readonly last_used_at: string | null }>({
      issuer: text,
      created_at: text,
      last_used_at: orNull(text),
    }),
  ),
})
const failedSecretShape: Shape<Api.FailedSecret> = fields<Api.FailedSecret>({ id: integer, code: text, detail: text })
const fingerprintShape: Shape<Api.Fingerprint> = fields<Api.Fingerprint>({
  id: integer,
  name: text,
  version: integer,
  form: text,
  length: integer,
  offset: integer,
  filter: integer,
  mac: text,
})
const unscannableShape: Shape<Api.Unscannable> = fields<Api.Unscannable>({
  id: integer,
  name: text,
  version: integer,
  reason: text,
})
const fingerprintsShape: Shape<Api.Fingerprints> = fields<Api.Fingerprints>({
  base: integer,
  mix: integer,
  mac_key: text,
  fingerprints: list(fingerprintShape),
  unscannable: list(unscannableShape),
})
const folderShape: Shape<Api.Folder> = fields<Api.Folder>({ name: text })
const grantedLoginShape: Shape<Api.GrantedLogin> = fields<Api.GrantedLogin>({
  state: oneOf('granted'),
  api_key: text,
  key_id: integer,
  name: text,
  scopes: list(text),
  networks: list(text),
  expires_at: text,
  person: text,
})
const invitationShape: Shape<Api.Invitation> = fields<Api.Invitation>({
  kind: oneOf('setup', 'invitation', 'reset'),
  account: text,
  email: orNull(text),
  name: orNull(text),
  role: oneOf('owner', 'admin', 'editor', 'reader', 'auditor'),
})
const roleShape: Shape<Api.Role> = oneOf('owner', 'admin', 'editor', 'reader', 'auditor')
const invitedUserShape: Shape<Api.InvitedUser> = fields<Api.InvitedUser>({
  id: integer,
  name: text,
  email: orNull(text),
  role: roleShape,
  name_patterns: orNull(list(text)),
  environment_roles: optional(record(oneOf('admin', 'editor', 'reader', 'auditor'))),
  state: oneOf('active', 'invited', 'disabled'),
  second_factor: bool,
  created_at: text,
  last_sign_in_at: orNull(text),
  invitation_url: text,
  invitation_expires_at: text,
})
const issuedApiKeyShape: Shape<Api.IssuedApiKey> = fields<Api.IssuedApiKey>({
  id: integer,
  name: text,
  scopes: list(text),
  networks: list(text),
  created_at: text,
  expires_at: orNull(text),
  revoked_at: orNull(text),
  last_used_at: orNull(text),
  last_used_api: orNull(oneOf('v3', 'lists', 'vault')),
  created_by: orNull(makerShape),
  api_key: text,
})
const issuedSeedShape: Shape<Api.IssuedSeed> = fields<Api.IssuedSeed>({
  id: integer,
  url: text,
  target: text,
  expires_at: text,
})
const webhookEnvironmentShape: Shape<Api.WebhookEnvironment> = fields<Api.WebhookEnvironment>({
  id: integer,
  name: orNull(text),
})
const webhookWarningShape: Shape<Api.WebhookWarning> = fields<Api.WebhookWarning>({ fault: text, detail: text })
const issuedWebhookShape: Shape<Api.IssuedWebhook> = fields<Api.IssuedWebhook>({
  id: integer,
  url: text,
  actions: list(text),
  name: orNull(text),
  environment: orNull(webhookEnvironmentShape),
  enabled: bool,
  disabled_for: orNull(text),
  disabled_at: orNull(text),
  previous_secret_until: orNull(text),
  created_at: text,
  updated_at: text,
  created_by: orNull(makerShape),
  warning: optional(webhookWarningShape),
  secret: text,
})
const jobKeyShape: Shape<Api.JobKey> = fields<Api.JobKey>({
  api_key: text,
  key_id: integer,
  rule: text,
  scopes: list(text),
  expires_at: text,
  expires_in: integer,
})
const keySetShape: Shape<Api.KeySet> = fields<Api.KeySet>({ keys: list(record(anything)) })
const usedKeyShape: Shape<Api.UsedKey> = fields<Api.UsedKey>({ id: integer, name: text })
const scopeUseShape: Shape<Api.ScopeUse> = fields<Api.ScopeUse>({
  scope: text,
  requests: integer,
  last_at: orNull(text),
})
const useShape: Shape<Api.Use> = fields<Api.Use>({
  right: text,
  name: orNull(text),
  environment: orNull(text),
  requests: integer,
  last_at: text,
})
const suggestedScopesShape: Shape<Api.SuggestedScopes> = fields<Api.SuggestedScopes>({
  scopes: list(text),
  networks: list(text),
})
const keyUsageShape: Shape<Api.KeyUsage> = fields<Api.KeyUsage>({
  key: usedKeyShape,
  from: text,
  complete: bool,
  requests: integer,
  scopes: list(scopeUseShape),
  used: list(useShape),
  addresses: list(addressUseShape),
  suggested: orNull(suggestedScopesShape),
})
const listShape: Shape<Api.List> = fields<Api.List>({ id: integer, name: text, created_at: text, updated_at: text })
const listCountShape: Shape<Api.ListCount> = fields<Api.ListCount>({ id: integer, name: text, secrets: integer })
const loginShape: Shape<Api.Login> = fields<Api.Login>({
  host: text,
  address: text,
  same_network: bool,
  state: oneOf('pending', 'approved'),
  scopes: list(text),
  networks: list(text),
  wants_network: bool,
  key_expires_in: integer,
  created_at: text,
  expires_at: text,
})
const loginProgressShape: Shape<Api.LoginProgress> = fields<Api.LoginProgress>({
  state: oneOf('pending', 'slow_down', 'refused', 'expired', 'used'),
  interval: integer,
})
const lostTemplateShape: Shape<Api.LostTemplate> = fields<Api.LostTemplate>({
  id: integer,
  name: text,
  environments: list(text),
})
const machineShape: Shape<Api.Machine> = fields<Api.Machine>({
  id: integer,
  name: text,
  addresses: list(text),
  scopes: list(text),
  created_at: text,
  created_by: orNull(makerShape),
})
const messageShape: Shape<Api.Message> = fields<Api.Message>({ message: text })
const metadataShape: Shape<Api.Metadata> = fields<Api.Metadata>({
  id: integer,
  name: text,
  type: text,
  filename: orNull(text),
  list: orNull(listRefShape),
  version: integer,
  description: text,
  tags: list(text),
  expires_at: orNull(text),
  created_at: text,
  updated_at: text,
  environment: optional(orNull(text)),
  inherited: optional(bool),
  decoy: optional(orNull(decoyShape)),
})
const missedUseShape: Shape<Api.MissedUse> = fields<Api.MissedUse>({
  principal: principalShape,
  action: text,
  name: orNull(text),
  environment: orNull(text),
  requests: integer,
  last_at: text,
})
const movedIntoShape: Shape<Api.MovedInto> = fields<Api.MovedInto>({ id: integer, name: optional(text) })
const movedShape: Shape<Api.Moved> = fields<Api.Moved>({ id: integer, name: text, list: movedIntoShape })
const namedSecretShape: Shape<Api.NamedSecret> = fields<Api.NamedSecret>({ id: integer, name: text })
const oneTimeLinkShape: Shape<Api.OneTimeLink> = fields<Api.OneTimeLink>({
  invitation_url: text,
  invitation_expires_at: text,
})
const openSessionShape: Shape<Api.OpenSession> = fields<Api.OpenSession>({
  id: integer,
  created_at: text,
  last_used_at: text,
  expires_at: text,
  address: text,
  user_agent: text,
  current: bool,
})
const recoveryCodesShape: Shape<Api.RecoveryCodes> = fields<Api.RecoveryCodes>({ recovery_codes: orNull(list(text)) })
const renamedListShape: Shape<Api.RenamedList> = fields<Api.RenamedList>({
  id: integer,
  name: text,
  created_at: optional(text),
  updated_at: text,
})
const renderedShape: Shape<Api.Rendered> = fields<Api.Rendered>({
  rendered: optional(text),
  script_content: optional(text),
})
const restoredShape: Shape<Api.Restored> = fields<Api.Restored>({
  kind: oneOf('secret', 'list', 'environment'),
  id: integer,
  name: text,
  environment: orNull(text),
})
const rollbackItemShape: Shape<Api.RollbackItem> = fields<Api.RollbackItem>({
  state: text,
  id: integer,
  name: text,
  version: orNull(integer),
  was: orNull(integer),
  detail: orNull(text),
})
const rollbackShape: Shape<Api.Rollback> = fields<Api.Rollback>({
  environment: text,
  dry_run: bool,
  items: list(rollbackItemShape),
})
const secretShape: Shape<Api.Secret> = fields<Api.Secret>({
  id: integer,
  name: text,
  value: text,
  created_at: text,
  updated_at: text,
})
const secretHeadShape: Shape<Api.SecretHead> = fields<Api.SecretHead>({
  id: integer,
  name: text,
  created_at: text,
  updated_at: text,
})
const secretOfManyShape: Shape<Api.SecretOfMany> = fields<Api.SecretOfMany>({
  id: integer,
  name: text,
  value: text,
  created_at: text,
  updated_at: text,
  version: integer,
  type: text,
  encoding: text,
})
const seedShape: Shape<Api.Seed> = fields<Api.Seed>({
  id: integer,
  target: text,
  state: oneOf('open', 'used', 'expired'),
  max_fetches: integer,
  fetches: fields<{
    readonly user_data: number
    readonly meta_data: number
    readonly vendor_data: number
    readonly network_config: number
  }>({ user_data: integer, meta_data: integer, vendor_data: integer, network_config: integer }),
  created_at: text,
  expires_at: text,
  used_at: orNull(text),
  refetched_at: orNull(text),
})
const sessionShape: Shape<Api.Session> = fields<Api.Session>({
  user: fields<{
    readonly id: number
    readonly name: string
    readonly email: string
    readonly role: 'owner' | 'admin' | 'editor' | 'reader' | 'auditor'
  }>({ id: integer, name: text, email: text, role: oneOf('owner', 'admin', 'editor', 'reader', 'auditor') }),
  account: fields<{ readonly id: number; readonly name: string }>({ id: integer, name: text }),
  scopes: list(text),
  name_patterns: orNull(list(text)),
  created_at: text,
  expires_at: text,
  idle_expires_at: text,
  confirmed_until: text,
  enrolment_required: bool,
  confirm_with: list(oneOf('password', 'passkey', 'sso')),
})
const settingsShape: Shape<Api.Settings> = fields<Api.Settings>({
  vm_auth: bool,
  networks: list(text),
  machine_networks: list(text),
  recovery_days: integer,
})
const signInRulesShape: Shape<Api.SignInRules> = fields<Api.SignInRules>({ second_factor_required: bool })
const ssoShape: Shape<Api.Sso> = fields<Api.Sso>({
  label: text,
  issuer: text,
  client_id: text,
  domains: list(text),
  role: orNull(oneOf('editor', 'reader', 'auditor')),
  only: bool,
  redirect_uri: text,
  sign_in_url: text,
})
const ssoProviderShape: Shape<Api.SsoProvider> = fields<Api.SsoProvider>({ account: text, label: text })
const staleTargetShape: Shape<Api.StaleTarget> = fields<Api.StaleTarget>({
  id: integer,
  target: text,
  environment: text,
  version: integer,
})
const storedSecretShape: Shape<Api.StoredSecret> = fields<Api.StoredSecret>({
  id: orNull(integer),
  name: text,
  version: integer,
  state: text,
  stale_deployments: integer,
})
const summaryShape: Shape<Api.Summary> = fields<Api.Summary>({
  secrets: integer,
  files: integer,
  expiring: integer,
  unchanged: integer,
  held_old: integer,
  lists: list(listCountShape),
  tags: list(text),
})
const triedShape: Shape<Api.Tried> = fields<Api.Tried>({
  from: text,
  complete: bool,
  requests: integer,
  refused_requests: integer,
  refused: list(missedUseShape),
  stale_targets: list(staleTargetShape),
  unresolved_templates: list(lostTemplateShape),
})
const trustRuleShape: Shape<Api.TrustRule> = fields<Api.TrustRule>({
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
  jwks: orNull(keySetShape),
  created_at: text,
  updated_at: text,
  created_by: orNull(makerShape),
})
const unresolvedReferenceShape: Shape<Api.UnresolvedReference> = fields<Api.UnresolvedReference>({
  field: text,
  detail: text,
  name: optional(text),
  line: optional(integer),
  column: optional(integer),
  part: optional(integer),
})
const unresolvedSecretShape: Shape<Api.UnresolvedSecret> = fields<Api.UnresolvedSecret>({
  id: integer,
  name: text,
  code: text,
  detail: text,
  errors: list(unresolvedReferenceShape),
})
const updatedSecretShape: Shape<Api.UpdatedSecret> = fields<Api.UpdatedSecret>({
  id: integer,
  name: text,
  updated_at: text,
})
const userShape: Shape<Api.User> = fields<Api.User>({
  id: integer,
  name: text,
  email: orNull(text),
  role: roleShape,
  name_patterns: orNull(list(text)),
  environment_roles: optional(record(oneOf('admin', 'editor', 'reader', 'auditor'))),
  state: oneOf('active', 'invited', 'disabled'),
  second_factor: bool,
  created_at: text,
  last_sign_in_at: orNull(text),
})
const verifiedShape: Shape<Api.Verified> = fields<Api.Verified>({
  records: integer,
  total: integer,
  head: text,
  fault: orNull(fields<{ readonly seq: number; readonly reason: string }>({ seq: integer, reason: text })),
  archived: integer,
})
const versionShape: Shape<Api.Version> = fields<Api.Version>({
  id: integer,
  name: text,
  version: integer,
  value: text,
  created_at: text,
})
const versionHeadShape: Shape<Api.VersionHead> = fields<Api.VersionHead>({
  version: integer,
  created_at: text,
  destroyed_at: optional(text),
})
const webhookShape: Shape<Api.Webhook> = fields<Api.Webhook>({
  id: integer,
  url: text,
  actions: list(text),
  name: orNull(text),
  environment: orNull(webhookEnvironmentShape),
  enabled: bool,
  disabled_for: orNull(text),
  disabled_at: orNull(text),
  previous_secret_until: orNull(text),
  created_at: text,
  updated_at: text,
  created_by: orNull(makerShape),
  warning: optional(webhookWarningShape),
})

export const operations: { readonly [O in Operation]: Rule<AnswerOf<O>> } = {
  'GET /v3/secrets': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly secrets: readonly Api.SecretHead[] }>({ secrets: list(secretHeadShape) }),
  },
  'GET /v3/secrets/{id}': { repeat: 'safe', isOpen: false, answer: secretShape },
  'POST /v3/secrets': { repeat: 'keyed', isOpen: false, answer: secretHeadShape },
  'PUT /v3/secrets/{id}': { repeat: 'keyed', isOpen: false, answer: updatedSecretShape },
  'DELETE /v3/secrets/{id}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'GET /v3/secrets/by-name/{name}': { names: ['name'], repeat: 'safe', isOpen: false, answer: secretShape },
  'PUT /v3/secrets/by-name/{name}': {
    names: ['name'],
    repeat: 'keyed',
    isOpen: false,
    answer: either(updatedSecretShape, secretHeadShape),
  },
  'GET /v3/folders': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly folders: readonly Api.Folder[] }>({ folders: list(folderShape) }),
  },
  'POST /v3/secrets/batch': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{
      readonly secrets: readonly Api.SecretOfMany[]
      readonly missing: readonly (string | number)[]
      readonly unresolved: readonly Api.UnresolvedSecret[]
    }>({
      secrets: list(secretOfManyShape),
      missing: list(either(text, integer)),
      unresolved: list(unresolvedSecretShape),
    }),
  },
  'POST /v3/secrets/batch/create': {
    repeat: 'keyed',
    isOpen: false,
    answer: fields<{ readonly secrets: readonly Api.SecretHead[] }>({ secrets: list(secretHeadShape) }),
  },
  'POST /v3/secrets/batch/store': {
    repeat: 'keyed',
    isOpen: false,
    answer: fields<{ readonly secrets: readonly Api.StoredSecret[] }>({ secrets: list(storedSecretShape) }),
  },
  'POST /v3/secrets/batch/change': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly changed: readonly Api.NamedSecret[]; readonly failed: readonly Api.FailedSecret[] }>({
      changed: list(namedSecretShape),
      failed: list(failedSecretShape),
    }),
  },
  'POST /v3/secrets/batch/delete': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly deleted: readonly Api.DeletedSecret[]; readonly failed: readonly Api.FailedSecret[] }>({
      deleted: list(deletedSecretShape),
      failed: list(failedSecretShape),
    }),
  },
  'GET /v3/secrets/{id}/versions': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly versions: readonly Api.VersionHead[] }>({ versions: list(versionHeadShape) }),
  },
  'GET /v3/secrets/{id}/versions/{version}': { repeat: 'safe', isOpen: false, answer: versionShape },
  'POST /v3/secrets/{id}/versions/{version}/restore': { repeat: 'keyed', isOpen: false, answer: updatedSecretShape },
  'DELETE /v3/secrets/{id}/versions/{version}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'GET /v3/secrets/{id}/access': { repeat: 'safe', isOpen: false, answer: accessShape },
  'GET /v3/metadata': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly secrets: readonly Api.Metadata[] }>({ secrets: list(metadataShape) }),
  },
  'GET /v3/metadata/summary': { repeat: 'safe', isOpen: false, answer: summaryShape },
  'GET /v3/secrets/{id}/metadata': { repeat: 'safe', isOpen: false, answer: metadataShape },
  'PATCH /v3/secrets/{id}/metadata': { repeat: 'safe', isOpen: false, answer: changedMetadataShape },
  'PUT /v3/secrets/{id}/name': { repeat: 'keyed', isOpen: false, answer: updatedSecretShape },
  'GET /v3/lists': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly lists: readonly Api.List[] }>({ lists: list(listShape) }),
  },
  'GET /v3/lists/{id}': { repeat: 'safe', isOpen: false, answer: listShape },
  'POST /v3/lists': { repeat: 'keyed', isOpen: false, answer: listShape },
  'PUT /v3/lists/{id}': { repeat: 'safe', isOpen: false, answer: renamedListShape },
  'DELETE /v3/lists/{id}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'GET /v3/lists/{id}/secrets': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly secrets: readonly Api.SecretHead[] }>({ secrets: list(secretHeadShape) }),
  },
  'PUT /v3/lists/{id}/secrets/{secret}': { repeat: 'safe', isOpen: false, answer: movedShape },
  'GET /v3/environments': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly environments: readonly Api.Environment[] }>({ environments: list(environmentShape) }),
  },
  'GET /v3/environments/{id}': { repeat: 'safe', isOpen: false, answer: environmentShape },
  'POST /v3/environments': { repeat: 'keyed', isOpen: false, answer: environmentShape },
  'PATCH /v3/environments/{id}': { repeat: 'safe', isOpen: false, answer: environmentShape },
  'DELETE /v3/environments/{id}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'GET /v3/compare': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly environments: readonly string[]; readonly secrets: readonly Api.ComparedName[] }>({
      environments: list(text),
      secrets: list(comparedNameShape),
    }),
  },
  'POST /v3/copy': {
    repeat: 'keyed',
    isOpen: false,
    answer: fields<{ readonly dry_run: boolean; readonly secrets: readonly Api.CopiedSecret[] }>({
      dry_run: bool,
      secrets: list(copiedSecretShape),
    }),
  },
  'GET /v3/deleted': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly deleted: readonly Api.Deleted[] }>({ deleted: list(deletedShape) }),
  },
  'POST /v3/deleted/{id}/restore': { repeat: 'safe', isOpen: false, answer: restoredShape },
  'DELETE /v3/deleted/{id}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'POST /v3/rollback': { repeat: 'safe', isOpen: false, answer: rollbackShape },
  'POST /v3/render': { repeat: 'safe', isOpen: false, answer: renderedShape },
  'POST /v3/seeds': { repeat: 'keyed', isOpen: false, answer: issuedSeedShape },
  'GET /v3/seeds': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly seeds: readonly Api.Seed[] }>({ seeds: list(seedShape) }),
  },
  'GET /v3/seeds/{id}': { repeat: 'safe', isOpen: false, answer: seedShape },
  'DELETE /v3/seeds/{id}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'GET /v3/deployments': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly deployments: readonly Api.Deployment[] }>({ deployments: list(deploymentShape) }),
  },
  'GET /v3/secrets/{id}/deployments': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly deployments: readonly Api.Deployment[] }>({ deployments: list(deploymentShape) }),
  },
  'DELETE /v3/deployments/{id}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'POST /v3/fingerprints': { repeat: 'safe', isOpen: false, answer: fingerprintsShape },
  'GET /v3/keys': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly keys: readonly Api.ApiKey[] }>({ keys: list(apiKeyShape) }),
  },
  'GET /v3/keys/self': { repeat: 'safe', isOpen: false, answer: apiKeyShape },
  'GET /v3/keys/{id}': { repeat: 'safe', isOpen: false, answer: apiKeyShape },
  'GET /v3/keys/{id}/made': { repeat: 'safe', isOpen: false, answer: madeThingsShape },
  'POST /v3/keys': { repeat: 'keyed', isOpen: false, answer: issuedApiKeyShape },
  'POST /v3/keys/{id}/rotate': { repeat: 'keyed', isOpen: false, answer: issuedApiKeyShape },
  'DELETE /v3/keys/self': { repeat: 'safe', isOpen: false, answer: endedShape },
  'DELETE /v3/keys/{id}': { repeat: 'safe', isOpen: false, answer: endedShape },
  'GET /v3/machines': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly machines: readonly Api.Machine[] }>({ machines: list(machineShape) }),
  },
  'GET /v3/machines/{id}': { repeat: 'safe', isOpen: false, answer: machineShape },
  'POST /v3/machines': { repeat: 'keyed', isOpen: false, answer: machineShape },
  'DELETE /v3/machines/{id}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'GET /v3/settings': { repeat: 'safe', isOpen: false, answer: settingsShape },
  'PUT /v3/settings': { repeat: 'safe', isOpen: false, answer: settingsShape },
  'GET /v3/account': { repeat: 'safe', isOpen: false, answer: accountInfoShape },
  'POST /v3/account/rotate-key': { repeat: 'safe', isOpen: false, answer: accountKeyShape },
  'GET /v3/account/customer-key': { repeat: 'safe', isOpen: false, answer: customerKeyShape },
  'PUT /v3/account/customer-key': { repeat: 'safe', isOpen: false, answer: customerKeyShape },
  'DELETE /v3/account/customer-key': { repeat: 'safe', isOpen: false, answer: messageShape },
  'GET /v3/users': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly users: readonly Api.User[] }>({ users: list(userShape) }),
  },
  'POST /v3/users': { repeat: 'keyed', isOpen: false, answer: invitedUserShape },
  'GET /v3/users/{id}': { repeat: 'safe', isOpen: false, answer: userShape },
  'GET /v3/users/{id}/made': { repeat: 'safe', isOpen: false, answer: madeThingsShape },
  'PATCH /v3/users/{id}': { repeat: 'safe', isOpen: false, answer: userShape },
  'POST /v3/users/{id}/reset': { repeat: 'keyed', isOpen: false, answer: oneTimeLinkShape },
  'DELETE /v3/users/{id}/factors': { repeat: 'safe', isOpen: false, answer: messageShape },
  'DELETE /v3/users/{id}': { repeat: 'safe', isOpen: false, answer: endedShape },
  'GET /v3/session': { repeat: 'safe', isOpen: false, answer: sessionShape },
  'DELETE /v3/session': { repeat: 'safe', isOpen: false, answer: messageShape },
  'POST /v3/session/confirm': { repeat: 'safe', isOpen: false, answer: sessionShape },
  'PUT /v3/session/password': { repeat: 'safe', isOpen: false, answer: messageShape },
  'GET /v3/sessions': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly sessions: readonly Api.OpenSession[] }>({ sessions: list(openSessionShape) }),
  },
  'DELETE /v3/sessions/{id}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'POST /v3/session': { repeat: 'never', isOpen: false, answer: sessionShape },
  'POST /v3/session/passkey': { repeat: 'never', isOpen: false, answer: sessionShape },
  'POST /v3/invitations/check': { repeat: 'safe', isOpen: false, answer: invitationShape },
  'POST /v3/invitations/accept': { repeat: 'never', isOpen: false, answer: either(messageShape, sessionShape) },
  'POST /v3/logins': { repeat: 'never', isOpen: true, answer: begunLoginShape },
  'POST /v3/logins/poll': { repeat: 'never', isOpen: true, answer: either(loginProgressShape, grantedLoginShape) },
  'POST /v3/logins/cancel': { repeat: 'safe', isOpen: true, answer: messageShape },
  'POST /v3/logins/show': { repeat: 'safe', isOpen: false, answer: loginShape },
  'POST /v3/logins/confirm': { repeat: 'safe', isOpen: false, answer: loginShape },
  'POST /v3/logins/refuse': { repeat: 'safe', isOpen: false, answer: messageShape },
  'POST /v3/session/passkey/challenge': { repeat: 'safe', isOpen: false, answer: record(anything) },
  'GET /v3/session/factors': { repeat: 'safe', isOpen: false, answer: factorsShape },
  'POST /v3/session/totp': { repeat: 'safe', isOpen: false, answer: enrolmentShape },
  'PUT /v3/session/totp': { repeat: 'safe', isOpen: false, answer: recoveryCodesShape },
  'POST /v3/session/passkeys/challenge': { repeat: 'safe', isOpen: false, answer: record(anything) },
  'POST /v3/session/passkeys': {
    repeat: 'keyed',
    isOpen: false,
    answer: fields<{ readonly id: number; readonly recovery_codes: readonly string[] | null }>({
      id: integer,
      recovery_codes: orNull(list(text)),
    }),
  },
  'POST /v3/session/recovery-codes': { repeat: 'keyed', isOpen: false, answer: recoveryCodesShape },
  'PATCH /v3/session/factors/{id}': { repeat: 'safe', isOpen: false, answer: passkeyShape },
  'DELETE /v3/session/factors/{id}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'GET /v3/session/sso': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly provider: Api.SsoProvider | null; readonly account_required: boolean }>({
      provider: orNull(ssoProviderShape),
      account_required: bool,
    }),
  },
  'POST /v3/session/sso': { repeat: 'never', isOpen: false, answer: awayShape },
  'POST /v3/session/sso/link': { repeat: 'never', isOpen: false, answer: awayShape },
  'GET /v3/sso': { repeat: 'safe', isOpen: false, answer: ssoShape },
  'PUT /v3/sso': { repeat: 'safe', isOpen: false, answer: ssoShape },
  'DELETE /v3/sso': { repeat: 'safe', isOpen: false, answer: messageShape },
  'GET /v3/sign-in': { repeat: 'safe', isOpen: false, answer: signInRulesShape },
  'PUT /v3/sign-in': { repeat: 'safe', isOpen: false, answer: signInRulesShape },
  'GET /v3/trust-rules': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly trust_rules: readonly Api.TrustRule[] }>({ trust_rules: list(trustRuleShape) }),
  },
  'POST /v3/trust-rules': { repeat: 'keyed', isOpen: false, answer: trustRuleShape },
  'GET /v3/trust-rules/{id}': { repeat: 'safe', isOpen: false, answer: trustRuleShape },
  'PATCH /v3/trust-rules/{id}': { repeat: 'safe', isOpen: false, answer: trustRuleShape },
  'DELETE /v3/trust-rules/{id}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'POST /v3/auth/oidc': { repeat: 'never', isOpen: true, answer: jobKeyShape },
  'GET /v3/audit': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly records: readonly Api.AuditRecord[]; readonly archived?: Api.Archived }>({
      records: list(auditRecordShape),
      archived: optional(archivedShape),
    }),
  },
  'GET /v3/audit/activity': { repeat: 'safe', isOpen: false, answer: activityShape },
  'POST /v3/audit/verify': { repeat: 'safe', isOpen: false, answer: verifiedShape },
  'GET /v3/keys/{id}/usage': { repeat: 'safe', isOpen: false, answer: keyUsageShape },
  'POST /v3/what-if': { repeat: 'safe', isOpen: false, answer: triedShape },
  'GET /v3/webhooks': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly webhooks: readonly Api.Webhook[] }>({ webhooks: list(webhookShape) }),
  },
  'POST /v3/webhooks': { repeat: 'keyed', isOpen: false, answer: issuedWebhookShape },
  'GET /v3/webhooks/{id}': { repeat: 'safe', isOpen: false, answer: webhookShape },
  'PATCH /v3/webhooks/{id}': { repeat: 'safe', isOpen: false, answer: webhookShape },
  'DELETE /v3/webhooks/{id}': { repeat: 'safe', isOpen: false, answer: messageShape },
  'POST /v3/webhooks/{id}/rotate': { repeat: 'never', isOpen: false, answer: issuedWebhookShape },
  'POST /v3/webhooks/{id}/test': { repeat: 'safe', isOpen: false, answer: deliveryShape },
  'GET /v3/webhooks/{id}/deliveries': {
    repeat: 'safe',
    isOpen: false,
    answer: fields<{ readonly deliveries: readonly Api.Delivery[] }>({ deliveries: list(deliveryShape) }),
  },
  'POST /v3/webhooks/{id}/deliveries/{delivery}/retry': { repeat: 'safe', isOpen: false, answer: deliveryShape },
}
