/** Rows of deployments and seeds, and what they mean. */
import type { Deployment, Held } from '../model/deployment.ts'
import type { Principal } from '../model/principal.ts'
import type { Seed } from '../model/seed.ts'

interface DeploymentRow {
  account_id: number
  id: number
  target: string
  principal_kind: string
  principal_id: number
  principal_name: string
  seed_id: number | null
  created_ms: number
  mac: Uint8Array
}

interface HeldRow {
  account_id: number
  deployment_id: number
  secret_id: number
  secret_uid: string
  name: string
  version: number
}

export interface SeedRow {
  account_id: number
  id: number
  uid: string
  token_hash: string
  target: string
  sealed: Uint8Array
  scopes: string
  maker_kind: string
  maker_id: number
  maker_name: string
  created_ms: number
  expires_ms: number
  max_fetches: number
  fetches: string
  used_ms: number | null
  returns: number
  mac: Uint8Array
  maker_generation: number
  refetched_ms: number | null
}

export interface DeploymentTables {
  deployments: DeploymentRow
  deployment_secrets: HeldRow
  seeds: SeedRow
}

/** A deployment's row, once for each secret that it holds, and once where it holds none. */
export type JoinedRow = DeploymentRow & {
  [column in keyof Omit<HeldRow, 'account_id' | 'deployment_id'>]: HeldRow[column] | null
}

/** Deployments by their joined rows, which are in the order of their ids and of the secrets' ids. */
export function toDeployments(rows: readonly JoinedRow[]): Deployment[] {
  const found = new Map<string, Deployment & { secrets: Held[] }>()
  for (const row of rows) {
    const at = `${row.account_id} ${row.id}`
    const known = found.get(at) ?? { ...toDeployment(row), secrets: [] }
    found.set(at, known)
    if (row.secret_id === null) continue
    known.secrets.push({
      id: row.secret_id,
      uid: row.secret_uid ?? '',
      name: row.name ?? '',
      version: row.version ?? 0,
    })
  }
  return [...found.values()]
}

function toDeployment(row: DeploymentRow): Omit<Deployment, 'secrets'> {
  return {
    accountId: row.account_id,
    id: row.id,
    target: row.target,
    principal: { kind: row.principal_kind as Principal['kind'], id: row.principal_id, name: row.principal_name },
    seedId: row.seed_id,
    createdAt: row.created_ms,
    mac: row.mac,
  }
}

export function toSeed(row: SeedRow): Seed {
  return {
    accountId: row.account_id,
    id: row.id,
    uid: row.uid,
    tokenHash: row.token_hash,
    target: row.target,
    sealed: row.sealed,
    scopes: row.scopes === '' ? [] : row.scopes.split(' '),
    maker: { kind: row.maker_kind as Principal['kind'], id: row.maker_id, name: row.maker_name },
    makerGeneration: row.maker_generation,
    createdAt: row.created_ms,
    expiresAt: row.expires_ms,
    maxFetches: row.max_fetches,
    fetches: row.fetches.split(' ').map(Number),
    usedAt: row.used_ms,
    returns: row.returns,
    refetchedAt: row.refetched_ms,
    mac: row.mac,
  }
}

/** A deployment's row: its values in the order of the table's columns. */
export function deploymentValues(deployment: Deployment): (string | number | Uint8Array | null)[] {
  const { accountId, id, target, principal, seedId, createdAt, mac } = deployment
  return [accountId, id, target, principal.kind, principal.id, principal.name, seedId, createdAt, mac]
}

/** The rows of what a deployment holds, likewise. */
export function heldValues({ accountId, id, secrets }: Deployment): (string | number)[][] {
  return secrets.map((held) => [accountId, id, held.id, held.uid, held.name, held.version])
}

/** A seed's row, likewise. */
export function seedValues(seed: Seed): (string | number | Uint8Array | null)[] {
  const { maker } = seed
  return [
    seed.accountId,
    seed.id,
    seed.uid,
    seed.tokenHash,
    seed.target,
    seed.sealed,
    seed.scopes.join(' '),
    maker.kind,
    maker.id,
    maker.name,
    seed.createdAt,
    seed.expiresAt,
    seed.maxFetches,
    seed.fetches.join(' '),
    seed.usedAt,
    seed.returns,
    seed.mac,
    seed.makerGeneration,
    seed.refetchedAt,
  ]
}
