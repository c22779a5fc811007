/** Seeds: made, shown, fetched from, given back, revoked. */
import { hash } from 'node:crypto'
import type { AuditObject, RecordedCode } from '../../audit/record.ts'
import type { ApiKey } from '../../model/api-key.ts'
import type { Held } from '../../model/deployment.ts'
import { allowsName, managesAccount, parseScopes } from '../../model/scope.ts'
import { isOver, mayFetch, mayRefetch, type Seed, type SeedDocument } from '../../model/seed.ts'
import type { User } from '../../model/user.ts'
import type { Unsealed } from '../coverage.ts'
import { scopesOfSeed } from '../decide/caller.ts'
import { chainFrom, isHere } from '../decide/environment.ts'
import { type Handed, noVersion } from '../decide/grants.ts'
import { keptRow, objectAgain } from '../decide/once.ts'
import {
  type Call,
  done,
  forbid,
  isMadeBy,
  type Listing,
  listingOf,
  put,
  putAccount,
  refuse,
  shutOut,
} from '../decide/work.ts'
import type { Refused } from '../outcome.ts'
import { accounts } from '../tables/account.ts'
import { apiKeys } from '../tables/api-key.ts'
import { secretsByName } from '../tables/secret.ts'
import { seeds } from '../tables/seed.ts'
import { users } from '../tables/user.ts'
import { defineOnce, defineOperation, free, overSome, type WithRight } from './define.ts'
import { deploy } from './deployments.ts'

/** A seed without what the transaction gives it. */
type NewSeed = Omit<Seed, 'id' | 'environmentId' | 'mac'>

/** What became of a seed, upon the row that was prepared. */
interface SeedChange {
  readonly rowMac: Uint8Array
  readonly seed: Unsealed<Seed>
}

/** Of whom a listing may show what. */
interface SeedListing extends Listing {
  readonly maker: Pick<Seed['maker'], 'kind' | 'id'>
  /** Whether the seeds of others are shown too. */
  readonly isWhole: boolean
}

interface ById {
  readonly id: number
}

const right = 'secrets:read'

/** One's own, or of whoever is seen by those who manage the account. */
const aSeed: WithRight<ById, Seed> = {
  right,
  over: 'some',
  object: (_call, { id }) => unknownSeed(id),
  subject: (call, { id }) => {
    const found = call.work.world.get(seeds, call.account.id, id)
    const { kind, id: principalId } = call.principal
    if (
      found !== undefined &&
      isHere(call, found) &&
      (seesAll(call) || (found.maker.kind === kind && found.maker.id === principalId))
    ) {
      return found
    }
    return refuse(call, unknownSeed(id), 'not_found', 'No seed with this id.')
  },
}

interface Creation {
  readonly seed: NewSeed
  /** Of the secrets that it refers to. */
  readonly names: readonly string[]
  /** Why it could not be rendered, where that was tried: then nothing is made. */
  readonly fault: RecordedCode | undefined
}

type Created = { readonly seed: Seed } | { readonly unresolved: readonly string[] }

/** Neither the token's hash nor the templates. */
const seedAnswer = keptRow<Seed>()({ tokenHash: '', sealed: new Uint8Array(), mac: new Uint8Array() })

