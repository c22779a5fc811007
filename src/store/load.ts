/** Loads the world of a batch: first the accounts, locked, then everything that its requests name in them. */
import { Refusal } from '../errors.ts'
import { needsOf } from './asked.ts'
import {
  accountsOfAddresses,
  accountsOfTokens,
  addressesOf,
  keyHashOf,
  keyless,
  loadMachinesAt,
  loadPersons,
  loadTokens,
  needThoseBehind,
  ownerOf,
  tokensOf,
} from './askers.ts'
import type { Caller } from './caller.ts'
import { decide } from './decide/decide.ts'
import { type KnownHeads, learnEnvironments, loadEnvironments } from './environments.ts'
import type { Forged } from './forged.ts'
import { Early, loadRows } from './loads.ts'
import * as lookups from './lookups.ts'
import type { Batch, Operation, Outcome, Request } from './operation.ts'
import { actionOf } from './operations/registry.ts'
import type { Locked, Owner, Owners, Remembered } from './owners.ts'
import type { RowMacs } from './row-macs.ts'
import { accounts as accountRows } from './tables/account.ts'
import { apiKeys } from './tables/api-key.ts'
import { machineAddresses } from './tables/machine.ts'
import type { Transaction } from './transaction.ts'
import { verified } from './verified.ts'
import { World } from './world.ts'
import { stepsOf } from './writes.ts'

export interface Setting {
  readonly storeId: string
  readonly keepVersions: number
}

/** What a batch comes to: what is answered once all that it changes is written, in one transaction with what was loaded for it. */
export interface Decided {
  readonly outcomes: Outcome[]
  readonly changes: World['changes']
  /** Those that were locked, as they are once all is written; but for their trails, where others append to those meanwhile. */
  readonly accounts: Locked
  /** Milliseconds since 1970, as it was decided. */
  readonly now: number
  readonly decoyReads: World['decoyReads']
}

/**
 * Runs a batch within an open transaction, which the engine then commits.
 *
 * @throws Refusal `integrity_failure` as `decideBatch` does
 */
export async function execute(
  tx: Transaction,
  batch: Batch,
  setting: Setting,
  macs: RowMacs | undefined,
): Promise<Decided> {
  const decided = await decideBatch(tx, batch, setting, macs)
  await tx.write(stepsOf(decided.changes, setting.keepVersions))
  return decided
}

/**
 * Loads what a batch needs within an open transaction, and decides it. Nothing is written.
 *
 * @param isShared whether others of the same accounts are decided meanwhile
 * @throws Refusal `integrity_failure` when a row is not authentic that any of several requests rests upon: nothing
 *   happened, and each is to be asked for by itself
 */
export async function decideBatch(
  raw: Transaction,
  batch: Batch,
  setting: Setting,
  macs: RowMacs | undefined,
  remembered?: Remembered,
  isShared = false,
): Promise<Decided> {
  if (macs === undefined) throw new Error('The store has not been given the key of its rows.')
  const forged: Forged[] = []
  const since = remembered?.trails.moment ?? 0
  const world = await loadWorld(raw, batch, setting, macs, forged, remembered?.owners, isShared)
  remembered?.trails.compare(world.all(accountRows), since)
  const [first] = forged.filter((one) => !isTold(one, batch.requests))
  if (first !== undefined) {
    const outcomes = batch.requests.map(({ operation }) => answerOf(first, operation, batch))
    // Nothing is decided, and so nothing changed.
    return { outcomes, changes: world.changes, accounts: [], now: world.now, decoyReads: [] }
  }
  const decided = decide(batch.requests, world)
  const { now, decoyReads } = world
  return { ...decided, accounts: [...world.all(accountRows)], now, decoyReads }
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
  raw: Transaction,
  { requests, now }: Batch,
  { storeId, keepVersions }: Setting,
  macs: RowMacs,
  forged: Forged[],
  owners: Owners | undefined,
  isShared: boolean,
): Promise<World> {
  const tx = verified(raw, macs, forged)
  const hashes = unique(requests.flatMap(({ caller }) => keyHashOf(caller) ?? []))
  const addresses = addressesOf(requests)
  const tokens = tokensOf(requests)
  const hostIds = unique([
    ...requests.flatMap(({ caller }) => ('accountId' in caller ? [caller.accountId] : [])),
    ...(addresses.length === 0 ? [] : await accountsOfAddresses(tx, addresses)),
    ...(tokens === undefined ? [] : await accountsOfTokens(tx, tokens)),
  ])
  // Asked at once and answered in order: the keys are read when the locks are held.
  const answers = [
    tx.lockAccounts(hostIds, hashes),
    hashes.length === 0
      ? []
      : tx.find(
          lookups.keysByToken,
          hashes.map((hash) => ({ hash })),
        ),
    now ?? tx.now(),
  ] as const
  const early = owners === undefined ? undefined : askEarly(raw, macs, requests, owners)
  const [accounts, byToken, time] = await Promise.all(answers)
  const world = new World({ storeId, macs, forged, now: time, keepVersions, isShared })
  world.take(accountRows, accounts)
  world.take(apiKeys, byToken)
  if (addresses.length > 0) await loadMachinesAt(tx, addresses, world)
  if (tokens !== undefined) await loadTokens(tx, tokens, world)
  const isRight = owners === undefined || learn(owners, hashes, world)
  const ofOwners = isRight ? early : undefined
  const heads = await loadEnvironments(tx, world, ofOwners)
  const isAsKnown = owners === undefined || learnEnvironments(owners, heads, world)
  if (!isAsKnown && ofOwners !== undefined) await loadEnvironments(tx, world, undefined)
  return loadNamed(tx, requests, world, (accountId) => heads.get(accountId) ?? [], isAsKnown ? ofOwners : undefined)
}

