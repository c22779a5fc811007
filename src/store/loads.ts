/** What batches load, as data: what each need of theirs leads to. Of what a batch does not need, nothing is done. */
import type { ApiKey } from '../model/api-key.ts'
import type { Deployment } from '../model/deployment.ts'
import type { List } from '../model/list.ts'
import type { Machine } from '../model/machine.ts'
import type { Seed } from '../model/seed.ts'
import type { TrustRule } from '../model/trust-rule.ts'
import type { User } from '../model/user.ts'
import type { Lookup } from './lookup.ts'
import * as lookups from './lookups.ts'
import { noteMissing } from './missing.ts'
import type { IdOrName } from './naming.ts'
import type { Needs, Ref } from './needs.ts'
import type { StoredSecret } from './stored.ts'
import type { Result, Transaction } from './transaction.ts'
import { ref, replyLifetimeMs, replyRef, usedRef, versionRef, type World } from './world.ts'

/** Fills the world with what a batch needs, and notes what is missing of it. */
export async function loadRows(tx: Transaction, needs: Needs, world: World): Promise<void> {
  // Of an account without secrets no key is in use.
  for (const accountId of needs.keysInUse) world.accountKeysInUse.set(accountId, new Set())
  await loadAll(byName, tx, needs, world)
  noteMissing(needs, world)
  await loadAll(byWhatWasFound, tx, needs, world)
  if (needs.makers.length > 0) await loadMade(tx, needs, world)
  if (needs.contents.length > 0) await loadContents(tx, needs, world)
}

/** Looks for what a batch needs of one kind. Nothing is done, and nothing waited for, where it needs none. */
type Load = (tx: Transaction, needs: Needs, world: World) => Promise<void> | undefined

function load<Ref extends object, Found>(
  refsOf: (needs: Needs, world: World) => readonly Ref[],
  lookup: Lookup<Ref, Found>,
  take: (world: World, found: Found) => void,
): Load {
  return (tx, needs, world) => {
    const refs = refsOf(needs, world)
    if (refs.length === 0) return undefined
    const takeAll = (rows: readonly Found[]) => {
      for (const row of rows) take(world, row)
    }
    const found: Result<readonly Found[]> = tx.find(lookup, refs)
    if (found instanceof Promise) return found.then(takeAll)
    takeAll(found)
    return undefined
  }
}

/** Asks for everything at once. */
async function loadAll(loads: readonly Load[], tx: Transaction, needs: Needs, world: World): Promise<void> {
  const asked: Promise<void>[] = []
  for (const one of loads) {
    const answer = one(tx, needs, world)
    if (answer !== undefined) asked.push(answer)
  }
  if (asked.length > 0) await Promise.all(asked)
}

const nothing: readonly never[] = []

function valuesOf<Ref>(refs: ReadonlyMap<string, Ref>): readonly Ref[] {
  return refs.size === 0 ? nothing : [...refs.values()]
}

function accountsOf(ids: ReadonlySet<number>): readonly { readonly accountId: number }[] {
  return ids.size === 0 ? nothing : [...ids].map((accountId) => ({ accountId }))
}

const takeKey = (world: World, key: ApiKey): void => void world.keys.set(ref(key.accountId, key.id), key)
const takeUser = (world: World, user: User): void => void world.users.set(ref(user.accountId, user.id), user)
const takeRule = (world: World, rule: TrustRule): void => void world.trustRules.set(ref(rule.accountId, rule.id), rule)
export const takeMachine = (world: World, one: Machine): void =>
  void world.machines.set(ref(one.accountId, one.id), one)

