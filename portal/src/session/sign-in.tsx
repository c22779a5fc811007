/** Signing in: with a passkey, through the account's provider, or with a password and a code. */
import { useQuery } from '@tanstack/react-query'
import { Building2, Fingerprint } from 'lucide-react'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useSearchParams } from 'wouter'
import { type Session, sessions } from '../api/account.ts'
import { codeOf, sentenceOf } from '../api/ask.ts'
import { type Provider, sso } from '../api/factors.ts'
import { faultsOf } from '../api/faults.ts'
import { Button, Field } from '../ui/controls.tsx'
import { Note, useTitle } from '../ui/states.tsx'
import { keepAccount, lastAccount } from './last-account.ts'
import { canUsePasskeys, signInWithPasskey } from './passkey.ts'
import { troubleOf, windowEnd } from './provider.ts'
import { ProviderWindow } from './provider-window.tsx'
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

/**
 * @param email of the person whose session ended, and `ofAccount` its account: nothing but that is asked
 * @param account that the address of the page names; without it, the one that was signed in to last
 * @param inWindow whether what is on the page must stay: a provider is then asked in a window of its own
 */
export function SignInForm({
  email: known = '',
  ofAccount,
  account: named,
  trouble: before,
  inWindow = false,
  onSignedIn,
}: {
  readonly email?: string
  readonly ofAccount?: string
  readonly account?: string
  readonly trouble?: string
  readonly inWindow?: boolean
  readonly onSignedIn: (session: Session) => void
}) {
  const [account, setAccount] = useState(() => ofAccount ?? named ?? lastAccount())
  /** As far as it is typed. */
  const [wholeAccount, setWholeAccount] = useState(account.trim())
  const [isAccountMissing, setAccountMissing] = useState(false)
  const [email, setEmail] = useState(known)
  const [password, setPassword] = useState('')
  const [code, setCode] = useState<string>()
  const [trouble, setTrouble] = useState(before)
  const [isBusy, setBusy] = useState(false)

  const ways = useQuery({
    queryKey: ['ways-in', wholeAccount],
    queryFn: () => sso.waysIn(wholeAccount),
    placeholderData: (before) => before && { ...before, provider: null },
    retry: false,
  }).data
  const areSeveral = isAccountMissing || ways?.account_required === true
  const asksAccount = ofAccount === undefined && areSeveral

  const attempt = async (how: () => Promise<Session>) => {
    setBusy(true)
    setTrouble(undefined)
    try {
      onSignedIn(await how())
    } catch (error) {
      setBusy(false)
      if (codeOf(error) === 'second_factor_required') setCode('')
      else setTrouble(sentenceOf(error))
      // A second account was made since.
      if (faultsOf(error)['account'] !== undefined) setAccountMissing(true)
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const where = areSeveral || ofAccount !== undefined ? { account: account.trim() } : {}
    void attempt(() => sessions.signIn({ ...where, email, password, ...(code === undefined ? {} : { code }) }))
  }

  if (code !== undefined) {
    return (
      <form className="stack" onSubmit={submit}>
        {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
        <Field
          label="Code"
          name="code"
          value={code}
          onValue={setCode}
          autoComplete="one-time-code"
          spellCheck={false}
          hint="Of your authenticator app, or one of your recovery codes."
          autoFocus
          required
        />
        <Button type="submit" look="primary" isDisabled={isBusy}>
          {isBusy ? 'Signing in…' : 'Sign in'}
        </Button>
        <PasskeyButton isDisabled={isBusy} onPress={() => void attempt(signInWithPasskey)} />
        <Button
          look="quiet"
          onPress={() => {
            setCode(undefined)
            setTrouble(undefined)
            setPassword('')
          }}
        >
          Back
        </Button>
      </form>
    )
  }
  return (
    <form className="stack" onSubmit={submit}>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      <PasskeyButton isDisabled={isBusy} onPress={() => void attempt(signInWithPasskey)} />
      <SsoButton
        provider={ways?.provider ?? null}
        isDisabled={isBusy}
        onTrouble={setTrouble}
        {...(inWindow ? { onSignedIn: () => void attempt(sessions.current) } : {})}
      />
      {asksAccount ? (
        <Field
          label="Account"
          name="account"
          value={account}
          onValue={setAccount}
          onBlur={() => setWholeAccount(account.trim())}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          hint="Its name, as whoever invited you knows it."
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

function PasskeyButton({ isDisabled, onPress }: { readonly isDisabled: boolean; readonly onPress: () => void }) {
  if (!canUsePasskeys()) return null
  return (
    <Button onPress={onPress} isDisabled={isDisabled}>
      <Fingerprint size={16} aria-hidden />
      Use a passkey
    </Button>
  )
}

/** Where the account has a provider. */
function SsoButton({
  provider,
  isDisabled,
  onTrouble,
  onSignedIn,
}: {
  readonly provider: Provider | null
  readonly isDisabled: boolean
  readonly onTrouble: (trouble: string | undefined) => void
  /** Told when it happened in another window; without it, this one goes there. */
  readonly onSignedIn?: () => void
}) {
  if (provider === null) return null
  if (onSignedIn !== undefined) {
    return (
      <ProviderWindow
        label={`Sign in with ${provider.label}`}
        begin={() => sso.begin(provider.account, false, windowEnd)}
        isDisabled={isDisabled}
        onTrouble={onTrouble}
        onDone={onSignedIn}
      />
    )
  }
  const go = async () => {
    try {
      const { url } = await sso.begin(provider.account, false, placeToReturn())
      // Where they come back to, should they not succeed there.
      keepAccount(provider.account)
      location.assign(url)
    } catch (error) {
      onTrouble(sentenceOf(error))
    }
  }
  return (
    <Button onPress={() => void go()} isDisabled={isDisabled}>
      <Building2 size={16} aria-hidden />
      Sign in with {provider.label}
    </Button>
  )
}

/** Where somebody is, as far as the server lets a provider send them back to. */
export function placeToReturn(): string {
  const { pathname } = location
  return /^\/portal\/([a-z-]+(\/\d{1,16})?)?$/.test(pathname) ? pathname : '/portal/'
}
