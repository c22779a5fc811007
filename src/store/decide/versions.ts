/** What happens to a secret's versions: list them, read one, bring an old value back as a new version. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import type { Op, Outcome, Refused, StoredSecret, StoredVersion, VersionHead } from '../operation.ts'
import { ref, versionRef } from '../world.ts'
import { find, objectOf, putNext, replay } from './secrets.ts'
import { type Call, done, refuse } from './work.ts'

export function listVersions(call: Call, { id }: Op<'list_versions'>): Outcome<'list_versions'> {
  const found = find(call, { id }, 'secrets:list')
  if ('kind' in found) return found
  return done(call, objectOf(found), { secret: found.secret, versions: keptOf(call, found) })
}

export function readVersion(call: Call, { id, version }: Op<'read_version'>): Outcome<'read_version'> {
  const found = find(call, { id }, 'secrets:read')
  if ('kind' in found) return found
  const stored = versionOf(call, found, version)
  if (stored === undefined) return refuseVersion(call, found, version)
  const object = { ...objectOf(found), version, hash: hash('sha256', stored.sealed, 'hex') }
  return done(call, object, stored)
}

export function prepareVersion(call: Call, { id, version }: Op<'prepare_version'>): Outcome<'prepare_version'> {
  const found = call.work.world.secrets.get(ref(call.account.id, id))
  const stored = found === undefined ? undefined : versionOf(call, found, version)
  // The restoring that follows refuses and records; here is only what it needs.
  if (stored === undefined) return { kind: 'refused', code: 'not_found', message: '' }
  return { kind: 'done', result: stored }
}

export function restoreVersion(call: Call, operation: Op<'restore_version'>): Outcome<'restore_version'> {
  const { id, version, match, idempotency } = operation
  const found = find(call, { id }, 'secrets:write', match)
  if ('kind' in found) return found
  const earlier = replay(call, idempotency, objectOf(found))
  if (earlier !== undefined) return earlier
  if (!keptOf(call, found).some((kept) => kept.version === version)) return refuseVersion(call, found, version)
  return putNext(call, found, operation)
}

/** With a lower setting than before, what is beyond it is out of reach at once, and gone with the next change. */
function keptOf({ work }: Call, { secret }: StoredSecret): readonly VersionHead[] {
  const { versions, keepVersions } = work.world
  const all = versions.get(ref(secret.accountId, secret.id)) ?? []
  return all.filter(({ version }) => version > secret.version - keepVersions)
}

function versionOf(call: Call, found: StoredSecret, version: number): StoredVersion | undefined {
  const { secret, key } = found
  const head = keptOf(call, found).find((kept) => kept.version === version)
  // The newest may be of this very batch.
  const isCurrent = version === secret.version
  const stored = isCurrent
    ? { sealed: found.sealed, name: secret.name }
    : call.work.world.sealed.get(versionRef(secret.accountId, secret.id, version))
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
