/** What was deleted and is kept for a while: listed, put back, destroyed before its end or at it. */
import { setImmediate } from 'node:timers/promises'
import { Refusal } from '../errors.ts'
import { type Deleted, endOf, seesDeleted } from '../model/deleted.ts'
import { isSecretName } from '../model/name.ts'
import { allowsName, type Right } from '../model/scope.ts'
import type { Secret } from '../model/secret.ts'
import { deletedIn, deletedWith } from '../store/listings.ts'
import type { IdOrName } from '../store/naming.ts'
import type { Op } from '../store/operation.ts'
import type { Purged } from '../store/operations/deleted.ts'
import type { HeldContents, Restored, RestoredThing, UnheldContents } from '../store/operations/restoring.ts'
import type { NextVersion } from '../store/operations/secrets.ts'
import { deleteInParts } from './deletion.ts'
import { type Lease, leadOnce } from './leases.ts'
import { everyRow, everything, type Found, find, mapped, type Wanted } from './pages.ts'
import { Pace } from './scan-in-turns.ts'
import { openKept, sealNext, tryUntilMade } from './secrets.ts'
import { type Asker, ask, bySystem, outdated, tryAsk, unlessMissing, type Vault, verify } from './vault.ts'

const maxTries = 30

/** Something that is kept, and until when. */
export interface ShownDeleted extends Deleted {
  readonly end: number
  /** The environment that it was in; nothing of an environment. */
  readonly environment: string | null
}

/** What can be restored, and for how many days what is deleted now could be. */
export interface FoundDeleted extends Found<ShownDeleted> {
  readonly recoveryDays: number
}

/** What was deleted in the environment that is meant, as far as the asker may know of it, the newest first. */
export async function listDeleted(vault: Vault, asker: Asker, wanted: Wanted): Promise<FoundDeleted> {
  const found = await ask(vault, asker, { kind: 'list_deleted' })
  const { accountId, environment, scopes, recoveryDays, now } = found
  const isSeen = (one: Deleted) => {
    if (one.state !== 'kept' || one.withId !== null || endOf(one, recoveryDays) <= now) return false
    // The row says where it was, and not the index that led to it.
    const isWhereItWas = one.kind === 'environment' || one.environmentId === environment.id
    return isWhereItWas && seesDeleted(scopes, environment.name, one)
  }
  const rows = deletedIn(environment.id)
  const all = find(vault, asker, accountId, { table: 'deleted', action: 'deleted.list', rows, isSeen }, wanted)
  const shown = mapped(all, (one) => ({
    ...one,
    end: endOf(one, recoveryDays),
    environment: one.kind === 'environment' ? null : environment.name,
  }))
  return { ...shown, recoveryDays }
}

/** The secret of a name that was deleted last, in the environment that is meant, if it is kept and the asker may know of it. */
export async function findDeletedSecret(vault: Vault, asker: Asker, name: string): Promise<ShownDeleted | undefined> {
  const { pages } = await listDeleted(vault, asker, everything)
  for await (const page of pages) {
    const found = page.find((one) => one.kind === 'secret' && one.name === name)
    if (found !== undefined) return found
  }
  return undefined
}

export interface RestoreInput {
  /** Another name. */
  readonly name?: string | undefined
  /** Another list, for a secret. */
  readonly list?: IdOrName | undefined
}

/**
 * Puts something back that was deleted, with its id and its history; a list with all that was in it, together.
 *
 * @throws Refusal `not_found`, `forbidden`, `name_taken`, `place_gone`, `invalid`
 */
export async function restoreDeleted(
  vault: Vault,
  asker: Asker,
  id: number,
  { name, list }: RestoreInput,
): Promise<RestoredThing> {
  const asked = { kind: 'restore_deleted', id, name, list } as const
  let held: HeldContents | undefined
  const restored = await tryUntilMade('What is restored', maxTries, async (): Promise<Settled | typeof outdated> => {
    const next = name === undefined ? undefined : await sealKept(vault, asker, id, { name })
    if (next === outdated) return outdated
    const answer = await tryAsk(vault, asker, { ...asked, next, held })
    if (answer === outdated || answer.state !== 'unheld') return answer
    held = await holdContents(vault, asker, answer, 'secrets:write')
    return outdated
  })
  if (restored.state === 'returning') await returnInParts(vault, asker, restored.accountId, id)
  return restored.thing
}

type Settled = Exclude<Restored, UnheldContents>

/**
 * A value of a secret that is kept, sealed as its next version: under another name, or an older one under its own.
 *
 * @returns nothing of what is no secret, and of what the asker may not restore so
 */
export async function sealKept(
  vault: Vault,
  asker: Asker,
  id: number,
  how: { readonly name: string } | { readonly thing: number; readonly version: number },
): Promise<NextVersion | undefined | typeof outdated> {
  const old = 'thing' in how ? how : undefined
  const prepared = await prepare(vault, asker, { kind: 'prepare_deleted', id, old })
  if (prepared === undefined || prepared === outdated) return prepared
  const name = 'name' in how ? how.name : prepared.secret.name
  // What is no name is refused.
  if ((old === undefined && name === prepared.secret.name) || !isSecretName(name)) return undefined
  const { secret, key } = prepared
  const place = { ...secret, name: prepared.old.name, version: prepared.old.version }
  const value = await openKept(vault, asker, { secret: place, key, sealed: prepared.old.sealed }, 'secret.restore')
  if (value === undefined) return outdated
  try {
    return await sealNext(vault, asker, prepared, 'secret.restore', value, name)
  } finally {
    value.fill(0)
  }
}

