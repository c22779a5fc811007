/**
 * Signing in at a provider in a window of its own, so that the page and what was typed on it stay. The way back ends in that
 * window, at a page that tells this one how it went; who is signed in now, the server says.
 */
import { Building2 } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { sentenceOf } from '../api/ask.ts'
import { expectSignIn } from '../api/session.ts'
import { Button } from '../ui/controls.tsx'
import { Note } from '../ui/states.tsx'
import { channelName, type Said, troubleOf } from './provider.ts'

const features = 'popup,width=520,height=720'

type Step =
  | { readonly kind: 'idle' | 'waiting' }
  /** The browser let no window open. */
  | { readonly kind: 'blocked'; readonly url: string }

export function ProviderWindow({
  label,
  begin,
  isDisabled,
  onTrouble,
  onDone,
}: {
  readonly label: string
  readonly begin: () => Promise<{ readonly url: string }>
  readonly isDisabled: boolean
  readonly onTrouble: (trouble: string | undefined) => void
  readonly onDone: () => void
}) {
  const [step, setStep] = useState<Step>({ kind: 'idle' })
  const heard = useRef({ onTrouble, onDone })
  heard.current = { onTrouble, onDone }
  const isWaiting = step.kind !== 'idle'
  useEffect(() => {
    if (!isWaiting) return
    const expected = expectSignIn()
    const channel = new BroadcastChannel(channelName)
    channel.onmessage = ({ data }: MessageEvent<Said>) => {
      if (data.kind !== 'ended') return
      channel.postMessage({ kind: 'taken' } satisfies Said)
      setStep({ kind: 'idle' })
      if (data.trouble === null) heard.current.onDone()
      else heard.current.onTrouble(troubleOf(data.trouble))
    }
    return () => {
      expected()
      channel.close()
    }
  }, [isWaiting])

  const go = async () => {
    onTrouble(undefined)
    // At once, while the browser knows that a person asked for it.
    const opened = window.open('', '_blank', features)
    try {
      const { url } = await begin()
      if (opened === null || opened.closed) {
        setStep({ kind: 'blocked', url })
        return
      }
      // What the provider shows has no hold on this page.
      opened.opener = null
      opened.location.assign(url)
      setStep({ kind: 'waiting' })
    } catch (error) {
      opened?.close()
      onTrouble(sentenceOf(error))
    }
  }
  return (
    <>
      {step.kind === 'blocked' ? (
        <Note kind="warn">
          Your browser blocked the window.{' '}
          <a href={step.url} target="_blank" rel="noopener noreferrer">
            Go to the provider in a new tab
          </a>
          ; this page stays as it is.
        </Note>
      ) : null}
      {step.kind === 'waiting' ? (
        <p className="small muted" role="status">
          Continue in the window that opened. Closed it? Open it again.
        </p>
      ) : null}
      <Button onPress={() => void go()} isDisabled={isDisabled}>
        <Building2 size={16} aria-hidden />
        {label}
      </Button>
    </>
  )
}
