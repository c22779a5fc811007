/** Where a window ends in which somebody signed in at a provider: it tells the page that waits for it how that went. */
import { useEffect } from 'react'
import { useSearchParams } from 'wouter'
import { useSessionState } from '../api/session.ts'
import { Note } from '../ui/states.tsx'
import { Gate } from './gate.tsx'
import { channelName, type Said, troubleOf } from './provider.ts'

/** What the window shows at its end, until a page that waits for it lets it go. */
export function WindowEnd() {
  const [query] = useSearchParams()
  const trouble = query.get('trouble')
  const isIn = useSessionState().kind === 'in' && trouble === null
  useEffect(() => {
    const channel = new BroadcastChannel(channelName)
    channel.onmessage = ({ data }: MessageEvent<Said>) => {
      if (data.kind === 'taken') window.close()
    }
    channel.postMessage({ kind: 'ended', trouble } satisfies Said)
    return () => channel.close()
  }, [trouble])
  return (
    <Gate title={isIn ? 'You are signed in' : 'The sign-in did not succeed'}>
      {trouble === null ? null : <Note kind="bad">{troubleOf(trouble)}</Note>}
      <p className="muted">Close this window, and go on where you were.</p>
    </Gate>
  )
}
