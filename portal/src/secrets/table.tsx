/** The table of secrets: only the rows in sight are there, so ten thousand are as smooth as ten. */
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import { type KeyboardEvent, type MouseEvent, memo, type SyntheticEvent, useEffect, useRef, useState } from 'react'
import { Dialog } from 'react-aria-components/Dialog'
import { Popover } from 'react-aria-components/Popover'
import { useLocation, useRouter } from 'wouter'
import type { Metadata } from '../../../src/client/index.ts'
import { useRights } from '../session/rights.ts'
import { Ago, Expiry } from '../ui/time.tsx'
import type { Column, Filter } from './filter.ts'
import { CurrentValue, copyValue } from './reveal.tsx'

const rowHeight = 44
/** Rows above and below those in sight. */
const overscan = 12
const heads: readonly (readonly [Column, string])[] = [
  ['name', 'Name'],
  ['list', 'List'],
  ['type', 'Type'],
  ['expires', 'Expires'],
  ['updated', 'Updated'],
]

export const SecretsTable = memo(function SecretsTable({
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
  const mayReadAll = rights.hasAll('secrets:read')
  const { base } = useRouter()
  const [, navigate] = useLocation()
  const current = Math.min(active, secrets.length - 1)
  const rows = useVirtualizer({
    count: secrets.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan,
    // The row with the focus stays, wherever the others are scrolled to.
    rangeExtractor: (range) => withRow(defaultRangeExtractor(range), current),
  })
  const items = rows.getVirtualItems()
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
  const click = (event: MouseEvent) => {
    const { row, part } = pressedIn(event)
    const secret = row === undefined ? undefined : secrets[row]
    if (secret === undefined || event.defaultPrevented) return
    if (part?.hasAttribute('data-copy')) void copyValue(secret)
    else if (part?.hasAttribute('data-peek')) setPeeked(secret.id)
    else if (part === undefined || !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey)) {
      event.preventDefault()
      navigate(`/secrets/${secret.id}`)
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
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: Enter on the link of a row does the same */}
        <div
          role="rowgroup"
          className="grid-rows"
          style={{ height: rows.getTotalSize() }}
          onClick={click}
          onFocus={(event) => setActive(pressedIn(event).row ?? current)}
        >
          {items.map(({ index, start }) => {
            const secret = secrets[index]
            return secret === undefined ? null : (
              <Row
                key={secret.id}
                secret={secret}
                href={`${base}/secrets/${secret.id}`}
                index={index}
                start={start}
                isActive={index === current}
                mayRead={mayReadAll || rights.can('secrets:read', secret.name)}
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
})

/** The indices of the rows to be drawn, in their order, and one more. */
function withRow(indices: number[], one: number): number[] {
  if (one < 0 || indices.includes(one)) return indices
  return one < (indices[0] ?? 0) ? [one, ...indices] : [...indices, one]
}

/** The row in which something happened, and its link or button, if it was one. */
function pressedIn({ target }: SyntheticEvent): { readonly row?: number; readonly part?: Element | undefined } {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-row]') : null
  if (row === null || !(target instanceof Element)) return {}
  return { row: Number(row.dataset['row']), part: target.closest('a,button') ?? undefined }
}

/** Made once, and not for each of the rows that come and go. */
const icons = {
  file: <Icon path="M14 2H6a2 2 0 0 0-2 2v16a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2V8zM14 2v6h6" />,
  text: <Icon path="M4 6h16M4 12h10M4 18h13" />,
  copy: (
    <Icon path="M10 8h10a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H10a2 2 0 0 1-2-2V10a2 2 0 0 1 2-2zM4 16a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2" />
  ),
  reveal: <Icon path="M2 12s3.5-7 10-7 10 7 10 7-3.5 7-10 7-10-7-10-7zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z" />,
}

/** A picture of one line, styled from outside: two elements, where a hundred of them come into sight at once. */
function Icon({ path }: { readonly path: string }) {
  return (
    <svg className="row-icon" viewBox="0 0 24 24" aria-hidden>
      <path d={path} />
    </svg>
  )
}

/** One row; the others stay as they are while it is scrolled into sight. What is pressed in it, the table knows. */
const Row = memo(function Row({
  secret,
  href,
  index,
  start,
  isActive,
  mayRead,
}: {
  readonly secret: Metadata
  readonly href: string
  readonly index: number
  readonly start: number
  readonly isActive: boolean
  readonly mayRead: boolean
}) {
  const tabIndex = isActive ? 0 : -1
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-row={index}
      className={`grid-row ${isActive ? 'active' : ''}`}
      style={{ transform: `translateY(${start}px)` }}
    >
      <div role="gridcell" className="cell-name">
        {secret.type === 'file' ? icons.file : icons.text}
        <a href={href} tabIndex={tabIndex} title={secret.name}>
          {secret.name}
        </a>
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
            data-copy
            aria-label={`Copy the value of ${secret.name}`}
            tabIndex={tabIndex}
          >
            {icons.copy}
          </button>
        ) : null}
        {mayRead ? (
          <button
            type="button"
            className="btn icon small quiet"
            data-peek={secret.id}
            aria-label={`Reveal the value of ${secret.name}`}
            aria-haspopup="dialog"
            tabIndex={tabIndex}
          >
            {icons.reveal}
          </button>
        ) : null}
      </div>
    </div>
  )
})
