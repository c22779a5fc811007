/** Secrets: authorization, conditions, the change, its record. */
import { hash } from 'node:crypto'
import type { Aside, AuditObject, RecordedCode } from '../../audit/record.ts'
import type { FieldFault } from '../../errors.ts'
import { defaultList, type List } from '../../model/list.ts'
import { allowsName, managesAccount, type Right } from '../../model/scope.ts'
import { type Decoy, type Details, isDestroyed, noValue, type Secret, type SecretKey } from '../../model/secret.ts'
import { chainFrom, environmentOf, hasSome, isHere, isStrict } from '../decide/environment.ts'
import { noVersion } from '../decide/grants.ts'
import {
  findList,
  hasName,
  inList,
  listForAll,
  needList,
  noListOf,
  placeOfFirst,
  placeOfList,
  placeOfSecret,
  refuseList,
} from '../decide/lists.ts'
import {
  type Call,
  done,
  forbid,
  type Listing,
  lackingName,
  listingOf,
  putAccount,
  putSecret,
  record,
  refuse,
  refuseField,
  type UnsealedSecret,
} from '../decide/work.ts'
import type { IdOrName, Known, Match, MetadataMatch, Place } from '../naming.ts'
import type { Needs } from '../needs.ts'
import type { Outcome, Refused } from '../outcome.ts'
import { noSecret, type SecretHead } from '../reply.ts'
import type { StoredSecret } from '../stored.ts'
import { accounts, newestAccountKeys } from '../tables/account.ts'
import { lists, listsByName } from '../tables/list.ts'
import { histories, secretsByName, storedSecrets, versions } from '../tables/secret.ts'
import { countWraps } from './account-keys.ts'
import { defineOnce, defineOperation, free, type Once, overName, overSome, type WithRight } from './define.ts'
import { holdersOf } from './deployments.ts'

/** What is known of a secret as it was made or changed. */
export type { SecretHead }

export interface NextVersion {
  /** The row that it was sealed upon. */
  readonly version: number
  readonly rowMac: Uint8Array
  /** The name that it is sealed under. */
  readonly name: string
  readonly sealed: Uint8Array
}

export interface Changed {
  readonly secret: SecretHead
  /** Whether an earlier request had done it already. */
  readonly replayed: boolean
  /** How many deployments hold an older version. */
  readonly stale: number
}

interface Wanted extends Place {
  readonly match?: Match | MetadataMatch | undefined
}

/**
 * The secret, if the caller has the right to it. Without the right for any name: 403, whether it exists or not. Without
 * it for this name: 403 if the caller may list it, else as if it did not exist.
 */
export function aSecret(right: Right): WithRight<Wanted, StoredSecret> {
  return { right, over: 'some', object: (_call, { id }) => unknownSecret(id), subject: findSecret }
}

/** An environment that names are looked up in: what it is called, where the caller may know of it. */
export interface Inherited {
  readonly id: number
  readonly name: string | null
}

/** The environment that counts, then its bases. */
export function inheritedBy(call: Call): readonly Inherited[] {
  return chainFrom(call).map((id) => ({ id, name: environmentOf(call, id)?.name ?? null }))
}

/** Authorizes a listing, whose pages are then read by `Pages`. */
const listSecrets = defineOperation<
  { readonly list?: IdOrName | undefined },
  Listing & { readonly list: List | undefined; readonly chain: readonly Inherited[] },
  List | undefined
>()({
  kind: 'list_secrets',
  action: 'secret.list',
  scope: inList('secrets:list'),
  environment: placeOfList,
  delicate: false,
  grants: 'nothing',
  needs: needList,
  sharing: true,
  decide: (call, _operation, list) => done(call, null, { ...listingOf(call), list, chain: inheritedBy(call) }),
})

const readSecret = defineOperation<Place, StoredSecret, StoredSecret>()({
  kind: 'read_secret',
  action: 'secret.read',
  scope: aSecret('secrets:read'),
  environment: placeOfSecret,
  // One value at a time needs no proof; many at once do, read, rendered or put into a seed.
  delicate: false,
  grants: 'nothing',
  needs: (needs, place) => needs.place(place),
  sharing: true,
  decide: (call, _operation, found) =>
    isValueless(found) ? refuseValueless(call, found) : done(call, objectOf(found), found),
})

/**
 * Reads a secret, unless the caller has what is there: then nothing is given out, and nothing recorded.
 *
 * What a template becomes depends on more than its version: only as it is stored it is known by that.
 */
const readUnlessKnown = defineOperation<
  Place & { readonly known: Known; readonly isStored: boolean },
  { readonly found: StoredSecret } | { readonly unchanged: Secret },
  StoredSecret
