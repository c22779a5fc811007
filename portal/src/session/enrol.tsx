/** For whoever must set up a second factor before anything else. */
import { Fingerprint, Smartphone } from 'lucide-react'
import { useState } from 'react'
import { sessions } from '../api/account.ts'
import { act, Cancelled, sentenceOf } from '../api/ask.ts'
import { Button } from '../ui/controls.tsx'
import { Note } from '../ui/states.tsx'
import { AuthenticatorForm } from './authenticator.tsx'
import { canUsePasskeys, makePasskey } from './passkey.ts'
import { RecoveryCodes } from './recovery.tsx'
import { Gate } from './sign-in.tsx'
import { loadSession, signedOut } from './store.ts'

type Step = { readonly kind: 'choose' | 'app' } | { readonly kind: 'codes'; readonly codes: readonly string[] }

export function EnrolPage() {
  const [step, setStep] = useState<Step>({ kind: 'choose' })
  const [trouble, setTrouble] = useState<string>()
  const done = (codes: readonly string[] | null) => {
    if (codes === null) void loadSession()
    else setStep({ kind: 'codes', codes })
  }
  const passkey = async () => {
    setTrouble(undefined)
    try {
      done((await act(() => makePasskey('Passkey'))).recovery_codes)
    } catch (error) {
      if (!(error instanceof Cancelled)) setTrouble(sentenceOf(error))
    }
  }
  const leave = async () => {
    setTrouble(undefined)
    try {
      await sessions.signOut()
      signedOut()
    } catch (error) {
      setTrouble(`You are still signed in. ${sentenceOf(error)}`)
    }
  }
  if (step.kind === 'codes') {
    return (
      <Gate title="Keep your recovery codes">
        <RecoveryCodes codes={step.codes} onDone={() => void loadSession()} />
      </Gate>
    )
  }
  if (step.kind === 'app') {
    return (
      <Gate title="Authenticator app">
        <AuthenticatorForm onDone={done} onCancel={() => setStep({ kind: 'choose' })} />
      </Gate>
    )
  }
  return (
    <Gate
      title="Set up a second factor"
      about="Your account wants more than a password. Choose one; you can add others later."
    >
      <div className="stack">
        {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
        {canUsePasskeys() ? (
          <Button look="primary" onPress={() => void passkey()}>
            <Fingerprint size={16} aria-hidden />
            Make a passkey
          </Button>
        ) : null}
        <Button onPress={() => setStep({ kind: 'app' })}>
          <Smartphone size={16} aria-hidden />
          Use an authenticator app
        </Button>
        <Button look="quiet" onPress={() => void leave()}>
          Sign out
        </Button>
      </div>
    </Gate>
  )
}
