/** Beside the table: views and lists, with how many secrets are in each. */
import { CalendarClock, CornerDownRight, File, Folder, FolderClosed, Hourglass, Layers, PackageX } from 'lucide-react'
import { memo, type ReactNode } from 'react'
import { useLocation, useSearchParams } from 'wouter'
import type { Summary } from '../api/client.ts'
import { type Change, type Filter, states } from './filter.ts'
import { folderInAddress } from './folders.ts'
import { mayInherit, useBase } from './inherited.tsx'
import { useFolders, useLists } from './queries.ts'

const stateViews = [
  ['soon', CalendarClock, 'expiring'],
  ['stale', Hourglass, 'unchanged'],
  ['held-old', PackageX, 'held_old'],
] as const

/** Stays as it is while somebody types into the search. */
export const Views = memo(function Views({
  summary,
  filter,
  change,
}: {
  /** Not known before they are counted. */
  readonly summary: Summary | undefined
  readonly filter: Filter
  readonly change: Change
}) {
  const { data: lists = [] } = useLists()
  const [, navigate] = useLocation()
  const counts = new Map(summary?.lists.map(({ id, secrets }) => [id, secrets]))
  const { list, folder, type, state } = filter
  const [query] = useSearchParams()
  const isInherited = query.get('view') === 'inherited'
  const isAll = list === null && folder === null && type === null && state === null && !isInherited
  const base = useBase()
  const { data: folders } = useFolders('')
  const isFoldered = folder !== null || (folders?.length ?? 0) > 0
  const view = (
    label: string,
    icon: ReactNode,
    count: number | string | undefined,
    isOn: boolean,
    part: Record<string, string | null>,
  ) => (
    <button
      key={label}
      type="button"
      className="view"
      aria-current={isOn ? 'true' : undefined}
      onClick={() => change({ list: null, folder: null, deep: null, type: null, state: null, view: null, ...part })}
    >
      {icon}
      <span>{label}</span>
      <span className="count">{count ?? '…'}</span>
    </button>
  )
  return (
    <nav className="views" aria-label="Views and lists">
      {view('All secrets', <Layers size={15} aria-hidden />, summary?.secrets, isAll, {})}
      {isFoldered
        ? view('Folders', <Folder size={15} aria-hidden />, folders?.length, folder !== null, {
            folder: folderInAddress(''),
          })
        : null}
      {stateViews.map(([id, Icon, amount]) =>
        view(states[id], <Icon size={15} aria-hidden />, summary?.[amount], state === id, { state: id }),
      )}
      {view('Files', <File size={15} aria-hidden />, summary?.files, type === 'file' && list === null, {
        type: 'file',
      })}
      {!mayInherit
        ? null
        : view(
            'Inherited',
            <CornerDownRight size={15} aria-hidden />,
            base === undefined ? '' : `from ${base}`,
            isInherited,
            {
              view: 'inherited',
            },
          )}
      <div className="views-head">
        <span>Lists</span>
        <button type="button" onClick={() => navigate('/lists')}>
          Manage
        </button>
      </div>
      {lists.map(({ id, name }) => (
        <span key={id}>
          {view(name, <FolderClosed size={15} aria-hidden />, summary && (counts.get(id) ?? 0), list === name, {
            list: name,
          })}
        </span>
      ))}
    </nav>
  )
})
