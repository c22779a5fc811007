/**
 * What each operation hands on, and which are delicate. Whatever lets somebody act later is declared here, and one
 * function holds it to what the caller has. Every kind of operation states both: a forgotten one does not compile.
 */
import type { AuditObject } from '../../audit/record.ts'
import { unreachable } from '../../errors.ts'
import { type ApiKey, mayDoAsOwner, scopesOf } from '../../model/api-key.ts'
import { type Part, partBeyond, type Reach, wholeReach } from '../../model/grant.ts'
import type { Machine } from '../../model/machine.ts'
import { withinNetworks } from '../../model/network.ts'
import { allows, allowsSome, mayManageKey, parseScopes, type Right } from '../../model/scope.ts'
import type { TrustRule } from '../../model/trust-rule.ts'
import { scopesOfUser, type User } from '../../model/user.ts'
import type { Unsealed } from '../coverage.ts'
import type { Kind, Op, Refused } from '../operation.ts'
import { ref } from '../world.ts'
import { isUpon } from './proof.ts'
import { type Call, refuse } from './work.ts'

/** Something that acts later, or is let act further. */
type Thing = 'key' | 'session' | 'trust_rule' | 'machine' | 'machines' | 'networks' | 'user' | 'seed' | 'sign_in'

interface Handed extends Reach {
  readonly thing: Thing
  /** What the record of a refusal names. */
  readonly object: AuditObject | null
}

interface Grants<K extends Kind> {
  /** Without this right the operation is refused for that alone. */
  readonly right: Right | undefined
  /** Nothing of what the caller may not see: the operation then says that it is not there. */
  readonly of: (call: Call, operation: Op<K>) => readonly Handed[]
}

interface Policy<K extends Kind> {
  readonly grants: Grants<K> | 'nothing'
  /** Whether a user must have proven who they are a short while ago: the same for each way to do a thing. */
  readonly delicate: boolean | ((operation: Op<K>) => boolean)
}

const harmless = { grants: 'nothing', delicate: false } as const
const delicate = { grants: 'nothing', delicate: true } as const

const policies: { readonly [K in Kind]: Policy<K> } = {
  authenticate: harmless,
  record: harmless,

  // One value at a time needs no proof; many at once do, read, rendered or put into a seed.
  list_secrets: harmless,
  read_secret: harmless,
  read_secrets: { grants: 'nothing', delicate: ({ refs }) => refs.length > 1 },
  list_values: delicate,
  read_metadata: harmless,
  update_metadata: harmless,
  move_secret: harmless,
  prepare_secret: harmless,
  create_secret: harmless,
  update_secret: harmless,
  delete_secret: harmless,
  list_versions: harmless,
  read_version: harmless,
  prepare_version: harmless,
  restore_version: harmless,
  list_fingerprints: delicate,
  // After the listing, which was proven.
  hand_out_fingerprints: harmless,

  list_lists: harmless,
  read_list: harmless,
  create_list: harmless,
  rename_list: harmless,
  delete_list: delicate,

  list_machines: harmless,
  read_machine: harmless,
  create_machine: {
    grants: { right: 'account:manage', of: (_call, { machine }) => [machineHanded(machine)] },
    delicate: true,
  },
  delete_machine: delicate,
  read_settings: harmless,
  update_settings: { grants: { right: 'account:manage', of: handedBySettings }, delicate: true },

  list_users: harmless,
  read_user: harmless,
  prepare_user: harmless,
  create_user: {
    grants: { right: 'account:manage', of: (_call, { user }) => [userHanded(user)] },
    delicate: true,
  },
  update_user: { grants: { right: undefined, of: handedByUser }, delicate: true },
  delete_user: { grants: { right: 'account:manage', of: (call, { id }) => managed(call, id) }, delicate: true },
  change_factors: {
    // What one signs in with oneself is no more than oneself.
    grants: { right: undefined, of: (call, { userId, isOwn }) => (isOwn ? [] : usersHanded(call, userId)) },
    delicate: true,
  },
  read_rules: harmless,
  // Whoever may say who signs in may become anybody.
  update_rules: {
    grants: { right: 'account:manage', of: () => [{ thing: 'sign_in', object: null, ...wholeReach }] },
    delicate: true,
  },

  open_session: { grants: { right: undefined, of: handedBySession }, delicate: false },
  read_session: harmless,
  confirm_session: harmless,
  end_session: harmless,

  list_keys: harmless,
  read_key: harmless,
  read_own_key: harmless,
  prepare_key: harmless,
  create_key: { grants: { right: 'keys:manage', of: (_call, { key }) => [keyHanded(key)] }, delicate: true },
  rotate_key: { grants: { right: 'keys:manage', of: handedByRotation }, delicate: true },
  revoke_key: delicate,
  revoke_own_key: harmless,
  list_made: harmless,

  list_trust_rules: harmless,
  read_trust_rule: harmless,
  prepare_trust_rule: harmless,
  create_trust_rule: {
    grants: { right: 'keys:manage', of: (_call, { rule }) => [ruleHanded(rule)] },
    delicate: true,
  },
  update_trust_rule: { grants: { right: 'keys:manage', of: handedByRuleChange }, delicate: true },
  delete_trust_rule: delicate,
  exchange_token: { grants: { right: undefined, of: handedByExchange }, delicate: false },

  put_deployment: harmless,
  list_deployments: harmless,
  delete_deployment: harmless,
  create_seed: {
    grants: { right: 'secrets:read', of: handedBySeed },
    delicate: ({ names }) => names.length > 1,
  },
  list_seeds: harmless,
  read_seed: harmless,
  delete_seed: harmless,
  // A seed hands on nothing: what it gives out is gone.
  prepare_seed: harmless,
  fetch_seed: harmless,
  refetch_seed: harmless,
  return_seed: harmless,

  read_audit: harmless,
  verify_audit: harmless,
  read_account: harmless,
  // On the host, which may do anything.
  create_account: harmless,
  add_account_key: delicate,
  rewrap_secret_keys: harmless,
  rewrap_account_key: harmless,
  drop_account_key: harmless,
}

