/** Environments: listed, made, renamed, given a base, deleted. */
import { hash } from 'node:crypto'
import type { AuditObject } from '../../audit/record.ts'
import {
  baseFault,
  defaultEnvironment,
  type Environment,
  type EnvironmentRef,
  environmentUid,
  idNamed,
  maxBases,
  maxEnvironments,
} from '../../model/environment.ts'
import { defaultList } from '../../model/list.ts'
import {
  allowsSome,
  anywhere,
  isOverSecrets,
  namesOf,
  type Right,
  rights,
  type Scope,
  seesEnvironment,
} from '../../model/scope.ts'
import { environmentOf, environmentsOf } from '../decide/environment.ts'
import { type Handed, noVersion } from '../decide/grants.ts'
import { keepEnvironment, keepList } from '../decide/kept.ts'
import { keptRow, objectAgain, onceOf } from '../decide/once.ts'
import { type Call, done, put, putAccount, record, refuse, refuseField } from '../decide/work.ts'
import { inhabited } from '../environment-lookups.ts'
import { listsNamed } from '../lookups.ts'
import type { Refused } from '../outcome.ts'
import { accounts } from '../tables/account.ts'
import { deployments } from '../tables/deployment.ts'
import { environments, inhabitants } from '../tables/environment.ts'
import { lists, listsByName } from '../tables/list.ts'
import { storedSecrets } from '../tables/secret.ts'
import { seeds } from '../tables/seed.ts'
import { defineOnce, defineOperation, overAll, overSome, type WithRight } from './define.ts'
import { objectOfList } from './lists.ts'

/** An environment as somebody sees it. */
export interface EnvironmentView extends EnvironmentRef {
  readonly accountId: number
  /** What its base is called, if there is one and it is seen too. */
  readonly base: string | null
  readonly createdAt: number
  /** Which of its secrets may be listed; nothing for all. */
  readonly names: readonly string[] | undefined
}

interface ById {
  readonly id: number
}

const right = 'account:manage'

/** By whoever sees any: a right over secrets will do. */
function seeing({ scopes }: Pick<Call, 'scopes'>) {
  const isEnough = (one: Right) => (isOverSecrets(one) || one === right) && allowsSome(scopes, one, anywhere)
  return overSome<ById>(rights.find(isEnough) ?? 'secrets:list', (_call, { id }) => unknown(id))
}

const anEnvironment: WithRight<ById, Environment> = {
  right,
  over: 'all',
  object: (_call, { id }) => unknown(id),
  subject: (call, { id }) => {
    if (id === defaultEnvironment.id) {
      return refuse(call, unknown(id), 'invalid', 'The environment default keeps its name, has no base, and stays.')
    }
    return rowOf(call, id) ?? refuseAbsent(call, id)
  },
}

const listEnvironments = defineOperation<object, readonly EnvironmentView[]>()({
  kind: 'list_environments',
  action: 'environment.list',
  scope: (call) => ({ ...seeing(call), object: () => null }),
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: (call) => done(call, null, seenBy(call)),
})

const readEnvironment = defineOperation<ById, EnvironmentView>()({
  kind: 'read_environment',
  action: 'environment.read',
  scope: seeing,
  environment: 'none',
  delicate: false,
  grants: 'nothing',
  needs: 'nothing',
  sharing: true,
  decide: (call, { id }) => {
    const found = seenBy(call).find((one) => one.id === id)
    if (found === undefined) return refuseAbsent(call, id)
    const row = rowOf(call, id)
    return done(call, row === undefined ? { ...unknown(id), name: found.name } : objectOfEnvironment(row), found)
  },
})

interface Creation {
  readonly name: string
  /** By its name; `null` for none. */
  readonly base: string | null
}