>()({
  kind: 'read_unless_known',
  action: 'secret.read',
  scope: aSecret('secrets:read'),
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, place) => needs.place(place),
  sharing: true,
  decide: (call, operation, found) => {
    const { secret } = found
    if (isValueless(found)) return refuseValueless(call, found)
    const isWhole = secret.type !== 'template' || operation.isStored
    if (isWhole && isKnown(call, operation, secret)) return { kind: 'done', result: { unchanged: secret } }
    return done(call, objectOf(found), { found })
  },
})

function isKnown(call: Call, { id: asked, known }: Place & { readonly known: Known }, secret: Secret): boolean {
  if (known === '*') return true
  const { id, version, name } = secret
  // Of several that the name leads to, whichever is nearest, the caller may have read another one.
  const isAlone = () => typeof asked === 'number' || idsNamed(call, name) === 1
  return known.some((one) => one.version === version && (one.id === undefined ? isAlone() : one.id === id))
}

/** How many secrets have a name in the environments in which it is looked up. */
function idsNamed(call: Call, name: string): number {
  const { account, work } = call
  return chainFrom(call).filter((id) => work.world.has(secretsByName, account.id, id, name)).length
}

/** Reads many at once, each with its record, in the order of the references; without a value, where that was destroyed. */
const readSecrets = defineOperation<{ readonly refs: readonly IdOrName[] }, readonly (StoredSecret | Refused)[]>()({
  kind: 'read_secrets',
  action: 'secret.read',
  // Each asks for the right by itself, and is refused by itself.
  scope: free,
  environment: placeOfFirst,
  delicate: (_call, { refs }) => refs.length > 1,
  grants: 'nothing',
  needs: (needs, { refs }) => {
    for (const id of refs) needs.secret(id)
  },
  sharing: true,
  decide: (call, { refs }) => {
    const read = refs.map((id) => {
      const found = ownSecret(call, id, 'secrets:read')
      if ('kind' in found) return found
      record(call, objectOf(found), isValueless(found) ? 'not_found' : 'ok')
      return found
    })
    return { kind: 'done', result: read }
  },
})

/** As many values, sealed, as are answered together. */
const maxBatchBytes = 16 * 1024 * 1024

/**
 * Reads many at once, each with its record, as each would be read alone: all that are there, or none; without a value, where that
 * was destroyed.
 */
const readBatch = defineOperation<{ readonly refs: readonly IdOrName[] }, readonly (StoredSecret | undefined)[]>()({
  kind: 'read_batch',
  action: 'secret.read',
  // The right to each name is asked for below.
  scope: overSome('secrets:read', (_call, { refs: [first] }) => (first === undefined ? null : unknownSecret(first))),
  environment: placeOfFirst,
  delicate: (_call, { refs }) => refs.length > 1,
  grants: 'nothing',
  needs: (needs, { refs }) => {
    for (const id of refs) needs.secret(id)
  },
  sharing: true,
  decide: (call, { refs }) => {
    const right = 'secrets:read'
    const looked = refs.map((id) => lookFor(call, { id }, right))
    const forbidden = looked.flatMap(({ found, isAllowed, isSeen }, at) =>
      found !== undefined && isSeen && !isAllowed ? [{ found, at }] : [],
    )
    const [first] = forbidden
    if (first !== undefined) {
      const fields = forbidden.map(({ at }) => ({
        field: `${fieldOf(refs[at])}.${at}`,
        detail: lackingName(call, right),
      }))
      return { ...forbid(call, objectOf(first.found), right), fields }
    }
    const read = looked.map(({ found, isAllowed }) => (isAllowed ? found : undefined))
    if (sumOf(read.map((one) => one?.sealed.length ?? 0)) > maxBatchBytes) {
      const detail = `The values have more than ${maxBatchBytes} bytes together. Read fewer at once.`
      return refuse(call, unknownSecret(refs[0] ?? 0), 'too_large', detail)
    }
    for (const [at, one] of read.entries()) {
      const { found } = looked[at] ?? {}
      const object = found === undefined ? unknownSecret(refs[at] ?? 0) : objectOf(found)
      record(call, object, one === undefined || isValueless(one) ? 'not_found' : 'ok')
    }
    return { kind: 'done', result: read }
  },
})

/** What a template refers to: the secrets, without a value where that was destroyed; and of which names there is none, or none that may be read. */
const readParts = defineOperation<
  { readonly names: readonly string[]; readonly right: 'secrets:read' | 'secrets:scan' },
  readonly (StoredSecret | 'absent' | 'forbidden')[]
