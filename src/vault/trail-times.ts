/** Where a time is in a trail: times never decrease in it, so that it is halved until the place is found. */
import { newestAway } from './archived.ts'
import type { Vault } from './vault.ts'

/** The first sequence number of a record that is not older than a time: `size + 1` for none. */
export async function firstAt(vault: Vault, accountId: number, size: number, time: number): Promise<number> {
  let [low, high] = [1, size + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((await timeAfter(vault, accountId, middle)) < time) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The time of a record, or of the one that comes next if it is missing. Of one that is archived, what its segment says: then no record
 * of a time that is asked for is left out, and some of other times may be meant too.
 */
export async function timeAfter(vault: Vault, accountId: number, seq: number): Promise<number> {
  const [found] = await vault.store.recordsAfter(accountId, seq - 1, 1)
  if (found?.record.seq === seq) return found.record.time
  const segment = await newestAway(vault, accountId, seq, seq)
  if (segment !== undefined) return segment.firstSeq === seq ? segment.firstAt : segment.lastAt
  return found?.record.time ?? Number.POSITIVE_INFINITY
}
