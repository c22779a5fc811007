/** What a batch writes of deployments and seeds, to SQLite. */
import { deploymentValues, heldValues, seedValues } from '../deployment-rows.ts'
import type { Changes } from '../world.ts'
import type { Statements } from './statements.ts'

export function applyDeployments(statements: Statements, { deployments, seeds }: Changes): void {
  const { insertDeployment, deleteDeployment, insertHeld, deleteHeld, putSeed, deleteSeed } = statements
  for (const [at, { existed, row }] of deployments) {
    if (row !== null || !existed) continue
    const [accountId, id] = at.split(' ').map(Number) as [number, number]
    deleteHeld.run(accountId, id)
    deleteDeployment.run(accountId, id)
  }
  for (const { row } of deployments.values()) {
    if (row === null) continue
    insertDeployment.run(...deploymentValues(row))
    for (const held of heldValues(row)) insertHeld.run(...held)
  }
  for (const [at, { row }] of seeds) {
    if (row === null) deleteSeed.run(...(at.split(' ').map(Number) as [number, number]))
    else putSeed.run(...seedValues(row))
  }
}
