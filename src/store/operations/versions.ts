/** A secret's versions: list them, read one, bring an old value back as a new version. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { allowsName } from '../../model/scope.ts'
import type { Secret } from '../../model/secret.ts'
import { placeOfSecret } from '../decide/lists.ts'
import { type Call, done, putSecret, record, refuse } from '../decide/work.ts'
import type { Match } from '../naming.ts'
import type { Refused } from '../outcome.ts'
import type { KeptVersion, StoredSecret, StoredVersion, VersionHead } from '../stored.ts'
import { histories, sealedVersions, storedSecrets, versions } from '../tables/secret.ts'
import { defineOnce, defineOperation, free } from './define.ts'
import {
  aSecret,
  type Changed,
  changedOnce,
  isGoing,
  type NextVersion,
  objectOf,
  putNext,
  secretAt,
} from './secrets.ts'

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

/**
 * What is known of a version whose value was destroyed, for whoever may read values: of the current one, where none is named. Not
 * recorded: the read that found no value is.
 */
const findDestroyed = defineOperation<ById & { readonly version: number | undefined }, Destroyed>()({
  kind: 'find_destroyed',
  action: 'version.read',
  scope: free,
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.history(id),
  decide: (call, { id, version }) => {
    const found = secretAt(call, { id })
    const head =
      found !== undefined && allowsName(call.scopes, 'secrets:read', call.environment.name, found.secret.name)
        ? keptOf(call, found).find((kept) => kept.version === (version ?? found.secret.version))
        : undefined
    if (found === undefined || head === undefined || head.destroyedAt === null) {
      return { kind: 'refused', code: 'not_found', message: '' }
    }
    const { createdAt, destroyedAt } = head
    return { kind: 'done', result: { secret: found.secret, version: head.version, createdAt, destroyedAt } }
  },
})

interface Destroyed extends VersionHead {
  readonly secret: Secret
}

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
    return hasValueOf(call, found, version) ? putNext(call, found, operation) : refuseVersion(call, found, version)
  },
  once: changedOnce,
})

interface Destroying extends ById {
  readonly versions: readonly number[]
  /** Whether all of them must be there; else those that are not are left out. */
  readonly isStrict: boolean
}

/** Takes the values of versions away for ever. Their rows stay: one that is missing among others would be taken for tampering. */
const destroyVersions = defineOperation<Destroying, null, StoredSecret>()({
  kind: 'destroy_versions',
  action: 'version.destroy',
  scope: aSecret('secrets:delete'),
  environment: placeOfSecret,
  // As what was deleted is purged.
  delicate: true,
  grants: 'nothing',
  needs: (needs, { id }) => needs.history(id),
  decide: (call, { versions: named, isStrict }, found) => {
    const kept = keptOf(call, found)
    const absent = named.find((one) => !kept.some(({ version }) => version === one))
    if (isStrict && absent !== undefined) return refuseVersion(call, found, absent)
    const wanted = kept.filter(({ version, destroyedAt }) => destroyedAt === null && named.includes(version))
    // What this very batch stores is not there yet to be changed.
    if (wanted.some((one) => isNew(call, found, one.version))) return { kind: 'outdated' }
    for (const one of wanted) destroyOne(call, found, one)
    return { kind: 'done', result: null }
  },
})

function isNew({ work }: Call, { secret }: StoredSecret, version: number): boolean {
  const added = work.world.changes.added(versions)
  return added.some(
    (one) => one.accountId === secret.accountId && one.secretId === secret.id && one.version === version,
  )
}

/** Overwrites a value with nothing. Of the current one, the secret says so itself: nobody looks at its versions to read it. */
function destroyOne(call: Call, found: StoredSecret, { version, createdAt, name }: Kept): void {
  const { world } = call.work
  const { accountId, id: secretId } = found.secret
  const head = world.macs.seal('versions', { accountId, secretId, version, createdAt, name, destroyedAt: world.now })
  world.change(versions, { ...head, sealed: nothing })
  const history = world.fact(histories, accountId, secretId) ?? []
  const changed = history.map((one) => (one.version === version ? head : one))
  world.setFact(histories, changed, accountId, secretId)
  if (version === found.secret.version) {
    const secret = { ...found.secret, destroyedAt: world.now, updatedAt: world.now }
    record(call, objectOf(putSecret(call.work, { ...found, secret, sealed: nothing })), 'ok')
  } else record(call, { ...objectOf(found), version, hash: null }, 'ok')
}

const nothing = new Uint8Array()

export const versionOperations = {
  [listVersions.kind]: listVersions,
  [readVersion.kind]: readVersion,
  [prepareVersion.kind]: prepareVersion,
  [restoreVersion.kind]: restoreVersion,
  [findDestroyed.kind]: findDestroyed,
  [destroyVersions.kind]: destroyVersions,
}

type Kept = VersionHead & Pick<KeptVersion, 'name'>

/** With a lower setting than before, what is beyond it is out of reach at once, and gone with the next change. */
function keptOf({ work }: Call, { secret }: StoredSecret): readonly Kept[] {
  const { world } = work
  const all = world.fact(histories, secret.accountId, secret.id) ?? []
  return all.filter(({ version }) => version > secret.version - world.keepVersions)
}

/** Whether a version is kept, and its value was not destroyed. */
export function hasValueOf(call: Call, found: StoredSecret, version: number): boolean {
  return keptOf(call, found).some((kept) => kept.version === version && kept.destroyedAt === null)
}

function versionOf(call: Call, found: StoredSecret, version: number): StoredVersion | undefined {
  const { secret, key } = found
  const head = keptOf(call, found).find((kept) => kept.version === version)
  // The newest may be of this very batch.
  const isCurrent = version === secret.version
  const stored = isCurrent
    ? { sealed: found.sealed, name: secret.name, destroyedAt: secret.destroyedAt }
    : call.work.world.fact(sealedVersions, secret.accountId, secret.id, version)
  if (head === undefined || head.destroyedAt !== null || stored === undefined) return undefined
  return { version, createdAt: head.createdAt, ...stored, secret, key }
}

function refuseVersion(call: Call, found: StoredSecret, version: number): Refused {
  const object: AuditObject = { ...objectOf(found), version, hash: null }
  const isDestroyed = keptOf(call, found).some((kept) => kept.version === version && kept.destroyedAt !== null)
  const what = isDestroyed ? 'The value of this version was destroyed.' : 'No such version of this secret is kept.'
  return refuse(call, object, 'not_found', `${what} List the versions to see those that can be read.`)
}
