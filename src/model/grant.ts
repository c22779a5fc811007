/** How far somebody reaches, and what they hand on: nothing that acts later reaches further than its maker. */
import { withinNetworks } from './network.ts'
import { allScopes, type Scope, withinScopes } from './scope.ts'

export interface Reach {
  readonly scopes: readonly Scope[]
  /** Where it may be used from; none for anywhere. */
  readonly networks: readonly string[]
  /** Until when, in milliseconds since 1970; `null` for ever. */
  readonly until: number | null
  /** Whether it may do what is an owner's alone: manage owners, and say how users sign in. */
  readonly isOwner: boolean
}

/** Everything in an account: of an owner, and of somebody on the server's host. */
export const wholeReach: Reach = { scopes: allScopes, networks: [], until: null, isOwner: true }

export type Part = 'scopes' | 'networks' | 'until' | 'role'

/** In which part what is made would reach further than its maker, or `undefined` when it does not. */
export function partBeyond(made: Reach, maker: Reach): Part | undefined {
  if (!withinScopes(made.scopes, maker.scopes)) return 'scopes'
  if (!withinNetworks(made.networks, maker.networks)) return 'networks'
  if (maker.until !== null && (made.until === null || made.until > maker.until)) return 'until'
  return made.isOwner && !maker.isOwner ? 'role' : undefined
}
