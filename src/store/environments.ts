/** Which environments the accounts of a batch have, and in which of them what a request names is looked up. */
import { type ApiKey, scopesOf } from '../model/api-key.ts'
import { chainOf, defaultEnvironment, type EnvironmentHead, hasEnvironments, idNamed } from '../model/environment.ts'
import { boundTo } from '../model/scope.ts'
import { type Early, loadAsked } from './loads.ts'
import { Needs } from './needs.ts'
import type { Owner, Owners } from './owners.ts'
import { accounts as accountRows } from './tables/account.ts'
import { environments } from './tables/environment.ts'
import { claimOn, machineAddresses, machines } from './tables/machine.ts'
import type { Transaction } from './transaction.ts'
import type { World } from './world.ts'

export type KnownHeads = readonly EnvironmentHead[]

/** By the accounts that have any. */
type Heads = ReadonlyMap<number, KnownHeads>

/** Of accounts that have any beside `default`: what requests name is looked up in them. */
export async function loadEnvironments(tx: Transaction, world: World, early: Early | undefined): Promise<Heads> {
  const needs = new Needs()
  for (const account of world.all(accountRows)) {
    if (!hasEnvironments(account)) continue
    needs.turnTo(account.id, 0, noChain)
    needs.environments()
  }
  await loadAsked(tx, needs, world, early)
  return Map.groupBy(world.all(environments), ({ accountId }) => accountId)
}

/** Learns which environments the accounts have. @returns whether all is as it was known */
export function learnEnvironments(owners: Owners, heads: Heads, world: World): boolean {
  let isRight = true
  for (const { id } of world.all(accountRows)) {
    const found = heads.get(id) ?? []
    if (isAlike(found, owners.environmentsOf(id))) continue
    owners.learnEnvironments(id, found)
    isRight = false
  }
  return isRight
}

function isAlike(found: KnownHeads, known: KnownHeads): boolean {
  return (
    found.length === known.length &&
    found.every(({ id, name, baseId }, at) => {
      const other = known[at]
      return other?.id === id && other.name === name && other.baseId === baseId
    })
  )
}

/** Of what is nowhere. */
export const noChain: readonly number[] = [0]
const defaultChain: readonly number[] = [defaultEnvironment.id]

/** The environment that a request means, by its id, and its bases; nothing's id where there is none of that name. */
export function chainOfMeant(
  heads: KnownHeads,
  { boundTo: bound, environmentId }: Owner,
  named: string | undefined,
): readonly number[] {
  const name = named ?? bound
  const id = name === undefined ? (environmentId ?? defaultEnvironment.id) : idNamed(heads, name)
  if (id === undefined) return noChain
  if (id === defaultEnvironment.id) return defaultChain
  return chainOf(id, (one) => heads.find((head) => head.id === one))
}

/** The environment that all scopes of a key are of, where its account has any: else nothing is looked for otherwise. */
export function boundOfKey(key: ApiKey, world: World): string | undefined {
  const account = world.get(accountRows, key.accountId)
  return account !== undefined && hasEnvironments(account) ? boundTo(scopesOf(key)) : undefined
}

/** The same of the machine that has an address. */
export function boundOfMachine(address: string, world: World): string | undefined {
  const claim = claimOn(world.all(machineAddresses), address)
  const machine = claim === undefined ? undefined : world.get(machines, claim.accountId, claim.machineId)
  return machine === undefined ? undefined : boundTo(scopesOf(machine))
}
