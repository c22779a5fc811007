/** What changed, what expires, what is stale, who reads most. */
import { Hourglass } from 'lucide-react'
import { Link } from 'wouter'
import type { Metadata } from '../api/client.ts'
import { useSession } from '../api/session.ts'
import { useDeployments } from '../deployments/queries.ts'
import { isExpiring, isStale } from '../secrets/filter.ts'
import { useLists, useSecrets } from '../secrets/queries.ts'
import { useRights } from '../session/rights.ts'
import { Card, Tile } from '../ui/card.tsx'
import { Page } from '../ui/page.tsx'
import { Loaded, Note } from '../ui/states.tsx'
import { AgePlot } from './ages.tsx'
import { Activity, Changed, Expiring, Readers, Redeploy } from './cards.tsx'

export function OverviewPage() {
  const { user } = useSession()
  const rights = useRights()
  const secrets = useSecrets()
  return (
    <Page title={`Hello, ${user.name.split(' ')[0]}`} windowTitle="Overview" about="What needs a look today.">
      {rights.has('secrets:list') ? (
        <Loaded of={secrets}>{(all) => <OfSecrets secrets={all} at={secrets.dataUpdatedAt} />}</Loaded>
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
function OfSecrets({
  secrets,
  at,
}: {
  readonly secrets: readonly Metadata[]
  /** When they were loaded. */
  readonly at: number
}) {
  const rights = useRights()
  return (
    <>
      {secrets.length === 0 && rights.has('secrets:write') ? (
        <Note>
          <strong>There is no secret yet.</strong> <Link href="/secrets/new">Create the first one</Link>, then{' '}
          <Link href="/keys">make an API key</Link> for the program that needs it.
        </Note>
      ) : null}
      <Tiles secrets={secrets} />
      <div className="columns">
        <div className="stack">
          {rights.hasAll('audit:read') ? <Activity /> : null}
          <Changed secrets={secrets} />
        </div>
        <div className="stack">
          <Redeploy />
          {rights.hasAll('audit:read') ? <Readers /> : null}
          <Expiring secrets={secrets} />
          <Card title="Time since the last change" icon={Hourglass} isPadded>
            <AgePlot secrets={secrets} now={at} />
          </Card>
        </div>
      </div>
    </>
  )
}

function Tiles({ secrets }: { readonly secrets: readonly Metadata[] }) {
  const { data: lists } = useLists()
  return (
    <div className="tiles">
      <Tile href="/secrets" value={secrets.length} what={`secrets in ${lists?.length ?? '…'} lists`} />
      <Tile
        href="/secrets?state=soon&sort=expires"
        value={secrets.filter(isExpiring).length}
        what="expired, or about to expire"
      />
      <Tile
        href="/secrets?state=stale&sort=updated"
        value={secrets.filter((secret) => isStale(secret)).length}
        what="unchanged for more than a year"
      />
      <StaleTile />
    </div>
  )
}

function StaleTile() {
  const { data } = useDeployments()
  if (data === undefined) return null
  const stale = data.filter((one) => one.stale).length
  return (
    <Tile
      href="/deployments?state=stale"
      value={stale}
      what={stale === 1 ? 'target holds something old' : 'targets hold something old'}
      look={stale > 0 ? 'is-warn' : 'is-ok'}
    />
  )
}
