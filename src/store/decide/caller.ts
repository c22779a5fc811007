/** Finds out who asks, and whether their key may be used at all. */
import type { Action } from '../../audit/record.ts'
import { unreachable } from '../../errors.ts'
import { type ApiKey, type ApiName, isBackedBy, personOf, scopesOf, whyUnusable } from '../../model/api-key.ts'
import { rangesOf } from '../../model/machine.ts'
import { inNetworks } from '../../model/network.ts'
import { allScopes, meet, parseScopes, type Scope } from '../../model/scope.ts'
import type { Seed } from '../../model/seed.ts'
import { scopesOfUser } from '../../model/user.ts'
import type { Webhook } from '../../model/webhook.ts'
import type { Asked } from '../caller.ts'
import type { Ended } from '../outcome.ts'
import { accounts } from '../tables/account.ts'
import { apiKeys, apiKeysByToken } from '../tables/api-key.ts'
import { loginsByDevice } from '../tables/login.ts'
import { accountSettings, claimOn, machineAddresses, machines } from '../tables/machine.ts'
import { seedsByToken } from '../tables/seed.ts'
import { users } from '../tables/user.ts'
import { wrappingsByToken } from '../tables/wrapping.ts'
import { put, refused, shutOut, type UnplacedCall, type Work } from './work.ts'

/** How often the time of a key's last use is written, at most. */
const lastUsedGrainMs = 60_000

/** The call, before it is in an environment, or how it ends when the caller is not one. */
export function identify(work: Work, request: Asked, action: Action): UnplacedCall | Ended {
  const { caller } = request
  switch (caller.kind) {
    case 'token':
      return identifyKey(work, request, caller, action)
    case 'machine':
      return identifyMachine(work, request, caller, action)
    case 'seed':
      return identifySeed(work, request, caller, action)
    case 'login':
      return identifyLogin(work, request, caller, action)
    case 'wrapping':
      return identifyWrapping(work, request, caller, action)
    case 'stranger': {
      const account = work.world.get(accounts, caller.accountId)
      if (account === undefined) return refused('not_found', 'No such account.')
      const principal = { kind: 'login', id: 0, name: caller.host } as const
      return { work, request, account, principal, key: undefined, scopes: [], action }
    }
    case 'user':
    case 'workload': {
      const account = work.world.get(accounts, caller.accountId)
      if (account === undefined) return refused('not_found', 'No such account.')
      const id = caller.kind === 'user' ? caller.userId : caller.ruleId
      const principal = { kind: caller.kind, id, name: caller.name }
      const user = caller.kind === 'user' ? work.world.get(users, account.id, id) : undefined
      return { work, request, account, principal, key: undefined, user, scopes: [], action }
    }
    case 'shut_out': {
      const account = work.world.get(accounts, caller.accountId)
      if (account === undefined) return refused('not_found', 'No such account.')
      return { work, request, account, principal: caller.principal, key: undefined, scopes: [], action }
    }
    case 'host':
    case 'system': {
      const account = work.world.get(accounts, caller.accountId)
      if (account === undefined) return refused('not_found', 'No such account.')
      const name = caller.kind === 'host' ? caller.name : 'strongroom'
      const principal = { kind: caller.kind, id: 0, name }
      return { work, request, account, principal, key: undefined, scopes: allScopes, action }
    }
    default:
      return unreachable(caller)
  }
}

export function isCall(found: UnplacedCall | Ended): found is UnplacedCall {
  return 'work' in found
}

function identifyKey(
  work: Work,
  request: Asked,
  caller: { readonly hash: string },
  action: Action,
): UnplacedCall | Ended {
  const key = work.world.find(apiKeysByToken, caller.hash)
  const account = key === undefined ? undefined : work.world.get(accounts, key.accountId)
  if (key === undefined || account === undefined) return unauthenticated()
  const user = key.userId === null ? undefined : work.world.get(users, key.accountId, key.userId)
  const principal =
    key.userId === null
      ? ({ kind: 'key', id: key.id, name: key.name } as const)
      : ({ kind: 'user', id: key.userId, name: key.name } as const)
  const call = { work, request, account, principal, key, user, scopes: scopesOf(key), action }
  if (!hasPerson(work, key) || whyUnusable(key, account, work.world.now, request.address) !== undefined) {
    return shutOut(call, null, 'unauthenticated', noKey)
  }
  // A page that only listens is not somebody who works: their session ends when they have gone.
  if (key.userId === null || action !== 'event.listen') touch(work, key, request.api)
  return call
}

/** A session, and a key that a login gave, stand as long as the person does as whom they act. */
export function hasPerson({ world }: Work, key: ApiKey): boolean {
  const id = personOf(key)
  return id === null || isBackedBy(key, world.get(users, key.accountId, id))
}

function identifyMachine(
  work: Work,
  request: Asked,
  caller: { readonly address: string },
  action: Action,
): UnplacedCall | Ended {
  const { world } = work
  const claim = claimOn(world.all(machineAddresses), caller.address)
  const account = world.get(accounts, claim?.accountId ?? 0)
  const machine = world.get(machines, claim?.accountId ?? 0, claim?.machineId ?? 0)
  const settings = world.get(accountSettings, claim?.accountId ?? 0)
  if (account === undefined || machine === undefined || settings === undefined) return unauthenticated()
  // The row decides, not the claim, which is only how it is found.
  const ranges = rangesOf(machine)
  if (!ranges.some(({ first, last }) => first <= caller.address && caller.address <= last)) return unauthenticated()
  const principal = { kind: 'machine', id: machine.id, name: machine.name } as const
  const call = { work, request, account, principal, key: undefined, scopes: parseScopes(machine.scopes), action }
  const isLetIn = settings.vmAuth && inNetworks(account.networks, request.address)
  return isLetIn ? call : shutOut(call, null, 'unauthenticated', noKey)
}

