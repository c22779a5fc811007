/** Who holds one secret, and what a change of it would leave behind. */
import { PackageCheck } from 'lucide-react'
import { Link } from 'wouter'
import type { Deployment, Metadata } from '../../../src/client/index.ts'
import { Loading, Note, Trouble } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'
import { byUrgency, isOld, useDeployments, useHolders } from './queries.ts'

const shownTargets = 8

/** The card on a secret's page. */
export function HoldersCard({ secret }: { readonly secret: Metadata }) {
  const { data, error, refetch } = useHolders(secret.id)
  const holders = data === undefined ? [] : byUrgency(data)
  const stale = holders.filter((one) => isStaleIn(one, secret.id)).length
  return (
    <section className="card" aria-labelledby="holders-title">
      <div className="card-head">
        <h2 id="holders-title">
          <span className="row">
            <PackageCheck size={16} aria-hidden /> Who holds it
          </span>
        </h2>
        {stale > 0 ? <span className="tag warn">{stale} to redeploy</span> : null}
      </div>
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && error === null ? <Loading lines={2} /> : null}
      {data?.length === 0 ? (
        <p className="card-pad muted small">
          No target that Strongroom knows of. Whatever is rendered for a target, or fetched by a machine as a{' '}
          <Link href="/cloud-init">seed</Link>, appears here with the version it got.
        </p>
      ) : null}
      {holders.length === 0 ? null : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keys
        <div className="table-scroll" tabIndex={0} role="region" aria-label="Table of who holds it">
          <table className="plain-table holders-table">
            <thead>
              <tr>
                <th>Target</th>
                <th>Holds</th>
                <th>Deployed</th>
                <th>By</th>
              </tr>
            </thead>
            <tbody>
              {holders.map((holder) => {
                const held = holder.secrets.find(({ id }) => id === secret.id)
                return (
                  <tr key={holder.id}>
                    <td>
                      <Link href={`/deployments?q=${encodeURIComponent(holder.target)}`}>{holder.target}</Link>
                    </td>
                    <td>
                      {held !== undefined && !isOld(held) ? (
                        <span className="tag ok">current</span>
                      ) : (
                        <span className="tag warn">version {held?.version ?? '?'}</span>
                      )}
                    </td>
                    <td>
                      <Ago time={holder.created_at} />
                    </td>
                    <td className="muted">{holder.principal?.name ?? '–'}</td>
                  </tr>
                )
              })}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
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
  return <Ahead what="it" holders={data} isUnknown={error !== null} isStale={isStaleNow} isDeletion={isDeletion} />
}

/** The same before a list is deleted, with every secret in it. */
export function StaleAheadOfList({ secretIds }: { readonly secretIds: ReadonlySet<number> }) {
  const { data, error } = useDeployments()
  const holders = data?.filter(({ secrets }) => secrets.some(({ id }) => secretIds.has(id)))
  return (
    <Ahead what="any of them" holders={holders} isUnknown={error !== null} isStale={({ stale }) => stale} isDeletion />
  )
}

function Ahead({
  what,
  holders,
  isUnknown,
  isStale,
  isDeletion,
}: {
  readonly what: string
  readonly holders: readonly Deployment[] | undefined
  readonly isUnknown: boolean
  readonly isStale: (holder: Deployment) => boolean
  readonly isDeletion: boolean
}) {
  if (isUnknown)
    return <Note kind="warn">Who holds {what} now could not be loaded, so it is not known what this makes stale.</Note>
  if (holders === undefined)
    return (
      <p className="small muted" role="status">
        Looking up who holds {what}…
      </p>
    )
  const current = holders.filter((one) => !isStale(one))
  const old = holders.length - current.length
  if (holders.length === 0) {
    return <p className="small muted">No target is known to hold {what}, so nothing becomes stale.</p>
  }
  return (
    <Note kind="warn">
      <strong>
        {current.length === 0
          ? 'No further target becomes stale.'
          : `${current.length} ${current.length === 1 ? 'target becomes' : 'targets become'} stale:`}
      </strong>{' '}
      {namesOf(current)} {old === 0 ? '' : `${old} ${old === 1 ? 'is' : 'are'} stale already. `}
      {isDeletion
        ? 'They keep what they hold until they are deployed again.'
        : 'They keep the old value until they are deployed again.'}
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
