/** Changing one's own password. */
import { useState } from 'react'
import { credentials } from '../api/account.ts'
import { FormDialog } from '../ui/confirm.tsx'
import { Button, Field } from '../ui/controls.tsx'
import { toast } from '../ui/toast.tsx'

export function PasswordCard() {
  const [isOpen, setOpen] = useState(false)
  return (
    <section className="card card-pad spread" aria-label="Password">
      <div>
        <h2>Password</h2>
        <p className="hint">A change ends your other sessions.</p>
      </div>
      <Button onPress={() => setOpen(true)}>Change password</Button>
      {isOpen ? <PasswordDialog onClose={() => setOpen(false)} /> : null}
    </section>
  )
}

function PasswordDialog({ onClose }: { readonly onClose: () => void }) {
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  return (
    <FormDialog
      title="Change password"
      isOpen
      onClose={onClose}
      submit="Change password"
      isReady={current !== '' && next.length >= 12}
      run={async () => {
        await credentials.changePassword(current, next)
        toast('Your password is changed')
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
        minLength={12}
        hint="At least 12 characters, easy for you and for nobody else."
        required
      />
    </FormDialog>
  )
}
