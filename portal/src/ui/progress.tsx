/** How far something is. */
import { ProgressBar } from 'react-aria-components/ProgressBar'

export function Progress({
  done,
  total,
  label,
}: {
  readonly done: number
  readonly total: number
  readonly label: string
}) {
  const share = total === 0 ? 0 : Math.min(100, (done / total) * 100)
  const text = total === 0 ? 'Beginning…' : `${done.toLocaleString('en')} of ${total.toLocaleString('en')}`
  return (
    <ProgressBar className="progress" value={share} valueLabel={text} aria-label={label}>
      <div className="spread">
        <span className="label">{label}</span>
        <span className="hint">{text}</span>
      </div>
      <div className="progress-track">
        <div className="progress-fill" style={{ width: `${share}%` }} />
      </div>
    </ProgressBar>
  )
}
