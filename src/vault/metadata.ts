/** What is known of a secret beside its value: read it, change it. */
import type { List } from '../model/list.ts'
import type { Details, Secret } from '../model/secret.ts'
import type { MetadataMatch, Place } from '../store/naming.ts'
import { listsOf } from './lists.ts'
import { prepare } from './secret-rows.ts'
import { changeInTurn } from './secrets.ts'
import { checkDetails } from './values.ts'
import { type Asker, ask, type Identity, tryAsk, type Vault } from './vault.ts'

export interface Metadata {
  readonly secret: Secret
  readonly list: List
}

/** @throws Refusal `not_found`, `forbidden`, `integrity_failure` */
export function readMetadata(vault: Vault, asker: Asker, place: Place): Promise<Metadata> {
  return ask(vault, asker, { kind: 'read_metadata', ...place })
}

/** Secrets that were just read, each with its list. The lists are read after them, so that none is missing. */
export async function withLists(
  vault: Vault,
  asker: Asker,
  accountId: number,
  secrets: readonly Secret[],
): Promise<readonly Metadata[]> {
  const lists = new Map((await listsOf(vault, asker, accountId)).map((list) => [list.id, list]))
  // One that is gone by now took its secrets along.
  return secrets.flatMap((secret) => {
    const list = lists.get(secret.listId)
    return list === undefined ? [] : [{ secret, list }]
  })
}

/**
 * Changes the parts that are given, and leaves the others. The value and its version stay.
 *
 * @throws Refusal `not_found`, `forbidden`, `stale_version`, `invalid`
 */
export async function updateMetadata(
  vault: Vault,
  asker: Asker,
  { accountId }: Identity,
  place: Place,
  parts: Partial<Omit<Details, 'type'>>,
  match: MetadataMatch | undefined,
): Promise<Metadata> {
  return changeInTurn(vault, `${accountId} ${place.id}`, async () => {
    const prepared = await prepare(vault, asker, { kind: 'prepare_secret', ...place })
    const change = prepared && changeOf(prepared.secret, parts)
    return tryAsk(vault, asker, { kind: 'update_metadata', ...place, match, change })
  })
}

function changeOf(secret: Secret, parts: Partial<Details>) {
  const { type, filename, description, tags, expiresAt } = secret
  const details = checkDetails({ type, filename, description, tags, expiresAt, ...parts })
  return { rowMac: secret.mac, details }
}
