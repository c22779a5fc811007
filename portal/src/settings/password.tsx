/** Changing one's own password. */
import { useState } from 'react'
import { useSession } from '../api/session.ts'
import { minPassword, sessions } from '../api/sessions.ts'
import { Button, Field } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { FormDialog } from '../ui/form.tsx'
import { toast } from '../ui/toast.tsx'

export function PasswordCard() {
  const { confirm_with: means } = useSession()
  const { dialog, open } = useDialog()
  // Who comes through a provider has none; an admin makes the link that sets one.
  if (!means.includes('password')) return null
  return (
    <section className="card card-pad spread" aria-label="Password">
      <div>
        <h2>Password</h2>
        <p className="hint">Changing it signs out your other sessions and revokes the seeds you created.</p>
      </div>
      <Button onPress={() => open((close) => <PasswordDialog onClose={close} />)}>Change password</Button>
      {dialog}
    </section>
  )
}

function PasswordDialog({ onClose }: { readonly onClose: () => void }) {
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  return (
    <FormDialog
      title="Change password"
      onClose={onClose}
      submit="Change password"
      isReady={current !== '' && next.length >= minPassword}
      run={async () => {
        await sessions.changePassword(current, next)
        toast('Password changed')
      }}
    >
      <Field
        label="Current password"
        type="password"
        autoComplete="current-password"
        value={current}
        onValue={setCurrent}
        autoFocus
        required
      />
      <Field
        label="New password"
        type="password"
        autoComplete="new-password"
        value={next}
        onValue={setNext}
        minLength={minPassword}
        hint={`At least ${minPassword} characters, and hard to guess.`}
        required
      />
    </FormDialog>
  )
}
