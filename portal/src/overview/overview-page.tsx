/** What changed, what expires, what is stale, who reads most. */
import { useQuery } from '@tanstack/react-query'
import { Activity as ActivityIcon, CalendarClock, History, Hourglass, PackageCheck, Users } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { Metadata } from '../../../src/client/index.ts'
import { read } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { spanOf } from '../audit/activity.ts'
import { ActivityPlot, NotAll } from '../audit/plot.tsx'
import { byUrgency, isOld, useDeployments } from '../deployments/queries.ts'
import { isExpiring, isStale } from '../secrets/filter.ts'
import { useLists, useSecrets } from '../secrets/queries.ts'
import { useRights } from '../session/rights.ts'
import { useSession } from '../session/store.ts'
import { Loading, Note, PageHead, Trouble } from '../ui/states.tsx'
import { Ago, Expiry } from '../ui/time.tsx'
import { AgePlot } from './ages.tsx'

const shownLines = 6
/** What the activity is about. */
const activityDays = 30

export function OverviewPage() {
  const { user } = useSession()
  const rights = useRights()
  return (
    <div className="page">
      <PageHead title={`Hello, ${user.name.split(' ')[0]}`} windowTitle="Overview" about="What needs a look today." />
      {rights.has('secrets:list') ? <OfSecrets /> : null}
      {!rights.has('secrets:list') && rights.hasAll('audit:read') ? (
        <div className="columns">
          <Activity />
          <Readers />
        </div>
      ) : null}
    </div>
  )
}

/** For whoever may see which secrets there are; an auditor sees the trail alone. */
function OfSecrets() {
  const rights = useRights()
  const { data: secrets, error, refetch, dataUpdatedAt } = useSecrets()
  const { data: lists } = useLists()
  return (
    <>
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {secrets === undefined && error === null ? <Loading /> : null}
      {secrets === undefined ? null : (
        <>
          {secrets.length === 0 && rights.has('secrets:write') ? (
            <Note>
              <strong>There is no secret yet.</strong> <Link href="/secrets/new">Create the first one</Link>, then{' '}
              <Link href="/keys">make an API key</Link> for the program that needs it.
            </Note>
          ) : null}
          <div className="tiles">
            <Tile href="/secrets" figure={secrets.length} what={`secrets in ${lists?.length ?? '…'} lists`} />
            <Tile
              href="/secrets?state=soon&sort=expires"
              figure={secrets.filter(isExpiring).length}
              what="expired, or about to expire"
            />
            <Tile
              href="/secrets?state=stale&sort=updated"
              figure={secrets.filter((secret) => isStale(secret)).length}
              what="unchanged for more than a year"
            />
            <StaleTile />
          </div>
          <div className="columns">
            <div className="stack">
              {rights.hasAll('audit:read') ? <Activity /> : null}
              <Changed secrets={secrets} />
            </div>
            <div className="stack">
              <Redeploy />
              {rights.hasAll('audit:read') ? <Readers /> : null}
              <Expiring secrets={secrets} />
              <Card title="Time since the last change" icon={<Hourglass size={16} aria-hidden />}>
                <div className="card-pad">
                  <AgePlot secrets={secrets} now={dataUpdatedAt} />
                </div>
              </Card>
            </div>
          </div>
        </>
      )}
    </>
  )
}

function Tile({
  href,
  figure,
  what,
  look = '',
}: {
  readonly href: string
  readonly figure: number
  readonly what: string
  readonly look?: 'is-warn' | 'is-ok' | ''
}) {
  return (
    <Link href={href} className="card tile">
      <span className={`figure ${look}`}>{figure.toLocaleString('en')}</span>
      <span className="what">{what}</span>
    </Link>
  )
}

function Card({
  title,
  icon,
  more,
  children,
}: {
  readonly title: string
  readonly icon: ReactNode
  readonly more?: ReactNode
  readonly children: ReactNode
}) {
  return (
    <section className="card" aria-label={title}>
      <div className="card-head">
        <h2 className="row">
          {icon}
          {title}
        </h2>
        {more}
      </div>
      {children}
    </section>
  )
}

function StaleTile() {
  const { data } = useDeployments()
  if (data === undefined) return null
  const stale = data.filter((one) => one.stale).length
  return (
    <Tile
      href="/deployments?state=stale"
      figure={stale}
      what={stale === 1 ? 'target holds something old' : 'targets hold something old'}
      look={stale > 0 ? 'is-warn' : 'is-ok'}
    />
  )
}

