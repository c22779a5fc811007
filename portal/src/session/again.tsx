/** The two questions that come up over a page: sign in again, and confirm that it is still you. */
import { useQueryClient } from '@tanstack/react-query'
import { Fingerprint } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { sentenceOf } from '../api/ask.ts'
import type { Session } from '../api/client.ts'
import { cancelConfirmation, isSamePerson, leave, signedIn, useSession, useSessionState } from '../api/session.ts'
import { provider, sessions } from '../api/sessions.ts'
import { Button, Field } from '../ui/controls.tsx'
import { CancelButton, Dialog } from '../ui/dialog.tsx'
import { Note } from '../ui/states.tsx'
import { startAnew } from './anew.ts'
import { canUsePasskeys, confirmWithPasskey } from './passkey.ts'
import { windowEnd } from './provider.ts'
import { ProviderWindow } from './provider-window.tsx'
import { SignInForm } from './sign-in.tsx'

export function SignInAgain() {
  const state = useSessionState()
  const cache = useQueryClient()
  if (state.kind !== 'in') return null
  return (
    <Dialog title="Your session ended" isOpen={state.hasEnded} onClose={() => undefined} isFirm>
      <p className="muted small">Sign in to continue. What you typed is still there, except for secret values.</p>
      <SignInForm
        email={state.session.user.email}
        ofAccount={state.session.account.name}
        inWindow
        onSignedIn={(session) => {
          // What another person saw is not for this one.
          if (!isSamePerson(state.session, session)) cache.clear()
          if (signedIn(session)) startAnew()
        }}
      />
      <Button look="quiet" onPress={() => signOut(state.session)}>
        Sign out
      </Button>
    </Dialog>
  )
}

/** Where another one is signed in by now, in another tab, they stay so. */
async function signOut(person: Session): Promise<void> {
  leave()
  // A sign-in that was on its way may have come through.
  const there = await sessions.current().catch(() => undefined)
  if (there !== undefined && isSamePerson(there, person)) await sessions.signOut().catch(() => undefined)
  startAnew()
}

export function ConfirmAgain() {
  const state = useSessionState()
  if (state.kind !== 'in') return null
  return (
    <Dialog title="Confirm it’s you" isOpen={state.isConfirming && !state.hasEnded} onClose={cancelConfirmation}>
      <ConfirmForm />
    </Dialog>
  )
}

function ConfirmForm() {
  const current = useSession()
  const { confirm_with: means, account } = current
  const cache = useQueryClient()
  const [proof, setProof] = useState('')
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const attempt = async (how: () => Promise<Session>) => {
    setBusy(true)
    setTrouble(undefined)
    try {
      const session = await how()
      if (isSamePerson(session, current)) signedIn(session)
      else {
        // Another person at the provider: what this one began is not theirs.
        cancelConfirmation()
        cache.clear()
        startAnew()
      }
    } catch (error) {
      setTrouble(sentenceOf(error))
      setBusy(false)
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (hasPassword) void attempt(() => sessions.confirm(proof))
  }
  const hasPassword = means.includes('password')
  return (
    <form className="stack" onSubmit={submit}>
      <p className="muted small">This is a sensitive action. You won’t be asked again for 15 minutes.</p>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      {means.includes('passkey') && canUsePasskeys() ? (
        <Button onPress={() => void attempt(confirmWithPasskey)} isDisabled={isBusy}>
          <Fingerprint size={16} aria-hidden />
          Use a passkey
        </Button>
      ) : null}
      {means.includes('sso') && !hasPassword ? (
        <>
          <p className="hint">Your provider asks you to sign in again, in a new window. This page stays open.</p>
          <ProviderWindow
            label="Go to the provider"
            begin={() => provider.begin(account.name, true, windowEnd)}
            isDisabled={isBusy}
            onTrouble={setTrouble}
            onDone={() => void attempt(sessions.current)}
          />
        </>
      ) : null}
      {hasPassword ? (
        <Field
          label="Password"
          type="password"
          autoComplete="current-password"
          value={proof}
          onValue={setProof}
          autoFocus
          required
        />
      ) : null}
      <div className="actions">
        <CancelButton />
        {hasPassword ? (
          <Button type="submit" look="primary" isDisabled={isBusy}>
            Confirm
          </Button>
        ) : null}
      </div>
    </form>
  )
}