/** What requests name themselves. */
const byName: readonly Load[] = [
  load(
    ({ accountKeys }) => accountsOf(accountKeys),
    lookups.newestAccountKey,
    (world, key) => void world.accountKeys.set(key.accountId, key),
  ),
  load(
    ({ keysInUse }) => accountsOf(keysInUse),
    lookups.accountKeysInUse,
    (world, { accountId, keyVersion }) => void world.accountKeysInUse.get(accountId)?.add(keyVersion),
  ),
  load(({ keys }) => valuesOf(keys), lookups.keys, takeKey),
  load(({ secrets }) => valuesOf(secrets), lookups.secretsById, takeSecret),
  load(({ secretNames }) => valuesOf(secretNames), lookups.secretsNamed, takeSecret),
  load(
    ({ names }) => valuesOf(names),
    lookups.named,
    (world, { accountId, name, id }) => void world.names.set(ref(accountId, name), id),
  ),
  load(({ lists }) => valuesOf(lists), lookups.listsById, takeList),
  load(({ listNames }) => valuesOf(listNames), lookups.listsNamed, takeList),
  load(
    ({ histories }) => valuesOf(histories),
    lookups.versionsOf,
    (world, { accountId, secretId, version, createdAt }) => {
      const at = ref(accountId, secretId)
      world.versions.set(at, [...(world.versions.get(at) ?? []), { version, createdAt }])
    },
  ),
  load(
    ({ sealed }) => valuesOf(sealed),
    lookups.sealedVersions,
    (world, { accountId, secretId, version, sealed, name }) =>
      void world.sealed.set(versionRef(accountId, secretId, version), { sealed, name }),
  ),
  load(
    ({ replies }, { now }) => valuesOf(replies).map((reply) => ({ ...reply, since: now - replyLifetimeMs })),
    lookups.repliesTo,
    (world, reply) => void world.replies.set(replyRef(reply.accountId, reply.keyId, reply.hash), reply),
  ),
  load(({ deployments }) => valuesOf(deployments), lookups.deploymentsById, takeDeployment),
  load(({ targets }) => valuesOf(targets), lookups.deploymentsTo, takeDeployment),
  load(({ seeds }) => valuesOf(seeds), lookups.seedsById, takeSeed),
  load(({ machinesOf }) => accountsOf(machinesOf), lookups.machinesOf, takeMachine),
  load(
    ({ settingsOf }) => accountsOf(settingsOf),
    lookups.settings,
    (world, settings) => void world.settings.set(settings.accountId, settings),
  ),
  load(({ users }) => valuesOf(users), lookups.usersById, takeUser),
  load(({ usersOf }) => accountsOf(usersOf), lookups.usersOf, takeUser),
  load(
    ({ emails }) => valuesOf(emails),
    lookups.usersWith,
    (world, { accountId, email, id }) => void world.emails.set(ref(accountId, email ?? ''), id),
  ),
  load(({ sessionsOf }) => valuesOf(sessionsOf), lookups.sessionsOf, takeKey),
  load(({ trustRulesOf }) => accountsOf(trustRulesOf), lookups.trustRulesOf, takeRule),
  load(({ trustRules }) => valuesOf(trustRules), lookups.trustRulesById, takeRule),
  load(({ keysOfRules }) => valuesOf(keysOfRules), lookups.keysOfRule, takeKey),
  load(
    ({ livingKeys }, { now }) => valuesOf(livingKeys).map((rule) => ({ ...rule, now })),
    lookups.livingKeys,
    (world, { accountId, id, count }) => void world.livingKeys.set(ref(accountId, id), count),
  ),
  load(
    ({ usedTokens }) => valuesOf(usedTokens),
    lookups.usedOnes,
    (world, { accountId, ruleId, hash }) => void world.usedTokens.add(usedRef(accountId, ruleId, hash)),
  ),
  load(
    ({ factorsOf }) => valuesOf(factorsOf),
    lookups.factorsOf,
    (world, factor) => void world.factors.set(ref(factor.accountId, factor.id), factor),
  ),
  load(
    ({ lookups: given }) => [...given].map((lookup) => ({ lookup })),
    lookups.takenLookups,
    (world, one) => void world.factorLookups.add(one),
  ),
  load(
    ({ spent }) => valuesOf(spent),
    lookups.spentOnes,
    (world, { accountId, hash }) => void world.spent.add(ref(accountId, hash)),
  ),
  load(
    ({ rulesOf }) => accountsOf(rulesOf),
    lookups.rules,
    (world, rules) => void world.rules.set(rules.accountId, rules),
  ),
]

