/** The two questions that come up over a page: sign in again, and confirm with the password. */
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { sessions } from '../api/account.ts'
import { sentenceOf } from '../api/ask.ts'
import { Button, Field } from '../ui/controls.tsx'
import { Dialog } from '../ui/dialog.tsx'
import { Note } from '../ui/states.tsx'
import { SignInForm } from './sign-in.tsx'
import { cancelConfirmation, signedIn, signedOut, useSessionState } from './store.ts'

export function SignInAgain() {
  const state = useSessionState()
  const cache = useQueryClient()
  if (state.kind !== 'in') return null
  return (
    <Dialog title="Your session ended" isOpen={state.hasEnded} onClose={() => undefined} isFirm>
      <p className="muted small">
        Sign in to go on where you were. What you typed is still there, except values of secrets: those are not kept.
      </p>
      <SignInForm
        email={state.session.user.email}
        onSignedIn={(session) => {
          // What another person saw is not for this one.
          if (state.session.user.id !== session.user.id) cache.clear()
          if (signedIn(session)) location.assign('/portal/')
        }}
      />
      <Button
        look="quiet"
        onPress={() => {
          cache.clear()
          signedOut()
        }}
      >
        Leave this page
      </Button>
    </Dialog>
  )
}

export function ConfirmAgain() {
  const state = useSessionState()
  if (state.kind !== 'in') return null
  return (
    <Dialog title="Confirm that it is you" isOpen={state.isConfirming && !state.hasEnded} onClose={cancelConfirmation}>
      <ConfirmForm />
    </Dialog>
  )
}

function ConfirmForm() {
  const [proof, setProof] = useState('')
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setTrouble(undefined)
    try {
      signedIn(await sessions.confirm(proof))
    } catch (error) {
      setTrouble(sentenceOf(error))
      setBusy(false)
    }
  }
  return (
    <form className="stack" onSubmit={(event) => void submit(event)}>
      <p className="muted small">This is a sensitive action. You are asked again once in 15 minutes.</p>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      <Field
        label="Password"
        type="password"
        autoComplete="current-password"
        value={proof}
        onValue={setProof}
        autoFocus
        required
      />
      <div className="actions">
        <Button onPress={cancelConfirmation}>Cancel</Button>
        <Button type="submit" look="primary" isDisabled={isBusy}>
          Confirm
        </Button>
      </div>
    </form>
  )
}