>()({
  kind: 'read_parts',
  action: ({ right }) => (right === 'secrets:read' ? 'secret.read' : 'secret.fingerprint'),
  scope: (_call, { right }) =>
    overSome(right, (_, { names: [first] }) => (first === undefined ? null : unknownSecret(first))),
  environment: 'meant',
  // Whoever puts many values into one template reads many at once.
  delicate: (_call, { names }) => names.length > 1,
  grants: 'nothing',
  needs: (needs, { names }) => {
    for (const name of names) needs.secret(name)
  },
  sharing: true,
  decide: (call, { names, right }) => {
    const looked = names.map((id) => lookFor(call, { id }, right))
    const bytes = looked.map(({ found, isAllowed }) => (isAllowed ? (found?.sealed.length ?? 0) : 0))
    if (sumOf(bytes) > maxBatchBytes) {
      const detail = `What templates refer to has more than ${maxBatchBytes} bytes together.`
      return refuse(call, unknownSecret(names[0] ?? ''), 'too_large', detail)
    }
    const parts = looked.map(({ found, isAllowed, isSeen }, at) => {
      const object = found === undefined ? unknownSecret(names[at] ?? '') : objectOf(found)
      if (found === undefined || !(isAllowed || isSeen)) {
        record(call, object, 'not_found')
        return 'absent'
      }
      record(call, object, isAllowed ? (isValueless(found) ? 'not_found' : 'ok') : 'forbidden')
      return isAllowed ? found : 'forbidden'
    })
    return { kind: 'done', result: parts }
  },
})

function fieldOf(ref: IdOrName | undefined): string {
  return typeof ref === 'number' ? 'ids' : 'names'
}

function sumOf(amounts: readonly number[]): number {
  return amounts.reduce((sum, amount) => sum + amount, 0)
}

/**
 * Loads what is needed to seal a new version. Not recorded: the change that follows refuses and records. Whoever has not the right
 * to the change is given nothing, so that nothing of what is there shows in why a request is refused.
 */
const prepareSecret = defineOperation<Place & { readonly right?: 'secrets:write' | undefined }, StoredSecret>()({
  kind: 'prepare_secret',
  action: 'secret.update',
  scope: free,
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, place) => needs.place(place),
  sharing: true,
  decide: (call, operation) => {
    const found = secretAt(call, operation, true)
    const { right } = operation
    if (found === undefined || (right !== undefined && !isChangeable(call, found.secret.name))) {
      return { kind: 'refused', code: 'not_found', message: '' }
    }
    return { kind: 'done', result: found }
  },
})

/**
 * Which secret a name leads to, what is inherited too, for whoever has the right to it. Not recorded: what is then asked by id is.
 */
const findByName = defineOperation<{ readonly id: string; readonly right: Right }, number>()({
  kind: 'find_secret',
  action: 'secret.read',
  scope: free,
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, place) => needs.place(place),
  sharing: true,
  decide: (call, { id, right }) => {
    const found = secretAt(call, { id })
    const { scopes, environment } = call
    if (found === undefined || !allowsName(scopes, right, environment.name, found.secret.name)) {
      return { kind: 'refused', code: 'not_found', message: '' }
    }
    return { kind: 'done', result: found.secret.id }
  },
})

/** What is answered for a change of a secret, again: as it was then. */
export const changedOnce: Once<Changed> = {
  keep: ({ secret }) => ({ secret: headOf(secret), answer: null }),
  give: (call, { secret }) => {
    const { id, name, version } = secret
    const found = call.work.world.get(storedSecrets, call.account.id, id)
    const object = found === undefined ? unknownSecret(id) : objectOf(found)
    return { object: { ...object, id, name, version }, result: { secret, replayed: true, stale: holdersOf(call, id) } }
  },
}

/**
 * What is answered for several that were made or changed together, again: the record names the first of them.
 *
 * @param secretOf which secret one of them is about
 */
export function severalOnce<One>(
  secretOf: (one: One) => { readonly id: number | null; readonly name: string },
): Once<readonly One[]> {
  return {
    keep: (all) => ({ secret: noSecret, answer: JSON.stringify(all) }),
    give: (_call, { answer }) => {
      const result: readonly One[] = JSON.parse(answer ?? '[]')
      const [first] = result
      const { id, name } = first === undefined ? noSecret : secretOf(first)
      return { object: { ...unknownSecret(id ?? 0), name }, result }
    },
  }
}

export interface Creation {
  /** The account that `sealed` is bound to. */
  readonly accountId: number
  readonly name: string
  /** The list that it goes into; `undefined` for the default one. */
  readonly list: IdOrName | undefined
  readonly details: Details
  readonly uid: string
  readonly key: SecretKey
  readonly sealed: Uint8Array
}