/** The lists of the secrets whose list is answered too, and how many deployments hold those that change. */
const byWhatWasFound: readonly Load[] = [
  load(({ withList }, world) => withList.flatMap((one) => missingList(one, world)), lookups.listsById, takeList),
  load(
    ({ held }, world) => held.flatMap((one) => idOf(one, world.names)),
    lookups.holders,
    (world, { accountId, id, count }) => void world.holders.set(ref(accountId, id), count),
  ),
]

interface Wanted {
  readonly accountId: number
  readonly id: IdOrName
}

function idOf({ accountId, id: wanted }: Wanted, names: ReadonlyMap<string, number>): Ref[] {
  const id = typeof wanted === 'number' ? wanted : names.get(ref(accountId, wanted))
  return id === undefined ? [] : [{ accountId, id }]
}

function missingList(wanted: Wanted, { names, secrets, lists }: World): Ref[] {
  return idOf(wanted, names).flatMap(({ accountId, id }) => {
    const listId = secrets.get(ref(accountId, id))?.secret.listId
    return listId === undefined || lists.has(ref(accountId, listId)) ? [] : [{ accountId, id: listId }]
  })
}

function takeSecret(world: World, stored: StoredSecret): void {
  const { accountId, id, name } = stored.secret
  world.secrets.set(ref(accountId, id), stored)
  world.names.set(ref(accountId, name), id)
}

function takeList(world: World, list: List): void {
  const { accountId, id, name } = list
  world.lists.set(ref(accountId, id), list)
  world.listNames.set(ref(accountId, name), id)
}

function takeDeployment(world: World, deployment: Deployment): void {
  const { accountId, id, target } = deployment
  world.deployments.set(ref(accountId, id), deployment)
  world.targets.set(ref(accountId, target), id)
}

export function takeSeed(world: World, seed: Seed): void {
  world.seeds.set(ref(seed.accountId, seed.id), seed)
  world.seedsByToken.set(seed.tokenHash, seed)
}

/** What somebody made, as deep as it goes; of an account, all that is no key. */
async function loadMade(tx: Transaction, { makers }: Needs, world: World): Promise<void> {
  for (const root of makers) {
    const { accountId } = root
    for (const machine of await tx.find(lookups.machinesOf, [{ accountId }])) takeMachine(world, machine)
    const rules = await tx.find(lookups.trustRulesOf, [{ accountId }])
    for (const rule of rules) takeRule(world, rule)
    for (const key of rules.length === 0 ? [] : await tx.find(lookups.keysOfRule, rules)) takeKey(world, key)
    const seen = new Set<number>()
    for (let at: readonly lookups.KeyMaker[] = [root]; at.length > 0; ) {
      const found = (await tx.find(lookups.keysMadeBy, at)).filter(({ id }) => !seen.has(id))
      for (const key of found) {
        seen.add(key.id)
        takeKey(world, key)
      }
      at = found.map(({ id }) => ({ accountId, kind: 'key', id }))
    }
  }
}

/** Everything in the lists that are to be deleted. */
async function loadContents(tx: Transaction, { contents }: Needs, world: World): Promise<void> {
  for (const list of contents.flatMap((one) => idOf(one, world.listNames))) {
    const at = ref(list.accountId, list.id)
    if (world.wholeLists.has(at)) continue
    const [stored, [held]] = await Promise.all([
      tx.find(lookups.secretsOfList, [list]),
      tx.find(lookups.holdersOfList, [list]),
    ])
    for (const one of stored) takeSecret(world, one)
    world.wholeLists.set(at, held?.count ?? 0)
  }
}
