/** The table of secrets: only the rows in sight are there, so a hundred thousand are as smooth as ten. */
import { defaultRangeExtractor, useVirtualizer, type Virtualizer } from '@tanstack/react-virtual'
import { ArrowDown, ArrowUp } from 'lucide-react'
import {
  type FocusEvent,
  type KeyboardEvent,
  type MouseEvent,
  memo,
  type RefObject,
  type SyntheticEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import { Dialog } from 'react-aria-components/Dialog'
import { Popover } from 'react-aria-components/Popover'
import { useLocation, useRouter } from 'wouter'
import { sentenceOf } from '../api/ask.ts'
import type { Metadata, SecretFilter } from '../api/client.ts'
import { useRights } from '../session/rights.ts'
import { useColumns } from '../ui/columns.ts'
import { Button, RowBox } from '../ui/controls.tsx'
import { Note } from '../ui/states.tsx'
import { columns, type SecretColumn } from './columns.tsx'
import type { Filter } from './filter.ts'
import { folderHref, folderOf } from './folders.ts'
import { CurrentValue, copyValue } from './reveal.tsx'
import type { Selecting } from './selection.ts'
import { useWindows, type Windows } from './windows.ts'

const rowHeight = 44
/** Rows above and below those in sight. */
const overscan = 12

/** More would be higher than browsers let an element be. */
const maxRows = 350_000

export const SecretsTable = memo(function SecretsTable({
  search,
  total,
  isCounted,
  isWaiting,
  filter,
  onSort,
  selecting,
}: {
  readonly search: SecretFilter
  /** How many rows there are; more may come until they are counted. */
  readonly total: number
  readonly isCounted: boolean
  /** Whether it shows what was looked for before. */
  readonly isWaiting: boolean
  readonly filter: Filter
  readonly onSort: (column: string) => void
  readonly selecting: Selecting
}) {
  const { ref, shown, template } = useColumns(columns)
  const { scroller, rows, windows, count, current, setActive, move, leave } = useRows(search, Math.min(total, maxRows))
  const [peeked, setPeeked] = useState<Metadata>()
  const press = usePressed(windows, count, current, scroller, move, setPeeked, selecting)
  const click = useClicked(windows, setPeeked, selecting)
  return (
    <>
      <div
        className={`grid ${isWaiting ? 'is-waiting' : ''}`}
        role="grid"
        aria-label="Secrets"
        aria-busy={isWaiting}
        aria-multiselectable
        aria-rowcount={isCounted ? count + 1 : -1}
        aria-colcount={shown.length}
        onKeyDown={(event) => peeked === undefined && press(event)}
        onBlur={leave}
        ref={ref}
        style={{ '--columns': template }}
      >
        <Head columns={shown} filter={filter} onSort={onSort} selecting={selecting} />
        <div className="grid-body" ref={scroller} role="presentation">
          {/* biome-ignore lint/a11y/useKeyWithClickEvents: Enter on the link of a row does the same */}
          <div
            role="rowgroup"
            className="grid-rows"
            style={{ height: rows.getTotalSize() }}
            onClick={click}
            onFocus={(event) => setActive(pressedIn(event).row ?? current)}
          >
            <Rows
              windows={windows}
              columns={shown}
              items={rows.getVirtualItems()}
              current={current}
              selecting={selecting}
            />
          </div>
        </div>
        <Peek secret={peeked} scroller={scroller} onClose={() => setPeeked(undefined)} />
      </div>
      <Below windows={windows} isCut={total > maxRows} />
    </>
  )
})

/** What is to be said of rows that are not there. */
function Below({ windows: { error, retry }, isCut }: { readonly windows: Windows; readonly isCut: boolean }) {
  if (error !== null) {
    return (
      <Note kind="bad">
        Some rows couldn&rsquo;t be loaded. {sentenceOf(error)} <Button onPress={retry}>Try again</Button>
      </Note>
    )
  }
  return isCut ? <Note>Showing the first {maxRows.toLocaleString('en')}. Search or filter to find others.</Note> : null
}

/** The rows in sight, what there is of them, and the one that the arrows are at. */
function useRows(search: SecretFilter, total: number) {
  const scroller = useRef<HTMLDivElement>(null)
  const [left] = useState(leftAt)
  const [active, setActive] = useState(left?.row ?? 0)
  const wantsFocus = useRef(left !== undefined)
  const [known, setKnown] = useState(Number.POSITIVE_INFINITY)
  const count = Math.min(total, known)
  const current = Math.min(active, count - 1)
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan,
    initialOffset: left?.offset ?? 0,
    // The row with the focus stays, wherever the others are scrolled to.
    rangeExtractor: (range) => withRow(defaultRangeExtractor(range), current),
  })
  const { startIndex = 0, endIndex = 0 } = rows.range ?? {}
  const windows = useWindows(search, [startIndex, endIndex, current])
  // Where a window ends the listing, that counts, not what was counted before.
  useEffect(() => setKnown(windows.isAtMost), [windows.isAtMost])
  // Both in the same step as what is drawn: later, a key that was pressed meanwhile would be undone.
  // Another search is looked at from its beginning.
  const asked = JSON.stringify(search)
  const shown = useRef(asked)
  useLayoutEffect(() => {
    if (shown.current === asked) return
    shown.current = asked
    setActive(0)
    rows.scrollToOffset(0)
  })
  // A row that has just been scrolled into being takes the focus, first in its place, then once it is there.
  useLayoutEffect(() => {
    if (!wantsFocus.current) return
    const link = scroller.current?.querySelector<HTMLElement>(`[data-row="${current}"] a`)
    const place = scroller.current?.querySelector<HTMLElement>(`[data-waiting="${current}"] [tabindex]`)
    ;(link ?? place)?.focus({ preventScroll: true })
    wantsFocus.current = link === null || link === undefined
  })
  const move = (to: number) => {
    const next = Math.max(0, Math.min(count - 1, to))
    setActive(next)
    rows.scrollToIndex(next)
    wantsFocus.current = true
  }
  const leave = ({ relatedTarget, currentTarget }: FocusEvent) => {
    if (relatedTarget !== null && !currentTarget.contains(relatedTarget)) wantsFocus.current = false
  }
  return { scroller, rows, windows, count, current, setActive, move, leave }
}