const createSecret = defineOnce<Creation & { readonly decoy?: Decoy | undefined }, Changed>()({
  kind: 'create_secret',
  action: 'secret.create',
  scope: overName(
    'secrets:write',
    ({ name }) => name,
    (_call, { name }) => unknownSecret(name),
  ),
  environment: 'meant',
  delicate: (_call, { decoy }) => decoy !== undefined,
  grants: 'nothing',
  needs: needCreation,
  decide: (call, operation) => {
    const object = unknownSecret(operation.name)
    const { decoy } = operation
    if (decoy !== undefined && !managesAccount(call.scopes)) return forbid(call, object, 'account:manage')
    if (!isSealedNow(call, operation)) return { kind: 'outdated' }
    if (hasName(call, operation.name)) return refuseTaken(call, object)
    if (isListAbsent(call, operation)) return refuseList(call, operation.list ?? defaultList, object)
    const exhausted = countWraps(call, 1, object)
    if (exhausted !== undefined) return exhausted
    const stored = addSecret(call, operation, decoy ?? null)
    const result = { secret: stored.secret, replayed: false, stale: 0 }
    return done(call, objectOf(stored), result, 'ok', markOf(null, decoy))
  },
  once: changedOnce,
})

/** Makes all of them, each with its record, or none: the first that would be refused alone is recorded as that is. */
const createSecrets = defineOnce<{ readonly secrets: readonly Creation[] }, readonly SecretHead[]>()({
  kind: 'create_secrets',
  action: 'secret.create',
  // The right to each name is asked for below.
  scope: overSome('secrets:write', (_call, { secrets: [first] }) =>
    first === undefined ? null : unknownSecret(first.name),
  ),
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { secrets }) => {
    for (const one of secrets) needCreation(needs, one)
  },
  decide: (call, { secrets }) => {
    if (!secrets.every((one) => isSealedNow(call, one))) return { kind: 'outdated' }
    const refusal = refuseSome(call, secrets, creationFault)
    if (refusal !== undefined) return refusal
    const exhausted = countWraps(call, secrets.length, unknownSecret(secrets[0]?.name ?? ''))
    if (exhausted !== undefined) return exhausted
    const made = secrets.map((one) => {
      const stored = addSecret(call, one)
      record(call, objectOf(stored), 'ok')
      return headOf(stored.secret)
    })
    return { kind: 'done', result: made }
  },
  once: severalOnce((made) => made),
})

/** One of several values: of a new secret, or the next of one that is there. */
export type Storing = Creation | Storage

/** The next version of the secret of this name. */
export interface Storage {
  readonly name: string
  readonly next: NextVersion
}

/** What was stored of several. */
export interface Stored {
  readonly secret: SecretHead
  readonly stale: number
}

/** Whether the caller may change what has this name; else they learn nothing of it. */
export function isChangeable({ scopes, environment }: Call, name: string): boolean {
  return allowsName(scopes, 'secrets:write', environment.name, name)
}

/** Loads what is needed to seal values of several names. Not recorded: the change that follows refuses and records. */
const prepareSecrets = defineOperation<{ readonly names: readonly string[] }, readonly (StoredSecret | undefined)[]>()({
  kind: 'prepare_secrets',
  action: 'secret.update',
  scope: free,
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { names }) => {
    for (const name of names) needs.secret(name)
  },
  sharing: true,
  decide: (call, { names }) => ({
    kind: 'done',
    result: names.map((id) => (isChangeable(call, id) ? secretAt(call, { id }, true) : undefined)),
  }),
})

/**
 * What stands in the way of storing a value under each name, and what is there: nothing, what it may be compared with,
 * which is a read, or what this caller may replace and not read.
 */
const compareSecrets = defineOperation<
  { readonly names: readonly string[] },
  readonly (StoredSecret | 'new' | 'unread' | 'forbidden')[]
>()({
  kind: 'compare_secrets',
  action: 'secret.read',
  scope: overSome('secrets:write'),
  environment: 'meant',
  // As each way to read many at once.
  delicate: (_call, { names }) => names.length > 1,
  grants: 'nothing',
  needs: (needs, { names }) => {
    for (const name of names) needs.secret(name)
  },
  sharing: true,
  decide: (call, { names }) => {
    const found = names.map((name) => {
      if (!isChangeable(call, name)) return 'forbidden'
      const stored = secretAt(call, { id: name }, true)
      if (stored === undefined) return 'new'
      if (!allowsName(call.scopes, 'secrets:read', call.environment.name, name)) return 'unread'
      record(call, objectOf(stored), isValueless(stored) ? 'not_found' : 'ok')
      return stored
    })
    return { kind: 'done', result: found }
  },
})

/** Stores all of them, new ones and next versions, each with its record, or none. */
const storeSecrets = defineOnce<
  { readonly secrets: readonly (Storing & { readonly version: number | undefined })[] },
  readonly Stored[]
