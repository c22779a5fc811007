/** For whoever must set up a second factor before anything else. */
import { Fingerprint, Smartphone } from 'lucide-react'
import { useState } from 'react'
import { sentenceOf } from '../api/ask.ts'
import { loadSession, signedOut } from '../api/session.ts'
import { sessions } from '../api/sessions.ts'
import { useAttempt } from '../ui/attempt.ts'
import { Button } from '../ui/controls.tsx'
import { Note } from '../ui/states.tsx'
import { startAnew } from './anew.ts'
import { AuthenticatorForm } from './authenticator.tsx'
import { Gate } from './gate.tsx'
import { canUsePasskeys, makePasskey } from './passkey.ts'
import { RecoveryCodes } from './recovery.tsx'

type Step = { readonly kind: 'choose' | 'app' } | { readonly kind: 'codes'; readonly codes: readonly string[] }

export function EnrolPage() {
  const [step, setStep] = useState<Step>({ kind: 'choose' })
  const { attempt, trouble } = useAttempt()
  const done = (codes: readonly string[] | null) => {
    if (codes === null) void loadSession()
    else setStep({ kind: 'codes', codes })
  }
  const passkey = () => attempt(async () => done((await makePasskey('Passkey')).recovery_codes))
  const leave = () =>
    attempt(async () => {
      try {
        await sessions.signOut()
      } catch (error) {
        throw new Error(`You are still signed in. ${sentenceOf(error)}`)
      }
      signedOut()
      startAnew()
    })
  if (step.kind === 'codes') {
    return (
      <Gate title="Save your recovery codes">
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
      title="Set up two-factor authentication"
      about="Your account requires it. Choose a method; you can add others later."
    >
      <div className="stack">
        {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
        {canUsePasskeys() ? (
          <Button look="primary" onPress={() => void passkey()}>
            <Fingerprint size={16} aria-hidden />
            Add passkey
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
