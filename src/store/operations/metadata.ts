/** What is known of secrets beside their values, and where they are. */
import type { Aside } from '../../audit/record.ts'
import { type List, placeHash } from '../../model/list.ts'
import { allowsName, managesAccount } from '../../model/scope.ts'
import { type Decoy, type Details, detailsHash, maxTags, metadataTag, type Secret } from '../../model/secret.ts'
import { environmentOf, isHere } from '../decide/environment.ts'
import { findList, placeOfFirst, placeOfSecret, refuseList, seesLists } from '../decide/lists.ts'
import { type Call, done, forbid, putSecret, record, refuse } from '../decide/work.ts'
import type { IdOrName, MetadataMatch, Place } from '../naming.ts'
import type { Outcome, Refused } from '../outcome.ts'
import type { StoredSecret } from '../stored.ts'
import { lists } from '../tables/list.ts'
import { defineOperation, overSome } from './define.ts'
import { aSecret, markOf, objectOf, ownSecret, same } from './secrets.ts'

interface Placed {
  readonly secret: Secret
  /** Whether the caller may know whether it is a decoy. */
  readonly isManaged: boolean
  /** Nothing of what is inherited from an environment that the caller may not know of: lists are how that one is kept. */
  readonly list: List | undefined
}

/** What is answered after a change, which the right to make it does not show. */
interface Changed extends Placed {
  /** Whether the caller may list the secret. */
  readonly isSeen: boolean
}

interface Moved {
  readonly secret: Secret
  readonly list: List
  /** Whether the caller may know what the list is called. */
  readonly isSeen: boolean
}

const readMetadata = defineOperation<Place, Placed, StoredSecret>()({
  kind: 'read_metadata',
  action: 'metadata.read',
  scope: aSecret('secrets:list'),
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, place) => {
    needs.place(place)
    needs.listOfSecret(place.id)
  },
  sharing: true,
  decide: (call, _operation, found) => withList(call, found),
})

interface Update extends Place {
  readonly match: MetadataMatch | undefined
  /** What is to become of who reads it from now on; `undefined` leaves that as it is. */
  readonly decoy?: Decoy | null | undefined
  /** What is known of it from now on, upon the row that was prepared; `undefined` when there was none. */
  readonly change: { readonly rowMac: Uint8Array; readonly details: Details } | undefined
}

const updateMetadata = defineOperation<Update, Changed, StoredSecret>()({
  kind: 'update_metadata',
  action: 'metadata.update',
  scope: aSecret('secrets:write'),
  environment: placeOfSecret,
  delicate: (_call, { decoy }) => decoy !== undefined,
  grants: 'nothing',
  needs: (needs, place) => {
    needs.place(place)
    needs.listOfSecret(place.id)
  },
  decide: (call, { match, change, decoy }, found) => {
    // Whatever is there: who may not mark is not told what is marked.
    if (decoy !== undefined && !managesAccount(call.scopes)) return forbid(call, objectOf(found), 'account:manage')
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
    const { decoy: before } = found.secret
    const marked = { decoy: decoy === undefined ? before : decoy, updatedAt: call.work.world.now }
    const stored = putSecret(call.work, { ...found, secret: { ...found.secret, ...details, ...marked } })
    const object = { ...objectOf(stored), hash: detailsHash(details) }
    const placed = withList(call, stored, object, markOf(before, decoy))
    if (placed.kind !== 'done') return placed
    const isSeen = allowsName(call.scopes, 'secrets:list', call.environment.name, stored.secret.name)
    return { ...placed, result: { ...placed.result, isSeen } }
  },
})

const moveSecret = defineOperation<{ readonly id: IdOrName; readonly to: IdOrName }, Moved, StoredSecret>()({
  kind: 'move_secret',
  action: 'secret.move',
  scope: aSecret('secrets:write'),
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id, to }) => {
    needs.secret(id)
    needs.list(to)
  },
  decide: (call, { to }, found) => {
    const list = findList(call, to)
    if (list === undefined) return refuseList(call, to, objectOf(found))
    const stored = putSecret(call.work, { ...found, secret: { ...found.secret, listId: list.id } })
    return done(
      call,
      { ...objectOf(stored), hash: placeHash(list) },
      { secret: stored.secret, list, isSeen: seesLists(call) },
    )
  },
})

