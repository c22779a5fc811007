/** Where an archive is: a folder, or a bucket. */
import { join } from 'node:path'
import type { SegmentFiles, SegmentSource } from '../audit/segment.ts'
import { Refusal } from '../errors.ts'
import { isBucket, readBucket } from './bucket-url.ts'
import { ArchiveFolder, openSegment } from './folder.ts'

/** @throws Refusal `invalid` for a bucket that cannot be used */
export async function openArchive(place: string): Promise<SegmentFiles> {
  if (!isBucket(place)) return new ArchiveFolder(place)
  const bucket = readBucket(place)
  if (typeof bucket === 'string') throw new Refusal('invalid', `The archive ${bucket}.`)
  const { openBucket } = await import('./bucket.ts')
  return openBucket(bucket)
}

/**
 * Opens a file of an archive, or a copy of one.
 *
 * @param file a path, or the name that a file has in a bucket, such as `1/000000000001-000000010000.jsonl`
 * @param archive where the archive is, if it is known
 */
export async function openArchived(file: string, archive: string | undefined): Promise<SegmentSource | undefined> {
  const found = await openSegment(file)
  if (found !== undefined || archive === undefined) return found
  return isBucket(archive) ? (await openArchive(archive)).open(file) : openSegment(join(archive, file))
}
