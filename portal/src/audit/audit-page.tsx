/** The audit trail: filters, activity over time, records as they come, export. */
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Download, PanelRightOpen, ScrollText } from 'lucide-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useSearchParams } from 'wouter'
import { Cancelled, read, sentenceOf } from '../api/ask.ts'
import { type Archived, type AuditFilter, type AuditRecord, type StrongroomEvent, strongroom } from '../api/client.ts'
import { Card, CardFoot } from '../ui/card.tsx'
import type { Column } from '../ui/columns.ts'
import { Button, IconButton, Switch } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { download } from '../ui/download.ts'
import { Page } from '../ui/page.tsx'
import { changed } from '../ui/search.ts'
import { Empty, Loaded, Note } from '../ui/states.tsx'
import { Table } from '../ui/table.tsx'
import { secondOf } from '../ui/time.tsx'
import { toast } from '../ui/toast.tsx'
import { isPageView } from './actions.ts'
import { spanOf } from './activity.ts'
import { RecordDialog, Sentence } from './details.tsx'
import { Filters, filterOf, mayFit } from './filters.tsx'
import { ActivityPlot } from './plot.tsx'
import { pageSize, useTail } from './tail.ts'
import { VerifyButton } from './verify.tsx'
import { isAllowed, outcomeText } from './words.ts'

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
  const isShown = (action: string) => !hidesOwn || filter.action !== undefined || !isPageView(action)
  const change = (part: Record<string, string>) => setQuery((old) => changed(old, part), { replace: true })
  const { records, freshCount, ...pages } = useRecords(filter, view, isLive, isShown, () => setLive(false))
  return (
    <Page
      title="Audit"
      about="Everything anyone did or tried to do, in a tamper-evident log. Never a value."
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
      <Activity filter={filter} view={view} freshCount={isLive ? freshCount : 0} isShown={isShown} />
      <Card label="Records">
        <Presets change={change} view={view} />
        <Filters query={query} change={change} hidesOwn={hidesOwn} onHidesOwn={setHidesOwn} seen={records} />
        <Loaded of={pages} lines={8}>
          {() => <Records records={records} freshCount={freshCount} broken={broken} isMore={pages.hasNextPage} />}
        </Loaded>
        {pages.leftOut.map((one) => (
          <ArchivedNote key={one.last} of={one} />
        ))}
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

/** What is not listed, as it is archived and cannot be read. */
function ArchivedNote({ of: { first, last, from, to, code, detail } }: { readonly of: Archived }) {
  const [oldest, newest] = [first, last].map((seq) => seq.toLocaleString('en'))
  return (
    <Note kind={code === 'altered' ? 'bad' : 'info'}>
      Archived records {oldest} to {newest} ({secondOf(from)} to {secondOf(to)}) are not listed here. {detail}
    </Note>
  )
}

const presets = [
  { label: 'Everything', part: { action: '', kind: '', outcome: '' } },
  { label: 'Reads by people', part: { action: 'secret.read', kind: 'user', outcome: '' } },
  { label: 'Reads by programs', part: { action: 'secret.read', kind: 'key', outcome: '' } },
  { label: 'Forbidden', part: { action: '', kind: '', outcome: 'forbidden' } },
] as const

/** What is looked for most, with one click. */
function Presets({ view, change }: { readonly view: string; readonly change: (part: Record<string, string>) => void }) {
  const query = new URLSearchParams(view)
  return (
    <div className="presets" role="group" aria-label="Quick filters">
      {presets.map(({ label, part }) => (
        <button
          key={label}
          type="button"
          className="preset"
          aria-pressed={Object.entries(part).every(([name, value]) => (query.get(name) ?? '') === value)}
          onClick={() => change({ ...part })}
        >
          {label}
        </button>
      ))}
    </div>
  )
}

/** The records that fit, newest first: those that were loaded, page by page, and before them those that came since. */
function useRecords(
  filter: AuditFilter,
  view: string,
  isLive: boolean,
  isShown: (action: string) => boolean,
  onEnd: () => void,
) {
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
  const isWanted = (event: StrongroomEvent) => isShown(event.action) && mayFit(filter, event)
  const fresh = useTail(filter, view, { isOn: isLive && loaded !== undefined, after: newest, isWanted, onEnd })
  // What was fetched again meanwhile is not shown twice.
  const newer = fresh.filter(({ seq, action }) => seq > newest && isShown(action))
  const older = (loaded ?? []).filter(({ action }) => isShown(action))
  const leftOut = (pages.data?.pages ?? []).flatMap(({ archived }) => archived ?? [])
  return { ...pages, records: [...newer, ...older], freshCount: newer.length, leftOut }
}

/** Of the whole time that was chosen, whichever records are loaded. */
function Activity({
  filter,
  view,
  freshCount,
  isShown,
}: {
  readonly filter: AuditFilter
  readonly view: string
  /** The records that came while it was shown. */
  readonly freshCount: number
  readonly isShown: (action: string) => boolean
}) {
  const counted = useQuery({
    queryKey: ['audit-activity', view],
    queryFn: ({ signal }) => read(() => strongroom.audit.activity(filter, { signal })),
    // The one before stays until the next is there, or what is below would move away from under a click.
    placeholderData: keepPreviousData,
  })
  const { isPlaceholderData, dataUpdatedAt, refetch } = counted
  const countedAt = useRef(dataUpdatedAt)
  countedAt.current = dataUpdatedAt
  useEffect(() => {
    if (freshCount === 0) return undefined
    const timer = setTimeout(() => void refetch(), Math.max(countedAt.current + plotMs - Date.now(), 0))
    return () => clearTimeout(timer)
  }, [freshCount, refetch])
  const timeOf = (name: 'from' | 'to') => (filter[name] === undefined ? {} : { [name]: Date.parse(filter[name]) })
  const asked = isPlaceholderData ? {} : { ...timeOf('from'), ...timeOf('to') }
  return (
    <Card label="Activity" isBusy={isPlaceholderData}>
      <Loaded of={counted} lines={4}>
        {(activity) => (
          <div className="card-pad">
            <ActivityPlot activity={activity} span={spanOf(activity, asked)} isShown={isShown} />
          </div>
        )}
      </Loaded>
    </Card>
  )
}

interface Row {
  readonly record: AuditRecord
  readonly onOpen: () => void
}

/** With less room, a record is one cell. */
const wideFrom = 860

const columns: readonly Column<Row>[] = [
  { id: 'story', head: 'Record', upTo: wideFrom, look: 'story', cell: ({ record }) => <Story of={record} /> },
  {
    id: 'time',
    head: 'Time',
    width: 150,
    from: wideFrom,
    cell: ({ record: { seq, time } }) => (
      <time dateTime={time} title={`Record ${seq}, ${time}`}>
        {secondOf(time)}
      </time>
    ),
  },
  {
    id: 'who',
    head: 'Who',
    width: '22%',
    from: wideFrom,
    cell: ({ record: { principal } }) => (
      <>
        {principal.name} <span className="muted">{principal.kind}</span>
      </>
    ),
    more: ({ record: { principal } }) => `${principal.kind} ${principal.id}`,
  },
  {
    id: 'what',
    head: 'What',
    from: wideFrom,
    look: 'story',
    cell: ({ record }) => <Sentence of={record} />,
    more: ({ record: { action, object } }) => (object?.name == null ? action : `${action}: ${object.name}`),
  },
  {
    id: 'outcome',
    head: 'Outcome',
    width: 150,
    from: wideFrom,
    cell: ({ record: { outcome } }) => (
      <span className={`tag ${isAllowed(outcome) ? 'ok' : 'bad'}`}>{outcomeText(outcome)}</span>
    ),
    more: ({ record: { outcome } }) => outcome,
  },
  { id: 'address', head: 'IP address', width: 130, from: 900, look: 'muted', cell: ({ record }) => record.address },
  {
    id: 'details',
    head: 'Details',
    isHeadHidden: true,
    width: 50,
    look: 'actions-cell',
    cell: ({ record: { seq }, onOpen }) => (
      <IconButton label={`Details of record ${seq}`} small onPress={onOpen}>
        <PanelRightOpen size={14} aria-hidden />
      </IconButton>
    ),
  },
]

function Story({ of: record }: { readonly of: AuditRecord }) {
  const { time, principal, outcome } = record
  return (
    <>
      <Sentence of={record} /> {isAllowed(outcome) ? null : <span className="tag bad">{outcomeText(outcome)}</span>}
      <p className="hint">
        <time dateTime={time}>{secondOf(time)}</time> · {principal.name} {principal.kind}
      </p>
    </>
  )
}

function Records({
  records,
  freshCount,
  broken,
  isMore,
}: {
  readonly records: readonly AuditRecord[]
  readonly freshCount: number
  /** The number of the first record that does not hold. */
  readonly broken: number | undefined
  /** Whether older ones were not looked at yet. */
  readonly isMore: boolean
}) {
  const { dialog, open } = useDialog()
  return (
    <>
      <Table
        label="Table of records"
        look="audit-table"
        columns={columns}
        rows={records.map((record) => ({
          record,
          onOpen: () => open((close) => <RecordDialog of={record} onClose={close} />),
        }))}
        keyOf={({ record }) => record.seq}
        lookOf={({ record: { seq } }, at) => (seq === broken ? 'broken' : at < freshCount ? 'fresh' : '')}
        empty={
          <Empty icon={ScrollText} title={isMore ? 'No matching records so far' : 'No matching records'}>
            {isMore ? 'Older records have not been searched yet.' : 'Widen the time range or clear a filter.'}
          </Empty>
        }
      />
      {dialog}
    </>
  )
}

/** All that fits the filter, one record in a line, as the API answers them. */
function ExportButton({ filter }: { readonly filter: AuditFilter }) {
  const [count, setCount] = useState<number>()
  const run = async () => {
    setCount(0)
    try {
      const { lines, isWhole } = await read(() => linesOf(filter, setCount))
      download(`${lines.join('\n')}\n`, 'audit.jsonl')
      const isCut = lines.length >= maxExport
      toast(
        `${lines.length} records exported${isCut ? ' (the newest ones; "strongroom audit export" has no limit)' : ''}${isWhole ? '' : '. Archived records that cannot be read are missing: the list says which'}`,
        !isWhole,
      )
    } catch (error) {
      if (!(error instanceof Cancelled)) toast(`Export failed: ${sentenceOf(error)}`, true)
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

/** @param onProgress told how many there are by now */
async function linesOf(filter: AuditFilter, onProgress: (count: number) => void) {
  const lines: string[] = []
  let isWhole = true
  const onLeftOut = () => {
    isWhole = false
  }
  for await (const record of strongroom.audit.list(filter, { onLeftOut })) {
    lines.push(JSON.stringify(record))
    if (lines.length % 1000 === 0) onProgress(lines.length)
    if (lines.length >= maxExport) break
  }
  return { lines, isWhole }
}
