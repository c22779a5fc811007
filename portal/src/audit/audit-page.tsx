/** The audit trail: filters, activity over time, records as they come, export. */
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Download, ScrollText } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import { read, sentenceOf } from '../api/ask.ts'
import { type AuditFilter, type AuditRecord, strongroom } from '../api/client.ts'
import { Card, CardFoot } from '../ui/card.tsx'
import type { Column } from '../ui/columns.ts'
import { Button, Switch } from '../ui/controls.tsx'
import { download } from '../ui/download.ts'
import { Page } from '../ui/page.tsx'
import { changed } from '../ui/search.ts'
import { Empty, Loaded } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { secondOf } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { spanOf } from './activity.ts'
import { Filters, filterOf } from './filters.tsx'
import { ActivityPlot } from './plot.tsx'
import { VerifyButton } from './verify.tsx'

const pageSize = 200
const tailMs = 4_000
const maxExport = 100_000
/** The plot is drawn anew more seldom than the records come. */
const plotMs = 20_000

export function AuditPage() {
  const [query, setQuery] = useSearchParams()
  const [isLive, setLive] = useState(false)
  const [hidesOwn, setHidesOwn] = useState(true)
  const [broken, setBroken] = useState<number>()
  const view = query.toString()
  // biome-ignore lint/correctness/useExhaustiveDependencies: the filter is the address
  const filter = useMemo(() => filterOf(query), [view])
  const isShown = (action: string) => !hidesOwn || filter.action === 'audit.read' || action !== 'audit.read'
  const { records, freshCount, ...pages } = useRecords(filter, view, isLive, isShown)
  return (
    <Page
      title="Audit"
      about="Every operation, allowed or refused, in a chain that shows whether a record was changed. Never a value."
      actions={
        <>
          <Switch isSelected={isLive} onChange={setLive}>
            Live {isLive ? <span className="live" aria-hidden /> : null}
          </Switch>
          <VerifyButton onFault={setBroken} />
          <ExportButton filter={filter} />
        </>
      }
    >
      <Activity filter={filter} view={view} isLive={isLive} isShown={isShown} />
      <Card label="Records">
        <Filters
          query={query}
          change={(part) => setQuery((old) => changed(old, part), { replace: true })}
          hidesOwn={hidesOwn}
          onHidesOwn={setHidesOwn}
          seen={records.map(({ action }) => action)}
        />
        <Loaded of={pages} lines={8}>
          {() => <Records records={records} freshCount={freshCount} broken={broken} />}
        </Loaded>
        {pages.hasNextPage ? (
          <CardFoot>
            <Button onPress={() => void pages.fetchNextPage()} isDisabled={pages.isFetchingNextPage}>
              {pages.isFetchingNextPage ? 'Loading…' : 'Older records'}
            </Button>
          </CardFoot>
        ) : null}
      </Card>
    </Page>
  )
}

/** The records that fit, newest first: those that were loaded, page by page, and before them those that came since. */
function useRecords(filter: AuditFilter, view: string, isLive: boolean, isShown: (action: string) => boolean) {
  const pages = useInfiniteQuery({
    queryKey: ['audit', view],
    queryFn: ({ pageParam, signal }) =>
      read(() =>
        strongroom.audit.page(
          { ...filter, limit: pageSize, ...(pageParam === '' ? {} : { cursor: pageParam }) },
          { signal },
        ),
      ),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
  })
  const loaded = pages.data?.pages.flatMap(({ items }) => items)
  const newest = loaded?.[0]?.seq ?? 0
  const fresh = useTail(filter, view, isLive && loaded !== undefined, newest)
  // What was fetched again meanwhile is not shown twice.
  const newer = fresh.filter(({ seq, action }) => seq > newest && isShown(action))
  const older = (loaded ?? []).filter(({ action }) => isShown(action))
  return { ...pages, records: [...newer, ...older], freshCount: newer.length }
}

/** Of the whole time that was chosen, whichever records are loaded. */
function Activity({
  filter,
  view,
  isLive,
  isShown,
}: {
  readonly filter: AuditFilter
  readonly view: string
  readonly isLive: boolean
  readonly isShown: (action: string) => boolean
}) {
  const counted = useQuery({
    queryKey: ['audit-activity', view],
    queryFn: ({ signal }) => read(() => strongroom.audit.activity(filter, { signal })),
    refetchInterval: isLive ? plotMs : false,
    // The one before stays until the next is there, or what is below would move away from under a click.
    placeholderData: keepPreviousData,
  })
  const { isPlaceholderData, dataUpdatedAt } = counted
  const timeOf = (name: 'from' | 'to') => (filter[name] === undefined ? {} : { [name]: Date.parse(filter[name]) })
  const asked = isPlaceholderData ? {} : { ...timeOf('from'), ...timeOf('to') }
  return (
    <Card label="Activity" isBusy={isPlaceholderData}>
      <Loaded of={counted} lines={4}>
        {(activity) => (
          <div className="card-pad">
            <ActivityPlot activity={activity} span={spanOf(activity, asked, dataUpdatedAt)} isShown={isShown} />
          </div>
        )}
      </Loaded>
    </Card>
  )
}

