/** What happens to seeds: made, shown, fetched from, given back, revoked. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import { scopesOf, whyUnusable } from '../../model/api-key.ts'
import { inNetworks } from '../../model/network.ts'
import { allows, allowsName, allowsSome, meet, parseScopes, type Scope } from '../../model/scope.ts'
import { isOver, mayFetch, mayRefetch, type Seed, type SeedDocument } from '../../model/seed.ts'
import { scopesOfUser } from '../../model/user.ts'
import type { Op, Outcome, Refused } from '../operation.ts'
import type { SeedChange } from '../seed-operation.ts'
import { ref } from '../world.ts'
import { deploy } from './deployments.ts'
import { type Call, done, forbid, isMadeBy, putAccount, putSeed, refuse, removeSeed, shutOut } from './work.ts'

const right = 'secrets:read'

/** By who may read all that it refers to. A machine without a key only reads. */
export function createSeed(call: Call, { seed, names }: Op<'create_seed'>): Outcome<'create_seed'> {
  const { work, account, scopes, principal } = call
  const object: AuditObject = { kind: 'seed', id: null, uid: seed.uid, name: seed.target, version: null, hash: null }
  if (!allowsSome(scopes, right) || !(principal.kind === 'key' || principal.kind === 'user')) {
    return forbid(call, object, right)
  }
  const isOwn = seed.accountId === account.id && isMadeBy(call, seed.maker)
  if (!isOwn || seed.makerGeneration !== (call.user?.generation ?? 0)) return { kind: 'outdated' }
  const unresolved = names.filter(
    (name) => !work.world.names.has(ref(account.id, name)) || !allowsName(scopes, right, name),
  )
  if (unresolved.length > 0) return done(call, object, { unresolved }, 'unresolved_references')
  const current = work.world.accounts.get(account.id) ?? account
  putAccount(work, { ...current, nextSeedId: current.nextSeedId + 1 })
  const made = putSeed(work, { ...seed, id: current.nextSeedId })
  return done(call, objectOf(made), { seed: made })
}

export function listSeeds(call: Call): Outcome<'list_seeds'> {
  if (!allowsSome(call.scopes, right)) return forbid(call, null, right)
  const { kind, id } = call.principal
  return done<'list_seeds'>(call, null, { accountId: call.account.id, maker: { kind, id }, isWhole: seesAll(call) })
}

export function readSeed(call: Call, { id }: Op<'read_seed'>): Outcome<'read_seed'> {
  const found = find(call, id)
  return 'kind' in found ? found : done(call, objectOf(found), found)
}

export function deleteSeed(call: Call, { id }: Op<'delete_seed'>): Outcome<'delete_seed'> {
  const found = find(call, id)
  if ('kind' in found) return found
  removeSeed(call.work, found)
  return done(call, objectOf(found), null)
}

export function prepareSeed(call: Call, { document }: Op<'prepare_seed'>): Outcome<'prepare_seed'> {
  const seed = own(call)
  if (seed === undefined) return { kind: 'refused', code: 'not_found', message: noSeed }
  const { world } = call.work
  const { maker } = seed
  const at = ref(seed.accountId, maker.id)
  const key = maker.kind === 'key' ? world.keys.get(at) : undefined
  const user = maker.kind === 'user' ? world.users.get(at) : undefined
  // Whether the document holds values shows when its template is opened; `fetch_seed` asks again.
  const isOpen = document === undefined || mayFetch(seed, document, false, world.now)
  const result = { seed, isSpent: false, key, user } as const
  if (isOpen && isBacked(call, seed)) return { kind: 'done', result }
  if (isRefetched(call, seed, document)) {
    return { kind: 'done', result: { seed, isSpent: true, isOver: isOver(seed, world.now) } }
  }
  return refuseSpent(call, seed)
}

