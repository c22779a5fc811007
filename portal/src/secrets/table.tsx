/** The table of secrets: only the rows in sight are there, so ten thousand are as smooth as ten. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp, Copy, Eye, File, Text } from 'lucide-react'
import { type KeyboardEvent, memo, useEffect, useRef, useState } from 'react'
import { Dialog } from 'react-aria-components/Dialog'
import { Popover } from 'react-aria-components/Popover'
import { Link, useLocation } from 'wouter'
import type { Metadata } from '../../../src/client/index.ts'
import { useRights } from '../session/rights.ts'
import { Ago, Expiry } from '../ui/time.tsx'
import type { Column, Filter } from './filter.ts'
import { CurrentValue, copyValue } from './reveal.tsx'

const rowHeight = 44
const heads: readonly (readonly [Column, string])[] = [
  ['name', 'Name'],
  ['list', 'List'],
  ['type', 'Type'],
  ['expires', 'Expires'],
  ['updated', 'Updated'],
]

export function SecretsTable({
  secrets,
  filter,
  onSort,
}: {
  readonly secrets: readonly Metadata[]
  readonly filter: Filter
  readonly onSort: (column: Column) => void
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState(0)
  const [peeked, setPeeked] = useState<number>()
  const shown = peeked === undefined ? undefined : secrets.find(({ id }) => id === peeked)
  /** The button whose row it is, by which the value is shown. */
  const peekedFrom = useRef<Element>(null)
  if (peeked !== undefined) peekedFrom.current = scroller.current?.querySelector(`[data-peek="${peeked}"]`) ?? null
  const wantsFocus = useRef(false)
  const rights = useRights()
  const rows = useVirtualizer({
    count: secrets.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    getItemKey: (at) => secrets[at]?.id ?? at,
  })
  const current = Math.min(active, secrets.length - 1)
  // A row that has just been scrolled into being takes the focus once it is there.
  useEffect(() => {
    if (!wantsFocus.current) return
    const link = scroller.current?.querySelector<HTMLElement>(`[data-row="${current}"] a`)
    if (link === null || link === undefined) return
    link.focus({ preventScroll: true })
    wantsFocus.current = false
  })
  const move = (to: number) => {
    const next = Math.max(0, Math.min(secrets.length - 1, to))
    setActive(next)
    rows.scrollToIndex(next)
    wantsFocus.current = true
  }
  const press = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || peeked !== undefined) return
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2)
    const to: Record<string, number> = {
      ArrowDown: current + 1,
      j: current + 1,
      ArrowUp: current - 1,
      k: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: secrets.length - 1,
    }
    const next = to[event.key]
    const secret = secrets[current]
    if (next !== undefined) {
      event.preventDefault()
      move(next)
    } else if (secret !== undefined && event.key === 'c' && rights.can('secrets:read', secret.name)) {
      event.preventDefault()
      if (secret.type === 'text') void copyValue(secret)
    } else if (secret !== undefined && event.key === 'v' && rights.can('secrets:read', secret.name)) {
      event.preventDefault()
      setPeeked(secret.id)
    }
  }
  return (
    <div
      className="grid"
      role="grid"
      aria-label="Secrets"
      aria-rowcount={secrets.length + 1}
      aria-colcount={heads.length + 1}
      onKeyDown={press}
    >
      <div role="rowgroup">
        <div className="grid-row grid-head" role="row" aria-rowindex={1}>
          {heads.map(([column, label]) => (
            <div
              key={column}
              role="columnheader"
              className={`cell-${column}`}
              aria-sort={filter.sort !== column ? 'none' : filter.isDown ? 'descending' : 'ascending'}
            >
              <button type="button" onClick={() => onSort(column)}>
                {label}
                {filter.sort !== column ? null : filter.isDown ? (
                  <ArrowDown size={12} aria-hidden />
                ) : (
                  <ArrowUp size={12} aria-hidden />
                )}
              </button>
            </div>
          ))}
          <div role="columnheader" className="cell-actions">
            <span className="sr-only">Actions</span>
          </div>
        </div>
      </div>
      <div className="grid-body" ref={scroller} role="presentation">
        <div role="rowgroup" className="grid-rows" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ key, index, start }) => {
            const secret = secrets[index]
            return secret === undefined ? null : (
              <Row
                key={key}
                secret={secret}
                index={index}
                start={start}
                isActive={index === current}
                mayRead={rights.can('secrets:read', secret.name)}
                onActive={setActive}
                onPeek={setPeeked}
              />
            )
          })}
        </div>
      </div>
      <Popover
        className="popover peek"
        placement="bottom end"
        triggerRef={peekedFrom}
        isOpen={shown !== undefined}
        onOpenChange={(isOpen) => !isOpen && setPeeked(undefined)}
      >
        {shown === undefined ? null : (
          <Dialog className="dialog" aria-label={`Value of ${shown.name}`}>
            <strong className="break">{shown.name}</strong>
            <CurrentValue secret={shown} isOpen />
          </Dialog>
        )}
      </Popover>
    </div>
  )
}

