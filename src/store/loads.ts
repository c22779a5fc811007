/** Fills the world of a batch with what it needs. Of what it does not need, nothing is done. */
import type { Deleted } from '../model/deleted.ts'
import {
  contentsOfDeletedEnvironment,
  contentsOfDeletedList,
  deletedById,
  deletedOfThing,
  type ThingRef,
} from './deleted-lookups.ts'
import type { Forged } from './forged.ts'
import type { Lookup } from './lookup.ts'
import * as lookups from './lookups.ts'
import { noteMissing } from './missing.ts'
import type { Needs, Restoring, Wanted, WantedDeleted } from './needs.ts'
import type { PlacedRef, Ref } from './refs.ts'
import { type At, atOf, type Index } from './rows.ts'
import { accountKeysInUse } from './tables/account.ts'
import { apiKeys } from './tables/api-key.ts'
import { deletedContents, rowOf, storedDeleted } from './tables/deleted.ts'
import { environments } from './tables/environment.ts'
import { contents, lists, listsByName } from './tables/list.ts'
import { machines } from './tables/machine.ts'
import { changedNames } from './tables/record.ts'
import { secrets, secretsByName, storedSecrets } from './tables/secret.ts'
import type { Result, Transaction } from './transaction.ts'
import { webhooks, webhooksOf } from './webhook-lookups.ts'
import type { World } from './world.ts'

interface Asked {
  readonly refs: ReadonlyMap<At, object>
  readonly rows: Promise<readonly unknown[]>
}

/**
 * What was asked for before the keys of those who ask were there: the rows that they name if these are still theirs. Where they
 * are not, nothing of it counts.
 */
export class Early {
  readonly #asked = new Map<object, Asked>()
  /** What was not authentic of it, once it is there. */
  readonly forged: readonly Forged[]

  /** @param forged where the transaction notes what is not authentic */
  constructor(tx: Transaction, needs: Needs, forged: readonly Forged[]) {
    this.forged = forged
    for (const { lookup, refs } of needs.asked) {
      // What is asked for beside the time waits until it is known.
      if (lookup.beside !== undefined) continue
      const rows = Promise.resolve(tx.find(lookup, [...refs.values()]))
      // Whoever waits for it is told of a failure, and perhaps nobody does.
      rows.catch(() => {})
      this.#asked.set(lookup, { refs, rows })
    }
  }

  of<Ref extends object, Found>(lookup: Lookup<Ref, Found>): Asked | undefined {
    return this.#asked.get(lookup)
  }
}

/**
 * Fills the world with what a batch needs, and notes what is missing of it.
 *
 * @param early what was asked for already, none of which is not needed
 */
export async function loadRows(tx: Transaction, needs: Needs, world: World, early: Early | undefined): Promise<void> {
  // Of an account without secrets no key is in use.
  for (const { accountId } of needs.refsOf(lookups.accountKeysInUse)) {
    world.setFact(accountKeysInUse, new Set(), accountId)
  }
  await loadAsked(tx, needs, world, early)
  if (early !== undefined) world.forged.push(...early.forged)
  noteMissing(needs, world)
  if (needs.withList.length > 0 || needs.held.length > 0) await loadFound(tx, needs, world)
  if (needs.signedInTo.size > 0) await loadSignedIn(tx, needs, world)
  if (needs.inherited.length > 0 || needs.renamed.length > 0) await loadNames(tx, needs, world)
  if (needs.renamedLists.length > 0) await loadListNames(tx, needs, world)
  if (needs.makers.length > 0) await loadMade(tx, needs, world)
  if (needs.madeParts.length > 0) await loadMadeParts(tx, needs, world)
  if (needs.contents.length > 0) await loadContents(tx, needs.contents, world)
  if (needs.deletions.length > 0) await loadDeleted(tx, needs.deletions, world)
}

