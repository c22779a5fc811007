/** Deployments: put by what was rendered, listed, forgotten. */
import type { AuditObject } from '../../audit/record.ts'
import { addHeld, type Deployment, deploymentHash, type Held } from '../../model/deployment.ts'
import type { List } from '../../model/list.ts'
import { allowsName } from '../../model/scope.ts'
import { environmentsSeen, hasSomeHere, isHere } from '../decide/environment.ts'
import { noVersion } from '../decide/grants.ts'
import { inList, needList, placeOfList, placeOfSecret } from '../decide/lists.ts'
import { type Call, done, forbid, type Listing, listingOf, put, putAccount, record, refuse } from '../decide/work.ts'
import type { IdOrName } from '../naming.ts'
import { accounts } from '../tables/account.ts'
import { deployments, deploymentsByTarget, holders } from '../tables/deployment.ts'
import { defineOperation, overSome, type WithRight } from './define.ts'

interface Rendering {
  readonly target: string
  readonly held: readonly Held[]
}

/** A target holds this from now on, and nothing else. Who reads may say for whom; a machine without a key for itself alone. */
const putDeploymentOf = defineOperation<Rendering, Deployment>()({
  kind: 'put_deployment',
  action: 'render',
  scope: overSome('secrets:read', (_call, { target }) => objectOfTarget(target)),
  environment: 'meant',
  delicate: false,
  grants: 'nothing',
  needs: (needs, { target }) => needs.target(target),
  decide: (call, { target, held }) => {
    if (call.principal.kind === 'machine' && call.principal.name !== target) {
      const message = 'A machine without a key may name only itself as the target.'
      return refuse(call, objectOfTarget(target), 'forbidden', message)
    }
    return { kind: 'done', result: deploy(call, target, held, null) }
  },
})

interface Listed {
  readonly list?: IdOrName | undefined
  /** A secret, by its id: then it is about what is where that is. */
  readonly secretId?: number | undefined
}

/** Authorizes a listing. */
const listDeployments = defineOperation<Listed, Listing & { readonly list: List | undefined }, List | undefined>()({
  kind: 'list_deployments',
  action: 'deployment.list',
  scope: inList('secrets:list'),
  environment: (call, { list, secretId }) =>
    secretId === undefined ? placeOfList(call, { list }) : placeOfSecret(call, { id: secretId }),
  delicate: false,
  grants: 'nothing',
  needs: (needs, operation) => {
    needList(needs, operation)
    if (operation.secretId !== undefined) needs.secret(operation.secretId)
  },
  sharing: true,
  decide: (call, _operation, list) => done(call, null, { ...listingOf(call), list }),
})

/** By who may write every secret that it holds: whoever may see one of them learns that they may not. */
const writable: WithRight<{ readonly id: number }, Deployment> = {
  right: 'secrets:write',
  over: 'some',
  object: (_call, { id }) => unknownTarget(id),
  subject: (call, { id }, right) => {
    const found = call.work.world.get(deployments, call.account.id, id)
    // One that holds nothing asks for no name.
    if (found === undefined || !isHere(call, found) || !hasSomeHere(call, right)) {
      return refuse(call, unknownTarget(id), 'not_found', 'No deployment with this id.')
    }
    const { name: environment } = call.environment
    if (found.secrets.every(({ name }) => allowsName(call.scopes, right, environment, name))) return found
    const isSeen = found.secrets.some(({ name }) => allowsName(call.scopes, 'secrets:list', environment, name))
    if (isSeen) return forbid(call, objectOf(found), right)
    return refuse(call, objectOf(found), 'not_found', 'No deployment with this id.')
  },
}

const deleteDeployment = defineOperation<{ readonly id: number }, null, Deployment>()({
  kind: 'delete_deployment',
  action: 'deployment.delete',
  scope: writable,
  environment: ({ account, work }, { id }) => work.world.get(deployments, account.id, id)?.environmentId,
  delicate: false,
  grants: 'nothing',
  needs: (needs, { id }) => needs.deployment(id),
  decide: (call, _operation, found) => {
    call.work.world.remove(deployments, found)
    return done(call, objectOf(found), null)
  },
})

export const deploymentOperations = {
  [putDeploymentOf.kind]: putDeploymentOf,
  [listDeployments.kind]: listDeployments,
  [deleteDeployment.kind]: deleteDeployment,
}

/** Puts what a target holds in the place of what it held, or beside it if the same seed gave both. Records it. */
export function deploy(call: Call, target: string, held: readonly Held[], seedId: number | null): Deployment {
  const { work, account, principal, environment } = call
  const { world } = work
  const before = world.find(deploymentsByTarget, account.id, environment.id, target)
  const isMore = seedId !== null && before?.seedId === seedId
  const current = world.get(accounts, account.id) ?? account
  if (before !== undefined) work.world.remove(deployments, before)
  putAccount(work, { ...current, nextDeploymentId: current.nextDeploymentId + 1 })
  const made = put(work, deployments, {
    accountId: account.id,
    id: current.nextDeploymentId,
    target,
    principal,
    seedId,
    createdAt: world.now,
    secrets: addHeld(isMore ? before.secrets : [], held),
    environmentId: environment.id,
  })
  record({ ...call, action: 'render' }, objectOf(made), 'ok')
  return made
}

/** How many deployments that the caller may know of hold a secret, whose value was changed or is gone: all of it is old. */
export function holdersOf(call: Call, id: number): number {
  const { work, account } = call
  return environmentsSeen(call).reduce((sum, one) => sum + (work.world.fact(holders, account.id, id, one.id) ?? 0), 0)
}

function objectOfTarget(target: string): AuditObject {
  return { kind: 'target', id: null, uid: null, name: target, ...noVersion }
}

function unknownTarget(id: number): AuditObject {
  return { kind: 'target', id, uid: null, name: null, ...noVersion }
}

function objectOf(deployment: Deployment): AuditObject {
  const { id, target } = deployment
  return { kind: 'target', id, uid: null, name: target, version: null, hash: deploymentHash(deployment) }
}
