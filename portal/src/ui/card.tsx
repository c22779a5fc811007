/** A part of a page in a frame: its head, its content, and what stands at its foot. */
import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'

export function Card({
  title,
  icon: Icon,
  about,
  end,
  label = title,
  isPadded = false,
  isBusy = false,
  children,
}: {
  /** Without one it has no head. */
  readonly title?: string
  readonly icon?: LucideIcon
  readonly about?: ReactNode
  /** At the end of the head. */
  readonly end?: ReactNode
  /** What it is called, where the title does not say it. */
  readonly label?: string | undefined
  /** Whether there is room around the content; a list brings its own. */
  readonly isPadded?: boolean
  /** Whether what it shows is about to be another. */
  readonly isBusy?: boolean
  readonly children?: ReactNode
}) {
  return (
    <section className="card" aria-label={label} aria-busy={isBusy}>
      {title === undefined ? null : (
        <div className="card-head">
          <div>
            <h2 className="row">
              {Icon === undefined ? null : <Icon size={16} aria-hidden />}
              {title}
            </h2>
            {about === undefined ? null : <p className="hint">{about}</p>}
          </div>
          {end}
        </div>
      )}
      {isPadded ? <div className="card-pad stack">{children}</div> : children}
    </section>
  )
}

/** At the foot of a card: what leads on from what it shows. */
export function CardFoot({ children }: { readonly children: ReactNode }) {
  return <div className="card-foot">{children}</div>
}

/** One figure, and what it counts. */
export function Tile({
  href,
  value,
  isMore = false,
  what,
  look = '',
}: {
  /** Where what is counted is shown. */
  readonly href?: string
  readonly value: number
  /** Whether there are more than could be counted. */
  readonly isMore?: boolean
  readonly what: string
  readonly look?: 'is-warn' | 'is-ok' | ''
}) {
  const content = (
    <>
      <span className={`figure ${look}`}>{`${value.toLocaleString('en')}${isMore ? '+' : ''}`}</span>
      <span className="what">{what}</span>
    </>
  )
  if (href === undefined) return <div className="card tile">{content}</div>
  return (
    <Link href={href} className="card tile">
      {content}
    </Link>
  )
}
