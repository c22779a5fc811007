/** What a node keeps in memory beside its store. */
import type { SegmentFiles } from '../audit/segment.ts'
import { ArchivedFiles } from './archived-files.ts'
import { Attempts } from './attempts.ts'
import { Listeners } from './listeners.ts'
import { Repeats } from './repeats.ts'
import type { Vault } from './vault.ts'

type Kept = 'identities' | 'attempts' | 'repeats' | 'archive' | 'listeners' | 'turns' | 'running'

/** @param openArchive opens the archive of the trail; nothing where none is known */
export function nodeMemory(
  { store, keyring, now }: Pick<Vault, 'store' | 'keyring' | 'now'>,
  openArchive: (() => Promise<SegmentFiles>) | undefined,
): Pick<Vault, Kept> {
  return {
    identities: new Map(),
    attempts: new Attempts(store, (text) => keyring.requestHash(text)),
    repeats: new Repeats(),
    archive: new ArchivedFiles(openArchive),
    listeners: new Listeners(store, now),
    turns: new Map(),
    running: new Set(),
  }
}
