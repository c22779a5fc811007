/** All secrets: lists and views at the left, search, and the table. */
import { Lock, SearchX } from 'lucide-react'
import { type DragEvent, useCallback, useEffect, useMemo, useState } from 'react'
import { useSearchParams } from 'wouter'
import { codeOf } from '../api/ask.ts'
import { useRights } from '../session/rights.ts'
import { LinkButton, SearchInput } from '../ui/controls.tsx'
import { useDialog } from '../ui/dialog.tsx'
import { useLater } from '../ui/later.ts'
import { useTitle } from '../ui/page.tsx'
import { changed } from '../ui/search.ts'
import { Empty, Loading, Trouble } from '../ui/states.tsx'
import { type Change, filterOf, isOfAll, isOfLevel, searchOf } from './filter.ts'
import { FolderTiles } from './folder-tiles.tsx'
import { Choices, Head } from './head.tsx'
import { ImportDialog } from './import.tsx'
import { looksLikeEntries, pastedFile } from './import-plan.ts'
import { InheritedSecrets, mayInherit } from './inherited.tsx'
import { useSummary } from './queries.ts'
import { type Selecting, useSelection } from './selection.ts'
import { SelectionBar } from './selection-bar.tsx'
import { SecretsTable } from './table.tsx'
import { Views } from './views.tsx'
import { useCount, useFirst } from './windows.ts'

/** As long as the server takes it. */
const maxText = 255

export function SecretsPage() {
  useTitle('Secrets')
  const rights = useRights()
  const [files, setFiles] = useState<readonly File[]>([])
  const [isOver, setOver] = useState(false)
  const mayWrite = rights.has('secrets:write')
  usePasted(mayWrite && files.length === 0, (text) => setFiles([pastedFile(text)]))
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
      <Listing mayWrite={mayWrite} onFiles={setFiles} />
      {isOver ? <div className="drop-hint">Drop files to import</div> : null}
      <ImportDialog files={files} onClose={() => setFiles([])} />
    </section>
  )
}

/** What is pasted while nothing has the focus that takes it, if it may be secrets. */
function usePasted(isOn: boolean, onPaste: (text: string) => void) {
  useEffect(() => {
    if (!isOn) return undefined
    const paste = (event: ClipboardEvent) => {
      const { target } = event
      const isTyping =
        target instanceof Element && target.closest('input,textarea,[contenteditable],[role=dialog]') !== null
      const text = event.clipboardData?.getData('text/plain') ?? ''
      if (isTyping || document.querySelector('[role=dialog],[role=alertdialog]') !== null || !looksLikeEntries(text))
        return
      event.preventDefault()
      onPaste(text)
    }
    addEventListener('paste', paste)
    return () => removeEventListener('paste', paste)
  })
}

/** What is in the address, what is typed, and what the server finds for both. */
function useFound() {
  const [query, setQuery] = useSearchParams()
  const filter = useMemo(() => filterOf(query), [query])
  const [text, setText] = useState(filter.q.slice(0, maxText))
  const wanted = useLater(text)
  const change = useCallback<Change>((part) => setQuery((old) => changed(old, part), { replace: true }), [setQuery])
  // A view is a place of its own, to which one goes back.
  const go = useCallback<Change>((part) => setQuery((old) => changed(old, part)), [setQuery])
  useEffect(() => setText(filter.q.slice(0, maxText)), [filter.q])
  // Times are told from when it was chosen, so that the question stays the same.
  const search = useMemo(() => searchOf(filter, wanted, Date.now()), [filter, wanted])
  const clear = useCallback(() => {
    setText('')
    change({ q: null, list: null, type: null, tag: null, state: null })
  }, [change])
  return { filter, text, setText, change, go, clear, first: useFirst(search) }
}

type Found = ReturnType<typeof useFound>

