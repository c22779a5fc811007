/** A user's role in each environment. */
import type { NewUser } from '../api/client.ts'
import { useEnvironmentNames } from '../session/environments.ts'
import { Select } from '../ui/controls.tsx'

/** By environment. */
export type EnvironmentRoles = NonNullable<NewUser['environment_roles']>
type EnvironmentRole = EnvironmentRoles[string]

const accesses = [
  { id: 'same', label: 'Same role in every environment' },
  { id: 'each', label: 'A role for each environment' },
] as const

const choices: readonly { readonly id: EnvironmentRole | ''; readonly label: string; readonly more?: string }[] = [
  { id: '', label: 'No access' },
  { id: 'reader', label: 'reader', more: 'Read secrets' },
  { id: 'editor', label: 'editor', more: 'Read and change secrets' },
  { id: 'admin', label: 'admin', more: 'Secrets, API keys and audit log' },
  { id: 'auditor', label: 'auditor', more: 'Audit log' },
]

export function EnvironmentRolesField({
  roles,
  onChange,
}: {
  /** Nothing for the same role in all of them. */
  readonly roles: EnvironmentRoles | undefined
  readonly onChange: (roles: EnvironmentRoles | undefined) => void
}) {
  const names = useEnvironmentNames(Object.keys(roles ?? {}))
  if (names.length < 2 && roles === undefined) return null
  return (
    <>
      <Select
        label="Access to secrets"
        value={roles === undefined ? 'same' : 'each'}
        choices={accesses}
        onChoose={(access) => onChange(access === 'same' ? undefined : {})}
      />
      {roles === undefined ? null : (
        <fieldset className="field">
          <legend>Role in each environment</legend>
          <div className="stack-s" style={{ marginTop: 6 }}>
            {names.map((name) => (
              <Select
                key={name}
                label={name}
                value={roles[name] ?? ''}
                choices={choices}
                onChoose={(role) => onChange(changed(roles, name, role))}
              />
            ))}
          </div>
          <p className="hint">
            The role above then covers only the account, such as users, API keys and the audit log.
          </p>
        </fieldset>
      )}
    </>
  )
}

function changed(roles: EnvironmentRoles, name: string, role: EnvironmentRole | ''): EnvironmentRoles {
  const others = Object.entries(roles).filter(([environment]) => environment !== name)
  return Object.fromEntries(role === '' ? others : [...others, [name, role] as const])
}
