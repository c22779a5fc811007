/** The audit trail: filters, activity over time, records as they come, export. */
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Download, ScrollText } from 'lucide-react'
import { useEffect, useMemo, useState } from 'react'
import { Link, useSearchParams } from 'wouter'
import type { AuditFilter, AuditRecord } from '../../../src/client/index.ts'
import { read, sentenceOf } from '../api/ask.ts'
import { strongroom } from '../api/client.ts'
import { download } from '../secrets/content.ts'
import { Button, Switch } from '../ui/controls.tsx'
import { Empty, Loading, PageHead, Trouble } from '../ui/states.tsx'
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
  const { data, error, refetch, fetchNextPage, hasNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ['audit', view],
    queryFn: ({ pageParam, signal }) =>
      read(() =>
        strongroom.audit.page(
          { ...filter, limit: pageSize, ...(pageParam === undefined ? {} : { cursor: pageParam }) },
          { signal },
        ),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: ({ next }) => next,
  })
  const loaded = data?.pages.flatMap(({ items }) => items)
  const newest = loaded?.[0]?.seq ?? 0
  const fresh = useTail(filter, view, isLive && loaded !== undefined, newest)
  const isShown = ({ action }: AuditRecord) => !hidesOwn || filter.action === 'audit.read' || action !== 'audit.read'
  // What was fetched again meanwhile is not shown twice.
  const newer = fresh.filter((record) => record.seq > newest && isShown(record))
  const records = [...newer, ...(loaded ?? []).filter(isShown)]
  const change = (part: Record<string, string>) =>
    setQuery(
      (old) => {
        const next = new URLSearchParams(old)
        for (const [name, value] of Object.entries(part)) {
          if (value === '') next.delete(name)
          else next.set(name, value)
        }
        return next
      },
      { replace: true },
    )
  return (
    <div className="page">
      <PageHead
        title="Audit"
        about="Every operation, allowed or refused, in a chain that shows whether a record was changed. Never a value."
      >
        <Switch isSelected={isLive} onChange={setLive}>
          Live {isLive ? <span className="live" aria-hidden /> : null}
        </Switch>
        <VerifyButton onFault={setBroken} />
        <ExportButton filter={filter} />
      </PageHead>
      <Activity filter={filter} view={view} isLive={isLive} hidesOwn={hidesOwn} />
      <section className="card" aria-label="Records">
        <Filters
          query={query}
          change={change}
          hidesOwn={hidesOwn}
          onHidesOwn={setHidesOwn}
          seen={records.map(({ action }) => action)}
        />
        {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
        {loaded === undefined && error === null ? <Loading lines={8} /> : null}
        {loaded !== undefined && records.length === 0 ? (
          <Empty icon={ScrollText} title="No record fits">
            Widen the time or clear a filter. Records appear here the moment something is asked of the server.
          </Empty>
        ) : null}
        {records.length === 0 ? null : <Records records={records} freshCount={newer.length} broken={broken} />}
        {hasNextPage ? (
          <div className="card-head" style={{ borderTop: '1px solid var(--line)', borderBottom: 0 }}>
            <Button onPress={() => void fetchNextPage()} isDisabled={isFetchingNextPage}>
              {isFetchingNextPage ? 'Loading…' : 'Older records'}
            </Button>
          </div>
        ) : null}
      </section>
    </div>
  )
}

/** Of the whole time that was chosen, whichever records are loaded. */
function Activity({
  filter,
  view,
  isLive,
  hidesOwn,
}: {
  readonly filter: AuditFilter
  readonly view: string
  readonly isLive: boolean
  readonly hidesOwn: boolean
}) {
  const { data, error, refetch, dataUpdatedAt, isPlaceholderData } = useQuery({
    queryKey: ['audit-activity', view],
    queryFn: ({ signal }) => read(() => strongroom.audit.activity(filter, { signal })),
    refetchInterval: isLive ? plotMs : false,
    // The one before stays until the next is there, or what is below would move away from under a click.
    placeholderData: keepPreviousData,
  })
  const timeOf = (name: 'from' | 'to') => (filter[name] === undefined ? {} : { [name]: Date.parse(filter[name]) })
  const isShown = (action: string) => !hidesOwn || filter.action === 'audit.read' || action !== 'audit.read'
  return (
    <section className="card" aria-label="Activity" aria-busy={isPlaceholderData}>
      {error !== null ? <Trouble error={error} onRetry={() => void refetch()} /> : null}
      {data === undefined && error === null ? <Loading lines={4} /> : null}
      {data === undefined ? null : (
        <div className="card-pad">
          <ActivityPlot
            activity={data}
            span={spanOf(data, isPlaceholderData ? {} : { ...timeOf('from'), ...timeOf('to') }, dataUpdatedAt)}
            isShown={isShown}
          />
        </div>
      )}
    </section>
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
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keys
    <div className="table-scroll" tabIndex={0} role="region" aria-label="Table of records">
      <table className="plain-table audit-table">
        <thead>
          <tr>
            <th style={{ width: 150 }}>Time</th>
            <th style={{ width: '20%' }}>Who</th>
            <th style={{ width: 130 }}>Action</th>
            <th>Object</th>
            <th style={{ width: 130 }}>Outcome</th>
            <th style={{ width: 130 }}>Address</th>
          </tr>
        </thead>
        <tbody>
          {records.map(({ seq, time, principal, action, object, outcome, address }, at) => (
            <tr key={seq} className={seq === broken ? 'broken' : at < freshCount ? 'fresh' : ''}>
              <td>
                <time dateTime={time} title={`Record ${seq}, ${time}`}>
                  {secondOf(time)}
                </time>
              </td>
              <td title={`${principal.kind} ${principal.id}`}>
                {principal.name} <span className="muted">{principal.kind}</span>
              </td>
              <td>{action}</td>
              <td title={object?.name ?? undefined}>
                {object?.kind === 'secret' && object.id !== null ? (
                  <Link href={`/secrets/${object.id}`}>{object.name ?? `secret ${object.id}`}</Link>
                ) : (
                  (object?.name ?? <span className="muted">–</span>)
                )}
              </td>
              <td>
                <span className={`tag ${outcome === 'ok' || outcome === 'replayed' ? 'ok' : 'bad'}`}>{outcome}</span>
              </td>
              <td className="muted">{address}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
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
