/** Decoys: what it comes to that one is read. */
import { type Action, type AuditObject, type RecordedOutcome, valueReads } from '../../audit/record.ts'
import { type ApiKey, scopesOf } from '../../model/api-key.ts'
import type { Principal } from '../../model/principal.ts'
import { managesAccount } from '../../model/scope.ts'
import type { Decoy } from '../../model/secret.ts'
import { apiKeys } from '../tables/api-key.ts'
import { storedSecrets } from '../tables/secret.ts'
import { seeds } from '../tables/seed.ts'
import type { World } from '../world.ts'
import { objectOfKey, objectOfSession } from './key-objects.ts'

/** Who reads. */
interface Reading {
  readonly work: { readonly world: World }
  readonly account: { readonly id: number }
  readonly request: { readonly requestId: string }
  readonly principal: Principal
  readonly key: ApiKey | undefined
  readonly action: Action
}

/** What becomes of who is handed out this value, if it is a decoy's. The secret was loaded to be read. */
export function decoyOf(
  { work, account, action }: Reading,
  object: AuditObject | null,
  outcome: RecordedOutcome,
): Decoy | null {
  if (outcome !== 'ok' || !valueReads.has(action) || object?.kind !== 'secret' || object.id === null) return null
  return work.world.get(storedSecrets, account.id, object.id)?.secret.decoy ?? null
}

/** Notes for the log and the metrics that it was read, by ids alone. */
export function noteRead({ work, account, principal, request }: Reading, object: AuditObject | null): void {
  const { kind, id } = principal
  const of = { accountId: account.id, secretId: object?.id ?? null, requestId: request.requestId }
  work.world.decoyReads.push({ ...of, reader: { kind, id } })
}

/**
 * Ends the key that reads: a session, which is one, too; for a seed, that of its maker. Not of whoever manages the account: they see
 * which secrets are decoys, and must not be locked out by looking at one.
 *
 * @returns what is to be recorded of it, by the server; nothing where no key ends
 */
export function endReader(reading: Reading) {
  const { world } = reading.work
  const key = world.get(apiKeys, reading.account.id, keyIdOf(reading) ?? 0)
  if (key === undefined || key.revokedAt !== null || managesAccount(scopesOf(key))) return undefined
  const ended = world.macs.seal('api_keys', { ...key, revokedAt: world.now })
  world.put(apiKeys, ended)
  const principal: Principal = { kind: 'system', id: 0, name: 'strongroom' }
  return key.userId === null
    ? ({ principal, action: 'key.revoke', object: objectOfKey(ended) } as const)
    : ({ principal, action: 'session.end', object: objectOfSession(ended) } as const)
}

function keyIdOf({ work, account, key, principal }: Reading): number | undefined {
  if (key !== undefined || principal.kind !== 'seed') return key?.id
  const maker = work.world.get(seeds, account.id, principal.id)?.maker
  return maker?.kind === 'key' ? maker.id : undefined
}
