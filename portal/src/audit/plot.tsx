/** Activity over time by kind of action: stacked bars, and the same as a table for whoever does not see them. */
import type { AuditRecord } from '../../../src/client/index.ts'
import { exactTime } from '../ui/time.tsx'
import { type Kind, kindOf, kinds } from './actions.ts'

const columns = 60
/** Fewer would be a wall. */
const minColumns = 24
const width = 960
const height = 150
const steps = [10, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 86_400, 7 * 86_400, 30 * 86_400].map(
  (seconds) => seconds * 1000,
)

interface Column {
  readonly start: number
  readonly counts: Readonly<Record<Kind, number>>
  readonly total: number
}

function columnsOf(
  records: readonly AuditRecord[],
  now: number,
): { readonly step: number; readonly all: readonly Column[] } {
  const oldest = Math.min(now - 60_000, ...records.map(({ time }) => Date.parse(time)))
  const step = steps.find((size) => (now - oldest) / size <= columns) ?? 365 * 86_400_000
  const last = Math.floor(now / step) * step
  const first = Math.min(
    Math.max(Math.floor(oldest / step) * step, last - (columns - 1) * step),
    last - (minColumns - 1) * step,
  )
  const none = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>
  const counts = new Map<number, Record<Kind, number>>()
  for (const { time, action, outcome } of records) {
    const start = Math.floor(Date.parse(time) / step) * step
    const found = counts.get(start) ?? { ...none }
    found[kindOf(action, outcome)]++
    counts.set(start, found)
  }
  const all = Array.from({ length: Math.round((last - first) / step) + 1 }, (_, at) => {
    const start = first + at * step
    const found = counts.get(start) ?? none
    return { start, counts: found, total: Object.values(found).reduce((sum, count) => sum + count, 0) }
  })
  return { step, all }
}

export function ActivityPlot({ records, now }: { readonly records: readonly AuditRecord[]; readonly now: number }) {
  const { step, all } = columnsOf(records, now)
  const most = Math.max(1, ...all.map(({ total }) => total))
  const slot = width / all.length
  const shown = kinds.filter((kind) => all.some(({ counts }) => counts[kind] > 0))
  const isLong = all.length * step > 36 * 3_600_000
  const label = (start: number) =>
    new Intl.DateTimeFormat('en', isLong ? { month: 'short', day: 'numeric' } : { timeStyle: 'short' }).format(start)
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
          {label(all[0]?.start ?? now)} to {label(all.at(-1)?.start ?? now)}, at most {most} at once
        </span>
      </div>
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
