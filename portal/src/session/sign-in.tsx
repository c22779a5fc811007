/** Signing in with a password. */
import { type FormEvent, type ReactNode, useState } from 'react'
import { type Session, sessions } from '../api/account.ts'
import { sentenceOf } from '../api/ask.ts'
import { Button, Field } from '../ui/controls.tsx'
import { Note, useTitle } from '../ui/states.tsx'
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
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)

  const attempt = async (how: () => Promise<Session>) => {
    setBusy(true)
    setTrouble(undefined)
    try {
      onSignedIn(await how())
    } catch (error) {
      setBusy(false)
      setTrouble(sentenceOf(error))
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void attempt(() => sessions.signIn({ email, password }))
  }

  return (
    <form className="stack" onSubmit={submit}>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      <Field
        label="Email"
        type="email"
        name="email"
        value={email}
        onValue={setEmail}
        autoComplete="username"
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
      <Button type="submit" look="primary" isDisabled={isBusy}>
        {isBusy ? 'Signing in…' : 'Sign in'}
      </Button>
    </form>
  )
}