/** What is named already: all of it is asked for at once, but for what was asked for early. */
export async function loadAsked(tx: Transaction, needs: Needs, world: World, early: Early | undefined): Promise<void> {
  const waiting: Promise<void>[] = []
  for (const { lookup, refs } of needs.asked) {
    const asked = early?.of(lookup)
    if (asked !== undefined) waiting.push(asked.rows.then((rows) => lookup.take(world, rows)))
    const answer = load(tx, lookup, asked === undefined ? [...refs.values()] : without(asked, refs), world)
    if (answer !== undefined) waiting.push(answer)
  }
  if (waiting.length > 0) await Promise.all(waiting)
}

function without<Ref>(asked: Asked, refs: ReadonlyMap<At, Ref>): Ref[] {
  return [...refs].flatMap(([at, ref]) => (asked.refs.has(at) ? [] : [ref]))
}

/** Nothing is asked, and nothing waited for, where nothing is looked for. */
export function load<Ref extends object, Found>(
  tx: Transaction,
  lookup: Lookup<Ref, Found>,
  refs: readonly Ref[],
  world: World,
): Promise<void> | undefined {
  if (refs.length === 0) return undefined
  const beside = lookup.beside?.(world.now)
  const found: Result<readonly Found[]> = tx.find(
    lookup,
    beside === undefined ? refs : refs.map((ref) => ({ ...ref, ...beside })),
  )
  if (found instanceof Promise) return found.then((rows) => lookup.take(world, rows))
  lookup.take(world, found)
  return undefined
}

/** The lists of the secrets whose list is answered too, and how many deployments hold those that change. */
async function loadFound(tx: Transaction, { withList, held }: Needs, world: World): Promise<void> {
  const ids = held.flatMap((one) => idOf(one, secretsByName, world))
  const missing = withList.flatMap((one) => missingList(one, world))
  await Promise.all([load(tx, lookups.listsById, missing, world), load(tx, lookups.holders, ids, world)])
}

type ByName<Row, Own> = Index<Row, Own, readonly [accountId: number, environmentId: number, name: string]>

function idOf<Row, Own extends { readonly id: number }>(wanted: Wanted, index: ByName<Row, Own>, world: World): Ref[] {
  const { accountId, id: named, chain } = wanted
  if (typeof named === 'number') return [{ accountId, id: named }]
  const ids = chain.flatMap((environmentId) => world.known(index, accountId, environmentId, named)?.id ?? [])
  return ids.slice(0, 1).map((id) => ({ accountId, id }))
}

function missingList(wanted: Wanted, world: World): Ref[] {
  return idOf(wanted, secretsByName, world).flatMap(({ accountId, id }) => {
    const listId = world.get(storedSecrets, accountId, id)?.secret.listId
    return listId === undefined || world.get(lists, accountId, listId) !== undefined ? [] : [{ accountId, id: listId }]
  })
}

/** Who has the names of secrets that may be inherited, or that are to be renamed where they are. */
async function loadNames(tx: Transaction, { inherited, renamed }: Needs, world: World): Promise<void> {
  const hiding = inherited.flatMap(({ accountId, id, chain }): PlacedRef[] => {
    const secret = world.get(storedSecrets, accountId, id)?.secret
    if (secret === undefined) return []
    const before = chain.slice(0, Math.max(chain.indexOf(secret.environmentId), 0))
    return before.map((environmentId) => ({ accountId, environmentId, name: secret.name }))
  })
  const taken = renamed.flatMap((wanted) =>
    idOf(wanted, secretsByName, world).flatMap(({ accountId, id }) =>
      elsewhere(wanted, accountId, world.get(storedSecrets, accountId, id)?.secret.environmentId),
    ),
  )
  await load(tx, lookups.named, [...hiding, ...taken], world)
}

/** Who has the names that lists are to get where they are. */
async function loadListNames(tx: Transaction, { renamedLists }: Needs, world: World): Promise<void> {
  const taken = renamedLists.flatMap((wanted) =>
    idOf(wanted, listsByName, world).flatMap(({ accountId, id }) =>
      elsewhere(wanted, accountId, world.get(lists, accountId, id)?.environmentId),
    ),
  )
  await load(tx, lookups.listsNamed, taken, world)
}

