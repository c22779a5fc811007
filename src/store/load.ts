/** Loads the world of a batch: first the accounts, locked, then everything that its requests name in them. */
import { Refusal } from '../errors.ts'
import type { ApiKey } from '../model/api-key.ts'
import { hasFactors } from '../model/factor.ts'
import type { List } from '../model/list.ts'
import type { Seed } from '../model/seed.ts'
import type { Caller } from './caller.ts'
import { decide } from './decide/decide.ts'
import { type Forged, forgedRow, missingRow } from './forged.ts'
import type { KeyMaker, Transaction } from './loaders.ts'
import { Needs } from './needs.ts'
import type { Batch, Operation, Outcome, Request } from './operation.ts'
import { actionOf, addNeeds } from './operations/registry.ts'
import type { RowMacs } from './row-macs.ts'
import type { StoredSecret } from './stored.ts'
import { verified } from './verified.ts'
import { claimOn, ref, replyLifetimeMs, replyRef, usedRef, versionRef, type World } from './world.ts'

export interface Setting {
  readonly storeId: string
  readonly keepVersions: number
}

/**
 * Runs a batch within an open transaction, which the engine then commits.
 *
 * @throws Refusal `integrity_failure` when a row is not authentic that any of several requests rests upon: nothing
 *   happened, and each is to be asked for by itself
 */
export async function execute(
  raw: Transaction,
  batch: Batch,
  setting: Setting,
  macs: RowMacs | undefined,
): Promise<Outcome[]> {
  if (macs === undefined) throw new Error('The store has not been given the key of its rows.')
  const forged: Forged[] = []
  const tx = verified(raw, macs, forged)
  const world = await load(tx, batch, setting, macs, forged)
  const [first] = forged.filter((one) => !isTold(one, batch.requests))
  if (first !== undefined) return batch.requests.map(({ operation }) => answerOf(first, operation, batch))
  const { outcomes, changes } = decide(batch.requests, world)
  await tx.apply(changes, setting.keepVersions, world.now)
  return outcomes
}

/** Of several requests, nobody knows here which rests upon it: each is asked for by itself. */
function answerOf(forged: Forged, operation: Operation, { requests }: Batch): Outcome {
  if (requests.length > 1) throw new Refusal('integrity_failure', 'A row is not authentic.')
  return { kind: 'forged', ...forged, action: actionOf(operation) }
}

/** What a record says of an account that is not authentic must still get into its trail. */
function isTold({ object }: Forged, requests: readonly Request[]): boolean {
  return object.kind === 'account' && requests.every(({ operation }) => operation.kind === 'record')
}

async function load(
  tx: Transaction,
  { requests, now }: Batch,
  { storeId, keepVersions }: Setting,
  macs: RowMacs,
  forged: Forged[],
): Promise<World> {
  const hashes = unique(requests.flatMap(({ caller }) => (caller.kind === 'token' ? [caller.hash] : [])))
  const addresses = unique(requests.flatMap(({ caller }) => (caller.kind === 'machine' ? [caller.address] : [])))
  const owners = addresses.length === 0 ? [] : await tx.accountsAt(addresses)
  const seeds = unique(requests.flatMap(({ caller }) => (caller.kind === 'seed' ? [caller.hash] : [])))
  const makers = seeds.length === 0 ? [] : await tx.accountsOfSeeds(seeds)
  const hostIds = unique([
    ...requests.flatMap(({ caller }) => ('accountId' in caller ? [caller.accountId] : [])),
    ...owners,
    ...makers,
  ])
  // Asked at once and answered in order: the keys are read when the locks are held.
  const [accounts, byToken, time] = await Promise.all([
    tx.lockAccounts(hostIds, hashes),
    hashes.length === 0 ? [] : tx.keysByToken(hashes),
    now ?? tx.now(),
  ])
  const keysByToken = index(byToken, (key) => key.tokenHash)
  const keys = index(byToken, (key) => ref(key.accountId, key.id))
  const world: World = {
    storeId,
    macs,
    forged,
    now: time,
    accounts: index(accounts, (account) => account.id),
    accountKeys: new Map(),
    accountKeysInUse: new Map(),
    keysByToken,
    keys,
    secrets: new Map(),
    names: new Map(),
    lists: new Map(),
    listNames: new Map(),
    wholeLists: new Map(),
    machines: new Map(),
    settings: new Map(),
    users: new Map(),
    emails: new Map(),
    factors: new Map(),
    factorLookups: new Set(),
    spent: new Set(),
    rules: new Map(),
    deployments: new Map(),
    targets: new Map(),
    holders: new Map(),
    seeds: new Map(),
    seedsByToken: new Map(),
    trustRules: new Map(),
    livingKeys: new Map(),
    usedTokens: new Set(),
    claims: [],
    replies: new Map(),
    versions: new Map(),
    sealed: new Map(),
    keepVersions,
    accountNames: new Set(),
    nextAccountId: 0,
  }
  if (addresses.length > 0) await loadMachinesAt(tx, addresses, world)
  if (seeds.length > 0) for (const seed of await tx.seedsByToken(seeds)) addSeed(world, seed)
  return loadRows(tx, requests, world)
}