function Redeploy() {
  const { data, error, refetch } = useDeployments()
  const stale = data === undefined ? [] : byUrgency(data).filter((one) => one.stale)
  return (
    <Card
      title="To redeploy"
      icon={<PackageCheck size={16} aria-hidden />}
      more={
        <Link className="small" href="/deployments">
          All deployments
        </Link>
      }
    >
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && error === null ? <Loading lines={3} /> : null}
      {data !== undefined && stale.length === 0 ? (
        <p className="card-pad small muted">
          {data.length === 0
            ? 'Nothing is deployed yet. Targets that hold an old version of a secret come up here.'
            : 'Every target holds what is current.'}
        </p>
      ) : null}
      <ul className="lines">
        {stale.slice(0, shownLines).map(({ id, target, secrets, created_at: time }) => (
          <li key={id}>
            <Link className="grow" href={`/deployments?q=${encodeURIComponent(target)}`} title={target}>
              {target}
            </Link>
            <span className="end">
              {secrets.filter(isOld).length} old, deployed <Ago time={time} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

function Changed({ secrets }: { readonly secrets: readonly Metadata[] }) {
  const shown = [...secrets].sort((one, other) => (one.updated_at < other.updated_at ? 1 : -1)).slice(0, shownLines)
  return (
    <Card title="Changed last" icon={<History size={16} aria-hidden />}>
      {shown.length === 0 ? <p className="card-pad small muted">New and changed secrets appear here.</p> : null}
      <ul className="lines">
        {shown.map(({ id, name, version, updated_at: updatedAt }) => (
          <li key={id}>
            <Link className="grow" href={`/secrets/${id}`} title={name}>
              {name}
            </Link>
            <span className="end">
              version {version}, <Ago time={updatedAt} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

function Expiring({ secrets }: { readonly secrets: readonly Metadata[] }) {
  const shown = secrets
    .filter(isExpiring)
    .sort((one, other) => ((one.expires_at ?? '') < (other.expires_at ?? '') ? -1 : 1))
    .slice(0, shownLines)
  return (
    <Card
      title="Expires next"
      icon={<CalendarClock size={16} aria-hidden />}
      more={
        <Link className="small" href="/secrets?state=soon&sort=expires">
          All
        </Link>
      }
    >
      {shown.length === 0 ? (
        <p className="card-pad small muted">
          Nothing within 30 days. Give a secret an expiry, and it comes up here in time to be renewed.
        </p>
      ) : null}
      <ul className="lines">
        {shown.map(({ id, name, expires_at: time }) => (
          <li key={id}>
            <Link className="grow" href={`/secrets/${id}`} title={name}>
              {name}
            </Link>
            <span className="end">
              <Expiry time={time} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

/** One question for both cards. */
function useActivity() {
  return useQuery({
    queryKey: ['overview-activity'],
    queryFn: async ({ signal }) => {
      const from = Date.now() - activityDays * 86_400_000
      const query = { from: `${new Date(from).toISOString().slice(0, 19)}Z`, by: 'day' } as const
      return { from, activity: await read(() => strongroom.audit.activity(query, { signal })) }
    },
  })
}

function Activity() {
  const { data, error, refetch, dataUpdatedAt } = useActivity()
  return (
    <Card
      title={`Activity, ${activityDays} days`}
      icon={<ActivityIcon size={16} aria-hidden />}
      more={
        <Link className="small" href="/audit">
          Audit
        </Link>
      }
    >
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && error === null ? <Loading lines={4} /> : null}
      {data === undefined ? null : (
        <div className="card-pad">
          <ActivityPlot activity={data.activity} span={spanOf(data.activity, { from: data.from }, dataUpdatedAt)} />
        </div>
      )}
    </Card>
  )
}

function Readers() {
  const { data, error } = useActivity()
  if (error !== null) return null
  const shown = data?.activity.readers.slice(0, shownLines) ?? []
  const most = shown[0]?.reads ?? 1
  return (
    <Card
      title="Who reads most"
      icon={<Users size={16} aria-hidden />}
      more={<span className="hint">{activityDays} days</span>}
    >
      {data === undefined ? <Loading lines={3} /> : null}
      {data !== undefined && shown.length === 0 ? (
        <p className="card-pad small muted">Nobody has read a value lately.</p>
      ) : null}
      <ul className="lines">
        {shown.map(({ principal: { kind, id, name }, reads }) => (
          <li key={`${kind} ${id}`}>
            <Link className="grow" href={`/audit?principal=${encodeURIComponent(name)}`} title={name}>
              {name} <span className="muted">{kind}</span>
            </Link>
            <span style={{ width: 90 }} aria-hidden>
              <span className="bar" style={{ width: `${(reads / most) * 100}%` }} />
            </span>
            <span className="end count">{reads.toLocaleString('en')}</span>
          </li>
        ))}
      </ul>
      {data === undefined || data.activity.complete ? null : (
        <div className="card-pad">
          <NotAll since={data.activity.from} />
        </div>
      )}
    </Card>
  )
}
