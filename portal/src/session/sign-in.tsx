/** Signing in: password with a second factor when there is one, or a passkey. */
import { Fingerprint } from 'lucide-react'
import { type FormEvent, type ReactNode, useState } from 'react'
import { type Session, sessions } from '../api/account.ts'
import { codeOf, sentenceOf } from '../api/ask.ts'
import { Button, Field } from '../ui/controls.tsx'
import { Note, useTitle } from '../ui/states.tsx'
import { askPasskey, hasPasskeys, passkeyTrouble } from './passkey.ts'
import { signedIn } from './store.ts'

/** The page around a form of somebody who is not signed in. */
export function Gate({
  title,
  about,
  children,
}: {
  readonly title: string
  readonly about?: ReactNode
  readonly children: ReactNode
}) {
  useTitle(title)
  return (
    <main className="gate">
      <div className="gate-box fade-in">
        <Logo size={40} />
        <h1>{title}</h1>
        {about === undefined ? null : <p className="muted">{about}</p>}
        {children}
      </div>
    </main>
  )
}

export function Logo({ size }: { readonly size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="logo">
      <rect width="32" height="32" rx="8" />
      <circle cx="16" cy="16" r="7.500" />
      <path d="M16 4.500v4M16 23.500v4M4.500 16h4M23.500 16h4" />
      <circle cx="16" cy="16" r="2" className="dot" />
    </svg>
  )
}

export function SignInPage() {
  return (
    <Gate title="Sign in to Strongroom">
      <SignInForm onSignedIn={(session) => void signedIn(session)} />
    </Gate>
  )
}

/** @param email of the person whose session ended */
export function SignInForm({
  email: known = '',
  onSignedIn,
}: {
  readonly email?: string
  readonly onSignedIn: (session: Session) => void
}) {
  const [email, setEmail] = useState(known)
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')
  const [needsCode, setNeedsCode] = useState(false)
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)

  const attempt = async (how: () => Promise<Session>) => {
    setBusy(true)
    setTrouble(undefined)
    try {
      onSignedIn(await how())
    } catch (error) {
      setBusy(false)
      if (codeOf(error) === 'second_factor_required' && !needsCode) return setNeedsCode(true)
      setTrouble(passkeyTrouble(error) ?? sentenceOf(error))
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void attempt(() => sessions.signIn({ email, password, ...(needsCode ? { code: code.trim() } : {}) }))
  }
  const usePasskey = () =>
    void attempt(async () => sessions.signInWithPasskey(await askPasskey(await sessions.passkeyOptions())))

  return (
    <form className="stack" onSubmit={submit}>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      {needsCode ? (
        <Field
          key="code"
          label="Code"
          hint="From your authenticator app, or one of your recovery codes."
          value={code}
          onValue={setCode}
          name="code"
          autoComplete="one-time-code"
          inputMode="text"
          autoFocus
          required
        />
      ) : (
        <>
          <Field
            label="Email"
            type="email"
            name="email"
            value={email}
            onValue={setEmail}
            autoComplete="username webauthn"
            autoFocus={known === ''}
            required
          />
          <Field
            label="Password"
            type="password"
            name="password"
            value={password}
            onValue={setPassword}
            autoComplete="current-password"
            autoFocus={known !== ''}
            required
          />
        </>
      )}
      <Button type="submit" look="primary" isDisabled={isBusy}>
        {isBusy ? 'Signing in…' : needsCode ? 'Continue' : 'Sign in'}
      </Button>
      {needsCode ? (
        <Button look="quiet" onPress={() => setNeedsCode(false)}>
          Back
        </Button>
      ) : hasPasskeys ? (
        <Button onPress={usePasskey} isDisabled={isBusy}>
          <Fingerprint size={16} aria-hidden />
          Use a passkey
        </Button>
      ) : null}
    </form>
  )
}
