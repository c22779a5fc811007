/** What is known of a secret beside its value: read it, change it. */
import type { List } from '../model/list.ts'
import { type Details, type Secret, secretToAuthenticate } from '../model/secret.ts'
import type { MetadataMatch, Place } from '../store/operation.ts'
import { prepare, verifyRow } from './secret-rows.ts'
import { changeInTurn } from './secrets.ts'
import { checkDetails } from './values.ts'
import { type Asker, ask, type Identity, tryAsk, type Vault } from './vault.ts'

export interface Metadata {
  readonly secret: Secret
  readonly list: List
}

/** @throws Refusal `not_found`, `forbidden`, `integrity_failure` */
export async function readMetadata(vault: Vault, asker: Asker, place: Place): Promise<Metadata> {
  const found = await ask(vault, asker, { kind: 'read_metadata', ...place })
  await verifyRow(vault, asker, found.secret, 'metadata.read')
  return found
}

/** Secrets that were just read, each with its list. The lists are read after them, so that none is missing. */
export async function withLists(
  vault: Vault,
  accountId: number,
  secrets: readonly Secret[],
): Promise<readonly Metadata[]> {
  const lists = new Map((await vault.store.lists(accountId)).map((list) => [list.id, list]))
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
    const change = prepared && (await changeOf(vault, asker, prepared.secret, parts))
    return tryAsk(vault, asker, { kind: 'update_metadata', ...place, match, change })
  })
}

async function changeOf(vault: Vault, asker: Asker, secret: Secret, parts: Partial<Details>) {
  await verifyRow(vault, asker, secret, 'metadata.update')
  const { type, filename, description, tags, expiresAt } = secret
  const details = checkDetails({ type, filename, description, tags, expiresAt, ...parts })
  const mac = vault.keyring.rowMac(secretToAuthenticate({ ...secret, ...details }))
  return { rowMac: secret.mac, details, mac }
}
