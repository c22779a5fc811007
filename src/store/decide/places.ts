/** Finds the lists that operations name. */
import type { AuditObject } from '../../audit/record.ts'
import { defaultList, type List, listUid } from '../../model/list.ts'
import type { Right } from '../../model/scope.ts'
import type { IdOrName } from '../naming.ts'
import type { Needs } from '../needs.ts'
import type { WithRight } from '../operations/define.ts'
import type { Refused } from '../outcome.ts'
import { accounts } from '../tables/account.ts'
import { lists, listsByName } from '../tables/list.ts'
import { type Call, put, putAccount, refuseField } from './work.ts'

export function findList(call: Call, wanted: IdOrName): List | undefined {
  const found = anyList(call, wanted)
  return found?.deleter === null ? found : undefined
}

/** One that is being deleted, too. */
export function anyList({ account, work }: Call, wanted: IdOrName): List | undefined {
  const { world } = work
  return typeof wanted === 'number' ? world.get(lists, account.id, wanted) : world.find(listsByName, account.id, wanted)
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
  return put(work, lists, { accountId: account.id, id, uid, name, createdAt: now, updatedAt: now, deleter: null })
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