>()({
  kind: 'store_secrets',
  action: 'secret.update',
  // The right to each name is asked for below.
  scope: overSome('secrets:write', (_call, { secrets: [first] }) =>
    first === undefined ? null : unknownSecret(first.name),
  ),
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { secrets }) => {
    for (const one of secrets) {
      needs.secret(one.name)
      needs.holdersOf(one.name)
      if ('uid' in one) needCreation(needs, one)
    }
  },
  decide: (call, { secrets }) => {
    const refusal = refuseSome(call, secrets, storingFault)
    if (refusal !== undefined) return refusal
    // All of it is known to fit before anything is put.
    if (!secrets.every((one) => isSealedUpon(call, one))) return { kind: 'outdated' }
    const fresh = secrets.filter((one) => 'uid' in one).length
    const exhausted = fresh === 0 ? undefined : countWraps(call, fresh, unknownSecret(secrets[0]?.name ?? ''))
    if (exhausted !== undefined) return exhausted
    return { kind: 'done', result: secrets.map((one) => storeOne(call, one)) }
  },
  once: severalOnce(({ secret }) => secret),
})

/** Whether a value was sealed upon what is there now. */
function isSealedUpon(call: Call, one: Storing): boolean {
  const found = secretAt(call, { id: one.name }, true)
  if ('uid' in one) return found === undefined && isSealedNow(call, one)
  return found !== undefined && isNextOf(one.next, found.secret)
}

/** Whether a value was sealed as the next version of a row as it is, under this name. */
export function isNextOf(
  next: NextVersion,
  { name, version, mac }: { readonly name: string; readonly version: number | null; readonly mac: Uint8Array },
): boolean {
  return next.name === name && next.version === version && same(next.rowMac, mac)
}

/** What stands in the way of one of several. */
interface Fault extends FieldFault {
  readonly code: RecordedCode
}

/**
 * Refuses several together for whatever is at fault with any of them: the first is recorded, as it would be refused alone.
 *
 * @param faultOf is told the names of those before it
 */
function refuseSome<One extends { readonly name: string }>(
  call: Call,
  secrets: readonly One[],
  faultOf: (call: Call, one: One, before: ReadonlySet<string>) => Fault | undefined,
): Refused | undefined {
  const names = new Set<string>()
  const faults = secrets.flatMap((one, at) => {
    const fault = faultOf(call, one, names)
    names.add(one.name)
    return fault === undefined ? [] : [{ ...fault, field: `secrets.${at}.${fault.field}`, name: one.name }]
  })
  const [first] = faults
  if (first === undefined) return undefined
  const fields = faults.map(({ field, detail }) => ({ field, detail }))
  const object = unknownSecret(first.name)
  if (first.code === 'forbidden') return { ...forbid(call, object, 'secrets:write'), fields }
  return { ...refuse(call, object, first.code, `${first.field}: ${first.detail}`), fields }
}

/** Why one of several cannot be stored. @param before the names of those before it */
function storingFault(
  call: Call,
  one: Storing & { readonly version: number | undefined },
  before: ReadonlySet<string>,
): Fault | undefined {
  const { name, version } = one
  if (!isChangeable(call, name)) return nameLacks(call)
  if (before.has(name)) return { code: 'invalid', field: 'name', detail: 'Must be a name that no other of them has.' }
  const found = secretAt(call, { id: name }, true)
  if (version !== undefined && version !== (found?.secret.version ?? 0)) {
    const detail =
      found === undefined
        ? 'No secret of this name is there any more. Look again, then repeat the change.'
        : `The secret is at version ${found.secret.version}. Look again, then repeat the change.`
    return { code: 'stale_version', field: 'version', detail }
  }
  // Of a list that is going: the name is free when it is gone.
  if (found === undefined && hasName(call, name)) return { code: 'name_taken', field: 'name', detail: taken }
  if (found === undefined && 'uid' in one && isListAbsent(call, one)) {
    return { code: 'not_found', field: 'list', detail: noListOf(one.list ?? '') }
  }
  return undefined
}

function nameLacks(call: Call): Fault {
  return { code: 'forbidden', field: 'name', detail: lackingName(call, 'secrets:write') }
}

/** Nothing is in its way. */
function storeOne(call: Call, one: Storing): Stored {
  if ('uid' in one) {
    const stored = addSecret(call, one)
    record({ ...call, action: 'secret.create' }, objectOf(stored), 'ok')
    return { secret: headOf(stored.secret), stale: 0 }
  }
  const found = secretAt(call, { id: one.name }, true)
  if (found === undefined) throw new Error('It was there when it was looked at.')
  const stored = putNextVersion(call, found, one.next.sealed)
  record(call, objectOf(stored), 'ok')
  return { secret: headOf(stored.secret), stale: holdersOf(call, stored.secret.id) }
}