function prepare(vault: Vault, asker: Asker, operation: Op<'prepare_deleted'>) {
  return unlessMissing(tryAsk(vault, asker, operation))
}

/** Looks at the name of everything in it: what is in it only gets less. */
async function holdContents(
  vault: Vault,
  asker: Asker,
  { accountId, id, scopes, environment }: UnheldContents,
  right: Right,
): Promise<HeldContents> {
  const pace = new Pace()
  for await (const one of everyRow(vault, accountId, deletedWith(id))) {
    await verify(vault, asker, 'deleted', one, 'deleted.list')
    if (!allowsName(scopes, right, environment, one.name)) return { scopes, environment, right, forbidden: one.name }
    await pace.after(1)
  }
  return { scopes, environment, right, forbidden: undefined }
}

/** @throws Refusal `name_taken` when a name of what was in it was taken meanwhile: then all of it is kept as before */
async function returnInParts(
  vault: Vault,
  from: Pick<Asker, 'requestId' | 'address'>,
  accountId: number,
  id: number,
  signal?: AbortSignal,
): Promise<void> {
  while (!signal?.aborted) {
    const part = await bySystem(vault, from, accountId, { kind: 'restore_part', id })
    if (part === outdated || part.state === 'going on') await setImmediate()
    else if (part.state === 'done') return
    else {
      await deleteInParts(vault, from, accountId, part.listId, signal)
      const message = 'Secrets with names of some that were in it exist again. Rename or delete those first.'
      throw new Refusal('name_taken', message, { fields: [{ field: 'name', detail: message }] })
    }
  }
}

/** Destroys what is kept at once. @throws Refusal `not_found`, `forbidden`, `confirmation_required` */
export async function purgeDeleted(vault: Vault, asker: Asker, id: number): Promise<void> {
  let held: HeldContents | undefined
  const purged = await tryUntilMade('What is purged', maxTries, async () => {
    const answer: Purged = await ask(vault, asker, { kind: 'purge_deleted', id, held })
    if (answer.state !== 'unheld') return answer
    held = await holdContents(vault, asker, answer, 'secrets:delete')
    return outdated
  })
  if (purged.state === 'gone') return forget(vault, purged.secrets)
  await purgeInParts(vault, asker, purged.accountId, id)
}

async function purgeInParts(
  vault: Vault,
  from: Pick<Asker, 'requestId' | 'address'>,
  accountId: number,
  id: number,
  signal?: AbortSignal,
): Promise<void> {
  while (!signal?.aborted) {
    const part = await bySystem(vault, from, accountId, { kind: 'purge_part', id })
    if (part !== outdated) {
      forget(vault, part.secrets)
      if (part.isLast) return
    }
    await setImmediate()
  }
}

function forget({ keyring }: Vault, gone: readonly Pick<Secret, 'accountId' | 'uid'>[]): void {
  for (const { accountId, uid } of gone) keyring.forgetSecretKey(accountId, uid)
}

const sweptAtOnce = 100
const beginning = { accountId: 0, id: 0 }

/**
 * Destroys what is past its end, and goes on with what somebody began who is gone: as the server starts, and now and then, on one
 * node at a time. Where there is nothing to do, nothing is written.
 *
 * @param stopping ends it between two parts
 * @throws Refusal `integrity_failure`, once what other accounts hold is gone
 */
export async function sweepDeleted(vault: Vault, stopping?: AbortSignal): Promise<void> {
  const [first] = await vault.store.overDeleted(vault.now(), beginning, 1)
  if (first === undefined) return
  await leadOnce(vault, { name: 'deleted', work: (lease, signal) => sweepAll(vault, lease, signal) }, stopping)
}

async function sweepAll(vault: Vault, lease: Lease, signal: AbortSignal): Promise<void> {
  let forged: Refusal | undefined
  for (let last = beginning; !signal.aborted; ) {
    const over = await vault.store.overDeleted(vault.now(), last, sweptAtOnce)
    for (const [accountId, all] of Map.groupBy(over, (one) => one.accountId)) {
      if (signal.aborted) return
      forged = (await sweepAccount(vault, accountId, all, lease, signal).catch(orForged)) ?? forged
    }
    const end = over.at(-1)
    if (end === undefined || over.length < sweptAtOnce) break
    last = { accountId: end.accountId, id: end.id }
  }
  if (forged !== undefined) throw forged
}

async function sweepAccount(
  vault: Vault,
  accountId: number,
  all: readonly Pick<Deleted, 'kind' | 'id' | 'state'>[],
  lease: Lease,
  signal: AbortSignal,
): Promise<undefined> {
  const from = { requestId: 'sweep', address: '' }
  const ids = all.flatMap(({ kind, id }) => (kind === 'secret' ? [id] : []))
  const gone = ids.length === 0 ? [] : await bySystem(vault, from, accountId, { kind: 'sweep_deleted', ids }, lease)
  if (gone !== outdated) forget(vault, gone)
  // Whoever restores or purges something in parts does this without a lease as well: each part is done once.
  for (const { kind, id, state } of all) {
    if (state === 'returning') await returnInParts(vault, from, accountId, id, signal).catch(unlessTaken)
    else if (kind !== 'secret') await purgeInParts(vault, from, accountId, id, signal)
  }
}

function orForged(error: unknown): Refusal {
  if (error instanceof Refusal && error.code === 'integrity_failure') return error
  throw error
}

/** Whoever asked for it is told, if they are still there. */
function unlessTaken(error: unknown): void {
  if (!(error instanceof Refusal) || error.code !== 'name_taken') throw error
}
