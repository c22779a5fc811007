/** How commands speak: answers on standard output, faults on standard error, and an exit code. */
import { Refusal } from '../errors.ts'

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

export function complain(line: string): void {
  process.stderr.write(`strongroom: ${line}\n`)
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value))
}

/** Prints rows under their headings, in columns. */
export function printTable(headings: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)))
  for (const line of lines)
    print(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

/**
 * Says what went wrong, in words for the person who typed the command.
 *
 * @returns the exit code
 */
export function fail(error: unknown): number {
  if (error instanceof Error && 'faults' in error && Array.isArray(error.faults)) {
    for (const fault of error.faults) complain(String(fault))
    return 2
  }
  if (error instanceof Refusal) {
    complain(error.message)
    if (error.cause instanceof Error) complain(`  because: ${error.cause.message}`)
    return 1
  }
  complain(error instanceof Error ? `${error.name}: ${error.message}` : 'an unknown error')
  return 1
}
