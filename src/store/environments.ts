/** Which environments the accounts of a batch have, and in which of them what a request names is looked up. */
import { type ApiKey, scopesOf } from '../model/api-key.ts'
import {
  chainOf,
  defaultEnvironment,
  type Environment,
  type EnvironmentHead,
  hasEnvironments,
  idNamed,
} from '../model/environment.ts'
import { boundTo, parseScopes } from '../model/scope.ts'
import { environmentsOf } from './environment-lookups.ts'
import { type Early, load } from './loads.ts'
import type { Owner, Owners } from './owners.ts'
import { accounts as accountRows } from './tables/account.ts'
import { environments } from './tables/environment.ts'
import { claimOn, machineAddresses, machines } from './tables/machine.ts'
import type { Transaction } from './transaction.ts'
import type { World } from './world.ts'

export type KnownHeads = readonly EnvironmentHead[]

/** Of accounts that have any beside `default`: what requests name is looked up in them. */
export async function loadEnvironments(tx: Transaction, world: World, early: Early | undefined): Promise<void> {
  const refs = [...world.all(accountRows)].filter(hasEnvironments).map(({ id: accountId }) => ({ accountId }))
  if (refs.length === 0) return
  const lookup = environmentsOf
  const asked = early?.of(lookup)
  if (asked !== undefined) lookup.take(world, (await asked.rows) as readonly Environment[])
  await load(
    tx,
    lookup,
    refs.filter((ref) => asked === undefined || !asked.refs.has(lookup.atOf(ref))),
    world,
  )
}

/** Of an account. */
export function headsOf(world: World, accountId: number): KnownHeads {
  const account = world.get(accountRows, accountId)
  if (account === undefined || !hasEnvironments(account)) return noHeads
  return [...world.all(environments)].filter((one) => one.accountId === accountId)
}

const noHeads: KnownHeads = []

/** Learns which environments the accounts have. @returns whether all is as it was known */
export function learnEnvironments(owners: Owners, world: World): boolean {
  let isRight = true
  for (const { id } of world.all(accountRows)) {
    const found = headsOf(world, id)
    const known = owners.environmentsOf(id)
    const textOf = (heads: KnownHeads) => JSON.stringify(heads.map(({ id: one, name, baseId }) => [one, name, baseId]))
    if (found.length === 0 && known.length === 0) continue
    if (textOf(found) === textOf(known)) continue
    owners.learnEnvironments(id, found)
    isRight = false
  }
  return isRight
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
  return machine === undefined ? undefined : boundTo(parseScopes(machine.scopes))
}
