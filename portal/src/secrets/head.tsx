/** Above the table: its title, what one can do, and the choices beside the search. */
import { FilePlus2, Upload, X } from 'lucide-react'
import { memo } from 'react'
import { FileTrigger } from 'react-aria-components/FileTrigger'
import { Link } from 'wouter'
import { Button, Checkbox, Select } from '../ui/controls.tsx'
import { Crumbs } from '../ui/page.tsx'
import { changed } from '../ui/search.ts'
import { counted } from '../ui/words.ts'
import { type Change, type Filter, states } from './filter.ts'
import { folderHref, folderInAddress, folderOf, folderSteps, leafOf } from './folders.ts'
import { mayInherit } from './inherited.tsx'
import { useFolders, useLists } from './queries.ts'
import { types } from './types.ts'

export const Head = memo(function Head({
  filter,
  isLevel,
  shown,
  all,
  mayWrite,
  onFiles,
}: {
  readonly filter: Filter
  /** Whether it is of one folder, without those in it. */
  readonly isLevel: boolean
  /** Not known before they are counted, both. */
  readonly shown: number | undefined
  readonly all: number | undefined
  readonly mayWrite: boolean
  readonly onFiles: (files: readonly File[]) => void
}) {
  const { data: folders } = useFolders(filter.folder ?? '', isLevel)
  return (
    <header className="secrets-head">
      {filter.folder === null ? null : <Crumbs steps={stepsTo(filter.folder)} />}
      <h1 className="break">{titleOf(filter)}</h1>
      <span className="muted small" role="status">
        {isLevel ? amountIn(shown, folders) : amountOf(shown, all)}
      </span>
      {mayWrite ? (
        <div className="row end">
          <FileTrigger allowsMultiple onSelect={(chosen) => onFiles([...(chosen ?? [])])}>
            <Button>
              <Upload size={14} aria-hidden />
              Import
            </Button>
          </FileTrigger>
          <Link href={newHref(filter)} className="btn primary" data-new>
            <FilePlus2 size={14} aria-hidden />
            New secret
          </Link>
        </div>
      ) : null}
    </header>
  )
})

function stepsTo(folder: string): readonly (readonly [label: string, href: string])[] {
  const above = [['All secrets', '/secrets']] as const
  return folder === '' ? above : [...above, ['Folders', folderHref('')], ...folderSteps(folderOf(folder))]
}

/** Stays as it is while somebody types into the search. */
export const Choices = memo(function Choices({
  filter,
  tags,
  isFiltered,
  change,
  onClear,
}: {
  readonly filter: Filter
  readonly tags: readonly string[]
  readonly isFiltered: boolean
  readonly change: Change
  readonly onClear: () => void
}) {
  const { type, tag, state } = filter
  const { data: folders = [] } = useFolders('')
  // Those that there are most of may not have been told: the one that is chosen is there.
  const choices = tag === null || tags.includes(tag) ? tags : [tag, ...tags]
  return (
    <>
      <div className="only-narrow">
        <ListSelect filter={filter} change={change} />
      </div>
      <div className="only-narrow">
        <Select
          label="State"
          isLabelHidden
          value={state ?? ''}
          onChoose={(value) => change(partOf(value))}
          choices={[
            { id: '', label: 'Any state' },
            ...Object.entries(states).map(([id, label]) => ({ id, label })),
            ...(folders.length > 0 ? [{ id: 'folders', label: 'Folders' }] : []),
            ...(mayInherit ? [{ id: 'inherited', label: 'Inherited' }] : []),
          ]}
        />
      </div>
      <Select
        label="Type"
        isLabelHidden
        value={type ?? ''}
        onChoose={(value) => change({ type: value })}
        choices={[{ id: '', label: 'Any type' }, ...types.map(({ id, label }) => ({ id, label }))]}
      />
      {choices.length > 0 ? (
        <Select
          label="Tag"
          isLabelHidden
          value={tag ?? ''}
          onChoose={(value) => change({ tag: value })}
          choices={[{ id: '', label: 'Any tag' }, ...choices.map((one) => ({ id: one, label: one }))]}
        />
      ) : null}
      {filter.folder === null ? null : (
        <Checkbox isSelected={filter.isDeep} onChange={(isOn) => change({ deep: isOn ? 'true' : null })}>
          Include subfolders
        </Checkbox>
      )}
      {isFiltered ? (
        <Button look="quiet" onPress={onClear}>
          <X size={14} aria-hidden />
          Clear
        </Button>
      ) : null}
    </>
  )
})

/** What a choice shows: a state, or a view that stands beside the table where there is room. */
function partOf(choice: string): Readonly<Record<string, string>> {
  if (choice === 'inherited') return { view: choice }
  return choice === 'folders' ? { folder: folderInAddress('') } : { state: choice }
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

function amountIn(shown: number | undefined, folders: readonly string[] | undefined): string {
  if (shown === undefined || folders === undefined) return 'Counting…'
  const secrets = counted(shown, 'secret')
  return folders.length === 0 ? secrets : `${counted(folders.length, 'folder')}, ${secrets}`
}

function amountOf(shown: number | undefined, all: number | undefined): string {
  if (shown === undefined) return 'Counting…'
  if (shown === all) return `${all} ${all === 1 ? 'secret' : 'secrets'}`
  return `${shown} of ${all ?? '…'}`
}

/** What is made here is in what is shown. */
function newHref({ list, folder }: Filter): string {
  const query = changed(new URLSearchParams(), { list, folder })
  return query.size === 0 ? '/secrets/new' : `/secrets/new?${query}`
}

function titleOf({ list, folder, state }: Filter): string {
  if (folder !== null) return folder === '' ? 'Folders' : leafOf(folder)
  if (list !== null) return list
  return state === null ? 'Secrets' : states[state]
}
