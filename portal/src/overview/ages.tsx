/** How long secrets have not been changed: a bar for each age, as long as there are many. */
import { Link } from 'wouter'

const labels = ['Up to 30 days', '1 to 3 months', '3 to 6 months', '6 to 12 months', 'More than a year']

/** @param counts how many there are of each age */
export function AgePlot({ counts }: { readonly counts: readonly number[] }) {
  const most = Math.max(1, ...counts)
  return (
    <dl className="ages">
      {labels.map((label, at) => (
        <div key={label}>
          <dt>{at === labels.length - 1 ? <Link href="/secrets?state=stale&sort=updated">{label}</Link> : label}</dt>
          <dd>
            <span className="ages-track" aria-hidden>
              <span
                className={`bar ${at === labels.length - 1 ? 'is-warn' : ''}`}
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
