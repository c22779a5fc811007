/** What was deleted and is kept: listed, and destroyed. */

import type { Deleted } from '../../model/deleted.ts'
import { allows, allowsName } from '../../model/scope.ts'
import type { Secret } from '../../model/secret.ts'
import {
  type ById,
  contentsOf,
  either,
  findKept,
  type HeldContents,
  heldAgainst,
  isSeen,
  placeOfDeleted,
  refuseAbsent,
  type UnheldContents,
} from '../decide/deleted.ts'
import { unplaced } from '../decide/environment.ts'
import { isKept, objectOfDeleted, putDeleted, recoveryDaysOf } from '../decide/kept.ts'
import { type Call, done, forbid, type Listing, listingOf, record, type UnplacedCall } from '../decide/work.ts'
import type { StoredDeleted } from '../stored.ts'
import { deletedContents, storedDeleted } from '../tables/deleted.ts'
import { storedSecrets } from '../tables/secret.ts'
import { defineOperation, overAll } from './define.ts'

/** Authorizes a listing: of what was in the environment that is meant, and for whoever manages the account of environments. */
const listDeleted = defineOperation<object, Listing & { readonly recoveryDays: number; readonly now: number }>()({
  kind: 'list_deleted',
  action: 'deleted.list',
  scope: (call) => ({ ...either('secrets:list')(call), object: () => null }),
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: (needs) => needs.settings(),
  sharing: true,
  decide: (call) => {
    const recoveryDays = recoveryDaysOf(call)
    return done(call, null, { ...listingOf(call), recoveryDays, now: call.work.world.now })
  },
})

interface Purging extends ById {
  readonly held: HeldContents | undefined
}

export type Purged =
  | { readonly state: 'gone'; readonly secrets: readonly Pick<Secret, 'accountId' | 'uid'>[] }
  /** Nobody sees it any more, nor what is in it, which is destroyed in parts (`purge_part`). */
  | { readonly state: 'purging'; readonly accountId: number; readonly id: number }
  | UnheldContents

/** Destroys what is kept, before its end. */
const purgeDeleted = defineOperation<Purging, Purged>()({
  kind: 'purge_deleted',
  action: 'secret.purge',
  scope: either('secrets:delete'),
  environment: placeOfDeleted,
  delicate: true,
  grants: 'nothing',
  needs: (needs, { id }) => {
    needs.deletion(id)
    needs.settings()
  },
  decide: (call, { id, held }) => {
    const found = findKept(call, id)
    if (found === undefined || !isSeen(call, found.deleted)) return refuseAbsent(call, id)
    const { deleted } = found
    if (deleted.kind === 'secret') {
      const right = 'secrets:delete'
      if (!allowsName(call.scopes, right, call.environment.name, deleted.name))
        return forbid(call, objectOfDeleted(deleted), right)
      shredRecorded(call, found)
      return { kind: 'done', result: { state: 'gone', secrets: [deleted] } }
    }
    // Whoever manages the account sees the environment; what was in it is theirs to destroy only with the right to that.
    if (deleted.kind === 'environment' && !allows(call.scopes, 'secrets:delete', deleted.name))
      return forbid(placedAs(call, deleted), objectOfDeleted(deleted), 'secrets:delete')
    const answer = deleted.kind === 'list' ? heldAgainst(call, deleted, 'secrets:delete', held) : undefined
    if (answer !== undefined) return answer
    beginPurge(call, found)
    return { kind: 'done', result: { state: 'purging', accountId: deleted.accountId, id } }
  },
})

function beginPurge(call: Call, found: StoredDeleted): void {
  const { deleted } = found
  putDeleted(call, { ...found, deleted: { ...deleted, state: 'purging' } })
  record({ ...placedAs(call, deleted), action: purging[deleted.kind] }, objectOfDeleted(deleted), 'ok')
}

/** The record of what becomes of something is of where it was, which may be gone itself. */
function placedAs(call: Call, { kind, environmentId: id }: Deleted): Call {
  return kind === 'environment' ? { ...call, ...unplaced } : { ...call, environment: { id, name: '' }, isPlaced: true }
}

const purging = { secret: 'secret.purge', list: 'list.purge', environment: 'environment.purge' } as const

function shredRecorded(call: Call, found: StoredDeleted): void {
  const { deleted } = found
  const { world } = call.work
  world.remove(storedDeleted, found)
  if (deleted.kind === 'secret') world.shred(storedSecrets, { accountId: deleted.accountId, id: deleted.thingId })
  record({ ...placedAs(call, deleted), action: purging[deleted.kind] }, objectOfDeleted(deleted), 'ok')
}

interface PurgedPart {
  readonly secrets: readonly Pick<Secret, 'accountId' | 'uid'>[]
  /** Whether nothing is left, neither of what they were in. */
  readonly isLast: boolean
}

/** Destroys the next of what is in something that is destroyed, or past its end; then that itself. */
const purgePart = defineOperation<ById, PurgedPart>()({
  kind: 'purge_part',
  action: 'secret.purge',
  scope: overAll('secrets:delete'),
  environment: placeOfDeleted,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => {
    needs.deletionWithContents(id)
    needs.settings()
  },
  decide: (call, { id }) => {
    const { world } = call.work
    const found = world.get(storedDeleted, call.account.id, id)
    const isToGo = found !== undefined && (found.deleted.state === 'purging' || isPast(call, found.deleted))
    if (!isToGo) return { kind: 'done', result: { secrets: [], isLast: true } }
    const inside = world.fact(deletedContents, call.account.id, id)
    if (inside === undefined) return { kind: 'outdated' }
    if (found.deleted.state !== 'purging' && found.deleted.kind !== 'secret') beginPurge(call, found)
    const part = contentsOf(call, inside)
    for (const one of part) shredRecorded(call, one)
    if (inside.length > 0) return { kind: 'done', result: { secrets: secretsOf(part), isLast: false } }
    const now = world.get(storedDeleted, call.account.id, id) ?? found
    if (now.deleted.kind === 'secret') shredRecorded(call, now)
    else world.remove(storedDeleted, now)
    return { kind: 'done', result: { secrets: secretsOf([now]), isLast: true } }
  },
})

function secretsOf(all: readonly StoredDeleted[]): readonly Pick<Secret, 'accountId' | 'uid'>[] {
  return all.flatMap(({ deleted }) => (deleted.kind === 'secret' ? [deleted] : []))
}

/** Destroys each of these secrets that is past its end. */
const sweepDeleted = defineOperation<
  { readonly ids: readonly number[] },
  readonly Pick<Secret, 'accountId' | 'uid'>[]
>()({
  kind: 'sweep_deleted',
  action: 'secret.purge',
  scope: overAll('secrets:delete'),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { ids }) => {
    for (const id of ids) needs.deletion(id)
    needs.settings()
  },
  decide: (call, { ids }) => {
    const over = ids.flatMap((id) => call.work.world.get(storedDeleted, call.account.id, id) ?? [])
    const gone = over.filter(({ deleted }) => deleted.kind === 'secret' && isPast(call, deleted))
    for (const one of gone) shredRecorded(call, one)
    return { kind: 'done', result: secretsOf(gone) }
  },
})

/** Whether nobody can restore it any more. */
function isPast(call: UnplacedCall, deleted: Deleted): boolean {
  return deleted.state === 'kept' && !isKept(call, deleted)
}

export const deletedOperations = {
  [listDeleted.kind]: listDeleted,
  [purgeDeleted.kind]: purgeDeleted,
  [purgePart.kind]: purgePart,
  [sweepDeleted.kind]: sweepDeleted,
}
