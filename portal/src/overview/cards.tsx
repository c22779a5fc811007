/** The cards of the overview: each the first few of something, with the way to all of it. */
import { Activity as ActivityIcon, CalendarClock, History, type LucideIcon, PackageCheck, Users } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import { type Metadata, strongroom } from '../api/client.ts'
import { environment, firstEnvironment } from '../api/environment.ts'
import { useAnswer } from '../api/queries.ts'
import { spanOf } from '../audit/activity.ts'
import { ActivityPlot, NotAll } from '../audit/plot.tsx'
import { byUrgency, isOld, useStale } from '../deployments/queries.ts'
import { Card } from '../ui/card.tsx'
import { Loaded } from '../ui/states.tsx'
import { Ago, Expiry } from '../ui/time.tsx'

export const shownLines = 6
/** What the activity is about. */
const activityDays = 30

interface Line {
  readonly id: string | number
  readonly href: string
  readonly name: string
  /** After the name. */
  readonly more?: ReactNode
  readonly end: ReactNode
}

/** The first of them, each with the way to it. */
function Lines({ of: lines, empty }: { readonly of: readonly Line[]; readonly empty: string }) {
  if (lines.length === 0) return <p className="card-pad small muted">{empty}</p>
  return (
    <ul className="lines">
      {lines.slice(0, shownLines).map(({ id, href, name, more, end }) => (
        <li key={id}>
          <Link className="grow" href={href} title={name}>
            {name} {more}
          </Link>
          {end}
        </li>
      ))}
    </ul>
  )
}

function LinesCard({
  title,
  icon,
  all,
  ...lines
}: Parameters<typeof Lines>[0] & {
  readonly title: string
  readonly icon: LucideIcon
  /** The way to all of them. */
  readonly all?: readonly [label: string, href: string]
}) {
  return (
    <Card title={title} icon={icon} end={all === undefined ? null : <All way={all} />}>
      <Lines {...lines} />
    </Card>
  )
}

function All({ way: [label, href] }: { readonly way: readonly [label: string, href: string] }) {
  return (
    <Link className="small" href={href}>
      {label}
    </Link>
  )
}

export function Redeploy() {
  const stale = useStale()
  return (
    <Card title="Needs redeploy" icon={PackageCheck} end={<All way={['All deployments', '/deployments']} />}>
      <Loaded of={stale} lines={3}>
        {({ first, isAny }) => (
          <Lines
            of={byUrgency(first).map(({ id, target, secrets, created_at: time }) => ({
              id,
              href: `/deployments?q=${encodeURIComponent(target)}`,
              name: target,
              end: (
                <span className="end">
                  {secrets.filter(isOld).length} old, deployed <Ago time={time} />
                </span>
              ),
            }))}
            empty={
              !isAny
                ? 'Nothing is deployed yet. Targets with an outdated version of a secret appear here.'
                : 'All targets are up to date.'
            }
          />
        )}
      </Loaded>
    </Card>
  )
}

/** @param secrets those that changed last */
export function Changed({ secrets }: { readonly secrets: readonly Metadata[] }) {
  return (
    <LinesCard
      title="Recently changed"
      icon={History}
      of={secrets.map(({ id, name, version, updated_at: time }) => ({
        id,
        href: `/secrets/${id}`,
        name,
        end: (
          <span className="end">
            version {version}, <Ago time={time} />
          </span>
        ),
      }))}
      empty="New and changed secrets appear here."
    />
  )
}

/** @param secrets those that expire next, or have expired */
export function Expiring({ secrets }: { readonly secrets: readonly Metadata[] }) {
  return (
    <LinesCard
      title="Expiring soon"
      icon={CalendarClock}
      all={['All', '/secrets?state=soon&sort=expires']}
      of={secrets.map(({ id, name, expires_at: time }) => ({
        id,
        href: `/secrets/${id}`,
        name,
        end: (
          <span className="end">
            <Expiry time={time} />
          </span>
        ),
      }))}
      empty="Nothing expires within 30 days. Secrets with an expiry date appear here in time to renew them."
    />
  )
}

/** One question for both cards. */
function useActivity() {
  return useAnswer(['overview-activity'], async (options) => {
    // What is of no environment is shown in the first one.
    const part = environment === firstEnvironment ? {} : { environment }
    const from = Date.now() - activityDays * 86_400_000
    const query = { from: `${new Date(from).toISOString().slice(0, 19)}Z`, by: 'day', ...part } as const
    return { from, activity: await strongroom.audit.activity(query, options) }
  })
}

export function Activity() {
  const counted = useActivity()
  return (
    <Card title={`Activity, ${activityDays} days`} icon={ActivityIcon} end={<All way={['Audit', '/audit']} />}>
      <Loaded of={counted} lines={4}>
        {({ activity, from }) => (
          <div className="card-pad">
            <ActivityPlot activity={activity} span={spanOf(activity, { from })} />
          </div>
        )}
      </Loaded>
    </Card>
  )
}

export function Readers() {
  const counted = useActivity()
  // The card beside it says it.
  if (counted.error !== null) return null
  return (
    <Card title="Top readers" icon={Users} end={<span className="hint">{activityDays} days</span>}>
      <Loaded of={counted} lines={3}>
        {({ activity: { readers, complete, from } }) => (
          <>
            <Lines
              of={readers.map(({ principal: { kind, id, name }, reads }) => ({
                id: `${kind} ${id}`,
                href: `/audit?principal=${encodeURIComponent(name)}`,
                name,
                more: <span className="muted">{kind}</span>,
                end: <Reads count={reads} most={readers[0]?.reads ?? 1} />,
              }))}
              empty="No recent reads."
            />
            {complete ? null : (
              <div className="card-pad">
                <NotAll since={from} />
              </div>
            )}
          </>
        )}
      </Loaded>
    </Card>
  )
}

function Reads({ count, most }: { readonly count: number; readonly most: number }) {
  return (
    <>
      <span className="bar-track" aria-hidden>
        <span className="bar" style={{ width: `${(count / most) * 100}%` }} />
      </span>
      <span className="end count">{count.toLocaleString('en')}</span>
    </>
  )
}
