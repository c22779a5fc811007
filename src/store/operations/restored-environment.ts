/** An environment that was deleted and is kept, put back. */

import { baseFault, defaultEnvironment, type Environment, idNamed, maxEnvironments } from '../../model/environment.ts'
import { managesAccount } from '../../model/scope.ts'
import { type ById, findKept, type RestoredThing, refuseTaken, thingOf } from '../decide/deleted.ts'
import { environmentsOf } from '../decide/environment.ts'
import type { Handed } from '../decide/grants.ts'
import { deletedThing, objectOfDeleted } from '../decide/kept.ts'
import { type Call, put, record, refuse } from '../decide/work.ts'
import type { Outcome } from '../outcome.ts'
import type { StoredDeleted } from '../stored.ts'
import { rowOf, storedDeleted } from '../tables/deleted.ts'
import { environments } from '../tables/environment.ts'
import { handedByBase, handedOver, objectOfEnvironment, scopesUnder } from './environments.ts'

/** @param name its name from now on, if another */
export function restoreEnvironment(
  call: Call,
  found: StoredDeleted,
  name: string | undefined,
): Outcome<{ readonly state: 'restored'; readonly thing: RestoredThing }> {
  const { deleted } = found
  const object = objectOfDeleted(deleted)
  const all = environmentsOf(call)
  const wanted = name ?? deleted.name
  if (idNamed(all, wanted) !== undefined) return refuseTaken(call, object, 'environment')
  if (all.length >= maxEnvironments) {
    return refuse(call, object, 'invalid', `An account has at most ${maxEnvironments} environments. Delete one first.`)
  }
  const was = rowOf(environments, deleted)
  const baseId = baseOf(call, was)
  if (baseId === undefined) {
    const message = 'Its base is deleted, too. Restore that first.'
    return refuse(call, object, 'place_gone', message)
  }
  const fault = baseFault([...all, { id: was.id, baseId }])
  if (fault !== undefined) return refuse(call, object, 'place_gone', 'Its base inherits from too many by now.')
  const back = put(call.work, environments, { ...was, name: wanted, baseId })
  call.work.world.remove(storedDeleted, found)
  record(call, objectOfEnvironment(back), 'ok')
  return { kind: 'done', result: { state: 'restored', thing: thingOf(call, deleted, wanted) } }
}

/** Its base, or none where that can never be there again; nothing while that can. */
function baseOf(call: Call, { baseId }: Pick<Environment, 'baseId'>): number | null | undefined {
  if (baseId === null || baseId === defaultEnvironment.id) return baseId
  if (environmentsOf(call).some(({ id }) => id === baseId)) return baseId
  return deletedThing(call, 'environment', baseId) === undefined ? null : undefined
}

/** What its base has can be read in it again; and under another name, what is in it can be come by under that. */
export function handedByRestoring(
  call: Call,
  { id, name }: ById & { readonly name: string | undefined },
): readonly Handed[] {
  const found = findKept(call, id)?.deleted
  if (found?.kind !== 'environment' || !managesAccount(call.scopes)) return []
  const was = rowOf(environments, found)
  const base = [defaultEnvironment, ...environmentsOf(call)].find((one) => one.id === was.baseId)?.name
  const object = objectOfDeleted(found)
  return [...handedByBase(object, base), ...handedOver(object, scopesUnder(found.name, name))]
}
