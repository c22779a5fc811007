/** How long secrets have not been changed: a bar for each age, as long as there are many. */
import { Link } from 'wouter'
import type { Metadata } from '../api/client.ts'

const dayMs = 86_400_000
const ages: readonly (readonly [label: string, days: number])[] = [
  ['Up to 30 days', 30],
  ['1 to 3 months', 90],
  ['3 to 6 months', 180],
  ['6 to 12 months', 365],
  ['More than a year', Number.POSITIVE_INFINITY],
]

export function AgePlot({ secrets, now }: { readonly secrets: readonly Metadata[]; readonly now: number }) {
  const counts = ages.map(() => 0)
  for (const { updated_at: time } of secrets) {
    const days = (now - Date.parse(time)) / dayMs
    const at = ages.findIndex(([, most]) => days <= most)
    counts[at] = (counts[at] ?? 0) + 1
  }
  const most = Math.max(1, ...counts)
  return (
    <dl className="ages">
      {ages.map(([label], at) => (
        <div key={label}>
          <dt>{at === ages.length - 1 ? <Link href="/secrets?state=stale&sort=updated">{label}</Link> : label}</dt>
          <dd>
            <span className="ages-track" aria-hidden>
              <span
                className={`bar ${at === ages.length - 1 ? 'is-warn' : ''}`}
                style={{ width: `${((counts[at] ?? 0) / most) * 100}%` }}
              />
            </span>
            <span className="end">{(counts[at] ?? 0).toLocaleString('en')}</span>
          </dd>
        </div>
      ))}
    </dl>
  )
}