function Listing({
  mayWrite,
  onFiles,
}: {
  readonly mayWrite: boolean
  readonly onFiles: (files: readonly File[]) => void
}) {
  const found = useFound()
  const { filter, text, setText, change, go, clear, first } = found
  const { data: summary } = useSummary()
  const { data, error } = first
  const counted = useCount(data?.search ?? {}, data?.next !== undefined)
  const total = data?.next === undefined ? data?.items.length : counted
  const { list, folder, type, tag, state } = filter
  const isFiltered = text !== '' || [list, type, tag, state].some((part) => part !== null)
  // Of what is shown, which may be of what was looked for before.
  const isLevel = data === undefined ? isOfLevel(filter, text) : data.search.folder !== undefined
  const ofAll = data !== undefined && isOfAll(data.search)
  const selecting = useSelection(data?.search, total ?? 0)
  const { dialog, open } = useDialog()
  const [query] = useSearchParams()
  if (query.get('view') === 'inherited' && mayInherit) {
    return (
      <>
        <Views summary={summary} filter={filter} change={go} />
        <div className="secrets-main">
          <InheritedSecrets />
        </div>
      </>
    )
  }
  if (data === undefined && codeOf(error) === 'forbidden') return <Trouble error={error} />
  return (
    <>
      <Views summary={summary} filter={filter} change={go} />
      <div className="secrets-main">
        <Head
          filter={filter}
          isLevel={isLevel}
          shown={total}
          all={ofAll ? total : summary?.secrets}
          mayWrite={mayWrite}
          onFiles={onFiles}
        />
        <div className="secrets-bar">
          <SearchInput
            label="Search secrets"
            placeholder="Search names, descriptions, tags"
            value={text}
            onValue={setText}
            maxLength={maxText}
            onBlur={() => change({ q: text })}
            onKeyDown={(event) => {
              if (event.key === 'ArrowDown') {
                event.preventDefault()
                document.querySelector<HTMLElement>('[data-row] a[tabindex="0"]')?.focus()
              }
            }}
          />
          <Choices filter={filter} tags={summary?.tags ?? []} isFiltered={isFiltered} change={change} onClear={clear} />
        </div>
        <SelectionBar selecting={selecting} total={total} open={open} />
        {isLevel && folder !== null ? <FolderTiles folder={folder} /> : null}
        <Rows
          found={found}
          total={total}
          all={ofAll ? total : summary?.secrets}
          mayWrite={mayWrite}
          isLevel={isLevel}
          selecting={selecting}
        />
      </div>
      {dialog}
    </>
  )
}

function Rows({
  found: { filter, change, first },
  total,
  all,
  mayWrite,
  isLevel,
  selecting,
}: {
  readonly found: Found
  readonly isLevel: boolean
  /** How many are found. Not known before they are counted. */
  readonly total: number | undefined
  readonly all: number | undefined
  readonly mayWrite: boolean
  readonly selecting: Selecting
}) {
  const { data, error, refetch, isPlaceholderData } = first
  const onSort = useCallback(
    (column: string) => change({ sort: `${column}${filter.sort === column && !filter.isDown ? '.down' : ''}` }),
    [change, filter],
  )
  if (data === undefined && codeOf(error) === 'not_found') return <NothingFits all={all} />
  if (data === undefined) {
    return error === null ? (
      <Loading lines={10} label="Loading the secrets" />
    ) : (
      <Trouble error={error} onRetry={() => void refetch()} />
    )
  }
  if (all === 0) return <NoneYet mayWrite={mayWrite} />
  if (data.items.length === 0 && isLevel) return <NoneInFolder />
  if (data.items.length === 0) return <NothingFits all={all} />
  return (
    <SecretsTable
      search={data.search}
      total={total ?? data.items.length}
      isCounted={total !== undefined}
      isWaiting={isPlaceholderData}
      filter={filter}
      onSort={onSort}
      selecting={selecting}
    />
  )
}

function NoneYet({ mayWrite }: { readonly mayWrite: boolean }) {
  return (
    <Empty
      icon={Lock}
      title="No secrets yet"
      action={
        mayWrite ? (
          <LinkButton href="/secrets/new" look="primary">
            Create the first secret
          </LinkButton>
        ) : undefined
      }
    >
      A secret is a name and a value: a password, a token, a key file. Each value is encrypted with its own key, and
      every read is logged. {mayWrite ? 'Create one, or paste or drop a .env, JSON or YAML file here.' : ''}
    </Empty>
  )
}

function NoneInFolder() {
  return <p className="muted small folder-note">No secrets directly in this folder.</p>
}

function NothingFits({ all }: { readonly all: number | undefined }) {
  const others = all === undefined ? 'all' : all === 1 ? 'the one that there is' : `all ${all}`
  return (
    <Empty icon={SearchX} title="No results">
      No secret fits the search and the filters. Clear them to see {others}.
    </Empty>
  )
}
