/** What changed, what expires, what is stale, who reads most. */
import { Hourglass } from 'lucide-react'
import { Link } from 'wouter'
import { environment, firstEnvironment } from '../api/environment.ts'
import { useStale } from '../deployments/queries.ts'
import { useRights } from '../session/rights.ts'
import { Card, Tile } from '../ui/card.tsx'
import { Page } from '../ui/page.tsx'
import { Loaded, Note } from '../ui/states.tsx'
import { AgePlot } from './ages.tsx'
import { Activity, Changed, Expiring, Readers, Redeploy } from './cards.tsx'
import { Checklist } from './checklist.tsx'
import { type Known, useKnown } from './known.ts'

export function OverviewPage() {
  const rights = useRights()
  const known = useKnown()
  return (
    <Page
      title="Overview"
      about={`What needs attention in this ${environment === firstEnvironment ? 'account' : 'environment'}.`}
    >
      {rights.has('secrets:list') ? (
        <Loaded of={known}>{(all) => <OfSecrets known={all} />}</Loaded>
      ) : rights.hasAll('audit:read') ? (
        <div className="columns">
          <Activity />
          <Readers />
        </div>
      ) : null}
    </Page>
  )
}

/** For whoever may see which secrets there are; an auditor sees the trail alone. */
function OfSecrets({ known }: { readonly known: Known }) {
  const rights = useRights()
  return (
    <>
      <Checklist secrets={known.summary.secrets} />
      {known.summary.secrets === 0 && rights.has('secrets:write') && !rights.has('account:manage') ? (
        <Note>
          <strong>No secrets yet.</strong> <Link href="/secrets/new">Create the first one</Link>.
        </Note>
      ) : null}
      <Tiles known={known} />
      <div className="columns">
        <div className="stack">
          {rights.hasAll('audit:read') ? <Activity /> : null}
          <Changed secrets={known.changed} />
        </div>
        <div className="stack">
          <Redeploy />
          {rights.hasAll('audit:read') ? <Readers /> : null}
          <Expiring secrets={known.expiring} />
          <Card title="Time since the last change" icon={Hourglass} isPadded>
            <AgePlot counts={known.ages} />
          </Card>
        </div>
      </div>
    </>
  )
}

function countedAs(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`
}

function Tiles({ known: { summary } }: { readonly known: Known }) {
  return (
    <div className="tiles">
      <Tile
        href="/secrets"
        value={summary.secrets}
        what={`${countedAs(summary.secrets, 'secret')} in ${summary.lists.length} ${countedAs(summary.lists.length, 'list')}`}
      />
      <Tile href="/secrets?state=soon&sort=expires" value={summary.expiring} what="expired or expiring soon" />
      <Tile href="/secrets?state=stale&sort=updated" value={summary.unchanged} what="not rotated in 1 year" />
      <StaleTile />
    </div>
  )
}

function StaleTile() {
  const { data } = useStale()
  if (data === undefined) return null
  const { first, isMore } = data
  const stale = first.length
  return (
    <Tile
      href="/deployments?state=stale"
      value={stale}
      isMore={isMore}
      what={stale === 1 ? 'target out of date' : 'targets out of date'}
      look={stale > 0 ? 'is-warn' : 'is-ok'}
    />
  )
}
