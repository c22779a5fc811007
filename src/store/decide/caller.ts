/** Finds out who asks, and whether their key may be used at all. */
import type { Action } from '../../audit/record.ts'
import { unreachable } from '../../errors.ts'
import { type ApiKey, isBackedBy, scopesOf, whyUnusable } from '../../model/api-key.ts'
import { rangesOf } from '../../model/machine.ts'
import { inNetworks } from '../../model/network.ts'
import { allScopes, parseScopes } from '../../model/scope.ts'
import type { Kind, Outcome, Request } from '../operation.ts'
import { claimOn, ref } from '../world.ts'
import { scopesOfSeed } from './seeds.ts'
import { type Call, putKey, refused, shutOut, type Work } from './work.ts'

/** How often the time of a key's last use is written, at most. */
const lastUsedGrainMs = 60_000

export const actionOf: Record<Exclude<Kind, 'record'>, Action> = {
  authenticate: 'authenticate',
  list_secrets: 'secret.list',
  read_secret: 'secret.read',
  read_secrets: 'secret.read',
  read_metadata: 'metadata.read',
  update_metadata: 'metadata.update',
  move_secret: 'secret.move',
  list_values: 'list.values',
  list_lists: 'list.list',
  read_list: 'list.read',
  create_list: 'list.create',
  rename_list: 'list.rename',
  delete_list: 'list.delete',
  prepare_secret: 'secret.update',
  create_secret: 'secret.create',
  update_secret: 'secret.update',
  delete_secret: 'secret.delete',
  list_versions: 'version.list',
  read_version: 'version.read',
  prepare_version: 'version.restore',
  restore_version: 'version.restore',
  list_fingerprints: 'secret.fingerprint',
  hand_out_fingerprints: 'secret.fingerprint',
  list_machines: 'machine.list',
  read_machine: 'machine.read',
  create_machine: 'machine.create',
  delete_machine: 'machine.delete',
  read_settings: 'settings.read',
  update_settings: 'settings.update',
  list_users: 'user.list',
  read_user: 'user.read',
  prepare_user: 'user.update',
  create_user: 'user.create',
  update_user: 'user.update',
  delete_user: 'user.delete',
  open_session: 'session.open',
  read_session: 'session.read',
  confirm_session: 'session.confirm',
  end_session: 'session.end',
  change_factors: 'factor.change',
  read_rules: 'sign_in.read',
  update_rules: 'sign_in.update',
  put_deployment: 'render',
  list_deployments: 'deployment.list',
  delete_deployment: 'deployment.delete',
  create_seed: 'seed.create',
  list_seeds: 'seed.list',
  read_seed: 'seed.read',
  delete_seed: 'seed.delete',
  prepare_seed: 'seed.fetch',
  fetch_seed: 'seed.fetch',
  refetch_seed: 'seed.refetch',
  return_seed: 'seed.return',
  list_trust_rules: 'trust_rule.list',
  read_trust_rule: 'trust_rule.read',
  prepare_trust_rule: 'trust_rule.update',
  create_trust_rule: 'trust_rule.create',
  update_trust_rule: 'trust_rule.update',
  delete_trust_rule: 'trust_rule.delete',
  exchange_token: 'auth.oidc',
  list_made: 'key.read',
  list_keys: 'key.list',
  read_key: 'key.read',
  read_own_key: 'key.read',
  prepare_key: 'key.read',
  create_key: 'key.create',
  rotate_key: 'key.rotate',
  revoke_key: 'key.revoke',
  revoke_own_key: 'key.revoke',
  read_audit: 'audit.read',
  verify_audit: 'audit.verify',
  read_account: 'account.read',
  create_account: 'account.create',
  add_account_key: 'account.rotate_key',
  rewrap_secret_keys: 'account.rotate_key',
  rewrap_account_key: 'account.rewrap_key',
  drop_account_key: 'account.drop_key',
}