/** Who asks without a key: read again under the locks of their accounts. */
async function loadMachinesAt(tx: Transaction, addresses: readonly string[], world: World): Promise<void> {
  const ranges = addresses.map((address) => ({ first: address, last: address }))
  const claims = (await tx.claims(ranges, false)).filter(({ accountId }) => world.accounts.has(accountId))
  if (claims.length === 0) return
  world.claims.push(...claims)
  const accountIds = unique(claims.map(({ accountId }) => accountId))
  await addSettings(tx, accountIds, world)
  for (const id of accountIds) await addMachines(tx, id, world)
}

async function addMachines(tx: Transaction, accountId: number, world: World): Promise<void> {
  for (const machine of await tx.machinesOf(accountId)) world.machines.set(ref(accountId, machine.id), machine)
}

/** The rows that the requests name, in the accounts that their callers belong to. All are asked for at once. */
async function loadRows(tx: Transaction, requests: readonly Request[], world: World): Promise<World> {
  const needs = new Needs()
  for (const { caller, operation } of requests) {
    const key = caller.kind === 'token' ? world.keysByToken.get(caller.hash) : undefined
    const accountId = accountOf(caller, key, world)
    addNeeds(needs, accountId, key?.id ?? 0, operation)
    if (accountId === undefined) continue
    needs.turnTo(accountId, key?.id ?? 0)
    if (key !== undefined && key.userId !== null) needs.user(key.userId)
    if (caller.kind === 'seed') needs.maker(world.seedsByToken.get(caller.hash)?.maker)
  }
  await Promise.all([
    loadAccountKeys(tx, needs, world),
    loadKeys(tx, needs, world),
    loadSecrets(tx, needs, world),
    loadNames(tx, needs, world),
    loadLists(tx, needs, world),
    loadHistories(tx, needs, world),
    loadSealed(tx, needs, world),
    loadReplies(tx, needs, world),
  ])
  noteHistories(needs, world)
  await Promise.all([loadListsOfSecrets(tx, needs, world), loadHolders(tx, needs, world)])
  await loadDeployments(tx, needs, world)
  await loadMachines(tx, needs, world)
  await loadUsers(tx, needs, world)
  await loadTrustRules(tx, needs, world)
  await loadMade(tx, needs, world)
  await loadFactors(tx, needs, world)
  await loadContents(tx, needs, world)
  // Who claims addresses must know whether other accounts are there.
  if (needs.accountNames.size === 0 && needs.claimed.length === 0) return world
  const { taken, nextId } = await tx.newAccounts([...needs.accountNames])
  return { ...world, accountNames: new Set(taken), nextAccountId: nextId }
}

