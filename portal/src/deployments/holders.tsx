/** Who holds one secret, and what a change of it would leave behind. */
import { PackageCheck } from 'lucide-react'
import { Link } from 'wouter'
import type { Deployment, HeldSecret, Metadata } from '../api/client.ts'
import { Card } from '../ui/card.tsx'
import type { Column } from '../ui/columns.ts'
import { Loaded, Note } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Ago } from '../ui/time.tsx'
import { counted } from '../ui/words.ts'
import { byUrgency, isOld, useDeployments, useHolders, useHoldersOfList } from './queries.ts'

const shownTargets = 8

interface Holder {
  readonly deployment: Deployment
  readonly held: HeldSecret | undefined
}

const columns: readonly Column<Holder>[] = [
  {
    id: 'target',
    head: 'Target',
    cell: ({ deployment: { target } }) => <Link href={`/deployments?q=${encodeURIComponent(target)}`}>{target}</Link>,
  },
  { id: 'holds', head: 'Version', cell: ({ held }) => <VersionTag held={held} /> },
  { id: 'deployed', head: 'Deployed', from: 420, cell: ({ deployment }) => <Ago time={deployment.created_at} /> },
  { id: 'by', head: 'By', from: 420, look: 'muted', cell: ({ deployment }) => deployment.principal?.name ?? '–' },
]

/** The card on a secret's page. */
export function HoldersCard({ secret }: { readonly secret: Metadata }) {
  const holders = useHolders(secret.id)
  const stale = holders.data?.filter((one) => isStaleIn(one, secret.id)).length ?? 0
  return (
    <Card
      title="Deployed to"
      icon={PackageCheck}
      end={stale > 0 ? <span className="tag warn">{counted(stale, 'target')} out of date</span> : null}
    >
      <Loaded of={holders} lines={2}>
        {(all) => (
          <Table
            label="Table of deployments"
            columns={columns}
            rows={byUrgency(all).map((deployment) => ({
              deployment,
              held: deployment.secrets.find(({ id }) => id === secret.id),
            }))}
            keyOf={({ deployment }) => deployment.id}
            empty={
              <p className="card-pad muted small">
                Not deployed anywhere yet. Targets you render for and machines that fetch a{' '}
                <Link href="/cloud-init">seed</Link> appear here.
              </p>
            }
          />
        )}
      </Loaded>
    </Card>
  )
}

function VersionTag({ held }: Pick<Holder, 'held'>) {
  if (held !== undefined && !isOld(held)) return <span className="tag ok">current</span>
  return <span className="tag warn">version {held?.version ?? '?'}</span>
}

/** Before a change is saved: the targets that hold the current value, and will hold an old one. */
export function StaleAhead({
  secret,
  isDeletion = false,
}: {
  readonly secret: Metadata
  readonly isDeletion?: boolean
}) {
  const { data, error } = useHolders(secret.id)
  const isStaleNow = (one: Deployment) => isStaleIn(one, secret.id)
  return <Ahead holders={data} isUnknown={error !== null} isStale={isStaleNow} isDeletion={isDeletion} />
}

/** The same before a list is deleted, with every secret in it. */
export function StaleAheadOfList({ list }: { readonly list: string }) {
  const { data, error } = useHoldersOfList(list)
  return <Ahead holders={data} isUnknown={error !== null} isStale={({ stale }) => stale} isDeletion />
}

/** The same before some are deleted, or become other versions. */
export function StaleAheadOfSome({
  held,
  isUnknown,
  isDeletion = true,
}: {
  readonly isDeletion?: boolean
  /** Those of them that some target holds, by id; nothing before they are loaded. */
  readonly held: ReadonlySet<number> | undefined
  readonly isUnknown: boolean
}) {
  const { data, error } = useDeployments()
  const holders = held && data?.filter(({ secrets }) => secrets.some(({ id }) => held.has(id)))
  return (
    <Ahead
      holders={holders}
      isUnknown={isUnknown || error !== null}
      isStale={({ stale }) => stale}
      isDeletion={isDeletion}
    />
  )
}

function Ahead({
  holders,
  isUnknown,
  isStale,
  isDeletion,
}: {
  readonly holders: readonly Deployment[] | undefined
  readonly isUnknown: boolean
  readonly isStale: (holder: Deployment) => boolean
  readonly isDeletion: boolean
}) {
  if (isUnknown)
    return <Note kind="warn">Couldn&rsquo;t load deployments, so the targets that become stale are unknown.</Note>
  if (holders === undefined)
    return (
      <p className="small muted" role="status">
        Checking deployments…
      </p>
    )
  const current = holders.filter((one) => !isStale(one))
  const old = holders.length - current.length
  if (holders.length === 0) {
    return <p className="small muted">Not deployed to any known target, so nothing becomes stale.</p>
  }
  return (
    <Note kind="warn">
      <strong>
        {current.length === 0
          ? 'No other target becomes stale.'
          : `${counted(current.length, 'target becomes', 'targets become')} stale:`}
      </strong>{' '}
      {namesOf(current)} {old === 0 ? '' : `${counted(old, 'is', 'are')} already stale. `}
      {isDeletion ? 'They keep the deleted values until redeployed.' : 'They keep the old value until redeployed.'}
    </Note>
  )
}

function namesOf(holders: readonly Deployment[]): string {
  if (holders.length === 0) return ''
  const names = holders.slice(0, shownTargets).map(({ target }) => target)
  const left = holders.length - names.length
  return `${names.join(', ')}${left === 0 ? '' : ` and ${left} more`}.`
}

function isStaleIn({ secrets }: Deployment, secretId: number): boolean {
  const held = secrets.find(({ id }) => id === secretId)
  return held === undefined || isOld(held)
}
