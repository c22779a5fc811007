/** How an action speaks to its runner: commands on standard output, and files that set outputs and variables. */
import { randomUUID } from 'node:crypto'
import { appendFileSync, statSync, truncateSync } from 'node:fs'
import { EOL } from 'node:os'

/** A name and the value that it is given. */
export interface Pair {
  readonly name: string
  readonly value: string
}

/** Hides a text in all that the job logs from now on. A blank text cannot be hidden. */
export function mask(text: string): void {
  if (text.trim() !== '') command('add-mask', text)
}

/** Shows an error in the log and beside the workflow. */
export function error(message: string): void {
  command('error', message)
}

/** The same for what fails nothing. */
export function warn(message: string): void {
  command('warning', message)
}

/** A line of the log. */
export function say(line: string): void {
  // Whatever is in it, it is neither a second line nor a command.
  process.stdout.write(`${line.replaceAll(/[\r\n]+/g, ' ').replaceAll(/::|##\[/g, ' ')}\n`)
}

/**
 * Gives all of them to each file, or, where that cannot be, such as on a full disk, nothing to any.
 *
 * @param paths of files that the runner reads once the step is over
 */
export function append(paths: readonly string[], pairs: readonly Pair[]): void {
  const before = paths.map((path) => [path, statSync(path, { throwIfNoEntry: false })?.size ?? 0] as const)
  try {
    for (const path of paths) appendFileSync(path, pairs.map(block).join(''))
  } catch (error) {
    for (const [path, size] of before) cut(path, size)
    throw error
  }
}

function cut(path: string, size: number): void {
  try {
    truncateSync(path, size)
  } catch {
    // What could not be written to has nothing more in it.
  }
}

/** Between two lines that nobody who chose the value could know. */
function block({ name, value }: Pair): string {
  const delimiter = `strongroom_${randomUUID()}`
  if (name.includes(delimiter) || value.includes(delimiter)) throw new Error('A delimiter was guessed.')
  return `${name}<<${delimiter}${EOL}${value}${EOL}${delimiter}${EOL}`
}

function command(name: string, text: string): void {
  process.stdout.write(`::${name}::${escaped(text)}\n`)
}

/** The percent sign first, or what is escaped would be escaped again. */
function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}