/** Whether a user must have proven who they are a short while ago. */
export function isDelicate<K extends Kind>(operation: Op<K> & { readonly kind: K }): boolean {
  const { delicate: rule } = policyOf(operation.kind)
  return typeof rule === 'boolean' ? rule : rule(operation)
}

/** Refuses what would hand on more than the caller has. */
export function exceeding<K extends Kind>(call: Call, operation: Op<K> & { readonly kind: K }): Refused | undefined {
  const { grants } = policyOf(operation.kind)
  if (grants === 'nothing') return undefined
  const { right } = grants
  // The operation itself refuses, and says which right is missing.
  if (right !== undefined && !(right === 'account:manage' ? allows : allowsSome)(call.scopes, right)) return undefined
  const own = reachOf(call)
  for (const handed of grants.of(call, operation)) {
    const isUnmanaged = right === 'keys:manage' && !mayManageKey(call.scopes, handed.scopes)
    const part = isUnmanaged ? 'scopes' : partBeyond(handed, own)
    if (part !== undefined) return refuse(call, handed.object, 'forbidden', sentences[handed.thing][part])
  }
  return undefined
}

function policyOf<K extends Kind>(kind: K): Policy<K> {
  return policies[kind]
}

/** How far the caller reaches. */
export function reachOf({ key, user, principal, scopes, work, account }: Call): Reach {
  const nobody: Reach = { scopes, networks: [], until: null, isOwner: false }
  const at = ref(account.id, principal.id)
  switch (principal.kind) {
    case 'host':
    case 'system':
      return wholeReach
    case 'key':
      return key === undefined
        ? nobody
        : { scopes, networks: key.networks, until: key.expiresAt, isOwner: mayDoAsOwner(key) }
    case 'user':
      // A session ends, but its user does not. One that is not finished has no scope.
      return user === undefined
        ? nobody
        : { ...userReach(user), scopes: key === undefined ? scopesOfUser(user) : scopes }
    case 'workload': {
      const rule = work.world.trustRules.get(at)
      return rule === undefined ? nobody : { ...nobody, scopes: scopesOf(rule), networks: rule.networks }
    }
    case 'machine':
      return { ...nobody, networks: work.world.machines.get(at)?.addresses ?? [] }
    case 'seed':
      return { ...nobody, until: work.world.seeds.get(at)?.expiresAt ?? null }
    default:
      return unreachable(principal.kind)
  }
}

/** No user is bound to networks, or ends in time. */
function userReach(user: Pick<User, 'role' | 'patterns'>): Reach {
  return { scopes: scopesOfUser(user), networks: [], until: null, isOwner: user.role === 'owner' }
}

function userHanded(user: Pick<User, 'role' | 'patterns' | 'uid' | 'email'> & { readonly id?: number }): Handed {
  const { uid, email, id = null } = user
  return { thing: 'user', object: { kind: 'user', id, uid, name: email, ...noVersion }, ...userReach(user) }
}

