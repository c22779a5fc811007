/** All secrets: lists and views at the left, search, and the table. */
import {
  CalendarClock,
  File,
  FilePlus2,
  FolderClosed,
  Hourglass,
  Layers,
  Lock,
  PackageX,
  SearchX,
  Upload,
  X,
} from 'lucide-react'
import { type DragEvent, type ReactNode, useDeferredValue, useMemo, useState } from 'react'
import { FileTrigger } from 'react-aria-components/FileTrigger'
import { Link, useLocation, useSearchParams } from 'wouter'
import type { Metadata } from '../../../src/client/index.ts'
import { useHeldOld } from '../deployments/queries.ts'
import { useRights } from '../session/rights.ts'
import { Button, LinkButton, Select } from '../ui/controls.tsx'
import { Empty, Loading, Trouble, useTitle } from '../ui/states.tsx'
import { type Column, type Filter, filterOf, indexOf, isExpiring, isStale, select, states } from './filter.ts'
import { ImportDialog } from './import.tsx'
import { useLists, useSecrets } from './queries.ts'
import { SecretsTable } from './table.tsx'

export function SecretsPage() {
  useTitle('Secrets')
  const { data, error, refetch } = useSecrets()
  const rights = useRights()
  const [files, setFiles] = useState<readonly File[]>([])
  const [isOver, setOver] = useState(false)
  const mayWrite = rights.has('secrets:write')
  const drag = (event: DragEvent) => {
    if (!mayWrite || !event.dataTransfer.types.includes('Files')) return
    event.preventDefault()
    setOver(event.type === 'dragenter' || event.type === 'dragover')
  }
  const drop = (event: DragEvent) => {
    drag(event)
    if (mayWrite && event.dataTransfer.files.length > 0) setFiles([...event.dataTransfer.files])
  }
  return (
    <section
      aria-label="Secrets"
      className={`secrets ${isOver ? 'over' : ''}`}
      onDragEnter={drag}
      onDragOver={drag}
      onDragLeave={drag}
      onDrop={drop}
    >
      {data === undefined && error !== null ? (
        <Trouble error={error} onRetry={() => void refetch()} />
      ) : data === undefined ? (
        <div className="page">
          <h1>Secrets</h1>
          <Loading lines={10} label="Loading the secrets" />
        </div>
      ) : (
        <Loaded secrets={data} mayWrite={mayWrite} onFiles={setFiles} />
      )}
      {isOver ? <div className="drop-hint">Drop files to make secrets of them</div> : null}
      <ImportDialog files={files} taken={data ?? []} onClose={() => setFiles([])} />
    </section>
  )
}

function Loaded({
  secrets,
  mayWrite,
  onFiles,
}: {
  readonly secrets: readonly Metadata[]
  readonly mayWrite: boolean
  readonly onFiles: (files: readonly File[]) => void
}) {
  const [query, setQuery] = useSearchParams()
  const filter = filterOf(query)
  const [text, setText] = useState(filter.q)
  const wanted = useDeferredValue(text)
  const change = (part: Record<string, string | null>) =>
    setQuery(
      (old) => {
        const next = new URLSearchParams(old)
        for (const [name, value] of Object.entries(part)) {
          if (value === null || value === '') next.delete(name)
          else next.set(name, value)
        }
        return next
      },
      { replace: true },
    )
  const { list, type, tag, state, sort, isDown } = filter
  const heldOld = useHeldOld()
  const entries = useMemo(() => indexOf(secrets), [secrets])
  const shown = useMemo(
    () => select(entries, { q: wanted, list, type, tag, state, sort, isDown }, heldOld.data),
    [entries, wanted, list, type, tag, state, sort, isDown, heldOld.data],
  )
  const tags = useMemo(() => [...new Set(secrets.flatMap((secret) => secret.tags))].sort(), [secrets])
  const onSort = (column: Column) =>
    change({ sort: `${column}${filter.sort === column && !filter.isDown ? '.down' : ''}` })
  const isFiltered = text !== '' || list !== null || type !== null || tag !== null || state !== null
  return (
    <>
      <Views secrets={secrets} heldOld={heldOld.data} filter={filter} change={change} />
      <div className="secrets-main">
        <header className="secrets-head">
          <h1 className="break">{titleOf(filter)}</h1>
          <span className="muted small" role="status">
            {shown.length === secrets.length
              ? `${secrets.length} ${secrets.length === 1 ? 'secret' : 'secrets'}`
              : `${shown.length} of ${secrets.length}`}
          </span>
          {mayWrite ? (
            <div className="row end">
              <FileTrigger allowsMultiple onSelect={(chosen) => onFiles([...(chosen ?? [])])}>
                <Button>
                  <Upload size={14} aria-hidden />
                  Import
                </Button>
              </FileTrigger>
              <Link
                href={filter.list === null ? '/secrets/new' : `/secrets/new?list=${encodeURIComponent(filter.list)}`}
                className="btn primary"
                data-new
              >
                <FilePlus2 size={14} aria-hidden />
                New secret
              </Link>
            </div>
          ) : null}
        </header>
        <div className="secrets-bar">
          <input
            type="search"
            className="input"
            aria-label="Search secrets"
            placeholder="Search names, descriptions, tags"
            value={text}
            data-search
            onChange={(event) => setText(event.currentTarget.value)}
            onBlur={() => change({ q: text })}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') {
                event.preventDefault()
                document.querySelector<HTMLElement>('[data-row] a[tabindex="0"]')?.focus()
              }
            }}
          />
          <div className="only-narrow">
            <ListSelect filter={filter} change={change} />
          </div>
          <div className="only-narrow">
            <Select
              label="State"
              isLabelHidden
              value={state ?? ''}
              onChoose={(value) => change({ state: value })}
              choices={[
                { id: '', label: 'Any state' },
                ...Object.entries(states).map(([id, label]) => ({ id, label })),
              ]}
            />
          </div>
          <Select
            label="Type"
            isLabelHidden
            value={type ?? ''}
            onChoose={(value) => change({ type: value })}
            choices={[
              { id: '', label: 'Any type' },
              { id: 'text', label: 'Text' },
              { id: 'file', label: 'File' },
            ]}
          />
          {tags.length > 0 ? (
            <Select
              label="Tag"
              isLabelHidden
              value={tag ?? ''}
              onChoose={(value) => change({ tag: value })}
              choices={[{ id: '', label: 'Any tag' }, ...tags.map((one) => ({ id: one, label: one }))]}
            />
          ) : null}
          {isFiltered ? (
            <Button
              look="quiet"
              onPress={() => {
                setText('')
                change({ q: null, list: null, type: null, tag: null, state: null })
              }}
            >
              <X size={14} aria-hidden />
              Clear
            </Button>
          ) : null}
        </div>
        {secrets.length === 0 ? (
          <Empty
            icon={Lock}
            title="No secret yet"
            action={
              mayWrite ? (
                <LinkButton href="/secrets/new" look="primary">
                  Create the first secret
                </LinkButton>
              ) : undefined
            }
          >
            A secret is a name and a value: a password, a token, a key file. The value is sealed under a key of its own,
            and every read of it is recorded. {mayWrite ? 'Create one, or drop files here.' : ''}
          </Empty>
        ) : state === 'held-old' && heldOld.data === undefined ? (
          heldOld.error === null ? (
            <Loading lines={10} label="Loading what the targets hold" />
          ) : (
            <Trouble error={heldOld.error} onRetry={() => void heldOld.refetch()} />
          )
        ) : shown.length === 0 ? (
          <Empty icon={SearchX} title="Nothing matches">
            No secret fits the search and the filters. Clear them to see all {secrets.length}.
          </Empty>
        ) : (
          <SecretsTable secrets={shown} filter={filter} onSort={onSort} />
        )}
      </div>
    </>
  )
}

