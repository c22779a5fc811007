/** How callers are told what they lack: a program by the scope of its key, a person by what they cannot do, and who can. */
import type { Principal } from '../../model/principal.ts'
import type { Right } from '../../model/scope.ts'

/** What each right lets a person do. */
const deeds: Readonly<Record<Right, string>> = {
  'secrets:list': 'list secrets',
  'secrets:read': 'read secrets',
  'secrets:scan': 'scan for leaked values',
  'secrets:write': 'create and update secrets',
  'secrets:delete': 'delete secrets',
  'keys:manage': 'manage API keys',
  'audit:read': 'read the audit log',
  'account:manage': 'manage the account',
}

const nouns: Readonly<Record<Exclude<Principal['kind'], 'user'>, string>> = {
  key: 'API key',
  machine: 'machine',
  seed: 'seed',
  workload: 'job',
  login: 'login',
  wrapping: 'wrapping token',
  host: 'host',
  system: 'server',
}

/** @param what it is lacked for */
export function lacking({ kind }: Pick<Principal, 'kind'>, right: Right, what: 'this' | 'this name' = 'this'): string {
  if (kind !== 'user') return `This ${nouns[kind]} lacks the scope ${right} for ${what}.`
  const where = what === 'this name' ? ' with this name' : ''
  return `You don’t have permission to ${deeds[right]}${where}. Ask an owner or admin.`
}
