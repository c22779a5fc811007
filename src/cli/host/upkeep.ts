/** What a server looks after by itself, now and then, beside requests. */
import type { Logger } from 'pino'
import type { Config } from '../../config.ts'
import type { Server } from '../../http/server.ts'
import { manyWraps, maxWraps } from '../../model/account.ts'
import { sweepDeleted } from '../../vault/deleted.ts'
import { finishDeletions } from '../../vault/deletion.ts'
import { watchRootKeys } from '../../vault/root-keys.ts'
import type { Vault } from '../../vault/vault.ts'
import { print, unread } from '../output.ts'
import { appendTo, CheckpointWriter } from './checkpoint-file.ts'
import { Repeated } from './repeated.ts'

const minuteMs = 60_000
const dayMs = 86_400_000

/** @returns what ends it */
export function beginUpkeep(
  vault: Vault,
  config: Pick<Config, 'checkpoints' | 'checkpointSeconds'>,
  logger: Logger,
  showRootKey: Server['showRootKey'],
): () => Promise<void> {
  const repeated = new Repeated()
  const stopWatching = watchRootKeys(vault, showRootKey, () => logger.warn('the root keys could not be looked at'))
  repeated.begin({
    everyMs: dayMs,
    work: () => tellWraps(vault, logger),
    onError: () => logger.warn('the use of the keys could not be counted'),
  })
  // What somebody began who is gone: this server before it was killed, or another node.
  repeated.begin({
    everyMs: minuteMs,
    work: (signal) => finishDeletions(vault, signal),
    onError: () => logger.warn('a list that is deleted could not be cleared away'),
  })
  repeated.begin({
    everyMs: minuteMs,
    work: (signal) => sweepDeleted(vault, signal),
    onError: () => logger.warn('what is past its recovery could not be destroyed'),
  })
  const { checkpoints, checkpointSeconds } = config
  if (checkpoints !== undefined) {
    const writer = new CheckpointWriter(vault, checkpoints === 'stdout' ? printNotes : appendTo(checkpoints.path))
    repeated.begin({
      everyMs: checkpointSeconds * 1000,
      work: () => writer.write(),
      onError: (error) =>
        logger.error({ reason: error instanceof Error ? error.message : 'unknown' }, 'no checkpoint could be written'),
    })
  }
  return () => {
    stopWatching()
    return repeated.stop()
  }
}

/** Long before the end, and again each day. */
async function tellWraps({ store }: Vault, logger: Logger): Promise<void> {
  const { account, master } = await store.wraps()
  const howTo = { account: 'strongroom account rotate-key', master: 'strongroom rewrap --master' }
  const uses = [
    ['account', account],
    ['master', master],
  ] as const
  for (const [key, wraps] of uses) {
    if (wraps >= manyWraps) logger.warn({ key, wraps, max: maxWraps }, `replace this key: ${howTo[key]}`)
  }
}

function printNotes(notes: string): void {
  if (unread.aborted) throw new Error('nobody reads standard output')
  print(notes)
}
