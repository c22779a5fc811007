/** The deletion of secrets: for ever, or so that they can be restored for a while. */
import { deleteSecretRow } from '../decide/kept.ts'
import { placeOfFirst, placeOfSecret } from '../decide/lists.ts'
import { type Call, record } from '../decide/work.ts'
import type { Match, Place } from '../naming.ts'
import type { Refused } from '../outcome.ts'
import type { StoredSecret } from '../stored.ts'
import { defineOperation, overSome } from './define.ts'
import { holdersOf } from './deployments.ts'
import { aSecret, fits, objectOf, ownSecret, refuseStale } from './secrets.ts'

interface Deletion extends Place {
  readonly match: Match | undefined
}

const deleteSecret = defineOperation<Deletion, Deleted, StoredSecret>()({
  kind: 'delete_secret',
  action: 'secret.delete',
  scope: aSecret('secrets:delete'),
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, place) => {
    needs.place(place)
    needs.holdersOf(place.id)
    needs.settings()
  },
  decide: (call, { match }, found) => {
    const object = objectOf(found)
    if (!fits(found, match)) return refuseStale(call, object)
    record(call, object, 'ok')
    return { kind: 'done', result: deletedOf(call, found) }
  },
})

/** Deletes each by itself: what is refused of one leaves the others. */
const deleteSecrets = defineOperation<{ readonly ids: readonly number[] }, readonly (Deleted | Refused)[]>()({
  kind: 'delete_secrets',
  action: 'secret.delete',
  // Each asks for the right to its name by itself, and is refused by itself.
  scope: overSome('secrets:delete'),
  environment: (call, { ids }) => placeOfFirst(call, { refs: ids }),
  // As of a list with all that is in it.
  delicate: (_call, { ids }) => ids.length > 1,
  grants: 'nothing',
  needs: (needs, { ids }) => {
    needs.settings()
    for (const id of ids) {
      needs.secret(id)
      needs.holdersOf(id)
    }
  },
  decide: (call, { ids }) => {
    const deleted = ids.map((id) => {
      const found = ownSecret(call, id, 'secrets:delete')
      if ('kind' in found) return found
      record(call, objectOf(found), 'ok')
      return deletedOf(call, found)
    })
    return { kind: 'done', result: deleted }
  },
})

interface Deleted {
  readonly secret: StoredSecret['secret']
  readonly stale: number
  /** The id of the deletion, if it can be restored. */
  readonly deletedId: number | null
}

function deletedOf(call: Call, found: StoredSecret): Deleted {
  const { secret } = found
  return { secret, stale: holdersOf(call, secret.id), deletedId: deleteSecretRow(call, found) }
}

export const secretDeletionOperations = {
  [deleteSecret.kind]: deleteSecret,
  [deleteSecrets.kind]: deleteSecrets,
}
