/** What is looked up for those who ask in a batch, by what they ask. */
import type { Caller } from './caller.ts'
import { chainOfMeant, type KnownHeads } from './environments.ts'
import { Needs } from './needs.ts'
import type { Request } from './operation.ts'
import { addNeeds, isOnce } from './operations/registry.ts'
import type { Owner } from './owners.ts'

/**
 * What the operations of requests name.
 *
 * @param ownerOf where whoever asks belongs, as far as that is known
 * @param knownOf the environments of an account, as far as they are known
 * @param isEarly whether the environments are asked for too
 */
export function needsOf(
  requests: readonly Request[],
  ownerOf: (caller: Caller) => Owner | undefined,
  knownOf: (accountId: number) => KnownHeads,
  isEarly = false,
): Needs {
  const needs = new Needs()
  for (const { caller, operation, idempotency, environment } of requests) {
    const owner = ownerOf(caller)
    if (owner === undefined) {
      addNeeds(needs, undefined, operation)
      continue
    }
    const heads = knownOf(owner.accountId)
    needs.turnTo(owner.accountId, owner.keyId, chainOfMeant(heads, owner, environment?.name))
    if (isEarly && heads.length > 0) needs.environments()
    addNeeds(needs, owner.accountId, operation)
    if (isOnce(operation.kind)) needs.reply(idempotency)
    if (owner.userId !== null) needs.user(owner.userId)
  }
  return needs
}
