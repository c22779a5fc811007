/** What the operating system says, in plain words. */
import { codeOf } from '../error-code.ts'

const meanings: Readonly<Record<string, string>> = {
  EACCES: 'this user may not do this there (EACCES)',
  EPERM: 'this user may not do this there (EPERM)',
  ENOENT: 'there is no such file or folder (ENOENT)',
  ENOTDIR: 'a part of the path is no folder (ENOTDIR)',
  EISDIR: 'it is a folder, where a file is wanted (EISDIR)',
  EROFS: 'the file system is read-only (EROFS)',
  ENOSPC: 'the disk is full (ENOSPC)',
  EDQUOT: 'the quota of this user is used up (EDQUOT)',
}

/** Why a file could not be read or written, without its path, for the end of a sentence. */
export function reasonOf(error: unknown): string {
  return meanings[String(codeOf(error))] ?? (error instanceof Error ? error.message : 'an unknown error')
}

/** Says what the operating system refused, and of which file; nothing for what it has not refused. */
export function ofSystem(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error)) return undefined
  const meaning = meanings[String(codeOf(error))]
  if (meaning === undefined) return undefined
  return 'path' in error && typeof error.path === 'string'
    ? `${error.path}: ${meaning}.`
    : `What was done failed: ${meaning}.`
}
