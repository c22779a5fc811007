/** Activity over time by kind of action: stacked bars, and the same as a table for whoever does not see them. */
import type { Activity } from '../api/client.ts'
import { exactTime } from '../ui/time.tsx'
import { type Kind, kinds } from './actions.ts'
import { type Column, columnsOf, type Span } from './activity.ts'

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
  const most = Math.max(1, ...all.map(({ total }) => total))
  const shown = kinds.filter((kind) => all.some(({ counts }) => counts[kind] > 0))
  return (
    <figure className="plot stack-s">
      <Bars columns={all} most={most} />
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
          {spanText(all, span)}
          {shown.length === 0 ? ': no record' : `, at most ${most.toLocaleString('en')} in a bar`}
        </span>
      </div>
      {activity.complete ? null : <NotAll since={activity.from} />}
      <HiddenTable columns={all} shown={shown} />
    </figure>
  )
}

/** From when to when: times of a day, or days, with their years where there are two. */
function spanText(columns: readonly Column[], { from, to }: Span): string {
  const start = columns[0]?.start ?? from
  const step = (columns[1]?.start ?? 0) - start
  const isLong = columns.length * step > 36 * 3_600_000
  const years = new Set([start, to].map((time) => new Date(time).getFullYear()))
  const day = { month: 'short', day: 'numeric', ...(years.size > 1 ? { year: 'numeric' as const } : {}) } as const
  const format = new Intl.DateTimeFormat('en', isLong ? day : { timeStyle: 'short' })
  return `${format.format(start)} to ${format.format(to)}`
}

function Bars({ columns, most }: { readonly columns: readonly Column[]; readonly most: number }) {
  const slot = width / columns.length
  return (
    <svg viewBox={`0 0 ${width} ${height + 22}`} preserveAspectRatio="none" aria-hidden="true">
      <line className="axis" x1="0" x2={width} y1={height} y2={height} vectorEffect="non-scaling-stroke" />
      {columns.map(({ start, counts, total }, at) => {
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
  )
}

/** The same for whoever does not see the bars. */
function HiddenTable({ columns, shown }: { readonly columns: readonly Column[]; readonly shown: readonly Kind[] }) {
  return (
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
          {columns
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