/** A name in another environment than the one that is meant: there it was looked for already. */
function elsewhere(
  { chain, name }: Needs['renamed'][number],
  accountId: number,
  environmentId: number | undefined,
): readonly PlacedRef[] {
  if (environmentId === undefined || environmentId === chain[0]) return []
  return [{ accountId, environmentId, name }]
}

/** Who is signed in, of all accounts where that is asked for. */
async function loadSignedIn(tx: Transaction, { signedInTo }: Needs, world: World): Promise<void> {
  const ids = new Map<string, Ref>()
  for (const { accountId, userId } of world.all(apiKeys)) {
    if (userId !== null && signedInTo.has(accountId)) ids.set(`${accountId} ${userId}`, { accountId, id: userId })
  }
  await load(tx, lookups.usersById, [...ids.values()], world)
}

/** What somebody made, as deep as it goes: what others made is not looked at, but for trust rules and webhooks, which are few. */
async function loadMade(tx: Transaction, { makers }: Needs, world: World): Promise<void> {
  for (const root of makers) {
    const { accountId, before } = root
    const rules = await tx.find(lookups.trustRulesOf, [{ accountId }])
    lookups.trustRulesOf.take(world, rules)
    await load(tx, webhooksOf, [{ accountId }], world)
    if (before !== undefined) {
      await Promise.all([
        load(tx, lookups.keysBeyond, [{ accountId, after: before.nextKeyId - 1 }], world),
        load(tx, lookups.machinesBeyond, [{ accountId, after: before.nextMachineId - 1 }], world),
        load(tx, lookups.keysOfRule, rules, world),
      ])
      await loadMakers(tx, accountId, world)
      continue
    }
    const seen = new Set([atOf([root.kind, root.id])])
    for (let at: readonly lookups.Maker[] = [root]; at.length > 0; ) {
      const names = new Set(at.map(({ kind, id }) => atOf([kind, id])))
      const theirs = rules.filter(({ maker }) => maker !== null && names.has(atOf([maker.kind, maker.id])))
      const [made, traded] = await Promise.all([
        tx.find(lookups.keysMadeBy, at),
        theirs.length === 0 ? [] : tx.find(lookups.keysOfRule, theirs),
        load(tx, lookups.machinesMadeBy, at, world),
      ])
      lookups.keysMadeBy.take(world, made)
      lookups.keysOfRule.take(world, traded)
      const next = [
        ...[...made, ...traded].map(({ accountId, id }) => ({ accountId, kind: 'key', id })),
        ...theirs.map(({ accountId, id }) => ({ accountId, kind: 'workload', id })),
      ]
      at = next.filter(({ kind, id }) => !seen.has(atOf([kind, id])) && seen.add(atOf([kind, id])))
    }
  }
}

/** Some of what somebody made, with what leads to them. */
async function loadMadeParts(tx: Transaction, { madeParts }: Needs, world: World): Promise<void> {
  for (const { accountId, keys, machines } of madeParts) {
    const refs = (ids: readonly number[]) => ids.map((id) => ({ accountId, id }))
    await Promise.all([
      load(tx, lookups.keys, refs(keys), world),
      load(tx, lookups.machinesById, refs(machines), world),
      load(tx, lookups.trustRulesOf, [{ accountId }], world),
    ])
    await loadMakers(tx, accountId, world)
  }
}

/** The keys that made what is here, up to those that no key made. */
async function loadMakers(tx: Transaction, accountId: number, world: World): Promise<void> {
  const seen = new Set<number>()
  for (;;) {
    const made = [
      ...[...world.all(apiKeys), ...world.all(machines)],
      ...[...world.all(lookups.trustRules), ...world.all(webhooks)],
    ]
    const missing = new Map<number, Ref>()
    for (const { accountId: of, maker } of made) {
      if (of !== accountId || maker?.kind !== 'key' || seen.has(maker.id)) continue
      seen.add(maker.id)
      if (world.get(apiKeys, accountId, maker.id) === undefined) missing.set(maker.id, { accountId, id: maker.id })
    }
    if (missing.size === 0) return
    await load(tx, lookups.keys, [...missing.values()], world)
  }
}