const createEnvironment = defineOnce<Creation, Environment>()({
  kind: 'create_environment',
  action: 'environment.create',
  scope: overAll(right, (_call, { name }) => ({ ...unknown(null), name })),
  environment: 'none',
  delicate: (_call, { base }) => base !== null,
  grants: (_call, { name, base }) => handedByBase({ ...unknown(null), name }, base),
  needs: 'nothing',
  decide: (call, { name, base }) => {
    const { work, account } = call
    const object = { ...unknown(null), name }
    const all = environmentsOf(call)
    if (idNamed(all, name) !== undefined) return refuseTaken(call, object)
    if (all.length >= maxEnvironments) {
      return refuse(
        call,
        object,
        'invalid',
        `An account has at most ${maxEnvironments} environments. Delete one first.`,
      )
    }
    const current = work.world.get(accounts, account.id) ?? account
    const id = current.nextEnvironmentId
    const baseId = base === null ? null : idNamed(all, base)
    const fault = baseId === undefined ? 'absent' : baseFault([...all, { id, baseId }])
    if (baseId === undefined || fault !== undefined) return refuseBase(call, object, fault)
    putAccount(work, { ...current, nextEnvironmentId: id + 1 })
    const { now } = work.world
    const uid = environmentUid(work.world.storeId, account.id, id)
    const row = { accountId: account.id, id, uid, name, baseId, createdAt: now, updatedAt: now }
    const made = put(work, environments, row)
    return done(call, objectOfEnvironment(made), made)
  },
  once: onceOf(keptRow<Environment>()({ mac: new Uint8Array() }), (one) => objectAgain('environment', one, one.name)),
})

interface Update extends ById {
  readonly name: string | undefined
  /** By its name; `null` for none; left out, it stays. */
  readonly base: string | null | undefined
}

const updateEnvironment = defineOperation<Update, EnvironmentView, Environment>()({
  kind: 'update_environment',
  action: 'environment.update',
  scope: anEnvironment,
  environment: 'none',
  delicate: true,
  grants: handedByUpdate,
  needs: 'nothing',
  decide: (call, { name, base }, found) => {
    const all = environmentsOf(call)
    const others = all.filter(({ id }) => id !== found.id)
    if (name !== undefined && idNamed(others, name) !== undefined) return refuseTaken(call, objectOfEnvironment(found))
    const baseId = base === undefined ? found.baseId : base === null ? null : idNamed(all, base)
    const fault = baseId === undefined ? 'absent' : baseFault([...others, { id: found.id, baseId }])
    if (baseId === undefined || fault !== undefined) return refuseBase(call, objectOfEnvironment(found), fault)
    const next = { ...found, name: name ?? found.name, baseId, updatedAt: call.work.world.now }
    const changed = put(call.work, environments, next)
    return done(call, objectOfEnvironment(changed), viewOf(call, changed))
  },
})

/** Only of one in which nothing is but an empty list "default", which goes with it, and which is nothing's base. Answers the id of the deletion, if it can be restored. */
const deleteEnvironment = defineOperation<ById, number | null, Environment>()({
  kind: 'delete_environment',
  action: 'environment.delete',
  scope: anEnvironment,
  environment: 'none',
  delicate: true,
  grants: 'nothing',
  needs: (needs, { id }) => {
    needs.row(inhabited, id)
    needs.namedIn(listsNamed, id, defaultList)
    needs.settings()
  },
  decide: (call, { id }, found) => {
    const held = whatIsIn(call, found)
    if (held === undefined) return { kind: 'outdated' }
    if (held.length > 0) {
      const message = `The environment still has ${listed(held)}. Delete or move these first.`
      const fields = held.map((kind) => ({ field: kind.replaceAll(' ', '_'), detail: `There are ${kind} in it.` }))
      return { ...refuse(call, objectOfEnvironment(found), 'not_empty', message), fields }
    }
    removeDefaultList(call, found)
    call.work.world.remove(environments, found)
    record(call, { ...objectOfEnvironment(found), id }, 'ok')
    return { kind: 'done', result: keepEnvironment(call, found) }
  },
})

export const environmentOperations = {
  [listEnvironments.kind]: listEnvironments,
  [readEnvironment.kind]: readEnvironment,
  [createEnvironment.kind]: createEnvironment,
  [updateEnvironment.kind]: updateEnvironment,
  [deleteEnvironment.kind]: deleteEnvironment,
}

/** Of an environment without secrets, so that it is empty. */
function removeDefaultList(call: Call, { id, name }: Environment): void {
  const { world } = call.work
  const list = world.find(listsByName, call.account.id, id, defaultList)
  if (list === undefined) return
  const there: Call = { ...call, action: 'list.delete', environment: { id, name }, isPlaced: true }
  record(there, objectOfList(list), 'ok')
  keepList(there, list, 'kept')
  world.remove(lists, list)
}

/** Those that the caller may know of, by ascending id. */
function seenBy(call: Call): readonly EnvironmentView[] {
  const first = { ...defaultEnvironment, baseId: null, createdAt: call.account.createdAt }
  const all = [first, ...environmentsOf(call).toSorted((a, b) => a.id - b.id)]
  return all.filter(({ name }) => seesEnvironment(call.scopes, name)).map((one) => viewOf(call, one))
}

