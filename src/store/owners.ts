/**
 * Whose the keys are that were seen: the account, the id and the user of a key never change; and which environments the
 * accounts have, which is held against the rows each time. It says where to look, and nothing
 * of what somebody may: the key itself is read in every batch, and what it says counts.
 */
import type { EnvironmentHead } from '../model/environment.ts'
import type { Locked, Trails } from './trails.ts'

export type { Locked }

/** Where a key belongs. */
export interface Owner {
  readonly accountId: number
  readonly keyId: number
  /** The person as whom it acts, if any. */
  readonly userId: number | null
  /** The environment that all of its scopes are of, by its name. */
  readonly boundTo: string | undefined
  /** Of a seed: the environment that it is of. */
  readonly environmentId: number | undefined
}

const none: readonly EnvironmentHead[] = []

/** More than that are forgotten, and cost one more question each when they come again. */
const maxKnown = 100_000

/** What a node remembers of what it has seen. */
export interface Remembered {
  /** Whose the keys were: with it, what requests name is asked for together with their keys. */
  readonly owners: Owners
  /** What was acknowledged: accounts are held against it. */
  readonly trails: Trails
}

export class Owners {
  readonly #byHash = new Map<string, Owner>()
  readonly #environments = new Map<number, readonly EnvironmentHead[]>()

  /** @param hash the look-up hash of a key */
  of(hash: string): Owner | undefined {
    return this.#byHash.get(hash)
  }

  learn(hash: string, owner: Owner): void {
    if (this.#byHash.size >= maxKnown && !this.#byHash.has(hash)) this.#byHash.clear()
    this.#byHash.set(hash, owner)
  }

  /** The environments of an account that were seen last, beside `default`. */
  environmentsOf(accountId: number): readonly EnvironmentHead[] {
    return this.#environments.get(accountId) ?? none
  }

  learnEnvironments(accountId: number, heads: readonly EnvironmentHead[]): void {
    if (this.#environments.size >= maxKnown) this.#environments.clear()
    if (heads.length === 0) this.#environments.delete(accountId)
    else this.#environments.set(accountId, heads)
  }

  forget(hash: string): void {
    this.#byHash.delete(hash)
  }
}