async function loadAccountKeys(tx: Transaction, { accountKeys, keysInUse }: Needs, world: World): Promise<void> {
  if (accountKeys.size > 0) {
    for (const key of await tx.accountKeys([...accountKeys])) world.accountKeys.set(key.accountId, key)
  }
  for (const accountId of keysInUse) {
    world.accountKeysInUse.set(accountId, new Set(await tx.accountKeysInUse(accountId)))
  }
}

async function loadKeys(tx: Transaction, { keys }: Needs, world: World): Promise<void> {
  if (keys.size === 0) return
  for (const key of await tx.keys([...keys.values()])) world.keys.set(ref(key.accountId, key.id), key)
}

async function loadSecrets(tx: Transaction, { secrets, secretNames }: Needs, world: World): Promise<void> {
  const [byId, byName] = await Promise.all([
    secrets.size === 0 ? [] : tx.secrets([...secrets.values()]),
    secretNames.size === 0 ? [] : tx.secretsNamed([...secretNames.values()]),
  ])
  for (const stored of byId) addSecret(world, stored)
  for (const stored of byName) addSecret(world, stored)
}

function addSecret(world: World, stored: StoredSecret): void {
  const { accountId, id, name } = stored.secret
  world.secrets.set(ref(accountId, id), stored)
  world.names.set(ref(accountId, name), id)
}

async function loadLists(tx: Transaction, { lists, listNames }: Needs, world: World): Promise<void> {
  const [byId, byName] = await Promise.all([
    lists.size === 0 ? [] : tx.lists([...lists.values()]),
    listNames.size === 0 ? [] : tx.listsNamed([...listNames.values()]),
  ])
  for (const list of byId) addList(world, list)
  for (const list of byName) addList(world, list)
}

function addList(world: World, list: List): void {
  const { accountId, id, name } = list
  world.lists.set(ref(accountId, id), list)
  world.listNames.set(ref(accountId, name), id)
}

/** Of the secrets whose list is answered too. */
async function loadListsOfSecrets(tx: Transaction, { withList }: Needs, world: World): Promise<void> {
  if (withList.length === 0) return
  const secrets = withList.flatMap(({ accountId, id }) => {
    const secretId = typeof id === 'number' ? id : world.names.get(ref(accountId, id))
    return world.secrets.get(ref(accountId, secretId ?? 0))?.secret ?? []
  })
  const missing = secrets.filter(({ accountId, listId }) => !world.lists.has(ref(accountId, listId)))
  if (missing.length === 0) return
  const refs = missing.map(({ accountId, listId }) => ({ accountId, id: listId }))
  for (const list of await tx.lists(refs)) addList(world, list)
}

/** The machines of accounts where one is asked for, and whoever has addresses that are to be claimed. */
async function loadMachines(tx: Transaction, { machinesOf, claimed, settingsOf }: Needs, world: World): Promise<void> {
  for (const accountId of machinesOf) await addMachines(tx, accountId, world)
  if (claimed.length > 0) world.claims.push(...(await tx.claims(claimed, true)))
  if (settingsOf.size > 0) await addSettings(tx, [...settingsOf], world)
}

async function addSettings(tx: Transaction, accountIds: readonly number[], world: World): Promise<void> {
  for (const settings of await tx.settings(accountIds)) world.settings.set(settings.accountId, settings)
  const missing = accountIds.filter((id) => world.accounts.has(id) && !world.settings.has(id))
  world.forged.push(...missing.map((id) => missingRow(id, 'settings')))
}

async function loadDeployments(tx: Transaction, { deployments, targets, seeds }: Needs, world: World): Promise<void> {
  const found = [
    ...(deployments.size === 0 ? [] : await tx.deployments([...deployments.values()])),
    ...(targets.size === 0 ? [] : await tx.deploymentsTo([...targets.values()])),
  ]
  for (const deployment of found) {
    const { accountId, id, target } = deployment
    world.deployments.set(ref(accountId, id), deployment)
    world.targets.set(ref(accountId, target), id)
  }
  if (seeds.size > 0) for (const seed of await tx.seeds([...seeds.values()])) addSeed(world, seed)
}