/** By who may read all that it refers to. A machine without a key only reads. Nothing is made where names are unresolved. */
const createSeed = defineOnce<Creation, Created>()({
  kind: 'create_seed',
  action: 'seed.create',
  scope: overSome(right, (_call, { seed }) => objectOfNew(seed)),
  environment: 'meant',
  // One value at a time needs no proof; many at once do, read, rendered or put into a seed.
  delicate: (_call, { names }) => names.length > 1,
  grants: handedBySeed,
  needs: (needs, { names }) => {
    for (const name of names) needs.nameInChain(name)
  },
  decide: (call, { seed, names, fault }) => {
    const { work, account, scopes, principal, environment } = call
    const object = objectOfNew(seed)
    if (principal.kind !== 'key' && principal.kind !== 'user') return forbid(call, object, right)
    const isOwn = seed.accountId === account.id && isMadeBy(call, seed.maker)
    if (!isOwn || seed.makerGeneration !== (call.user?.generation ?? 0)) return { kind: 'outdated' }
    const chain = chainFrom(call)
    const unresolved = names.filter(
      (name) =>
        !chain.some((id) => work.world.has(secretsByName, account.id, id, name)) ||
        !allowsName(scopes, right, environment.name, name),
    )
    if (unresolved.length > 0) return done(call, object, { unresolved }, 'unresolved_references')
    if (fault !== undefined) return done(call, object, { unresolved }, fault)
    const current = work.world.get(accounts, account.id) ?? account
    putAccount(work, { ...current, nextSeedId: current.nextSeedId + 1 })
    const made = put(work, seeds, { ...seed, id: current.nextSeedId, environmentId: environment.id })
    return done(call, objectOf(made), { seed: made })
  },
  once: {
    keep: (created) => ('seed' in created ? seedAnswer.keep(created.seed) : undefined),
    give: (_call, kept) => {
      const seed = seedAnswer.give(kept)
      return { object: objectAgain('seed', seed, seed.target), result: { seed } }
    },
  },
})

/** Authorizes a listing. */
const listSeeds = defineOperation<object, SeedListing>()({
  kind: 'list_seeds',
  action: 'seed.list',
  scope: overSome(right),
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call) => {
    const { kind, id } = call.principal
    return done(call, null, { ...listingOf(call), maker: { kind, id }, isWhole: seesAll(call) })
  },
})

const readSeed = defineOperation<ById, Seed, Seed>()({
  kind: 'read_seed',
  action: 'seed.read',
  scope: aSeed,
  environment: ({ account, work }, { id }) => work.world.get(seeds, account.id, id)?.environmentId,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.seed(id),
  decide: (call, _operation, found) => done(call, objectOf(found), found),
})

const deleteSeed = defineOperation<ById, null, Seed>()({
  kind: 'delete_seed',
  action: 'seed.delete',
  scope: aSeed,
  environment: ({ account, work }, { id }) => work.world.get(seeds, account.id, id)?.environmentId,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.seed(id),
  decide: (call, _operation, found) => {
    call.work.world.remove(seeds, found)
    return done(call, objectOf(found), null)
  },
})

/** With the row of whoever made it; spent, when the document is answered without what it holds. */
type Prepared =
  | {
      readonly seed: Seed
      readonly isSpent: false
      readonly key: ApiKey | undefined
      readonly user: User | undefined
    }
  | { readonly seed: Seed; readonly isSpent: true; readonly isOver: boolean }

/** Loads the seed whose token was sent; with a document, if that is answered. Recorded when it is refused. */
const prepareSeed = defineOperation<{ readonly document: SeedDocument | undefined }, Prepared>()({
  kind: 'prepare_seed',
  action: 'seed.fetch',
  // A token of a seed is the right to what the seed gives out, and hands on nothing: what is given out is gone.
  scope: free,
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call, { document }) => {
    const seed = own(call)
    if (seed === undefined) return { kind: 'refused', code: 'not_found', message: noSeed }
    const { world } = call.work
    const { maker } = seed
    const key = maker.kind === 'key' ? world.get(apiKeys, seed.accountId, maker.id) : undefined
    const user = maker.kind === 'user' ? world.get(users, seed.accountId, maker.id) : undefined
    // Whether the document holds values shows when its template is opened; `fetch_seed` asks again.
    const isOpen = document === undefined || mayFetch(seed, document, false, world.now)
    if (isOpen && isBacked(call, seed)) return { kind: 'done', result: { seed, isSpent: false, key, user } }
    if (isRefetched(call, seed, document)) {
      return { kind: 'done', result: { seed, isSpent: true, isOver: isOver(seed, world.now) } }
    }
    return refuseSpent(call, seed)
  },
})

