/** Where a time is in a trail: times never decrease in it, so that it is halved until the place is found. */
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

/** The time of a record, or of the one that comes next if it is missing. */
export async function timeAfter({ store }: Vault, accountId: number, seq: number): Promise<number> {
  const [found] = await store.recordsAfter(accountId, seq - 1, 1)
  return found?.record.time ?? Number.POSITIVE_INFINITY
}