export function fetchSeed(call: Call, { document, change, held }: Op<'fetch_seed'>): Outcome<'fetch_seed'> {
  const seed = own(call)
  if (seed === undefined || !isUpon(change, seed)) return { kind: 'outdated' }
  const isSecret = held !== undefined
  if (!isBacked(call, seed) || !mayFetch(seed, document, isSecret, call.work.world.now)) {
    return isRefetched(call, seed, document) ? { kind: 'outdated' } : refuseSpent(call, seed)
  }
  const fetched = putSeed(call.work, change.seed)
  if (held !== undefined) deploy(call, seed.target, held, seed.id)
  return done(call, objectOf(fetched), null)
}

/** Gives nothing away, and so needs nobody's right. */
export function refetchSeed(call: Call, { document, change }: Op<'refetch_seed'>): Outcome<'refetch_seed'> {
  const seed = own(call)
  if (seed === undefined || !isUpon(change, seed)) return { kind: 'outdated' }
  if (!isRefetched(call, seed, document)) return refuseSpent(call, seed)
  return done(call, objectOf(putSeed(call.work, change.seed)), null)
}

export function returnSeed(call: Call, { change }: Op<'return_seed'>): Outcome<'return_seed'> {
  const seed = own(call)
  if (seed === undefined || !isUpon(change, seed)) return { kind: 'outdated' }
  return done(call, objectOf(putSeed(call.work, change.seed)), null)
}

/**
 * What may be read for a seed now, from this address: no more than its maker may. Nothing when their key could not be used
 * itself, when the user is disabled, or when what ended their sessions from outside came after it.
 */
export function scopesOfSeed({ work, request }: Pick<Call, 'work' | 'request'>, seed: Seed): readonly Scope[] {
  const { accountId, maker } = seed
  const at = ref(accountId, maker.id)
  const account = work.world.accounts.get(accountId)
  if (account === undefined || !inNetworks(account.networks, request.address)) return []
  const own = seed.scopes.length === 0 ? [] : parseScopes(seed.scopes)
  if (maker.kind === 'key') {
    const key = work.world.keys.get(at)
    const isUsable = key !== undefined && whyUnusable(key, account, work.world.now, request.address) === undefined
    return isUsable ? meet(own, scopesOf(key)) : []
  }
  const user = maker.kind === 'user' ? work.world.users.get(at) : undefined
  const isStanding = user !== undefined && !user.isDisabled && user.generation === seed.makerGeneration
  return isStanding ? meet(own, scopesOfUser(user)) : []
}

/** Whoever cannot read anything any more has no seeds. */
function isBacked(call: Call, seed: Seed): boolean {
  return scopesOfSeed(call, seed).length > 0
}

function isRefetched(call: Call, seed: Seed, document: SeedDocument | undefined): boolean {
  return document !== undefined && mayRefetch(seed, document, isBacked(call, seed), call.work.world.now)
}

const noSeed = 'No seed is here: it has expired, was revoked, or never was.'

function refuseSpent(call: Call, seed: Seed): Refused {
  return shutOut(call, objectOf(seed), 'not_found', noSeed)
}

function own({ work, principal, account }: Call): Seed | undefined {
  return principal.kind === 'seed' ? work.world.seeds.get(ref(account.id, principal.id)) : undefined
}

function find(call: Call, id: number): Seed | Refused {
  const unknown: AuditObject = { kind: 'seed', id, uid: null, name: null, version: null, hash: null }
  if (!allowsSome(call.scopes, right)) return forbid(call, unknown, right)
  const found = call.work.world.seeds.get(ref(call.account.id, id))
  const { kind, id: principalId } = call.principal
  if (found !== undefined && (seesAll(call) || (found.maker.kind === kind && found.maker.id === principalId))) {
    return found
  }
  return refuse(call, unknown, 'not_found', 'No seed with this id.')
}

function seesAll({ scopes }: Call): boolean {
  return allows(scopes, 'account:manage')
}

function isUpon({ rowMac, seed: next }: SeedChange, seed: Seed): boolean {
  return next.id === seed.id && next.accountId === seed.accountId && Buffer.compare(rowMac, seed.mac) === 0
}

function objectOf({ id, uid, target, mac }: Seed): AuditObject {
  return { kind: 'seed', id, uid, name: target, version: null, hash: hash('sha256', mac, 'hex') }
}