/** What is in the lists that are to be deleted, or the next part of it. */
async function loadContents(tx: Transaction, wanted: Needs['contents'], world: World): Promise<void> {
  for (const one of wanted) {
    for (const ref of idOf(one, listsByName, world)) {
      const found = world.get(lists, ref.accountId, ref.id)
      if (found === undefined) continue
      const list = { ...ref, environmentId: found.environmentId }
      if (one.since !== undefined) {
        const names = await tx.find(lookups.changesSince, [{ accountId: list.accountId, since: one.since }])
        world.setFact(changedNames, [...(world.fact(changedNames, list.accountId) ?? []), ...names], list.accountId)
      }
      if (world.fact(contents, list.accountId, list.id) !== undefined) continue
      const ids = await tx.find(lookups.contentsOfList, [{ ...list, after: one.after }])
      const inside = ids.map(({ id }) => id)
      world.setFact(contents, inside, list.accountId, list.id)
      const isAll = ids.length <= lookups.partSize
      await Promise.all([
        load(tx, lookups.secretsById, ids.slice(0, lookups.partSize), world),
        load(tx, lookups.holdersOfList, isAll ? [list] : [], world),
      ])
    }
  }
}

/** Of what is kept, what is in it, or the next part of that; and of what is to be put back, what may be in the way. */
async function loadDeleted(tx: Transaction, wanted: readonly WantedDeleted[], world: World): Promise<void> {
  const way: InTheWay = { names: [], listNames: [], lists: [], things: [] }
  for (const { accountId, id, restoring } of wanted) {
    const found = world.get(storedDeleted, accountId, id)?.deleted
    if (found === undefined) continue
    const inside = await loadDeletedContents(tx, found, world)
    if (restoring !== undefined) noteInTheWay(way, found, restoring, inside, world)
  }
  await Promise.all([
    load(tx, lookups.named, way.names, world),
    load(tx, lookups.listsNamed, way.listNames, world),
    load(tx, lookups.listsById, way.lists, world),
    load(tx, deletedOfThing, way.things, world),
  ])
}

const insideOf = { secret: undefined, list: contentsOfDeletedList, environment: contentsOfDeletedEnvironment }

async function loadDeletedContents(tx: Transaction, found: Deleted, world: World): Promise<readonly number[]> {
  const { accountId, id, kind, thingId } = found
  const known = world.fact(deletedContents, accountId, id)
  if (known !== undefined) return known
  const lookup = insideOf[kind]
  const refs = lookup === undefined ? [] : await tx.find(lookup, [{ accountId, id: kind === 'list' ? id : thingId }])
  await load(tx, deletedById, refs.slice(0, lookups.partSize), world)
  const inside = refs.map((one) => one.id)
  world.setFact(deletedContents, inside, accountId, id)
  return inside
}

/** Whoever may have a name by now that comes back, in which list it is to be, and what of that was deleted, too. */
interface InTheWay {
  readonly names: PlacedRef[]
  readonly listNames: PlacedRef[]
  readonly lists: Ref[]
  readonly things: ThingRef[]
}

function noteInTheWay(
  way: InTheWay,
  found: Deleted,
  { name, list }: Restoring,
  inside: readonly number[],
  world: World,
): void {
  const { accountId, kind, environmentId, thingId, newName } = found
  if (kind === 'environment') {
    const { baseId } = rowOf(environments, found)
    if (baseId !== null) way.things.push({ accountId, kind, id: baseId })
    return
  }
  const at = (one: string) => ({ accountId, environmentId, name: one })
  const own = at(name ?? newName ?? found.name)
  if (kind === 'list') {
    const names = inside.flatMap((id) => world.get(storedDeleted, accountId, id)?.deleted.name ?? [])
    way.names.push(...names.map(at))
    way.listNames.push(own)
    way.lists.push({ accountId, id: thingId })
    return
  }
  const { listId } = rowOf(secrets, found)
  way.names.push(own)
  if (typeof list === 'string') way.listNames.push(at(list))
  way.lists.push({ accountId, id: typeof list === 'number' ? list : listId })
  way.things.push({ accountId, kind: 'list', id: listId })
}