function addSeed(world: World, seed: Seed): void {
  world.seeds.set(ref(seed.accountId, seed.id), seed)
  world.seedsByToken.set(seed.tokenHash, seed)
}

/** Of the secrets that change. */
async function loadHolders(tx: Transaction, { held }: Needs, world: World): Promise<void> {
  const refs = held.flatMap(({ accountId, id: wanted }) => {
    const id = typeof wanted === 'number' ? wanted : world.names.get(ref(accountId, wanted))
    return id === undefined ? [] : [{ accountId, id }]
  })
  if (refs.length === 0) return
  for (const { accountId, id, count } of await tx.holders(refs)) world.holders.set(ref(accountId, id), count)
}

async function loadUsers(tx: Transaction, needs: Needs, world: World): Promise<void> {
  const { users, usersOf, emails, sessionsOf } = needs
  if (users.size > 0) {
    for (const user of await tx.usersOfRefs([...users.values()])) world.users.set(ref(user.accountId, user.id), user)
  }
  if (usersOf.size > 0) {
    for (const user of await tx.users([...usersOf])) world.users.set(ref(user.accountId, user.id), user)
  }
  if (emails.size > 0) {
    for (const { email, accountId, id } of await tx.usersWith([...emails.values()])) {
      world.emails.set(ref(accountId, email ?? ''), id)
    }
  }
  if (sessionsOf.size === 0) return
  for (const key of await tx.sessionsOf([...sessionsOf.values()])) world.keys.set(ref(key.accountId, key.id), key)
}

async function loadTrustRules(tx: Transaction, needs: Needs, world: World): Promise<void> {
  const { trustRulesOf, trustRules, keysOfRules, livingKeys, usedTokens } = needs
  const rules = [
    ...(trustRulesOf.size === 0 ? [] : await tx.trustRulesOf([...trustRulesOf])),
    ...(trustRules.size === 0 ? [] : await tx.trustRules([...trustRules.values()])),
  ]
  for (const rule of rules) world.trustRules.set(ref(rule.accountId, rule.id), rule)
  const keys = keysOfRules.size === 0 ? [] : await tx.keysOfRules([...keysOfRules.values()])
  for (const key of keys) world.keys.set(ref(key.accountId, key.id), key)
  const living = livingKeys.size === 0 ? [] : await tx.livingKeys([...livingKeys.values()], world.now)
  for (const { accountId, id, count } of living) world.livingKeys.set(ref(accountId, id), count)
  const used = usedTokens.size === 0 ? [] : await tx.usedTokens([...usedTokens.values()])
  for (const { accountId, ruleId, hash } of used) world.usedTokens.add(usedRef(accountId, ruleId, hash))
}

/** What somebody made, as deep as it goes; of an account, all that is no key. */
async function loadMade(tx: Transaction, { makers }: Needs, world: World): Promise<void> {
  for (const root of makers) {
    const { accountId } = root
    await addMachines(tx, accountId, world)
    const rules = await tx.trustRulesOf([accountId])
    for (const rule of rules) world.trustRules.set(ref(accountId, rule.id), rule)
    for (const key of rules.length === 0 ? [] : await tx.keysOfRules(rules)) world.keys.set(ref(accountId, key.id), key)
    const seen = new Set<number>()
    for (let at: readonly KeyMaker[] = [root]; at.length > 0; ) {
      const found = (await tx.keysMadeBy(at)).filter(({ id }) => !seen.has(id))
      for (const key of found) {
        seen.add(key.id)
        world.keys.set(ref(accountId, key.id), key)
      }
      at = found.map(({ id }) => ({ accountId, kind: 'key', id }))
    }
  }
}

