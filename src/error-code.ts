/** By which code an error is known that is not ours: of the system, of Node.js, or of a library. */

/** Such as `ENOENT`, or an SQLSTATE; nothing for what has none. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What may be said of an error whose message might quote what it worked on. */
export function codeOrName(error: unknown): string {
  return codeOf(error) ?? (error instanceof Error ? error.name : 'unknown')
}