function viewOf(call: Call, environment: Pick<Environment, 'id' | 'name' | 'baseId' | 'createdAt'>): EnvironmentView {
  const { scopes, account } = call
  const { id, name, baseId, createdAt } = environment
  const names = namesOf(scopes, 'secrets:list', name)
  const base = baseId === null ? undefined : environmentOf(call, baseId)
  return { accountId: account.id, id, name, createdAt, names, base: base?.name ?? null }
}

/** Of any but `default`, whoever asks. */
function rowOf({ work, account }: Call, id: number): Environment | undefined {
  return work.world.get(environments, account.id, id)
}

/** What a base has can be read from then on by whoever may read in the environment. */
export function handedByBase(object: AuditObject, base: string | null | undefined): readonly Handed[] {
  if (base === null || base === undefined) return []
  const scopes = (['secrets:list', 'secrets:read'] as const).map((one) => scopeIn(one, base))
  return handedOver(object, scopes)
}

/**
 * What is in it, and the records of that, can be come by under its new name, and no longer under its old one. Another base, or none,
 * changes what everybody gets there, as writing does.
 */
function handedByUpdate(call: Call, { id, name, base }: Update): readonly Handed[] {
  const found = rowOf(call, id)
  if (found === undefined) return []
  const object = objectOfEnvironment(found)
  const scopes = [
    ...(base === undefined ? [] : [scopeIn('secrets:write', found.name)]),
    ...scopesUnder(found.name, name),
  ]
  return [...handedByBase(object, base), ...handedOver(object, scopes)]
}

/** All that can be done to what is in an environment, under its name and under the one that it is to have, if that is another. */
export function scopesUnder(before: string, name: string | undefined): readonly Scope[] {
  const names = name === undefined || name === before ? [] : [before, name]
  return names.flatMap((one) => rights.filter(isOverThings).map((each) => scopeIn(each, one)))
}

export function handedOver(object: AuditObject, scopes: readonly Scope[]): readonly Handed[] {
  if (scopes.length === 0) return []
  return [{ thing: 'environment', object, written: null, scopes, networks: [], until: null, isOwner: false }]
}

function isOverThings(one: Right): boolean {
  return isOverSecrets(one) || one === 'audit:read'
}

function scopeIn(one: Right, environment: string): Scope {
  return { right: one, pattern: '*', environment }
}

/** What is in an environment, by kinds; nothing where it was not looked at. */
function whatIsIn(call: Call, { id }: Environment): readonly string[] | undefined {
  const { world } = call.work
  const before = world.fact(inhabitants, call.account.id, id)
  if (before === undefined) return undefined
  const isIn = (one: { readonly accountId: number; readonly environmentId: number }) =>
    one.accountId === call.account.id && one.environmentId === id
  const now = {
    secrets: [...world.all(storedSecrets)].some(({ secret }) => isIn(secret)),
    lists: [...world.all(lists)].some((list) => isIn(list) && list.name !== defaultList),
    deployments: [...world.all(deployments)].some(isIn),
    seeds: [...world.all(seeds)].some(isIn),
    'environments that inherit from it': environmentsOf(call).some(({ baseId }) => baseId === id),
  }
  const kinds = Object.entries(now).flatMap(([kind, isThere]) => (isThere ? [kind] : []))
  return [...new Set([...before, ...kinds])]
}

function listed(kinds: readonly string[]): string {
  return kinds.length < 2 ? kinds.join('') : `${kinds.slice(0, -1).join(', ')} and ${kinds.at(-1)}`
}

function refuseAbsent(call: Call, id: number): Refused {
  return refuse(call, unknown(id), 'not_found', 'No environment with this id.')
}

function refuseTaken(call: Call, object: AuditObject): Refused {
  return refuse(call, object, 'name_taken', 'An environment of this name exists already. Choose another name.')
}

const baseFaults = {
  absent: 'No environment of this name.',
  circle: 'An environment cannot inherit from itself, not through others either.',
  depth: `At most ${maxBases} environments can inherit from one another in a row.`,
}

function refuseBase(call: Call, object: AuditObject, fault: keyof typeof baseFaults = 'absent'): Refused {
  return refuseField(call, object, 'invalid', { field: 'base', detail: baseFaults[fault] })
}

function unknown(id: number | null): AuditObject {
  return { kind: 'environment', id, uid: null, name: null, ...noVersion }
}

export function objectOfEnvironment({ id, uid, name, mac }: Environment): AuditObject {
  return { kind: 'environment', id, uid, name, version: null, hash: hash('sha256', mac, 'hex') }
}
