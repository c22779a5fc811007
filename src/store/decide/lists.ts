/** What happens to lists, to what is known of secrets beside their values, and to where secrets are. */
import type { AuditObject } from '../../audit/record.ts'
import { type List, placeHash } from '../../model/list.ts'
import { allows, allowsName, allowsSome } from '../../model/scope.ts'
import { detailsHash, metadataTag } from '../../model/secret.ts'
import type { Op, Outcome, Refused, StoredSecret } from '../operation.ts'
import { ref } from '../world.ts'
import { addList, findList, refuseList } from './places.ts'
import { find, objectOf, same } from './secrets.ts'
import { type Call, done, forbid, putList, putSecret, record, refuse, removeList, removeSecret } from './work.ts'

export function listLists(call: Call): Outcome<'list_lists'> {
  if (!allowsSome(call.scopes, 'secrets:list')) return forbid(call, null, 'secrets:list')
  return done(call, null, { accountId: call.account.id, scopes: call.scopes })
}

export function listValues(call: Call, { list: wanted }: Op<'list_values'>): Outcome<'list_values'> {
  if (!allowsSome(call.scopes, 'secrets:read')) return forbid(call, null, 'secrets:read')
  const list = wanted === undefined ? undefined : findList(call, wanted)
  if (wanted !== undefined && list === undefined) return refuseList(call, wanted)
  const object = list === undefined ? null : objectOfList(list)
  return done(call, object, { accountId: call.account.id, scopes: call.scopes, list })
}

export function readList(call: Call, { list: wanted }: Op<'read_list'>): Outcome<'read_list'> {
  if (!allowsSome(call.scopes, 'secrets:list') && !allowsSome(call.scopes, 'secrets:read')) {
    return forbid(call, null, 'secrets:list')
  }
  const list = findList(call, wanted)
  return list === undefined ? refuseList(call, wanted) : done(call, objectOfList(list), list)
}

/** A list is made by whoever may write anything: it gives no right to what is in it. */
export function createList(call: Call, { name }: Op<'create_list'>): Outcome<'create_list'> {
  const object: AuditObject = { kind: 'list', id: null, uid: null, name, version: null, hash: null }
  if (!allowsSome(call.scopes, 'secrets:write')) return forbid(call, object, 'secrets:write')
  if (findList(call, name) !== undefined) return refuseTaken(call, object)
  const list = addList(call, name)
  return done(call, objectOfList(list), list)
}

export function renameList(call: Call, { list: wanted, name }: Op<'rename_list'>): Outcome<'rename_list'> {
  const list = findList(call, wanted)
  if (!allows(call.scopes, 'secrets:write')) return forbid(call, list ? objectOfList(list) : null, 'secrets:write')
  if (list === undefined) return refuseList(call, wanted)
  const other = findList(call, name)
  if (other !== undefined && other.id !== list.id) return refuseTaken(call, objectOfList(list))
  const renamed = putList(call.work, { ...list, name, updatedAt: call.work.world.now })
  return done(call, objectOfList(renamed), renamed)
}

/** Every secret in it goes with it, each with its own record: whoever may not delete one of them may not delete it. */
export function deleteList(call: Call, { list: wanted }: Op<'delete_list'>): Outcome<'delete_list'> {
  const { world } = call.work
  const list = findList(call, wanted)
  if (!allowsSome(call.scopes, 'secrets:delete'))
    return forbid(call, list ? objectOfList(list) : null, 'secrets:delete')
  if (list === undefined) return refuseList(call, wanted)
  // Renamed in this very batch: what is in it is not known here.
  const stale = world.wholeLists.get(ref(list.accountId, list.id))
  if (stale === undefined) return { kind: 'outdated' }
  const inside = secretsIn(call, list)
  if (inside.some(({ secret }) => !allowsName(call.scopes, 'secrets:delete', secret.name))) {
    return forbid(call, objectOfList(list), 'secrets:delete')
  }
  for (const stored of inside) {
    removeSecret(call.work, stored)
    record({ ...call, action: 'secret.delete' }, objectOf(stored), 'ok')
  }
  removeList(call.work, list)
  return done<'delete_list'>(call, objectOfList(list), { secrets: inside.map(({ secret }) => secret), stale })
}

function secretsIn({ work, account }: Call, { id }: List): StoredSecret[] {
  const all = [...work.world.secrets.values()]
  return all.filter(({ secret }) => secret.accountId === account.id && secret.listId === id)
}

export function readMetadata(call: Call, operation: Op<'read_metadata'>): Outcome<'read_metadata'> {
  const found = find(call, operation, 'secrets:list')
  if ('kind' in found) return found
  return withList(call, found)
}

export function updateMetadata(call: Call, operation: Op<'update_metadata'>): Outcome<'update_metadata'> {
  const found = find(call, operation, 'secrets:write', operation.match)
  if ('kind' in found) return found
  const { match, change } = operation
  if (match !== undefined && match !== '*' && !match.includes(metadataTag(found.secret))) {
    return refuse(
      call,
      objectOf(found),
      'stale_version',
      'What is known of the secret has changed. Read it again, then repeat the change.',
    )
  }
  if (change === undefined || !same(change.rowMac, found.secret.mac)) return { kind: 'outdated' }
  const { details } = change
  const secret = { ...found.secret, ...details, updatedAt: call.work.world.now }
  const stored = putSecret(call.work, { ...found, secret })
  return withList(call, stored, { ...objectOf(stored), hash: detailsHash(details) })
}

export function moveSecret(call: Call, { id, to }: Op<'move_secret'>): Outcome<'move_secret'> {
  const found = find(call, { id }, 'secrets:write')
  if ('kind' in found) return found
  const list = findList(call, to)
  if (list === undefined) return refuseList(call, to, objectOf(found))
  const stored = putSecret(call.work, { ...found, secret: { ...found.secret, listId: list.id } })
  return done(call, { ...objectOf(stored), hash: placeHash(list) }, { secret: stored.secret, list })
}

function withList(call: Call, stored: StoredSecret, object = objectOf(stored)): Outcome<'read_metadata'> {
  const { secret } = stored
  const list = findList(call, secret.listId)
  if (list === undefined) return refuse(call, objectOf(stored), 'integrity_failure', 'The list of the secret is gone.')
  return done(call, object, { secret, list })
}

function refuseTaken(call: Call, object: AuditObject): Refused {
  return refuse(call, object, 'name_taken', 'A list of this name exists already. Choose another name.')
}

function objectOfList({ id, uid, name }: List): AuditObject {
  return { kind: 'list', id, uid, name, version: null, hash: null }
}
