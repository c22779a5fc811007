/** Where those belong who ask, and what is loaded to know them: machines, and what has a token that is no API key's. */
import { personOf } from '../model/api-key.ts'
import type { Caller } from './caller.ts'
import { boundOfKey, boundOfMachine, noChain } from './environments.ts'
import { load } from './loads.ts'
import { accountsOfLogins, loginsByDevice as loginsWithDevice } from './login-lookups.ts'
import * as lookups from './lookups.ts'
import { noteSettings } from './missing.ts'
import type { Needs } from './needs.ts'
import type { Owner } from './owners.ts'
import { accounts } from './tables/account.ts'
import { apiKeys, apiKeysByToken } from './tables/api-key.ts'
import { loginsByDevice } from './tables/login.ts'
import { claimOn, machineAddresses } from './tables/machine.ts'
import { seedsByToken } from './tables/seed.ts'
import { users } from './tables/user.ts'
import type { Transaction } from './transaction.ts'
import type { World } from './world.ts'

interface Asks {
  readonly caller: Caller
}

/** Where whoever asks belongs, as far as that is known. */
export function ownerOf(caller: Caller, world: World): Owner | undefined {
  if (caller.kind === 'token') {
    const key = world.find(apiKeysByToken, caller.hash)
    if (key === undefined) return undefined
    const { accountId, id: keyId } = key
    return { accountId, keyId, userId: personOf(key), boundTo: boundOfKey(key, world), environmentId: undefined }
  }
  const accountId = accountOf(caller, world)
  if (accountId === undefined) return undefined
  if (caller.kind === 'machine') return { ...keyless(accountId), boundTo: boundOfMachine(caller.address, world) }
  const seed = caller.kind === 'seed' ? world.find(seedsByToken, caller.hash) : undefined
  return { ...keyless(accountId), environmentId: seed?.environmentId }
}

/** Of whoever has no key. */
export function keyless(accountId: number): Owner {
  return { accountId, keyId: 0, userId: null, boundTo: undefined, environmentId: undefined }
}

function accountOf(caller: Exclude<Caller, { kind: 'token' }>, world: World): number | undefined {
  switch (caller.kind) {
    case 'seed':
      return world.find(seedsByToken, caller.hash)?.accountId
    case 'login':
      return world.find(loginsByDevice, caller.hash)?.accountId
    case 'machine':
      return claimOn(world.all(machineAddresses), caller.address)?.accountId
    default:
      return caller.accountId
  }
}

/** The look-up hashes of tokens that are no API key's, each once. */
interface Tokens {
  readonly seeds: readonly { readonly hash: string }[]
  readonly logins: readonly { readonly hash: string }[]
}

/** Nothing where nobody asks with one. */
export function tokensOf(requests: readonly Asks[]): Tokens | undefined {
  if (!requests.some(({ caller }) => caller.kind === 'seed' || caller.kind === 'login')) return undefined
  const hashesOf = (wanted: 'seed' | 'login') => {
    const hashes = requests.flatMap(({ caller }) => (caller.kind === wanted ? [caller.hash] : []))
    return [...new Set(hashes)].map((hash) => ({ hash }))
  }
  return { seeds: hashesOf('seed'), logins: hashesOf('login') }
}

/** The accounts that they belong to: to be locked before their rows are read. */
export async function accountsOfTokens(tx: Transaction, { seeds, logins }: Tokens): Promise<readonly number[]> {
  const ofSeeds = seeds.length === 0 ? [] : await tx.find(lookups.accountsOfSeeds, seeds)
  const ofLogins = logins.length === 0 ? [] : await tx.find(accountsOfLogins, logins)
  return [...ofSeeds, ...ofLogins]
}

export async function loadTokens(tx: Transaction, { seeds, logins }: Tokens, world: World): Promise<void> {
  await load(tx, lookups.seedsByToken, seeds, world)
  await load(tx, loginsWithDevice, logins, world)
}

/** Whoever stands behind them: the maker of a seed, the person who confirmed a login. */
export function needThoseBehind(needs: Needs, requests: readonly Asks[], world: World): void {
  for (const { caller } of requests) {
    const seed = caller.kind === 'seed' ? world.find(seedsByToken, caller.hash) : undefined
    const login = caller.kind === 'login' ? world.find(loginsByDevice, caller.hash) : undefined
    needs.turnTo(seed?.accountId ?? login?.accountId ?? 0, 0, noChain)
    if (seed !== undefined) needs.maker(seed.maker)
    if (login !== undefined && login.userId !== null) needs.user(login.userId)
  }
}

/** The persons as whom the keys act that made seeds. */
export async function loadPersons(tx: Transaction, requests: readonly Asks[], world: World): Promise<void> {
  const persons = requests.flatMap(({ caller }) => {
    const seed = caller.kind === 'seed' ? world.find(seedsByToken, caller.hash) : undefined
    const key = seed?.maker.kind === 'key' ? world.get(apiKeys, seed.accountId, seed.maker.id) : undefined
    const id = key === undefined ? null : personOf(key)
    if (seed === undefined || id === null || world.get(users, seed.accountId, id) !== undefined) return []
    return [{ accountId: seed.accountId, id }]
  })
  await load(tx, lookups.usersById, persons, world)
}

/** The addresses that are asked from without a key. */
export function addressesOf(requests: readonly Asks[]): readonly string[] {
  return [...new Set(requests.flatMap(({ caller }) => (caller.kind === 'machine' ? [caller.address] : [])))]
}

/** The accounts whose machines may have them. */
export async function accountsOfAddresses(tx: Transaction, addresses: readonly string[]): Promise<readonly number[]> {
  return (await tx.claims(rangesAt(addresses), false)).map((one) => one.accountId)
}

/** Machines, by where they ask from: read again, as a row may have changed before the locks were held. */
export async function loadMachinesAt(tx: Transaction, addresses: readonly string[], world: World): Promise<void> {
  const claims = await tx.claims(rangesAt(addresses), false)
  const known = claims.filter(({ accountId }) => world.get(accounts, accountId) !== undefined)
  if (known.length === 0) return
  world.take(machineAddresses, known)
  const accountIds = [...new Set(known.map(({ accountId }) => accountId))]
  const owners = accountIds.map((accountId) => ({ accountId }))
  const holders = new Map(known.map(({ accountId, machineId: id }) => [`${accountId} ${id}`, { accountId, id }]))
  await Promise.all([
    load(tx, lookups.settings, owners, world),
    load(tx, lookups.machinesById, [...holders.values()], world),
  ])
  noteSettings(accountIds, world)
}

function rangesAt(addresses: readonly string[]) {
  return addresses.map((address) => ({ first: address, last: address }))
}
