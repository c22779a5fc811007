/** A secret's versions: list them, read one, bring an old value back as a new version. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import type { Secret } from '../../model/secret.ts'
import { placeOfSecret } from '../decide/places.ts'
import { type Call, done, refuse } from '../decide/work.ts'
import type { Match } from '../naming.ts'
import type { Refused } from '../outcome.ts'
import type { StoredSecret, StoredVersion, VersionHead } from '../stored.ts'
import { histories, sealedVersions, storedSecrets } from '../tables/secret.ts'
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

export const versionOperations = {
  [listVersions.kind]: listVersions,
  [readVersion.kind]: readVersion,
  [prepareVersion.kind]: prepareVersion,
  [restoreVersion.kind]: restoreVersion,
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
