/** What happens to deployments: put by what was rendered, listed, forgotten. */
import type { AuditObject } from '../../audit/record.ts'
import { addHeld, type Deployment, deploymentHash, type Held } from '../../model/deployment.ts'
import { allowsName, allowsSome } from '../../model/scope.ts'
import type { Op, Outcome } from '../operation.ts'
import { ref } from '../world.ts'
import { type Call, done, forbid, putAccount, putDeployment, record, refuse, removeDeployment } from './work.ts'

/** Who reads may say for whom. A machine without a key speaks for itself alone. */
export function putDeploymentOf(call: Call, { target, held }: Op<'put_deployment'>): Outcome<'put_deployment'> {
  const object: AuditObject = { kind: 'target', id: null, uid: null, name: target, version: null, hash: null }
  if (!allowsSome(call.scopes, 'secrets:read')) return forbid(call, object, 'secrets:read')
  if (call.principal.kind === 'machine' && call.principal.name !== target) {
    return refuse(call, object, 'forbidden', 'A machine without a key may name only itself as the target.')
  }
  return { kind: 'done', result: deploy(call, target, held, null) }
}

/** Puts what a target holds in the place of what it held, or beside it if the same seed gave both. Records it. */
export function deploy(call: Call, target: string, held: readonly Held[], seedId: number | null): Deployment {
  const { work, account, principal } = call
  const { world } = work
  const before = world.deployments.get(ref(account.id, world.targets.get(ref(account.id, target)) ?? 0))
  const isMore = seedId !== null && before?.seedId === seedId
  const current = world.accounts.get(account.id) ?? account
  if (before !== undefined) removeDeployment(work, before)
  putAccount(work, { ...current, nextDeploymentId: current.nextDeploymentId + 1 })
  const made = putDeployment(work, {
    accountId: account.id,
    id: current.nextDeploymentId,
    target,
    principal,
    seedId,
    createdAt: world.now,
    secrets: addHeld(isMore ? before.secrets : [], held),
  })
  record({ ...call, action: 'render' }, objectOf(made), 'ok')
  return made
}

export function listDeployments(call: Call): Outcome<'list_deployments'> {
  if (!allowsSome(call.scopes, 'secrets:list')) return forbid(call, null, 'secrets:list')
  return done<'list_deployments'>(call, null, { accountId: call.account.id, scopes: call.scopes })
}

/** By who may write every secret that it holds: whoever may see one of them learns that they may not. */
export function deleteDeployment(call: Call, { id }: Op<'delete_deployment'>): Outcome<'delete_deployment'> {
  const unknown: AuditObject = { kind: 'target', id, uid: null, name: null, version: null, hash: null }
  if (!allowsSome(call.scopes, 'secrets:write')) return forbid(call, unknown, 'secrets:write')
  const found = call.work.world.deployments.get(ref(call.account.id, id))
  if (found === undefined) return refuse(call, unknown, 'not_found', 'No deployment with this id.')
  if (!found.secrets.every(({ name }) => allowsName(call.scopes, 'secrets:write', name))) {
    const isSeen = found.secrets.some(({ name }) => allowsName(call.scopes, 'secrets:list', name))
    if (isSeen) return forbid(call, objectOf(found), 'secrets:write')
    return refuse(call, objectOf(found), 'not_found', 'No deployment with this id.')
  }
  removeDeployment(call.work, found)
  return done(call, objectOf(found), null)
}

/** How many deployments hold a secret, whose value was changed or is gone: all that they hold is old. */
export function holdersOf({ work, account }: Call, id: number): number {
  return work.world.holders.get(ref(account.id, id)) ?? 0
}

function objectOf(deployment: Deployment): AuditObject {
  const { id, target } = deployment
  return { kind: 'target', id, uid: null, name: target, version: null, hash: deploymentHash(deployment) }
}
