/** Which target holds which version of which secret. */
import type { Deployment, Held } from '../../model/deployment.ts'
import { type Counts, fact, index, part, plainly } from '../rows.ts'
import { addedEnvironment } from './environment.ts'
import { constant, elsewhere, integer, integerOrNull, mac, members, type NamedRow, principal, text } from './field.ts'
import { removal } from './removal.ts'
import { openTable, sealedTable } from './table.ts'

const membersOfHeld = members<Held>()('id', 'uid', 'name', 'version')

/** What a deployment holds, and which one. */
export interface HeldBy extends Held {
  readonly accountId: number
  readonly deploymentId: number
}

export const deploymentSecrets = openTable<HeldBy>()({
  name: 'deployment_secrets',
  key: ['accountId', 'deploymentId', 'id'],
  unique: [],
  holdsKeys: false,
  writing: plainly,
  unsealed: 'covered with their deployment',
  fields: {
    accountId: integer('account_id'),
    deploymentId: integer('deployment_id'),
    id: integer('secret_id'),
    uid: text('secret_uid'),
    name: text('name'),
    version: integer('version'),
  },
})

/** How many deployments of an environment hold a secret. Of secrets that nobody asks for, the number is wrong and not looked at. */
export const holders = fact<readonly [accountId: number, secretId: number, environmentId: number], number>('holders')

const heldRows = part(
  deploymentSecrets,
  'deploymentId',
  removal(deploymentSecrets, ['accountId', 'deploymentId']),
  heldOf,
)
const heldCounts: Counts<Deployment> = {
  fact: holders,
  of: ({ accountId, environmentId, secrets }) => secrets.map(({ id }) => [accountId, id, environmentId]),
}

export const deployments = sealedTable<Deployment>()({
  name: 'deployments',
  key: ['accountId', 'id'],
  unique: [],
  holdsKeys: false,
  writing: { ...plainly, changed: 'replaced', counts: heldCounts, parts: [heldRows] },
  called: ({ id, target }) => ({ kind: 'target', id, uid: null, name: target }),
  whenMissing: 'the target is not listed, and not counted as stale',
  fields: {
    accountId: integer('account_id'),
    id: integer('id'),
    target: text('target', constant),
    principal: principal('principal', constant),
    seedId: integerOrNull('seed_id', constant),
    createdAt: integer('created_ms', constant),
    secrets: elsewhere<readonly Held[]>([], (all) => all.map(membersOfHeld)),
    mac: mac({ added: { by: '0010-row-macs', value: new Uint8Array() } }),
    environmentId: integer('environment_id', addedEnvironment),
  },
})

export const deploymentsByTarget = index(deployments, 'accountId', 'environmentId', 'target')

function heldOf({ accountId, id: deploymentId, secrets }: Deployment): HeldBy[] {
  return secrets.map((one) => ({ ...one, accountId, deploymentId }))
}

/** The columns of what a deployment holds, beside those that say which one. */
export const held = deploymentSecrets.part('id', 'uid', 'name', 'version')

/**
 * Deployments by rows that have one for each secret that a deployment holds, and one where it holds none; in the order of
 * their ids and of the secrets' ids.
 */
export function toDeployments(rows: readonly NamedRow[]): Deployment[] {
  const found = new Map<string, Deployment & { secrets: Held[] }>()
  for (const row of rows) {
    const at = `${row['account_id']} ${row['id']}`
    const known = found.get(at) ?? { ...deployments.read(row), secrets: [] }
    found.set(at, known)
    if (row['secret_id'] !== null) known.secrets.push(held.read(row))
  }
  return [...found.values()]
}
