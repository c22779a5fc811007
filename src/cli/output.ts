/** How commands speak: answers on standard output, everything else on standard error, and an exit code. */
import { stripVTControlCharacters, styleText } from 'node:util'

/** What the exit codes mean. `audit verify` and `audit witness` have their own. */
export const exitCodes = {
  ok: 0,
  /** Refused, or failed. */
  failure: 1,
  /** The command is wrong, */
  usage: 2,
  /** or what it is set up with: profiles, variables, files. */
  settings: 2,
  notFound: 3,
  /** Unauthorized or forbidden. */
  denied: 4,
  conflict: 5,
  /** No answer, or none now: it may work later. */
  unreachable: 6,
  /** Of `scan`: a value has leaked. Nothing failed, so that it is none of the others. */
  found: 10,
  /** Of `run`, as of shells: what was to be run cannot be run, */
  noStart: 126,
  /** or is not there. */
  noCommand: 127,
} as const

/** Why a command stops, in words for the person who typed it: what is wrong, and what to do. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly kind: Exclude<keyof typeof exitCodes, 'ok' | 'found'>
  /** Of the command that was typed wrong: how it is called. */
  usage: string | undefined

  constructor(kind: Fault['kind'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

const reading = new AbortController()
/** Aborted once nobody reads standard output any more: for what does nothing but print, and would not end by itself. */
export const unread: AbortSignal = reading.signal

export function stopPrinting(): void {
  reading.abort()
}

export function print(line: string): void {
  if (unread.aborted) return
  process.stdout.write(`${harmless(line)}\n`)
}

export function complain(line: string): void {
  process.stderr.write(`strongroom: ${harmless(line)}\n`)
}

/** Says what was done, where it does not get into what is printed for others. */
export function tell(line: string): void {
  process.stderr.write(`${harmless(line)}\n`)
}

export function printJson(value: unknown): void {
  // What JSON lets stand as it is, and a terminal takes for more.
  print(JSON.stringify(value).replaceAll(steering, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`))
}

type Style = Parameters<typeof styleText>[0]

/** In colour, where standard output is a terminal and NO_COLOR is not set. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout })
}

/** Control characters, and those that turn the direction of what is read. */
const steering = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/** Text of others, which could steer a terminal. */
export function shown(text: string): string {
  return stripVTControlCharacters(text).replaceAll(steering, '\u{fffd}')
}

/** Whatever was put into a line by whom, it moves no cursor, names no window and fills no clipboard: colours alone stay. */
function harmless(line: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that of a colour.
  const parts = line.split(/(\u001b\[[\d;]*m|[\n\t])/)
  return parts.map((part, at) => (at % 2 === 1 ? part : part.replaceAll(steering, '\u{fffd}'))).join('')
}

/** A cell that stands out. */
export interface Styled {
  readonly text: string
  readonly style: Style
}

type Cell = string | Styled

/** So many of them: "1 day", "3 secrets". */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** The same with its verb: "1 day is", "3 secrets are". */
export function countedAre(count: number, noun: string): string {
  return `${countOf(count, noun)} ${count === 1 ? 'is' : 'are'}`
}

/** Prints rows under their headings, in columns. */
export function printTable(headings: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const head = headings.map((text) => ({ text, style: 'dim' }) as const)
  const lines = [head, ...rows].map((line) => line.map(cellOf))
  const widths = headings.map((_, column) => lines.reduce((most, line) => Math.max(most, widthOf(line[column])), 0))
  for (const line of lines) {
    const cells = line.map((cell, column) => {
      const padding = column === line.length - 1 ? 0 : (widths[column] ?? 0) - widthOf(cell)
      return (cell.style === undefined ? cell.text : styled(cell.style, cell.text)) + ' '.repeat(padding)
    })
    print(cells.join('  ').trimEnd())
  }
}

function cellOf(cell: Cell): { readonly text: string; readonly style?: Style } {
  return typeof cell === 'string' ? { text: shown(cell) } : { text: shown(cell.text), style: cell.style }
}

function widthOf(cell: { readonly text: string } | undefined): number {
  return [...(cell?.text ?? '')].length
}