/** What the keys do: they go from row to row, select, copy a value, and show one. */
function usePressed(
  windows: Windows,
  count: number,
  current: number,
  scroller: RefObject<HTMLDivElement | null>,
  move: (to: number) => void,
  peek: (secret: Metadata) => void,
  selecting: Selecting,
) {
  const rights = useRights()
  return (event: KeyboardEvent) => {
    if (pressedToSelect(event, selecting, windows, current)) return event.preventDefault()
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2)
    const to: Record<string, number> = {
      ArrowDown: current + 1,
      j: current + 1,
      ArrowUp: current - 1,
      k: current - 1,
      PageDown: current + page,
      PageUp: current - page,
      Home: 0,
      End: count - 1,
    }
    const next = to[event.key]
    const secret = windows.rowAt(current)
    if (next !== undefined) {
      event.preventDefault()
      const to = Math.max(0, Math.min(count - 1, next))
      if (event.shiftKey && event.key !== 'j' && event.key !== 'k') selecting.extend(to, windows.rowAt, current)
      move(to)
    } else if (secret !== undefined && event.key === 'c' && rights.can('secrets:read', secret.name)) {
      event.preventDefault()
      if (secret.type === 'text') void copyValue(secret)
    } else if (secret !== undefined && event.key === 'v' && rights.can('secrets:read', secret.name)) {
      event.preventDefault()
      peek(secret)
    }
  }
}

