/** What is known of something: terms, and what they are of it. */
import type { ReactNode } from 'react'

export function Facts({
  of: facts,
  look = '',
}: {
  readonly of: readonly (readonly [term: string, fact: ReactNode])[]
  readonly look?: 'small' | 'beside' | 'conflict' | ''
}) {
  return (
    <dl className={`facts ${look}`}>
      {facts.map(([term, fact]) => (
        <div key={term}>
          <dt>{term}</dt>
          <dd>{fact}</dd>
        </div>
      ))}
    </dl>
  )
}
