/** Finds the lists that operations name, and in which environment a list or a secret is. */
import type { AuditObject } from '../../audit/record.ts'
import { defaultList, type List, listUid } from '../../model/list.ts'
import type { Right } from '../../model/scope.ts'
import type { IdOrName, Place } from '../naming.ts'
import type { Needs } from '../needs.ts'
import type { WithRight } from '../operations/define.ts'
import type { Refused } from '../outcome.ts'
import { accounts } from '../tables/account.ts'
import { lists, listsByName } from '../tables/list.ts'
import { secretsByName, storedSecrets } from '../tables/secret.ts'
import { hasSomeHere, isHere } from './environment.ts'
import { type Call, put, putAccount, refuseField, type UnplacedCall } from './work.ts'

export function findList(call: Call, wanted: IdOrName): List | undefined {
  const found = anyList(call, wanted)
  return found?.deleter === null ? found : undefined
}

/** One that is being deleted, too. */
export function anyList(call: Call, wanted: IdOrName): List | undefined {
  const { account, work, environment } = call
  const found =
    typeof wanted === 'number'
      ? work.world.get(lists, account.id, wanted)
      : work.world.find(listsByName, account.id, environment.id, wanted)
  return found !== undefined && isHere(call, found) ? found : undefined
}

/** Whether the caller may know more of a list than the id or the name that they say. */
export function seesLists(call: Call): boolean {
  return hasSomeHere(call, 'secrets:read') || hasSomeHere(call, 'secrets:list')
}

/** Where a list is that is asked for by its id. */
export function placeOfList({ account, work }: UnplacedCall, { list }: Named): number | 'meant' | undefined {
  return typeof list === 'number' ? work.world.get(lists, account.id, list)?.environmentId : 'meant'
}

/** The list of secrets that are made without naming one; made now if it is not there. */
export function listForAll(call: Call): List {
  return findList(call, defaultList) ?? addList(call, defaultList)
}

export function addList(call: Call, name: string): List {
  const { work } = call
  const account = work.world.get(accounts, call.account.id) ?? call.account
  const { now } = work.world
  const id = account.nextListId
  const uid = listUid(work.world.storeId, account.id, id)
  putAccount(work, { ...account, nextListId: id + 1 })
  return put(work, lists, {
    ...{ accountId: account.id, id, uid, name, createdAt: now, updatedAt: now, deleter: null },
    environmentId: call.environment.id,
  })
}

/** Whether the environment has a secret of this name. */
export function hasName({ work, account, environment }: Call, name: string): boolean {
  return work.world.has(secretsByName, account.id, environment.id, name)
}

/** Where a secret is that is asked for by its id. */
export function placeOfSecret({ account, work }: UnplacedCall, { id }: Place): number | 'meant' | undefined {
  return typeof id === 'number' ? work.world.get(storedSecrets, account.id, id)?.secret.environmentId : 'meant'
}

/** Of several that are asked for by their ids, where the first is: the others are looked for there. */
export function placeOfFirst(
  call: UnplacedCall,
  { refs: [first] }: { readonly refs: readonly IdOrName[] },
): number | 'meant' | undefined {
  return first === undefined ? 'meant' : placeOfSecret(call, { id: first })
}

interface Named {
  readonly list?: IdOrName | undefined
}

/** For whoever has the right over any name: what is in the list that is named, or in all of them. */
export function inList(right: Right): WithRight<Named, List | undefined> {
  return {
    ...{ right, over: 'some', object: () => null },
    subject: (call, { list }) => (list === undefined ? undefined : (findList(call, list) ?? refuseList(call, list))),
  }
}

/** What `inList` looks for. */
export function needList(needs: Needs, { list }: Named): void {
  if (list !== undefined) needs.list(list)
}

/** @param object what was asked for in the list, if not the list itself */
export function refuseList(call: Call, wanted: IdOrName, object: AuditObject = unknownList(wanted)): Refused {
  return refuseField(call, object, 'not_found', { field: 'list', detail: noListOf(wanted) })
}

export function noListOf(wanted: IdOrName): string {
  return `No list with this ${typeof wanted === 'number' ? 'id' : 'name'}.`
}

function unknownList(wanted: IdOrName): AuditObject {
  const named = typeof wanted === 'number' ? { id: wanted, name: null } : { id: null, name: wanted }
  return { kind: 'list', ...named, uid: null, version: null, hash: null }
}
