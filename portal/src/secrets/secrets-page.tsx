/** All secrets: lists and views at the left, search, and the table. */
import { Lock, SearchX } from 'lucide-react'
import { type DragEvent, useCallback, useDeferredValue, useMemo, useState } from 'react'
import { useSearchParams } from 'wouter'
import type { Metadata } from '../api/client.ts'
import { useHeldOld } from '../deployments/queries.ts'
import { useRights } from '../session/rights.ts'
import { LinkButton, SearchInput } from '../ui/controls.tsx'
import { Page, useTitle } from '../ui/page.tsx'
import { changed } from '../ui/search.ts'
import { Empty, Loaded, Loading, Trouble } from '../ui/states.tsx'
import { type Change, type Filter, filterOf, indexOf, select } from './filter.ts'
import { Choices, Head } from './head.tsx'
import { ImportDialog } from './import.tsx'
import { useSecrets } from './queries.ts'
import { SecretsTable } from './table.tsx'
import { Views } from './views.tsx'

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
        <Page title="Secrets">
          <Loading lines={10} label="Loading the secrets" />
        </Page>
      ) : (
        <Known secrets={data} mayWrite={mayWrite} onFiles={setFiles} />
      )}
      {isOver ? <div className="drop-hint">Drop files to make secrets of them</div> : null}
      <ImportDialog files={files} taken={data ?? []} onClose={() => setFiles([])} />
    </section>
  )
}

/** What is in the address, what is typed, and what fits both. */
function useFound(secrets: readonly Metadata[]) {
  const [query, setQuery] = useSearchParams()
  const filter = useMemo(() => filterOf(query), [query])
  const [text, setText] = useState(filter.q)
  const wanted = useDeferredValue(text)
  const change = useCallback<Change>((part) => setQuery((old) => changed(old, part), { replace: true }), [setQuery])
  const heldOld = useHeldOld()
  const entries = useMemo(() => indexOf(secrets), [secrets])
  const shown = useMemo(
    () => select(entries, { ...filter, q: wanted }, heldOld.data),
    [entries, wanted, filter, heldOld.data],
  )
  const clear = useCallback(() => {
    setText('')
    change({ q: null, list: null, type: null, tag: null, state: null })
  }, [change])
  return { filter, text, setText, change, clear, heldOld, shown }
}

function Known({
  secrets,
  mayWrite,
  onFiles,
}: {
  readonly secrets: readonly Metadata[]
  readonly mayWrite: boolean
  readonly onFiles: (files: readonly File[]) => void
}) {
  const { filter, text, setText, change, clear, heldOld, shown } = useFound(secrets)
  const { list, type, tag, state } = filter
  const tags = useMemo(() => [...new Set(secrets.flatMap((secret) => secret.tags))].sort(), [secrets])
  const isFiltered = text !== '' || list !== null || type !== null || tag !== null || state !== null
  const table = <Found all={secrets.length} shown={shown} filter={filter} change={change} />
  return (
    <>
      <Views secrets={secrets} heldOld={heldOld.data} filter={filter} change={change} />
      <div className="secrets-main">
        <Head filter={filter} shown={shown.length} all={secrets.length} mayWrite={mayWrite} onFiles={onFiles} />
        <div className="secrets-bar">
          <SearchInput
            label="Search secrets"
            placeholder="Search names, descriptions, tags"
            value={text}
            onValue={setText}
            onBlur={() => change({ q: text })}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') {
                event.preventDefault()
                document.querySelector<HTMLElement>('[data-row] a[tabindex="0"]')?.focus()
              }
            }}
          />
          <Choices filter={filter} tags={tags} isFiltered={isFiltered} change={change} onClear={clear} />
        </div>
        {secrets.length === 0 ? (
          <NoneYet mayWrite={mayWrite} />
        ) : state === 'held-old' && heldOld.data === undefined ? (
          <Loaded of={heldOld} lines={10} label="Loading what the targets hold">
            {() => table}
          </Loaded>
        ) : (
          table
        )}
      </div>
    </>
  )
}

function NoneYet({ mayWrite }: { readonly mayWrite: boolean }) {
  return (
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
      A secret is a name and a value: a password, a token, a key file. The value is sealed under a key of its own, and
      every read of it is recorded. {mayWrite ? 'Create one, or drop files here.' : ''}
    </Empty>
  )
}

function Found({
  all,
  shown,
  filter,
  change,
}: {
  readonly all: number
  readonly shown: readonly Metadata[]
  readonly filter: Filter
  readonly change: Change
}) {
  const onSort = useCallback(
    (column: string) => change({ sort: `${column}${filter.sort === column && !filter.isDown ? '.down' : ''}` }),
    [change, filter],
  )
  if (shown.length > 0) return <SecretsTable secrets={shown} filter={filter} onSort={onSort} />
  return (
    <Empty icon={SearchX} title="Nothing matches">
      No secret fits the search and the filters. Clear them to see {all === 1 ? 'the one that there is' : `all ${all}`}.
    </Empty>
  )
}