interface Fetch {
  readonly document: SeedDocument
  readonly change: SeedChange
  /** What the document hands out; `undefined` when it refers to no secret. */
  readonly held: readonly Held[] | undefined
}

const fetchSeed = defineOperation<Fetch, null>()({
  kind: 'fetch_seed',
  action: 'seed.fetch',
  scope: free,
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { change }) => needs.target(change.seed.target),
  decide: (call, { document, change, held }) => {
    const seed = own(call)
    if (seed === undefined || !isUpon(change, seed)) return { kind: 'outdated' }
    const isSecret = held !== undefined
    if (!isBacked(call, seed) || !mayFetch(seed, document, isSecret, call.work.world.now)) {
      return isRefetched(call, seed, document) ? { kind: 'outdated' } : refuseSpent(call, seed)
    }
    const fetched = put(call.work, seeds, change.seed)
    if (held !== undefined) deploy(call, seed.target, held, seed.id)
    return done(call, objectOf(fetched), null)
  },
})

/**
 * A document that was fetched is asked for again, the first time in an hour. Gives nothing away, and so needs nobody's
 * right.
 */
const refetchSeed = defineOperation<{ readonly document: SeedDocument; readonly change: SeedChange }, null>()({
  kind: 'refetch_seed',
  action: 'seed.refetch',
  scope: free,
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call, { document, change }) => {
    const seed = own(call)
    if (seed === undefined || !isUpon(change, seed)) return { kind: 'outdated' }
    if (!isRefetched(call, seed, document)) return refuseSpent(call, seed)
    return done(call, objectOf(put(call.work, seeds, change.seed)), null)
  },
})

/** The answer reached nobody: the fetch does not count. */
const returnSeed = defineOperation<{ readonly change: SeedChange }, null>()({
  kind: 'return_seed',
  action: 'seed.return',
  scope: free,
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  decide: (call, { change }) => {
    const seed = own(call)
    if (seed === undefined || !isUpon(change, seed)) return { kind: 'outdated' }
    return done(call, objectOf(put(call.work, seeds, change.seed)), null)
  },
})

export const seedOperations = {
  [createSeed.kind]: createSeed,
  [listSeeds.kind]: listSeeds,
  [readSeed.kind]: readSeed,
  [deleteSeed.kind]: deleteSeed,
  [prepareSeed.kind]: prepareSeed,
  [fetchSeed.kind]: fetchSeed,
  [refetchSeed.kind]: refetchSeed,
  [returnSeed.kind]: returnSeed,
}

/** From where it may be fetched is its maker's networks, whenever it is (`isBacked`). */
function handedBySeed({ key }: Call, { seed }: Creation): readonly Handed[] {
  return [
    {
      thing: 'seed',
      object: objectOfNew(seed),
      written: null,
      scopes: seed.scopes.length === 0 ? [] : parseScopes(seed.scopes),
      ...{ networks: key?.networks ?? [], until: seed.expiresAt, isOwner: false },
    },
  ]
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
  return principal.kind === 'seed' ? work.world.get(seeds, account.id, principal.id) : undefined
}

function seesAll({ scopes }: Call): boolean {
  return managesAccount(scopes)
}

function isUpon({ rowMac, seed: next }: SeedChange, seed: Seed): boolean {
  return next.id === seed.id && next.accountId === seed.accountId && Buffer.compare(rowMac, seed.mac) === 0
}

function unknownSeed(id: number): AuditObject {
  return { kind: 'seed', id, uid: null, name: null, ...noVersion }
}

function objectOfNew({ uid, target }: NewSeed): AuditObject {
  return { kind: 'seed', id: null, uid, name: target, ...noVersion }
}

function objectOf({ id, uid, target, mac }: Seed): AuditObject {
  return { kind: 'seed', id, uid, name: target, version: null, hash: hash('sha256', mac, 'hex') }
}
