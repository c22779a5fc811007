/** What stands before an operation, whichever it is, as its definition says: a right, a fresh proof, what it hands on. */
import { allows, allowsName, everywhere } from '../../model/scope.ts'
import type { Asked } from '../caller.ts'
import type { Idempotency } from '../naming.ts'
import type { Definition, Founding, Scope, WithRight } from '../operations/define.ts'
import type { Ended, Outcome, Refused } from '../outcome.ts'
import { hasSome, place } from './environment.ts'
import { exceeding, namingNoEnvironment } from './grants.ts'
import { doOnce } from './once.ts'
import { type Call, doneIn, forbid, refuse, refused, type UnplacedCall, type Work } from './work.ts'

/** For so long after proving who they are, a user may do what is delicate. */
const confirmedMs = 15 * 60 * 1000

/** Decides an operation, unless something stands before it. */
export function carryOut<Kind extends string, Input, Result, Subject>(
  unplaced: UnplacedCall,
  operation: Input,
  definition: Definition<Kind, Input, Result, Subject>,
  idempotency?: Idempotency,
): Outcome<Result> {
  const call = place(unplaced, definition.environment, operation)
  if ('kind' in call) return call
  return doneIn(call, decideIn(call, operation, definition, idempotency))
}

function decideIn<Kind extends string, Input, Result, Subject>(
  call: Call,
  operation: Input,
  definition: Definition<Kind, Input, Result, Subject>,
  idempotency: Idempotency | undefined,
): Outcome<Result> {
  const { scope: asked, delicate, grants } = definition
  const scope = typeof asked === 'function' ? asked(call, operation) : asked
  const isDelicate = typeof delicate === 'boolean' ? delicate : delicate(call, operation)
  const refusal = incomplete(call, scope) ?? unconfirmed(call, isDelicate) ?? withoutRight(call, operation, scope)
  if (refusal !== undefined) return refusal
  const handed = grants === 'nothing' ? [] : grants(call, operation)
  const beyond = exceeding(call, scope.right, handed)
  if (beyond !== undefined) return beyond
  const subject = scope.right === 'none' ? scope.subject(call, operation) : scope.subject(call, operation, scope.right)
  if (isEnded(subject)) return subject
  // Not of what is answered again: its environment may be gone by now.
  const decide = () => namingNoEnvironment(call, handed) ?? definition.decide(call, operation, subject)
  if (definition.once === undefined || idempotency === undefined) return decide()
  const object = scope.right === 'none' ? null : scope.object(call, operation)
  return doOnce(call, definition.once, { ...idempotency, object }, decide)
}

/** Makes an account, for the host alone. */
export function found<Kind extends string, Input, Result>(
  work: Work,
  { caller, ...asked }: Asked,
  operation: Input,
  definition: Founding<Kind, Input, Result>,
): Outcome<Result> {
  if (caller.kind !== 'host') return refused('forbidden', 'Accounts are made on the host.')
  return definition.decide(work, operation, { ...asked, caller })
}

/** Refuses whoever must set up a second factor first: a session without any scope. */
function incomplete<Input, Subject>(call: Call, scope: Scope<Input, Subject>): Refused | undefined {
  if (call.key === undefined || call.key.userId === null || call.key.scopes.length > 0) return undefined
  if (scope.right === 'none' && scope.unfinished) return undefined
  return refuse(call, null, 'enrolment_required', 'Set up a passkey or an authenticator app first.')
}

/** Refuses what needs its user to prove who they are once more. */
function unconfirmed(call: Call, isDelicate: boolean): Refused | undefined {
  if (!isDelicate || call.key === undefined || call.key.userId === null) return undefined
  if ((call.key.confirmedAt ?? 0) + confirmedMs > call.work.world.now) return undefined
  return refuse(call, null, 'confirmation_required', 'Confirm that it is you, then repeat this.')
}

/** Refuses whoever does not have the right that is asked for. */
function withoutRight<Input, Subject>(call: Call, operation: Input, scope: Scope<Input, Subject>): Refused | undefined {
  if (scope.right === 'none' || hasRight(call, operation, scope)) return undefined
  return forbid(call, scope.object(call, operation), scope.right)
}

function hasRight<Input, Subject>(call: Call, operation: Input, { right, over }: WithRight<Input, Subject>): boolean {
  switch (over) {
    case 'all':
      return allows(call.scopes, right, call.isPlaced ? call.environment.name : everywhere)
    case 'some':
      return hasSome(call, right)
    case 'host':
      return call.principal.kind === 'host'
    default:
      return allowsName(call.scopes, right, call.environment.name, over(operation))
  }
}

function isEnded<Subject>(found: Subject | Ended): found is Ended {
  return typeof found === 'object' && found !== null && 'kind' in found
}