/** An unknown token leads to no account, and so to no record. */
function identifySeed(
  work: Work,
  request: Asked,
  caller: { readonly hash: string },
  action: Action,
): UnplacedCall | Ended {
  const seed = work.world.find(seedsByToken, caller.hash)
  const account = work.world.get(accounts, seed?.accountId ?? 0)
  if (seed === undefined || account === undefined) return refused('not_found', 'No seed is here.')
  const principal = { kind: 'seed', id: seed.id, name: seed.target } as const
  const scopes = seed.expiresAt > work.world.now ? scopesOfSeed({ work, request }, seed) : []
  return { work, request, account, principal, key: undefined, scopes, action }
}

/** An unknown code leads to no account, and so to no record. */
function identifyLogin(
  work: Work,
  request: Asked,
  caller: { readonly hash: string },
  action: Action,
): UnplacedCall | Ended {
  const login = work.world.find(loginsByDevice, caller.hash)
  const account = work.world.get(accounts, login?.accountId ?? 0)
  if (login === undefined || account === undefined) return refused('invalid_credentials', unknownDevice)
  const principal = { kind: 'login', id: login.id, name: login.host } as const
  const call = { work, request, account, principal, key: undefined, scopes: [], action }
  if (inNetworks(account.networks, request.address)) return call
  return shutOut(call, null, 'invalid_credentials', unknownDevice)
}

/**
 * Whoever has a key says who they are, and opens what belongs to their account. An unknown token leads to no account, and so to no
 * record; but with a key, to that of its account.
 */
function identifyWrapping(
  work: Work,
  request: Asked,
  caller: { readonly hash: string; readonly by: string | undefined },
  action: Action,
): UnplacedCall | Ended {
  if (caller.by !== undefined) return identifyKey(work, request, { hash: caller.by }, action)
  const wrapping = work.world.find(wrappingsByToken, caller.hash)
  const account = work.world.get(accounts, wrapping?.accountId ?? 0)
  if (wrapping === undefined || account === undefined) return refused('not_found', noWrapping)
  const principal = { kind: 'wrapping', id: wrapping.id, name: wrapping.path } as const
  const call = { work, request, account, principal, key: undefined, scopes: [], action }
  return inNetworks(account.networks, request.address) ? call : shutOut(call, null, 'not_found', noWrapping)
}

/**
 * What may be read for a seed now, from this address: no more than its maker may. Nothing when their key could not be used
 * itself, when the user is disabled, or when what ended their sessions from outside came after it.
 */
export function scopesOfSeed({ work, request }: Pick<UnplacedCall, 'work' | 'request'>, seed: Seed): readonly Scope[] {
  const account = work.world.get(accounts, seed.accountId)
  if (account === undefined || !inNetworks(account.networks, request.address)) return []
  return scopesByMaker(work, seed, (key) => whyUnusable(key, account, work.world.now, request.address) === undefined)
}

/**
 * What a webhook may tell now: no more than its maker may see. It goes out from here, and has no address: nothing for a key that is
 * limited to networks.
 */
export function scopesOfWebhook(work: Work, webhook: Webhook): readonly Scope[] {
  const { now } = work.world
  return scopesByMaker(
    work,
    webhook,
    ({ revokedAt, expiresAt, networks }) =>
      revokedAt === null && (expiresAt === null || expiresAt > now) && networks.length === 0,
  )
}

type MadeThing = Pick<Seed, 'accountId' | 'maker' | 'makerGeneration' | 'scopes'>

/** What may be done for something that somebody made, now: nothing once its maker is gone. */
function scopesByMaker(work: Work, made: MadeThing, isUsable: (key: ApiKey) => boolean): readonly Scope[] {
  const { accountId, maker, makerGeneration } = made
  const own = made.scopes.length === 0 ? [] : parseScopes(made.scopes)
  if (maker.kind === 'key') {
    const key = work.world.get(apiKeys, accountId, maker.id)
    return key !== undefined && isUsable(key) && hasPerson(work, key) ? meet(own, scopesOf(key)) : []
  }
  const user = maker.kind === 'user' ? work.world.get(users, accountId, maker.id) : undefined
  const isStanding = user !== undefined && !user.isDisabled && user.generation === makerGeneration
  return isStanding ? meet(own, scopesOfUser(user)) : []
}

/** In the words of the real server. */
export const noWrapping = 'wrapping token is not valid or does not exist'
const unknownDevice = 'The device code is unknown.'
const noKey = 'The API key is missing or invalid. Send it as "Authorization: Bearer sr_...".'

function unauthenticated(): Ended {
  return refused('unauthenticated', noKey)
}

function touch(work: Work, key: ApiKey, api: ApiName | undefined): void {
  const { now } = work.world
  if (key.lastUsedAt === null || now - key.lastUsedAt >= lastUsedGrainMs)
    put(work, apiKeys, { ...key, lastUsedAt: now, lastUsedApi: api ?? null })
}
