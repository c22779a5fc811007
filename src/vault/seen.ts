/** Which records somebody may see, by the names of things and the environments that these are in. */
import { type AuditRecord, isPlaced } from '../audit/record.ts'
import { defaultEnvironment, type EnvironmentRef } from '../model/environment.ts'
import { allows, allowsName, allowsSome, everywhere, type Scope } from '../model/scope.ts'

/** What is looked at of a record. */
export interface Seen extends Pick<AuditRecord, 'environmentId' | 'action' | 'outcome'> {
  /** What it is about. */
  readonly kind: string | null
  readonly name: string | null
}

export function seenOf({ object, environmentId, action, outcome }: AuditRecord): Seen {
  return { environmentId, action, outcome, kind: object?.kind ?? null, name: object?.name ?? null }
}

/** The environment that something is of, if it is of one. */
export function placeOf({ environmentId, action }: Pick<AuditRecord, 'environmentId' | 'action'>): number | undefined {
  return isPlaced(action) ? (environmentId ?? defaultEnvironment.id) : undefined
}

export interface AuditView {
  /** Whether it is the whole trail. */
  readonly isWhole: boolean
  maySee(record: Seen): boolean
  /** What an environment is called now; nothing where it is gone. */
  nameOf(id: number): string | undefined
  /** The environment of a name, among those that somebody may see records of. */
  idOf(name: string): number | undefined
}

/** Of whoever is not let in, and of rows that are not authentic, it is not known where they belong. */
const placeless: ReadonlySet<string> = new Set(['unauthenticated', 'rate_limited', 'integrity_failure'])

/** By scopes. @param environments all of the account but `default`, which are known to be authentic */
export function viewAmong(environments: readonly EnvironmentRef[], scopes: readonly Scope[]): AuditView {
  const all: readonly EnvironmentRef[] = [defaultEnvironment, ...environments]
  const nameOf = (id: number) => all.find((one) => one.id === id)?.name
  const isWhole = allows(scopes, 'audit:read', everywhere)
  return {
    isWhole,
    nameOf,
    idOf: (name) => (allowsSome(scopes, 'audit:read', name) ? all.find((one) => one.name === name)?.id : undefined),
    maySee: (record) => isWhole || isInView(scopes, record, nameOf(record.environmentId ?? defaultEnvironment.id)),
  }
}

/**
 * Narrowed to names, `audit:read` sees the records of the secrets that its pattern matches; narrowed to an environment,
 * those of what is in it.
 *
 * @param environment what the environment of the record is called, if it is still there
 */
function isInView(scopes: readonly Scope[], record: Seen, environment: string | undefined): boolean {
  const { kind, name, outcome } = record
  const isSecret = kind === 'secret' && name !== null
  const unnarrowed = scopes.filter((scope) => scope.environment === null)
  if (isSecret && allowsName(unnarrowed, 'audit:read', defaultEnvironment.name, name)) return true
  if (environment === undefined || placeless.has(outcome)) return false
  // The first format does not say of a record without an object that it is of `default`.
  if (record.environmentId === null && (kind === null || !isPlaced(record.action))) return false
  if (allows(scopes, 'audit:read', environment)) return true
  return isSecret && allowsName(scopes, 'audit:read', environment, name)
}
