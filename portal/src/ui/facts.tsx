/** What is known of something: terms, and what they are of it. */
import type { ReactNode } from 'react'

export function Facts({
  of: facts,
  look = '',
}: {
  readonly of: readonly (readonly [term: string, fact: ReactNode])[]
  readonly look?: 'compact' | 'beside' | 'conflict' | ''
}) {
  return (
    <dl className={`facts ${look}`}>
      {facts.map(([term, fact], at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a term may come twice, such as a claim that is called as another fact
        <div key={`${at} ${term}`}>
          <dt>{term}</dt>
          <dd>{fact}</dd>
        </div>
      ))}
    </dl>
  )
}
