/** Many secrets in one request: stored as one, or changed and deleted each by itself. */
import { setImmediate } from 'node:timers/promises'
import { invalid, Refusal } from '../errors.ts'
import { plainDetails, type Secret } from '../model/secret.ts'
import type { IdOrName } from '../store/naming.ts'
import type { Changes } from '../store/operations/metadata.ts'
import type { Stored, Storing } from '../store/operations/secrets.ts'
import type { StoredSecret } from '../store/stored.ts'
import { checkedNew, hasValue, type NewSecret, ofItem, sealFirst, sealNext, tryUntilMade, unmade } from './secrets.ts'
import { checkDetails, decodeValue } from './values.ts'
import { type Asker, ask, authenticate, type Identity, type MadeOnce, tryAskOnce, type Vault } from './vault.ts'

/** Secrets of one request, at most: as many as go in one transaction. */
export const maxTogether = 100
/** Secrets that are sealed or opened before others have their turn. */
const inTurn = 20
/** Others may change one of them in between; so often in a row it does not happen by chance. */
const maxTries = 20

/** A value to be kept under a name, whether there is one or not. */
export interface StoredInput extends NewSecret {
  /** The version that it is stored upon; 0 where there must be none. */
  readonly version?: number | undefined
}

/** What storing it would do, and whether anything is in its way. */
export type Preview =
  /** `unread`: whoever asks may not read it, and so does not learn whether it is the same. */
  | { readonly state: 'new' | 'forbidden' | 'unread' }
  | { readonly state: 'changed' | 'same'; readonly id: number; readonly version: number }

/**
 * Stores all of them, or none: new secrets, and next versions of those that are there, of which everything but the value
 * stays.
 *
 * @returns what was stored, in the order of the input
 * @throws Refusal of the first that is at fault, with the fields of all that are; `idempotency_mismatch`
 */
export async function storeSecrets(
  vault: Vault,
  asker: Asker,
  identity: Identity,
  inputs: readonly StoredInput[],
): Promise<MadeOnce<readonly Stored[]>> {
  const checked = inputs.map((input, at) => ({ input, ...ofItem(at, () => checkedNew(vault, input)) }))
  const names = checked.map(({ name }) => name)
  try {
    return await tryUntilMade('One of the secrets', maxTries, async (tries) => {
      // The account's key may have been replaced meanwhile.
      const current = tries === 0 ? identity : await authenticate(vault, asker)
      const found = await ask(vault, asker, { kind: 'prepare_secrets', names })
      const secrets: (Storing & { readonly version: number | undefined })[] = []
      for (const [at, { input, name, list, details, value }] of checked.entries()) {
        const there = found[at]
        const { version } = input
        if (there === undefined) {
          secrets.push({ name, list, ...sealFirst(vault, current, name, details, value), version })
        } else {
          const bytes = ofItem(at, () => decodeValue(vault, input.value, there.secret.type))
          const next = await sealNext(vault, asker, there, 'secret.update', bytes).finally(() => bytes.fill(0))
          secrets.push({ name, next, version })
        }
        if (secrets.length % inTurn === 0) await setImmediate()
      }
      return tryAskOnce(vault, asker, { kind: 'store_secrets', secrets })
    })
  } catch (error) {
    throw await unmade(error, vault, asker, identity)
  } finally {
    for (const { value } of checked) value.fill(0)
  }
}

/**
 * Tells what `storeSecrets` would do with each. Where a value is compared with the one that is there, that is a recorded
 * read; no value leaves the server.
 *
 * @throws Refusal `invalid`, `too_large` for what could not be stored; `integrity_failure`
 */
export async function previewSecrets(
  vault: Vault,
  asker: Asker,
  inputs: readonly StoredInput[],
): Promise<readonly Preview[]> {
  const checked = inputs.map((input, at) => ofItem(at, () => checkedNew(vault, input)))
  try {
    const names = checked.map(({ name }) => name)
    const found = await ask(vault, asker, { kind: 'compare_secrets', names })
    const seen: Preview[] = []
    for (const [at, input] of inputs.entries()) {
      const there = found[at] ?? 'new'
      seen.push(typeof there === 'string' ? { state: there } : await compared(vault, asker, input, there, at))
      if (seen.length % inTurn === 0) await setImmediate()
    }
    return seen
  } finally {
    for (const { value } of checked) value.fill(0)
  }
}

async function compared(
  vault: Vault,
  asker: Asker,
  { value }: StoredInput,
  there: StoredSecret,
  at: number,
): Promise<Preview> {
  const { id, version, type } = there.secret
  const bytes = ofItem(at, () => decodeValue(vault, value, type))
  try {
    return { state: (await hasValue(vault, asker, there, bytes)) ? 'same' : 'changed', id, version }
  } finally {
    bytes.fill(0)
  }
}

/** What became of one of several: it, or why not. */
export type Each<Result> = Result | { readonly code: Refusal['code']; readonly message: string }

/** Changes what is known of each, as far as that is allowed. @throws Refusal `invalid` */
export async function changeSecrets(
  vault: Vault,
  asker: Asker,
  ids: readonly number[],
  changes: Changes,
): Promise<readonly Each<Secret>[]> {
  const { addTags, expiresAt = null } = changes
  try {
    checkDetails({ ...plainDetails, tags: addTags, expiresAt })
  } catch (error) {
    if (error instanceof Refusal && error.fields.some(({ field }) => field === 'tags')) {
      throw invalid('add_tags', 'Must be at most 32, each of 1 to 64 letters, digits or any of "_.:/=-".')
    }
    throw error
  }
  return ask(vault, asker, { kind: 'update_many_metadata', ids, changes })
}

/** Moves each into a list, as far as that is allowed. */
export function moveSecrets(
  vault: Vault,
  asker: Asker,
  ids: readonly number[],
  to: IdOrName,
): Promise<readonly Each<Secret>[]> {
  return ask(vault, asker, { kind: 'move_secrets', ids, to })
}

/** Deletes each with all its versions and its key, as far as that is allowed. */
export async function deleteSecrets(
  vault: Vault,
  asker: Asker,
  ids: readonly number[],
): Promise<readonly Each<{ readonly secret: Secret; readonly stale: number; readonly deletedId: number | null }>[]> {
  const deleted = await ask(vault, asker, { kind: 'delete_secrets', ids })
  for (const one of deleted) {
    if ('secret' in one) vault.keyring.forgetSecretKey(one.secret.accountId, one.secret.uid)
  }
  return deleted
}