export function needCreation(needs: Needs, { name, list }: Creation): void {
  needs.accountKey()
  needs.newName(name)
  needs.list(list ?? defaultList)
}

/** Else it was sealed for another account; or a key that was wrapped under a version which is being replaced would be lost with it. */
export function isSealedNow({ work, account }: Call, { accountId, key }: Creation): boolean {
  return accountId === account.id && key.keyVersion === work.world.find(newestAccountKeys, account.id)?.version
}

function isListAbsent(call: Call, { list }: Creation): boolean {
  return list !== undefined && findList(call, list) === undefined
}

/** Why one of several cannot be made, in the words in which it would be refused alone. @param before the names of those before it */
function creationFault(call: Call, creation: Creation, before: ReadonlySet<string>): Fault | undefined {
  const { name } = creation
  if (!isChangeable(call, name)) return nameLacks(call)
  if (before.has(name) || hasName(call, name)) return { code: 'name_taken', field: 'name', detail: taken }
  if (isListAbsent(call, creation)) return { code: 'not_found', field: 'list', detail: noListOf(creation.list ?? '') }
  return undefined
}

/** What a record says to those who manage the account of a change that may mark a secret as a decoy, or take the mark away. */
export function markOf(before: Decoy | null, now: Decoy | null | undefined): Aside | undefined {
  if (now === undefined || now === before) return undefined
  return now === null ? 'decoy.unmark' : 'decoy.mark'
}

/** Nothing is in its way. */
export function addSecret(
  call: Call,
  { list, name, uid, key, sealed, details }: Creation,
  decoy: Decoy | null = null,
): StoredSecret {
  const { work } = call
  const { now } = work.world
  const place = (list === undefined ? undefined : findList(call, list)) ?? listForAll(call)
  const current = work.world.get(accounts, call.account.id) ?? call.account
  putAccount(work, { ...current, nextSecretId: current.nextSecretId + 1 })
  const secret = {
    ...details,
    ...{ accountId: current.id, id: current.nextSecretId, listId: place.id, uid, name, version: 1 },
    ...{ createdAt: now, updatedAt: now, environmentId: call.environment.id, decoy, destroyedAt: null },
  }
  return putVersion(call, { secret, key, sealed })
}

interface Update extends Place {
  /** What the caller says the name is; refused when it is another. */
  readonly name: string | undefined
  /** What it is to be called from now on. */
  readonly rename: string | undefined
  readonly match: Match | undefined
  /** The next version, sealed upon the row that was prepared; `undefined` when there was none. */
  readonly next: NextVersion | undefined
}

const updateSecret = defineOnce<Update, Changed, StoredSecret>()({
  kind: 'update_secret',
  action: 'secret.update',
  scope: aSecret('secrets:write'),
  environment: placeOfSecret,
  delicate: false,
  grants: 'nothing',
  needs: (needs, operation) => {
    needs.place(operation)
    needs.holdersOf(operation.id)
    if (operation.rename !== undefined) needs.newNameOf(operation.id, operation.rename)
  },
  decide: (call, operation, found) => {
    const { name } = found.secret
    if (operation.name !== undefined && operation.name !== name) {
      return refuse(call, objectOf(found), 'invalid', 'name: Must be left out, or be the name that the secret has.')
    }
    const { rename = name, next } = operation
    if (operation.rename !== undefined && next === undefined && isValueless(found)) {
      return refuseField(call, objectOf(found), 'invalid', { field: 'name', detail: noValueToRename })
    }
    if (rename !== name) {
      const { name: environment } = call.environment
      if (!allowsName(call.scopes, 'secrets:write', environment, rename))
        return forbid(call, objectOf(found), 'secrets:write')
      // What it was before comes along: else it could be read under a name that the caller may read.
      if (!allowsName(call.scopes, 'secrets:read', environment, name))
        return forbid(call, objectOf(found), 'secrets:read')
      if (hasName(call, rename)) return refuseTaken(call, objectOf(found))
    }
    if (next !== undefined && next.name !== rename) return { kind: 'outdated' }
    return putNext(call, found, operation)
  },
  once: changedOnce,
})

/** What the name is to hold: a first version, or the next one of the row that was prepared; nothing where neither will do. */
interface Putting {
  readonly name: string
  /** Of a new secret; of one that is there, what the caller says its type is. */
  readonly type: Details['type'] | undefined
  readonly match: Match | undefined
  /** Whether it must not be there yet. */
  readonly isNewOnly: boolean
  readonly creation: Creation | undefined
  readonly next: NextVersion | undefined
}

