/** Scopes in words. */

export interface Right {
  readonly id: string
  readonly label: string
  readonly about: string
  /** Whether it may be narrowed to names. */
  readonly hasNames: boolean
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
  { id: 'secrets:delete', label: 'Delete secrets', about: 'Permanently, with all versions.', hasNames: true },
  {
    id: 'keys:manage',
    label: 'Manage API keys',
    about: 'Create, rotate and revoke keys within its own permissions.',
    hasNames: true,
  },
  { id: 'audit:read', label: 'Read the audit log', about: 'Who did what; no values.', hasNames: false },
  { id: 'account:manage', label: 'Manage the account', about: 'Users, machines and settings.', hasNames: false },
]

/** A scope as a sentence without its end. */
export function scopeText(scope: string): string {
  const right = rights.find(({ id }) => scope === id || scope.startsWith(`${id}:`))
  if (right === undefined) return scope
  const pattern = scope.slice(right.id.length + 1)
  return pattern === '' || pattern === '*' ? right.label : `${right.label}: ${pattern}`
}
