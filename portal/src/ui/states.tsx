/** What a page shows before, instead of and around its content: loading, trouble, nothing there, notes. */
import { CircleAlert, CircleCheck, Info, type LucideIcon, TriangleAlert } from 'lucide-react'
import { type ReactNode, useEffect } from 'react'
import { codeOf, sentenceOf } from '../api/ask.ts'
import { Button } from './controls.tsx'

/** The heading of a page, and its title in the window: never a secret's value. */
export function PageHead({
  title,
  windowTitle = title,
  about,
  children,
}: {
  readonly title: ReactNode
  readonly windowTitle?: ReactNode
  readonly about?: ReactNode
  readonly children?: ReactNode
}) {
  useTitle(typeof windowTitle === 'string' ? windowTitle : 'Strongroom')
  return (
    <header className="page-head">
      <div>
        <h1 className="break">{title}</h1>
        {about === undefined ? null : <p>{about}</p>}
      </div>
      {children === undefined ? null : <div className="row">{children}</div>}
    </header>
  )
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === 'Strongroom' ? title : `${title} · Strongroom`
  }, [title])
}

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

export function Trouble({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const code = codeOf(error)
  const advice =
    code === 'forbidden'
      ? 'Your role does not include this. Ask an owner of the account.'
      : code === 'not_found'
        ? 'It may have been deleted, or its address is wrong.'
        : 'Nothing was changed.'
  return (
    <div className="empty" role="alert">
      <span className="glyph">
        <TriangleAlert size={22} aria-hidden />
      </span>
      <h2>{code === 'not_found' ? 'Not found' : code === 'forbidden' ? 'Not allowed' : 'This could not be loaded'}</h2>
      <p>
        {sentenceOf(error)} {advice}
      </p>
      {onRetry === undefined || code === 'forbidden' || code === 'not_found' ? null : (
        <Button onPress={onRetry}>Try again</Button>
      )}
    </div>
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