/** Makes the secret of a name, or stores its next version. */
const putSecretOfName = defineOnce<Putting, Changed>()({
  kind: 'put_secret',
  action: ({ next }) => (next === undefined ? 'secret.create' : 'secret.update'),
  scope: overName(
    'secrets:write',
    ({ name }) => name,
    (_call, { name }) => unknownSecret(name),
  ),
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { name }) => {
    needs.accountKey()
    needs.secret(name)
    needs.newName(name)
    needs.list(defaultList)
    needs.holdersOf(name)
  },
  decide: (call, operation) => {
    const { name, match, isNewOnly, type, creation } = operation
    const found = secretAt(call, { id: name }, true)
    const object = found === undefined ? unknownSecret(name) : objectOf(found)
    if (found !== undefined) {
      if (isNewOnly) return refuse(call, object, 'stale_version', taken)
      if (type !== undefined && type !== found.secret.type) {
        const detail = `Must be left out, or be the type that the secret has: ${found.secret.type}.`
        return refuseField(call, object, 'invalid', { field: 'type', detail })
      }
      return putNext(call, found, operation)
    }
    if (match !== undefined) return refuseStale(call, object)
    // Of a list that is going: the name is free when it is gone.
    if (hasName(call, name)) return refuseTaken(call, object)
    if (creation === undefined || !isSealedNow(call, creation)) return { kind: 'outdated' }
    const exhausted = countWraps(call, 1, object)
    if (exhausted !== undefined) return exhausted
    const stored = addSecret(call, creation)
    return done(call, objectOf(stored), { secret: stored.secret, replayed: false, stale: 0 })
  },
  once: changedOnce,
})

export const secretOperations = {
  [listSecrets.kind]: listSecrets,
  [readSecret.kind]: readSecret,
  [readUnlessKnown.kind]: readUnlessKnown,
  [readSecrets.kind]: readSecrets,
  [readBatch.kind]: readBatch,
  [readParts.kind]: readParts,
  [prepareSecret.kind]: prepareSecret,
  [findByName.kind]: findByName,
  [createSecret.kind]: createSecret,
  [createSecrets.kind]: createSecrets,
  [prepareSecrets.kind]: prepareSecrets,
  [compareSecrets.kind]: compareSecrets,
  [storeSecrets.kind]: storeSecrets,
  [updateSecret.kind]: updateSecret,
  [putSecretOfName.kind]: putSecretOfName,
}

/** Stores the next version, if it was sealed upon the row as it is. */
export function putNext(
  call: Call,
  found: StoredSecret,
  { match, next }: Pick<Update, 'match' | 'next'>,
): Outcome<Changed> {
  if (!fits(found, match)) return refuseStale(call, objectOf(found))
  if (next === undefined || next.version !== found.secret.version || !same(next.rowMac, found.secret.mac)) {
    return { kind: 'outdated' }
  }
  const stored = putNextVersion(call, found, next.sealed, { name: next.name })
  const { secret } = stored
  return done(call, objectOf(stored), { secret, replayed: false, stale: holdersOf(call, secret.id) })
}

/** One of several, each of which is refused by itself. */
export function ownSecret(call: Call, id: IdOrName, right: Right): StoredSecret | Refused {
  return hasSome(call, right) ? findSecret(call, { id }, right) : forbid(call, unknownSecret(id), right)
}

function findSecret(call: Call, wanted: Wanted, right: Right): StoredSecret | Refused {
  const { id, list, match } = wanted
  if (list !== undefined && findList(call, list) === undefined) return refuseList(call, list, unknownSecret(id))
  const { found, isAllowed, isSeen } = lookFor(call, wanted, right)
  if (found !== undefined) {
    if (isAllowed) return changing.has(right) && !isHere(call, found.secret) ? refuseInherited(call, found) : found
    if (isSeen) return forbid(call, objectOf(found), right)
  }
  const object = found === undefined ? unknownSecret(id) : objectOf(found)
  if (match === '*') return refuseStale(call, object)
  const what = typeof id === 'number' ? 'id' : 'name'
  return refuse(call, object, 'not_found', `No secret with this ${what}.`)
}

/** The secret, and whether the caller has the right to it, or may know that it is there. */
function lookFor(call: Call, place: Place, right: Right) {
  const found = secretAt(call, place, changing.has(right))
  const { name } = call.environment
  const allows = (one: Right) => found !== undefined && allowsName(call.scopes, one, name, found.secret.name)
  return { found, isAllowed: allows(right), isSeen: allows('secrets:list') }
}

/** Rights to what a secret is from then on: nothing that is inherited is changed where it is inherited. */
const changing: ReadonlySet<Right> = new Set<Right>(['secrets:write', 'secrets:delete'])

/**
 * The secret, whoever asks: of the environment that counts, or inherited by it.
 *
 * @param isOwn whether a name is looked for in the environment alone
 */