/** What is to be different of each of several. */
export interface Changes {
  readonly addTags: readonly string[]
  readonly removeTags: readonly string[]
  /** `undefined` leaves it. */
  readonly expiresAt: number | null | undefined
}

/** Changes each by itself: what is refused of one leaves the others. */
const updateManyMetadata = defineOperation<
  { readonly ids: readonly number[]; readonly changes: Changes },
  readonly (Secret | Refused)[]
>()({
  kind: 'update_many_metadata',
  action: 'metadata.update',
  // Each asks for the right to its name by itself, and is refused by itself.
  scope: overSome('secrets:write'),
  environment: (call, { ids }) => placeOfFirst(call, { refs: ids }),
  delicate: false,
  grants: 'nothing',
  needs: (needs, { ids }) => {
    for (const id of ids) needs.secret(id)
  },
  decide: (call, { ids, changes }) => ({ kind: 'done', result: ids.map((id) => changeOne(call, id, changes)) }),
})

function changeOne(call: Call, id: number, { addTags, removeTags, expiresAt }: Changes): Secret | Refused {
  const found = ownSecret(call, id, 'secrets:write')
  if ('kind' in found) return found
  const { type, filename, description, ...old } = found.secret
  const tags = [...new Set([...old.tags, ...addTags])].filter((tag) => !removeTags.includes(tag)).sort()
  if (tags.length > maxTags && tags.length > old.tags.length) {
    return refuse(call, objectOf(found), 'invalid', `The secret would have more than ${maxTags} tags.`)
  }
  const details = { type, filename, description, tags, expiresAt: expiresAt === undefined ? old.expiresAt : expiresAt }
  const secret = { ...found.secret, ...details, updatedAt: call.work.world.now }
  const stored = putSecret(call.work, { ...found, secret })
  record(call, { ...objectOf(stored), hash: detailsHash(details) }, 'ok')
  return stored.secret
}

/** Moves each by itself: what is refused of one leaves the others. */
const moveSecrets = defineOperation<
  { readonly ids: readonly number[]; readonly to: IdOrName },
  readonly (Secret | Refused)[]
>()({
  kind: 'move_secrets',
  action: 'secret.move',
  // Each asks for the right to its name by itself, and is refused by itself.
  scope: overSome('secrets:write'),
  environment: (call, { ids }) => placeOfFirst(call, { refs: ids }),
  delicate: false,
  grants: 'nothing',
  needs: (needs, { ids, to }) => {
    for (const id of ids) needs.secret(id)
    needs.list(to)
  },
  decide: (call, { ids, to }) => {
    const moved = ids.map((id) => {
      const found = ownSecret(call, id, 'secrets:write')
      if ('kind' in found) return found
      const list = findList(call, to)
      if (list === undefined) return refuseList(call, to, objectOf(found))
      const stored = putSecret(call.work, { ...found, secret: { ...found.secret, listId: list.id } })
      record(call, { ...objectOf(stored), hash: placeHash(list) }, 'ok')
      return stored.secret
    })
    return { kind: 'done', result: moved }
  },
})

export const metadataOperations = {
  [readMetadata.kind]: readMetadata,
  [updateMetadata.kind]: updateMetadata,
  [moveSecret.kind]: moveSecret,
  [updateManyMetadata.kind]: updateManyMetadata,
  [moveSecrets.kind]: moveSecrets,
}

function withList(call: Call, stored: StoredSecret, object = objectOf(stored), aside?: Aside): Outcome<Placed> {
  const { secret } = stored
  const list = call.work.world.get(lists, secret.accountId, secret.listId)
  if (list === undefined || list.deleter !== null)
    return refuse(call, objectOf(stored), 'integrity_failure', 'The list of the secret is gone.')
  const isSeen = isHere(call, secret) || environmentOf(call, secret.environmentId) !== undefined
  const placed = { secret, isManaged: managesAccount(call.scopes), list: isSeen ? list : undefined }
  return done(call, object, placed, 'ok', aside)
}
