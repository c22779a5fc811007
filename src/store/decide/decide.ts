/**
 * Decides a batch: what each operation answers, what is written, and what the audit trail says. Pure: the engines load
 * the rows before (under the accounts' locks) and write the changes after, in one transaction, so that both behave alike.
 */

import { Refusal } from '../../errors.ts'
import type { Changes } from '../changes.ts'
import { Conflicting } from '../conflicting.ts'
import type { Outcome, Request } from '../operation.ts'
import { actionOf, definitionOf, foundingOf, isFounding } from '../operations/registry.ts'
import type { World } from '../world.ts'
import { carryOut, found } from './admit.ts'
import { identify, isCall } from './caller.ts'
import type { Work } from './work.ts'

/**
 * @param world what the engine loaded for these requests; it is brought to the state after the batch
 * @returns one outcome per request, in the order given, and what to write
 * @throws Conflicting for a fault of ours, which is no reason to ask the database again
 */
export function decide(requests: readonly Request[], world: World): { outcomes: Outcome[]; changes: Changes } {
  try {
    const outcomes = requests.map((request) => decideOne({ world }, request))
    return { outcomes, changes: world.changes }
  } catch (error) {
    throw error instanceof Refusal ? error : new Conflicting(error)
  }
}

function decideOne(work: Work, request: Request): Outcome {
  const { operation, lease } = request
  if (lease !== undefined && work.world.lostLeases.has(lease)) return { kind: 'outdated' }
  if (isFounding(operation)) return found(work, request, operation, foundingOf(operation.kind))
  const call = identify(work, request, actionOf(operation))
  return isCall(call) ? carryOut(call, operation, definitionOf(operation.kind), request.idempotency) : call
}
