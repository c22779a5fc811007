/** Scopes in words. */

export interface Right {
  readonly id: string
  readonly label: string
  readonly about: string
  /** Whether it may be narrowed to names. */
  readonly hasNames: boolean
  /** Whether it is over the whole account, and never of one environment. */
  readonly isWhole?: boolean
}

export const rights: readonly Right[] = [
  {
    id: 'secrets:list',
    label: 'List secrets',
    about: 'Names, lists, tags and dates; no values.',
    hasNames: true,
  },
  {
    id: 'secrets:read',
    label: 'Read values',
    about: 'Current values and earlier versions.',
    hasNames: true,
  },
  {
    id: 'secrets:scan',
    label: 'Find leaked values',
    about: 'Fingerprints for "strongroom scan"; no values. Included in Read values.',
    hasNames: true,
  },
  {
    id: 'secrets:write',
    label: 'Create and update',
    about: 'New secrets, values and metadata.',
    hasNames: true,
  },
  {
    id: 'secrets:delete',
    label: 'Delete secrets',
    about: 'With all versions. Permanent unless the account keeps what is deleted.',
    hasNames: true,
  },
  {
    id: 'keys:manage',
    label: 'Manage API keys',
    about: 'Create, rotate and revoke keys within its own permissions.',
    hasNames: true,
  },
  { id: 'audit:read', label: 'Read the audit log', about: 'Who did what; no values.', hasNames: false },
  {
    id: 'account:manage',
    label: 'Manage the account',
    about: 'Users, machines and settings.',
    hasNames: false,
    isWhole: true,
  },
]

/** The parts of a scope; no right where it is of none that is known here. */
export interface ScopeParts {
  readonly right: Right | undefined
  /** `*` for every name. */
  readonly pattern: string
  /** Nothing for every environment. */
  readonly environment: string | undefined
}

export function partsOf(scope: string): ScopeParts {
  const [narrowed = '', environment] = scope.split('@')
  const right = rights.find(({ id }) => narrowed === id || narrowed.startsWith(`${id}:`))
  return { right, pattern: narrowed.slice((right?.id.length ?? 0) + 1) || '*', environment }
}

/** Such as `Read values: web-* in prod`. */
export function scopeText(scope: string): string {
  const { right, pattern, environment } = partsOf(scope)
  if (right === undefined) return scope
  const narrowed = pattern === '*' ? right.label : `${right.label}: ${pattern}`
  return environment === undefined ? narrowed : `${narrowed} in ${environment}`
}
