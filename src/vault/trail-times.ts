/** Where a time is in a trail: times never decrease in it, so that it is halved until the place is found. */
import { newestAway } from './archived.ts'
import type { Vault } from './vault.ts'

/** Of a record that is archived, its segment tells no more than between which times it is: the earlier or the later one. */
type Side = 'early' | 'late'

/** Sequence numbers, both inclusive. */
export interface Span {
  readonly first: number
  readonly last: number
}

/** The records of the times that are asked for, of those that there are; of archived ones, some of other times may be among them. */
export async function spanOf(
  vault: Vault,
  accountId: number,
  size: number,
  { from, to }: { readonly from?: number | undefined; readonly to?: number | undefined },
): Promise<Span> {
  return {
    first: from === undefined ? 1 : await firstAt(vault, accountId, size, from),
    last: to === undefined ? size : (await firstAt(vault, accountId, size, to + 1, 'early')) - 1,
  }
}

/** The first sequence number of a record that is not older than a time: `size + 1` for none. */
export async function firstAt(
  vault: Vault,
  accountId: number,
  size: number,
  time: number,
  side: Side = 'late',
): Promise<number> {
  let [low, high] = [1, size + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if ((await timeAfter(vault, accountId, middle, side)) < time) low = middle + 1
    else high = middle
  }
  return low
}

/** The time of a record, or of the one that comes next if it is missing; of one that is archived, what its segment says. */
export async function timeAfter(vault: Vault, accountId: number, seq: number, side: Side = 'late'): Promise<number> {
  const [found] = await vault.store.recordsAfter(accountId, seq - 1, 1)
  if (found?.record.seq === seq) return found.record.time
  const segment = await newestAway(vault, accountId, seq, seq)
  if (segment === undefined) return found?.record.time ?? Number.POSITIVE_INFINITY
  const { firstSeq, lastSeq, firstAt: early, lastAt: late } = segment
  if (seq === firstSeq) return early
  return side === 'early' && seq !== lastSeq ? early : late
}
