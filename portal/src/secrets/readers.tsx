/** Who has read a secret's value, when last, and whether that is as in the weeks before. */
import { UserSearch } from 'lucide-react'
import { Link } from 'wouter'
import { type Activity, type AuditRecord, type Metadata, strongroom } from '../api/client.ts'
import { useAnswer } from '../api/queries.ts'
import { Card } from '../ui/card.tsx'
import type { Column } from '../ui/columns.ts'
import { Loaded, Note } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { Ago, timeOf } from '../ui/time.tsx'
import { counted } from '../ui/words.ts'

const looked = 500
const weekMs = 7 * 86_400_000
/** What a week is held against. */
const weeksBefore = 4
/** So many times the usual is unusual, from so many reads on. */
const unusual = { times: 3, from: 10 } as const

interface Reader {
  readonly kind: string
  readonly name: string
  readonly last: string
  readonly version: number | null
  /** Whether that is what the secret holds now. */
  readonly isCurrent: boolean
  /** Reads of the last seven days, and of a week of those before, on average. */
  readonly thisWeek: number
  /** Nothing where there were no weeks before. */
  readonly usual: number | undefined
}

interface Read {
  readonly records: readonly AuditRecord[]
  readonly thisWeek: Activity
  readonly before: Activity
}

function useReads({ id, version }: Metadata) {
  return useAnswer(['readers', id, version], async (options): Promise<Read> => {
    const filter = { secret: id, action: 'secret.read', outcome: 'ok' } as const
    const weekAgo = Date.now() - weekMs
    const [page, thisWeek, before] = await Promise.all([
      strongroom.audit.page({ ...filter, limit: looked }, options),
      strongroom.audit.activity({ ...filter, from: timeOf(weekAgo), by: 'week' }, options),
      strongroom.audit.activity(
        { ...filter, from: timeOf(weekAgo - weeksBefore * weekMs), to: timeOf(weekAgo - 1000), by: 'week' },
        options,
      ),
    ])
    return { records: page.items, thisWeek, before }
  })
}

/** @param isOld whether there were weeks before */
function readersOf({ records, thisWeek, before }: Read, current: number, isOld: boolean): readonly Reader[] {
  const found = new Map<string, Reader>()
  const [now, then] = [readsIn(thisWeek), readsIn(before)]
  for (const { principal, time, object } of records) {
    const key = keyOf(principal)
    // Newest first: the first one met is the last read.
    if (found.has(key)) continue
    const version = object?.version ?? null
    const reads = { thisWeek: now.get(key) ?? 0, usual: isOld ? (then.get(key) ?? 0) / weeksBefore : undefined }
    found.set(key, { ...principal, last: time, version, isCurrent: version === current, ...reads })
  }
  return [...found.values()]
}

function keyOf({ kind, id }: { readonly kind: string; readonly id: number }): string {
  return `${kind} ${id}`
}

function readsIn({ readers }: Activity): ReadonlyMap<string, number> {
  return new Map(readers.map(({ principal, reads }) => [keyOf(principal), reads]))
}

function readsOf({ readers }: Activity): number {
  return readers.reduce((sum, { reads }) => sum + reads, 0)
}

function isUnusual({ thisWeek, usual }: Pick<Reader, 'thisWeek' | 'usual'>): boolean {
  return usual !== undefined && thisWeek >= unusual.from && thisWeek >= usual * unusual.times
}

function isNew({ thisWeek, usual }: Reader): boolean {
  return thisWeek > 0 && usual === 0
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
    head: 'Version',
    cell: ({ version, isCurrent }) =>
      isCurrent ? <span className="tag ok">current</span> : <span className="tag warn">version {version}</span>,
  },
  {
    id: 'reads',
    head: 'Last 7 days',
    cell: (reader) => (
      <>
        {counted(reader.thisWeek, 'read')}{' '}
        {isNew(reader) ? (
          <span className="tag warn">new</span>
        ) : isUnusual(reader) ? (
          <span className="tag warn">unusual</span>
        ) : null}
      </>
    ),
  },
  {
    id: 'usual',
    head: 'Usual week',
    from: 560,
    look: 'muted',
    cell: ({ usual }) => (usual === undefined ? '–' : perWeek(usual)),
    more: () => `Average of the ${weeksBefore} weeks before`,
  },
]

export function ReadersCard({ secret }: { readonly secret: Metadata }) {
  const { id, version } = secret
  const reads = useReads(secret)
  const isOld = Date.now() - Date.parse(secret.created_at) > weekMs
  return (
    <Card
      title="Access log"
      icon={UserSearch}
      end={
        <Link className="small" href={`/audit?secret=${id}`}>
          View all
        </Link>
      }
    >
      <Loaded of={reads} lines={3}>
        {(read) => (
          <>
            {read.records.length === 0 ? null : <Comparison of={read} isOld={isOld} />}
            <Table
              label="Table of readers"
              columns={columns}
              rows={readersOf(read, version, isOld)}
              keyOf={({ kind, name, last }) => `${kind} ${name} ${last}`}
              empty={<p className="card-pad muted small">No reads yet.</p>}
            />
          </>
        )}
      </Loaded>
    </Card>
  )
}

/** This week against those before, in a sentence. @param isOld whether there were weeks before */
function Comparison({ of: { thisWeek, before }, isOld }: { readonly of: Read; readonly isOld: boolean }) {
  const [now, usual] = [readsOf(thisWeek), readsOf(before) / weeksBefore]
  const text = `${counted(now, 'read')} in the last 7 days`
  if (!isOld) return <p className="card-pad small">{text}.</p>
  if (isUnusual({ thisWeek: now, usual })) {
    return (
      <div className="card-pad">
        <Note kind="warn">
          <strong>Unusual:</strong> {text}; {perWeek(usual)} in the {weeksBefore} weeks before.
        </Note>
      </div>
    )
  }
  return (
    <p className="card-pad small">
      {text}; {perWeek(usual)} in the {weeksBefore} weeks before.
    </p>
  )
}

function perWeek(usual: number): string {
  return `${Number(usual.toFixed(usual < 10 ? 1 : 0)).toLocaleString('en')} per week`
}
