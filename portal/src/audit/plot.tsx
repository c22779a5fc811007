/** Activity over time by kind of action: stacked bars, and the same as a table for whoever does not see them. */
import type { Activity } from '../../../src/client/index.ts'
import { exactTime } from '../ui/time.tsx'
import { kinds } from './actions.ts'
import { columnsOf, type Span } from './activity.ts'

const width = 960
const height = 150

export function ActivityPlot({
  activity,
  span,
  isShown = () => true,
}: {
  readonly activity: Activity
  readonly span: Span
  readonly isShown?: (action: string) => boolean
}) {
  const all = columnsOf(activity, span, isShown)
  const step = (all[1]?.start ?? 0) - (all[0]?.start ?? 0)
  const most = Math.max(1, ...all.map(({ total }) => total))
  const slot = width / all.length
  const shown = kinds.filter((kind) => all.some(({ counts }) => counts[kind] > 0))
  const isLong = all.length * step > 36 * 3_600_000
  const from = all[0]?.start ?? span.from
  const years = new Set([from, span.to].map((time) => new Date(time).getFullYear()))
  const day = { month: 'short', day: 'numeric', ...(years.size > 1 ? { year: 'numeric' as const } : {}) } as const
  const label = (time: number) => new Intl.DateTimeFormat('en', isLong ? day : { timeStyle: 'short' }).format(time)
  return (
    <figure className="plot stack-s">
      <svg viewBox={`0 0 ${width} ${height + 22}`} preserveAspectRatio="none" aria-hidden="true">
        <line className="axis" x1="0" x2={width} y1={height} y2={height} vectorEffect="non-scaling-stroke" />
        {all.map(({ start, counts, total }, at) => {
          let top = height
          return (
            <g key={start} transform={`translate(${at * slot} 0)`}>
              {kinds.map((kind, index) => {
                const size = (counts[kind] / most) * (height - 8)
                top -= size
                return size === 0 ? null : (
                  <rect
                    key={kind}
                    className={`p${index + 1}`}
                    x={slot * 0.14}
                    width={slot * 0.72}
                    y={top}
                    height={size}
                  />
                )
              })}
              <rect className="hit" width={slot} height={height}>
                <title>{`${exactTime(new Date(start).toISOString())}: ${total} records`}</title>
              </rect>
            </g>
          )
        })}
      </svg>
      <div className="spread">
        <div className="legend" aria-hidden="true">
          {shown.map((kind) => (
            <span key={kind}>
              <i className={`p${kinds.indexOf(kind) + 1}`} />
              {kind}
            </span>
          ))}
        </div>
        <span className="hint">
          {label(from)} to {label(span.to)}
          {shown.length === 0 ? ': no record' : `, at most ${most.toLocaleString('en')} in a bar`}
        </span>
      </div>
      {activity.complete ? null : <NotAll since={activity.from} />}
      <div className="sr-only">
        <table>
          <caption>Records by time and kind</caption>
          <thead>
            <tr>
              <th scope="col">From</th>
              {shown.map((kind) => (
                <th key={kind} scope="col">
                  {kind}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {all
              .filter(({ total }) => total > 0)
              .map(({ start, counts }) => (
                <tr key={start}>
                  <th scope="row">{exactTime(new Date(start).toISOString())}</th>
                  {shown.map((kind) => (
                    <td key={kind}>{counts[kind]}</td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </figure>
  )
}

/** More happened than is counted at once. */
export function NotAll({ since }: { readonly since: string }) {
  return (
    <p className="small muted">
      There are more records than are counted at once: only those since <time dateTime={since}>{exactTime(since)}</time>{' '}
      are.
    </p>
  )
}
