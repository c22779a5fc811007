/** What the API takes and gives (`api-types.ts`), and what its listings are asked by and shown as. */
import type { Access, Activity, SecretOfMany, Sso, UnresolvedSecret, UpdatedSecret } from './api-types.ts'

export type * from './api-types.ts'

/** An OpenID provider that an account's people come through. */
export type SsoSettings = Omit<Sso, 'redirect_uri' | 'sign_in_url'>

export type ActivityStep = Activity['by']

export interface SecretFilter {
  /** A name, or a pattern with `*` for any characters. */
  readonly name?: string
  /** A folder such as `web/`: what is directly in it, and not in a folder below it; of what is in none, nothing. */
  readonly folder?: string
  /** The name of a list. */
  readonly list?: string
  readonly tag?: string
  readonly expires_before?: string
  /** Those that have expired before all others. */
  readonly expired?: 'first'
  /** Words, each of which must be in the name, the description or a tag. */
  readonly q?: string
  readonly type?: 'text' | 'file' | 'template'
  readonly updated_before?: string
  /** Those that some target holds, or holds in an older version. */
  readonly held?: 'any' | 'old'
  /** What they are in order by; without it, by id. */
  readonly sort?: 'created' | 'name' | 'updated' | 'expires' | 'list' | 'type'
  readonly order?: 'asc' | 'desc'
  /** With what the environment inherits, by name; without `list`, `held`, `expired` and another `sort`. */
  readonly effective?: 'true'
}

/** Which page, and whether all are counted. */
export interface CountedPageQuery extends PageQuery {
  /** How many are passed over, in place of a cursor: a page from the middle. */
  readonly offset?: number
  readonly count?: 'true'
}

/** A page of secrets, from which one may go on and back. */
export interface CountedPage<Item> extends Page<Item> {
  /** The cursor of the page before, if there is one. */
  readonly previous?: string
  /** How many there are on all pages, if that was asked for. */
  readonly total?: number
}

/** Secrets that were read at once, which of those asked for are not there or may not be seen, and templates that cannot be resolved. */
export interface Many<Ref> {
  readonly secrets: readonly SecretOfMany[]
  readonly missing: readonly Ref[]
  readonly unresolved: readonly UnresolvedSecret[]
}

/** A secret of a name after its value was stored. */
export interface Put extends UpdatedSecret {
  /** Whether it was not there before. */
  readonly created: boolean
}

/** Which part of the audit log says who did, and which page of those who can; without a limit, all of them. */
export interface AccessQuery extends PageQuery {
  readonly from?: string
  readonly to?: string
}

/** With the cursor of the next page of those who can, if there is one. */
export interface AccessPage extends Access {
  readonly next?: string
}

export interface DeploymentFilter {
  readonly target?: string
  /** The id or the name of a secret. */
  readonly secret?: string
  /** The name of a list: those that hold something of it. */
  readonly list?: string
  readonly stale?: 'true'
  readonly include?: 'principal'
}

export type PrincipalKind = 'key' | 'user' | 'machine' | 'seed' | 'workload' | 'login' | 'wrapping' | 'host' | 'system'

export interface AuditFilter {
  /** Times, both inclusive. */
  readonly from?: string
  readonly to?: string
  readonly action?: string
  /** A secret's id or name. */
  readonly secret?: string | number
  /** An API key's id, or the name of whoever acted. */
  readonly principal?: string | number
  /** What kind of principal acted: `user` for people. */
  readonly kind?: PrincipalKind
  readonly outcome?: string
  /** What was asked in this environment, by its name. */
  readonly environment?: string
}

export interface ActivityFilter extends AuditFilter {
  /** The step of time, in UTC; without it, the shortest that gives at most 400. */
  readonly by?: ActivityStep
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