export function secretAt(call: Call, { id: wanted, list }: Place, isOwn = false): StoredSecret | undefined {
  const found = typeof wanted === 'number' ? secretOfId(call, wanted) : secretNamed(call, wanted, isOwn)
  if (found === undefined || list === undefined) return found
  const { account, work, environment } = call
  const listId = typeof list === 'number' ? list : work.world.find(listsByName, account.id, environment.id, list)?.id
  return found.secret.listId === listId ? found : undefined
}

function secretNamed(call: Call, name: string, isOwn: boolean): StoredSecret | undefined {
  const { account, work, environment } = call
  const isAlone = isOwn || isStrict(call)
  for (const id of isAlone ? [environment.id] : chainFrom(call)) {
    const found = work.world.find(secretsByName, account.id, id, name)
    if (found !== undefined && !isGoing(work.world, found)) return found
  }
  return undefined
}

function secretOfId(call: Call, id: number): StoredSecret | undefined {
  const { account, work } = call
  const found = work.world.get(storedSecrets, account.id, id)
  if (found === undefined || isGoing(work.world, found)) return undefined
  if (isHere(call, found.secret)) return found
  if (isStrict(call)) return undefined
  const chain = chainFrom(call)
  const at = chain.indexOf(found.secret.environmentId)
  const isHidden = chain.slice(0, at).some((one) => work.world.has(secretsByName, account.id, one, found.secret.name))
  return at < 0 || isHidden ? undefined : found
}

function refuseInherited(call: Call, found: StoredSecret): Refused {
  const message = `The environment ${call.environment.name} inherits this secret: change it where it is kept, or put one of this name here.`
  return refuse(call, objectOf(found), 'not_found', message)
}

/** Whether the value of its current version was destroyed: it is there, and nothing can be read of it. */
export function isValueless({ secret }: Pick<StoredSecret, 'secret'>): boolean {
  return isDestroyed(secret)
}

function refuseValueless(call: Call, found: StoredSecret): Refused {
  return refuse(call, objectOf(found), 'not_found', noValue)
}

const noValueToRename =
  'Must come with a value: that of its current version was destroyed, and a name is stored with the value.'

/** Whether its list is deleted, since it was loaded or before: nobody finds it any more. */
export function isGoing(world: Call['work']['world'], { secret, isGoing }: StoredSecret): boolean {
  return isGoing === true || (world.get(lists, secret.accountId, secret.listId)?.deleter ?? null) !== null
}

export function fits({ secret }: StoredSecret, match: Match | undefined): boolean {
  return match === undefined || match === '*' || match.includes(secret.version)
}

export function refuseStale(call: Call, object: AuditObject): Refused {
  return refuse(
    call,
    object,
    'stale_version',
    'The secret is not at the version that If-Match asks for. Read it again, then repeat the change.',
  )
}

const taken = 'A secret of this name exists already. Choose another name, or update that one.'

function refuseTaken(call: Call, object: AuditObject): Refused {
  return refuse(call, object, 'name_taken', taken)
}

function headOf({ id, name, version, createdAt, updatedAt, listId }: SecretHead): SecretHead {
  return { id, name, version, createdAt, updatedAt, listId }
}

/** @param change what else becomes of it */
export function putNextVersion(
  call: Call,
  found: StoredSecret,
  sealed: Uint8Array,
  change: Partial<Details & Pick<StoredSecret['secret'], 'name'>> = {},
): StoredSecret {
  const version = found.secret.version + 1
  const secret = { ...found.secret, ...change, version, updatedAt: call.work.world.now, destroyedAt: null }
  return putVersion(call, { ...found, secret, sealed })
}

function putVersion(call: Call, unsealed: UnsealedSecret): StoredSecret {
  const stored = putSecret(call.work, unsealed)
  const { secret, sealed } = stored
  const { world } = call.work
  const { accountId, id: secretId, version, updatedAt: createdAt, name } = secret
  const head = world.macs.seal('versions', { accountId, secretId, version, createdAt, name, destroyedAt: null })
  const known = world.fact(histories, accountId, secretId)
  if (known !== undefined) world.setFact(histories, [...known, head], accountId, secretId)
  world.add(versions, { ...head, sealed })
  return stored
}

export function unknownSecret(id: IdOrName): AuditObject {
  const named = typeof id === 'number' ? { id, name: null } : { id: null, name: id }
  return { kind: 'secret', ...named, uid: null, ...noVersion }
}

export function objectOf({ secret, sealed }: StoredSecret): AuditObject {
  const { id, uid, name, version } = secret
  return { kind: 'secret', id, uid, name, version, hash: hash('sha256', sealed, 'hex') }
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
