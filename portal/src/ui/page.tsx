/** What every page has: where it is, a head with its title, what it is about and what one can do, and below it the content. */
import { Fragment, type ReactNode, useEffect } from 'react'
import { Link } from 'wouter'
import { environment, firstEnvironment } from '../api/environment.ts'
import { Loading } from './states.tsx'

export function Page({
  title,
  windowTitle = title,
  titleEditor,
  about,
  actions,
  above,
  isNarrow = false,
  children,
}: {
  /** Never a secret's value. */
  readonly title: string
  /** The title of the window, where it is another. */
  readonly windowTitle?: string
  /** What stands in place of the title while it is edited. */
  readonly titleEditor?: ReactNode
  readonly about?: ReactNode
  readonly actions?: ReactNode
  /** What stands above the title, such as `Crumbs`. */
  readonly above?: ReactNode
  readonly isNarrow?: boolean
  readonly children?: ReactNode
}) {
  useTitle(windowTitle)
  return (
    <div className={`page ${isNarrow ? 'narrow' : ''}`}>
      {above}
      <header className="page-head">
        <div>
          <h1 className={titleEditor === undefined ? 'break' : 'sr-only'}>{title}</h1>
          {titleEditor}
          {about === undefined ? null : <p>{about}</p>}
        </div>
        {actions === undefined || actions === null ? null : <div className="row">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

/** A page before anything is known of it. */
export function Waiting({ label = 'Loading' }: { readonly label?: string }) {
  return (
    <div className="page">
      <Loading label={label} />
    </div>
  )
}

export function useTitle(title: string): void {
  useEffect(() => {
    const ends = environment === firstEnvironment ? ['Strongroom'] : [environment, 'Strongroom']
    document.title = title === 'Strongroom' ? title : [title, ...ends].join(' · ')
  }, [title])
}

/** The way to a page, from above; the last is where one is if it has no address. */
export function Crumbs({ steps }: { readonly steps: readonly (readonly [label: string, href?: string])[] }) {
  return (
    <nav className="crumbs" aria-label="Where this is">
      {steps.map(([label, href], at) => (
        <Fragment key={`${label} ${href}`}>
          {at === 0 ? null : <span aria-hidden>/</span>}
          {href === undefined ? <span>{label}</span> : <Link href={href}>{label}</Link>}
        </Fragment>
      ))}
    </nav>
  )
}

/** The parts of a page, each with an address. */
export function Tabs({
  label,
  tabs,
  current,
}: {
  readonly label: string
  readonly tabs: readonly (readonly [label: string, href: string])[]
  /** The address of the one that is shown. */
  readonly current: string
}) {
  return (
    <nav className="tabs-list" aria-label={label}>
      {tabs.map(([name, href]) => (
        <Link key={href} href={href} className="tab" aria-current={href === current ? 'page' : undefined}>
          {name}
        </Link>
      ))}
    </nav>
  )
}
