/** Lists of secrets: list, make, rename, delete, and what is in them. */
import { randomBytes } from '../crypto/random.ts'
import { invalid } from '../errors.ts'
import { isListName, type List, listNameRule } from '../model/list.ts'
import { allowsName } from '../model/scope.ts'
import type { Secret } from '../model/secret.ts'
import { listsIn } from '../store/listings.ts'
import type { IdOrName } from '../store/naming.ts'
import type { Within } from '../store/stored.ts'
import { type Found, find, type Wanted } from './pages.ts'
import { type ReadSecret, readSecrets } from './secrets.ts'
import { type Asker, ask, askOnce, type MadeOnce, onlyIn, type Vault, verifyAll } from './vault.ts'

/** Values read in one transaction: each may be a file of the longest kind. */
const pageSize = 50

/** The lists of the environment that is meant, by ascending id. */
export async function listLists(vault: Vault, asker: Asker, wanted: Wanted): Promise<Found<List>> {
  const { within } = await ask(vault, asker, { kind: 'list_lists' })
  return listsOf(vault, asker, within, wanted)
}

/** @throws Refusal `integrity_failure`, from the pages */
export function listsOf(vault: Vault, asker: Asker, { accountId, environmentId }: Within, wanted: Wanted): Found<List> {
  // The row says where it is, and not the index that led to it.
  const isSeen = (list: List) => list.deleter === null && list.environmentId === environmentId
  const rows = listsIn(environmentId)
  return find(vault, asker, accountId, { table: 'lists', action: 'list.list', rows, isSeen }, wanted)
}

/** Those of these ids that are there. @throws Refusal `integrity_failure` */
export async function listsOfIds(
  vault: Vault,
  asker: Asker,
  accountId: number,
  ids: readonly number[],
): Promise<readonly List[]> {
  const found = await vault.store.listsOfIds(accountId, ids)
  await verifyAll(vault, asker, 'lists', found, 'list.list')
  return found
}

/** @throws Refusal `not_found` */
export function readList(vault: Vault, asker: Asker, list: IdOrName): Promise<List> {
  return ask(vault, asker, { kind: 'read_list', list })
}

/**
 * @param name without one, a name is made up
 * @throws Refusal `name_taken`, `invalid`, `forbidden`
 */
export async function createList(vault: Vault, asker: Asker, name: string | undefined): Promise<MadeOnce<List>> {
  // Drawn from so many that it is not taken.
  const made = name === undefined ? `list-${randomBytes(8).toString('hex')}` : checkListName(name)
  return askOnce(vault, asker, { kind: 'create_list', name: made })
}

/**
 * @returns whether the asker may know more of it than its name, too
 * @throws Refusal `not_found`, `name_taken`, `invalid`, `forbidden` without the right to write every secret
 */
export async function renameList(
  vault: Vault,
  asker: Asker,
  list: IdOrName,
  name: string,
): Promise<{ readonly list: List; readonly isSeen: boolean }> {
  return ask(vault, asker, { kind: 'rename_list', list, name: checkListName(name) })
}

function checkListName(name: string): string {
  if (!isListName(name)) throw invalid('name', `Must be ${listNameRule}.`)
  return name
}

/**
 * @returns whether the asker may know what the list is called, too
 * @throws Refusal `not_found`, with the field `list` when it is the list that is absent; `forbidden`
 */
export function moveSecret(
  vault: Vault,
  asker: Asker,
  id: IdOrName,
  to: IdOrName,
): Promise<{ readonly secret: Secret; readonly list: List; readonly isSeen: boolean }> {
  return ask(vault, asker, { kind: 'move_secret', id, to })
}

/**
 * Reads the values of a list, or of all lists, that the asker may read, by ascending id. Each is in the audit trail
 * before it is handed out.
 *
 * @throws Refusal `not_found`
 */
export async function readValues(
  vault: Vault,
  asker: Asker,
  list: IdOrName | undefined,
): Promise<AsyncGenerator<readonly ReadSecret[]>> {
  const { scopes, environment, within, list: found } = await ask(vault, asker, { kind: 'list_values', list })
  const isWanted = ({ name, environmentId }: Secret) =>
    environmentId === environment.id && allowsName(scopes, 'secrets:read', environment.name, name)
  // Each is then read where the listing was: it may have been found by the list.
  const reader = onlyIn(asker, environment.name)
  return pagesOf(vault, reader, within, found?.id, isWanted)
}

async function* pagesOf(
  vault: Vault,
  asker: Asker,
  within: Within,
  listId: number | undefined,
  isWanted: (secret: Secret) => boolean,
): AsyncGenerator<readonly ReadSecret[]> {
  for (let last = 0; ; ) {
    const page: readonly Secret[] =
      listId === undefined
        ? await vault.store.secretsAfter(within, last, pageSize)
        : await vault.store.secretsOfListAfter(within, listId, last, pageSize)
    const ids = page.filter(isWanted).map(({ id }) => id)
    if (ids.length > 0) {
      const { all: read } = await readSecrets(vault, asker, ids)
      // What was deleted or moved meanwhile is not in the list any more.
      yield read.filter(
        (one) => one !== undefined && (listId === undefined || one.secret.listId === listId),
      ) as ReadSecret[]
    }
    if (page.length < pageSize) return
    last = page.at(-1)?.id ?? last
  }
}
