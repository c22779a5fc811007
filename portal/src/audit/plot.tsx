/** Activity over time by kind of action: stacked bars, and the same as a table for whoever does not see them. */
import type { Activity } from '../api/client.ts'
import { exactTime } from '../ui/time.tsx'
import { counted } from '../ui/words.ts'
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
      <figcaption className="hint">
        Records per {stepText(stepOf(all))}, {spanText(all, span)}
      </figcaption>
      <Bars columns={all} top={roundedUp(most)} />
      <div className="legend" aria-hidden="true">
        {shown.length === 0 ? 'No records' : null}
        {shown.map((kind) => (
          <span key={kind}>
            <i className={`p${kinds.indexOf(kind) + 1}`} />
            {kind}
          </span>
        ))}
      </div>
      {activity.complete ? null : <NotAll since={activity.from} />}
      {shown.length === 0 ? null : <CountsTable columns={all} shown={shown} />}
    </figure>
  )
}

function stepOf([first, second]: readonly Column[]): number {
  return first === undefined || second === undefined ? 0 : second.start - first.start
}

const steps = [
  ['week', 7 * 86_400_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const

/** `day`, or `2 hours`. */
function stepText(ms: number): string {
  const [unit, size] = steps.find(([, one]) => ms >= one && ms % one === 0) ?? ['minute', 60_000]
  const count = Math.round(ms / size)
  return count <= 1 ? unit : `${count} ${unit}s`
}

/** The next number that halves well: 1, 2, 4, 10, 20, 40, 100, … */
function roundedUp(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  return ([1, 2, 4, 10].find((times) => times * power >= most) ?? 10) * power
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

/** Bars on axes with their numbers, which are text of the page: those of a drawing would be stretched with it. */
function Bars({ columns, top }: { readonly columns: readonly Column[]; readonly top: number }) {
  const slot = width / columns.length
  const ticks = top === 1 ? [0, 1] : [0, top / 2, top]
  const labels = labelsOf(columns)
  return (
    <div className="plot-area" aria-hidden="true">
      <div className="plot-y">
        {ticks.map((tick) => (
          <span key={tick} style={{ bottom: `${(tick / top) * 100}%` }}>
            {tick.toLocaleString('en')}
          </span>
        ))}
      </div>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        {ticks.map((tick) => {
          const y = height - (tick / top) * height
          return <line key={tick} className="axis" x1="0" x2={width} y1={y} y2={y} vectorEffect="non-scaling-stroke" />
        })}
        {columns.map((column, at) => (
          <Bar key={column.start} of={column} top={top} slot={slot} at={at} />
        ))}
      </svg>
      <div className="plot-x">
        {labels.map(({ at, text }) => (
          <span key={at} style={{ left: `${((at + 0.5) / columns.length) * 100}%` }}>
            {text}
          </span>
        ))}
      </div>
    </div>
  )
}

function Bar({
  of: { start, counts, total },
  top,
  slot,
  at,
}: {
  readonly of: Column
  readonly top: number
  readonly slot: number
  readonly at: number
}) {
  let y = height
  return (
    <g transform={`translate(${at * slot} 0)`}>
      {kinds.map((kind, index) => {
        const size = (counts[kind] / top) * height
        y -= size
        return size === 0 ? null : (
          <rect key={kind} className={`p${index + 1}`} x={slot * 0.14} width={slot * 0.72} y={y} height={size} />
        )
      })}
      <rect className="hit" width={slot} height={height}>
        <title>{`${exactTime(new Date(start).toISOString())}: ${counted(total, 'record')}`}</title>
      </rect>
    </g>
  )
}

/** As many times as there is room for, below their bars. */
const maxLabels = 5

function labelsOf(columns: readonly Column[]): readonly { readonly at: number; readonly text: string }[] {
  const step = stepOf(columns)
  const isDays = step * columns.length > 36 * 3_600_000
  const format = new Intl.DateTimeFormat('en', isDays ? { month: 'short', day: 'numeric' } : { timeStyle: 'short' })
  const every = Math.max(1, Math.ceil(columns.length / maxLabels))
  return columns.flatMap(({ start }, at) =>
    at % every === Math.floor(every / 2) ? [{ at, text: format.format(start) }] : [],
  )
}

function CountsTable({ columns, shown }: { readonly columns: readonly Column[]; readonly shown: readonly Kind[] }) {
  return (
    <details className="more">
      <summary>Show as table</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long table is scrolled by keys */}
      <div className="counts" tabIndex={0} role="region" aria-label="Table of the chart">
        <table className="plain-table">
          <caption className="sr-only">Records by time and kind</caption>
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
                    <td key={kind}>{counts[kind].toLocaleString('en')}</td>
                  ))}
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </details>
  )
}

/** More happened than is counted at once. */
export function NotAll({ since }: { readonly since: string }) {
  return (
    <p className="small muted">
      Counts only records since <time dateTime={since}>{exactTime(since)}</time>: older ones are archived, or too many
      to count at once.
    </p>
  )
}
