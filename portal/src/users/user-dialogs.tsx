/** What is asked before a user is invited, edited, shut out, or loses their two-factor authentication. */
import { useState } from 'react'
import type { Role, User, WhatIf } from '../api/client.ts'
import { useSession } from '../api/session.ts'
import { users } from '../api/users.ts'
import { Field, Select } from '../ui/controls.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { MadeChoice } from '../ui/made.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { wordsOf } from '../ui/words.ts'
import { WhatIfNote } from '../what-if/what-if.tsx'
import { type EnvironmentRoles, EnvironmentRolesField } from './environment-roles.tsx'

const roles: Readonly<Record<Role, string>> = {
  owner: 'Everything, including owners',
  admin: 'Everything except owners',
  editor: 'Read and change secrets',
  reader: 'Read secrets',
  auditor: 'Audit log only',
}
const roleIds = ['owner', 'admin', 'editor', 'reader', 'auditor'] as const

/** What a user is called in a sentence. */
export function whoOf({ email, name }: User): string {
  return email ?? name
}

interface EndProps {
  readonly user: User
  readonly onClose: () => void
  readonly onDone: () => Promise<void>
}

/** Before somebody is shut out: what they made goes on, unless it is ended with them. */
export function EndDialog({ user, verb, onClose, onDone }: EndProps & { readonly verb: 'Delete' | 'Disable' }) {
  const [cascade, setCascade] = useState(false)
  const end = async () => {
    if (verb === 'Delete') {
      await users.delete(user.id, cascade)
      toast(`${whoOf(user)} deleted${cascade ? ', with what they created' : ''}`)
    } else {
      await users.update(user.id, { disabled: true }, cascade)
      toast(`${whoOf(user)} disabled${cascade ? ', with what they created' : ''}`)
    }
    await onDone()
  }
  return (
    <Confirm title={`${verb} ${whoOf(user)}?`} onClose={onClose} submit={verb} run={end}>
      <p className="small">
        Takes effect immediately: signs them out and revokes their seeds. What they did stays in the audit log. Rotate
        secrets they have read, if they should no longer know them.
      </p>
      <WhatIfNote change={{ kind: 'user', id: user.id, change: 'remove' }} />
      <MadeChoice
        who="This user"
        of={`user ${user.id}`}
        load={() => users.made(user.id)}
        isEnding={cascade}
        onEnding={setCascade}
      />
    </Confirm>
  )
}

export function FactorsDialog({ user, onClose, onDone }: EndProps) {
  return (
    <Confirm
      title={`Reset two-factor authentication for ${whoOf(user)}?`}
      onClose={onClose}
      submit="Reset"
      run={async () => {
        await users.resetFactors(user.id)
        toast(`Two-factor authentication reset for ${whoOf(user)}`)
        await onDone()
      }}
    >
      <p className="small">
        Removes their passkeys, authenticator app and recovery codes, and signs them out. Make sure that the request
        really comes from them: until they set up a new second step, their password alone signs them in.
      </p>
    </Confirm>
  )
}

interface Wanted {
  readonly email: string
  readonly role: Role
  readonly patterns: readonly string[]
  /** None where the role is the same in every environment. */
  readonly placed: EnvironmentRoles
}

/** Invites somebody, or edits a user. */
export function UserDialog({
  user,
  onClose,
  run,
}: {
  readonly user?: User
  readonly onClose: () => void
  readonly run: (wanted: Wanted) => Promise<void>
}) {
  const { user: me } = useSession()
  const [email, setEmail] = useState(user?.email ?? '')
  const [role, setRole] = useState<Role>(user?.role ?? 'reader')
  const [names, setNames] = useState(user?.name_patterns?.join(', ') ?? '')
  const [placed, setPlaced] = useState(placedOf(user))
  const choices = roleIds
    .filter((id) => me.role === 'owner' || id !== 'owner')
    .map((id) => ({ id, label: id, more: roles[id] }))
  return (
    <FormDialog
      title={user === undefined ? 'Invite user' : `Edit ${whoOf(user)}`}
      onClose={onClose}
      submit={user === undefined ? 'Create invite link' : 'Save'}
      // Without a role anywhere, the one above would hold everywhere.
      isReady={(user !== undefined || email.trim() !== '') && (placed === undefined || Object.keys(placed).length > 0)}
      run={() => run({ email: email.trim(), role, patterns: wordsOf(names), placed: placed ?? {} })}
    >
      {user === undefined ? (
        <Field label="Email" type="email" value={email} onValue={setEmail} autoComplete="off" autoFocus required />
      ) : null}
      <Select label="Role" value={role} choices={choices} onChoose={setRole} />
      <Field
        label="Limit to secrets"
        value={names}
        onValue={setNames}
        placeholder="staging-*"
        hint="Names or patterns with *. Leave blank for all secrets."
        spellCheck={false}
      />
      <EnvironmentRolesField roles={placed} onChange={setPlaced} />
      {role === 'owner' ? (
        <Note kind="warn">Owners can do everything, including adding and removing owners.</Note>
      ) : null}
      <WhatIfNote change={narrowingOf(user, role, wordsOf(names), placed ?? {})} />
    </FormDialog>
  )
}

/** What is tried before it is saved: another role, in other places or for other names, of a user who is there. */
function narrowingOf(
  user: User | undefined,
  role: Role,
  patterns: readonly string[],
  placed: EnvironmentRoles,
): WhatIf | undefined {
  if (user === undefined) return undefined
  const { role: oldRole, name_patterns: oldPatterns, environment_roles: oldPlaced } = user
  const wanted = { role, name_patterns: patterns.length === 0 ? null : patterns, environment_roles: placed }
  const old = { role: oldRole, name_patterns: oldPatterns, environment_roles: oldPlaced ?? {} }
  if (JSON.stringify(wanted) === JSON.stringify(old)) return undefined
  return { kind: 'user', id: user.id, change: 'narrow', ...wanted }
}

function placedOf(user: User | undefined): EnvironmentRoles | undefined {
  const placed = user?.environment_roles ?? {}
  return Object.keys(placed).length === 0 ? undefined : placed
}
