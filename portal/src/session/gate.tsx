/** The page around a form of somebody who is not signed in. */
import type { ReactNode } from 'react'
import { useTitle } from '../ui/page.tsx'

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
