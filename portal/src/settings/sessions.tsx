/** Where one is signed in. */
import { Laptop, Smartphone } from 'lucide-react'
import type { OpenSession } from '../api/client.ts'
import { useAnswer, useRefresh } from '../api/queries.ts'
import { sessions } from '../api/sessions.ts'
import { attempt } from '../ui/attempt.ts'
import { Card } from '../ui/card.tsx'
import { Button } from '../ui/controls.tsx'
import { Loaded } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'

const listed = ['sessions']

const browsers = [
  ['Edg/', 'Edge'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const
const systems = [
  ['iPhone', 'iPhone'],
  ['iPad', 'iPad'],
  ['Android', 'Android'],
  ['Mac OS', 'macOS'],
  ['Windows', 'Windows'],
  ['Linux', 'Linux'],
] as const

function deviceOf(agent: string | null): string {
  const find = (table: readonly (readonly [string, string])[]) => table.find(([word]) => agent?.includes(word))?.[1]
  const browser = find(browsers) ?? 'Unknown browser'
  const system = find(systems)
  return system === undefined ? browser : `${browser} on ${system}`
}

export function SessionsCard() {
  const open = useAnswer(listed, sessions.list)
  const refresh = useRefresh(listed)
  const end = ({ id }: OpenSession) =>
    attempt(async () => {
      await sessions.end(id)
      toast('Session signed out')
      await refresh()
    })
  return (
    <Card
      title="Sessions"
      about="Sign out sessions you don’t recognize, and change your password. That also revokes your seeds."
    >
      <Loaded of={open} lines={2}>
        {(all) => (
          <ul className="lines">
            {all.map((session) => (
              <SessionLine key={session.id} of={session} onEnd={() => end(session)} />
            ))}
          </ul>
        )}
      </Loaded>
    </Card>
  )
}

function SessionLine({ of: session, onEnd }: { readonly of: OpenSession; readonly onEnd: () => Promise<void> }) {
  const { user_agent: agent, address, current, last_used_at: used } = session
  const Icon = /iPhone|Android/.test(agent ?? '') ? Smartphone : Laptop
  return (
    <li className="centred">
      <Icon size={16} aria-hidden />
      <span className="grow">
        {deviceOf(agent)} <span className="muted">from {address}</span>
      </span>
      {current ? (
        <span className="tag ok">This device</span>
      ) : (
        <>
          <span className="end hide-narrow">
            last used <Ago time={used} />
          </span>
          <Button small onPress={onEnd} aria-label={`Sign out ${deviceOf(agent)}`}>
            Sign out
          </Button>
        </>
      )}
    </li>
  )
}