type Change = (part: Record<string, string | null>) => void

function titleOf({ list, state }: Filter): string {
  if (list !== null) return list
  return state === null ? 'Secrets' : states[state]
}

function ListSelect({ filter, change }: { readonly filter: Filter; readonly change: Change }) {
  const { data: lists = [] } = useLists()
  return (
    <Select
      label="List"
      isLabelHidden
      value={filter.list ?? ''}
      onChoose={(value) => change({ list: value })}
      choices={[{ id: '', label: 'All lists' }, ...lists.map(({ name }) => ({ id: name, label: name }))]}
    />
  )
}

/** Views and lists, with how many secrets are in each. */
function Views({
  secrets,
  heldOld,
  filter,
  change,
}: {
  readonly secrets: readonly Metadata[]
  /** Not known before the deployments are loaded. */
  readonly heldOld: ReadonlySet<number> | undefined
  readonly filter: Filter
  readonly change: Change
}) {
  const { data: lists = [] } = useLists()
  const [, navigate] = useLocation()
  const counts = useMemo(() => {
    const byList = new Map<string, number>()
    for (const { list } of secrets) byList.set(list.name, (byList.get(list.name) ?? 0) + 1)
    return {
      byList,
      files: secrets.filter(({ type }) => type === 'file').length,
      soon: secrets.filter(isExpiring).length,
      stale: secrets.filter((secret) => isStale(secret)).length,
      heldOld: heldOld === undefined ? '…' : secrets.filter(({ id }) => heldOld.has(id)).length,
    }
  }, [secrets, heldOld])
  const { list, type, state } = filter
  const isAll = list === null && type === null && state === null
  const view = (
    label: string,
    icon: ReactNode,
    count: ReactNode,
    isOn: boolean,
    part: Record<string, string | null>,
  ) => (
    <button
      key={label}
      type="button"
      className="view"
      aria-current={isOn ? 'true' : undefined}
      onClick={() => change({ list: null, type: null, state: null, ...part })}
    >
      {icon}
      <span>{label}</span>
      <span className="count">{count}</span>
    </button>
  )
  return (
    <nav className="views" aria-label="Views and lists">
      {view('All secrets', <Layers size={15} aria-hidden />, secrets.length, isAll, {})}
      {view(states.soon, <CalendarClock size={15} aria-hidden />, counts.soon, state === 'soon', { state: 'soon' })}
      {view(states.stale, <Hourglass size={15} aria-hidden />, counts.stale, state === 'stale', { state: 'stale' })}
      {view(states['held-old'], <PackageX size={15} aria-hidden />, counts.heldOld, state === 'held-old', {
        state: 'held-old',
      })}
      {view('Files', <File size={15} aria-hidden />, counts.files, type === 'file' && list === null, { type: 'file' })}
      <div className="views-head">
        <span>Lists</span>
        <button type="button" onClick={() => navigate('/lists')}>
          Manage
        </button>
      </div>
      {lists.map(({ id, name }) => (
        <span key={id}>
          {view(name, <FolderClosed size={15} aria-hidden />, counts.byList.get(name) ?? 0, list === name, {
            list: name,
          })}
        </span>
      ))}
    </nav>
  )
}
