/** Holds what an operation hands on (`grants` of its definition) to what the caller has: whatever lets somebody act later. */
import type { AuditObject } from '../../audit/record.ts'
import { unreachable } from '../../errors.ts'
import { mayDoAsOwner, scopesOf } from '../../model/api-key.ts'
import { type Part, partBeyond, type Reach, wholeReach } from '../../model/grant.ts'
import { mayManageKey, type Right, type Scope, seesEnvironment } from '../../model/scope.ts'
import { type Roles, scopesOfUser } from '../../model/user.ts'
import type { Refused } from '../outcome.ts'
import { logins } from '../tables/login.ts'
import { machines } from '../tables/machine.ts'
import { seeds } from '../tables/seed.ts'
import { trustRules } from '../tables/trust-rule.ts'
import { users } from '../tables/user.ts'
import { environmentNamed } from './environment.ts'
import { type Call, noEnvironment, refuse, refuseField } from './work.ts'

/** Something that acts later, or is let act further. */
type Thing =
  | 'key'
  | 'session'
  | 'trust_rule'
  | 'machine'
  | 'machines'
  | 'networks'
  | 'user'
  | 'seed'
  | 'sign_in'
  | 'customer_key'
  | 'login'
  | 'webhook'
  | 'environment'

export interface Handed extends Reach {
  readonly thing: Thing
  /** What the record of a refusal names. */
  readonly object: AuditObject | null
  /** Where somebody wrote the scopes: environments that they name anew must be there. `null` where nobody did. */
  readonly written: Written | null
}

interface Written {
  /** Of the request. */
  readonly field: 'scopes' | 'environment_roles'
  /** What it had until now: environments that these name may be gone. */
  readonly before: readonly Scope[]
}

/**
 * Refuses what would hand on more than the caller has.
 *
 * @param right the one that the operation asks for, which the caller has
 */
export function exceeding(call: Call, right: Right | 'none', all: readonly Handed[]): Refused | undefined {
  const beyond = firstBeyond(call, right, all)
  if (beyond === undefined) return undefined
  const { handed, part } = beyond
  return refuse(call, handed.object, 'forbidden', sentences[handed.thing][part])
}

/** Refuses an environment that scopes name anew and that is not there: in the same words as one that the caller may not see. */
export function namingNoEnvironment(call: Call, all: readonly Handed[]): Refused | undefined {
  for (const { written, scopes, object } of all) {
    if (written === null) continue
    const before = new Set(environmentsIn(written.before))
    const name = environmentsIn(scopes).find((one) => !before.has(one) && !mayName(call, one))
    if (name === undefined) continue
    const detail = seesEnvironment(call.scopes, name)
      ? `There is no environment ${name}. Check its name, or create it first.`
      : noEnvironment
    return refuseField(call, object, 'invalid', { field: written.field, detail })
  }
  return undefined
}

function environmentsIn(scopes: readonly Scope[]): readonly string[] {
  return scopes.flatMap(({ environment }) => environment ?? [])
}

/** Whoever has a right in an environment that they do not see, such as to manage its keys, hands that on without learning whether it is there. */
function mayName(call: Call, name: string): boolean {
  if (seesEnvironment(call.scopes, name)) return environmentNamed(call, name) !== undefined
  return environmentsIn(call.scopes).includes(name)
}

/** The first that is more than the caller has, and in what. */
export function firstBeyond(
  call: Call,
  right: Right | 'none',
  all: readonly Handed[],
): { readonly handed: Handed; readonly part: Part } | undefined {
  if (all.length === 0) return undefined
  const own = reachOf(call)
  for (const handed of all) {
    const isUnmanaged = right === 'keys:manage' && !mayManageKey(call.scopes, handed.scopes)
    const part = isUnmanaged ? 'scopes' : partBeyond(handed, own)
    if (part !== undefined) return { handed, part }
  }
  return undefined
}

/** How far the caller reaches. */
export function reachOf({ key, user, principal, scopes, work, account }: Call): Reach {
  const nobody: Reach = { scopes, networks: [], until: null, isOwner: false }
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
      const rule = work.world.get(trustRules, account.id, principal.id)
      return rule === undefined ? nobody : { ...nobody, scopes: scopesOf(rule), networks: rule.networks }
    }
    case 'machine':
      return { ...nobody, networks: work.world.get(machines, account.id, principal.id)?.addresses ?? [] }
    case 'login': {
      // As far as the person does, now, who confirmed it.
      const login = work.world.get(logins, account.id, principal.id)
      const person = login === undefined ? undefined : work.world.get(users, account.id, login.userId ?? 0)
      const isStanding = person !== undefined && !person.isDisabled && person.generation === login?.userGeneration
      return isStanding ? { ...userReach(person), isOwner: false } : nobody
    }
    case 'wrapping':
      return nobody
    case 'seed':
      return { ...nobody, until: work.world.get(seeds, account.id, principal.id)?.expiresAt ?? null }
    default:
      return unreachable(principal.kind)
  }
}

/** No user is bound to networks, or ends in time. */
export function userReach(user: Roles): Reach {
  return { scopes: scopesOfUser(user), networks: [], until: null, isOwner: user.role === 'owner' }
}

export const noVersion = { version: null, hash: null } as const

const limited = 'This API key is limited to networks; '
const expires = 'This API key expires, and '
const sentences: Readonly<Record<Thing, Readonly<Record<Part, string>>>> = {
  key: {
    scopes: 'scopes: An API key cannot have more permissions than whoever creates it.',
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
    scopes: 'scopes: A trust rule cannot give more permissions than whoever creates it has.',
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
  login: {
    scopes: 'scopes: This login asks for permissions that you do not have. Run it again with those that you have.',
    networks: 'networks: This login cannot be used from more networks than you can.',
    until: 'expires_in: This login cannot outlive you.',
    role: 'A login cannot be given what only owners may do.',
  },
  customer_key: {
    scopes: 'Only an owner says what the key of the account is kept with.',
    networks: `${limited}it cannot say what the key of the account is kept with. Use one that is not limited.`,
    until: `${expires}what the key of the account is kept with would outlive it. Use one that does not expire.`,
    role: 'Only an owner says what the key of the account is kept with.',
  },
  webhook: {
    scopes: 'A webhook cannot tell more than whoever makes it may read in the audit trail.',
    networks: `${limited}a webhook tells others elsewhere. Use one that is not limited.`,
    until: 'A webhook cannot outlive whoever makes it.',
    role: 'A webhook cannot be given what only owners may do.',
  },
  environment: {
    scopes:
      'What is in an environment is within reach of others by its name and its base: your rights must cover it, under both names and in the base.',
    networks: `${limited}others would reach what is there from elsewhere. Use one that is not limited.`,
    until: `${expires}others would reach what is there for longer. Use one that does not expire.`,
    role: 'An environment cannot be given what only owners may do.',
  },
  sign_in: {
    scopes: 'Only an owner, or an API key that may do everything, may.',
    networks: `${limited}sign-in is not. Use one that is not limited.`,
    until: `${expires}what it says of signing in would outlive it. Use one that does not expire.`,
    role: 'Only an owner, or an API key that an owner or the host made to do everything, may.',
  },
}
