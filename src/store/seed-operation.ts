/** The operations on deployments and seeds. */
import type { ApiKey } from '../model/api-key.ts'
import type { Deployment, Held } from '../model/deployment.ts'
import type { Scope } from '../model/scope.ts'
import type { Seed, SeedDocument } from '../model/seed.ts'
import type { User } from '../model/user.ts'
import type { Unsealed } from './coverage.ts'

/** A seed without what the transaction gives it. */
export type NewSeed = Omit<Seed, 'id' | 'mac'>

/** What became of a seed, upon the row that was prepared. */
export interface SeedChange {
  readonly rowMac: Uint8Array
  readonly seed: Unsealed<Seed>
}

export type SeedOperation =
  /** A target holds this from now on, and nothing else. */
  | { readonly kind: 'put_deployment'; readonly target: string; readonly held: readonly Held[] }
  /** Authorizes a listing. */
  | { readonly kind: 'list_deployments' }
  | { readonly kind: 'delete_deployment'; readonly id: number }
  /** With the names of the secrets that it refers to. */
  | { readonly kind: 'create_seed'; readonly seed: NewSeed; readonly names: readonly string[] }
  /** Authorizes a listing. */
  | { readonly kind: 'list_seeds' }
  | { readonly kind: 'read_seed'; readonly id: number }
  | { readonly kind: 'delete_seed'; readonly id: number }
  /** Loads the seed whose token was sent; with a document, if that is answered. Recorded when it is refused. */
  | { readonly kind: 'prepare_seed'; readonly document: SeedDocument | undefined }
  | {
      readonly kind: 'fetch_seed'
      readonly document: SeedDocument
      readonly change: SeedChange
      /** What the document hands out; `undefined` when it refers to no secret. */
      readonly held: readonly Held[] | undefined
    }
  /** A document that was fetched is asked for again, the first time in an hour. No value leaves. */
  | { readonly kind: 'refetch_seed'; readonly document: SeedDocument; readonly change: SeedChange }
  /** The answer reached nobody: the fetch does not count. */
  | { readonly kind: 'return_seed'; readonly change: SeedChange }

/** Of whom a listing may show what. */
export interface SeedGrant {
  readonly accountId: number
  readonly maker: Pick<Seed['maker'], 'kind' | 'id'>
  /** Whether the seeds of others are shown too. */
  readonly isWhole: boolean
}

export interface SeedResults {
  put_deployment: Deployment
  list_deployments: { readonly accountId: number; readonly scopes: readonly Scope[] }
  delete_deployment: null
  /** Nothing was made where names are unresolved. */
  create_seed: { readonly seed: Seed } | { readonly unresolved: readonly string[] }
  list_seeds: SeedGrant
  read_seed: Seed
  delete_seed: null
  /** With the row of whoever made it; spent, when the document is answered without what it holds. */
  prepare_seed:
    | {
        readonly seed: Seed
        readonly isSpent: false
        readonly key: ApiKey | undefined
        readonly user: User | undefined
      }
    | { readonly seed: Seed; readonly isSpent: true; readonly isOver: boolean }
  fetch_seed: null
  refetch_seed: null
  return_seed: null
}