function usersHanded(call: Call, id: number): readonly Handed[] {
  const found = allows(call.scopes, 'account:manage') ? userOf(call, id) : undefined
  return found === undefined ? [] : [userHanded(found)]
}

/** For taking something from a user: nobody takes what they could not give; from where and until when does not count. */
function managed(call: Call, id: number): readonly Handed[] {
  const { networks, until } = reachOf(call)
  return usersHanded(call, id).map((handed) => ({ ...handed, networks, until }))
}

/** A change hands on all that the user may do from now on, when it lets somebody in who could not come before. */
function handedByUser(call: Call, { id, change, isProven }: Op<'update_user'>): readonly Handed[] {
  const found = userOf(call, id)
  const next = change?.user
  const isOwn = isProven && call.key?.userId === id
  if (found === undefined || (!isOwn && !allows(call.scopes, 'account:manage'))) return []
  if (next === undefined) return isOwn ? [] : managed(call, id)
  const { networks, until } = reachOf(call)
  const handed = userHanded(next)
  const isLetIn = !next.isDisabled && (found.isDisabled || isWider(next, found) || isOtherWayIn(found, next))
  return [...(isOwn ? [] : managed(call, id)), isLetIn ? handed : { ...handed, networks, until }]
}

/** Whether a user may do more than before. */
export function isWider(next: Pick<User, 'role' | 'patterns'>, before: Pick<User, 'role' | 'patterns'>): boolean {
  return partBeyond(userReach(next), userReach(before)) !== undefined
}

function isOtherWayIn(found: User, next: Unsealed<User>): boolean {
  const isLink = next.linkHash !== null && next.linkHash !== found.linkHash
  return isLink || next.password !== found.password || next.email !== found.email
}

function handedBySession(call: Call, { session, change }: Op<'open_session'>): readonly Handed[] {
  if (!isUpon(userOf(call, change.user.id)?.mac, change.rowMac)) return []
  return [
    userHanded(change.user),
    ...(session === undefined ? [] : [{ ...keyHanded(session), thing: 'session' } as const]),
  ]
}

function keyHanded(key: Omit<ApiKey, 'id' | 'lastUsedAt' | 'mac'> & { readonly id?: number }): Handed {
  const { uid, name, networks, expiresAt: until, isOwner, id = null } = key
  return {
    thing: 'key',
    object: { kind: 'key', id, uid, name, ...noVersion },
    scopes: scopesOf(key),
    ...{ networks, until, isOwner },
  }
}

function handedByRotation(call: Call, { id, key }: Op<'rotate_key'>): readonly Handed[] {
  const found = call.work.world.keys.get(ref(call.account.id, id))
  if (found === undefined || found.userId !== null || !mayManageKey(call.scopes, scopesOf(found))) return []
  // Such a key is not rotated.
  if (found.revokedAt !== null || found.ruleId !== null) return []
  const handed = keyHanded(found)
  // Whoever rotates a key holds it afterwards: with all that it may, whatever the new one is said to be.
  if (key === undefined) return [handed]
  return [
    { ...keyHanded(key), object: handed.object },
    { ...handed, until: key.expiresAt },
  ]
}

function ruleHanded(rule: Omit<TrustRule, 'id' | 'mac'> & { readonly id?: number }): Handed {
  const { uid, name, networks, id = null } = rule
  return {
    thing: 'trust_rule',
    object: { kind: 'trust_rule', id, uid, name, ...noVersion },
    scopes: scopesOf(rule),
    ...{ networks, until: null, isOwner: false },
  }
}

function handedByRuleChange(call: Call, { id, change }: Op<'update_trust_rule'>): readonly Handed[] {
  const found = call.work.world.trustRules.get(ref(call.account.id, id))
  if (found === undefined || change === undefined || !mayManageKey(call.scopes, scopesOf(found))) return []
  return [ruleHanded(change.rule)]
}

/** Upon the rule as it is: else it is asked again. */
function handedByExchange({ work, account }: Call, { rule, key }: Op<'exchange_token'>): readonly Handed[] {
  const found = work.world.trustRules.get(ref(account.id, rule.id))
  return isUpon(found?.mac, rule.mac) ? [keyHanded(key)] : []
}

function machineHanded(machine: Omit<Machine, 'id' | 'mac'> & { readonly id?: number }): Handed {
  const { uid, name, addresses: networks, id = null } = machine
  return {
    thing: 'machine',
    object: { kind: 'machine', id, uid, name, ...noVersion },
    scopes: parseScopes(machine.scopes),
    ...{ networks, until: null, isOwner: false },
  }
}

