/** Reads CSV as RFC 4180 has it: rows by the names of their columns. */
import { faulty } from './entry.ts'

export type Row = ReadonlyMap<string, string>

/** @throws Refusal `invalid` with the line */
export function readCsv(text: string): readonly Row[] {
  const [head, ...rows] = cellsOf(text.replace(/^\uFEFF/, ''))
  if (head === undefined) throw faulty('Has no line with the names of columns.')
  return rows.map(({ line, cells }) => {
    if (cells.length !== head.cells.length) {
      throw faulty(`Line ${line} has ${cells.length} columns, and the first line has ${head.cells.length}.`)
    }
    return new Map(head.cells.map((name, at) => [name, cells[at] ?? '']))
  })
}

/** The names of the columns, for telling what a file is. */
export function csvHead(text: string): readonly string[] {
  const [first = ''] = text.replace(/^\uFEFF/, '').split(/\r?\n/, 1)
  return first.split(',').map((name) => name.replace(/^"(.*)"$/, '$1'))
}

interface Line {
  readonly line: number
  readonly cells: readonly string[]
}

const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y

function cellsOf(text: string): readonly Line[] {
  const lines: Line[] = []
  let cells: string[] = []
  let [line, begun] = [1, 1]
  for (let at = 0; at < text.length; ) {
    cell.lastIndex = at
    const found = cell.exec(text)
    if (found === null) throw faulty(`Line ${line} is not CSV: a quote that is not closed, or that is not doubled.`)
    const [whole, quoted, plain = '', end] = found
    cells.push(quoted?.replaceAll('""', '"') ?? plain)
    line += whole.split('\n').length - 1
    at += whole.length
    if (end === ',' && at < text.length) continue
    if (end === ',') cells.push('')
    // An empty line is no row.
    if (cells.length > 1 || cells[0] !== '') lines.push({ line: begun, cells })
    cells = []
    begun = line
  }
  return lines
}