/** One row; the others stay as they are while it is scrolled into sight. */
const Row = memo(function Row({
  secret,
  index,
  start,
  isActive,
  mayRead,
  onActive,
  onPeek,
}: {
  readonly secret: Metadata
  readonly index: number
  readonly start: number
  readonly isActive: boolean
  readonly mayRead: boolean
  readonly onActive: (index: number) => void
  readonly onPeek: (id: number) => void
}) {
  const [, navigate] = useLocation()
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on its link does the same
    <div
      role="row"
      aria-rowindex={index + 2}
      data-row={index}
      className={`grid-row ${isActive ? 'active' : ''}`}
      style={{ transform: `translateY(${start}px)` }}
      onFocus={() => onActive(index)}
      onClick={(event) => {
        if (event.target instanceof Element && event.target.closest('a,button,[role=dialog]') === null)
          navigate(`/secrets/${secret.id}`)
      }}
    >
      <div role="gridcell" className="cell-name">
        {secret.type === 'file' ? <File size={15} aria-hidden /> : <Text size={15} aria-hidden />}
        <Link href={`/secrets/${secret.id}`} tabIndex={isActive ? 0 : -1} title={secret.name}>
          {secret.name}
        </Link>
        {secret.tags.slice(0, 2).map((tag) => (
          <span key={tag} className="tag hide-narrow">
            {tag}
          </span>
        ))}
        {secret.tags.length > 2 ? (
          <span className="tag hide-narrow" title={secret.tags.slice(2).join(', ')}>
            +{secret.tags.length - 2}
          </span>
        ) : null}
      </div>
      <div role="gridcell" className="cell-list" title={secret.list.name}>
        {secret.list.name}
      </div>
      <div role="gridcell" className="cell-type">
        {secret.type === 'file' ? 'File' : 'Text'}
      </div>
      <div role="gridcell" className="cell-expires">
        {secret.expires_at === null ? <span className="muted">–</span> : <Expiry time={secret.expires_at} />}
      </div>
      <div role="gridcell" className="cell-updated">
        <Ago time={secret.updated_at} />
      </div>
      <div role="gridcell" className="cell-actions">
        {mayRead && secret.type === 'text' ? (
          <button
            type="button"
            className="btn icon small quiet"
            aria-label={`Copy the value of ${secret.name}`}
            tabIndex={isActive ? 0 : -1}
            onClick={() => void copyValue(secret)}
          >
            <Copy size={14} aria-hidden />
          </button>
        ) : null}
        {mayRead ? (
          <button
            type="button"
            className="btn icon small quiet"
            data-peek={secret.id}
            aria-label={`Reveal the value of ${secret.name}`}
            aria-haspopup="dialog"
            tabIndex={isActive ? 0 : -1}
            onClick={() => onPeek(secret.id)}
          >
            <Eye size={14} aria-hidden />
          </button>
        ) : null}
      </div>
    </div>
  )
})
