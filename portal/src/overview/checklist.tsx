/** The first steps in an account that is new: each says how, and is checked off once it is done. */
import { Circle, CircleCheck, ListChecks } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { Link } from 'wouter'
import { strongroom } from '../api/client.ts'
import { factors } from '../api/factors.ts'
import { useAnswer } from '../api/queries.ts'
import { useSession } from '../api/session.ts'
import { canUsePasskeys } from '../session/passkey.ts'
import { useRights } from '../session/rights.ts'
import { Card } from '../ui/card.tsx'
import { Button } from '../ui/controls.tsx'
import { CopyOnce } from '../ui/copy.tsx'

/** An account with more secrets knows its way. */
const maxSecrets = 20
/** So many keys are looked at. */
const maxKeys = 100
const place = 'strongroom-checklist'

interface Step {
  readonly title: string
  readonly isDone: boolean
  readonly how: ReactNode
}

/** @param secrets how many there are */
export function Checklist({ secrets }: { readonly secrets: number }) {
  const rights = useRights()
  const { account } = useSession()
  const [isDismissed, setDismissed] = useState(() => dismissed().includes(String(account.id)))
  const isManager = ['secrets:write', 'keys:manage', 'account:manage'].every((right) => rights.hasAll(right))
  if (isDismissed || !isManager || secrets >= maxSecrets) return null
  const dismiss = () => {
    localStorage.setItem(place, [...dismissed(), account.id].join(' '))
    setDismissed(true)
  }
  return <Steps secrets={secrets} onDismiss={dismiss} />
}

/** The accounts whose list was dismissed in this browser. */
function dismissed(): readonly string[] {
  return (localStorage.getItem(place) ?? '').split(' ').filter((id) => id !== '')
}

function Steps({ secrets, onDismiss }: { readonly secrets: number; readonly onDismiss: () => void }) {
  const { data } = useAnswer(['checklist'], whatIsDone)
  if (data === undefined) return null
  const steps = stepsOf(secrets, data)
  if (steps.every(({ isDone }) => isDone)) return null
  return (
    <Card
      title="Get started"
      icon={ListChecks}
      end={
        <Button small look="quiet" onPress={onDismiss}>
          Dismiss
        </Button>
      }
    >
      <ol className="checklist" aria-label="First steps">
        {steps.map(({ title, isDone, how }) => (
          <li key={title} className={isDone ? 'is-done' : ''}>
            {isDone ? (
              <CircleCheck size={18} role="img" aria-label="Done" />
            ) : (
              <Circle size={18} role="img" aria-label="To do" />
            )}
            <div className="stack-s">
              <strong>{title}</strong>
              {isDone ? null : how}
            </div>
          </li>
        ))}
      </ol>
    </Card>
  )
}

interface Done {
  /** Beside the first key of the account, which came with it. */
  readonly hasKey: boolean
  readonly isKeyUsed: boolean
  readonly hasOthers: boolean
  readonly isSecured: boolean
}

async function whatIsDone(): Promise<Done> {
  const keys = []
  for await (const key of strongroom.keys.list()) {
    if (keys.push(key) === maxKeys) break
  }
  const [people, mine] = [(await strongroom.users.page({ limit: 2 })).items, await factors.mine()]
  return {
    hasKey: keys.some(({ id }) => id > 1),
    isKeyUsed: keys.some(({ last_used_at: used }) => used !== null),
    hasOthers: people.length > 1,
    isSecured: mine.passkeys.length > 0 || mine.authenticator !== null || mine.sso.length > 0,
  }
}

function stepsOf(secrets: number, { hasKey, isKeyUsed, hasOthers, isSecured }: Done): readonly Step[] {
  const { origin } = location
  return [
    {
      title: 'Add your first secrets',
      isDone: secrets > 0,
      how: (
        <p className="small">
          <Link href="/secrets/new">Create a secret</Link>, or{' '}
          <Link href="/secrets">import a .env, JSON or YAML file</Link>.
        </p>
      ),
    },
    {
      title: 'Create an API key',
      isDone: hasKey,
      how: (
        <p className="small">
          Give each program <Link href="/keys">a key of its own</Link>, with no more permissions than it needs.
        </p>
      ),
    },
    {
      title: 'Try a command',
      isDone: isKeyUsed,
      how: (
        <>
          <CopyOnce label="Log in with the CLI" text={`strongroom login --url ${origin}`} what="Command" />
          <CopyOnce
            label="Or call the API with a key"
            text={`curl -s ${origin}/v3/secrets -H "Authorization: Bearer $STRONGROOM_API_KEY"`}
            what="Command"
          />
          <p className="small">
            <a href="/portal/docs/cli.html" target="_blank" rel="noopener">
              Docs of the CLI
            </a>
          </p>
        </>
      ),
    },
    {
      title: 'Invite your team',
      isDone: hasOthers,
      how: (
        <p className="small">
          <Link href="/users">Invite a user</Link> and choose what their role lets them do.
        </p>
      ),
    },
    {
      title: 'Secure your sign-in',
      isDone: isSecured,
      how: (
        <p className="small">
          <Link href="/settings">{canUsePasskeys() ? 'Add a passkey' : 'Set up an authenticator app'}</Link> in your
          settings, so that a stolen password isn’t enough.
          {canUsePasskeys() ? null : ' Passkeys need HTTPS and a domain name (or localhost).'}
        </p>
      ),
    },
  ]
}
