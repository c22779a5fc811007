/** A table of what a page knows, by its columns. */
import type { ReactNode } from 'react'
import { type Column, useColumns } from './columns.ts'

export function Table<Row>({
  label,
  columns,
  rows,
  keyOf,
  lookOf,
  look = '',
  empty,
}: {
  readonly label: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string | number
  /** The class of a row. */
  readonly lookOf?: (row: Row, at: number) => string
  readonly look?: string
  /** What is shown where there is no row. */
  readonly empty?: ReactNode
}) {
  const { ref, shown } = useColumns(columns)
  if (rows.length === 0) return empty
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled by keys
    <div className="table-scroll" ref={ref} tabIndex={0} role="region" aria-label={label}>
      <table className={`plain-table ${look}`}>
        <thead>
          <tr>
            {shown.map(({ id, head, headCell, width, isHeadHidden = false }) => (
              <th key={id} style={{ width }}>
                {headCell ?? (isHeadHidden ? <span className="sr-only">{head}</span> : head)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={keyOf(row)} className={lookOf?.(row, at)}>
              {shown.map(({ id, look: cellLook, cell, more }) => (
                <td key={id} className={cellLook} title={more?.(row)}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
