/** Where those belong who ask, and what is loaded to know them: machines, and what has a token that is no API key's. */
import { type ApiKey, personOf } from '../model/api-key.ts'
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
import { wrappingsByToken } from './tables/wrapping.ts'
import type { Transaction } from './transaction.ts'
import type { World } from './world.ts'
import { accountsOfWrappings, wrappingsWithToken } from './wrapping-lookups.ts'

interface Asks {
  readonly caller: Caller
}

/** Where whoever asks belongs, as far as that is known. */
export function ownerOf(caller: Caller, world: World): Owner | undefined {
  const keyHash = keyHashOf(caller)
  if (caller.kind === 'token' || keyHash !== undefined) {
    const key = world.find(apiKeysByToken, keyHash ?? '')
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
    case 'wrapping':
      return world.find(wrappingsByToken, caller.hash)?.accountId
    case 'machine':
      return claimOn(world.all(machineAddresses), caller.address)?.accountId
    default:
      return caller.accountId
  }
}

/** The look-up hash of the API key that somebody asks with, if they have one. */
export function keyHashOf(caller: Caller): string | undefined {
  if (caller.kind === 'token') return caller.hash
  return caller.kind === 'wrapping' ? caller.by : undefined
}

/** What tokens lead to that are no API key's: the account first, which is locked before its rows are read. */
const looked = {
  seed: { accounts: lookups.accountsOfSeeds, rows: lookups.seedsByToken },
  login: { accounts: accountsOfLogins, rows: loginsWithDevice },
  wrapping: { accounts: accountsOfWrappings, rows: wrappingsWithToken },
} as const

type TokenKind = keyof typeof looked

/** The look-up hashes of such tokens, each once. */
type Tokens = Readonly<Record<TokenKind, readonly { readonly hash: string }[]>>

/** Nothing where nobody asks with one. */
export function tokensOf(requests: readonly Asks[]): Tokens | undefined {
  const tokens = { seed: new Set<string>(), login: new Set<string>(), wrapping: new Set<string>() }
  let isAny = false
  for (const { caller } of requests) {
    if (caller.kind !== 'seed' && caller.kind !== 'login' && caller.kind !== 'wrapping') continue
    tokens[caller.kind].add(caller.hash)
    isAny = true
  }
  if (!isAny) return undefined
  const refsOf = (kind: TokenKind) => [...tokens[kind]].map((hash) => ({ hash }))
  return { seed: refsOf('seed'), login: refsOf('login'), wrapping: refsOf('wrapping') }
}

/** The accounts that they belong to: to be locked before their rows are read. */
export async function accountsOfTokens(tx: Transaction, tokens: Tokens): Promise<readonly number[]> {
  const found: number[] = []
  for (const kind of ['seed', 'login', 'wrapping'] as const) {
    if (tokens[kind].length > 0) found.push(...(await tx.find(looked[kind].accounts, tokens[kind])))
  }
  return found
}

export async function loadTokens(tx: Transaction, tokens: Tokens, world: World): Promise<void> {
  await load(tx, looked.seed.rows, tokens.seed, world)
  await load(tx, looked.login.rows, tokens.login, world)
  await load(tx, looked.wrapping.rows, tokens.wrapping, world)
}

/** Whoever stands behind them: the maker of a seed, the person who confirmed a login, the key that had an answer wrapped. */
export function needThoseBehind(needs: Needs, requests: readonly Asks[], world: World): void {
  for (const { caller } of requests) {
    const seed = caller.kind === 'seed' ? world.find(seedsByToken, caller.hash) : undefined
    const login = caller.kind === 'login' ? world.find(loginsByDevice, caller.hash) : undefined
    const wrapping = caller.kind === 'wrapping' ? world.find(wrappingsByToken, caller.hash) : undefined
    needs.turnTo((seed ?? login ?? wrapping)?.accountId ?? 0, 0, noChain)
    if (seed !== undefined) needs.maker(seed.maker)
    if (login !== undefined && login.userId !== null) needs.user(login.userId)
    if (wrapping !== undefined) needs.key(wrapping.keyId)
  }
}

/** The persons as whom the keys act that made seeds, or had answers wrapped. */
export async function loadPersons(tx: Transaction, requests: readonly Asks[], world: World): Promise<void> {
  const persons = requests.flatMap(({ caller }) => {
    const key = keyBehind(caller, world)
    const id = key === undefined ? null : personOf(key)
    if (key === undefined || id === null || world.get(users, key.accountId, id) !== undefined) return []
    return [{ accountId: key.accountId, id }]
  })
  await load(tx, lookups.usersById, persons, world)
}

function keyBehind(caller: Caller, world: World): ApiKey | undefined {
  if (caller.kind === 'wrapping') {
    const wrapping = world.find(wrappingsByToken, caller.hash)
    return wrapping === undefined ? undefined : world.get(apiKeys, wrapping.accountId, wrapping.keyId)
  }
  const seed = caller.kind === 'seed' ? world.find(seedsByToken, caller.hash) : undefined
  return seed?.maker.kind === 'key' ? world.get(apiKeys, seed.accountId, seed.maker.id) : undefined
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
