/** What a page shows before, instead of and around its content: loading, trouble, nothing there, notes. */
import { CircleAlert, CircleCheck, Info, type LucideIcon, TriangleAlert } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'
import { codeOf, sentenceOf } from '../api/ask.ts'
import type { Asked } from '../api/queries.ts'
import { Button } from './controls.tsx'

export function Empty({
  icon: Icon,
  title,
  children,
  action,
}: {
  readonly icon: LucideIcon
  readonly title: string
  readonly children: ReactNode
  readonly action?: ReactNode
}) {
  return (
    <div className="empty">
      <span className="glyph">
        <Icon size={22} aria-hidden />
      </span>
      <h2>{title}</h2>
      <p>{children}</p>
      {action}
    </div>
  )
}

export function Loading({ lines = 6, label = 'Loading' }: { readonly lines?: number; readonly label?: string }) {
  return (
    <div className="stack card-pad" role="status" aria-label={label}>
      {Array.from({ length: lines }, (_, at) => at).map((at) => (
        <div key={at} className="skeleton" style={{ width: `${88 - ((at * 23) % 50)}%` }} />
      ))}
    </div>
  )
}

/** The server may be back soon: what could not be asked of it is asked again. */
const againMs = 5_000

export function Trouble({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const code = codeOf(error)
  const isAway = (code === 'unreachable' || code === 'sealed') && onRetry !== undefined
  useRetry(isAway, onRetry)
  const advice =
    code === 'forbidden'
      ? // The sentence says who can.
        ''
      : code === 'not_found'
        ? 'It may have been deleted, or the address is wrong.'
        : isAway
          ? 'Trying again every few seconds…'
          : ''
  return (
    <div className="empty" role="alert">
      <span className="glyph">
        <TriangleAlert size={22} aria-hidden />
      </span>
      <h2>{troubleTitle(code)}</h2>
      <p>
        {sentenceOf(error)} {advice}
      </p>
      {onRetry === undefined || code === 'forbidden' || code === 'not_found' ? null : (
        <Button onPress={onRetry}>Try again</Button>
      )}
    </div>
  )
}

function troubleTitle(code: string | undefined): string {
  if (code === 'not_found') return 'Not found'
  if (code === 'unreachable') return 'Can’t reach the server'
  if (code === 'sealed') return 'The server is sealed'
  return code === 'forbidden' ? 'Not allowed' : 'Couldn’t load this'
}

/** Asks again by itself, and at once when the browser says that it is connected again. */
function useRetry(isOn: boolean, onRetry: (() => void) | undefined) {
  const retry = useRef(onRetry)
  retry.current = onRetry
  useEffect(() => {
    if (!isOn) return undefined
    const again = () => retry.current?.()
    const timer = setInterval(again, againMs)
    addEventListener('online', again)
    return () => {
      clearInterval(timer)
      removeEventListener('online', again)
    }
  }, [isOn])
}

/** What was asked for: lines in its place until it is there, why it cannot be had, or what is made of it. */
export function Loaded<T>({
  of: { data, error, refetch },
  lines = 6,
  label = 'Loading',
  children,
}: {
  readonly of: Asked<T>
  /** How many lines stand in its place. */
  readonly lines?: number
  /** What is said meanwhile to those who do not see them. */
  readonly label?: string
  readonly children: (data: T) => ReactNode
}) {
  return (
    <>
      {error === null ? null : <Trouble error={error} onRetry={() => void refetch()} />}
      {data !== undefined ? children(data) : error === null ? <Loading lines={lines} label={label} /> : null}
    </>
  )
}

const icons = { info: Info, bad: CircleAlert, warn: TriangleAlert, ok: CircleCheck }

export function Note({
  kind = 'info',
  children,
}: {
  readonly kind?: 'info' | 'bad' | 'warn' | 'ok'
  readonly children: ReactNode
}) {
  const Icon = icons[kind]
  return (
    <div className={`note ${kind}`} role={kind === 'bad' ? 'alert' : undefined}>
      <Icon size={16} aria-hidden />
      <div>{children}</div>
    </div>
  )
}
