/** Lists of secrets. */
import type { AuditObject } from '../../audit/record.ts'
import type { List } from '../../model/list.ts'
import { allowsName, allowsSome } from '../../model/scope.ts'
import type { Secret } from '../../model/secret.ts'
import { noVersion } from '../decide/grants.ts'
import { keptRow, onceOf } from '../decide/once.ts'
import { addList, findList, inList, needList, refuseList } from '../decide/places.ts'
import { authorizeListing, type Call, done, forbid, type Listing, put, record, refuse } from '../decide/work.ts'
import type { IdOrName } from '../naming.ts'
import type { Refused } from '../outcome.ts'
import type { StoredSecret } from '../stored.ts'
import { lists, wholeLists } from '../tables/list.ts'
import { storedSecrets } from '../tables/secret.ts'
import { defineOnce, defineOperation, overSome, type WithRight } from './define.ts'
import { objectOf } from './secrets.ts'

interface Wanted {
  readonly list: IdOrName
}

/** A list, for whoever has the right over all names or over some. */
function aList(right: 'secrets:write' | 'secrets:delete', over: 'all' | 'some'): WithRight<Wanted, List> {
  return {
    right,
    over,
    object: (call, { list: wanted }) => {
      const list = findList(call, wanted)
      return list === undefined ? null : objectOfList(list)
    },
    subject: (call, { list }) => findList(call, list) ?? refuseList(call, list),
  }
}

/** Authorizes a listing of the lists. */
const listLists = defineOperation<object, Listing>()({
  kind: 'list_lists',
  action: 'list.list',
  scope: overSome('secrets:list'),
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: authorizeListing,
})

/** Authorizes the reading of all values, or of those of a list: each is then read by `read_secrets`. */
const listValues = defineOperation<
  { readonly list: IdOrName | undefined },
  Listing & { readonly list: List | undefined },
  List | undefined
>()({
  kind: 'list_values',
  action: 'list.values',
  scope: inList('secrets:read'),
  delicate: true,
  grants: 'nothing',
  needs: needList,
  decide: (call, _operation, list) => {
    const object = list === undefined ? null : objectOfList(list)
    return done(call, object, { accountId: call.account.id, scopes: call.scopes, list })
  },
})

/** Either right will do. */
const readList = defineOperation<Wanted, List>()({
  kind: 'read_list',
  action: 'list.read',
  scope: ({ scopes }) => overSome(allowsSome(scopes, 'secrets:read') ? 'secrets:read' : 'secrets:list'),
  delicate: false,
  grants: 'nothing',
  needs: (needs, { list }) => needs.list(list),
  decide: (call, { list: wanted }) => {
    const list = findList(call, wanted)
    return list === undefined ? refuseList(call, wanted) : done(call, objectOfList(list), list)
  },
})

/** A list is made by whoever may write anything: it gives no right to what is in it. */
const createList = defineOnce<{ readonly name: string }, List>()({
  kind: 'create_list',
  action: 'list.create',
  scope: overSome('secrets:write', (_call, { name }) => unknownList(name)),
  delicate: false,
  grants: 'nothing',
  needs: (needs, { name }) => needs.list(name),
  decide: (call, { name }) => {
    if (findList(call, name) !== undefined) return refuseTaken(call, unknownList(name))
    const list = addList(call, name)
    return done(call, objectOfList(list), list)
  },
  once: onceOf(keptRow<List>()({ mac: new Uint8Array() }), objectOfList),
})

const renameList = defineOperation<Wanted & { readonly name: string }, List, List>()({
  kind: 'rename_list',
  action: 'list.rename',
  scope: aList('secrets:write', 'all'),
  delicate: false,
  grants: 'nothing',
  needs: (needs, { list, name }) => {
    needs.list(list)
    needs.list(name)
  },
  decide: (call, { name }, list) => {
    const other = findList(call, name)
    if (other !== undefined && other.id !== list.id) return refuseTaken(call, objectOfList(list))
    const renamed = put(call.work, lists, { ...list, name, updatedAt: call.work.world.now })
    return done(call, objectOfList(renamed), renamed)
  },
})

interface Deleted {
  /** The secrets that went with it. */
  readonly secrets: readonly Pick<Secret, 'accountId' | 'uid'>[]
  readonly stale: number
}

/** Every secret in it goes with it, each with its own record: whoever may not delete one of them may not delete it. */
const deleteList = defineOperation<Wanted, Deleted, List>()({
  kind: 'delete_list',
  action: 'list.delete',
  scope: aList('secrets:delete', 'some'),
  delicate: true,
  grants: 'nothing',
  needs: (needs, { list }) => {
    needs.list(list)
    needs.contentsOf(list)
  },
  decide: (call, _operation, list) => {
    const { world } = call.work
    // Renamed in this very batch: what is in it is not known here.
    const stale = world.fact(wholeLists, list.accountId, list.id)
    if (stale === undefined) return { kind: 'outdated' }
    const inside = secretsIn(call, list)
    if (inside.some(({ secret }) => !allowsName(call.scopes, 'secrets:delete', secret.name))) {
      return forbid(call, objectOfList(list), 'secrets:delete')
    }
    for (const stored of inside) {
      call.work.world.remove(storedSecrets, stored)
      record({ ...call, action: 'secret.delete' }, objectOf(stored), 'ok')
    }
    call.work.world.remove(lists, list)
    return done(call, objectOfList(list), { secrets: inside.map(({ secret }) => secret), stale })
  },
})

export const listOperations = {
  [listLists.kind]: listLists,
  [listValues.kind]: listValues,
  [readList.kind]: readList,
  [createList.kind]: createList,
  [renameList.kind]: renameList,
  [deleteList.kind]: deleteList,
}

function secretsIn({ work, account }: Call, { id }: List): StoredSecret[] {
  const all = [...work.world.all(storedSecrets)]
  return all.filter(({ secret }) => secret.accountId === account.id && secret.listId === id)
}

function refuseTaken(call: Call, object: AuditObject): Refused {
  return refuse(call, object, 'name_taken', 'A list of this name exists already. Choose another name.')
}

function unknownList(name: string): AuditObject {
  return { kind: 'list', id: null, uid: null, name, ...noVersion }
}

function objectOfList({ id, uid, name }: List): AuditObject {
  return { kind: 'list', id, uid, name, ...noVersion }
}