/** The call, or how it ends when the caller is not one. */
export function identify(work: Work, request: Request): Call | Outcome<never> {
  const { caller, operation } = request
  const action = operation.kind === 'record' ? operation.action : actionOf[operation.kind]
  switch (caller.kind) {
    case 'token':
      return identifyKey(work, request, caller, action)
    case 'machine':
      return identifyMachine(work, request, caller, action)
    case 'seed':
      return identifySeed(work, request, caller, action)
    case 'user':
    case 'workload': {
      const account = work.world.accounts.get(caller.accountId)
      if (account === undefined) return refused('not_found', 'No such account.')
      const id = caller.kind === 'user' ? caller.userId : caller.ruleId
      const principal = { kind: caller.kind, id, name: caller.name }
      const user = caller.kind === 'user' ? work.world.users.get(ref(account.id, id)) : undefined
      return { work, request, account, principal, key: undefined, user, scopes: [], action }
    }
    case 'shut_out': {
      const account = work.world.accounts.get(caller.accountId)
      if (account === undefined) return refused('not_found', 'No such account.')
      return { work, request, account, principal: caller.principal, key: undefined, scopes: [], action }
    }
    case 'host':
    case 'system': {
      const account = work.world.accounts.get(caller.accountId)
      if (account === undefined) return refused('not_found', 'No such account.')
      const name = caller.kind === 'host' ? caller.name : 'strongroom'
      const principal = { kind: caller.kind, id: 0, name }
      return { work, request, account, principal, key: undefined, scopes: allScopes, action }
    }
    default:
      return unreachable(caller)
  }
}

export function isCall(found: Call | Outcome<never>): found is Call {
  return 'work' in found
}

function identifyKey(
  work: Work,
  request: Request,
  caller: { readonly hash: string },
  action: Action,
): Call | Outcome<never> {
  const key = work.world.keysByToken.get(caller.hash)
  const account = key === undefined ? undefined : work.world.accounts.get(key.accountId)
  if (key === undefined || account === undefined) return unauthenticated()
  const user = key.userId === null ? undefined : work.world.users.get(ref(key.accountId, key.userId))
  const principal =
    key.userId === null
      ? ({ kind: 'key', id: key.id, name: key.name } as const)
      : ({ kind: 'user', id: key.userId, name: key.name } as const)
  const call = { work, request, account, principal, key, user, scopes: scopesOf(key), action }
  const isBacked = key.userId === null || isBackedBy(key, user)
  if (!isBacked || whyUnusable(key, account, work.world.now, request.address) !== undefined) {
    return shutOut(call, null, 'unauthenticated', noKey)
  }
  touch(work, key)
  return call
}

function identifyMachine(
  work: Work,
  request: Request,
  caller: { readonly address: string },
  action: Action,
): Call | Outcome<never> {
  const { world } = work
  const claim = claimOn(world.claims, caller.address)
  const account = world.accounts.get(claim?.accountId ?? 0)
  const machine = world.machines.get(ref(claim?.accountId ?? 0, claim?.machineId ?? 0))
  const settings = world.settings.get(claim?.accountId ?? 0)
  if (account === undefined || machine === undefined || settings === undefined) return unauthenticated()
  // The row decides, not the claim, which is only how it is found.
  const ranges = rangesOf(machine)
  if (!ranges.some(({ first, last }) => first <= caller.address && caller.address <= last)) return unauthenticated()
  const principal = { kind: 'machine', id: machine.id, name: machine.name } as const
  const call = { work, request, account, principal, key: undefined, scopes: parseScopes(machine.scopes), action }
  const isLetIn = settings.vmAuth && inNetworks(account.networks, request.address)
  return isLetIn ? call : shutOut(call, null, 'unauthenticated', noKey)
}

/** An unknown token leads to no account, and so to no record. */
function identifySeed(
  work: Work,
  request: Request,
  caller: { readonly hash: string },
  action: Action,
): Call | Outcome<never> {
  const seed = work.world.seedsByToken.get(caller.hash)
  const account = work.world.accounts.get(seed?.accountId ?? 0)
  if (seed === undefined || account === undefined) return refused('not_found', 'No seed is here.')
  const principal = { kind: 'seed', id: seed.id, name: seed.target } as const
  const scopes = seed.expiresAt > work.world.now ? scopesOfSeed({ work, request }, seed) : []
  return { work, request, account, principal, key: undefined, scopes, action }
}

const noKey = 'The API key is missing or invalid. Send it as "Authorization: Bearer sr_...".'

function unauthenticated(): Outcome<never> {
  return refused('unauthenticated', noKey)
}

function touch(work: Work, key: ApiKey): void {
  const { now } = work.world
  if (key.lastUsedAt === null || now - key.lastUsedAt >= lastUsedGrainMs) putKey(work, { ...key, lastUsedAt: now })
}
