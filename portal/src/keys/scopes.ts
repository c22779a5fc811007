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
    label: 'See what there is',
    about: 'Names, lists, tags and times of secrets; no value.',
    hasNames: true,
  },
  {
    id: 'secrets:read',
    label: 'Read values',
    about: 'The current value and those of earlier versions.',
    hasNames: true,
  },
  {
    id: 'secrets:scan',
    label: 'Find leaked values',
    about: 'Fingerprints of values, for "strongroom scan"; no value. Part of reading.',
    hasNames: true,
  },
  {
    id: 'secrets:write',
    label: 'Create and change',
    about: 'New secrets, new values, what is known of them.',
    hasNames: true,
  },
  { id: 'secrets:delete', label: 'Delete', about: 'For good, with every version.', hasNames: true },
  {
    id: 'keys:manage',
    label: 'Manage API keys',
    about: 'Make, rotate and revoke keys within its own rights.',
    hasNames: true,
  },
  { id: 'audit:read', label: 'Read the audit trail', about: 'Who did what; never a value.', hasNames: false },
  { id: 'account:manage', label: 'Manage the account', about: 'Machines and settings.', hasNames: false },
]

/** A scope as a sentence without its end. */
export function scopeText(scope: string): string {
  const right = rights.find(({ id }) => scope === id || scope.startsWith(`${id}:`))
  if (right === undefined) return scope
  const pattern = scope.slice(right.id.length + 1)
  return pattern === '' || pattern === '*' ? right.label : `${right.label}: ${pattern}`
}
