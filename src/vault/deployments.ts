/** Deployments: what each target holds, and what of it is old. */

import type { Held } from '../model/deployment.ts'
import type { Principal } from '../model/principal.ts'
import { allowsName } from '../model/scope.ts'
import type { IdOrName } from '../store/naming.ts'
import type { DeploymentFilter, StoredDeployment } from '../store/store.ts'
import { type Found, findPages, type Wanted } from './pages.ts'
import { Pace } from './scan-in-turns.ts'
import { type Asker, ask, type Vault, verifyAll } from './vault.ts'

/** A secret that a target holds, with the version that it has now; `null` when it is gone. */
export interface ShownSecret extends Held {
  readonly currentVersion: number | null
}

export interface ShownDeployment {
  readonly id: number
  readonly target: string
  readonly principal: Principal
  readonly createdAt: number
  readonly secrets: readonly ShownSecret[]
  readonly isStale: boolean
}

/** Which deployments are wanted. */
export interface DeploymentsWanted extends Omit<DeploymentFilter, 'listId'> {
  readonly list?: IdOrName | undefined
}

/**
 * Lists deployments by ascending id: of each the secrets that the asker may list, and none that holds others alone.
 *
 * @throws Refusal `forbidden`; `not_found` for a list that is not there
 */
export async function listDeployments(
  vault: Vault,
  asker: Asker,
  { list: inList, ...wantedOf }: DeploymentsWanted,
  wanted: Wanted,
): Promise<Found<ShownDeployment>> {
  const secretId = typeof wantedOf.secret === 'number' ? wantedOf.secret : undefined
  const listing = await ask(vault, asker, { kind: 'list_deployments', list: inList, secretId })
  const { accountId, scopes, environment, list } = listing
  const filter = { ...wantedOf, listId: list?.id, environmentId: environment.id }
  const isListed = (name: string) => allowsName(scopes, 'secrets:list', environment.name, name)
  const pace = new Pace()
  return findPages(vault, asker, accountId, wanted, async (after = 0, limit) => {
    const { found, next } = await vault.store.deploymentsAfter(accountId, filter, after, limit)
    const rows = found.map(({ deployment }) => deployment)
    await verifyAll(vault, asker, 'deployments', rows, 'deployment.list')
    const seen: ShownDeployment[] = []
    for (const one of found) {
      if (one.deployment.environmentId !== environment.id) continue
      seen.push(...shownOf(one, filter, isListed))
      await pace.after(1 + one.deployment.secrets.length)
    }
    return { seen, next }
  })
}

/** @throws Refusal `not_found`, `forbidden` */
export async function deleteDeployment(vault: Vault, asker: Asker, id: number): Promise<void> {
  await ask(vault, asker, { kind: 'delete_deployment', id })
}

function shownOf(
  { deployment, current, lists }: StoredDeployment,
  { secret, listId, isStale: isStaleWanted }: DeploymentFilter,
  isListed: (name: string) => boolean,
): readonly ShownDeployment[] {
  const secrets = deployment.secrets
    .filter(({ name }) => isListed(name))
    .map((held) => ({ ...held, currentVersion: current.get(held.id) ?? null }))
  if (secrets.length === 0 && deployment.secrets.length > 0) return []
  const isHeld = secrets.some(({ id, name }) => secret === id || secret === name)
  // By a name, too, only of a secret that the asker may know of.
  if (typeof secret === 'number' ? !isHeld : secret !== undefined && !isListed(secret)) return []
  if (listId !== undefined && !secrets.some(({ id }) => lists.get(id) === listId)) return []
  const isStale = secrets.some(({ version, currentVersion }) => version !== currentVersion)
  if (isStaleWanted === true && !isStale) return []
  const { id, target, principal, createdAt } = deployment
  return [{ id, target, principal, createdAt, secrets, isStale }]
}
