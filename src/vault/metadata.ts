/** What is known of a secret beside its value: read it, change it. */
import type { List } from '../model/list.ts'
import type { Decoy, Details, Secret, SecretSearch } from '../model/secret.ts'
import type { MetadataMatch, Place } from '../store/naming.ts'
import { listsOf, listsOfIds } from './lists.ts'
import { allOf, everything } from './pages.ts'
import { type SecretsFound, searchOf } from './secret-listing.ts'
import { prepare } from './secret-rows.ts'
import { changeInTurn } from './secrets.ts'
import { checkDetails } from './values.ts'
import { type Asker, ask, type Identity, tryAsk, type Vault } from './vault.ts'

export interface Metadata {
  readonly secret: Secret
  /** Whether the asker may know whether it is a decoy. */
  readonly isManaged: boolean
  /** Nothing of what is inherited from an environment that the asker may not know of. */
  readonly list: List | undefined
}

/** After a change, which may be made without the right to see it. */
export interface ChangedMetadata extends Metadata {
  /** Whether the asker may list the secret. */
  readonly isSeen: boolean
}

/** @throws Refusal `not_found`, `forbidden`, `integrity_failure` */
export function readMetadata(vault: Vault, asker: Asker, place: Place): Promise<Metadata> {
  return ask(vault, asker, { kind: 'read_metadata', ...place })
}

/** Secrets of a listing that were just read, each with its list. The lists are read after them, so that none is missing. */
export async function withLists(
  vault: Vault,
  asker: Asker,
  { accountId, isManaged, placeOf }: Pick<SecretsFound, 'accountId' | 'isManaged' | 'placeOf'>,
  secrets: readonly Secret[],
): Promise<readonly Metadata[]> {
  const isSeen = (secret: Secret) => placeOf(secret).environment !== null
  const ids = [...new Set(secrets.filter(isSeen).map(({ listId }) => listId))]
  const lists = new Map((await listsOfIds(vault, asker, accountId, ids)).map((list) => [list.id, list]))
  // One that is gone by now took its secrets along.
  return secrets.flatMap((secret): Metadata[] => {
    if (!isSeen(secret)) return [{ secret, isManaged, list: undefined }]
    const list = lists.get(secret.listId)
    return list === undefined ? [] : [{ secret, isManaged, list }]
  })
}

/** How many secrets there are of which kind. The rows are counted by the database, which nobody holds to their MACs. */
export interface Summary {
  readonly secrets: number
  readonly files: number
  /** Those that expire within 30 days, or have expired. */
  readonly expiring: number
  /** Those of which nothing changed for a year. */
  readonly unchanged: number
  /** Those that some target holds in an older version. */
  readonly heldOld: number
  readonly lists: readonly { readonly list: List; readonly secrets: number }[]
  /** The first ones, by their letters. */
  readonly tags: readonly string[]
}

const dayMs = 86_400_000
const maxTags = 500

/** Counts the secrets that the asker may see, in turns with others. */
export async function summarize(vault: Vault, asker: Asker): Promise<Summary> {
  const { accountId, search } = await searchOf(vault, asker, {})
  const { store } = vault
  const count = (part: Partial<SecretSearch>) => store.countSecrets(accountId, { ...search, ...part })
  const now = vault.now()
  const byList = await store.countByList(accountId, search)
  const lists = (
    await allOf(listsOf(vault, asker, { accountId, environmentId: search.environmentId }, everything))
  ).map((list) => ({
    list,
    secrets: byList.get(list.id) ?? 0,
  }))
  return {
    secrets: [...byList.values()].reduce((sum, one) => sum + one, 0),
    files: await count({ type: 'file' }),
    expiring: await count({ expiresBefore: now + 30 * dayMs }),
    unchanged: await count({ updatedBefore: now - 365 * dayMs }),
    heldOld: await count({ isHeldOld: true }),
    lists,
    tags: await tagsOf(vault, accountId, search),
  }
}

/** The tags of the secrets that the asker may see. */
async function tagsOf({ store }: Vault, accountId: number, search: SecretSearch): Promise<readonly string[]> {
  const tags = await store.tags({ accountId, environmentId: search.environmentId }, maxTags)
  if (search.names === undefined) return tags
  const seen: string[] = []
  for (const tag of tags) if ((await store.countSecrets(accountId, { ...search, tag })) > 0) seen.push(tag)
  return seen
}

/**
 * Changes the parts that are given, and leaves the others. The value and its version stay.
 *
 * @param decoy what is to become of who reads it; left out, that stays
 * @throws Refusal `not_found`, `forbidden`, `stale_version`, `invalid`
 */
export async function updateMetadata(
  vault: Vault,
  asker: Asker,
  { accountId }: Identity,
  place: Place,
  parts: Partial<Omit<Details, 'type'>>,
  match: MetadataMatch | undefined,
  decoy?: Decoy | null | undefined,
): Promise<ChangedMetadata> {
  return changeInTurn(vault, `${accountId} ${place.id}`, async () => {
    const prepared = await prepare(vault, asker, { kind: 'prepare_secret', ...place, right: 'secrets:write' })
    const change = prepared && changeOf(prepared.secret, parts)
    return tryAsk(vault, asker, { kind: 'update_metadata', ...place, match, decoy, change })
  })
}

function changeOf(secret: Secret, parts: Partial<Details>) {
  const { type, filename, description, tags, expiresAt } = secret
  const details = checkDetails({ type, filename, description, tags, expiresAt, ...parts })
  return { rowMac: secret.mac, details }
}