/** New records, newest first, asked for every few seconds. */
function useTail(filter: AuditFilter, view: string, isOn: boolean, after: number): readonly AuditRecord[] {
  const [fresh, setFresh] = useState<readonly AuditRecord[]>([])
  // biome-ignore lint/correctness/useExhaustiveDependencies: another view begins anew
  useEffect(() => setFresh([]), [view])
  const { data } = useQuery({
    queryKey: ['audit-tail', view],
    queryFn: ({ signal }) => read(() => strongroom.audit.page({ ...filter, limit: pageSize }, { signal })),
    enabled: isOn,
    refetchInterval: tailMs,
    gcTime: 0,
    staleTime: 0,
  })
  useEffect(() => {
    if (data === undefined) return
    setFresh((old) => {
      const last = Math.max(after, old[0]?.seq ?? 0)
      const added = data.items.filter(({ seq }) => seq > last)
      return added.length === 0 ? old : [...added, ...old].slice(0, 2000)
    })
  }, [data, after])
  return fresh
}

const columns: readonly Column<AuditRecord>[] = [
  {
    id: 'time',
    head: 'Time',
    width: 150,
    cell: ({ seq, time }) => (
      <time dateTime={time} title={`Record ${seq}, ${time}`}>
        {secondOf(time)}
      </time>
    ),
  },
  {
    id: 'who',
    head: 'Who',
    width: '20%',
    cell: ({ principal: { name, kind } }) => (
      <>
        {name} <span className="muted">{kind}</span>
      </>
    ),
    more: ({ principal: { kind, id } }) => `${kind} ${id}`,
  },
  { id: 'action', head: 'Action', width: 130, cell: ({ action }) => action },
  {
    id: 'object',
    head: 'Object',
    cell: ({ object }) => <ObjectLink of={object} />,
    more: ({ object }) => object?.name ?? undefined,
  },
  {
    id: 'outcome',
    head: 'Outcome',
    width: 130,
    cell: ({ outcome }) => (
      <span className={`tag ${outcome === 'ok' || outcome === 'replayed' ? 'ok' : 'bad'}`}>{outcome}</span>
    ),
  },
  { id: 'address', head: 'Address', width: 130, look: 'muted', cell: ({ address }) => address },
]

function ObjectLink({ of: object }: { readonly of: AuditRecord['object'] }) {
  if (object?.kind === 'secret' && object.id !== null) {
    return <Link href={`/secrets/${object.id}`}>{object.name ?? `secret ${object.id}`}</Link>
  }
  return object?.name ?? <span className="muted">–</span>
}

function Records({
  records,
  freshCount,
  broken,
}: {
  readonly records: readonly AuditRecord[]
  readonly freshCount: number
  /** The number of the first record that does not hold. */
  readonly broken: number | undefined
}) {
  return (
    <Table
      label="Table of records"
      look="audit-table"
      columns={columns}
      rows={records}
      keyOf={({ seq }) => seq}
      lookOf={({ seq }, at) => (seq === broken ? 'broken' : at < freshCount ? 'fresh' : '')}
      empty={
        <Empty icon={ScrollText} title="No record fits">
          Widen the time or clear a filter. Records appear here the moment something is asked of the server.
        </Empty>
      }
    />
  )
}

/** All that fits the filter, one record in a line, as the API answers them. */
function ExportButton({ filter }: { readonly filter: AuditFilter }) {
  const [count, setCount] = useState<number>()
  const run = async () => {
    setCount(0)
    try {
      const lines: string[] = []
      for await (const record of strongroom.audit.list(filter)) {
        lines.push(JSON.stringify(record))
        if (lines.length % 1000 === 0) setCount(lines.length)
        if (lines.length >= maxExport) break
      }
      download(`${lines.join('\n')}\n`, 'audit.jsonl')
      const isCut = lines.length >= maxExport
      toast(`${lines.length} records exported${isCut ? ': the newest; "strongroom audit export" has no limit' : ''}`)
    } catch (error) {
      toast(`Not exported: ${sentenceOf(error)}`, true)
    }
    setCount(undefined)
  }
  return (
    <Button onPress={() => void run()} isDisabled={count !== undefined}>
      <Download size={14} aria-hidden />
      {count === undefined ? 'Export' : `Export: ${count}…`}
    </Button>
  )
}