/** Space selects the row, Shift Space all up to it, Escape none, and Ctrl A all. @returns whether the key was one of these */
function pressedToSelect(
  { key, ctrlKey, metaKey, altKey, shiftKey, target }: KeyboardEvent,
  selecting: Selecting,
  { rowAt }: Windows,
  at: number,
): boolean {
  const secret = rowAt(at)
  const isOnButton = target instanceof HTMLElement && target.closest('button') !== null
  if (altKey || isOnButton) return false
  if (key.toLowerCase() === 'a' && (ctrlKey || metaKey)) selecting.selectAll()
  else if (ctrlKey || metaKey) return false
  else if (key === 'Escape' && selecting.count > 0) selecting.clear()
  else if (key !== ' ' || target instanceof HTMLInputElement || secret === undefined) return false
  else if (shiftKey) selecting.extend(at, rowAt)
  else selecting.toggle(secret, at)
  return true
}

/** What a click does, in whichever part of a row. */
function useClicked(windows: Windows, peek: (secret: Metadata) => void, selecting: Selecting) {
  const [, navigate] = useLocation()
  return (event: MouseEvent) => {
    const { row, part, isBox } = pressedIn(event)
    const secret = row === undefined ? undefined : windows.rowAt(row)
    if (secret === undefined || row === undefined || event.defaultPrevented) return
    if (isBox && event.shiftKey) selecting.extend(row, windows.rowAt)
    else if (isBox) selecting.toggle(secret, row)
    else if (part?.hasAttribute('data-copy')) void copyValue(secret)
    else if (part?.hasAttribute('data-peek')) peek(secret)
    else if (part?.hasAttribute('data-folder')) {
      keepPlace(row, event.currentTarget)
      navigate(folderHref(folderOf(secret.name)))
    } else if (part === undefined || !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey)) {
      event.preventDefault()
      keepPlace(row, event.currentTarget)
      navigate(`/secrets/${secret.id}`)
    }
  }
}

function Head({
  columns,
  filter,
  onSort,
  selecting,
}: {
  readonly columns: readonly SecretColumn[]
  readonly filter: Filter
  readonly onSort: (column: string) => void
  readonly selecting: Selecting
}) {
  return (
    <div role="rowgroup">
      <div className="grid-row grid-head" role="row" aria-rowindex={1}>
        {columns.map(({ id, head, sortsBy, isHeadHidden = false }) =>
          id === 'select' ? (
            <div key={id} role="columnheader" className={`cell-${id}`}>
              <RowBox
                label="Select all"
                isSelected={selecting.isAll}
                isPartly={selecting.count > 0 && !selecting.isAll}
                onChange={selecting.count > 0 ? selecting.clear : selecting.selectAll}
              />
            </div>
          ) : sortsBy === undefined ? (
            <div key={id} role="columnheader" className={`cell-${id}`}>
              {isHeadHidden ? <span className="sr-only">{head}</span> : head}
            </div>
          ) : (
            <div
              key={id}
              role="columnheader"
              className={`cell-${id}`}
              aria-sort={filter.sort !== id ? 'none' : filter.isDown ? 'descending' : 'ascending'}
            >
              <button type="button" onClick={() => onSort(id)}>
                {head}
                {filter.sort !== id ? null : filter.isDown ? (
                  <ArrowDown size={12} aria-hidden />
                ) : (
                  <ArrowUp size={12} aria-hidden />
                )}
              </button>
            </div>
          ),
        )}
      </div>
    </div>
  )
}

function Rows({
  windows,
  columns,
  items,
  current,
  selecting,
}: {
  readonly windows: Windows
  readonly columns: readonly SecretColumn[]
  readonly items: ReturnType<Virtualizer<HTMLDivElement, Element>['getVirtualItems']>
  readonly current: number
  readonly selecting: Selecting
}) {
  const rights = useRights()
  const mayReadAll = rights.hasAll('secrets:read')
  const { base } = useRouter()
  return items.map(({ index, start }) => {
    const secret = windows.rowAt(index)
    return secret === undefined ? (
      <WaitingRow key={index} columns={columns} index={index} start={start} isActive={index === current} />
    ) : (
      <Row
        key={index}
        secret={secret}
        columns={columns}
        href={`${base}/secrets/${secret.id}`}
        index={index}
        start={start}
        isActive={index === current}
        isSelected={selecting.has(secret.id)}
        mayRead={mayReadAll || rights.can('secrets:read', secret.name)}
      />
    )
  })
}

