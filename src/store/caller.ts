/** Who asks the store, as the vault knows them. */
import type { ApiName } from '../model/api-key.ts'
import type { Lease } from '../model/lease.ts'
import type { Principal } from '../model/principal.ts'
import type { Idempotency } from './naming.ts'

export type Caller =
  | {
      readonly kind: 'token'
      /** The look-up hash of the API key, hexadecimal. */
      readonly hash: string
    }
  | {
      readonly kind: 'machine'
      /** The address that it asks from, as `addressHex` gives it. */
      readonly address: string
    }
  | {
      readonly kind: 'seed'
      /** The look-up hash of the token. */
      readonly hash: string
    }
  /** A user whom the vault has recognized, who may begin a session and nothing else. */
  | { readonly kind: 'user'; readonly accountId: number; readonly userId: number; readonly name: string }
  /** A job whose token the vault has verified, which may be given a key and nothing else; rule 0 where none fits. */
  | { readonly kind: 'workload'; readonly accountId: number; readonly ruleId: number; readonly name: string }
  /** Whoever runs a command that asks for a key, which is all that it may: nobody knows them yet. */
  | { readonly kind: 'stranger'; readonly accountId: number; readonly host: string }
  /** A command with the device code of its login, by its look-up hash. */
  | { readonly kind: 'login'; readonly hash: string }
  /** With the token of a wrapped answer, by its look-up hash; and with an API key, by that one's, if they have one. */
  | { readonly kind: 'wrapping'; readonly hash: string; readonly by: string | undefined }
  /** Somebody on the server's host, who may do anything in the account. */
  | { readonly kind: 'host'; readonly accountId: number; readonly name: string }
  /** Somebody whom the store did not let in: for the record of that. */
  | { readonly kind: 'shut_out'; readonly accountId: number; readonly principal: Principal }
  /** The server itself, for records of what it found. */
  | { readonly kind: 'system'; readonly accountId: number }

/** What a request says of environments. */
export interface Meant {
  /** The one that it names. */
  readonly name: string | undefined
  /** Whether what is asked for by its id is looked for in the one that is meant alone, and not where it is. */
  readonly isStrict: boolean
}

/** A request, without what it asks for. */
export interface Asked {
  readonly caller: Caller
  readonly requestId: string
  readonly address: string
  /** Through which API; nothing for what is not asked through one. */
  readonly api?: ApiName | undefined
  /** Without it, none is named, and a thing by its id may be wherever it is. */
  readonly environment?: Meant | undefined
  /** Under which it is carried out once. */
  readonly idempotency?: Idempotency | undefined
  /** Under which it is carried out: once that is not held any more it is `outdated`, and nothing happened. */
  readonly lease?: Lease | undefined
}
