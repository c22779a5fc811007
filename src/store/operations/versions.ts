/** A secret's versions: list them, read one, bring an old value back as a new version. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import type { Secret } from '../../model/secret.ts'
import { placeOfSecret } from '../decide/places.ts'
import { type Call, done, record, refuse } from '../decide/work.ts'
import type { Match } from '../naming.ts'
import type { Refused } from '../outcome.ts'
import type { StoredSecret, StoredVersion, VersionHead } from '../stored.ts'
import { histories, oldestVersions, sealedVersions, storedSecrets } from '../tables/secret.ts'
import { defineOnce, defineOperation, free } from './define.ts'
import { aSecret, type Changed, changedOnce, isGoing, type NextVersion, objectOf, putNext } from './secrets.ts'

interface ById {
  readonly id: number
}

interface OneVersion extends ById {
  readonly version: number
}

const listVersions = defineOperation<
  ById,
  { readonly secret: Secret; readonly versions: readonly VersionHead[] },
  StoredSecret
>()({
  kind: 'list_versions',
  action: 'version.list',
  scope: aSecret('secrets:list'),
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => {
    needs.history(id)
    needs.holdersOf(id)
  },
  decide: (call, _operation, found) =>
    done(call, objectOf(found), { secret: found.secret, versions: keptOf(call, found) }),
})

const readVersion = defineOperation<OneVersion, StoredVersion, StoredSecret>()({
  kind: 'read_version',
  action: 'version.read',
  scope: aSecret('secrets:read'),
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id, version }) => {
    needs.history(id)
    needs.sealedVersion(id, version)
  },
  decide: (call, { version }, found) => {
    const stored = versionOf(call, found, version)
    if (stored === undefined) return refuseVersion(call, found, version)
    const object = { ...objectOf(found), version, hash: hash('sha256', stored.sealed, 'hex') }
    return done(call, object, stored)
  },
})

/** Loads an old version to be sealed anew. Not recorded: the restoring that follows refuses and records. */
const prepareVersion = defineOperation<OneVersion, StoredVersion>()({
  kind: 'prepare_version',
  action: 'version.restore',
  scope: free,
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id, version }) => {
    needs.history(id)
    needs.sealedVersion(id, version)
  },
  decide: (call, { id, version }) => {
    const found = call.work.world.get(storedSecrets, call.account.id, id)
    const isGone = found === undefined || isGoing(call.work.world, found)
    const stored = isGone ? undefined : versionOf(call, found, version)
    if (stored === undefined) return { kind: 'refused', code: 'not_found', message: '' }
    return { kind: 'done', result: stored }
  },
})

/** The version is the one whose value `next` has. */
interface Restoring extends OneVersion {
  readonly match: Match | undefined
  readonly next: NextVersion | undefined
}

const restoreVersion = defineOnce<Restoring, Changed, StoredSecret>()({
  kind: 'restore_version',
  action: 'version.restore',
  scope: aSecret('secrets:write'),
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => {
    needs.history(id)
    needs.holdersOf(id)
  },
  decide: (call, operation, found) => {
    const { version } = operation
    if (!keptOf(call, found).some((kept) => kept.version === version)) return refuseVersion(call, found, version)
    return putNext(call, found, operation)
  },
  once: changedOnce,
})

interface Destroying extends ById {
  readonly versions: readonly number[]
}

/** What became of them: `whole` where they are all that there are, so that the secret goes with them, and nothing happened yet. */
type Destroyed = { readonly state: 'destroyed' } | { readonly state: 'whole'; readonly version: number }

/** Takes old values away for ever. One that is gone among others that are not would be taken for the work of somebody with the database. */
const destroyVersions = defineOperation<Destroying, Destroyed, StoredSecret>()({
  kind: 'destroy_versions',
  action: 'version.destroy',
  scope: aSecret('secrets:delete'),
  environment: placeOfSecret,
  // As what was deleted is purged.
  delicate: true,
  grants: 'nothing',
  needs: (needs, { id }) => needs.history(id),
  decide: (call, { versions: named }, found) => {
    const { secret } = found
    const kept = keptOf(call, found)
    const wanted = kept.filter(({ version }) => named.includes(version))
    const last = wanted.at(-1)?.version
    if (last === undefined) return { kind: 'done', result: { state: 'destroyed' } }
    const older = kept.filter(({ version }) => version <= last)
    if (older.length > wanted.length) return refuseAmong(call, found, older)
    if (last === secret.version) return { kind: 'done', result: { state: 'whole', version: last } }
    const { world } = call.work
    world.changes.drop(oldestVersions, { accountId: secret.accountId, secretId: secret.id, version: last })
    world.setFact(
      histories,
      (world.fact(histories, secret.accountId, secret.id) ?? []).filter(({ version }) => version > last),
      ...([secret.accountId, secret.id] as const),
    )
    for (const { version } of wanted) record(call, { ...objectOf(found), version, hash: null }, 'ok')
    return { kind: 'done', result: { state: 'destroyed' } }
  },
})

function refuseAmong(call: Call, found: StoredSecret, older: readonly VersionHead[]): Refused {
  const all = older.map(({ version }) => version).join(', ')
  const message = `Versions are destroyed from the oldest on, and the newest with all others: name ${all} together.`
  return refuse(call, { ...objectOf(found), hash: null }, 'invalid', message)
}

export const versionOperations = {
  [listVersions.kind]: listVersions,
  [readVersion.kind]: readVersion,
  [prepareVersion.kind]: prepareVersion,
  [restoreVersion.kind]: restoreVersion,
  [destroyVersions.kind]: destroyVersions,
}

/** With a lower setting than before, what is beyond it is out of reach at once, and gone with the next change. */
function keptOf({ work }: Call, { secret }: StoredSecret): readonly VersionHead[] {
  const { world } = work
  const all = world.fact(histories, secret.accountId, secret.id) ?? []
  return all.filter(({ version }) => version > secret.version - world.keepVersions)
}

function versionOf(call: Call, found: StoredSecret, version: number): StoredVersion | undefined {
  const { secret, key } = found
  const head = keptOf(call, found).find((kept) => kept.version === version)
  // The newest may be of this very batch.
  const isCurrent = version === secret.version
  const stored = isCurrent
    ? { sealed: found.sealed, name: secret.name }
    : call.work.world.fact(sealedVersions, secret.accountId, secret.id, version)
  if (head === undefined || stored === undefined) return undefined
  return { version, createdAt: head.createdAt, ...stored, secret, key }
}

function refuseVersion(call: Call, found: StoredSecret, version: number): Refused {
  const object: AuditObject = { ...objectOf(found), version, hash: null }
  return refuse(
    call,
    object,
    'not_found',
    'No such version of this secret is kept. List the versions to see those that are.',
  )
}
