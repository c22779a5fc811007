/**
 * A command asks for an API key (`strongroom login`): the person says whether it is theirs. What will happen, and where the
 * request came from, stands before the choice (RFC 8628, 5.4).
 */
import { Terminal } from 'lucide-react'
import { type FormEvent, useEffect, useState } from 'react'
import type { Login } from '../api/client.ts'
import { forgetLoginCode, loginCodeOfLink, logins } from '../api/logins.ts'
import { useSession } from '../api/session.ts'
import { useAttempt } from '../ui/attempt.ts'
import { Card } from '../ui/card.tsx'
import { Button, Checkbox, Field, LinkButton } from '../ui/controls.tsx'
import { Facts } from '../ui/facts.tsx'
import { Tags } from '../ui/items.tsx'
import { Page } from '../ui/page.tsx'
import { Empty, Loading, Note } from '../ui/states.tsx'
import { Ago, exactTime, timeOf } from '../ui/time.tsx'
import { scopeText } from './scopes.ts'

type Step =
  | { readonly kind: 'code' }
  | { readonly kind: 'ask'; readonly code: string; readonly login: Login; readonly isTyped: boolean }
  | { readonly kind: 'approved' | 'denied'; readonly host: string }

export function LoginPage() {
  const [step, setStep] = useState<Step>({ kind: 'code' })
  return (
    <Page
      title="Authorize a CLI login"
      about="A computer running “strongroom login” asks for an API key of yours."
      isNarrow
    >
      {step.kind === 'code' ? (
        <CodeCard onFound={(code, login, isTyped) => setStep({ kind: 'ask', code, login, isTyped })} />
      ) : step.kind === 'ask' ? (
        <AskCard
          {...step}
          onAnswered={(kind) => setStep({ kind, host: step.login.host })}
          onOther={() => setStep({ kind: 'code' })}
        />
      ) : (
        <AnsweredCard isApproved={step.kind === 'approved'} host={step.host} />
      )}
    </Page>
  )
}

/** The code is typed, or came with the link that the command opened. */
function CodeCard({ onFound }: { readonly onFound: (code: string, login: Login, isTyped: boolean) => void }) {
  const [code, setCode] = useState('')
  const [isLooking, setLooking] = useState(loginCodeOfLink() !== '')
  const { attempt, trouble, isBusy } = useAttempt()
  const look = (text: string, isTyped: boolean) =>
    attempt(async () => onFound(text, await logins.show(text), isTyped)).finally(() => setLooking(false))
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the page is opened
  useEffect(() => {
    const ofLink = loginCodeOfLink()
    forgetLoginCode()
    if (ofLink !== '') void look(ofLink, false)
  }, [])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void look(code, true)
  }
  if (isLooking) return <Loading label="Looking for the login" />
  return (
    <Card label="Enter the code" isPadded>
      <form className="stack" onSubmit={submit}>
        {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
        <Field
          label="Code"
          value={code}
          onValue={setCode}
          placeholder="BCDF-GHJK"
          hint="Enter the code shown in your terminal."
          autoComplete="off"
          autoCapitalize="characters"
          spellCheck={false}
          maxLength={16}
          autoFocus
          required
        />
        <div className="actions">
          <Button type="submit" look="primary" isDisabled={isBusy || code.trim() === ''}>
            Continue
          </Button>
        </div>
      </form>
    </Card>
  )
}

function AskCard({
  code,
  login,
  isTyped,
  onAnswered,
  onOther,
}: Extract<Step, { readonly kind: 'ask' }> & {
  readonly onAnswered: (kind: 'approved' | 'denied') => void
  readonly onOther: () => void
}) {
  const { user, account } = useSession()
  const [isMine, setMine] = useState(isTyped)
  const [bindsNetwork, setBindsNetwork] = useState(login.wants_network)
  const { attempt, trouble, isBusy } = useAttempt()
  const until = timeOf(Date.now() + login.key_expires_in * 1000)
  return (
    <Card label="Login" isPadded>
      {trouble === undefined ? null : <Note kind="bad">{trouble}</Note>}
      <Note kind="warn">
        <strong>Only continue if you just ran “strongroom login” yourself.</strong> Whoever runs it gets the permissions
        below in the account {account.name} as {user.email}. Nobody from support or IT needs you to approve this.
      </Note>
      <Facts of={factsOf(login, until)} />
      {login.same_network ? null : (
        <Note kind="warn">
          This request came from {login.address}, which isn’t the network you’re on now. Deny it unless you started it
          on a computer elsewhere.
        </Note>
      )}
      <div className="stack-s">
        {isTyped ? null : (
          <Checkbox isSelected={isMine} onChange={setMine}>
            My terminal shows the code <strong>{code.toUpperCase()}</strong>
          </Checkbox>
        )}
        <Checkbox isSelected={bindsNetwork} onChange={setBindsNetwork}>
          Only allow this key from {login.address}
        </Checkbox>
      </div>
      <div className="row">
        <Button
          look="primary"
          onPress={() =>
            void attempt(async () => logins.confirm(code, bindsNetwork).then(() => onAnswered('approved')))
          }
          isDisabled={isBusy || !isMine}
        >
          Authorize
        </Button>
        <Button
          onPress={() => void attempt(async () => logins.refuse(code).then(() => onAnswered('denied')))}
          isDisabled={isBusy}
        >
          Deny
        </Button>
        <Button look="quiet" onPress={onOther}>
          Use another code
        </Button>
      </div>
    </Card>
  )
}

function factsOf(login: Login, until: string) {
  return [
    ['Computer', <strong key="host">{login.host}</strong>],
    ['IP address', login.address],
    ['Requested', <Ago key="time" time={login.created_at} />],
    [
      'Permissions',
      login.scopes.length === 0 ? (
        'None: you have no permissions for secrets'
      ) : (
        <Tags key="scopes" label="Permissions" of={login.scopes.map((scope) => [scopeText(scope), scope] as const)} />
      ),
    ],
    ['Key expires', exactTime(until)],
  ] as const
}

function AnsweredCard({ isApproved, host }: { readonly isApproved: boolean; readonly host: string }) {
  return (
    <Card label="Answered">
      <Empty
        icon={Terminal}
        title={isApproved ? 'Login authorized' : 'Login denied'}
        action={<LinkButton href="/">Go to overview</LinkButton>}
      >
        {isApproved
          ? `Go back to your terminal on ${host}. You can close this page.`
          : `${host} gets no key. If you didn’t start this login, somebody may have tried to trick you: tell an owner of the account.`}
      </Empty>
    </Card>
  )
}
