/** Signing in: with a passkey, through the account's provider, or with a password and a code. */
import { useQuery } from '@tanstack/react-query'
import { Fingerprint } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { useSearchParams } from 'wouter'
import { codeOf, sentenceOf } from '../api/ask.ts'
import type { Session } from '../api/client.ts'
import { faultsOf } from '../api/faults.ts'
import { lastAccount } from '../api/last-account.ts'
import { signedIn } from '../api/session.ts'
import { provider, sessions } from '../api/sessions.ts'
import { Button, Field } from '../ui/controls.tsx'
import { Note } from '../ui/states.tsx'
import { Gate } from './gate.tsx'
import { canUsePasskeys, signInWithPasskey } from './passkey.ts'
import { troubleOf } from './provider.ts'
import { SsoButton } from './sso-button.tsx'

export function SignInPage() {
  const [query] = useSearchParams()
  const code = query.get('trouble')
  return (
    <Gate title="Sign in to Strongroom">
      <SignInForm
        {...(query.has('account') ? { account: query.get('account') ?? '' } : {})}
        onSignedIn={(session) => void signedIn(session)}
        {...(code === null ? {} : { trouble: troubleOf(code) })}
      />
    </Gate>
  )
}

interface SignInProps {
  /** Of the person whose session ended. */
  readonly email?: string
  /** And of which account: nothing but that is asked. */
  readonly ofAccount?: string
  /** That the address of the page names; without it, the one that was signed in to last. */
  readonly account?: string
  readonly trouble?: string
  /** Whether what is on the page must stay: a provider is then asked in a window of its own. */
  readonly inWindow?: boolean
  readonly onSignedIn: (session: Session) => void
}

export function SignInForm({ email: known = '', inWindow = false, ...props }: SignInProps) {
  const where = useAccount(props)
  const [email, setEmail] = useState(known)
  const [password, setPassword] = useState('')
  const [code, setCode] = useState<string>()
  const { attempt, trouble, setTrouble, isBusy } = useSignIn(props, where.askFor, () => setCode(''))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const given = code === undefined ? {} : { code }
    void attempt(() => sessions.signIn({ ...where.given, email, password, ...given }))
  }
  const passkey = <PasskeyButton isDisabled={isBusy} onPress={() => void attempt(signInWithPasskey)} />
  if (code !== undefined) {
    const back = () => {
      setCode(undefined)
      setTrouble(undefined)
      setPassword('')
    }
    return (
      <form className="stack" onSubmit={submit}>
        {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
        <CodeField code={code} onCode={setCode} />
        <SubmitButton isBusy={isBusy} />
        {passkey}
        <Button look="quiet" onPress={back}>
          Back
        </Button>
      </form>
    )
  }
  return (
    <form className="stack" onSubmit={submit}>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      {passkey}
      <SsoButton
        provider={where.provider}
        isDisabled={isBusy}
        onTrouble={setTrouble}
        {...(inWindow ? { onSignedIn: () => void attempt(sessions.current) } : {})}
      />
      {where.field}
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
      <SubmitButton isBusy={isBusy} />
    </form>
  )
}

/** The account to sign in to: what is known of it, and a field for it where the server has several. */
function useAccount({ account: named, ofAccount }: Pick<SignInProps, 'account' | 'ofAccount'>) {
  const [account, setAccount] = useState(() => ofAccount ?? named ?? lastAccount())
  /** As far as it is typed. */
  const [wholeAccount, setWholeAccount] = useState(account.trim())
  const [isMissing, setMissing] = useState(false)
  const ways = useQuery({
    queryKey: ['ways-in', wholeAccount],
    queryFn: () => provider.waysIn(wholeAccount),
    placeholderData: (before) => before && { ...before, provider: null },
    retry: false,
  }).data
  const areSeveral = isMissing || ways?.account_required === true
  const field =
    ofAccount === undefined && areSeveral ? (
      <Field
        label="Account"
        name="account"
        value={account}
        onValue={setAccount}
        onBlur={() => setWholeAccount(account.trim())}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        hint="Whoever invited you knows its name."
        required
      />
    ) : null
  const given = areSeveral || ofAccount !== undefined ? { account: account.trim() } : {}
  return { field, given, provider: ways?.provider ?? null, askFor: () => setMissing(true) }
}

/** Signs in, and says why not; a second factor or the account's name may be missing. */
function useSignIn(
  { trouble: before, onSignedIn }: Pick<SignInProps, 'trouble' | 'onSignedIn'>,
  askForAccount: () => void,
  askForCode: () => void,
) {
  const [trouble, setTrouble] = useState(before)
  const [isBusy, setBusy] = useState(false)
  const attempt = async (how: () => Promise<Session>) => {
    setBusy(true)
    setTrouble(undefined)
    try {
      onSignedIn(await how())
    } catch (error) {
      setBusy(false)
      if (codeOf(error) === 'second_factor_required') askForCode()
      else setTrouble(sentenceOf(error))
      // A second account was made since.
      if (faultsOf(error)['account'] !== undefined) askForAccount()
    }
  }
  return { attempt, trouble, setTrouble, isBusy }
}

function CodeField({ code, onCode }: { readonly code: string; readonly onCode: (code: string) => void }) {
  return (
    <Field
      label="Code"
      name="code"
      value={code}
      onValue={onCode}
      autoComplete="one-time-code"
      spellCheck={false}
      hint="From your authenticator app, or a recovery code."
      autoFocus
      required
    />
  )
}

function SubmitButton({ isBusy }: { readonly isBusy: boolean }) {
  return (
    <Button type="submit" look="primary" isDisabled={isBusy}>
      {isBusy ? 'Signing in…' : 'Sign in'}
    </Button>
  )
}

function PasskeyButton({ isDisabled, onPress }: { readonly isDisabled: boolean; readonly onPress: () => void }) {
  if (!canUsePasskeys()) return null
  return (
    <Button onPress={onPress} isDisabled={isDisabled}>
      <Fingerprint size={16} aria-hidden />
      Use a passkey
    </Button>
  )
}
