/** Who holds a secret's value, as far as the trail tells: whoever has read it, and when last. */
import { UserSearch } from 'lucide-react'
import { Link } from 'wouter'
import { type AuditRecord, type Metadata, strongroom } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { Card } from '../ui/card.tsx'
import type { Column } from '../ui/columns.ts'
import { Loaded } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Ago } from '../ui/time.tsx'

const looked = 500

interface Reader {
  readonly kind: string
  readonly name: string
  readonly last: string
  readonly version: number | null
  readonly count: number
  /** Whether that is what the secret holds now. */
  readonly isCurrent: boolean
}

function readersOf(records: readonly AuditRecord[], current: number): readonly Reader[] {
  const found = new Map<string, Reader>()
  for (const { principal, time, object } of records) {
    const key = `${principal.kind} ${principal.id}`
    const known = found.get(key)
    // Newest first: the first one met is the last read.
    if (known === undefined) {
      const version = object?.version ?? null
      found.set(key, { ...principal, last: time, version, count: 1, isCurrent: version === current })
    } else found.set(key, { ...known, count: known.count + 1 })
  }
  return [...found.values()]
}

const columns: readonly Column<Reader>[] = [
  {
    id: 'who',
    head: 'Who',
    cell: ({ name, kind }) => (
      <>
        {name} <span className="muted">{kind}</span>
      </>
    ),
  },
  { id: 'last', head: 'Last read', cell: ({ last }) => <Ago time={last} /> },
  {
    id: 'got',
    head: 'Got',
    cell: ({ version, isCurrent }) =>
      isCurrent ? <span className="tag ok">current</span> : <span className="tag warn">version {version}</span>,
  },
  { id: 'reads', head: 'Reads', cell: ({ count }) => count },
]

export function ReadersCard({ secret }: { readonly secret: Metadata }) {
  const { id, version } = secret
  const records = useAnswer(['readers', id, version], (options) =>
    strongroom.audit.page({ secret: id, action: 'secret.read', outcome: 'ok', limit: looked }, options),
  )
  return (
    <Card
      title="Who has read it"
      icon={UserSearch}
      end={
        <Link className="small" href={`/audit?secret=${id}`}>
          All records
        </Link>
      }
    >
      <Loaded of={records} lines={3}>
        {({ items }) => (
          <Table
            label="Table of who has read it"
            columns={columns}
            rows={readersOf(items, version)}
            keyOf={({ kind, name, last }) => `${kind} ${name} ${last}`}
            empty={
              <p className="card-pad muted small">
                Nobody yet. Whoever reads the value appears here, with the version they got.
              </p>
            }
          />
        )}
      </Loaded>
    </Card>
  )
}