async function loadFactors(tx: Transaction, needs: Needs, world: World): Promise<void> {
  const { factorsOf, lookups, spent, rulesOf } = needs
  if (factorsOf.size > 0) {
    for (const one of await tx.factorsOf([...factorsOf.values()])) world.factors.set(ref(one.accountId, one.id), one)
    for (const { accountId, id } of factorsOf.values()) noteFactors(world, accountId, id)
  }
  if (lookups.size > 0) for (const one of await tx.takenLookups([...lookups])) world.factorLookups.add(one)
  if (spent.size > 0) {
    for (const { accountId, hash } of await tx.spent([...spent.values()])) world.spent.add(ref(accountId, hash))
  }
  if (rulesOf.size === 0) return
  for (const rules of await tx.rules([...rulesOf])) world.rules.set(rules.accountId, rules)
  const missing = [...rulesOf].filter((id) => world.accounts.has(id) && !world.rules.has(id))
  world.forged.push(...missing.map((id) => missingRow(id, 'sign_in')))
}

/** A factor that was taken away would let in whoever has the others. */
function noteFactors({ users, factors, forged }: World, accountId: number, userId: number): void {
  const user = users.get(ref(accountId, userId))
  if (user === undefined) return
  const own = [...factors.values()].filter((one) => one.accountId === accountId && one.userId === userId)
  if (!hasFactors(user, own)) forged.push(forgedRow('users', user))
}

/** Everything in the lists that are to be deleted. */
async function loadContents(tx: Transaction, { contents }: Needs, world: World): Promise<void> {
  for (const { accountId, id } of contents) {
    const listId = typeof id === 'number' ? id : world.listNames.get(ref(accountId, id))
    if (listId === undefined || world.wholeLists.has(ref(accountId, listId))) continue
    for (const stored of await tx.secretsOfList({ accountId, id: listId })) addSecret(world, stored)
    world.wholeLists.set(ref(accountId, listId), await tx.holdersOfList({ accountId, id: listId }))
  }
}

async function loadNames(tx: Transaction, { names }: Needs, world: World): Promise<void> {
  if (names.size === 0) return
  for (const { accountId, name, id } of await tx.named([...names.values()])) world.names.set(ref(accountId, name), id)
}

async function loadHistories(tx: Transaction, { histories }: Needs, world: World): Promise<void> {
  if (histories.size === 0) return
  for (const { accountId, secretId, version, createdAt } of await tx.versions([...histories.values()])) {
    const at = ref(accountId, secretId)
    world.versions.set(at, [...(world.versions.get(at) ?? []), { version, createdAt }])
  }
}

/** Old versions go from the oldest on: one that is missing among the others, or the newest, was taken away. */
function noteHistories({ histories }: Needs, { secrets, versions, forged }: World): void {
  for (const at of histories.keys()) {
    const secret = secrets.get(at)?.secret
    if (secret === undefined) continue
    const kept = versions.get(at) ?? []
    const isWhole =
      kept.length > 0 && kept.every((one, back) => one.version === secret.version - kept.length + 1 + back)
    if (!isWhole) forged.push(forgedRow('secrets', secret))
  }
}

async function loadSealed(tx: Transaction, { sealed }: Needs, world: World): Promise<void> {
  if (sealed.size === 0) return
  for (const row of await tx.sealed([...sealed.values()])) {
    world.sealed.set(versionRef(row.accountId, row.id, row.version), { sealed: row.sealed, name: row.name })
  }
}

async function loadReplies(tx: Transaction, { replies }: Needs, world: World): Promise<void> {
  if (replies.size === 0) return
  for (const reply of await tx.replies([...replies.values()], world.now - replyLifetimeMs)) {
    world.replies.set(replyRef(reply.accountId, reply.keyId, reply.hash), reply)
  }
}

function accountOf(caller: Caller, key: ApiKey | undefined, { claims, seedsByToken }: World): number | undefined {
  if (caller.kind === 'token') return key?.accountId
  if (caller.kind === 'seed') return seedsByToken.get(caller.hash)?.accountId
  return caller.kind === 'machine' ? claimOn(claims, caller.address)?.accountId : caller.accountId
}

function index<Key, Row>(rows: readonly Row[], keyOf: (row: Row) => Key): Map<Key, Row> {
  return new Map(rows.map((row) => [keyOf(row), row]))
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