/** Asks for what requests name together with their keys, as far as it is known where those belong. */
function askEarly(raw: Transaction, macs: RowMacs, requests: readonly Request[], owners: Owners): Early {
  const ownerOf = (caller: Caller) => {
    if (caller.kind === 'token') return owners.of(caller.hash)
    return 'accountId' in caller ? keyless(caller.accountId) : undefined
  }
  const needs = needsOf(requests, ownerOf, (accountId) => owners.environmentsOf(accountId), true)
  const forged: Forged[] = []
  return new Early(verified(raw, macs, forged), needs, forged)
}

/** Learns whose the keys are that were found. @returns whether all is as it was known */
function learn(owners: Owners, hashes: readonly string[], world: World): boolean {
  let isRight = true
  for (const hash of hashes) {
    const known = owners.of(hash)
    const found = ownerOf({ kind: 'token', hash }, world)
    if (known !== undefined && !isSame(known, found)) isRight = false
    if (found === undefined) owners.forget(hash)
    else if (!isSame(known, found)) owners.learn(hash, found)
  }
  return isRight
}

function isSame(known: Owner | undefined, found: Owner | undefined): boolean {
  return (
    known?.accountId === found?.accountId &&
    known?.keyId === found?.keyId &&
    known?.userId === found?.userId &&
    known?.boundTo === found?.boundTo
  )
}

/** The rows that the requests name, in the accounts that their callers belong to. */
async function loadNamed(
  tx: Transaction,
  requests: readonly Request[],
  world: World,
  knownOf: (accountId: number) => KnownHeads,
  early: Early | undefined,
): Promise<World> {
  const needs = needsOf(requests, (caller) => ownerOf(caller, world), knownOf)
  const hasTokens = tokensOf(requests) !== undefined
  if (hasTokens) needThoseBehind(needs, requests, world)
  await loadRows(tx, needs, world, early)
  if (hasTokens) await loadPersons(tx, requests, world)
  await holdLeases(tx, requests, world)
  if (needs.claimed.length > 0) world.take(machineAddresses, await tx.claims(needs.claimed, true))
  // Who claims addresses must know whether other accounts are there.
  if (needs.accountNames.size === 0 && needs.claimed.length === 0) return world
  const { taken, nextId } = await tx.newAccounts([...needs.accountNames])
  world.accountNames = new Set(taken)
  world.nextAccountId = nextId
  return world
}

/** After the accounts, as everywhere: until the batch is written, nobody takes what its requests are carried out under. */
async function holdLeases(tx: Transaction, requests: readonly Request[], world: World): Promise<void> {
  const named = requests.flatMap(({ lease }) => lease ?? [])
  if (named.length === 0) return
  const lost = []
  for (const lease of unique(named)) if (!(await tx.holds(lease))) lost.push(lease)
  world.lostLeases = new Set(lost)
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)]
}
