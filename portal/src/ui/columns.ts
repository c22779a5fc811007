/** The columns of a table as data: a column is one entry, for its head, its cells, its width and where there is no room for it. */
import { type ReactNode, useLayoutEffect, useMemo, useState } from 'react'

declare module 'react' {
  interface CSSProperties {
    '--columns'?: string
  }
}

export interface Column<Row> {
  readonly id: string
  readonly head: string
  /** For those who do not see the table alone. */
  readonly isHeadHidden?: boolean
  /** In place of its head. */
  readonly headCell?: ReactNode
  /** In pixels, or of the whole; without one it takes what is left, with the others that have none. */
  readonly width?: number | `${number}%`
  /** It is left out of a table that is narrower than that, in pixels. */
  readonly from?: number
  /** It is left out of a table that is as wide as that, or wider: what others say there, it says in little room. */
  readonly upTo?: number
  /** The class of its cells. */
  readonly look?: string
  readonly cell: (row: Row) => ReactNode
  /** What its cell says on hover, such as a text that may be cut. */
  readonly more?: (row: Row) => string | undefined
}

/** The columns that there is room for, their widths as the grid takes them, and the `ref` of the element whose width decides. */
export function useColumns<Row>(columns: readonly Column<Row>[]): {
  readonly ref: (element: HTMLElement | null) => void
  readonly shown: readonly Column<Row>[]
  readonly template: string
} {
  const [element, ref] = useState<HTMLElement | null>(null)
  const [left, setLeft] = useState('')
  // Before it is painted, so that no column comes and goes.
  useLayoutEffect(() => {
    if (element === null) return undefined
    const measure = () => setLeft(leftOut(columns, element.clientWidth))
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [element, columns])
  return useMemo(() => {
    const shown = columns.filter(({ id }) => !left.split(' ').includes(id))
    return { ref, shown, template: shown.map(trackOf).join(' ') }
  }, [columns, left])
}

/** The ids of those without room: a text, so that another width with the same columns changes nothing. */
function leftOut<Row>(columns: readonly Column<Row>[], width: number): string {
  return columns
    .filter(({ from = 0, upTo = Number.POSITIVE_INFINITY }) => width < from || width >= upTo)
    .map(({ id }) => id)
    .join(' ')
}

function trackOf<Row>({ width }: Column<Row>): string {
  if (width === undefined) return 'minmax(0, 1fr)'
  return typeof width === 'number' ? `${width}px` : width
}
