/** Who holds a secret's value, as far as the trail tells: whoever has read it, and when last. */
import { useQuery } from '@tanstack/react-query'
import { UserSearch } from 'lucide-react'
import { Link } from 'wouter'
import type { AuditRecord, Metadata } from '../../../src/client/index.ts'
import { read } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { Loading, Trouble } from '../ui/states.tsx'
import { Ago } from '../ui/time.tsx'

const looked = 500

interface Reader {
  readonly kind: string
  readonly name: string
  readonly last: string
  readonly version: number | null
  readonly count: number
}

function readersOf(records: readonly AuditRecord[]): readonly Reader[] {
  const found = new Map<string, Reader>()
  for (const { principal, time, object } of records) {
    const key = `${principal.kind} ${principal.id}`
    const known = found.get(key)
    // Newest first: the first one met is the last read.
    if (known === undefined) {
      found.set(key, { ...principal, last: time, version: object?.version ?? null, count: 1 })
    } else found.set(key, { ...known, count: known.count + 1 })
  }
  return [...found.values()]
}

export function ReadersCard({ secret }: { readonly secret: Metadata }) {
  const { data, error, refetch } = useQuery({
    queryKey: ['readers', secret.id, secret.version],
    queryFn: ({ signal }) =>
      read(() =>
        strongroom.audit.page({ secret: secret.id, action: 'secret.read', outcome: 'ok', limit: looked }, { signal }),
      ),
  })
  const readers = readersOf(data?.items ?? [])
  return (
    <section className="card" aria-labelledby="readers-title">
      <div className="card-head">
        <h2 id="readers-title">
          <span className="row">
            <UserSearch size={16} aria-hidden /> Who has read it
          </span>
        </h2>
        <Link className="small" href={`/audit?secret=${secret.id}`}>
          All records
        </Link>
      </div>
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && error === null ? <Loading lines={3} /> : null}
      {data !== undefined && readers.length === 0 ? (
        <p className="card-pad muted small">
          Nobody yet. Whoever reads the value appears here, with the version they got.
        </p>
      ) : null}
      {readers.length === 0 ? null : (
        <div className="table-scroll">
          <table className="plain-table">
            <thead>
              <tr>
                <th>Who</th>
                <th>Last read</th>
                <th>Got</th>
                <th>Reads</th>
              </tr>
            </thead>
            <tbody>
              {readers.map(({ kind, name, last, version, count }) => (
                <tr key={`${kind} ${name} ${last}`}>
                  <td>
                    {name} <span className="muted">{kind}</span>
                  </td>
                  <td>
                    <Ago time={last} />
                  </td>
                  <td>
                    {version === secret.version ? (
                      <span className="tag ok">current</span>
                    ) : (
                      <span className="tag warn">version {version}</span>
                    )}
                  </td>
                  <td>{count}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}
