/** Times as people read them, with the exact one on hover. */

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const exact = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' })
const day = new Intl.DateTimeFormat('en', { dateStyle: 'medium' })

export function relativeTime(iso: string, now = Date.now()): string {
  const left = (Date.parse(iso) - now) / 1000
  const unit = units.find(([, size]) => Math.abs(left) >= size)
  return unit === undefined ? 'just now' : relative.format(Math.round(left / unit[1]), unit[0])
}

export function exactTime(iso: string): string {
  return exact.format(new Date(iso))
}

const seconds = new Intl.DateTimeFormat('en', {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
})

/** To the second, without the year, for lists in the order of time. */
export function secondOf(iso: string): string {
  return seconds.format(new Date(iso))
}

export function dayOf(iso: string): string {
  return day.format(new Date(iso))
}

export function Ago({ time }: { readonly time: string }) {
  return (
    <time dateTime={time} title={exactTime(time)}>
      {relativeTime(time)}
    </time>
  )
}

const soonMs = 30 * 86_400_000

export function expiryOf(expiresAt: string | null, now = Date.now()): 'none' | 'expired' | 'soon' | 'later' {
  if (expiresAt === null) return 'none'
  const left = Date.parse(expiresAt) - now
  return left <= 0 ? 'expired' : left < soonMs ? 'soon' : 'later'
}

/** @param isAlone whether nothing beside it says that something expires */
export function Expiry({ time, isAlone = false }: { readonly time: string | null; readonly isAlone?: boolean }) {
  const state = expiryOf(time)
  if (time === null) return <span className="muted">Never</span>
  const when = state === 'later' ? dayOf(time) : relativeTime(time)
  const text = state === 'expired' ? `Expired ${when}` : isAlone ? `Expires ${when}` : when
  const look = state === 'expired' ? 'tag bad' : state === 'soon' ? 'tag warn' : ''
  return (
    <time dateTime={time} title={exactTime(time)} className={look}>
      {text}
    </time>
  )
}

/** A time in milliseconds, as the API takes it. */
export function timeOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}

/** The end of the day, in the person's time, as the API takes it. */
export function expiryTime(day: string): string | null {
  if (day === '') return null
  return timeOf(new Date(`${day}T23:59:59`).getTime())
}

export function expiryDay(time: string | null): string {
  if (time === null) return ''
  const date = new Date(time)
  const two = (part: number) => String(part).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
