/** Which requests go together, and which do not wait for one another. */
import type { Lane } from '../batcher.ts'
import type { Caller } from '../caller.ts'
import type { Request } from '../operation.ts'
import { isSharing } from '../operations/registry.ts'
import type { Owners } from '../owners.ts'

/**
 * Batches on their way at once that change nothing but the trail: one is decided while others are being made durable. Of
 * those that change something there is one in a lane, as the next would wait for its locks, and grows meanwhile.
 */
const sharingInFlight = 4
/** Accounts have the same lane on every node: those of one lane wait for one another, those of another do not. */
const changingLanes = 3
/** Connections for accounts that somebody else is at. */
export const apartInFlight = 2
/** Batches on their way at once, but for those apart. */
export const inFlight = sharingInFlight + changingLanes

/** @param owners whose keys were seen: where that is not known yet, it is nobody's, which costs time and nothing else */
export function laneOf({ caller, operation }: Request, owners: Owners): Lane {
  if (isSharing(operation)) return { name: 'sharing', inFlight: sharingInFlight, deciding: 1 }
  return { name: `changing ${accountOf(caller, owners) % changingLanes}`, inFlight: 1, deciding: 1 }
}

/** For an account that somebody else is at. */
export function apartOf({ caller }: Request, owners: Owners): Lane {
  return { name: `account ${accountOf(caller, owners)}`, inFlight: 1, deciding: 1, isApart: true }
}

function accountOf(caller: Caller, owners: Owners): number {
  if ('accountId' in caller) return caller.accountId
  return (caller.kind === 'token' ? owners.of(caller.hash)?.accountId : undefined) ?? 0
}
