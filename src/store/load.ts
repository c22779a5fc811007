/** Loads the world of a batch: first the accounts, locked, then everything that its requests name in them. */
import { Refusal } from '../errors.ts'
import type { ApiKey } from '../model/api-key.ts'
import type { Caller } from './caller.ts'
import { decide } from './decide/decide.ts'
import type { Forged } from './forged.ts'
import { load, loadRows } from './loads.ts'
import * as lookups from './lookups.ts'
import { noteSettings } from './missing.ts'
import { Needs } from './needs.ts'
import type { Batch, Operation, Outcome, Request } from './operation.ts'
import { actionOf, addNeeds } from './operations/registry.ts'
import type { RowMacs } from './row-macs.ts'
import { accounts as accountRows } from './tables/account.ts'
import { apiKeys, apiKeysByToken } from './tables/api-key.ts'
import { claimOn, machineAddresses } from './tables/machine.ts'
import { seedsByToken } from './tables/seed.ts'
import type { Transaction } from './transaction.ts'
import { verified } from './verified.ts'
import { World } from './world.ts'
import { stepsOf } from './writes.ts'

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
  const world = await loadWorld(tx, batch, setting, macs, forged)
  const [first] = forged.filter((one) => !isTold(one, batch.requests))
  if (first !== undefined) return batch.requests.map(({ operation }) => answerOf(first, operation, batch))
  const { outcomes, changes } = decide(batch.requests, world)
  await tx.write(stepsOf(changes, setting.keepVersions))
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

async function loadWorld(
  tx: Transaction,
  { requests, now }: Batch,
  { storeId, keepVersions }: Setting,
  macs: RowMacs,
  forged: Forged[],
): Promise<World> {
  const hashes = unique(requests.flatMap(({ caller }) => (caller.kind === 'token' ? [caller.hash] : [])))
  const addresses = unique(requests.flatMap(({ caller }) => (caller.kind === 'machine' ? [caller.address] : [])))
  const owners = addresses.length === 0 ? [] : (await tx.claims(rangesAt(addresses), false)).map((one) => one.accountId)
  const seeds = unique(requests.flatMap(({ caller }) => (caller.kind === 'seed' ? [caller.hash] : [])))
  const makers = seeds.length === 0 ? [] : await tx.find(lookups.accountsOfSeeds, hashed(seeds))
  const hostIds = unique([
    ...requests.flatMap(({ caller }) => ('accountId' in caller ? [caller.accountId] : [])),
    ...owners,
    ...makers,
  ])
  // Asked at once and answered in order: the keys are read when the locks are held.
  const [accounts, byToken, time] = await Promise.all([
    tx.lockAccounts(hostIds, hashes),
    hashes.length === 0 ? [] : tx.find(lookups.keysByToken, hashed(hashes)),
    now ?? tx.now(),
  ])
  const world = new World({ storeId, macs, forged, now: time, keepVersions })
  world.take(accountRows, accounts)
  world.take(apiKeys, byToken)
  if (addresses.length > 0) await loadMachinesAt(tx, addresses, world)
  await load(tx, lookups.seedsByToken, hashed(seeds), world)
  return loadNamed(tx, requests, world)
}

/** Machines, by where they ask from: read again, as a row may have changed before the locks were held. */
async function loadMachinesAt(tx: Transaction, addresses: readonly string[], world: World): Promise<void> {
  const claims = await tx.claims(rangesAt(addresses), false)
  const known = claims.filter(({ accountId }) => world.get(accountRows, accountId) !== undefined)
  if (known.length === 0) return
  world.take(machineAddresses, known)
  const accountIds = unique(known.map(({ accountId }) => accountId))
  const owners = accountIds.map((accountId) => ({ accountId }))
  await Promise.all([load(tx, lookups.settings, owners, world), load(tx, lookups.machinesOf, owners, world)])
  noteSettings(accountIds, world)
}

function rangesAt(addresses: readonly string[]) {
  return addresses.map((address) => ({ first: address, last: address }))
}

function hashed(hashes: readonly string[]) {
  return hashes.map((hash) => ({ hash }))
}

/** The rows that the requests name, in the accounts that their callers belong to. */
async function loadNamed(tx: Transaction, requests: readonly Request[], world: World): Promise<World> {
  const needs = new Needs()
  for (const { caller, operation } of requests) {
    const key = caller.kind === 'token' ? world.find(apiKeysByToken, caller.hash) : undefined
    const accountId = accountOf(caller, key, world)
    addNeeds(needs, accountId, key?.id ?? 0, operation)
    if (accountId === undefined) continue
    needs.turnTo(accountId, key?.id ?? 0)
    if (key !== undefined && key.userId !== null) needs.user(key.userId)
    if (caller.kind === 'seed') needs.maker(world.find(seedsByToken, caller.hash)?.maker)
  }
  await loadRows(tx, needs, world)
  if (needs.claimed.length > 0) world.take(machineAddresses, await tx.claims(needs.claimed, true))
  // Who claims addresses must know whether other accounts are there.
  if (needs.accountNames.size === 0 && needs.claimed.length === 0) return world
  const { taken, nextId } = await tx.newAccounts([...needs.accountNames])
  world.accountNames = new Set(taken)
  world.nextAccountId = nextId
  return world
}

function accountOf(caller: Caller, key: ApiKey | undefined, world: World): number | undefined {
  if (caller.kind === 'token') return key?.accountId
  if (caller.kind === 'seed') return world.find(seedsByToken, caller.hash)?.accountId
  if (caller.kind !== 'machine') return caller.accountId
  return claimOn(world.all(machineAddresses), caller.address)?.accountId
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
