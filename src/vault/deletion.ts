/**
 * The deletion of a list with more secrets than fit into one transaction. One transaction takes the list from everybody, and
 * all that is in it; then the secrets go in parts, and others are answered in between. Whoever was to see it through may be
 * gone: a list that is deleted says so in the store, and every node goes on with what it finds.
 */
import { setImmediate } from 'node:timers/promises'
import { changesNames } from '../audit/record.ts'
import { Refusal } from '../errors.ts'
import { allowsName } from '../model/scope.ts'
import type { IdOrName } from '../store/naming.ts'
import type { Deleted, Held } from '../store/operations/lists.ts'
import { pages } from './pages.ts'
import { Pace } from './scan-in-turns.ts'
import { type Asker, bySystem, outdated, tryAsk, type Vault } from './vault.ts'

const maxTries = 20
const namesPage = 1000
const recordsPage = 1000
/** Deployments that are asked at once whether they hold anything. */
const holdersPage = 50
/** Records that may come while the last look at the trail is on its way. */
const nearlyAll = 200

/** What becomes of a deletion. */
export interface DeletedAway {
  /** How many deployments hold it still, or something of it. */
  readonly stale: number
  /** The id by which it can be restored, if it can. */
  readonly deletedId: number | null
}

/** What the right to delete is held against, if a list has too many names for one transaction. */
type Unheld = Extract<Deleted, { readonly state: 'unheld' }>

/**
 * Deletes a list with everything in it. Resolves when all of it is gone.
 *
 * @returns how many deployments hold something of it still, and the id of the deletion, if it can be restored
 * @throws Refusal `not_found`, `forbidden` when one of its secrets may not be deleted: then nothing is
 */
export async function deleteList(vault: Vault, asker: Asker, list: IdOrName): Promise<DeletedAway> {
  let held: Held | undefined
  for (let tries = 0; tries < maxTries; tries++) {
    const deleted = await tryAsk(vault, asker, { kind: 'delete_list', list, held })
    if (deleted === outdated) {
      held = undefined
      continue
    }
    switch (deleted.state) {
      case 'gone':
        for (const { accountId, uid } of deleted.secrets) vault.keyring.forgetSecretKey(accountId, uid)
        return { stale: deleted.stale, deletedId: deleted.deletedId }
      case 'going': {
        const { accountId, id, seen, deletedId } = deleted
        const stale = await countHolders(vault, accountId, id, seen)
        await deleteInParts(vault, asker, accountId, id)
        return { stale, deletedId }
      }
      default:
        held = await holdNames(vault, deleted)
    }
  }
  throw new Refusal('overloaded', 'The list keeps changing. Try again.', { headers: { 'retry-after': '1' } })
}

/**
 * Goes on with what somebody began who is gone: as the server starts, and now and then.
 *
 * @param signal ends it between two parts
 * @throws what the first failed with, once all others are gone
 */
export async function finishDeletions(vault: Vault, signal?: AbortSignal): Promise<void> {
  const from = { requestId: 'unfinished', address: '' }
  const failures: unknown[] = []
  for (const { accountId, id } of await vault.store.deletedLists()) {
    if (signal?.aborted) return
    // One that comes back instead is not touched.
    await deleteInParts(vault, from, accountId, id, signal).catch((error: unknown) => failures.push(error))
  }
  if (failures.length > 0) throw failures[0]
}

/**
 * Goes on with a list that is deleted, until nothing of it is left.
 *
 * @param signal ends it between two parts
 */
export async function deleteInParts(
  vault: Vault,
  from: Pick<Asker, 'requestId' | 'address'>,
  accountId: number,
  id: number,
  signal?: AbortSignal,
): Promise<void> {
  for (let after = 0; !signal?.aborted; ) {
    const part = await bySystem(vault, from, accountId, { kind: 'delete_part', id, after })
    if (part !== outdated) {
      const { secrets, last, isLast } = part
      for (const { uid } of secrets) vault.keyring.forgetSecretKey(accountId, uid)
      if (isLast) return
      // When nothing is left beyond, there may be something before.
      after = last
    }
    await setImmediate()
  }
}

async function countHolders(
  { store }: Vault,
  accountId: number,
  listId: number,
  seen: readonly number[],
): Promise<number> {
  let count = 0
  const read = (last: number) => store.holdersOfListAfter(accountId, listId, last, holdersPage)
  for await (const { isHolding, environmentId } of pages(holdersPage, read, ({ id }) => id)) {
    if (isHolding && seen.includes(environmentId)) count++
  }
  return count
}

/** Looks at every name of a list, in turns with others, then at what changed meanwhile, until that is next to nothing. */
async function holdNames(vault: Vault, unheld: Unheld): Promise<Held> {
  const { within, id: listId, scopes, environment, size } = unheld
  const by = { scopes, environment: environment.name }
  const pace = new Pace()
  const read = (last: number) => vault.store.secretsOfListAfter(within, listId, last, namesPage)
  for await (const { name } of pages(namesPage, read, ({ id }) => id)) {
    if (!allowsName(scopes, 'secrets:delete', environment.name, name)) return { ...by, size, forbidden: name }
    const others = pace.after(1)
    if (others !== undefined) await others
  }
  return holdChanges(vault, unheld)
}

async function holdChanges({ store }: Vault, unheld: Unheld): Promise<Held> {
  const { accountId, within, id: listId, scopes, environment, size: from } = unheld
  const by = { scopes, environment: environment.name }
  for (let size = from; ; ) {
    const page = await store.recordsAfter(accountId, size, recordsPage)
    for (const { record } of page) {
      const name = changesNames(record) ? record.object?.name : undefined
      if (typeof name !== 'string' || allowsName(scopes, 'secrets:delete', environment.name, name)) continue
      const found = await store.secretNamed(within, name)
      if (found?.listId === listId) return { ...by, size, forbidden: name }
    }
    size = page.at(-1)?.record.seq ?? size
    if (page.length < nearlyAll) return { ...by, size, forbidden: undefined }
    await setImmediate()
  }
}
