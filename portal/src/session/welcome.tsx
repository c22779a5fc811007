/** Where a one-time link leads: the first owner, somebody invited, or a new password. */
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useLocation } from 'wouter'
import { sentenceOf } from '../api/ask.ts'
import type { Invitation } from '../api/client.ts'
import { keepAccount } from '../api/last-account.ts'
import { signedIn } from '../api/session.ts'
import { invitations, minPassword } from '../api/sessions.ts'
import { Button, Field, LinkButton } from '../ui/controls.tsx'
import { Loading, Note } from '../ui/states.tsx'
import { toast } from '../ui/toast.tsx'
import { Gate } from './gate.tsx'

const titles = { setup: 'Welcome to Strongroom', invitation: 'You’re invited', reset: 'Choose a new password' }

/** @param token of the link; it was in the fragment, and is nowhere else by now */
export function WelcomePage({ token }: { readonly token: string | undefined }) {
  const { data, error, isPending } = useQuery({
    queryKey: ['invitation'],
    queryFn: () => invitations.check(token ?? ''),
    enabled: token !== undefined,
    gcTime: 0,
  })
  if (token === undefined || error !== null) {
    return (
      <Gate title="This link can’t be used">
        <p className="muted">
          {error === null
            ? 'Open the whole link, exactly as you received it.'
            : `${sentenceOf(error)} A link works once, and not for ever.`}{' '}
          Ask for a new one, or sign in if you’ve already used it.
        </p>
        <LinkButton href="/" look="primary">
          Go to sign-in
        </LinkButton>
      </Gate>
    )
  }
  if (isPending) {
    return (
      <Gate title="Welcome">
        <Loading lines={3} />
      </Gate>
    )
  }
  return <AcceptForm token={token} invitation={data} />
}

function AcceptForm({ token, invitation }: { readonly token: string; readonly invitation: Invitation }) {
  const { kind, account, role } = invitation
  const [name, setName] = useState(invitation.name ?? '')
  const [email, setEmail] = useState(invitation.email ?? '')
  const [password, setPassword] = useState('')
  const [trouble, setTrouble] = useState<string>()
  const [isBusy, setBusy] = useState(false)
  const asksWho = kind !== 'reset'
  const [, navigate] = useLocation()

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setTrouble(undefined)
    try {
      const who = { ...(asksWho ? { name: name.trim() } : {}), ...(kind === 'setup' ? { email: email.trim() } : {}) }
      const accepted = await invitations.accept({ token, ...who, password })
      if ('user' in accepted) signedIn(accepted)
      else {
        // They sign in next, to the account of the link.
        keepAccount(account)
        toast(accepted.message)
      }
      navigate('/', { replace: true })
    } catch (error) {
      setBusy(false)
      setTrouble(sentenceOf(error))
    }
  }
  const about =
    kind === 'setup'
      ? `You’ll be the owner of the account “${account}”, and can invite others.`
      : kind === 'invitation'
        ? `Join the account “${account}” as ${role}.`
        : `For ${invitation.email ?? 'your user'}. Everywhere else you will be signed out.`
  return (
    <Gate title={titles[kind]} about={about}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
        {asksWho ? (
          <Field
            label="Your name"
            name="name"
            value={name}
            onValue={setName}
            autoComplete="name"
            maxLength={128}
            autoFocus
            required
          />
        ) : null}
        <Field
          label="Email"
          type="email"
          name="email"
          value={email}
          onValue={setEmail}
          autoComplete="username"
          readOnly={kind !== 'setup'}
          required={kind === 'setup'}
        />
        <Field
          label="Password"
          type="password"
          name="password"
          value={password}
          onValue={setPassword}
          autoComplete="new-password"
          minLength={minPassword}
          hint={`At least ${minPassword} characters. A few unrelated words are easy to remember.`}
          required
        />
        <Button type="submit" look="primary" isDisabled={isBusy}>
          {isBusy ? 'One moment…' : kind === 'reset' ? 'Set password' : 'Create account'}
        </Button>
      </form>
    </Gate>
  )
}