/** One row; the others stay as they are while it is scrolled into sight. */
const Row = memo(function Row({
  secret,
  columns,
  href,
  index,
  start,
  isActive,
  isSelected,
  mayRead,
}: {
  readonly secret: Metadata
  readonly columns: readonly SecretColumn[]
  readonly href: string
  readonly index: number
  readonly start: number
  readonly isActive: boolean
  readonly isSelected: boolean
  readonly mayRead: boolean
}) {
  const row = { secret, href, tabIndex: isActive ? 0 : -1, mayRead, isSelected } as const
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-row={index}
      className={`grid-row ${isActive ? 'active' : ''} ${isSelected ? 'selected' : ''}`}
      style={{ transform: `translateY(${start}px)` }}
    >
      {columns.map(({ id, cell, more }) => (
        <div key={id} role="gridcell" className={`cell-${id}`} title={more?.(row)}>
          {cell(row)}
        </div>
      ))}
    </div>
  )
})

/** The place of a row that is on its way, as high as it will be. */
function WaitingRow({
  columns,
  index,
  start,
  isActive,
}: {
  readonly columns: readonly SecretColumn[]
  readonly index: number
  readonly start: number
  readonly isActive: boolean
}) {
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      data-waiting={index}
      className="grid-row"
      style={{ transform: `translateY(${start}px)` }}
    >
      {columns.map(({ id }, at) => (
        <div key={id} role="gridcell" className={`cell-${id}`}>
          {at === 0 ? (
            // The focus waits here for the row.
            <span className="skeleton" tabIndex={isActive ? 0 : -1}>
              <span className="sr-only">Loading</span>
            </span>
          ) : null}
        </div>
      ))}
    </div>
  )
}

/** The value of one of them, beside the button that shows it. */
function Peek({
  secret,
  scroller,
  onClose,
}: {
  readonly secret: Metadata | undefined
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly onClose: () => void
}) {
  const from = useRef<Element>(null)
  if (secret !== undefined) from.current = scroller.current?.querySelector(`[data-peek="${secret.id}"]`) ?? null
  return (
    <Popover
      className="popover peek"
      placement="bottom end"
      triggerRef={from}
      isOpen={secret !== undefined}
      onOpenChange={(isOpen) => !isOpen && onClose()}
    >
      {secret === undefined ? null : (
        <Dialog className="dialog" aria-label={`Value of ${secret.name}`}>
          <strong className="break">{secret.name}</strong>
          <CurrentValue secret={secret} isOpen />
        </Dialog>
      )}
    </Popover>
  )
}

/** Where somebody left the table; in the history, so that going back leads there, and nothing else does. */
interface Left {
  readonly row: number
  readonly offset: number
}

function keepPlace(row: number, rows: Element): void {
  const left: Left = { row, offset: rows.parentElement?.scrollTop ?? 0 }
  history.replaceState({ left }, '')
}

function leftAt(): Left | undefined {
  const state: unknown = history.state
  if (typeof state !== 'object' || state === null || !('left' in state)) return undefined
  const { left } = state
  if (typeof left !== 'object' || left === null || !('row' in left) || !('offset' in left)) return undefined
  return typeof left.row === 'number' && typeof left.offset === 'number'
    ? { row: left.row, offset: left.offset }
    : undefined
}

/** The indices of the rows to be drawn, in their order, and one more. */
function withRow(indices: number[], one: number): number[] {
  if (one < 0 || indices.includes(one)) return indices
  return one < (indices[0] ?? 0) ? [one, ...indices] : [...indices, one]
}

/** The row in which something happened, its link or button, if it was one, and whether it was about the box. */
function pressedIn({ target }: SyntheticEvent): {
  readonly row?: number
  readonly part?: Element | undefined
  readonly isBox?: boolean
} {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-row]') : null
  if (row === null || !(target instanceof Element)) return {}
  const isBox = target.closest('.cell-select') !== null
  return { row: Number(row.dataset['row']), part: target.closest('a,button') ?? undefined, isBox }
}
