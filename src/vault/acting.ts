/** Whoever could read in an account, with the rows that decide of it: found page by page, or by who is named. */
import type { ApiKey } from '../model/api-key.ts'
import { personOf } from '../model/api-key.ts'
import type { Principal } from '../model/principal.ts'
import type { Seed } from '../model/seed.ts'
import type { User } from '../model/user.ts'
import type { Part } from '../store/listings.ts'
import {
  keyListing,
  keysOfIds,
  machineListing,
  seedListing,
  trustRuleListing,
  userListing,
  usersOfIds,
} from '../store/listings.ts'
import type { Acting } from '../store/probe.ts'
import { type Asker, type Vault, verifyAll } from './vault.ts'

/** In the order in which they are shown. */
export const actingKinds = ['user', 'key', 'workload', 'machine', 'seed'] as const

export type ActingKind = (typeof actingKinds)[number]

export interface FoundActing {
  readonly id: number
  readonly acting: Acting
}

/** A part of those of one kind, by ascending id. @throws Refusal `integrity_failure` */
export async function actingOf(
  vault: Vault,
  asker: Asker,
  accountId: number,
  kind: ActingKind,
  part: Part,
): Promise<readonly FoundActing[]> {
  const { store } = vault
  const action = 'secret.access'
  switch (kind) {
    case 'user': {
      const users = await store.rowsOf(accountId, userListing, part)
      await verifyAll(vault, asker, 'users', users, action)
      return users.map((user) => ({ id: user.id, acting: { kind, user } }))
    }
    case 'key': {
      const keys = await store.rowsOf(accountId, keyListing, part)
      await verifyAll(vault, asker, 'api_keys', keys, action)
      return keysActing(vault, asker, accountId, keys)
    }
    case 'workload': {
      const rules = await store.rowsOf(accountId, trustRuleListing, part)
      await verifyAll(vault, asker, 'trust_rules', rules, action)
      return rules.map((rule) => ({ id: rule.id, acting: { kind, rule } }))
    }
    case 'machine': {
      const machines = await store.rowsOf(accountId, machineListing, part)
      await verifyAll(vault, asker, 'machines', machines, action)
      return machines.map((machine) => ({ id: machine.id, acting: { kind, machine } }))
    }
    case 'seed':
      return seedsOf(vault, asker, accountId, await store.rowsOf(accountId, seedListing, part))
  }
}

/** Principals that are looked up in one query. */
const atOnce = 200

/** Those of a kind that are named by their ids, as far as they are there. @throws Refusal `integrity_failure` */
export async function actingNamed(
  vault: Vault,
  asker: Asker,
  accountId: number,
  kind: Principal['kind'],
  ids: readonly number[],
): Promise<ReadonlyMap<number, Acting>> {
  const found = new Map<number, Acting>()
  const known = actingKinds.find((one) => one === kind)
  if (known === undefined) return found
  for (let at = 0; at < ids.length; at += atOnce) {
    const wanted = ids.slice(at, at + atOnce)
    for (const { id, acting } of await namedPart(vault, asker, accountId, known, wanted)) found.set(id, acting)
  }
  return found
}

async function namedPart(
  vault: Vault,
  asker: Asker,
  accountId: number,
  kind: ActingKind,
  ids: readonly number[],
): Promise<readonly FoundActing[]> {
  if (kind === 'key') {
    const keys = await keysNamed(vault, asker, accountId, ids)
    return keysActing(vault, asker, accountId, [...keys.values()])
  }
  if (kind === 'user') {
    const users = await personsOf(vault, asker, accountId, ids)
    return [...users.values()].map((user) => ({ id: user.id, acting: { kind, user } }))
  }
  // Of these each is found by the one before it: there are few that read.
  const each = await Promise.all(ids.map((id) => actingOf(vault, asker, accountId, kind, { after: id - 1, limit: 1 })))
  return each.flat().filter(({ id }) => ids.includes(id))
}

/** With the persons as whom they act. */
async function keysActing(
  vault: Vault,
  asker: Asker,
  accountId: number,
  keys: readonly ApiKey[],
): Promise<readonly FoundActing[]> {
  const persons = await personsOf(vault, asker, accountId, keys.map(personOf))
  return keys.map((key) => ({ id: key.id, acting: { kind: 'key', key, person: persons.get(personOf(key) ?? 0) } }))
}

async function keysNamed(
  vault: Vault,
  asker: Asker,
  accountId: number,
  ids: readonly number[],
): Promise<ReadonlyMap<number, ApiKey>> {
  const keys = new Map<number, ApiKey>()
  const wanted = [...new Set(ids)]
  if (wanted.length === 0) return keys
  const rows = await vault.store.rowsOf(accountId, keysOfIds(wanted), { after: undefined, limit: wanted.length })
  await verifyAll(vault, asker, 'api_keys', rows, 'secret.access')
  for (const row of rows) keys.set(row.id, row)
  return keys
}

async function personsOf(
  vault: Vault,
  asker: Asker,
  accountId: number,
  ids: readonly (number | null)[],
): Promise<ReadonlyMap<number, User>> {
  const persons = new Map<number, User>()
  const wanted = [...new Set(ids.filter((id) => id !== null))]
  if (wanted.length === 0) return persons
  const rows = await vault.store.rowsOf(accountId, usersOfIds(wanted), { after: undefined, limit: wanted.length })
  await verifyAll(vault, asker, 'users', rows, 'secret.access')
  for (const row of rows) persons.set(row.id, row)
  return persons
}

/** With their makers, whom they are held to. */
async function seedsOf(
  vault: Vault,
  asker: Asker,
  accountId: number,
  seeds: readonly Seed[],
): Promise<readonly FoundActing[]> {
  await verifyAll(vault, asker, 'seeds', seeds, 'secret.access')
  const made = (kind: string) => seeds.flatMap(({ maker }) => (maker.kind === kind ? [maker.id] : []))
  const keys = await keysNamed(vault, asker, accountId, made('key'))
  const ids = [...made('user'), ...[...keys.values()].map(personOf)]
  const persons = await personsOf(vault, asker, accountId, ids)
  return seeds.map((seed) => {
    const { maker } = seed
    const makerKey = maker.kind === 'key' ? keys.get(maker.id) : undefined
    const personId = makerKey === undefined ? maker.id : personOf(makerKey)
    const person = maker.kind === 'user' || makerKey !== undefined ? persons.get(personId ?? 0) : undefined
    return { id: seed.id, acting: { kind: 'seed', seed, makerKey, person } }
  })
}
