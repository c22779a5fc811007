/** Records of the archive, from a file that was verified before anything of it is believed. */
import { setImmediate } from 'node:timers/promises'
import { SegmentFault, type SegmentSource } from '../audit/segment.ts'
import type { StoredRecord } from '../audit/verify.ts'
import { Refusal, unreachable } from '../errors.ts'
import type { AuditSegment } from '../model/audit-segment.ts'
import { recordsIn, recordsInTurn } from './archived-trail.ts'
import { integrityFailure, type Vault } from './vault.ts'

/** Why records of the archive are not shown. */
export const archiveTroubles = ['not_configured', 'missing', 'altered', 'unavailable'] as const

export type ArchiveTrouble = (typeof archiveTroubles)[number]

const looking = { requestId: 'audit-archive', address: 'host' }

/**
 * Reads a segment to its end: that it is the file that was archived, its chain, and its checkpoint.
 *
 * @param segment known to be authentic
 * @param take is given all records, many at a time, of which nothing is believed until this has resolved
 * @returns why nothing of it is to be shown; nothing when all is well
 * @throws Refusal `overloaded` when too many requests of the account wait for files
 */
export async function readArchived(
  vault: Vault,
  segment: AuditSegment,
  take: (page: readonly StoredRecord[]) => void,
): Promise<ArchiveTrouble | undefined> {
  const work = async (source: SegmentSource, signal: AbortSignal) => {
    for await (const page of recordsIn(vault, segment, source, recordsInTurn)) {
      take(page)
      await setImmediate()
      signal.throwIfAborted()
    }
    return segment
  }
  try {
    const read = await vault.archive.read(segment.accountId, segment.file, work)
    return typeof read === 'string' ? read : undefined
  } catch (error) {
    return await troubleOf(vault, segment, error)
  }
}

/** What a file that cannot be read is said to be; one that was altered is recorded. */
async function troubleOf(vault: Vault, segment: AuditSegment, error: unknown): Promise<ArchiveTrouble> {
  if (error instanceof SegmentFault) {
    const { accountId, lastSeq, file } = segment
    const object = { kind: 'segment', id: lastSeq, uid: null, name: file, version: null, hash: null } as const
    await integrityFailure(vault, looking, accountId, 'audit.read', object)
    return 'altered'
  }
  const isOfStorage = error instanceof Refusal ? error.code !== 'overloaded' : isOfSystem(error)
  if (isOfStorage) return 'unavailable'
  throw error
}

function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'code' in error && 'syscall' in error
}

/** What it says to people. @param file the newest file that it is of */
export function troubleText(trouble: ArchiveTrouble, file: string | undefined): string {
  switch (trouble) {
    case 'not_configured':
      return 'This server is not told where the archive is. The operator sets STRONGROOM_AUDIT_ARCHIVE.'
    case 'missing':
      return `The file ${file} is not in the archive that this server uses. Several servers need a folder that they share, or a bucket.`
    case 'altered':
      return `The file ${file} is not the one that was archived, so nothing of it is shown. The operator runs "strongroom audit verify".`
    case 'unavailable':
      return 'The archive cannot be read now. Try again later.'
    default:
      return unreachable(trouble)
  }
}