/** Whoever lets machines read without a key hands on what each registered one may. */
function handedBySettings({ work, account }: Call, { change }: Op<'update_settings'>): readonly Handed[] {
  const { world } = work
  const own = world.accounts.get(account.id) ?? account
  // From where keys and sessions may be used: from more places than before, that lets them all in further.
  const isWider = change.networks !== undefined && !withinNetworks(change.networks, own.networks)
  const widened = isWider ? [networksHanded(change.networks ?? [])] : []
  if (change.vmAuth !== true || world.settings.get(account.id)?.vmAuth === true) return widened
  const machines = [...world.machines.values()].filter(({ accountId }) => accountId === account.id)
  const read = machines.map((machine) => ({ ...machineHanded(machine), thing: 'machines', object: null }) as const)
  return [...widened, ...read]
}

function networksHanded(networks: readonly string[]): Handed {
  return { thing: 'networks', object: null, scopes: [], networks, until: null, isOwner: false }
}

/** From where it may be fetched is its maker's networks, whenever it is (`isBacked`). */
function handedBySeed({ key }: Call, { seed }: Op<'create_seed'>): readonly Handed[] {
  const { uid, target, expiresAt: until } = seed
  return [
    {
      thing: 'seed',
      object: { kind: 'seed', id: null, uid, name: target, ...noVersion },
      scopes: seed.scopes.length === 0 ? [] : parseScopes(seed.scopes),
      ...{ networks: key?.networks ?? [], until, isOwner: false },
    },
  ]
}

function userOf({ work, account }: Call, id: number): User | undefined {
  return work.world.users.get(ref(account.id, id))
}

const noVersion = { version: null, hash: null } as const

const limited = 'This API key is limited to networks; '
const expires = 'This API key expires, and '
const sentences: Readonly<Record<Thing, Readonly<Record<Part, string>>>> = {
  key: {
    scopes: 'scopes: A key cannot have more rights than the key that makes it.',
    networks: `networks: ${limited}the new key must be limited to them too.`,
    until: 'expires_at: This API key expires; the new key must not outlive it.',
    role: 'This key may do what only owners may, and can be handed on by them alone.',
  },
  session: {
    scopes: 'A session cannot have more rights than its user.',
    networks: 'A session cannot be used from more networks than its user.',
    until: 'A session cannot outlive its user.',
    role: 'A session cannot be an owner’s when its user is none.',
  },
  trust_rule: {
    scopes: 'scopes: A trust rule cannot give more rights than the key that makes it has.',
    networks: `networks: ${limited}the trust rule must be limited to them too.`,
    until: `${expires}the trust rule would outlive it. Use one that does not expire.`,
    role: 'A trust rule cannot give what only owners may do.',
  },
  machine: {
    scopes: 'scopes: A machine cannot have more rights than whoever registers it: yours do not cover these.',
    networks: `addresses: ${limited}the machine’s addresses must lie within them.`,
    until: `${expires}the machine would outlive it. Use one that does not expire.`,
    role: 'A machine cannot be given what only owners may do.',
  },
  machines: {
    scopes: 'vm_auth: Registered machines would read what you may not. Whoever lets them must be able to read it.',
    networks: `vm_auth: ${limited}machines elsewhere would read. Use one that is not limited.`,
    until: `vm_auth: ${expires}machines would go on reading. Use one that does not expire.`,
    role: 'Machines cannot be given what only owners may do.',
  },
  networks: {
    scopes: 'Networks cannot be given more rights than you have.',
    networks: `networks: ${limited}it cannot let others in from elsewhere. Use one that is not limited.`,
    until: `networks: ${expires}others would be let in for longer. Use one that does not expire.`,
    role: 'Networks cannot be given what only owners may do.',
  },
  user: {
    scopes: 'This user has rights that you do not have.',
    networks: `${limited}a user can sign in from anywhere. Use one that is not limited.`,
    until: `${expires}the user would outlive it. Use one that does not expire.`,
    role: 'Only an owner manages owners.',
  },
  seed: {
    scopes: 'A seed cannot read more than whoever makes it.',
    networks: `${limited}the seed must be too.`,
    until: 'expires_in: This API key expires; the seed must not outlive it.',
    role: 'A seed cannot be given what only owners may do.',
  },
  sign_in: {
    scopes: 'Only an owner, or an API key that may do everything, may.',
    networks: `${limited}sign-in is not. Use one that is not limited.`,
    until: `${expires}what it says of signing in would outlive it. Use one that does not expire.`,
    role: 'Only an owner, or an API key that an owner or the host made to do everything, may.',
  },
}
