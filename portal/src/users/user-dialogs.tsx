/** What is asked before a user is invited, changed, shut out, or loses their second factor. */
import { useState } from 'react'
import type { Role, User } from '../api/client.ts'
import { useSession } from '../api/session.ts'
import { users } from '../api/users.ts'
import { Field, Select } from '../ui/controls.tsx'
import { Confirm, FormDialog } from '../ui/form.tsx'
import { MadeChoice } from '../ui/made.tsx'
import { Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { wordsOf } from '../ui/words.ts'

const roles: Readonly<Record<Role, string>> = {
  owner: 'Everything, and who else is an owner',
  admin: 'Everything but the owners',
  editor: 'Read and change secrets and lists',
  reader: 'See and read secrets',
  auditor: 'The audit trail, and nothing else',
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
      toast(`${whoOf(user)} is deleted${cascade ? ', with what they made' : ''}`)
    } else {
      await users.update(user.id, { disabled: true }, cascade)
      toast(`${whoOf(user)} can no longer sign in${cascade ? ', and what they made has ended' : ''}`)
    }
    await onDone()
  }
  return (
    <Confirm title={`${verb} ${whoOf(user)}?`} onClose={onClose} submit={verb} run={end}>
      <p className="small">
        All sessions end at once, and seeds too. What they did stays in the trail. Change what they have read, if they
        should not have it.
      </p>
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
      title={`Reset the second factor of ${whoOf(user)}?`}
      onClose={onClose}
      submit="Reset"
      run={async () => {
        await users.resetFactors(user.id)
        toast(`${whoOf(user)} signs in with the password alone, and sets up a new second factor`)
        await onDone()
      }}
    >
      <p className="small">
        Passkeys, authenticator app and recovery codes go, and all sessions end. Do this for somebody who has lost them,
        once you are sure that it is them who asks.
      </p>
    </Confirm>
  )
}

interface Wanted {
  readonly email: string
  readonly role: Role
  readonly patterns: readonly string[]
}

/** Invites somebody, or changes a user. */
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
  const choices = roleIds
    .filter((id) => me.role === 'owner' || id !== 'owner')
    .map((id) => ({ id, label: id, more: roles[id] }))
  return (
    <FormDialog
      title={user === undefined ? 'Invite somebody' : `Change ${whoOf(user)}`}
      onClose={onClose}
      submit={user === undefined ? 'Make the link' : 'Save'}
      isReady={user !== undefined || email.trim() !== ''}
      run={() => run({ email: email.trim(), role, patterns: wordsOf(names) })}
    >
      {user === undefined ? (
        <Field label="Email" type="email" value={email} onValue={setEmail} autoComplete="off" autoFocus required />
      ) : null}
      <Select label="Role" value={role} choices={choices} onChoose={setRole} />
      <Field
        label="Only secrets that are called"
        value={names}
        onValue={setNames}
        placeholder="staging-*"
        hint="Names, or patterns with *. Empty for all."
        spellCheck={false}
      />
      {role === 'owner' ? <Note kind="warn">An owner may do everything, and make and remove other owners.</Note> : null}
    </FormDialog>
  )
}
