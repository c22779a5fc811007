/** Where one is signed in. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Laptop, Smartphone } from 'lucide-react'
import { type OpenSession, sessions } from '../api/account.ts'
import { act, Cancelled, read, sentenceOf } from '../api/ask.ts'
import { Button } from '../ui/controls.tsx'
import { Loading, Trouble } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'

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
  const browser = find(browsers) ?? 'A browser'
  const system = find(systems)
  return system === undefined ? browser : `${browser} on ${system}`
}

export function SessionsCard() {
  const cache = useQueryClient()
  const { data, error, refetch } = useQuery({ queryKey: ['sessions'], queryFn: () => read(sessions.list) })
  const end = async ({ id }: OpenSession) => {
    try {
      await act(() => sessions.end(id))
      toast('That session is ended')
      await cache.invalidateQueries({ queryKey: ['sessions'] })
    } catch (failure) {
      if (!(failure instanceof Cancelled)) toast(sentenceOf(failure), true)
    }
  }
  return (
    <section className="card" aria-labelledby="sessions-title">
      <div className="card-head">
        <div>
          <h2 id="sessions-title">Sessions</h2>
          <p className="hint">
            End what you do not know, and change your password. Seeds that you have made until then end too.
          </p>
        </div>
      </div>
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && error === null ? <Loading lines={2} /> : null}
      <ul className="lines">
        {data?.map((session) => (
          <li key={session.id} style={{ alignItems: 'center' }}>
            {/iPhone|Android/.test(session.user_agent ?? '') ? (
              <Smartphone size={16} aria-hidden />
            ) : (
              <Laptop size={16} aria-hidden />
            )}
            <span className="grow">
              {deviceOf(session.user_agent)} <span className="muted">from {session.address}</span>
            </span>
            {session.current ? (
              <span className="tag ok">this one</span>
            ) : (
              <>
                <span className="end hide-narrow">
                  used <Ago time={session.last_used_at} />
                </span>
                <Button small onPress={() => void end(session)} aria-label={`End ${deviceOf(session.user_agent)}`}>
                  End
                </Button>
              </>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}
