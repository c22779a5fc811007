/** A secret's versions: list, read, restore. */
import type { Action } from '../audit/record.ts'
import type { Secret } from '../model/secret.ts'
import type { Match } from '../store/naming.ts'
import type { Changed, NextVersion } from '../store/operations/secrets.ts'
import type { StoredVersion, VersionHead } from '../store/stored.ts'
import { keyOf, prepare, recorded } from './secret-rows.ts'
import {
  asChange,
  changedBy,
  changeInTurn,
  type Form,
  followEnvironment,
  resolve,
  sealNext,
  tryUntilMade,
} from './secrets.ts'
import { type Asker, ask, type Identity, tryAsk, tryAskOnce, unlessMissing, type Vault } from './vault.ts'

/**
 * Lists the versions that are kept, newest first.
 *
 * @throws Refusal `not_found`, `forbidden`, `integrity_failure`
 */
export async function listVersions(
  vault: Vault,
  asker: Asker,
  id: number,
): Promise<{ secret: Secret; versions: readonly VersionHead[] }> {
  const { secret, versions } = await ask(vault, asker, { kind: 'list_versions', id })
  return { secret, versions: versions.toReversed() }
}

/**
 * Reads the value of one version. The read is in the audit trail before this resolves. A template that was has in it what it
 * refers to as that is now.
 *
 * @throws Refusal `not_found` for an unknown id and for a version that is not kept; `forbidden`, `integrity_failure`
 */
export async function readVersion(
  vault: Vault,
  asker: Asker,
  id: number,
  version: number,
  form: Form = 'resolved',
): Promise<{ stored: StoredVersion; value: Buffer }> {
  const { noting, there } = followEnvironment(asker)
  const stored = await ask(vault, noting, { kind: 'read_version', id, version })
  const read = { secret: stored.secret, value: await openVersion(vault, asker, stored, 'version.read') }
  if (form === 'stored') return { stored, value: read.value }
  const { all } = await resolve(vault, there(), [read])
  return { stored, value: all[0]?.value ?? read.value }
}

export interface Restoring {
  readonly version: number
  readonly match: Match | undefined
}

/**
 * Makes an old value the current one again, as a new version.
 *
 * @throws Refusal `not_found`, `forbidden`, `stale_version`, `idempotency_mismatch`
 */
export async function restoreVersion(
  vault: Vault,
  asker: Asker,
  { accountId }: Identity,
  id: number,
  { version, match }: Restoring,
): Promise<Changed> {
  const repeatable = asChange(asker, ['restore', id, version, match ?? null])
  return changeInTurn(vault, `${accountId} ${id}`, async () => {
    const prepared = await prepare(vault, asker, { kind: 'prepare_version', id, version })
    const next = prepared && (await sealAgain(vault, asker, prepared))
    return changedBy(await tryAskOnce(vault, repeatable, { kind: 'restore_version', id, version, match, next }))
  })
}

export type { VersionHead }

/** Another change of the same secret may be under way. */
const maxTries = 20

/**
 * Destroys the values of versions for ever. Their numbers and times stay; of the current one, the secret has no value until the
 * next one is stored. What was destroyed already stays as it is.
 *
 * @param isStrict whether all of them must be kept; else what is not there is left out
 * @throws Refusal `not_found`, `forbidden`, `confirmation_required`
 */
export async function destroyVersions(
  vault: Vault,
  asker: Asker,
  id: number,
  versions: readonly number[],
  isStrict: boolean,
): Promise<void> {
  await tryUntilMade('The secret', maxTries, () =>
    tryAsk(vault, asker, { kind: 'destroy_versions', id, versions, isStrict }),
  )
}

/** What is known of a version whose value was destroyed, for whoever may read it; nothing of any other. */
export function findDestroyed(vault: Vault, asker: Asker, id: number, version: number | undefined) {
  return unlessMissing(ask(vault, asker, { kind: 'find_destroyed', id, version }))
}

/** The value of an old version, sealed as the next one. */
export async function sealAgain(
  vault: Vault,
  asker: Asker,
  prepared: StoredVersion,
  action: Action = 'version.restore',
): Promise<NextVersion> {
  const value = await openVersion(vault, asker, prepared, action)
  try {
    return await sealNext(vault, asker, prepared, action, value)
  } finally {
    value.fill(0)
  }
}

/** @throws Refusal `integrity_failure`, recorded under the action */
export async function openVersion(vault: Vault, asker: Asker, stored: StoredVersion, action: Action): Promise<Buffer> {
  const { secret, version, sealed } = stored
  try {
    return vault.keyring.openValue({ ...secret, name: stored.name, version }, await keyOf(vault, asker, stored), sealed)
  } catch (error) {
    throw await recorded(error, vault, asker, { ...secret, version }, action)
  }
}
