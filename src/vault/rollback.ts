/** What an environment was at a time, by the versions that are kept and by the trail; and making it so again. */

import { hash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { AuditRecord } from '../audit/record.ts'
import { invalid, type Refusal } from '../errors.ts'
import { maxRolledBack } from '../model/deleted.ts'
import { defaultEnvironment } from '../model/environment.ts'
import { matches } from '../model/pattern.ts'
import { allowsName } from '../model/scope.ts'
import type { Secret } from '../model/secret.ts'
import type { Results } from '../store/operation.ts'
import type { RollingBack } from '../store/operations/rollback.ts'
import { newestAway } from './archived.ts'
import { listDeleted, sealKept } from './deleted.ts'
import { allOf, everything, pages } from './pages.ts'
import { Pace } from './scan-in-turns.ts'
import { prepare } from './secret-rows.ts'
import { hasValue, tryUntilMade } from './secrets.ts'
import { type Stretch, stretchesWith } from './trail-search.ts'
import { firstAt } from './trail-times.ts'
import { type Asker, ask, outdated, tryAsk, type Vault, verifyAll } from './vault.ts'
import { openVersion, sealAgain } from './versions.ts'

const maxTries = 20
const secretsPage = 500
/** Secrets whose values are held against those of then. Of more, narrowed by name, each part is. */
const maxCompared = 1000
/** Sequence numbers that are looked through in one query. */
const recordsAtOnce = 5000
/** And in all: of a trail with an index these are those near which something was changed. */
const maxLookedThrough = 250_000

/**
 * How a secret stands to what it was: `changed` gets its old value again, as a new version (of whoever may read it, only where
 * that is another than it has); `deleted` is restored; `created` is
 * new since, and stays unless it is asked for; the others are only named: `renamed`, `moved` into another list, `details` of it
 * changed; `lost` can no longer be had.
 */
export type RollbackState = 'changed' | 'deleted' | 'created' | 'renamed' | 'moved' | 'details' | 'lost'

export interface RollbackItem {
  readonly state: RollbackState
  readonly id: number
  readonly name: string
  /** The version that it has now, if it is there. */
  readonly version: number | null
  /** The version that it had then, if that is known. */
  readonly was: number | null
  /** What there is to say beyond. */
  readonly detail: string | null
  /** Of what is restored: its deletion. */
  readonly deletion?: number
}

export interface RollbackInput {
  /** Milliseconds since 1970. */
  readonly to: number
  /** Of these secrets alone: a name or a pattern. */
  readonly name?: string | undefined
  readonly deletesCreated: boolean
}

export interface Rollback {
  readonly environment: string
  readonly items: readonly RollbackItem[]
}

type Listing = Results['list_secrets']

/** Says what rolling back would do. @throws Refusal `forbidden`, `invalid` for a time to come */
export async function previewRollback(vault: Vault, asker: Asker, input: RollbackInput): Promise<Rollback> {
  if (input.to >= vault.now()) throw invalid('to', 'Must be a time that has passed.')
  await ask(vault, asker, { kind: 'admit_rollback' })
  const listing = await ask(vault, asker, { kind: 'list_secrets' })
  const items = await withoutSame(vault, asker, listing, await itemsOf(vault, asker, listing, input))
  return { environment: listing.environment.name, items }
}

/**
 * Makes an environment again what it was, as far as the asker sees it: all of the preview, in one transaction, or nothing.
 *
 * @throws Refusal `forbidden` when the asker may not do a part of it; `invalid` for too much at once; `name_taken`, `place_gone`
 */
export function rollBack(vault: Vault, asker: Asker, input: RollbackInput): Promise<Rollback> {
  return tryUntilMade('The environment', maxTries, async () => {
    const rollback = await previewRollback(vault, asker, input)
    const { items } = rollback
    const of = (state: RollbackState) => items.filter((one) => one.state === state)
    const created = input.deletesCreated ? of('created') : []
    const [changed, deleted] = [of('changed'), of('deleted')]
    const count = changed.length + deleted.length + created.length
    if (count === 0) return rollback
    if (count > maxRolledBack) {
      const detail = `Must match fewer secrets: ${count} are different, and ${maxRolledBack} can be rolled back in one transaction. Narrow it to a pattern of names, one after the other.`
      throw invalid('name', detail)
    }
    const changes: RollingBack['changes'][number][] = []
    for (const { id, was } of changed) {
      const version = was ?? 0
      const prepared = await prepare(vault, asker, { kind: 'prepare_version', id, version })
      if (prepared === undefined) return outdated
      changes.push({ id, version, next: await sealAgain(vault, asker, prepared, 'secret.rollback') })
    }
    const restores: RollingBack['restores'][number][] = []
    for (const { id: thing, was, version, deletion = 0 } of deleted) {
      const isOld = was !== null && was !== version
      const next = isOld ? await sealKept(vault, asker, deletion, { thing, version: was }) : undefined
      if (next === outdated) return outdated
      restores.push({ id: deletion, next })
    }
    const deletes = created.map(({ id, version }) => ({ id, version: version ?? 0 }))
    const gone = await tryAsk(vault, asker, { kind: 'roll_back', changes, restores, deletes })
    if (gone === outdated) return outdated
    for (const { accountId, uid } of gone) vault.keyring.forgetSecretKey(accountId, uid)
    return rollback
  })
}

async function itemsOf(
  vault: Vault,
  asker: Asker,
  listing: Listing,
  { to, name }: RollbackInput,
): Promise<readonly RollbackItem[]> {
  const { accountId, scopes, environment } = listing
  const isSeen = (one: string) =>
    allowsName(scopes, 'secrets:list', environment.name, one) && (name === undefined || matches(name, one))
  const trail = await trailSince(vault, accountId, environment.id, to)
  const there = await livingItems(vault, asker, listing, to, isSeen, trail)
  const kept = await keptItems(vault, asker, accountId, to, isSeen)
  const known = new Set([...there.ids, ...kept.map(({ id }) => id)])
  return [...there.items, ...kept, ...lostItems(trail, known, isSeen)]
}

/**
 * Leaves out those that have the value of then already, such as after another rollback: as far as the asker may read it, as whoever
 * may only write could try out values against it. Recorded as a comparison.
 */
async function withoutSame(
  vault: Vault,
  asker: Asker,
  { scopes, environment }: Listing,
  items: readonly RollbackItem[],
): Promise<readonly RollbackItem[]> {
  const isRead = ({ name }: RollbackItem) => allowsName(scopes, 'secrets:read', environment.name, name)
  const compared = items.filter((item) => item.state === 'changed' && isRead(item))
  if (compared.length === 0 || compared.length > maxCompared) return items
  const lines = compared.map(({ id, name, version, was }) => `${id} ${version} ${was} ${name}\n`)
  await ask(vault, asker, {
    ...{ kind: 'hand_out_fingerprints', names: compared.map(({ name }) => name), scopes },
    ...{ versions: 2 * compared.length, hash: hash('sha256', lines.join(''), 'hex') },
  })
  const same = new Set<RollbackItem>()
  for (const item of compared) if (await hasValueOfThen(vault, asker, item)) same.add(item)
  return items.filter((item) => !same.has(item))
}

async function hasValueOfThen(vault: Vault, asker: Asker, { id, version, was }: RollbackItem): Promise<boolean> {
  const then = await prepare(vault, asker, { kind: 'prepare_version', id, version: was ?? 0 })
  const now = await prepare(vault, asker, { kind: 'prepare_secret', id })
  if (then === undefined || now === undefined || now.secret.version !== version) return false
  const value = await openVersion(vault, asker, then, 'secret.rollback')
  try {
    return await hasValue(vault, asker, now, value)
  } finally {
    value.fill(0)
    // Others are answered in between.
    await setImmediate()
  }
}

/** What became of secrets of the environment since, by their ids. */
export interface TrailSince {
  readonly created: ReadonlySet<number>
  readonly moved: ReadonlySet<number>
  readonly detailed: ReadonlySet<number>
  readonly deleted: ReadonlyMap<number, string>
}

const followed = ['secret.create', 'secret.move', 'metadata.update', 'secret.delete'] as const

/** @throws Refusal `invalid` when it is archived, or more than is looked through at once */
export async function trailSince(
  vault: Vault,
  accountId: number,
  environmentId: number,
  to: number,
): Promise<TrailSince> {
  const size = await vault.store.auditSize(accountId)
  const first = await firstAt(vault, accountId, size, to + 1)
  const away = first > size ? undefined : await newestAway(vault, accountId, first, size)
  if (away !== undefined) {
    throw invalid(
      'to',
      `What happened up to ${new Date(away.lastAt).toISOString()} is archived: the operator can restore it ("strongroom audit restore-segment").`,
    )
  }
  const [created, moved, detailed, deleted] = [
    new Set<number>(),
    new Set<number>(),
    new Set<number>(),
    new Map<number, string>(),
  ]
  const isHere = (one: AuditRecord) => (one.environmentId ?? defaultEnvironment.id) === environmentId
  for (const stretch of await followedIn(vault, accountId, environmentId, { first, last: size })) {
    const looked = { ...stretch, limit: recordsAtOnce, changes: followed }
    const found = await vault.store.recordsAmong(accountId, looked)
    for (const { record } of found) {
      const { object, action } = record
      if (object?.kind !== 'secret' || object.id === null || !isHere(record)) continue
      if (action === 'secret.create') created.add(object.id)
      if (action === 'secret.move') moved.add(object.id)
      if (action === 'metadata.update') detailed.add(object.id)
      if (action === 'secret.delete') deleted.set(object.id, object.name ?? '')
    }
  }
  return { created, moved, detailed, deleted }
}

/** Where the trail may have what is followed, the oldest first. @throws Refusal `invalid` when that is too much of it */
async function followedIn(
  vault: Vault,
  accountId: number,
  environmentId: number,
  within: { readonly first: number; readonly last: number },
): Promise<readonly Stretch[]> {
  const parts: Stretch[] = []
  for (const action of followed) {
    let looked = 0
    const sought = { action, outcome: 'ok', environmentId }
    for await (const part of stretchesWith(vault, accountId, sought, within, recordsAtOnce)) {
      parts.push(part)
      looked += part.upTo - part.after
      if (looked > maxLookedThrough) throw tooLong()
    }
  }
  const joined = inTurns(parts)
  if (joined.reduce((sum, { after, upTo }) => sum + upTo - after, 0) > maxLookedThrough) throw tooLong()
  return joined
}

function tooLong(): Refusal {
  const most = maxLookedThrough.toLocaleString('en')
  return invalid(
    'to',
    `Must be later: more than ${most} records since then would have to be looked through. Restore single versions instead, or what is recently deleted.`,
  )
}

/** The same records, each once, the oldest first, in parts that are not too long. */
function inTurns(parts: readonly Stretch[]): readonly Stretch[] {
  const turns: Stretch[] = []
  let done = 0
  for (const { after, upTo } of parts.toSorted((one, other) => one.after - other.after)) {
    for (let from = Math.max(after, done); from < upTo; from = done) {
      done = Math.min(upTo, from + recordsAtOnce)
      turns.push({ after: from, upTo: done })
    }
  }
  return turns
}

async function livingItems(
  vault: Vault,
  asker: Asker,
  { within }: Listing,
  to: number,
  isSeen: (name: string) => boolean,
  { moved, detailed }: TrailSince,
): Promise<{ readonly items: readonly RollbackItem[]; readonly ids: readonly number[] }> {
  const touched: Secret[] = []
  const ids: number[] = []
  const pace = new Pace()
  const read = (last: number) => vault.store.secretsAfter(within, last, secretsPage)
  for await (const secret of pages(secretsPage, read, ({ id }) => id)) {
    ids.push(secret.id)
    if (isSeen(secret.name) && (secret.updatedAt > to || moved.has(secret.id))) touched.push(secret)
    await pace.after(1)
  }
  await verifyAll(vault, asker, 'secrets', touched, 'secret.list')
  const heads = await headsOf(
    vault,
    asker,
    within.accountId,
    touched.map(({ id }) => id),
  )
  const items = touched.flatMap((secret) => {
    const { id, name, version } = secret
    const item = { id, name, version, was: null, detail: null }
    if (secret.createdAt > to) return [{ ...item, state: 'created' as const }]
    return [
      ...valueItems(secret, heads, to),
      ...(moved.has(id) ? [{ ...item, state: 'moved' as const, detail: 'It has come into another list since.' }] : []),
      ...(detailed.has(id)
        ? [{ ...item, state: 'details' as const, detail: 'Its description, tags or expiry are others since.' }]
        : []),
    ]
  })
  return { items, ids }
}

type Heads = ReadonlyMap<number, readonly Head[]>
interface Head {
  readonly version: number
  readonly createdAt: number
  readonly name: string
  readonly destroyedAt: number | null
}

async function headsOf(vault: Vault, asker: Asker, accountId: number, ids: readonly number[]): Promise<Heads> {
  const heads = new Map<number, readonly Head[]>()
  for (let at = 0; at < ids.length; at += secretsPage) {
    const found = await vault.store.versionHeadsOf(accountId, ids.slice(at, at + secretsPage))
    await verifyAll(vault, asker, 'versions', found, 'version.list')
    for (const [id, of] of Map.groupBy(found, ({ secretId }) => secretId)) heads.set(id, of)
  }
  return heads
}

/** The version of then, whose value it gets again; or that it is kept no longer. */
function valueItems({ id, name, version }: Secret, heads: Heads, to: number): RollbackItem[] {
  const kept = heads.get(id) ?? []
  const then = kept.findLast(({ createdAt }) => createdAt <= to)
  const item = { id, name, version, was: then?.version ?? null, detail: null }
  if (then === undefined) return [{ ...item, state: 'lost', detail: 'The version of then is kept no longer.' }]
  // What had no value then needs none now.
  if (then.version === version && (then.destroyedAt === null || then.destroyedAt <= to)) return []
  if (then.destroyedAt !== null) return [{ ...item, state: 'lost', detail: valueGone }]
  const renamed = { ...item, state: 'renamed', detail: `It was called ${then.name}.` } as const
  return [{ ...item, state: 'changed' }, ...(then.name === name ? [] : [renamed])]
}

const valueGone = 'The value of the version of then was destroyed.'

async function keptItems(
  vault: Vault,
  asker: Asker,
  accountId: number,
  to: number,
  isSeen: (name: string) => boolean,
): Promise<readonly RollbackItem[]> {
  const all = (await allOf(await listDeleted(vault, asker, everything))).filter(({ deletedAt }) => deletedAt > to)
  const secrets = all.filter((one) => one.kind === 'secret' && isSeen(one.name) && Number(one.row['created_ms']) <= to)
  const heads = await headsOf(
    vault,
    asker,
    accountId,
    secrets.map(({ thingId }) => thingId),
  )
  const items = secrets.map((one): RollbackItem => {
    const then = heads.get(one.thingId)?.findLast(({ createdAt }) => createdAt <= to)
    const item = { id: one.thingId, name: one.name, version: one.version, deletion: one.id, detail: null }
    // What was deleted without a value is restored without one.
    const isThere = then !== undefined && (then.destroyedAt === null || then.version === one.version)
    return isThere
      ? { ...item, state: 'deleted', was: then.version }
      : { ...item, state: 'lost', was: null, detail: 'It can be restored, and not with the value of then.' }
  })
  const lists = all.filter((one) => one.kind === 'list')
  return [
    ...items,
    ...lists.map((one): RollbackItem => {
      const detail = `A list that was deleted with all that was in it: restore it first, as deletion ${one.id}.`
      return { state: 'lost', id: one.thingId, name: one.name, version: null, was: null, detail }
    }),
  ]
}

/** Deleted since, and not to be had again. */
function lostItems(
  { deleted, created }: TrailSince,
  known: ReadonlySet<number>,
  isSeen: (name: string) => boolean,
): readonly RollbackItem[] {
  return [...deleted].flatMap(([id, name]) => {
    if (known.has(id) || created.has(id) || !isSeen(name)) return []
    const detail = 'It was deleted, and is not kept by itself.'
    return [{ state: 'lost', id, name, version: null, was: null, detail } as const]
  })
}
