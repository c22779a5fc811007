/** Beside the table: views and lists, with how many secrets are in each. */
import { CalendarClock, File, FolderClosed, Hourglass, Layers, PackageX } from 'lucide-react'
import { memo, type ReactNode, useMemo } from 'react'
import { useLocation } from 'wouter'
import type { Metadata } from '../api/client.ts'
import { type Change, type Filter, isExpiring, isStale, states } from './filter.ts'
import { useLists } from './queries.ts'

/** Stays as it is while somebody types into the search. */
export const Views = memo(function Views({
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
})
